/* rdkafka_consumers.c - librdkafka's own consumers, a group of them, from a topic's beginning; the
 * rate at which they read together.
 *
 * Each is a thread with a consumer of its own that subscribes and commits once a second by itself.
 * The time begins with the first record that one of them is given, and ends with the last one
 * wanted: how long the group takes to form is another figure. Prints one line of JSON. */
#include "perf/rdkafka_setting.h"

#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"

#include <jansson.h>
#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { ARGUMENTS = 5, CONSUMERS_MAX = 64, POLL_MS = 100 };

/* Without a record for so long it is over. */
#define SILENCE_NS (30 * NS_PER_S)

struct run {
	const char *server, *topic;
	char group[64];
	unsigned consumers;
	uint64_t wanted;
	_Atomic uint64_t first_ns, last_ns, read, bytes, errors;
};

static bool set(rd_kafka_conf_t *conf, const char *key, const char *value)
{
	return rdkafka_setting("rdkafka_consumers", conf, key, value);
}

static rd_kafka_t *open_consumer(const struct run *r)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char said[256];
	if (!set(conf, "bootstrap.servers", r->server) || !set(conf, "group.id", r->group) ||
	    !set(conf, "auto.offset.reset", "earliest") ||
	    !set(conf, "auto.commit.interval.ms", "1000"))
		return NULL;
	rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, said, sizeof said);
	if (!rk)
		fprintf(stderr, "rdkafka_consumers: %s\n", said);
	else
		rd_kafka_poll_set_consumer(rk);
	return rk;
}

static void subscribe(const struct run *r, rd_kafka_t *rk)
{
	rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(topics, r->topic, RD_KAFKA_PARTITION_UA);
	rd_kafka_resp_err_t error = rd_kafka_subscribe(rk, topics);
	rd_kafka_topic_partition_list_destroy(topics);
	require(!error);
}

static void take(struct run *r, const rd_kafka_message_t *m)
{
	if (m->err) {
		r->errors++;
		return;
	}
	uint64_t now_ns = clock_now_ns(), none = 0;
	atomic_compare_exchange_strong(&r->first_ns, &none, now_ns);
	r->last_ns = now_ns;
	r->bytes += m->len;
	r->read++;
}

static void *consume(void *arg)
{
	struct run *r = arg;
	rd_kafka_t *rk = open_consumer(r);
	require(rk);
	subscribe(r, rk);
	uint64_t begun_ns = clock_now_ns();
	while (r->read < r->wanted) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, POLL_MS);
		if (m) {
			take(r, m);
			rd_kafka_message_destroy(m);
		} else if (clock_now_ns() > SILENCE_NS + (r->last_ns ? r->last_ns : begun_ns)) {
			break;
		}
	}
	rd_kafka_consumer_close(rk);
	rd_kafka_destroy(rk);
	return NULL;
}

static void report(const struct run *r)
{
	double seconds = (double)(r->last_ns - r->first_ns) / 1e9;
	json_t *json = json_pack(
		"{s:f, s:f, s:f, s:I, s:I, s:I}", "records_per_s",
		seconds > 0 ? (double)r->read / seconds : 0.0, "bytes_per_s",
		seconds > 0 ? (double)r->bytes / seconds : 0.0, "seconds", seconds, "records_all",
		(json_int_t)r->read, "errors", (json_int_t)r->errors, "unanswered",
		(json_int_t)(r->read < r->wanted ? r->wanted - r->read : 0));
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
	r->consumers = (unsigned)strtoul(argv[3], NULL, 10);
	r->wanted = strtoull(argv[4], NULL, 10);
	snprintf(r->group, sizeof r->group, "readers-%llu", (unsigned long long)clock_now_ns());
	return r->consumers > 0 && r->consumers <= CONSUMERS_MAX && r->wanted > 0;
}

int main(int argc, char **argv)
{
	static struct run r;
	if (!read_arguments(&r, argc, argv)) {
		fputs("usage: rdkafka_consumers HOST:PORT TOPIC CONSUMERS RECORDS\n", stderr);
		return 2;
	}
	pthread_t threads[CONSUMERS_MAX];
	for (unsigned i = 0; i < r.consumers; i++)
		require(pthread_create(&threads[i], NULL, consume, &r) == 0);
	for (unsigned i = 0; i < r.consumers; i++)
		pthread_join(threads[i], NULL);
	report(&r);
	return r.read >= r.wanted ? 0 : 1;
}
