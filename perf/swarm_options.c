/* swarm_options.c - command line to struct; see swarm_options.h. */
#include "perf/swarm_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
	"usage: group-swarm --server HOST:PORT [options]\n"
	"  --members N       of one large group (0: none)\n"
	"  --others N        groups of one member each, beside it (0)\n"
	"  --committers N    connections that commit, one commit after the other (0: none)\n"
	"  --waiters N       connections that fetch where there is nothing (0: none)\n"
	"  --topic TOPIC     that is committed for, or waited at (swarm)\n"
	"  --partitions N    that it has (1)\n"
	"  --interval MS     between a member's heartbeats (3000)\n"
	"  --others-interval MS    between the others' (300)\n"
	"  --session MS      of all members (45000)\n"
	"  --seconds S       while nothing changes, is committed, or is waited for (5)\n"
	"Says \"calm\", \"commit\" or \"wait\" when that is measured, and \"over\" when it was,\n"
	"and ends with one line of JSON. Exit status 1: a connection was lost, an answer is\n"
	"none, or a rebalance did not end within a minute.\n";

enum {
	SERVER = 1,
	MEMBERS,
	OTHERS,
	COMMITTERS,
	WAITERS,
	TOPIC,
	PARTITIONS,
	INTERVAL,
	OTHERS_INTERVAL,
	SESSION,
	SECONDS
};

static const struct option words[] = {
	{"server", required_argument, NULL, SERVER},
	{"members", required_argument, NULL, MEMBERS},
	{"others", required_argument, NULL, OTHERS},
	{"committers", required_argument, NULL, COMMITTERS},
	{"waiters", required_argument, NULL, WAITERS},
	{"topic", required_argument, NULL, TOPIC},
	{"partitions", required_argument, NULL, PARTITIONS},
	{"interval", required_argument, NULL, INTERVAL},
	{"others-interval", required_argument, NULL, OTHERS_INTERVAL},
	{"session", required_argument, NULL, SESSION},
	{"seconds", required_argument, NULL, SECONDS},
	{NULL, 0, NULL, 0},
};

static bool number(unsigned *ret, unsigned min, unsigned max)
{
	char *end;
	unsigned long v = strtoul(optarg, &end, 10);
	*ret = (unsigned)v;
	return end != optarg && *end == 0 && v >= min && v <= max;
}

static bool duration(double *ret)
{
	char *end;
	*ret = strtod(optarg, &end);
	return end != optarg && *end == 0 && *ret >= 0 && *ret <= 3600;
}

/* Host and port are cut apart in place: what the command line said lasts as long as the run. */
static bool server(struct swarm_options *o)
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

static bool take(struct swarm_options *o, int word)
{
	switch (word) {
	case SERVER:
		return server(o);
	case MEMBERS:
		return number(&o->members, 2, SWARM_MEMBERS_MAX);
	case OTHERS:
		return number(&o->others, 0, SWARM_OTHERS_MAX);
	case COMMITTERS:
		return number(&o->committers, 0, SWARM_BUSY_MAX);
	case WAITERS:
		return number(&o->waiters, 0, SWARM_BUSY_MAX);
	case TOPIC:
		o->topic = optarg;
		return true;
	case PARTITIONS:
		return number(&o->partitions, 1, 16384);
	case INTERVAL:
		return number(&o->interval_ms, 1, 600000);
	case OTHERS_INTERVAL:
		return number(&o->others_ms, 1, 600000);
	case SESSION:
		return number(&o->session_ms, 1, 1800000);
	case SECONDS:
		return duration(&o->seconds);
	default:
		return false;
	}
}

bool swarm_options_read(struct swarm_options *ret, int argc, char **argv)
{
	*ret = (struct swarm_options){.topic = "swarm",
				      .partitions = 1,
				      .interval_ms = 3000,
				      .others_ms = 300,
				      .session_ms = 45000,
				      .seconds = 5};
	int word;
	while ((word = getopt_long(argc, argv, "", words, NULL)) != -1)
		if (!take(ret, word))
			break;
	if (word == -1 && ret->host && optind == argc)
		return true;
	fputs(usage, stderr);
	return false;
}
