/* test_gen_kafka.c - the producers' messages: in pieces as in whole, to partitions in turn. */
#include "perf/gen_kafka.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { CONNECTIONS = 3, PARTITIONS = 7, SIZE_MAX_BYTES = 1024 };

static struct gen_kafka k;

static void open_producers(void)
{
	gen_kafka_init(&k, &(struct gen_kafka_options){.topic = "perf",
						       .connections = CONNECTIONS,
						       .partitions = PARTITIONS,
						       .record_bytes = 100,
						       .records = 2,
						       .acks = -1});
}

static void close_producers(void)
{
	gen_kafka_fini(&k);
}

static uint32_t message_of(uint32_t conn, uint32_t message, uint8_t out[SIZE_MAX_BYTES])
{
	uint32_t size = k.load.size(&k.load, conn, message);
	cr_assert(size <= SIZE_MAX_BYTES);
	k.load.fill(&k.load, conn, message, 0, size, out);
	return size;
}

static uint32_t partition_in(const uint8_t *message)
{
	return be32_load(message + PRODUCE_HEAD_BYTES + k.body.partition_at);
}

TestSuite(gen_kafka, .init = open_producers, .fini = close_producers);

Test(gen_kafka, few_connections_reach_every_partition)
{
	bool is_reached[PARTITIONS] = {0};
	for (uint32_t conn = 0; conn < CONNECTIONS; conn++)
		for (uint32_t message = 0; message * CONNECTIONS < PARTITIONS; message++) {
			uint8_t bytes[SIZE_MAX_BYTES];
			message_of(conn, message, bytes);
			cr_assert(be32_load(bytes + 8) == message);
			cr_assert(partition_in(bytes) < PARTITIONS);
			is_reached[partition_in(bytes)] = true;
		}
	for (unsigned i = 0; i < PARTITIONS; i++)
		cr_assert(is_reached[i], "partition %u", i);
}

Test(gen_kafka, pieces_are_the_whole)
{
	uint8_t whole[SIZE_MAX_BYTES], pieces[SIZE_MAX_BYTES];
	uint32_t size = message_of(2, 5, whole);
	for (uint32_t step = 1; step < 40; step++) {
		memset(pieces, 0, size);
		for (uint32_t at = 0; at < size; at += step)
			k.load.fill(&k.load, 2, 5, at, min_u32(step, size - at),
				    pieces + at);
		cr_assert(memcmp(pieces, whole, size) == 0, "in steps of %u", step);
	}
}

/* An answer without error, to the message with this number, from this partition. */
static struct bytes answer_of(uint32_t message, uint32_t partition, uint8_t *out)
{
	struct emitter e = emitter_of(out, GEN_ANSWER_BYTES_MAX);
	size_t size = produce_response_bytes("perf");
	memset(out, 0, size);
	emit_u32(&e, (uint32_t)size - 4);
	emit_u32(&e, message);
	emit_u32(&e, 1);
	emit_u16(&e, 4);
	emit_bytes(&e, "perf", 4);
	emit_u32(&e, 1);
	emit_u32(&e, partition);
	return (struct bytes){out, size};
}

Test(gen_kafka, an_answer_comes_from_the_partition_of_its_message)
{
	uint8_t message[SIZE_MAX_BYTES], answer[GEN_ANSWER_BYTES_MAX];
	message_of(1, 4, message);
	uint32_t partition = partition_in(message);
	cr_assert(k.load.check(&k.load, 1, 4, answer_of(4, partition, answer)) ==
		  GEN_ACCEPTED);
	partition = (partition + 1) % PARTITIONS;
	cr_assert(k.load.check(&k.load, 1, 4, answer_of(4, partition, answer)) ==
		  GEN_STRANGE);
}
