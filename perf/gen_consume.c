/* gen_consume.c - (connection, number) in, requests out; answers to producers judged, those to
 * consumers read. See gen_consume.h. */
#include "perf/gen_consume.h"
#include "dataplane/base/entropy.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"

#include <errno.h>

static_assert(sizeof(struct gen_place) + sizeof(uint32_t) == 28, "as the header says");
static_assert(sizeof(struct gen_reader) < 1024, "as the header says");

enum {
	WINDOW_SHIFT = 4, /* 1 MiB */
	GREETING_BYTES_MAX = 256,
};

static struct gen_consume *consume_of(const struct gen_load *l)
{
	return (struct gen_consume *)(uintptr_t)container_of(l, struct gen_consume, load);
}

static struct gen_reader *reader_of(const struct gen_consume *c, uint32_t conn)
{
	return &c->all[conn - c->options.producers];
}

static bool is_reader(const struct gen_consume *c, uint32_t conn)
{
	return conn >= c->options.producers;
}

static const struct gen_load *producer(const struct gen_consume *c)
{
	return &c->producers.load;
}

/* ---- producers --------------------------------------------------------------------- */

static struct bytes produce_topic(const struct gen_consume *c)
{
	const char *name = gen_consume_produce_topic(&c->options);
	return (struct bytes){(const uint8_t *)name, strlen(name)};
}

static uint32_t greeting_make(const struct gen_consume *c, uint32_t conn,
			      uint8_t out[GREETING_BYTES_MAX])
{
	struct emitter e = emitter_of(out, GREETING_BYTES_MAX);
	gen_list_request(&e, produce_topic(c), conn % c->options.partitions, 0);
	return (uint32_t)emitter_size(&e);
}

static enum gen_verdict greeting_check(const struct gen_consume *c, uint32_t conn,
				       struct bytes answer)
{
	struct gen_list_answer a;
	gen_list_answer_init(&a, produce_topic(c));
	bool is_good = gen_list_answer_next(&a, &answer) == GEN_LIST_PARTITION &&
		       a.partition == conn % c->options.partitions && a.error == 0 &&
		       gen_list_answer_next(&a, &answer) == GEN_LIST_END;
	return is_good ? GEN_ACCEPTED : GEN_STRANGE;
}

/* What was told to be stored has to be read. */
static void note_end(struct gen_consume *c, struct bytes answer)
{
	struct produce_response r;
	const struct gen_kafka_options *o = &c->producers.options;
	require(produce_response_read(answer.data, o->topic, &r) &&
		r.partition < o->partitions);
	if (r.base_offset + o->records > c->ends[r.partition])
		c->ends[r.partition] = r.base_offset + o->records;
}

static enum gen_verdict consume_check(const struct gen_load *l, uint32_t conn, uint32_t message,
				      struct bytes answer)
{
	struct gen_consume *c = consume_of(l);
	if (message == 0)
		return greeting_check(c, conn, answer);
	enum gen_verdict v = producer(c)->check(producer(c), conn, message - 1, answer);
	if (v == GEN_ACCEPTED)
		note_end(c, answer);
	return v;
}

static uint32_t consume_answer_bytes(const struct gen_load *l, struct bytes at)
{
	const struct gen_consume *c = consume_of(l);
	return producer(c)->answer_bytes(producer(c), at);
}

/* ---- what is sent ------------------------------------------------------------------ */

static uint32_t consume_size(const struct gen_load *l, uint32_t conn, uint32_t message)
{
	const struct gen_consume *c = consume_of(l);
	uint8_t greeting[GREETING_BYTES_MAX];
	if (is_reader(c, conn))
		return gen_reader_size(reader_of(c, conn));
	if (message == 0)
		return greeting_make(c, conn, greeting);
	return producer(c)->size(producer(c), conn, message - 1);
}

static void consume_fill(const struct gen_load *l, uint32_t conn, uint32_t message, uint32_t at,
			 uint32_t size, uint8_t *out)
{
	const struct gen_consume *c = consume_of(l);
	uint8_t greeting[GREETING_BYTES_MAX];
	if (is_reader(c, conn)) {
		gen_reader_fill(reader_of(c, conn), message, at, size, out);
	} else if (message == 0) {
		require(at + size <= greeting_make(c, conn, greeting));
		memcpy(out, greeting + at, size);
	} else {
		producer(c)->fill(producer(c), conn, message - 1, at, size, out);
	}
}

/* ---- consumers --------------------------------------------------------------------- */

/* Is it one of this run's batches? */
static bool read_number(const struct gen_consume *c, const struct gen_reader *r, uint64_t *ret)
{
	const struct gen_fetch_answer *a = &r->answer;
	uint64_t stamp;
	if (!a->is_sound ||
	    !produce_stamp_read((struct bytes){a->front, a->front_bytes}, &stamp) ||
	    stamp >> GEN_NUMBER_BITS != c->producers.options.tag)
		return false;
	*ret = stamp & ((1ull << GEN_NUMBER_BITS) - 1);
	return true;
}

static struct gen_take consume_take(const struct gen_load *l, uint32_t conn, uint32_t message,
				    struct bytes at)
{
	static const enum gen_verdict verdicts[] = {
		[GEN_READER_DONE] = GEN_ACCEPTED,
		[GEN_READER_REFUSED] = GEN_REFUSED,
		[GEN_READER_STRANGE] = GEN_STRANGE,
	};
	const struct gen_consume *c = consume_of(l);
	struct gen_reader *r = reader_of(c, conn);
	struct gen_take t = {0};
	size_t size = at.size;
	enum gen_reader_event event;
	do {
		event = gen_reader_take(r, message, &at);
		t.has_number = event == GEN_READER_BATCH && gen_consume_is_own(&c->options) &&
			       read_number(c, r, &t.number);
	} while (event == GEN_READER_BATCH && !t.has_number);
	t.bytes = (uint32_t)(size - at.size);
	if (event == GEN_READER_MORE || event == GEN_READER_BATCH)
		return t;
	t.is_whole = true;
	t.verdict = verdicts[event];
	return t;
}

static bool consume_has_all(const struct gen_load *l, uint32_t conn)
{
	const struct gen_consume *c = consume_of(l);
	const struct gen_reader *r = reader_of(c, conn);
	if (c->options.is_to_end)
		return r->left == 0;
	if (!gen_consume_is_own(&c->options))
		return true;
	for (uint32_t i = 0; i < r->count; i++)
		if (r->places[i].next < c->ends[gen_reader_partition(r, i)])
			return false;
	return true;
}

/* ---- the load ---------------------------------------------------------------------- */

static int memory_take(struct gen_consume *c)
{
	const struct gen_consume_options *o = &c->options;
	uint64_t places = (uint64_t)o->partitions * o->groups;
	c->all = map_take(c->reader_count * sizeof *c->all);
	c->places = map_take(places * sizeof *c->places);
	c->named = map_take(places * sizeof *c->named);
	c->ends = map_take(o->partitions * sizeof *c->ends);
	return c->all && c->places && c->named && c->ends ? 0 : -ENOMEM;
}

/* A group's members have its partitions between them. */
static void readers_init(struct gen_consume *c)
{
	uint64_t first = 0;
	for (uint32_t i = 0; i < c->reader_count; i++) {
		struct gen_reader *r = &c->all[i];
		r->places = c->places + first;
		r->named = c->named + first;
		gen_reader_init(r, &c->options, i % c->options.consumers, &c->readers.reads);
		first += r->count;
	}
	c->readers.first = c->options.producers;
	c->readers.is_to_end = c->options.is_to_end;
	c->readers.take = consume_take;
	c->readers.has_all = consume_has_all;
}

static void producers_init(struct gen_consume *c, const struct gen_kafka_options *producers)
{
	struct gen_kafka_options o = *producers;
	o.topic = gen_consume_produce_topic(&c->options);
	o.partitions = c->options.partitions;
	o.connections = c->options.producers;
	entropy_fill(&o.tag, sizeof o.tag);
	o.tag = o.tag % GEN_TAG_MAX + 1;
	gen_kafka_init(&c->producers, &o);
}

int gen_consume_init(struct gen_consume *c, const struct gen_consume_options *options,
		     const struct gen_kafka_options *producers)
{
	*c = (struct gen_consume){.options = *options};
	c->reader_count = gen_consume_readers(options);
	int error = memory_take(c);
	if (error)
		return error;
	readers_init(c);
	producers_init(c, producers);
	c->load = (struct gen_load){
		.name = "consume",
		.readers = &c->readers,
		.is_answered = true,
		.greetings = 1,
		.records = producers->records,
		.window_shift = WINDOW_SHIFT,
		.message_bytes = producer(c)->message_bytes,
		.size = consume_size,
		.fill = consume_fill,
		.answer_bytes = consume_answer_bytes,
		.check = consume_check,
	};
	return 0;
}

void gen_consume_fini(struct gen_consume *c)
{
	const struct gen_consume_options *o = &c->options;
	uint64_t places = (uint64_t)o->partitions * o->groups;
	gen_kafka_fini(&c->producers);
	if (c->ends)
		map_give(c->ends, o->partitions * sizeof *c->ends);
	if (c->named)
		map_give(c->named, places * sizeof *c->named);
	if (c->places)
		map_give(c->places, places * sizeof *c->places);
	if (c->all)
		map_give(c->all, c->reader_count * sizeof *c->all);
}
