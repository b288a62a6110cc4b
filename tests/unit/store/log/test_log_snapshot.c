/* test_log_snapshot.c - what a log knows of its producers after a stop, a crash, damage; and the
 * .snapshot files that it has it from. */
#include "dataplane/store/producer_snapshot.h"
#include "tests/unit/store/log/log_rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

enum { SEGMENT_BYTES = 64 << 10, VALUE_BYTES = 4000 };

static struct rig *rig;
static struct rig_producer producer;

static void open_log(bool is_clean)
{
	cr_assert(rig_open(rig, 0, is_clean), "%s", rig->found.message);
	rig->producer = &producer;
}

static void begin(void)
{
	producer = (struct rig_producer){.id = 4711};
	rig = rig_create();
	rig->options.segment_bytes = SEGMENT_BYTES;
	rig->turn_ns = 0; /* none is written of its growth: test_point.c */
	open_log(false);
}

static void end(void)
{
	rig_destroy(rig);
}

TestSuite(log_snapshot, .init = begin, .fini = end);

static void reopen(bool is_clean)
{
	if (is_clean)
		rig_finish(rig);
	else
		rig_abandon(rig);
	open_log(is_clean);
}

/* Appends until a segment more has been begun. */
static void roll(void)
{
	uint64_t rolls = rig->stats.value[STAT_log_rolls];
	while (rig->stats.value[STAT_log_rolls] == rolls) {
		rig_append(rig, 1, VALUE_BYTES, ACK_DURABLE);
		rig_drain(rig);
	}
}

static void append(unsigned batches)
{
	for (unsigned i = 0; i < batches; i++)
		rig_append(rig, 1, VALUE_BYTES, ACK_DURABLE);
	rig_drain(rig);
}

static struct append_msg *append_sequence(int32_t sequence)
{
	struct append_msg *a;
	int32_t next = producer.sequence;
	producer.sequence = sequence;
	a = rig_append(rig, 1, VALUE_BYTES, ACK_DURABLE);
	producer.sequence = next > producer.sequence ? next : producer.sequence;
	rig_drain(rig);
	return a;
}

static bool is_duplicate(int32_t sequence)
{
	const struct append_msg *a = append_sequence(sequence);
	return a->error == 0 && a->is_duplicate && a->base_offset == sequence;
}

static char *name_of(int64_t offset)
{
	static char name[64];
	snprintf(name, sizeof name, "%020lld.snapshot", (long long)offset);
	return name;
}

/* Offsets of the snapshots that are there, up to the log's end. */
static unsigned snapshots(int64_t *ret)
{
	unsigned n = 0;
	for (int64_t offset = 0; offset <= rig_marks(rig).log_end_offset; offset++)
		if (rig_has(rig, name_of(offset)))
			ret[n++] = offset;
	return n;
}

Test(log_snapshot, a_log_without_a_producer_has_none)
{
	rig->producer = NULL;
	for (unsigned i = 0; i < 3 * SEGMENT_BYTES / VALUE_BYTES; i++)
		rig_append(rig, 1, VALUE_BYTES, ACK_DURABLE);
	rig_drain(rig);
	rig_finish(rig);
	open_log(true);
	int64_t at[64];
	cr_assert(snapshots(at) == 0 && rig->stats.value[STAT_log_snapshots] == 0);
}

Test(log_snapshot, a_roll_writes_one_of_what_is_known_then)
{
	roll();
	int64_t at[64];
	unsigned n = snapshots(at);
	cr_assert(n > 0 && at[n - 1] > log_recovery_point(rig->log) - 3, "the segment is new");
	struct bytes file;
	file.data = rig_load(rig, name_of(at[n - 1]), &file.size);
	struct producer p;
	cr_assert(snapshot_check(file) == 5 && snapshot_entry(file, 4, &p));
	cr_assert(p.id == 4711 && producer_newest(&p)->last_sequence == at[n - 1] - 1);
	cr_assert(producer_newest(&p)->last_offset == at[n - 1] - 1);
	free((void *)file.data);
}

Test(log_snapshot, of_rolls_and_the_end_the_last_three_are_kept)
{
	for (unsigned i = 0; i < 5; i++)
		roll();
	int64_t at[64];
	cr_assert(snapshots(at) == 3);
	append(2);
	reopen(true);
	cr_assert(snapshots(at) == 3);
	cr_assert(at[2] == rig_marks(rig).log_end_offset, "of the end");
	cr_assert(rig->stats.value[STAT_log_snapshots] >= 6);
}

Test(log_snapshot, after_an_orderly_stop_the_last_five_batches_are_known)
{
	append(7);
	reopen(true);
	cr_assert(rig_has(rig, name_of(7)));
	for (int32_t s = 2; s < 7; s++)
		cr_assert(is_duplicate(s), "%d", s);
	cr_assert(append_sequence(1)->error == KAFKA_ERROR_OUT_OF_ORDER_SEQUENCE_NUMBER);
	cr_assert(append_sequence(7)->base_offset == 7);
}

/* Some of them in the snapshot, some behind it. */
Test(log_snapshot, after_a_crash_the_last_five_batches_are_known_across_a_roll)
{
	append(4);
	roll();
	int64_t at[64], point = log_recovery_point(rig->log);
	cr_assert(snapshots(at) > 0 && point > 0);
	rig_append(rig, 1, VALUE_BYTES, ACK_DURABLE);
	rig_drain(rig);
	int32_t end = producer.sequence;
	rig_abandon(rig);
	cr_assert(rig_open(rig, point, false));
	rig->producer = &producer;
	for (int32_t s = end - 5; s < end; s++)
		cr_assert(is_duplicate(s), "%d of %d", s, end);
}

Test(log_snapshot, a_stop_at_which_nothing_was_new_leaves_the_snapshot_as_it_is)
{
	append(3);
	reopen(true);
	reopen(true);
	cr_assert(rig->stats.value[STAT_log_snapshots] == 1 && rig_has(rig, name_of(3)));
	cr_assert(is_duplicate(2));
}

Test(log_snapshot, a_crash_leaves_the_last_five_of_what_was_scanned)
{
	append(7);
	reopen(false);
	for (int32_t s = 2; s < 7; s++)
		cr_assert(is_duplicate(s), "%d", s);
	cr_assert(append_sequence(1)->error == KAFKA_ERROR_OUT_OF_ORDER_SEQUENCE_NUMBER);
	cr_assert(append_sequence(7)->base_offset == 7);
}

/* One that wrote in the first segment only is in no batch that recovery looks at. */
Test(log_snapshot, a_crash_forgets_nobody_who_wrote_long_ago)
{
	struct rig_producer early = {.id = 1};
	rig->producer = &early;
	append(1);
	rig->producer = &producer;
	for (unsigned i = 0; i < 4; i++)
		roll();
	int64_t point = log_recovery_point(rig->log);
	cr_assert(point > 0);
	rig_abandon(rig);
	cr_assert(rig_open(rig, point, false));
	early.sequence = 0;
	rig->producer = &early;
	const struct append_msg *a = rig_append(rig, 1, VALUE_BYTES, ACK_DURABLE);
	rig_drain(rig);
	cr_assert(a->is_duplicate && a->base_offset == 0);
}

static void damage(int64_t offset)
{
	size_t size;
	uint8_t *file = rig_load(rig, name_of(offset), &size);
	file[size - 1] ^= 1;
	rig_store(rig, name_of(offset), file, size);
	free(file);
}

/* One that wrote in a segment that is believed, behind the only snapshot that is good. */
Test(log_snapshot, batches_between_the_snapshot_and_what_is_scanned_count)
{
	struct rig_producer other = {.id = 1};
	int64_t at[64];
	roll();
	rig->producer = &other;
	const struct append_msg *before = rig_append(rig, 1, VALUE_BYTES, ACK_DURABLE);
	rig_drain(rig);
	int64_t offset = before->base_offset;
	rig->producer = &producer;
	roll();
	roll();
	append(2);
	int64_t point = log_recovery_point(rig->log);
	cr_assert(snapshots(at) == 3 && at[0] <= offset && offset < at[1]);
	rig_abandon(rig);
	damage(at[1]);
	damage(at[2]);
	cr_assert(rig_open(rig, point, false));
	other.sequence = 0;
	rig->producer = &other;
	const struct append_msg *again = rig_append(rig, 1, VALUE_BYTES, ACK_DURABLE);
	rig_drain(rig);
	cr_assert(again->is_duplicate && again->base_offset == offset);
}

Test(log_snapshot, a_damaged_one_is_passed_over_and_goes)
{
	roll();
	roll();
	append(3);
	rig_finish(rig);
	int64_t end = producer.sequence, at[64];
	damage(end);
	open_log(true);
	cr_assert(is_duplicate((int32_t)end - 1), "by the one before, and the headers behind");
	rig_finish(rig);
	open_log(true);
	cr_assert(snapshots(at) == 3 && at[2] == end && is_duplicate((int32_t)end - 1));
}

Test(log_snapshot, without_any_the_batches_that_are_scanned_say_it)
{
	append(6);
	roll();
	rig_finish(rig);
	int64_t end = producer.sequence, at[64];
	open_log(true);
	unsigned n = snapshots(at);
	rig_abandon(rig);
	for (unsigned i = 0; i < n; i++)
		rig_store(rig, name_of(at[i]), "nonsense", 8);
	open_log(false);
	cr_assert(is_duplicate((int32_t)end - 1));
	cr_assert(append_sequence((int32_t)end)->base_offset == end);
}

Test(log_snapshot, those_beyond_the_end_of_a_torn_log_go)
{
	append(5);
	rig_finish(rig);
	size_t size;
	uint8_t *log = rig_load(rig, "00000000000000000000.log", &size);
	rig_store(rig, "00000000000000000000.log", log, size - 10);
	free(log);
	rig_forget_marks(rig);
	open_log(false);
	cr_assert(rig_marks(rig).log_end_offset == 4 && !rig_has(rig, name_of(5)));
	cr_assert(is_duplicate(3));
	rig->expected_bytes = 0;
	cr_assert(append_sequence(4)->base_offset == 4);
	cr_assert(!rig->appends[rig->append_count - 1].is_duplicate);
}

Test(log_snapshot, many_producers_are_all_there_after_a_crash_and_a_stop)
{
	enum { PRODUCERS = 50 };
	struct rig_producer many[PRODUCERS];
	for (int i = 0; i < PRODUCERS; i++) {
		many[i] = (struct rig_producer){.id = 1000 + i, .epoch = (int16_t)i};
		rig->producer = &many[i];
		append(1);
	}
	for (unsigned round = 0; round < 2; round++) {
		reopen(round);
		for (int i = 0; i < PRODUCERS; i++) {
			many[i].sequence = 0;
			rig->producer = &many[i];
			const struct append_msg *a = rig_append(rig, 1, VALUE_BYTES, ACK_DURABLE);
			cr_assert(a->is_duplicate && a->base_offset == i, "%d", i);
		}
		rig_drain(rig);
	}
}
