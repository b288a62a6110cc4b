/* gen_kafka.c - (connection, number) in, Produce requests out; their answers judged. */
#include "perf/gen_kafka.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"

#include <stdlib.h>

enum {
	FRONT_BYTES_MAX = PRODUCE_HEAD_BYTES + PRODUCE_NAMES_BYTES_MAX +
			  RECORD_BATCH_HEADER_BYTES + RECORD_OVERHEAD_BYTES_MAX +
			  PRODUCE_STAMP_BYTES,
};

static uint64_t number_of(const struct gen_kafka *k, uint32_t conn, uint32_t message)
{
	return (uint64_t)message * k->options.connections + conn;
}

/* All messages of all connections in turn, so that no partition gets more than another. */
static uint32_t partition_of(const struct gen_kafka *k, uint32_t conn, uint32_t message)
{
	return (uint32_t)(number_of(k, conn, message) % k->options.partitions);
}

static uint32_t kafka_size(const struct gen_load *l, uint32_t conn, uint32_t message)
{
	const struct gen_kafka *k = container_of(l, struct gen_kafka, load);
	return (uint32_t)(PRODUCE_HEAD_BYTES + k->body.size);
}

/* What differs between messages lies in front: the head, and the body up to its partition, or to
 * the number in the first value. */
static uint32_t front_bytes_of(const struct gen_kafka *k)
{
	if (k->options.tag)
		return (uint32_t)(PRODUCE_HEAD_BYTES + k->stamp.number_at +
				  PRODUCE_STAMP_BYTES);
	return (uint32_t)(PRODUCE_HEAD_BYTES + k->body.partition_at + sizeof(uint32_t));
}

static void front_fill(const struct gen_kafka *k, uint32_t conn, uint32_t message,
		       uint8_t *out)
{
	uint8_t *body = out + PRODUCE_HEAD_BYTES;
	produce_head_set(out, &k->body, message);
	memcpy(body, k->body.data, k->front_bytes - PRODUCE_HEAD_BYTES);
	be32_store(body + k->body.partition_at, partition_of(k, conn, message));
	uint64_t tag = k->options.tag;
	if (tag)
		produce_stamp_set(&k->stamp, tag << GEN_NUMBER_BITS | number_of(k, conn, message),
				  body);
}

/* A part of a message, as TCP sends it or sends it again: it is made from its number each
 * time, and nothing of it is kept. */
static void kafka_fill(const struct gen_load *l, uint32_t conn, uint32_t message,
		       uint32_t at, uint32_t size, uint8_t *out)
{
	const struct gen_kafka *k = container_of(l, struct gen_kafka, load);
	uint32_t of_front = 0;
	if (at < k->front_bytes) {
		uint8_t front[FRONT_BYTES_MAX];
		front_fill(k, conn, message, front);
		of_front = min_u32(size, k->front_bytes - at);
		memcpy(out, front + at, of_front);
	}
	if (size > of_front)
		memcpy(out + of_front, k->body.data + at + of_front - PRODUCE_HEAD_BYTES,
		       size - of_front);
}

/* Every answer begins with its size. */
static uint32_t kafka_answer_bytes(const struct gen_load *l, struct bytes at)
{
	return at.size < sizeof(uint32_t)
		       ? 0
		       : (uint32_t)sizeof(uint32_t) + be32_load(at.data);
}

/* An error is a refusal and no fault: only what is no answer to this very request is
 * strange. */
static enum gen_verdict kafka_check(const struct gen_load *l, uint32_t conn,
				    uint32_t message, struct bytes answer)
{
	const struct gen_kafka *k = container_of(l, struct gen_kafka, load);
	struct produce_response r;
	if (answer.size != k->answer_bytes ||
	    !produce_response_read(answer.data, k->options.topic, &r) ||
	    r.correlation != message || r.partition != partition_of(k, conn, message))
		return GEN_STRANGE;
	return r.error == 0 ? GEN_ACCEPTED : GEN_REFUSED;
}

void gen_kafka_init(struct gen_kafka *k, const struct gen_kafka_options *options)
{
	*k = (struct gen_kafka){.options = *options};
	struct produce_shape shape = {
		.topic = options->topic,
		.acks = options->acks,
		.record_bytes = options->record_bytes,
		.records = options->records,
		.codec = options->codec,
		.now_ms = clock_wall_ms(),
	};
	k->body = produce_body_build(&shape);
	bool is_stamped = options->tag && produce_stamp_init(&k->stamp, &k->body);
	require(is_stamped == (options->tag > 0));
	k->front_bytes = front_bytes_of(k);
	require(k->front_bytes <= FRONT_BYTES_MAX);
	k->answer_bytes = (uint32_t)produce_response_bytes(options->topic);
	k->load = (struct gen_load){
		.name = "kafka",
		.is_answered = options->acks != 0,
		.records = options->records,
		.message_bytes = kafka_size(&k->load, 0, 0),
		.size = kafka_size,
		.fill = kafka_fill,
		.answer_bytes = kafka_answer_bytes,
		.check = kafka_check,
	};
}

void gen_kafka_fini(struct gen_kafka *k)
{
	free(k->body.data);
}
