/* test_log_index.c - what the offset index and the time index of a log hold, and what becomes of
 * the log when they cannot be written. */
#include "dataplane/store/log/log_private.h"
#include "tests/unit/store/disk/fake_disk.h"
#include "tests/unit/store/log/log_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

enum { BATCHES = 120 };

#define TIME_MS 1700000000000

/* Batch i holds offset i and the i-th of these times, of which two in three step back. */
static int64_t time_of(unsigned i)
{
	return TIME_MS + (int64_t)(i / 3 * 4) - (int64_t)(i % 3 * 40);
}

static int64_t largest_time(unsigned batches)
{
	int64_t max = 0;
	for (unsigned i = 0; i < batches; i++)
		max = time_of(i) > max ? time_of(i) : max;
	return max;
}

static struct rig *open_eager(void)
{
	struct rig *r = rig_create();
	fake_eager(r->disk, true, 1);
	cr_assert(rig_open(r, 0, false));
	return r;
}

static void fill(struct rig *r, unsigned batches)
{
	for (unsigned i = 0; i < batches; i++) {
		r->time_ms = time_of(i);
		rig_append(r, 1, 1000, ACK_DURABLE);
		rig_drain(r);
	}
}

Test(log_index, an_entry_is_due_after_every_interval)
{
	struct rig *r = open_eager();
	fill(r, BATCHES);
	uint32_t batch_bytes = (uint32_t)(r->expected_bytes / BATCHES);
	rig_finish(r);
	size_t size;
	uint8_t *index = rig_load(r, "00000000000000000000.index", &size);
	uint64_t position = 0;
	for (size_t at = 0; at + INDEX_ENTRY_BYTES <= size; at += INDEX_ENTRY_BYTES) {
		struct index_entry e = index_entry_load(index + at);
		cr_assert(e.position == (uint64_t)e.offset * batch_bytes);
		cr_assert(e.position - position > r->options.index_interval_bytes);
		cr_assert(e.position - position <= r->options.index_interval_bytes + batch_bytes);
		position = e.position;
	}
	cr_assert(r->expected_bytes - position <= r->options.index_interval_bytes + batch_bytes,
		  "none is missing at the end");
	free(index);
	rig_destroy(r);
}

Test(log_index, time_entries_name_the_largest_time_so_far_and_its_batch)
{
	struct rig *r = open_eager();
	fill(r, BATCHES);
	rig_finish(r);
	size_t size, times_size;
	uint8_t *index = rig_load(r, "00000000000000000000.index", &size);
	uint8_t *times = rig_load(r, "00000000000000000000.timeindex", &times_size);
	size_t entries = size / INDEX_ENTRY_BYTES;
	cr_assert(entries > 20 && times_size == (entries + 1) * INDEX_TIME_ENTRY_BYTES,
		  "one with each entry of the offset index, one at the end");
	for (size_t i = 0; i <= entries; i++) {
		struct index_time_entry t =
			index_time_entry_load(times + i * INDEX_TIME_ENTRY_BYTES);
		unsigned seen = i == entries ? BATCHES
			: (unsigned)index_entry_load(index + i * INDEX_ENTRY_BYTES).offset + 1;
		cr_assert(t.timestamp == largest_time(seen), "entry %zu", i);
		cr_assert(t.timestamp == time_of((unsigned)t.offset), "entry %zu", i);
	}
	free(index);
	free(times);
	rig_destroy(r);
}

Test(log_index, the_largest_time_is_what_the_log_says_of_itself)
{
	struct rig *r = open_eager();
	fill(r, BATCHES);
	int64_t max = largest_time(BATCHES);
	struct log_marks m = rig_marks(r);
	cr_assert(m.max_timestamp == max && time_of((unsigned)m.max_timestamp_offset) == max);
	rig_finish(r);
	for (int is_clean = 0; is_clean < 2; is_clean++) {
		cr_assert(rig_open(r, 0, is_clean));
		m = rig_marks(r);
		cr_assert(m.max_timestamp == max, "clean: %d", is_clean);
		cr_assert(time_of((unsigned)m.max_timestamp_offset) == max);
		rig_finish(r);
	}
	rig_destroy(r);
}

/* The write of this file's entries that is under way, or null. */
static struct disk_op *find_index_write(const struct rig *r, bool is_time)
{
	const void *bytes = is_time ? r->log->time_bytes : r->log->index_bytes;
	for (unsigned i = 0; i < fake_pending(r->disk); i++) {
		struct disk_op *op = fake_op(r->disk, i);
		if (op->kind == DISK_WRITE && op->iov->iov_base == bytes)
			return op;
	}
	return NULL;
}

/* Fills the segment; everything completes until the roll writes the entries. */
static struct disk_op *start_index_write(struct rig *r, bool is_time)
{
	fake_eager(r->disk, false, 1);
	for (unsigned i = 0; i < 1000; i++) {
		struct disk_op *op = find_index_write(r, is_time);
		if (op)
			return op;
		if (fake_pending(r->disk) == 0)
			rig_append(r, 1, 1000, ACK_DURABLE);
		else
			fake_complete(r->disk, fake_op(r->disk, 0));
		rig_turn(r);
	}
	return NULL;
}

Test(log_index, entries_that_are_not_written_whole_fence)
{
	for (int is_time = 0; is_time < 2; is_time++) {
		struct rig *r = rig_create();
		r->options.segment_bytes = 50000;
		cr_assert(rig_open(r, 0, false));
		struct disk_op *op = start_index_write(r, is_time);
		cr_assert(op && op->iov->iov_len > 8);
		fake_fail(r->disk, op, (int64_t)op->iov->iov_len - 4);
		rig_turn(r);
		struct log_marks m = rig_marks(r);
		cr_assert(m.is_fenced && m.fence_error == -ENOSPC, "time index: %d", is_time);
		fake_eager(r->disk, true, 1);
		rig_drain(r);
		cr_assert(r->answered == r->append_count);
		rig_destroy(r);
	}
}
