/* blaster_options.c - command line to struct; see blaster_options.h. */
#include "perf/blaster_options.h"

#include "perf/blaster_link.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage: blaster --server HOST:PORT --topic TOPIC [options]\n"
	"  --partitions N    partitions written to (8)\n"
	"  --connections N   (8)\n"
	"  --in-flight N     unanswered requests per connection, up to 1024 (5)\n"
	"  --record BYTES    size of each value (100)\n"
	"  --batch RECORDS   records per request (140)\n"
	"  --codec NAME      of the batches: none, gzip, snappy, lz4 or zstd (none)\n"
	"  --acks 1|all      (all)\n"
	"  --rate N          open loop: N requests a second, each timed from when it was "
	"due;\n"
	"                    without it closed loop: each answer makes room for a "
	"request\n"
	"  --warmup SECONDS  (1)   --seconds SECONDS  measured (5)\n"
	"Says \"steady\" and \"stopped\" when the measured time begins and ends, then "
	"one line\n"
	"of JSON. Exit status 1: connection lost, or an answer that fits no request.\n";

enum {
	SERVER = 1,
	TOPIC,
	PARTITIONS,
	CONNECTIONS,
	IN_FLIGHT,
	RECORD,
	BATCH,
	CODEC,
	ACKS,
	RATE,
	WARMUP,
	SECONDS
};

static const struct option words[] = {
	{"server", required_argument, NULL, SERVER},
	{"topic", required_argument, NULL, TOPIC},
	{"partitions", required_argument, NULL, PARTITIONS},
	{"connections", required_argument, NULL, CONNECTIONS},
	{"in-flight", required_argument, NULL, IN_FLIGHT},
	{"record", required_argument, NULL, RECORD},
	{"batch", required_argument, NULL, BATCH},
	{"codec", required_argument, NULL, CODEC},
	{"acks", required_argument, NULL, ACKS},
	{"rate", required_argument, NULL, RATE},
	{"warmup", required_argument, NULL, WARMUP},
	{"seconds", required_argument, NULL, SECONDS},
	{NULL, 0, NULL, 0},
};

static bool number(unsigned *ret, unsigned max)
{
	char *end;
	unsigned long v = strtoul(optarg, &end, 10);
	*ret = (unsigned)v;
	return end != optarg && *end == 0 && v >= 1 && v <= max;
}

static bool duration(double *ret)
{
	char *end;
	*ret = strtod(optarg, &end);
	return end != optarg && *end == 0 && *ret >= 0 && *ret <= 3600;
}

/* Host and port are cut apart in place: what the command line said lasts as long as the run. */
static bool server(struct blaster_options *o)
{
	char *colon = strrchr(optarg, ':');
	unsigned port = colon ? (unsigned)strtoul(colon + 1, NULL, 10) : 0;
	if (port == 0 || port > UINT16_MAX)
		return false;
	*colon = 0;
	o->host = optarg;
	o->port = (uint16_t)port;
	return true;
}

/* Without an answer there is nothing to time, so that 0 is not among them. */
static bool acks(int *ret)
{
	*ret = strcmp(optarg, "1") == 0 ? 1 : -1;
	return *ret == 1 || strcmp(optarg, "all") == 0;
}

/* Kafka's own bound: an answer's buffer has room for any such name. */
static bool topic(struct blaster_options *o)
{
	o->topic = optarg;
	return strlen(optarg) <= 249;
}

static bool take(struct blaster_options *o, int word)
{
	switch (word) {
	case SERVER:
		return server(o);
	case TOPIC:
		return topic(o);
	case PARTITIONS:
		return number(&o->partitions, 10000);
	case CONNECTIONS:
		return number(&o->connections, 10000);
	case IN_FLIGHT:
		return number(&o->in_flight, LINK_IN_FLIGHT_MAX);
	case RECORD:
		return number(&o->record_bytes, 1 << 20);
	case BATCH:
		return number(&o->records, 100000);
	case CODEC:
		return record_codec_of_name(optarg, &o->codec);
	case ACKS:
		return acks(&o->acks);
	case RATE:
		return number(&o->rate, 100000000);
	case WARMUP:
		return duration(&o->warmup_s);
	case SECONDS:
		return duration(&o->seconds);
	default:
		return false;
	}
}

bool blaster_options_read(struct blaster_options *ret, int argc, char **argv)
{
	*ret = (struct blaster_options){.partitions = 8,
					.connections = 8,
					.in_flight = 5,
					.record_bytes = 100,
					.records = 140,
					.acks = -1,
					.warmup_s = 1,
					.seconds = 5};
	int word;
	while ((word = getopt_long(argc, argv, "", words, NULL)) != -1)
		if (!take(ret, word)) {
			fputs(usage, stderr);
			return false;
		}
	if (ret->host && ret->topic && optind == argc)
		return true;
	fputs(usage, stderr);
	return false;
}
