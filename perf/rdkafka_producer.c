/* rdkafka_producer.c - librdkafka's own producer, flat out; its rate and delivery
 * latencies.
 *
 * Stands in for librdkafka's rdkafka_performance, which is not packaged: one producer,
 * values without keys over all partitions in turn, as fast as its queue takes them. A
 * latency is librdkafka's, from produce() to the delivery report. Says "steady" and
 * "stopped" as the blaster does, then one line of JSON. */
#include "perf/histogram.h"
#include "perf/rdkafka_setting.h"

#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"

#include <jansson.h>
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARGUMENTS = 9, FLUSH_MS = 30000, PRODUCED_PER_POLL = 1000, ROOM_WAIT_MS = 1 };

struct run {
	const char *server, *topic, *acks;
	unsigned partitions, record_bytes;
	double warmup_s, seconds;
	uint64_t steady_ns, stop_ns, produced, delivered, delivered_all, errors;
	bool is_stock; /* idempotent, the rest as librdkafka has it */
	char *value;
	struct histogram latency;
};

/* Counted by when it is reported: what was produced in the warm-up and is delivered now stands
 * for what will be delivered too late. */
static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	struct run *r = opaque;
	uint64_t now_ns = clock_now_ns();
	if (m->err) {
		r->errors++;
		return;
	}
	r->delivered_all++;
	if (now_ns < r->steady_ns || now_ns >= r->stop_ns)
		return;
	r->delivered++;
	histogram_add(&r->latency, (uint64_t)rd_kafka_message_latency(m) * NS_PER_US);
}

static bool set(rd_kafka_conf_t *conf, const char *key, const char *value)
{
	return rdkafka_setting("rdkafka_producer", conf, key, value);
}

static rd_kafka_t *open_producer(struct run *r)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char said[256];
	rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
	rd_kafka_conf_set_opaque(conf, r);
	bool good = set(conf, "bootstrap.servers", r->server);
	if (r->is_stock)
		good &= set(conf, "enable.idempotence", "true");
	else
		good &= set(conf, "acks", r->acks) && set(conf, "linger.ms", "5") &&
			set(conf, "queue.buffering.max.messages", "500000");
	if (!good)
		return NULL;
	rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, said, sizeof said);
	if (!rk)
		fprintf(stderr, "rdkafka_producer: %s\n", said);
	return rk;
}

/* The values are one buffer that outlives the producer: nothing is copied at produce().
 */
static void produce_some(struct run *r, rd_kafka_t *rk, rd_kafka_topic_t *topic)
{
	for (unsigned i = 0; i < PRODUCED_PER_POLL; i++) {
		int32_t partition =
			(int32_t)(r->produced / PRODUCED_PER_POLL % r->partitions);
		if (rd_kafka_produce(topic, partition, 0, r->value, r->record_bytes, NULL,
				     0, NULL) != 0) {
			rd_kafka_poll(rk, ROOM_WAIT_MS);
			return;
		}
		r->produced++;
	}
	rd_kafka_poll(rk, 0);
}

static void run_until(struct run *r, rd_kafka_t *rk, rd_kafka_topic_t *topic,
		      uint64_t end_ns)
{
	while (clock_now_ns() < end_ns)
		produce_some(r, rk, topic);
}

static void announce(const char *phase)
{
	puts(phase);
	fflush(stdout);
}

static void produce(struct run *r, rd_kafka_t *rk)
{
	rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, r->topic, NULL);
	require(topic);
	r->steady_ns = clock_now_ns() + (uint64_t)(r->warmup_s * 1e9);
	r->stop_ns = r->steady_ns + (uint64_t)(r->seconds * 1e9);
	run_until(r, rk, topic, r->steady_ns);
	announce("steady");
	run_until(r, rk, topic, r->stop_ns);
	announce("stopped");
	rd_kafka_flush(rk, FLUSH_MS);
	rd_kafka_topic_destroy(topic);
}

static double quantile_us(const struct run *r, double share)
{
	return (double)histogram_quantile_ns(&r->latency, share) / 1e3;
}

static void report(const struct run *r)
{
	json_t *json = json_pack(
		"{s:f, s:f, s:I, s:I, s:I, s:{s:I, s:f, s:f, s:f, s:f}}", "records_per_s",
		(double)r->delivered / r->seconds, "seconds", r->seconds, "records_all",
		(json_int_t)r->delivered_all, "errors", (json_int_t)r->errors,
		"unanswered", (json_int_t)(r->produced - r->delivered_all - r->errors),
		"latency_us", "count", (json_int_t)r->latency.count, "p50",
		quantile_us(r, 0.5), "p99", quantile_us(r, 0.99), "p999",
		quantile_us(r, 0.999), "max", (double)r->latency.max_ns / 1e3);
	require(json);
	json_dumpf(json, stdout, JSON_COMPACT | JSON_REAL_PRECISION(8));
	putchar('\n');
	json_decref(json);
}

static bool read_arguments(struct run *r, int argc, char **argv)
{
	if (argc != ARGUMENTS)
		return false;
	r->server = argv[1];
	r->topic = argv[2];
	r->partitions = (unsigned)strtoul(argv[3], NULL, 10);
	r->record_bytes = (unsigned)strtoul(argv[4], NULL, 10);
	r->acks = argv[5];
	r->warmup_s = strtod(argv[6], NULL);
	r->seconds = strtod(argv[7], NULL);
	r->is_stock = strcmp(argv[8], "stock") == 0;
	return r->partitions > 0 && r->record_bytes > 0 && r->seconds > 0;
}

int main(int argc, char **argv)
{
	struct run *r = calloc(1, sizeof *r);
	require(r);
	if (!read_arguments(r, argc, argv)) {
		fputs("usage: rdkafka_producer HOST:PORT TOPIC PARTITIONS BYTES 1|all "
		      "WARMUP-SECONDS SECONDS\n",
		      stderr);
		return 2;
	}
	r->value = malloc(r->record_bytes);
	require(r->value);
	memset(r->value, 'p', r->record_bytes);
	rd_kafka_t *rk = open_producer(r);
	if (!rk)
		return 1;
	produce(r, rk);
	rd_kafka_destroy(rk);
	report(r);
	return 0;
}
