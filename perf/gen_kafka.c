/* gen_kafka.c - (connection, number) in, Produce requests out; their answers judged. */
#include "perf/gen_kafka.h"
#include "dataplane/base/clock.h"

#include <errno.h>
#include <stdlib.h>

static const struct produce_body *body_of(const struct gen_kafka *k, uint32_t conn)
{
	return &k->bodies[conn % k->options.partitions];
}

static uint32_t kafka_size(const struct gen_load *l, uint32_t conn, uint32_t message)
{
	const struct gen_kafka *k = container_of(l, struct gen_kafka, load);
	return (uint32_t)(PRODUCE_HEAD_BYTES + body_of(k, conn)->size);
}

static void kafka_fill(const struct gen_load *l, uint32_t conn, uint32_t message,
		       uint32_t at, uint32_t size, uint8_t *out)
{
	const struct gen_kafka *k = container_of(l, struct gen_kafka, load);
	const struct produce_body *body = body_of(k, conn);
	uint32_t of_head = 0;
	if (at < PRODUCE_HEAD_BYTES) {
		uint8_t head[PRODUCE_HEAD_BYTES];
		produce_head_set(head, body, message);
		of_head = min_u32(size, PRODUCE_HEAD_BYTES - at);
		memcpy(out, head + at, of_head);
	}
	if (size > of_head)
		memcpy(out + of_head, body->data + at + of_head - PRODUCE_HEAD_BYTES,
		       size - of_head);
}

static uint32_t kafka_answer_bytes(const struct gen_load *l, struct bytes at)
{
	return at.size < sizeof(uint32_t)
		       ? 0
		       : (uint32_t)sizeof(uint32_t) + be32_load(at.data);
}

static enum gen_verdict kafka_check(const struct gen_load *l, uint32_t conn,
				    uint32_t message, struct bytes answer)
{
	const struct gen_kafka *k = container_of(l, struct gen_kafka, load);
	struct produce_response r;
	if (answer.size != k->answer_bytes ||
	    !produce_response_read(answer.data, k->options.topic, &r) ||
	    r.correlation != message || r.partition != conn % k->options.partitions)
		return GEN_STRANGE;
	return r.error == 0 ? GEN_ACCEPTED : GEN_REFUSED;
}

int gen_kafka_init(struct gen_kafka *k, const struct gen_kafka_options *options)
{
	*k = (struct gen_kafka){.options = *options};
	k->bodies = calloc(options->partitions, sizeof *k->bodies);
	if (!k->bodies)
		return -ENOMEM;
	struct produce_shape shape = {
		.topic = options->topic,
		.acks = options->acks,
		.record_bytes = options->record_bytes,
		.records = options->records,
		.codec = options->codec,
		.now_ms = clock_wall_ms(),
	};
	for (; shape.partition < options->partitions; shape.partition++)
		k->bodies[shape.partition] = produce_body_build(&shape);
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
	return 0;
}

void gen_kafka_fini(struct gen_kafka *k)
{
	for (uint32_t i = 0; i < k->options.partitions; i++)
		free(k->bodies[i].data);
	free(k->bodies);
}
