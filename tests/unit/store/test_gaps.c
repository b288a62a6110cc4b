/* test_gaps.c - directories that Kafka's cleaner went over: offsets are missing and nothing is
 * wrong; and directories where offsets are missing because a file is. */
#include "control/offline/log_check.h"
#include "dataplane/store/log/log_private.h"
#include "tests/unit/store/kafka_dir.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static const char log_name[] = "00000000000000000000.log";

/* All the cleaner does: a first batch above the name, a batch with records taken from its
 * front, middle and end, one left empty for its producer's sake, jumps between them. */
static const struct kafka_batch compacted[] = {
	{.base = 3, .last = 3, .count = 1, .deltas = {0}},
	{.base = 10, .last = 19, .count = 3, .deltas = {2, 3, 7}},
	{.base = 20, .last = 24, .count = 0},
	{.base = 30, .last = 31, .count = 2, .deltas = {0, 1}},
};
static const struct kafka_batch later[] = {
	{.base = 103, .last = 104, .count = 2, .deltas = {0, 1}},
	{.base = 110, .last = 110, .count = 1, .deltas = {0}},
};
static const struct kafka_batch dense[] = {
	{.base = 0, .last = 1, .count = 2, .deltas = {0, 1}},
	{.base = 2, .last = 2, .count = 1, .deltas = {0}},
};
static const struct kafka_batch dense_later[] = {
	{.base = 10, .last = 11, .count = 2, .deltas = {0, 1}},
};

static void check_read(struct rig *r, int64_t offset, int64_t first)
{
	struct record_batch_header h;
	struct read_msg read = rig_read(r, offset, 2, 1);
	cr_assert(read.error == 0 && read.bytes.size > 0, "%lld: error %d",
		  (long long)offset, read.error);
	chain_copy_out(&read.bytes, 0, &h, sizeof h);
	cr_assert(record_batch_base_offset(&h) == first, "%lld: %lld", (long long)offset,
		  (long long)record_batch_base_offset(&h));
	chain_give(&read.bytes);
}

/* Kafka answers from the next batch on. */
static void check_compacted(struct rig *r)
{
	static const int64_t wanted[][2] = {{0, 3},	{2, 3},	  {3, 3},   {4, 10},  {9, 10},
					    {10, 10}, {15, 10}, {19, 10}, {20, 20}, {24, 20},
					    {25, 30}, {29, 30}, {31, 30}};
	for (unsigned i = 0; i < array_len(wanted); i++)
		check_read(r, wanted[i][0], wanted[i][1]);
}

static struct log_check check(struct rig *r)
{
	struct log_check c = {.disk = r->control};
	cr_assert(scan_init(&c.scan, r->control) == 0);
	cr_assert(log_check_partition(&c, r->directory));
	scan_fini(&c.scan);
	return c;
}

static void append_and_read(struct rig *r, int64_t offset)
{
	struct append_msg *a = rig_append(r, 1, 10, ACK_DURABLE);
	rig_drain(r);
	cr_assert(a->error == 0 && a->base_offset == offset);
	check_read(r, offset, offset);
}

static void serve(bool is_clean, int64_t recovery_point)
{
	size_t size;
	struct rig *r = rig_create();
	kafka_directory(r);
	size_t before = kafka_segment(r, 0, compacted, array_len(compacted));
	uint8_t *original = rig_load(r, log_name, &size);
	for (unsigned life = 0; life < 2; life++) {
		cr_assert(rig_open(r, recovery_point, is_clean), "%s", r->found.message);
		cr_assert(!r->found.is_corrupt && !r->found.message[0], "%s",
			  r->found.message);
		cr_assert(rig_marks(r).high_watermark == 32 + life);
		cr_assert(rig_marks(r).log_start_offset == 0);
		check_compacted(r);
		append_and_read(r, 32 + life);
		check_compacted(r);
		if (is_clean)
			rig_finish(r);
		else
			rig_abandon(r);
		uint8_t *now = rig_load(r, log_name, &size);
		cr_assert(size > before && memcmp(now, original, before) == 0);
		free(now);
		struct log_check c = check(r);
		cr_assert(c.corrupt == 0 && c.torn == 0 && c.records == 7 + life);
	}
	free(original);
	rig_destroy(r);
}

Test(gaps, a_compacted_log_is_served_after_a_clean_stop)
{
	serve(true, 32);
}

Test(gaps, a_compacted_log_is_served_after_a_crash_and_nothing_of_it_is_cut)
{
	serve(false, 0);
}

Test(gaps, a_gap_at_the_end_of_a_segment_is_answered_from_the_next_that_has_a_batch)
{
	for (unsigned clean = 0; clean < 2; clean++) {
		struct rig *r = rig_create();
		kafka_directory(r);
		kafka_segment(r, 0, compacted, array_len(compacted));
		kafka_segment(r, 50, compacted, 0);
		kafka_segment(r, 60, compacted, 0);
		kafka_segment(r, 100, later, array_len(later));
		for (unsigned life = 0; life < 2; life++) {
			cr_assert(rig_open(r, 111, clean));
			cr_assert(!r->found.is_corrupt, "%s", r->found.message);
			cr_assert(r->found.segments == 4);
			check_compacted(r);
			check_read(r, 32, 103);
			check_read(r, 49, 103);
			check_read(r, 55, 103);
			check_read(r, 77, 103);
			check_read(r, 100, 103);
			check_read(r, 105, 110);
			append_and_read(r, 111 + life);
			rig_finish(r);
		}
		struct log_check c = check(r);
		cr_assert(c.corrupt == 0 && c.torn == 0);
		rig_destroy(r);
	}
}

Test(gaps, an_index_of_kafkas_that_names_a_later_batch_is_believed)
{
	/* One append brought the batches at 10 and 20: one entry, last offset 24. The time is
	 * that of the record at 12, not of a batch's end. */
	uint8_t index[8] = {0, 0, 0, 24}, times[12] = {0}, batch[4096];
	struct rig *r = rig_create();
	kafka_directory(r);
	kafka_segment(r, 0, compacted, array_len(compacted));
	kafka_segment(r, 100, later, array_len(later));
	be32_store(index + 4, (uint32_t)kafka_batch_build(batch, &compacted[0]));
	be64_store(times, KAFKA_TIME + 30);
	times[11] = 31;
	kafka_file(r, 0, ".index", index, sizeof index);
	kafka_file(r, 0, ".timeindex", times, sizeof times);
	cr_assert(rig_open(r, 111, true));
	cr_assert(!r->found.is_corrupt && r->found.batches_scanned == 2, "%s",
		  r->found.message);
	check_compacted(r);
	check_read(r, 28, 30);
	cr_assert(r->stats.value[STAT_log_index_misled] == 0);
	rig_finish(r);
	struct log_check c = check(r);
	cr_assert(c.corrupt == 0);
	rig_destroy(r);
}

static void check_lost(struct rig *r, bool is_clean, int64_t end)
{
	for (unsigned life = 0; life < 2; life++) {
		cr_assert(rig_open(r, 0, is_clean));
		cr_assert(r->found.is_corrupt && r->found.fault == -ENODATA, "%s",
			  r->found.message);
		cr_assert(rig_marks(r).is_fenced && rig_marks(r).fence_error == -ENODATA);
		cr_assert(rig_marks(r).high_watermark == end);
		check_read(r, 2, 2);
		rig_finish(r);
	}
	struct log_check c = check(r);
	cr_assert(c.corrupt > 0);
}

Test(gaps, a_gap_between_segments_of_a_log_that_has_no_other_is_a_loss)
{
	for (unsigned clean = 0; clean < 2; clean++) {
		struct rig *r = rig_create();
		kafka_directory(r);
		kafka_segment(r, 0, dense, array_len(dense));
		kafka_segment(r, 10, dense_later, array_len(dense_later));
		check_lost(r, clean, 3);
		cr_assert(strstr(r->found.message, "offsets 3 to 9"), "%s", r->found.message);
		/* Unless somebody who knows says that it is not. */
		r->is_compacted = true;
		cr_assert(rig_open(r, 0, clean) && !r->found.is_corrupt);
		check_read(r, 5, 10);
		append_and_read(r, 12);
		rig_destroy(r);
	}
}

Test(gaps, an_index_without_its_log_says_that_a_segment_is_missing)
{
	static const int64_t orphans[] = {0, 50, 200};
	for (unsigned i = 0; i < array_len(orphans); i++) {
		struct rig *r = rig_create();
		kafka_directory(r);
		kafka_segment(r, 3, compacted, array_len(compacted));
		kafka_segment(r, 100, later, array_len(later));
		kafka_file(r, orphans[i], ".index", "12345678", 8);
		cr_assert(rig_open(r, 111, true));
		cr_assert(r->found.is_corrupt && r->found.fault == -ENODATA, "%s",
			  r->found.message);
		rig_finish(r);
		/* Kafka's own deletion, which a crash interrupted. */
		kafka_file(r, orphans[i], ".log.deleted", "", 0);
		cr_assert(rig_open(r, 111, true) && !r->found.is_corrupt, "%s",
			  r->found.message);
		rig_finish(r);
		rig_destroy(r);
	}
}

Test(gaps, files_of_kafkas_that_are_no_segment_stay)
{
	static const char *const names[] = {"00000000000000000000.snapshot.deleted",
					    "leader-epoch-checkpoint.tmp", "notes.tmp"};
	struct rig *r = rig_create();
	kafka_directory(r);
	kafka_segment(r, 0, compacted, array_len(compacted));
	for (unsigned i = 0; i < array_len(names); i++)
		rig_store(r, names[i], "text", 4);
	rig_store(r, "00000000000000000000.log.cleaned", "text", 4);
	cr_assert(rig_open(r, 0, false) && !r->found.is_corrupt);
	rig_finish(r);
	for (unsigned i = 0; i < array_len(names); i++)
		cr_assert(rig_has(r, names[i]), "%s", names[i]);
	cr_assert(!rig_has(r, "00000000000000000000.log.cleaned"), "a cleaner begins anew");
	/* Perhaps the only file with its records: the segments it stands for may be gone. */
	rig_store(r, "00000000000000000000.log.swap", "text", 4);
	cr_assert(!rig_open(r, 0, false));
	cr_assert(strstr(r->found.message, "log.swap"), "%s", r->found.message);
	cr_assert(rig_has(r, "00000000000000000000.log.swap"));
	rig_destroy(r);
}
