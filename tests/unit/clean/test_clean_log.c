/* test_clean_log.c - a log that is compacted while it is served: files, readers, calls that fail,
 * on a disk that completes when and how the test says. */
#include "dataplane/base/clock.h"
#include "dataplane/clean/clean_write.h"
#include "dataplane/store/log/log_damage.h"
#include "tests/unit/clean/clean_log_rig.h"
#include "tests/unit/store/cut_watch.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

TestSuite(clean_log, .init = trial_begin, .fini = trial_end, .timeout = 100);

/* ---- all goes well --------------------------------------------------------------------- */

Test(clean_log, of_each_key_the_last_record_stays_and_segments_become_one)
{
	trial_append(4 * OF_SEGMENT + 3, KEYS);
	uint64_t size = rig_marks(trial).size_bytes;
	cr_assert(trial_clean(0, FIRST_MS) == 1 && trial_round.map_end == 4 * OF_SEGMENT);
	cr_assert(trial->log->segments.count == 2 &&
		  segment_ring_at(&trial->log->segments, 0)->size < size / 4);
	uint64_t gone = trial->stats.value[STAT_log_bytes_compacted];
	uint64_t left = trial->stats.value[STAT_log_bytes_compacted_to];
	cr_assert(rig_marks(trial).size_bytes == size - gone + left);
	trial_check(0, 4 * OF_SEGMENT);
	for (int64_t base = 0; base < 4 * OF_SEGMENT; base += OF_SEGMENT)
		cr_assert(trial_count_files(base, ".deleted") == 3);
	cr_assert(trial_count_files(0, "") == 3 && trial_count_files(OF_SEGMENT, "") == 0);
	cr_assert(trial_count_unfinished() == 0);
	trial_pass_s(DELAY_S + 6);
	for (int64_t base = 0; base < 4 * OF_SEGMENT; base += OF_SEGMENT)
		cr_assert(trial_count_files(base, ".deleted") == 0);
	trial_check(0, 4 * OF_SEGMENT);
	for (unsigned is_clean = 0; is_clean < 2; is_clean++) {
		trial_restart(is_clean);
		trial_check(0, 4 * OF_SEGMENT);
	}
}

Test(clean_log, what_has_come_since_takes_away_what_was_left_before)
{
	trial_append(3 * OF_SEGMENT, KEYS);
	trial_append(1, KEYS);
	int64_t dirty = 3 * OF_SEGMENT;
	cr_assert(trial_clean(0, FIRST_MS) == 1 && trial_round.map_end == dirty);
	trial_append(3 * OF_SEGMENT, KEYS + 2);
	trial_look(dirty, FIRST_MS);
	struct segments_told t = {.first_dirty = dirty, .now_ms = FIRST_MS};
	log_tell_segments(trial->log, &t);
	cr_assert(t.is_busy && t.clean_bytes > 0 && t.dirty_bytes > 2 * t.clean_bytes);
	trial_pass_s(DELAY_S + 6);
	log_tell_segments(trial->log, &t);
	cr_assert(!t.is_busy);
	cr_assert(trial_clean(dirty, FIRST_MS) == 1);
	trial_check(0, trial_round.map_end);
	trial_restart(false);
	trial_check(0, trial_round.map_end);
	/* Nothing is left to do, and nothing is done. */
	trial_pass_s(DELAY_S + 6);
	cr_assert(trial_clean(trial_round.map_end, FIRST_MS) == 0);
	cr_assert(trial_count_files(0, ".cleaned") == 0);
}

Test(clean_log, a_small_map_takes_several_rounds_and_comes_to_the_same)
{
	enum { MANY = 250 };
	trial_end();
	trial_begin_with(KEY_MAP_BYTES_MIN); /* 153 keys */
	trial_append(MANY, MANY);
	trial_append(OF_SEGMENT * 2, 20);
	int64_t dirty = 0, last;
	unsigned rounds = 0;
	do {
		last = dirty;
		trial_clean(dirty, FIRST_MS);
		dirty = trial_round.map_end;
		trial_check(0, dirty);
		trial_pass_s(DELAY_S + 40);
		rounds++;
	} while (dirty > last && dirty < trial_round.end_offset && rounds < 9);
	cr_assert(rounds == 2 && dirty == trial_round.end_offset, "%u", rounds);
}

/* The log's first record has a later one of its key, and that one has no room in the map: it is
 * there until a round whose map has. */
Test(clean_log, a_map_that_is_full_ends_before_the_batch_that_did_not_fit)
{
	enum { FULL = 153 }; /* keys of the smallest map */
	trial_end();
	trial_begin_with(KEY_MAP_BYTES_MIN);
	for (unsigned i = 0; i < OF_SEGMENT; i++)
		trial_append_key(FULL + (int)i);
	trial_append(FULL + 1, FULL);
	int64_t did_not_fit = trial->append_count;
	trial_append_key(FULL);
	trial_append(2 * OF_SEGMENT, 20);
	trial_clean(OF_SEGMENT, FIRST_MS);
	cr_assert(trial_round.map_end == did_not_fit);
	trial_check(0, did_not_fit);
	trial_pass_s(DELAY_S + 40);
	trial_clean(did_not_fit, FIRST_MS);
	trial_check(0, trial_round.map_end);
}

Test(clean_log, young_records_and_the_active_segment_are_left_alone)
{
	trial_append(3 * OF_SEGMENT + 2, KEYS);
	trial->options.min_compaction_lag_ms = 5000;
	log_alter(trial->log, &trial->options);
	/* The second segment's youngest record is 4.5 seconds old. */
	int64_t now_ms = FIRST_MS + 1000 * (2 * OF_SEGMENT - 1) + 4500;
	trial_look(0, now_ms);
	cr_assert(trial_round.count == 3 && trial_round.young_from == OF_SEGMENT);
	cr_assert(trial_clean(0, now_ms) == 1);
	cr_assert(trial_round.map_end == OF_SEGMENT && trial_count_files(OF_SEGMENT, "") == 3);
	trial_check(0, OF_SEGMENT);
}

Test(clean_log, a_tombstone_goes_with_the_first_round_behind_its_time)
{
	trial_append(OF_SEGMENT, KEYS);
	trial->has_no_value = true;
	trial_append_key(1);
	trial->has_no_value = false;
	int64_t at = trial->append_count - 1;
	for (unsigned i = 0; i < 2 * OF_SEGMENT; i++)
		trial_append_key(2);
	rig_drain(trial);
	cr_assert(trial_clean(0, FIRST_MS) == 1);
	struct record_batch_header h;
	struct record_view record;
	cr_assert(trial_read_one(at, &h, &record) && record_batch_base_offset(&h) == at);
	cr_assert(!record.value.data && clean_horizon(&h) == FIRST_MS + 1000);
	int64_t end_of_map = trial_round.map_end;
	trial_pass_s(DELAY_S + 6);
	cr_assert(trial_clean(end_of_map, FIRST_MS + 999) == 0);
	cr_assert(trial_clean(end_of_map, FIRST_MS + 1000) == 1);
	cr_assert(trial_read_one(at, &h, &record) && record_batch_base_offset(&h) > at);
}

Test(clean_log, the_last_batch_of_a_producer_stays_and_a_start_goes_on_with_it)
{
	struct rig_producer producer = {.id = 77, .epoch = 3};
	trial->producer = &producer;
	trial_append(3, 1);
	trial->producer = NULL;
	trial_append(3 * OF_SEGMENT, 1);
	cr_assert(trial_clean(0, FIRST_MS) == 1);
	struct record_batch_header h;
	struct record_view record;
	cr_assert(trial_read_one(0, &h, &record) && record_batch_base_offset(&h) == 2);
	cr_assert(record_batch_count(&h) == 0 && be64_get(h.producer_id) == 77);
	cr_assert(be32_get(h.base_sequence) == 2 && be16_get(h.producer_epoch) == 3);
	trial_pass_s(DELAY_S + 6);
	/* A day later he is forgotten. */
	trial_round.now_ms = FIRST_MS + INT64_C(86400000) + 5000;
	cr_assert(trial_clean(trial_round.map_end, trial_round.now_ms) == 1);
	cr_assert(trial_read_one(0, &h, &record) && record_batch_base_offset(&h) > 2);
}

/* One run of the first two segments, of whose records none stays: each key comes again in the
 * segment behind them. */
static void prepare_run_without_records(void)
{
	trial_append(2 * OF_SEGMENT, 1);
	trial_append_key(0);
	trial_append(2 * OF_SEGMENT, KEYS);
	trial_look(0, FIRST_MS);
	trial_round.options.segment_bytes = 2 * SEGMENT_BYTES;
	cr_assert(clean_map(trial_tools, &trial_round) == 0);
	cr_assert(clean_run(trial_tools, &trial_round) == 0);
	cr_assert(trial_round.run.count == 2 && trial_round.run.end_offset == 2 * OF_SEGMENT);
}

/* Without it a start that finishes the swap would not know that the second segment is the run's,
 * too. */
Test(clean_log, the_last_batch_of_a_run_stays_and_says_which_segments_the_run_stands_for)
{
	prepare_run_without_records();
	cr_assert(trial_round.run.size == RECORD_BATCH_HEADER_BYTES);
	trial_restart(false);
	cr_assert(trial_count_files(0, "") == 3 && trial_count_files(OF_SEGMENT, "") == 0);
	struct record_batch_header h;
	struct record_view record;
	cr_assert(trial_read_one(0, &h, &record) && record_batch_count(&h) == 0);
	cr_assert(record_batch_last_offset(&h) == 2 * OF_SEGMENT - 1);
	trial_check(2 * OF_SEGMENT, 0);
}

/* ---- readers --------------------------------------------------------------------------- */

/* A turn after which all that waits for the disk but `held` has come. */
static void turn_without(const struct disk_op *held)
{
	rig_turn(trial);
	for (unsigned i = fake_pending(trial->disk); i-- > 0;)
		if (fake_op(trial->disk, i) != held)
			fake_complete(trial->disk, fake_op(trial->disk, i));
}

static bool is_pending(const struct disk_op *op)
{
	for (unsigned i = 0; i < fake_pending(trial->disk); i++)
		if (fake_op(trial->disk, i) == op)
			return true;
	return false;
}

static void swap_without(const struct disk_op *held)
{
	cr_assert(held && log_swap(trial->log, &trial_round.run) == 0);
	for (unsigned turn = 0; turn < 60; turn++)
		turn_without(held);
	cr_assert(log_swap_is_over(trial->log) && trial_count_files(0, "") == 3);
}

/* Of the last batch of the first segment, and of it only that there is one. While the disk reads
 * in that segment another one takes its place; the read stands at the segment's end by then, and
 * the index has nothing more to tell it. */
static void read_across_a_swap(enum log_reading_step step)
{
	trial_append(3 * OF_SEGMENT + 2, 2 * OF_SEGMENT);
	struct read_list list;
	struct read_msg read = {.offset = OF_SEGMENT - 1, .bytes_max = VALUE_BYTES};
	trial_prepare_run();
	read_list_init(&list, 0);
	read_list_add(&list, &read);
	for (unsigned i = 0; i < 8; i++)
		chain_push(&read.bytes, chunk_take(&trial->pool));
	fake_eager(trial->disk, false, 0);
	log_read(trial->log, &read);
	struct disk_op *held = NULL;
	for (unsigned turn = 0; turn < 20 && !held; turn++) {
		rig_turn(trial);
		held = fake_find(trial->disk, DISK_READ);
	}
	swap_without(held);
	struct log_reading *reading = held->owner;
	reading->step = (uint8_t)step;
	reading->position = reading->limit;
	reading->is_led = false;
	reading->has_searched = true;
	reading->start = round_down(reading->position, DISK_BLOCK_BYTES);
	reading->have = 0;
	reading->want = 0;
	fake_eager(trial->disk, true, 1);
	rig_drain(trial);
	struct record_batch_header h;
	cr_assert(read.error == 0 && read.bytes.size > 0);
	chain_copy_out(&read.bytes, 0, &h, sizeof h);
	cr_assert(record_batch_base_offset(&h) == OF_SEGMENT - 1 ||
		  record_batch_base_offset(&h) == OF_SEGMENT);
	cr_assert(rig_marks(trial).damaged_batches == 0);
	chain_give(&read.bytes);
}

Test(clean_log, who_reads_in_a_segment_that_gives_way_misses_nothing_behind_it)
{
	read_across_a_swap(LOG_READING_WALK);
}

Test(clean_log, who_looks_past_damage_does_not_do_so_in_a_segment_that_gave_way)
{
	read_across_a_swap(LOG_READING_LENGTH);
}

static void flip(int64_t base, long at)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%020lld.log", trial->directory, (long long)base);
	FILE *file = fopen(path, "r+b");
	cr_assert(file && fseek(file, at, SEEK_SET) == 0);
	int byte = fgetc(file);
	cr_assert(byte >= 0 && fseek(file, at, SEEK_SET) == 0);
	fputc(byte ^ 4, file);
	fclose(file);
}

/* A damage that was found is that of the file which is gone; the scrub, which read in the second
 * segment, goes on with all of the new one, and finds what is damaged there in the same round. */
Test(clean_log, damage_in_segments_that_gave_way_is_known_no_more_and_the_new_one_is_scrubbed)
{
	trial_end();
	trial_scrub_rate = 1 << 30;
	trial_begin_with(1 << 20);
	struct log_scrub *scrub = &trial->service.scrub;
	trial_append(3 * OF_SEGMENT + 2, KEYS);
	trial_prepare_run();
	fake_eager(trial->disk, false, 0);
	for (unsigned turn = 0; scrub->base_offset <= 0 || !is_pending(&scrub->op); turn++) {
		cr_assert(turn < 200);
		scrub->due_ns = 0;
		if (is_pending(&scrub->op))
			fake_complete(trial->disk, &scrub->op);
		turn_without(&scrub->op);
	}
	log_damage_note(trial->log, OF_SEGMENT, 0, OF_SEGMENT);
	cr_assert(rig_marks(trial).is_damaged);
	swap_without(&scrub->op);
	cr_assert(!rig_marks(trial).is_damaged && rig_marks(trial).damaged_batches == 1);
	flip(0, 5000);
	fake_eager(trial->disk, true, 1);
	uint64_t rounds = trial->stats.value[STAT_scrub_rounds];
	for (unsigned turn = 0; turn < 200; turn++) {
		if (trial->stats.value[STAT_scrub_rounds] > rounds)
			break;
		scrub->due_ns = 0;
		rig_turn(trial);
	}
	cr_assert(rig_marks(trial).is_damaged && rig_marks(trial).damaged_batches == 2);
	cr_assert(rig_marks(trial).damage.base_offset == 0);
	cr_assert(rig_marks(trial).damage.position == 0);
}

Test(clean_log, a_place_in_an_old_file_is_not_looked_for_in_the_new_one)
{
	trial_append(3 * OF_SEGMENT + 2, KEYS);
	struct record_batch_header h;
	struct record_view record;
	/* Cursors stand in every segment. */
	for (int64_t at = 0; at < 3 * OF_SEGMENT; at += 4)
		trial_read_one(at, &h, &record);
	trial_clean(0, FIRST_MS);
	trial_check(0, trial_round.map_end);
	cr_assert(trial->stats.value[STAT_log_index_misled] == 0);
}

/* ---- when it goes wrong ---------------------------------------------------------------- */

Test(clean_log, a_swap_of_segments_that_are_not_there_is_refused_and_undone)
{
	trial_append(3 * OF_SEGMENT + 2, KEYS);
	trial_prepare_run();
	struct segment_swap good = trial_round.run;
	trial_round.run.count--;
	cr_assert(trial_swap() == -ESTALE);
	trial_round.run = good;
	trial_round.run.end_offset++;
	cr_assert(trial_swap() == -ESTALE);
	trial_round.run = good;
	trial_round.run.base_offset++;
	cr_assert(trial_swap() == -ESTALE);
	trial_round.run = good;
	trial_round.run.count += 1;
	trial_round.run.end_offset = 0;
	cr_assert(trial_swap() == -ESTALE, "the active one");
	trial_round.run = good;
	log_delete_records(trial->log, OF_SEGMENT);
	rig_drain(trial);
	cr_assert(trial_swap() == -ESTALE, "retention took the first");
	cr_assert(trial_count_files(0, ".swap") == 3 && clean_undo(trial_tools, &trial_round) == 0);
	cr_assert(trial_count_files(0, ".swap") == 0);
	trial->log_start_offset = OF_SEGMENT;
	trial_check(OF_SEGMENT, 0);
}

Test(clean_log, a_round_that_is_cancelled_at_any_point_leaves_nothing)
{
	trial_append(6 * OF_SEGMENT + 2, 2 * OF_SEGMENT);
	int error = -ECANCELED;
	for (unsigned paces = 1; error; paces++) {
		trial_look(0, FIRST_MS);
		trial_paces_left = paces;
		error = clean_map(trial_tools, &trial_round);
		if (!error)
			error = clean_run(trial_tools, &trial_round);
		cr_assert(error == 0 || error == -ECANCELED);
		cr_assert(!error || trial_count_unfinished() == 0);
		cr_assert(paces < 100);
	}
	trial_paces_left = 0;
	cr_assert(trial_swap() == 0);
	trial_check(0, trial_round.run.end_offset);
}

Test(clean_log, a_call_that_fails_at_any_point_fails_the_round_and_nothing_else)
{
	static const enum disk_kind kinds[] = {DISK_OPEN, DISK_READ, DISK_WRITE, DISK_SYNC,
					       DISK_RENAME};
	trial_append(3 * OF_SEGMENT + 2, KEYS);
	for (unsigned k = 0; k < array_len(kinds); k++) {
		int error = -EIO;
		for (unsigned n = 1; error; n++) {
			trial_look(0, FIRST_MS);
			fake_fail_at(trial->control, kinds[k], n, -EIO);
			error = clean_map(trial_tools, &trial_round);
			if (!error)
				error = clean_run(trial_tools, &trial_round);
			cr_assert(error == 0 || error == -EIO, "%d", error);
				cr_assert(!error || trial_count_unfinished() == 0);
			cr_assert(n < 200);
		}
		fake_fail_at(trial->control, kinds[k], 1000000, 0);
		cr_assert(clean_undo(trial_tools, &trial_round) == 0);
		trial_check(0, 0);
	}
}

/* Not even half of a run: it is looked at with each piece that is written. */
Test(clean_log, no_run_takes_of_what_its_disk_is_to_have_left)
{
	trial_append(3 * OF_SEGMENT + 2, KEYS);
	trial_look(0, FIRST_MS);
	trial_round.kept_bytes = UINT64_MAX;
	cr_assert(clean_map(trial_tools, &trial_round) == 0);
	cr_assert(clean_run(trial_tools, &trial_round) == -ENOSPC);
	cr_assert(trial_count_unfinished() == 0);
	trial_check(0, 0);
	cr_assert(trial_clean(0, FIRST_MS) == 1);
	trial_check(0, trial_round.map_end);
}

/* Of a batch that lies in a run's file again and again only its size counts. */
Test(clean_log, what_is_written_is_synced_before_it_is_much)
{
	trial_append(3 * OF_SEGMENT + 2, KEYS);
	trial_look(0, FIRST_MS);
	size_t size;
	uint8_t *log = rig_load(trial, "00000000000000000000.log", &size);
	struct bytes batch = {log, (size_t)record_batch_bytes(record_batch_header_of(log))};
	cr_assert(clean_write_begin(trial_tools, &trial_round, 0) == 0);
	fake_fail_at(trial->control, DISK_SYNC, 3, -EIO);
	size_t bytes = 0, end = 3 * (size_t)CLEAN_SYNC_BYTES;
	int error = 0;
	for (; error == 0 && bytes < end + CLEAN_WRITE_BYTES; bytes += batch.size)
		error = clean_write(trial_tools, batch);
	cr_assert(error == -EIO && bytes >= end, "%zu", bytes);
	cr_assert(clean_write_end(trial_tools, false) == 0);
	trial_round.run.base_offset = 0;
	cr_assert(clean_undo(trial_tools, &trial_round) == 0);
	free(log);
}

/* A later start would take it for what became of the log since. */
Test(clean_log, what_cannot_be_removed_is_said_to_be_there)
{
	trial_append(3 * OF_SEGMENT + 2, KEYS);
	for (unsigned n = 1; n <= 6; n++) {
		trial_prepare_run();
		fake_fail_at(trial->control, DISK_UNLINK, n, -EIO);
		cr_assert(clean_undo(trial_tools, &trial_round) == -EUCLEAN, "%u", n);
		cr_assert(clean_undo(trial_tools, &trial_round) == 0);
	}
	trial_look(0, FIRST_MS);
	cr_assert(clean_map(trial_tools, &trial_round) == 0);
	fake_fail_at(trial->control, DISK_UNLINK, 1, -EIO);
	trial_paces_left = 1;
	cr_assert(clean_run(trial_tools, &trial_round) == -EUCLEAN);
	trial_paces_left = 0;
}

/* Whole, and given up before that. */
Test(clean_log, a_run_that_goes_is_cut_by_no_name_of_one_that_is_whole)
{
	trial_append(3 * OF_SEGMENT + 2, KEYS);
	trial_prepare_run();
	cut_watch_enlarge(trial->directory, "00000000000000000000.log.swap");
	cut_watch_begin(trial->control);
	cr_assert(clean_undo(trial_tools, &trial_round) == 0);
	cr_assert(cut_watch_end(trial->control) == 2);
	rig_store(trial, "00000000000000000000.log.cleaned", "", 0);
	cut_watch_enlarge(trial->directory, "00000000000000000000.log.cleaned");
	cut_watch_begin(trial->control);
	cr_assert(clean_undo(trial_tools, &trial_round) == 0);
	cr_assert(cut_watch_end(trial->control) == 2 && trial_count_unfinished() == 0);
}

/* A swap that cannot be called otherwise goes as it is. */
Test(clean_log, a_run_without_room_for_its_old_name_goes_at_once)
{
	trial_append(3 * OF_SEGMENT + 2, KEYS);
	trial_prepare_run();
	cut_watch_enlarge(trial->directory, "00000000000000000000.log.swap");
	fake_fail_at(trial->control, DISK_RENAME, 1, -ENOSPC);
	cut_watch_begin(trial->control);
	cr_assert(clean_undo(trial_tools, &trial_round) == 0);
	cr_assert(cut_watch_end(trial->control) == 0 && trial_count_unfinished() == 0);
}

Test(clean_log, a_damaged_batch_ends_the_round)
{
	trial_append(3 * OF_SEGMENT + 2, KEYS);
	size_t size;
	char name[64];
	snprintf(name, sizeof name, "%020d.log", OF_SEGMENT);
	uint8_t *bytes = rig_load(trial, name, &size);
	bytes[size / 2] ^= 1;
	rig_store(trial, name, bytes, size);
	trial_look(0, FIRST_MS);
	cr_assert(clean_map(trial_tools, &trial_round) == -EBADMSG);
	bytes[size / 2] ^= 1;
	rig_store(trial, name, bytes, size);
	free(bytes);
	cr_assert(trial_clean(0, FIRST_MS) == 1);
}
