/* test_producer_id_file.c - blocks of producer ids out of a file, on the simulator's disk: the
 * process or the power goes at every call, the file is lost or damaged, the disk is full; no id is
 * taken twice. */
#include "control/catalog/producer_id_file.h"
#include "config/bounds.h"
#include "dataplane/base/crc32c.h"
#include "dataplane/store/log_dir.h"
#include "tests/sim/sim_disk.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define DIRECTORY "/log"
#define FILE_PATH DIRECTORY "/" PRODUCER_ID_FILE_NAME

enum { OUTCOMES = 40, COUNT = 1000, START_MS = 1000 };

static struct world w;
static struct log_dir dir;
static struct producer_id_file file;

static void start(void)
{
	int error;
	sim_fs_set_faults(w.fs, &(struct sim_disk_faults){0});
	dir = (struct log_dir){.path = DIRECTORY, .disk = disk_create("control", &error)};
	file = (struct producer_id_file){.dir = &dir};
}

static void begin(uint64_t outcome)
{
	w = (struct world){.rng = {outcome}, .now_ns = START_MS * NS_PER_MS};
	sim_set_world(&w);
	w.fs = sim_fs_create(&(struct sim_disk_faults){0});
	sim_fs_make_directory(w.fs, DIRECTORY);
	start();
}

static void end(void)
{
	sim_fs_destroy(w.fs);
}

/* And time goes on, as long as it does between two blocks at least. */
static void start_again(bool is_power_lost)
{
	sim_fs_crash(w.fs, is_power_lost);
	w.now_ns += PRODUCER_ID_BLOCK_PAUSE_MS * NS_PER_MS;
	start();
}

static int64_t take(void)
{
	int64_t first;
	int error = producer_id_file_take(&file, COUNT, &first);
	cr_assert(error == 0, "%s", strerror(-error));
	return first;
}

static void write_file(const void *bytes, size_t size)
{
	cr_assert(disk_replace_file(dir.disk, DIRECTORY, PRODUCER_ID_FILE_NAME, bytes, size) == 0);
}

Test(producer_id_file, a_block_begins_where_the_last_one_ended_and_so_it_is_after_a_start)
{
	begin(1);
	int64_t first = take();
	cr_assert(first == (int64_t)START_MS * PRODUCER_IDS_A_MS);
	cr_assert(strstr(file.note, "is not there"), "%s", file.note);
	cr_assert(take() == first + COUNT);
	start_again(true);
	cr_assert(take() == first + 2 * COUNT && file.note[0] == '\0', "%s", file.note);
	end();
}

/* The n-th call on the disk, and all behind it, fail; then the process or the power goes. */
static bool dies_at(unsigned call, uint64_t outcome, bool is_power_lost)
{
	int64_t given, first;
	begin(outcome);
	given = take() + COUNT;
	sim_fs_set_control_faults(w.fs, &(struct sim_control_faults){.dead_at = call});
	int error = producer_id_file_take(&file, COUNT, &first);
	cr_assert(error || first == given);
	start_again(is_power_lost);
	given += error ? 0 : COUNT;
	first = take();
	cr_assert(first >= given && first <= given + COUNT, "call %u, outcome %lu: %ld after %ld",
		  call, outcome, first, given);
	cr_assert(file.note[0] == '\0', "%s", file.note);
	end();
	return error != 0;
}

Test(producer_id_file, no_id_is_taken_twice_whatever_crashes_between_any_two_steps)
{
	bool has_died = true;
	for (unsigned call = 1; has_died; call++) {
		for (uint64_t outcome = 1; outcome <= OUTCOMES; outcome++) {
			has_died = dies_at(call, outcome, false);
			has_died |= dies_at(call, outcome, true);
		}
		cr_assert(call < 20);
	}
}

/* The first take makes the file; there is none to fall back on. */
Test(producer_id_file, the_first_block_of_a_directory_is_taken_once_as_well)
{
	for (uint64_t outcome = 1; outcome <= OUTCOMES; outcome++) {
		begin(outcome);
		int64_t first = take();
		start_again(true);
		cr_assert(take() == first + COUNT);
		end();
	}
}

/* Behind what was given, and from there on as ever; returns where it stands. */
static int64_t check_goes_on_beyond(int64_t given, const char *why)
{
	int64_t first = take();
	cr_assert(first >= given, "%ld after %ld", first, given);
	cr_assert(strstr(file.note, why), "%s", file.note);
	start_again(true);
	cr_assert(take() == first + COUNT);
	return first + 2 * COUNT;
}

/* Blocks as fast as they are granted, from the first moment on. */
Test(producer_id_file, a_file_that_is_lost_costs_no_id_its_owner)
{
	enum { BLOCKS = 50 };
	begin(1);
	for (unsigned i = 0; i < BLOCKS; i++) {
		int64_t given = 0;
		for (unsigned block = 0; block <= i; block++) {
			given = take() + COUNT;
			w.now_ns += PRODUCER_ID_BLOCK_PAUSE_MS * NS_PER_MS;
		}
		cr_assert(disk_remove_file(dir.disk, FILE_PATH) == 0);
		start();
		check_goes_on_beyond(given, "is not there");
		w.now_ns += PRODUCER_ID_BLOCK_PAUSE_MS * NS_PER_MS;
	}
	end();
}

Test(producer_id_file, a_file_of_which_a_byte_is_wrong_or_missing_is_not_believed)
{
	size_t size;
	begin(1);
	int64_t given = take() + COUNT;
	const uint8_t *now = sim_fs_read(w.fs, FILE_PATH, &size);
	uint8_t good[64], bad[64];
	cr_assert(size < sizeof good);
	memcpy(good, now, size);
	for (size_t at = 0; at < 2 * size; at++) {
		memcpy(bad, good, size);
		bad[at % size] ^= 1 + (uint8_t)at;
		write_file(bad, at < size ? size : at - size);
		start_again(false);
		given = check_goes_on_beyond(given, "is damaged");
	}
	end();
}

/* A number that is right to the byte and would leave no ids. */
Test(producer_id_file, a_number_near_the_largest_is_not_believed)
{
	char text[64];
	begin(1);
	int size = snprintf(text, sizeof text, "0\n%ld\n", INT64_MAX - COUNT);
	size += snprintf(text + size, sizeof text - (size_t)size, "%08x\n",
			 crc32c(text, (size_t)size));
	write_file(text, (size_t)size);
	check_goes_on_beyond((int64_t)START_MS * PRODUCER_IDS_A_MS, "is damaged");
	end();
}

Test(producer_id_file, on_a_full_disk_nobody_has_the_block_and_the_next_try_is_for_the_same)
{
	int64_t first;
	begin(1);
	int64_t given = take() + COUNT;
	sim_fs_set_control_faults(w.fs, &(struct sim_control_faults){
						.fail_at = 1, .failures = 2, .is_full = true});
	cr_assert(producer_id_file_take(&file, COUNT, &first) == -ENOSPC);
	sim_fs_set_control_faults(w.fs, &(struct sim_control_faults){0});
	cr_assert(take() == given);
	end();
}

Test(producer_id_file, nothing_is_written_into_a_directory_that_was_lost)
{
	int64_t first;
	size_t size;
	begin(1);
	dir.is_lost = true;
	cr_assert(producer_id_file_take(&file, COUNT, &first) == -ESTALE);
	cr_assert(!sim_fs_read(w.fs, FILE_PATH, &size));
	end();
}
