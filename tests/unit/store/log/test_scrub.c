/* test_scrub.c - sealed segments are read in the background, at their rate, while there is nothing
 * else to do; what is damaged there is found without anybody reading it. */
#include "dataplane/base/clock.h"
#include "dataplane/store/log/log_private.h"
#include "dataplane/store/log/log_trim.h"
#include "tests/unit/store/log/log_rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCHES = 120, RECORDS = 2, VALUE_BYTES = 10000, RATE = 4 << 20, TURNS_MAX = 10000 };

static uint64_t stat_of(const struct rig *r, enum stat_id id)
{
	return r->stats.value[id];
}

/* Time stands still while the disk is busy: it is the real one. */
static void turn(struct rig *r)
{
	uint64_t turn_ns = r->turn_ns;
	rig_turn(r);
	r->turn_ns = 0;
	while (disk_outstanding(r->disk) > 0)
		rig_turn(r);
	r->turn_ns = turn_ns;
}

/* A log of several segments of some reads each. */
static struct rig *open_filled(uint32_t rate)
{
	struct rig *r = rig_create();
	r->options.segment_bytes = 600 << 10;
	r->service_options.settings.scrub_bytes_per_second = rate;
	cr_assert(rig_open(r, 0, false));
	for (unsigned i = 0; i < BATCHES; i++) {
		rig_append(r, RECORDS, VALUE_BYTES, ACK_DURABLE);
		rig_drain(r);
	}
	rig_finish(r);
	cr_assert(rig_open(r, BATCHES * RECORDS, true));
	memset(&r->stats, 0, sizeof r->stats);
	cr_assert(r->log->segments.count > 3);
	return r;
}

static void run_round(struct rig *r)
{
	uint64_t before = stat_of(r, STAT_scrub_rounds);
	for (unsigned i = 0; stat_of(r, STAT_scrub_rounds) == before; i++) {
		cr_assert(i < TURNS_MAX);
		turn(r);
	}
}

static uint64_t sealed_bytes(const struct rig *r)
{
	uint64_t bytes = 0;
	for (uint32_t i = 0; i + 1 < r->log->segments.count; i++)
		bytes += segment_ring_at(&r->log->segments, i)->size;
	return bytes;
}

static void flip(const struct rig *r, int64_t base_offset, uint64_t at)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%020lld.log", r->directory, (long long)base_offset);
	FILE *file = fopen(path, "r+b");
	cr_assert(file && fseek(file, (long)at, SEEK_SET) == 0);
	int byte = fgetc(file);
	cr_assert(byte >= 0 && fseek(file, (long)at, SEEK_SET) == 0);
	fputc(byte ^ 4, file);
	fclose(file);
}

static void put(const struct rig *r, int64_t base_offset, uint64_t at, int byte)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%020lld.log", r->directory, (long long)base_offset);
	FILE *file = fopen(path, "r+b");
	cr_assert(file && fseek(file, (long)at, SEEK_SET) == 0 && fputc(byte, file) == byte);
	fclose(file);
}

Test(scrub, reads_all_sealed_segments_at_its_rate_and_finds_nothing_in_sound_ones)
{
	struct rig *r = open_filled(RATE);
	uint64_t begin_ns = r->service.now_ns;
	run_round(r);
	uint64_t took_ns = r->service.now_ns - begin_ns;
	uint64_t bytes = stat_of(r, STAT_scrub_bytes);
	cr_assert(bytes >= sealed_bytes(r) && bytes < sealed_bytes(r) * 5 / 4, "%llu of %llu",
		  (unsigned long long)bytes, (unsigned long long)sealed_bytes(r));
	cr_assert(took_ns > bytes * 1000 / RATE * 900000 && took_ns < bytes * 1000 / RATE * 1300000,
		  "%llu ns", (unsigned long long)took_ns);
	cr_assert(stat_of(r, STAT_batches_damaged) == 0);
	/* The next round is a minute off. */
	for (unsigned i = 0; i < 1000; i++)
		turn(r);
	cr_assert(stat_of(r, STAT_scrub_bytes) == bytes);
	rig_destroy(r);
}

Test(scrub, finds_what_is_damaged_in_each_sealed_segment_and_says_where)
{
	struct rig *r = open_filled(RATE);
	size_t batch = r->expected_bytes / BATCHES;
	for (uint32_t i = 0; i + 1 < r->log->segments.count; i++)
		flip(r, segment_ring_at(&r->log->segments, i)->base_offset,
		     batch * (5 + 2 * i) + (i == 1 ? 16 : 5000));
	run_round(r);
	uint32_t sealed = r->log->segments.count - 1;
	cr_assert(rig_marks(r).damaged_batches == sealed);
	for (uint32_t i = 0; i < sealed; i++) {
		const struct segment *s = segment_ring_at(&r->log->segments, i);
		const struct log_damage *d = &r->log->damages[i];
		cr_assert(d->base_offset == s->base_offset && d->position == batch * (5 + 2 * i) &&
			  d->offset == s->base_offset + RECORDS * (5 + 2 * i));
	}
	cr_assert(stat_of(r, STAT_reads_served) == 0);
	/* Once more, and who reads it: it is known. */
	r->service.scrub.due_ns = 0;
	run_round(r);
	struct read_msg read = rig_read(r, RECORDS * 5, 16, 1 << 20);
	cr_assert(read.error == KAFKA_ERROR_CORRUPT_MESSAGE);
	chain_give(&read.bytes);
	cr_assert(stat_of(r, STAT_batches_damaged) == sealed);
	rig_destroy(r);
}

/* As Kafka's cleaner leaves one of which no record is left. */
Test(scrub, an_empty_segment_is_no_damage)
{
	static const char *const endings[] = {"log", "index", "timeindex"};
	char name[64];
	struct rig *r = open_filled(RATE);
	int64_t second = segment_ring_at(&r->log->segments, 1)->base_offset;
	rig_finish(r);
	for (unsigned i = 0; i < array_len(endings); i++) {
		snprintf(name, sizeof name, "%020lld.%s", (long long)second, endings[i]);
		rig_store(r, name, "", 0);
	}
	r->is_compacted = true;
	cr_assert(rig_open(r, BATCHES * RECORDS, true) && !r->found.is_corrupt, "%s",
		  r->found.message);
	memset(&r->stats, 0, sizeof r->stats);
	run_round(r);
	cr_assert(rig_marks(r).damaged_batches == 0);
	cr_assert(stat_of(r, STAT_scrub_bytes) >= sealed_bytes(r) && sealed_bytes(r) > 0);
	rig_destroy(r);
}

Test(scrub, goes_on_behind_a_batch_whose_crc_is_wrong)
{
	struct rig *r = open_filled(RATE);
	size_t batch = r->expected_bytes / BATCHES;
	for (unsigned i = 0; i < 3; i++)
		flip(r, 0, batch * (2 + 7 * i) + 3000);
	run_round(r);
	cr_assert(rig_marks(r).damaged_batches == 3);
	rig_destroy(r);
}

/* The largest there is, to which nothing can be added. */
Test(scrub, an_offset_beyond_its_segment_is_damage)
{
	struct rig *r = open_filled(RATE);
	size_t batch = r->expected_bytes / BATCHES;
	for (unsigned i = 0; i < 8; i++)
		put(r, 0, batch * 9 + i, i == 0 ? 0x7f : 0xff);
	run_round(r);
	const struct log_damage *d = &r->log->damages[0];
	cr_assert(rig_marks(r).damaged_batches == 1);
	cr_assert(d->position == batch * 9 && d->offset == RECORDS * 9, "%lld at %llu",
		  (long long)d->offset, (unsigned long long)d->position);
	rig_destroy(r);
}

Test(scrub, waits_while_its_core_has_something_else_to_do)
{
	struct rig *r = open_filled(RATE);
	r->service.is_core_busy = true;
	for (unsigned i = 0; i < 1000; i++)
		turn(r);
	cr_assert(stat_of(r, STAT_scrub_bytes) == 0);
	r->service.is_core_busy = false;
	run_round(r);
	cr_assert(stat_of(r, STAT_scrub_bytes) > 0);
	rig_destroy(r);
}

Test(scrub, is_off_when_its_rate_is_0)
{
	struct rig *r = open_filled(0);
	cr_assert(log_scrub_due_ns(&r->service) == UINT64_MAX);
	for (unsigned i = 0; i < 1000; i++)
		turn(r);
	cr_assert(stat_of(r, STAT_scrub_bytes) == 0 && stat_of(r, STAT_scrub_rounds) == 0);
	rig_destroy(r);
}

/* Its files go when it has been read, and with them what was damaged; the round goes on in the next
 * segment. */
Test(scrub, does_not_keep_a_segment_in_its_log_nor_lose_its_files)
{
	struct rig *r = open_filled(RATE);
	const struct segment *first = segment_ring_at(&r->log->segments, 0);
	int64_t second = segment_ring_at(&r->log->segments, 1)->base_offset;
	flip(r, first->base_offset, 5000);
	flip(r, first->base_offset, 300 << 10); /* what the second read brings */
	turn(r);
	cr_assert(rig_marks(r).damaged_batches == 1 && rig_marks(r).is_damaged);
	while (r->service.scrub.segment != first) {
		r->service.scrub.due_ns = 0;
		log_scrub_turn(&r->service);
	}
	log_delete_records(r->log, second);
	log_trim_advance(r->log);
	cr_assert(segment_ring_at(&r->log->segments, 0)->base_offset == second);
	cr_assert(r->service.scrub.segment == first && first->holders == 2);
	run_round(r);
	cr_assert(rig_marks(r).damaged_batches == 1 && !rig_marks(r).is_damaged);
	cr_assert(!rig_marks(r).is_fenced);
	cr_assert(stat_of(r, STAT_scrub_bytes) > sealed_bytes(r));
	r->turn_ns = NS_PER_S;
	for (unsigned i = 0; i < 5; i++)
		turn(r);
	cr_assert(!rig_has(r, "00000000000000000000.log.deleted") && !r->log->deleted_first);
	rig_destroy(r);
}

/* In the middle of a round. */
Test(scrub, lets_go_of_a_log_that_ends)
{
	struct rig *r = open_filled(RATE);
	for (unsigned i = 0; stat_of(r, STAT_scrub_bytes) == 0; i++) {
		cr_assert(i < TURNS_MAX);
		turn(r);
	}
	cr_assert(r->service.scrub.log == r->log);
	log_finish(r->log);
	while (!log_is_finished(r->log))
		turn(r);
	log_release(r->log);
	cr_assert(r->service.scrub.log == NULL);
	run_round(r);
	rig_destroy(r);
}
