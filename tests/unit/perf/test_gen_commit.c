/* test_gen_commit.c - commits in pieces as in whole; an answer to another one is strange. */
#include "perf/gen_commit.h"
#include "dataplane/base/cursor.h"

#include <criterion/criterion.h>

enum { CONNECTIONS = 3, PARTITIONS = 7, BYTES_MAX = 256 };

static struct gen_commit c;

static void open_consumers(void)
{
	gen_commit_init(&c, &(struct gen_commit_options){.topic = "perf",
							 .connections = CONNECTIONS,
							 .partitions = PARTITIONS});
}

TestSuite(gen_commit, .init = open_consumers);

Test(gen_commit, pieces_are_the_whole)
{
	uint8_t whole[BYTES_MAX], pieces[BYTES_MAX];
	uint32_t size = c.load.size(&c.load, 2, 5);
	cr_assert(size <= BYTES_MAX);
	c.load.fill(&c.load, 2, 5, 0, size, whole);
	cr_assert(be32_load(whole) == size - sizeof(uint32_t) && be32_load(whole + 8) == 5);
	for (uint32_t step = 1; step < 40; step++) {
		memset(pieces, 0, size);
		for (uint32_t at = 0; at < size; at += step)
			c.load.fill(&c.load, 2, 5, at, min_u32(step, size - at), pieces + at);
		cr_assert(memcmp(pieces, whole, size) == 0, "in steps of %u", step);
	}
}

/* To message `message`: version 7, throttled for 0, one topic, one partition. */
static enum gen_verdict verdict_of(uint32_t message, uint32_t partition, uint16_t error)
{
	uint8_t bytes[BYTES_MAX];
	struct emitter e = emitter_of(bytes, sizeof bytes);
	emit_u32(&e, 28);
	emit_u32(&e, message);
	emit_u32(&e, 0);
	emit_u32(&e, 1);
	emit_u16(&e, 4);
	emit_bytes(&e, "perf", 4);
	emit_u32(&e, 1);
	emit_u32(&e, partition);
	emit_u16(&e, error);
	struct bytes answer = {bytes, emitter_size(&e)};
	cr_assert(c.load.answer_bytes(&c.load, answer) == emitter_size(&e));
	return c.load.check(&c.load, 1, 4, answer);
}

Test(gen_commit, an_answer_is_held_against_its_commit)
{
	uint32_t partition = (4 * CONNECTIONS + 1) % PARTITIONS;
	cr_assert(verdict_of(4, partition, 0) == GEN_ACCEPTED);
	cr_assert(verdict_of(4, partition, 14) == GEN_REFUSED);
	cr_assert(verdict_of(3, partition, 0) == GEN_STRANGE);
	cr_assert(verdict_of(4, partition + 1, 0) == GEN_STRANGE);
}
