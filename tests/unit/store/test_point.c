/* test_point.c - after a crash the active segment is scanned from behind the recovery point only;
 * what a start has made of it is the same as if all of it had been. */
#include "dataplane/store/log/log_private.h"
#include "tests/unit/store/log/log_rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

/* An index entry for each batch, a snapshot for each tenth. */
enum { BATCHES = 110, VALUE_BYTES = 4200, SEGMENT_BYTES = 700000, POINT = 90 };

static const char index_name[] = "00000000000000000000.index";
static const char time_name[] = "00000000000000000000.timeindex";

static struct rig *rig;
static struct rig_producer producer, early;

static void append(struct rig_producer *by)
{
	rig->producer = by;
	rig_append(rig, 1, VALUE_BYTES, ACK_DURABLE);
	rig_drain(rig);
	for (unsigned i = 0; i < LOG_SNAPSHOTS_APART_MS + 10; i++)
		rig_turn(rig);
	rig_drain(rig);
}

/* Killed; `has_producers`: one wrote in the beginning only. */
static void begin_with(bool has_producers)
{
	producer = (struct rig_producer){.id = 4711};
	early = (struct rig_producer){.id = 1};
	rig = rig_create();
	rig->options.segment_bytes = SEGMENT_BYTES;
	cr_assert(rig_open(rig, 0, false));
	for (unsigned i = 0; i < BATCHES; i++)
		append(!has_producers ? NULL : i == 1 ? &early : &producer);
	rig_abandon(rig);
}

static void begin(void)
{
	begin_with(true);
}

static void end(void)
{
	rig_destroy(rig);
}

TestSuite(point, .init = begin, .fini = end);

static void start(void)
{
	cr_assert(rig_open(rig, POINT, false) && !rig->found.is_corrupt, "%s",
		  rig->found.message);
	rig->producer = &producer;
}

static bool scans_little(void)
{
	return rig->found.batches_scanned < BATCHES / 2;
}

/* All of it, as it was appended; and each producer known. */
static void check(void)
{
	rig_check_content(rig);
	cr_assert(rig_marks(rig).log_end_offset == BATCHES);
	cr_assert(rig_marks(rig).max_timestamp_offset == BATCHES - 1);
	early.sequence = 0;
	rig->producer = &early;
	const struct append_msg *a = rig_append(rig, 1, VALUE_BYTES, ACK_DURABLE);
	rig_drain(rig);
	cr_assert(a->is_duplicate && a->base_offset == 1);
	producer.sequence = BATCHES - 1 - 5;
	rig->producer = &producer;
	a = rig_append(rig, 1, VALUE_BYTES, ACK_DURABLE);
	rig_drain(rig);
	cr_assert(a->is_duplicate && a->base_offset == BATCHES - 5);
}

/* The indexes that a scan of everything makes, and those of this start. */
static void check_indexes(void)
{
	static const char *const names[] = {index_name, time_name};
	size_t size[2], all;
	uint8_t *file[2];
	rig_finish(rig);
	for (unsigned f = 0; f < array_len(names); f++)
		file[f] = rig_load(rig, names[f], &size[f]);
	cr_assert(rig_open(rig, 0, false) && rig->found.batches_scanned == BATCHES);
	rig_finish(rig);
	for (unsigned f = 0; f < array_len(names); f++) {
		uint8_t *anew = rig_load(rig, names[f], &all);
		cr_assert(all == size[f] && memcmp(anew, file[f], all) == 0, "%s", names[f]);
		free(anew);
		free(file[f]);
	}
}

Test(point, what_lies_below_it_is_not_scanned)
{
	start();
	cr_assert(scans_little(), "%llu", (unsigned long long)rig->found.batches_scanned);
	check();
	check_indexes();
}

Test(point, a_log_without_producers_says_so_in_a_snapshot)
{
	end();
	begin_with(false);
	start();
	cr_assert(scans_little());
	rig_check_content(rig);
	check_indexes();
}

/* Blocks of an index that were never written, or not whole. */
Test(point, entries_that_do_not_rise_are_made_anew)
{
	for (unsigned of_time = 0; of_time < 2; of_time++) {
		const char *name = of_time ? time_name : index_name;
		unsigned entry_bytes = of_time ? INDEX_TIME_ENTRY_BYTES : INDEX_ENTRY_BYTES;
		for (unsigned from = 0; from < 64; from += 21) {
			size_t size;
			uint8_t *file = rig_load(rig, name, &size);
			cr_assert(size / entry_bytes >= 64);
			memset(file + (size_t)from * entry_bytes, 0, 3 * entry_bytes);
			rig_store(rig, name, file, size);
			free(file);
			start();
			cr_assert(rig->found.batches_scanned >= BATCHES - 1 - from);
			rig_check_content(rig);
			cr_assert(rig_marks(rig).max_timestamp_offset == BATCHES - 1);
			check_indexes();
		}
	}
	start();
	check();
}

Test(point, an_index_that_leads_to_no_batch_is_not_believed)
{
	size_t size;
	uint8_t *file = rig_load(rig, index_name, &size);
	for (size_t at = 7; at < size; at += INDEX_ENTRY_BYTES)
		file[at] ^= 1; /* of positions; they rise as before */
	rig_store(rig, index_name, file, size);
	free(file);
	start();
	cr_assert(rig->found.batches_scanned == BATCHES);
	check();
	check_indexes();
}

Test(point, without_indexes_all_is_scanned)
{
	rig_store(rig, index_name, "", 0);
	start();
	cr_assert(rig->found.batches_scanned == BATCHES);
	check();
	check_indexes();
}

static void damage_snapshots(void)
{
	char name[64];
	for (unsigned offset = 0; offset <= BATCHES; offset++) {
		snprintf(name, sizeof name, "%020u.snapshot", offset);
		if (rig_has(rig, name))
			rig_store(rig, name, "nonsense", 8);
	}
}

/* By the headers of what is not scanned. */
Test(point, snapshots_that_are_damaged_lose_no_producer)
{
	damage_snapshots();
	start();
	cr_assert(scans_little());
	check();
}

/* No time entry but the first says so, and all of them are there. */
Test(point, times_that_do_not_rise_are_no_reason_to_scan_more)
{
	end();
	rig = rig_create();
	rig->options.segment_bytes = SEGMENT_BYTES;
	cr_assert(rig_open(rig, 0, false));
	for (unsigned i = 0; i < BATCHES; i++) {
		rig->time_ms = 1000000 + (i == 3);
		append(NULL);
	}
	rig_abandon(rig);
	start();
	cr_assert(scans_little());
	cr_assert(rig_marks(rig).max_timestamp_offset == 3);
	check_indexes();
}

/* A start writes one of the end that it finds, and the indexes, and syncs all of it only then. */
Test(point, a_snapshot_of_the_point_itself_is_not_gone_on_from)
{
	char name[64];
	start();
	uint64_t scanned = rig->found.batches_scanned;
	end();
	begin();
	snprintf(name, sizeof name, "%020u.snapshot", POINT);
	cr_assert(!rig_has(rig, name));
	rig_store(rig, name, "nonsense", 8);
	start();
	cr_assert(scans_little() && rig->found.batches_scanned == scanned, "%llu, %llu",
		  (unsigned long long)rig->found.batches_scanned, (unsigned long long)scanned);
	check();
}

/* What lies below is believed, as of sealed segments; what lies behind is not. */
Test(point, damage_behind_it_is_found)
{
	size_t size;
	uint8_t *file = rig_load(rig, "00000000000000000000.log", &size);
	file[rig->expected_bytes / BATCHES * (POINT + 5) + 100] ^= 1;
	rig_store(rig, "00000000000000000000.log", file, size);
	free(file);
	rig_forget_marks(rig);
	cr_assert(rig_open(rig, POINT, false) && !rig->found.is_corrupt);
	cr_assert(rig_marks(rig).log_end_offset == POINT + 5);
	rig->expected_bytes = 0;
}

Test(point, a_log_that_ends_before_it_has_lost_records)
{
	size_t size;
	uint8_t *file = rig_load(rig, "00000000000000000000.log", &size);
	rig_store(rig, "00000000000000000000.log", file,
		  rig->expected_bytes / BATCHES * (POINT - 1));
	free(file);
	cr_assert(rig_open(rig, POINT, false) && rig->found.is_corrupt);
	cr_assert(rig_marks(rig).log_end_offset == POINT - 1);
	rig->expected_bytes = 0;
}
