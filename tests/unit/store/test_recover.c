/* test_recover.c - what recovery makes of the files a crash, or a bad disk, left behind. */
#include "dataplane/store/mark_file.h"
#include "tests/unit/store/log/log_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const char log_name[] = "00000000000000000000.log";
static const char index_name[] = "00000000000000000000.index";
static const char time_name[] = "00000000000000000000.timeindex";

/* A closed log of `count` batches of one record. */
static struct rig *closed_log(unsigned count, size_t value_bytes)
{
	struct rig *r = rig_create();
	cr_assert(rig_open(r, 0, false));
	for (unsigned i = 0; i < count; i++)
		rig_append(r, 1, value_bytes, ACK_DURABLE);
	rig_drain(r);
	rig_finish(r);
	return r;
}

/* As if the last batches had not been durable when the power went. */
static void forget_mark(struct rig *r)
{
	rig_forget_marks(r);
}

static void reopen(struct rig *r)
{
	cr_assert(rig_open(r, 0, false), "opens");
}

Test(recover, a_closed_log_has_its_exact_size_and_kafkas_files)
{
	struct rig *r = closed_log(5, 100);
	size_t size;
	uint8_t *log = rig_load(r, log_name, &size);
	cr_assert(size == r->expected_bytes && memcmp(log, r->expected, size) == 0);
	free(log);
	uint8_t *epochs = rig_load(r, "leader-epoch-checkpoint", &size);
	cr_assert(size == 8 && memcmp(epochs, "0\n1\n0 0\n", 8) == 0);
	free(epochs);
	cr_assert(rig_has(r, index_name) && rig_has(r, time_name));
	cr_assert(!rig_has(r, "durable-offset-checkpoint"));
	rig_destroy(r);
}

Test(recover, a_tail_torn_at_any_byte_is_cut_off)
{
	struct rig *r = closed_log(3, 60);
	size_t whole = r->expected_bytes;
	size_t batch = whole / 3;
	/* The first seven bytes of a base offset are zeroes, as preallocated space is. */
	for (size_t cut = whole - batch + 8; cut < whole; cut++) {
		rig_store(r, log_name, r->expected, cut);
		forget_mark(r);
		reopen(r);
		cr_assert(!r->found.is_corrupt);
		size_t end = cut;
		while (r->expected[end - 1] == 0)
			end--;
		cr_assert(r->found.bytes_dropped == end - (whole - batch));
		cr_assert(r->found.first_dropped_offset == 2);
		cr_assert(strstr(r->found.message, log_name), "%s", r->found.message);
		cr_assert(strstr(r->found.message, "torn tail"), "%s", r->found.message);
		cr_assert(rig_marks(r).log_end_offset == 2);
		r->expected_bytes = whole - batch;
		rig_check_content(r);
		rig_abandon(r);
		size_t size;
		free(rig_load(r, log_name, &size));
		cr_assert(size == whole - batch);
	}
	rig_destroy(r);
}

Test(recover, zeroes_behind_the_last_batch_are_no_damage)
{
	struct rig *r = closed_log(3, 60);
	uint8_t *padded = calloc(1, r->expected_bytes + 100000);
	memcpy(padded, r->expected, r->expected_bytes);
	rig_store(r, log_name, padded, r->expected_bytes + 100000);
	reopen(r);
	cr_assert(!r->found.is_corrupt && r->found.message[0] == '\0', "%s", r->found.message);
	cr_assert(rig_marks(r).log_end_offset == 3);
	rig_append(r, 1, 10, ACK_DURABLE);
	rig_drain(r);
	rig_check_content(r);
	free(padded);
	rig_destroy(r);
}

Test(recover, a_torn_sector_with_sound_batches_just_behind_it_is_a_torn_tail)
{
	struct rig *r = closed_log(20, 400);
	size_t batch = r->expected_bytes / 20;
	uint8_t *torn = malloc(r->expected_bytes);
	memcpy(torn, r->expected, r->expected_bytes);
	memset(torn + 12 * batch, 0, 200);
	rig_store(r, log_name, torn, r->expected_bytes);
	forget_mark(r);
	reopen(r);
	cr_assert(!r->found.is_corrupt);
	cr_assert(r->found.first_dropped_offset == 12);
	r->expected_bytes = 12 * batch;
	rig_append(r, 1, 10, ACK_DURABLE);
	rig_drain(r);
	rig_check_content(r);
	free(torn);
	rig_destroy(r);
}

Test(recover, preallocated_zeroes_do_not_count_as_dropped)
{
	struct rig *r = closed_log(3, 60);
	size_t batch = r->expected_bytes / 3;
	uint8_t *padded = calloc(1, r->expected_bytes + 100000);
	memcpy(padded, r->expected, r->expected_bytes - 1);
	padded[r->expected_bytes - 2] = 1;
	rig_store(r, log_name, padded, r->expected_bytes + 100000);
	forget_mark(r);
	reopen(r);
	cr_assert(r->found.bytes_dropped == batch - 1, "%s", r->found.message);
	cr_assert(strstr(r->found.message, "dropped"), "%s", r->found.message);
	r->expected_bytes = 2 * batch;
	rig_append(r, 1, 10, ACK_DURABLE);
	rig_drain(r);
	rig_check_content(r);
	free(padded);
	rig_destroy(r);
}

/* Flips a byte in the middle of batch 12 of 20. */
static void flip(struct rig *r, unsigned batch_index)
{
	size_t batch = r->expected_bytes / 20;
	uint8_t *bad = malloc(r->expected_bytes);
	memcpy(bad, r->expected, r->expected_bytes);
	bad[batch_index * batch + batch / 2] ^= 0x10;
	rig_store(r, log_name, bad, r->expected_bytes);
	free(bad);
}

static void check_quarantined(struct rig *r, int64_t end)
{
	size_t before, after;
	free(rig_load(r, log_name, &before));
	reopen(r);
	cr_assert(r->found.is_corrupt, "%s", r->found.message);
	cr_assert(strstr(r->found.message, "position"), "%s", r->found.message);
	cr_assert(rig_marks(r).is_fenced && rig_marks(r).high_watermark == end);
	struct append_msg *a = rig_append(r, 1, 10, ACK_WRITTEN);
	cr_assert(a->error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	rig_check_content(r);
	rig_finish(r);
	free(rig_load(r, log_name, &after));
	cr_assert(before == after, "nothing was cut");
}

Test(recover, damage_below_the_durable_mark_is_corruption)
{
	struct rig *r = closed_log(20, 400);
	flip(r, 12);
	check_quarantined(r, 12);
	rig_destroy(r);
}

/* A tenth of a second after the last sync. */
static void note_marks(struct rig *r)
{
	r->turn_ns = MARK_DELAY_NS;
	while (r->service.marks.is_busy || mark_file_due_ns(&r->service.marks) != UINT64_MAX)
		rig_turn(r);
}

Test(recover, damage_below_what_a_killed_writer_had_noted_is_corruption)
{
	struct rig *r = rig_create();
	cr_assert(rig_open(r, 0, false));
	for (unsigned i = 0; i < 20; i++)
		rig_append(r, 1, 400, ACK_DURABLE);
	rig_drain(r);
	note_marks(r);
	rig_abandon(r);
	flip(r, 19);
	cr_assert(r->durable_mark == -1);
	check_quarantined(r, 19);
	rig_destroy(r);
}

/* A topic made again has the directory's name, and another id. */
Test(recover, what_was_noted_of_another_topic_id_is_not_held_against_a_log)
{
	struct rig *r = rig_create();
	cr_assert(rig_open(r, 0, false));
	rig_append(r, 1, 400, ACK_DURABLE);
	rig_drain(r);
	note_marks(r);
	rig_abandon(r);
	rig_store(r, log_name, "", 0);
	r->key.topic_id[0]++;
	cr_assert(rig_open(r, 0, false) && !r->found.is_corrupt);
	cr_assert(r->found.durable_mark == -1);
	rig_destroy(r);
}

/* Both are lower bounds: the larger holds. */
Test(recover, a_file_of_the_logs_own_from_an_older_version_counts_as_well)
{
	static const struct {
		int64_t mark;
		const char *old;
		int64_t durable;
		const char *said;
	} cases[] = {
		{-1, "0\n1\n00000000000000000020\n", 20, "durable-offset-checkpoint"},
		{7, "0\n1\n00000000000000000020\n", 20, "durable-offset-checkpoint"},
		{20, "0\n1\n00000000000000000007\n", 20, ".penstock-durable-marks"},
		{-1, "", -1, NULL},
		{-1, "0\n1\n0000000", -1, NULL},
		{20, "nonsense that is as long..", 20, ".penstock-durable-marks"},
	};
	for (unsigned i = 0; i < array_len(cases); i++) {
		struct rig *r = closed_log(20, 400);
		rig_store(r, log_name, r->expected, r->expected_bytes / 20 * 18);
		rig_store(r, "durable-offset-checkpoint", cases[i].old, strlen(cases[i].old));
		rig_forget_marks(r);
		r->durable_mark = cases[i].mark;
		cr_assert(rig_open(r, 0, false));
		cr_assert(r->found.has_old_mark && r->found.durable_mark == cases[i].durable, "%u",
			  i);
		cr_assert(r->found.is_corrupt == (cases[i].said != NULL), "%u", i);
		cr_assert(!cases[i].said || strstr(r->found.message, cases[i].said), "%s",
			  r->found.message);
		rig_destroy(r);
	}
}

Test(recover, damage_in_the_very_last_durable_batch_is_corruption)
{
	struct rig *r = closed_log(20, 400);
	flip(r, 19);
	check_quarantined(r, 19);
	rig_destroy(r);
}

Test(recover, damage_below_the_recovery_point_is_corruption)
{
	struct rig *r = closed_log(20, 400);
	flip(r, 5);
	forget_mark(r);
	cr_assert(rig_open(r, 6, false));
	cr_assert(r->found.is_corrupt && rig_marks(r).high_watermark == 5);
	rig_destroy(r);
}

Test(recover, corruption_stays_corruption_at_every_start)
{
	struct rig *r = closed_log(20, 400);
	flip(r, 5);
	forget_mark(r);
	int64_t point = 6;
	for (unsigned start = 0; start < 3; start++) {
		cr_assert(rig_open(r, point, false));
		cr_assert(r->found.is_corrupt && r->found.bytes_dropped == 0);
		point = rig_marks(r).recovery_point;
		rig_finish(r);
	}
	size_t size;
	free(rig_load(r, log_name, &size));
	cr_assert(size == r->expected_bytes, "nothing is cut");
	rig_destroy(r);
}

Test(recover, a_sound_batch_far_behind_the_damage_proves_corruption)
{
	struct rig *r = closed_log(20, 600000);
	flip(r, 2);
	forget_mark(r);
	check_quarantined(r, 2);
	rig_destroy(r);
}

Test(recover, a_log_shorter_than_what_was_durable_is_corrupt)
{
	struct rig *r = closed_log(20, 400);
	rig_store(r, log_name, r->expected, r->expected_bytes / 20 * 18);
	check_quarantined(r, 18);
	rig_destroy(r);
}

Test(recover, an_offset_that_goes_back_is_corruption)
{
	struct rig *r = closed_log(3, 60);
	size_t batch = r->expected_bytes / 3;
	memmove(r->expected + 2 * batch, r->expected + batch, batch);
	rig_store(r, log_name, r->expected, 3 * batch);
	r->expected_bytes = 2 * batch;
	check_quarantined(r, 2);
	cr_assert(strstr(r->found.message, "offset that does not follow"), "%s",
		  r->found.message);
	rig_destroy(r);
}

/* Its base offset lies outside the CRC: the batch itself is sound. */
Test(recover, a_batch_whose_offset_goes_back_is_cut_off_as_a_torn_tail_is)
{
	struct rig *r = closed_log(3, 60);
	size_t batch = r->expected_bytes / 3, size;
	memmove(r->expected + 2 * batch, r->expected + batch, batch);
	rig_store(r, log_name, r->expected, 3 * batch);
	r->expected_bytes = 2 * batch;
	forget_mark(r);
	reopen(r);
	cr_assert(!r->found.is_corrupt && r->found.first_dropped_offset == 2, "%s",
		  r->found.message);
	rig_check_content(r);
	rig_abandon(r);
	free(rig_load(r, log_name, &size));
	cr_assert(size == 2 * batch);
	rig_destroy(r);
}

Test(recover, missing_indexes_are_made_again_byte_for_byte)
{
	struct rig *r = closed_log(50, 1000);
	size_t size, time_size, now;
	uint8_t *index = rig_load(r, index_name, &size);
	uint8_t *time = rig_load(r, time_name, &time_size);
	cr_assert(size == 12 * 8 && time_size == 13 * 12, "%zu %zu", size, time_size);
	rig_store(r, index_name, "", 0);
	rig_store(r, time_name, "junk", 4);
	reopen(r);
	rig_check_content(r);
	rig_finish(r);
	uint8_t *again = rig_load(r, index_name, &now);
	cr_assert(now == size && memcmp(index, again, size) == 0);
	free(again);
	again = rig_load(r, time_name, &now);
	cr_assert(now == time_size && memcmp(time, again, time_size) == 0);
	free(again);
	free(index);
	free(time);
	rig_destroy(r);
}

/* Four batches of 2092 bytes, index interval 4096: an entry for the batch after more than
 * 4096 bytes, holding its last offset and its position. */
Test(recover, the_index_is_what_kafka_writes)
{
	static const uint8_t index[] = {0, 0, 0, 2, 0, 0, 0x10, 0x58};
	/* 1700000000002 = 0x18bcfe56802 at offset 2; at the end 1700000000003 at offset 3. */
	static const uint8_t times[] = {0, 0, 0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x02, 0, 0, 0, 2,
					0, 0, 0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x03, 0, 0, 0, 3};
	struct rig *r = closed_log(4, 2022);
	size_t size;
	cr_assert(r->expected_bytes == 4 * 2092u, "%zu", r->expected_bytes);
	uint8_t *got = rig_load(r, index_name, &size);
	cr_assert(size == sizeof index && memcmp(got, index, size) == 0);
	free(got);
	got = rig_load(r, time_name, &size);
	cr_assert(size == sizeof times && memcmp(got, times, size) == 0);
	free(got);
	rig_destroy(r);
}

static struct rig *many_segments(void)
{
	struct rig *r = rig_create();
	r->options.segment_bytes = 10000;
	cr_assert(rig_open(r, 0, false));
	for (unsigned i = 0; i < 40; i++) {
		rig_append(r, 1, 900, ACK_DURABLE);
		rig_drain(r);
	}
	cr_assert(r->stats.value[STAT_log_rolls] == 3);
	return r;
}

Test(recover, segments_are_rolled_sealed_and_read_across)
{
	struct rig *r = many_segments();
	rig_check_content(r);
	cr_assert(log_recovery_point(r->log) == 40);
	size_t size;
	cr_assert(rig_has(r, "00000000000000000010.log"));
	uint8_t *log = rig_load(r, "00000000000000000010.log", &size);
	cr_assert(size <= 10000 && memcmp(log, r->expected + size, size) == 0);
	free(log);
	cr_assert(!rig_has(r, "next.log.tmp") || r->log);
	rig_finish(r);
	cr_assert(!rig_has(r, "next.log.tmp"));
	cr_assert(rig_open(r, 40, true));
	cr_assert(r->found.segments == 4 && r->found.batches_scanned <= 10);
	rig_check_content(r);
	rig_append(r, 1, 900, ACK_DURABLE);
	rig_drain(r);
	rig_check_content(r);
	rig_destroy(r);
}

/* By their time indexes, which are all that is read of them. */
Test(recover, the_largest_time_may_lie_in_a_segment_that_is_believed)
{
	struct rig *r = rig_create();
	r->options.segment_bytes = 10000;
	cr_assert(rig_open(r, 0, false));
	for (unsigned i = 0; i < 40; i++) {
		r->time_ms = 1000000 + (i == 5 ? 1000 : i);
		rig_append(r, 1, 900, ACK_DURABLE);
		rig_drain(r);
	}
	cr_assert(rig_marks(r).max_timestamp_offset == 5);
	rig_finish(r);
	for (unsigned is_clean = 0; is_clean < 2; is_clean++) {
		cr_assert(rig_open(r, 40, is_clean) && r->found.batches_scanned <= 10);
		cr_assert(rig_marks(r).max_timestamp == 1001000);
		cr_assert(rig_marks(r).max_timestamp_offset == 5);
		rig_finish(r);
	}
	rig_destroy(r);
}

Test(recover, a_killed_log_comes_back_whole)
{
	struct rig *r = many_segments();
	rig_abandon(r);
	rig_store(r, "next.log.tmp", "left over", 9);
	/* The roll at the end of the log had come so far. */
	rig_store(r, "00000000000000000040.index", "orphan", 6);
	reopen(r);
	cr_assert(!r->found.is_corrupt && r->found.message[0] == '\0', "%s", r->found.message);
	cr_assert(rig_marks(r).high_watermark == 40);
	cr_assert(!rig_has(r, "next.log.tmp") && !rig_has(r, "00000000000000000040.index"));
	rig_check_content(r);
	rig_destroy(r);
}

Test(recover, damage_before_the_last_segment_is_corruption)
{
	struct rig *r = many_segments();
	rig_finish(r);
	size_t size;
	uint8_t *log = rig_load(r, "00000000000000000010.log", &size);
	log[size - 5] ^= 1;
	rig_store(r, "00000000000000000010.log", log, size);
	free(log);
	forget_mark(r);
	reopen(r);
	cr_assert(r->found.is_corrupt && rig_marks(r).high_watermark == 19, "%s",
		  r->found.message);
	cr_assert(rig_has(r, "00000000000000000020.log"), "later segments stay where they are");
	rig_destroy(r);
}

static void remove_file(const struct rig *r, const char *name)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s", r->directory, name);
	cr_assert(remove(path) == 0);
}

Test(recover, a_first_segment_that_is_gone_does_not_move_the_start)
{
	struct rig *r = many_segments();
	rig_finish(r);
	remove_file(r, "00000000000000000000.log");
	remove_file(r, "00000000000000000000.index");
	remove_file(r, "00000000000000000000.timeindex");
	r->log_start_offset = 0;
	for (unsigned start = 0; start < 2; start++) {
		cr_assert(rig_open(r, 40, true));
		cr_assert(r->found.is_corrupt && r->found.fault == -ENODATA);
		cr_assert(strstr(r->found.message, "offsets 0 to 9 are missing"), "%s",
			  r->found.message);
		struct log_marks marks = rig_marks(r);
		cr_assert(marks.is_fenced && marks.fence_error == -ENODATA);
		cr_assert(marks.log_start_offset == 0 && marks.high_watermark == 40);
		struct read_msg read = rig_read(r, 9, 4, 1 << 20);
		cr_assert(read.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
		chain_give(&read.bytes);
		read = rig_read(r, 10, 4, 1 << 20);
		cr_assert(read.error == 0 && read.bytes.size > 0);
		chain_give(&read.bytes);
		rig_finish(r);
	}
	r->log_start_offset = 10;
	cr_assert(rig_open(r, 40, true));
	cr_assert(!r->found.is_corrupt && rig_marks(r).log_start_offset == 10);
	rig_destroy(r);
}

/* Nobody moves a start beyond what is durable: one that lies behind the end, or a log that was
 * cut, is for an operator, and what is there can be read. */
Test(recover, a_log_that_does_not_reach_its_start_has_lost_records)
{
	struct rig *r = many_segments();
	rig_finish(r);
	rig_forget_marks(r);
	r->log_start_offset = 41;
	for (unsigned start = 0; start < 2; start++) {
		cr_assert(rig_open(r, 0, start == 0));
		cr_assert(r->found.is_corrupt && r->found.fault == -ENODATA);
		cr_assert(strstr(r->found.message, "log-start-offset-checkpoint"), "%s",
			  r->found.message);
		struct log_marks marks = rig_marks(r);
		cr_assert(marks.is_fenced && marks.log_start_offset == 0);
		struct read_msg read = rig_read(r, 5, 4, 1 << 20);
		cr_assert(read.error == 0 && read.bytes.size > 0);
		chain_give(&read.bytes);
		rig_finish(r);
		rig_forget_marks(r);
	}
	r->log_start_offset = 40;
	cr_assert(rig_open(r, 0, false));
	cr_assert(!r->found.is_corrupt && rig_marks(r).log_start_offset == 40);
	rig_destroy(r);
}

Test(recover, a_start_within_a_segment_is_kept_and_below_it_no_tail_is_torn)
{
	struct rig *r = many_segments();
	rig_finish(r);
	rig_forget_marks(r);
	r->log_start_offset = 37;
	cr_assert(rig_open(r, 0, false));
	struct log_marks marks = rig_marks(r);
	cr_assert(!r->found.is_corrupt && marks.log_start_offset == 37);
	cr_assert(marks.log_end_offset == 40);
	struct read_msg read = rig_read(r, 36, 4, 1 << 20);
	cr_assert(read.error == KAFKA_ERROR_OFFSET_OUT_OF_RANGE);
	chain_give(&read.bytes);
	rig_finish(r);
	rig_forget_marks(r);
	size_t size;
	uint8_t *log = rig_load(r, "00000000000000000030.log", &size);
	log[size / 2 + 100] ^= 1;
	rig_store(r, "00000000000000000030.log", log, size);
	free(log);
	cr_assert(rig_open(r, 0, false));
	cr_assert(r->found.is_corrupt && r->found.fault == -EBADMSG, "not cut as a torn tail");
	rig_destroy(r);
}

Test(recover, a_segment_missing_in_between_is_corruption)
{
	struct rig *r = many_segments();
	rig_finish(r);
	char path[256];
	snprintf(path, sizeof path, "%s/00000000000000000020.log", r->directory);
	cr_assert(remove(path) == 0);
	forget_mark(r);
	reopen(r);
	cr_assert(r->found.is_corrupt && rig_marks(r).high_watermark == 20, "%s",
		  r->found.message);
	cr_assert(r->found.fault == -ENODATA);
	rig_destroy(r);
}
