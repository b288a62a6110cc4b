/* test_clean_swap.c - a swap that a stop left in the middle: what the next start makes of it. */
#include "tests/unit/clean/clean_log_rig.h"
#include "tests/unit/store/cut_watch.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

TestSuite(clean_swap, .init = trial_begin, .fini = trial_end, .timeout = 100);

/* The process ends behind the swap's n-th call; the next start has it all, under one name. */
Test(clean_swap, a_stop_at_any_point_of_a_swap_is_brought_to_its_end_by_the_next_start)
{
	bool is_over = false;
	for (unsigned calls = 0; !is_over; calls++) {
		if (calls > 0) {
			trial_end();
			trial_begin();
		}
		trial_append(3 * OF_SEGMENT + 2, KEYS);
		trial_prepare_run();
		fake_eager(trial->disk, false, 0);
		cr_assert(log_swap(trial->log, &trial_round.run) == 0);
		unsigned left = calls;
		for (unsigned turn = 0; turn < 60; turn++) {
			rig_turn(trial);
			while (left > 0 && fake_pending(trial->disk) > 0) {
				unsigned last = fake_pending(trial->disk) - 1;
				struct disk_op *op = fake_op(trial->disk, calls % 2 ? 0 : last);
				left -= op->kind == DISK_RENAME || op->kind == DISK_SYNC;
				fake_complete(trial->disk, op);
			}
		}
		is_over = log_swap_is_over(trial->log);
		cr_assert(calls < 100);
		/* What waits was never done. */
		while (fake_pending(trial->disk) > 0)
			fake_fail(trial->disk, fake_op(trial->disk, 0), -EIO);
		trial_restart(false);
		cr_assert(trial_count_files(0, "") == 3, "%u", calls);
		cr_assert(trial_count_files(0, ".swap") == 0, "%u", calls);
		cr_assert(trial_count_files(OF_SEGMENT, "") == 0);
		cr_assert(trial_count_files(2 * OF_SEGMENT, "") == 0);
		cr_assert(trial_count_files(0, ".deleted") == 0);
		trial_check(0, trial_round.map_end);
	}
}

/* Every mixture of names that the cleaner's own part can be left in. */
Test(clean_swap, what_is_not_whole_goes_and_what_is_gets_its_place)
{
	static const char *const files[] = {".index", ".timeindex", ".log"};
	for (unsigned renamed = 0; renamed <= 3; renamed++)
		for (unsigned missing = 0; missing < 8; missing++) {
			trial_end();
			trial_begin();
			trial_append(3 * OF_SEGMENT + 2, KEYS);
			trial_prepare_run();
			for (unsigned f = 0; f < array_len(files); f++) {
				char from[256], to[256];
				snprintf(from, sizeof from, "%s/%020d%s.swap", trial->directory, 0,
					 files[f]);
				snprintf(to, sizeof to, "%s/%020d%s.cleaned", trial->directory, 0,
					 files[f]);
				if (f >= renamed)
					cr_assert(rename(from, to) == 0);
				if (missing & 1u << f && (f < 2 || renamed < 3)) {
					unlink(from);
					unlink(to);
				}
			}
			trial_restart(false);
			bool is_whole = renamed == 3;
			cr_assert((trial_count_files(OF_SEGMENT, "") == 0) == is_whole, "%u %u",
				  renamed, missing);
			cr_assert(trial_count_files(0, "") == 3);
			cr_assert(trial_count_unfinished() == 0);
			trial_check(0, is_whole ? trial_round.map_end : 0);
		}
}

static void rename_file(int64_t base, const char *from_ending, const char *to_ending)
{
	char from[256], to[256];
	snprintf(from, sizeof from, "%s/%020lld%s", trial->directory, (long long)base, from_ending);
	snprintf(to, sizeof to, "%s/%020lld%s", trial->directory, (long long)base, to_ending);
	cr_assert(rename(from, to) == 0);
}

/* Those that Kafka made of one segment have their names from the last to the first. */
Test(clean_swap, a_swap_goes_that_has_its_name_while_one_before_it_has_not)
{
	trial_append(4 * OF_SEGMENT + 3, KEYS);
	trial_look(0, FIRST_MS);
	trial_round.options.segment_bytes = 2 * SEGMENT_BYTES;
	cr_assert(clean_map(trial_tools, &trial_round) == 0);
	for (unsigned i = 0; i < 2; i++)
		cr_assert(clean_run(trial_tools, &trial_round) == 0 && trial_round.run.count == 2);
	cr_assert(trial_count_files(2 * OF_SEGMENT, ".swap") == 3);
	rename_file(0, ".log.swap", ".log.cleaned");
	trial_restart(false);
	for (int64_t base = 0; base < 4 * OF_SEGMENT; base += OF_SEGMENT) {
		cr_assert(trial_count_files(base, "") == 3);
		cr_assert(trial_count_files(base, ".swap") == 0);
	}
	cr_assert(trial_count_unfinished() == 0);
	trial_check(0, 0);
}

/* A stop when those that the swap stands for have gone, and the .log file is in place. Its indexes
 * are not, or one of them is not: what lies under their names is the old file's. */
static void stop_in_the_middle(bool has_times)
{
	rig_abandon(trial);
	rename_file(0, ".log.swap", ".log");
	if (has_times)
		rename_file(0, ".timeindex.swap", ".timeindex");
	for (int64_t base = OF_SEGMENT; base < trial_round.run.end_offset; base += OF_SEGMENT)
		for (unsigned f = 0; f < SEGMENT_FILES; f++) {
			char path[FILE_PATH_BYTES_MAX];
			segment_path(path, sizeof path, trial->directory, base, f);
			cr_assert(unlink(path) == 0);
		}
	cr_assert(rig_open(trial, trial->append_count, true) && !trial->found.is_corrupt, "%s",
		  trial->found.message);
	cr_assert(trial_count_files(0, ".swap") == 0 && trial_count_files(0, "") == 3);
	cr_assert(segment_ring_at(&trial->log->segments, 0)->index_entries > 0);
	trial_check(0, trial_round.map_end);
	cr_assert(trial->stats.value[STAT_log_index_misled] == 0);
}

Test(clean_swap, an_index_of_the_file_before_is_not_taken_for_the_new_ones)
{
	trial_append(3 * OF_SEGMENT + 2, KEYS);
	trial_prepare_run();
	stop_in_the_middle(false);
}

Test(clean_swap, one_of_two_indexes_is_not_believed_with_the_other_one_empty)
{
	trial_append(3 * OF_SEGMENT + 2, KEYS);
	trial_prepare_run();
	stop_in_the_middle(true);
}

/* It had no entry, since there was one batch in its file. */
Test(clean_swap, an_empty_index_of_the_file_before_is_not_believed_with_the_new_times)
{
	trial_append(OF_SEGMENT + 1, 1);
	cr_assert(trial_clean(0, FIRST_MS) == 1);
	trial_pass_s(DELAY_S + 6);
	cr_assert(segment_ring_at(&trial->log->segments, 0)->index_entries == 0);
	trial_append(3 * OF_SEGMENT, KEYS);
	trial_prepare_run();
	stop_in_the_middle(true);
}

Test(clean_swap, a_damaged_swap_is_said_and_nothing_is_touched)
{
	trial_append(3 * OF_SEGMENT + 2, KEYS);
	trial_prepare_run();
	char name[64], path[256];
	snprintf(name, sizeof name, "%020d.log.swap", 0);
	snprintf(path, sizeof path, "%s/%s", trial->directory, name);
	rig_abandon(trial);
	cr_assert(truncate(path, (off_t)(trial_round.run.size - 1)) == 0);
	cr_assert(!rig_open(trial, 0, false) && strstr(trial->found.message, name), "%s",
		  trial->found.message);
	cr_assert(trial_count_files(0, "") == 3 && trial_count_files(OF_SEGMENT, "") == 3);
	cr_assert(unlink(path) == 0 && rig_open(trial, 0, false));
	trial_check(0, 0);
}

/* The one whose name it gets as well. */
Test(clean_swap, those_that_a_swap_stands_for_are_cut_by_no_name_of_a_segment)
{
	trial_append(3 * OF_SEGMENT + 2, KEYS);
	trial_prepare_run();
	cr_assert(trial_round.run.count == 3);
	rig_abandon(trial);
	for (int64_t base = 0; base < 3 * OF_SEGMENT; base += OF_SEGMENT) {
		char name[64];
		snprintf(name, sizeof name, "%020lld.log", (long long)base);
		cut_watch_enlarge(trial->directory, name);
	}
	cut_watch_begin(trial->control);
	cr_assert(rig_open(trial, 0, false) && !trial->found.is_corrupt, "%s",
		  trial->found.message);
	cr_assert(cut_watch_end(trial->control) == 3 * 2);
	cr_assert(trial_count_files(0, "") == 3 && trial_count_files(OF_SEGMENT, "") == 0);
	for (int64_t base = 0; base < 3 * OF_SEGMENT; base += OF_SEGMENT)
		cr_assert(trial_count_files(base, ".deleted") == 0);
	trial_check(0, trial_round.map_end);
}
