/* test_reads.c - who reads how much at a time: beside writes, alone, and from memory. */
#include "dataplane/store/log/log_private.h"
#include "tests/unit/store/disk/fake_disk.h"
#include "tests/unit/store/log/log_rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
	BATCH_BYTES = 60000,
	BATCHES = 40,
	LARGE_CHUNKS = READING_BYTES_BESIDE / CHUNK_BYTES, /* as much as may be under way */
	READS = 12,
};

static struct read_msg reads[READS * 2];

static void append_all(struct rig *r, unsigned batches)
{
	for (unsigned i = 0; i < batches; i++) {
		rig_append(r, 1, BATCH_BYTES, ACK_DURABLE);
		rig_drain(r);
	}
}

/* A log with more than many reads bring, which lies on a disk that does as it is told. */
static struct rig *open_full(void)
{
	struct rig *r = rig_create();
	r->service_options.settings.tail_bytes = 2 << 20;
	cr_assert(rig_open(r, 0, false));
	fake_eager(r->disk, true, 1);
	append_all(r, BATCHES);
	fake_eager(r->disk, false, 1);
	return r;
}

static void ask(struct rig *r, struct log *log, unsigned i, int64_t offset, unsigned chunks)
{
	reads[i] = (struct read_msg){.offset = offset, .bytes_max = UINT32_MAX, .error = 99};
	for (unsigned c = 0; c < chunks; c++)
		chain_push(&reads[i].bytes, chunk_take(&r->pool));
	log_read(log, &reads[i]);
}

/* How many were begun and are at the disk. */
static unsigned at_disk(struct rig *r)
{
	rig_turn(r);
	return fake_count(r->disk, DISK_READ);
}

/* All that waits is begun and done. */
static void finish(struct rig *r, unsigned count)
{
	fake_eager(r->disk, true, 1);
	for (unsigned left = count; left > 0; rig_turn(r))
		while (list_take_first(&r->service.reads_done))
			left--;
	for (unsigned i = 0; i < count; i++) {
		cr_assert(reads[i].error == 0 && reads[i].bytes.size > 0, "read %u", i);
		chain_give(&reads[i].bytes);
	}
	cr_assert(r->service.reading_bytes == 0 && r->service.reads.in_use == 0);
}

static void end(struct rig *r, unsigned count)
{
	finish(r, count);
	rig_destroy(r);
}

/* Turns take so long that the last write is a while ago. */
static void let_time_pass(struct rig *r)
{
	uint64_t turn_ns = r->turn_ns;
	r->turn_ns = WRITTEN_NS;
	rig_turn(r);
	r->turn_ns = turn_ns;
}

Test(reads, beside_writes_large_ones_come_one_after_the_other)
{
	struct rig *r = open_full();
	for (unsigned i = 0; i < READS; i++)
		ask(r, r->log, i, 0, LARGE_CHUNKS);
	for (unsigned done = 0; done < READS; done++) {
		cr_assert(at_disk(r) == 1 && at_disk(r) == 1, "after %u", done);
		cr_assert(r->stats.value[STAT_reads_delayed] == done);
		fake_complete(r->disk, fake_find(r->disk, DISK_READ));
	}
	end(r, READS);
}

Test(reads, beside_writes_small_ones_come_some_at_a_time)
{
	struct rig *r = open_full();
	for (unsigned i = 0; i < READS; i++)
		ask(r, r->log, i, 0, LARGE_CHUNKS / 4);
	cr_assert(at_disk(r) == 4);
	end(r, READS);
}

Test(reads, alone_they_keep_the_disk_busy)
{
	struct rig *r = open_full();
	let_time_pass(r);
	for (unsigned i = 0; i < READS; i++)
		ask(r, r->log, i, 0, LARGE_CHUNKS);
	cr_assert(at_disk(r) == READS && r->stats.value[STAT_reads_delayed] == 0);
	end(r, READS);
}

Test(reads, alone_too_there_is_an_end_to_it)
{
	enum { WHOLE = BATCHES * BATCH_BYTES, EXPECTED = READING_BYTES_ALONE / WHOLE + 1 };
	struct rig *r = open_full();
	let_time_pass(r);
	for (unsigned i = 0; i < EXPECTED + 2; i++)
		ask(r, r->log, i, 0, 2 * WHOLE / CHUNK_BYTES);
	cr_assert(at_disk(r) == EXPECTED);
	end(r, EXPECTED + 2);
}

static void come_to_the_end(struct rig *r)
{
	struct read_msg read = rig_read(r, rig_marks(r).high_watermark, 1, CHUNK_BYTES);
	chain_give(&read.bytes);
}

/* Somebody follows the log, and has read what was written last. */
static void follow(struct rig *r)
{
	r->turn_ns = 1000; /* a slow disk is no reason to be followed no more */
	fake_eager(r->disk, true, 1);
	come_to_the_end(r);
	append_all(r, 2);
	struct read_msg read = rig_read(r, BATCHES, BATCH_BYTES / CHUNK_BYTES + 2, BATCH_BYTES);
	cr_assert(read.error == 0 && read.bytes.size > 0);
	chain_give(&read.bytes);
	fake_eager(r->disk, false, 1);
}

Test(reads, who_follows_does_not_wait_for_who_replays)
{
	struct rig *r = open_full();
	follow(r);
	for (unsigned i = 1; i < READS; i++)
		ask(r, r->log, i, 0, LARGE_CHUNKS);
	cr_assert(at_disk(r) == 1);
	ask(r, r->log, 0, BATCHES + 1, LARGE_CHUNKS);
	cr_assert(list_take_first(&r->service.reads_done) == &reads[0].node);
	list_append(&r->service.reads_done, &reads[0].node);
	end(r, READS);
}

/* What is copied in a turn is bounded: more waits for the next one. */
Test(reads, who_follows_leaves_the_turn_to_others)
{
	struct rig *r = open_full();
	follow(r);
	unsigned given = 0;
	rig_turn(r);
	for (unsigned i = 0; i < READS * 2; i++) {
		ask(r, r->log, i, BATCHES + 1, BATCH_BYTES / CHUNK_BYTES + 2);
		given += reads[i].error != 99;
	}
	cr_assert(given >= RECALLED_BYTES_PER_TURN / (BATCH_BYTES + 2 * CHUNK_BYTES) &&
			  given <= RECALLED_BYTES_PER_TURN / BATCH_BYTES + 1,
		  "%u", given);
	rig_turn(r);
	cr_assert(fake_count(r->disk, DISK_READ) == 0 && reads[READS * 2 - 1].error == 0,
		  "the next turn goes on");
	end(r, READS * 2);
}

/* ---- two logs ------------------------------------------------------------------------------ */

/* Another log of the rig's service. */
static struct log *open_other(struct rig *r)
{
	char directory[RIG_DIRECTORY_BYTES];
	struct log_recovery found;
	int error = 0;
	snprintf(directory, sizeof directory, "%s/other-0", r->root);
	cr_assert(mkdir(directory, 0755) == 0);
	struct log_open_options options = {
		.directory = directory,
		.log = r->options,
		.key = {.topic_id = {8}, .partition = 0},
		.durable_mark = -1,
		.log_start_offset = -1,
	};
	struct log *log = log_open(r->control, &options, &found, &error);
	cr_assert(log && error == 0);
	log_serve(log, &r->service, 1);
	return log;
}

static void close_other(struct rig *r, struct log *log)
{
	log_finish(log);
	while (!log_is_finished(log))
		rig_turn(r);
	log_release(log);
	log_close(log);
}

/* However much is asked of the one, the other's read is the next but one. */
Test(reads, logs_take_turns)
{
	struct rig *r = open_full();
	struct log *first = r->log, *other = open_other(r);
	fake_eager(r->disk, true, 1);
	r->log = other;
	append_all(r, BATCHES);
	r->log = first;
	fake_eager(r->disk, false, 1);
	for (unsigned i = 1; i < READS; i++)
		ask(r, first, i, 0, LARGE_CHUNKS);
	ask(r, other, 0, 0, LARGE_CHUNKS);
	for (unsigned i = 0; i < 2; i++) {
		cr_assert(at_disk(r) == 1);
		fake_complete(r->disk, fake_find(r->disk, DISK_READ));
	}
	rig_turn(r);
	cr_assert(reads[1].error == 0 && reads[0].error == 0 && reads[2].error == 99);
	fake_eager(r->disk, true, 1);
	finish(r, READS);
	close_other(r, other);
	rig_destroy(r);
}
