/* test_registry_clean.c - which log is compacted, step by step, and what becomes of a round. */
#include "control/catalog/cleaner.h"
#include "dataplane/base/clock.h"
#include "tests/unit/control/catalog/registry_rig.h"

#include <criterion/criterion.h>
#include <errno.h>

/* A cleaner that does what the test says, one step a turn. */
struct fake_cleaner {
	bool has_step;
	bool is_slow;   /* a step is not over until it is cancelled, */
	bool is_hung;   /* nor then */
	int error;      /* of the next steps */
	unsigned runs;  /* that there still are */
	unsigned count[CLEAN_STEPS];
	unsigned cancels;
	unsigned finishes;
	char directory[128];
	struct clean_round *round;
};

static struct rig r;
static struct fake_cleaner fake;

static void begin(void *owner, struct clean_round *round, enum clean_step step)
{
	struct fake_cleaner *f = owner;
	cr_assert(!f->has_step);
	f->has_step = true;
	f->count[step]++;
	if (step == CLEAN_STEP_MAP) {
		f->round = round;
		snprintf(f->directory, sizeof f->directory, "%s", round->directory);
		round->map_end = round->young_from;
		cr_assert(round->count == 2 && round->segments[1].base_offset == 500);
	}
	round->run = (struct segment_swap){0};
	if (step == CLEAN_STEP_RUN && f->runs > 0) {
		f->runs--;
		round->run = (struct segment_swap){.count = 2, .end_offset = 1000};
	}
}

static bool is_over(void *owner, int *error)
{
	struct fake_cleaner *f = owner;
	if (!f->has_step || f->is_slow || f->is_hung)
		return false;
	f->has_step = false;
	*error = f->error;
	return true;
}

static void cancel(void *owner)
{
	struct fake_cleaner *f = owner;
	f->is_slow = false;
	f->cancels++;
}

static void finish(void *owner)
{
	struct fake_cleaner *f = owner;
	f->has_step = false;
	f->finishes++;
}

static const struct cleaner cleaner = {.owner = &fake, .begin = begin, .is_over = is_over,
				       .cancel = cancel, .finish = finish};

static void setup(void)
{
	static const struct registry_setting compact = {"cleanup.policy", "compact"};
	memset(&fake, 0, sizeof fake);
	rig_init(&r);
	r.settings.log_cleaner_backoff_ms = 1000;
	r.cleaner = &cleaner;
	cr_assert(rig_open(&r));
	rig_create(&r, "other", 2);
	rig_create(&r, "t", 4);
	rig_alter(&r, "t", -1, &compact, 1);
	faults.young_from = 1000;
	for (unsigned p = 0; p < 4; p++)
		r.marks[rig_topic(&r, "t")->topic.refs[p].slot].marks =
			(struct log_marks){.log_end_offset = 2000, .high_watermark = 2000};
}

static void teardown(void)
{
	rig_fini(&r);
}

TestSuite(registry_clean, .init = setup, .fini = teardown);

static void dirty(unsigned partition, uint64_t bytes)
{
	faults.dirty_of[rig_topic(&r, "t")->topic.refs[partition].slot] = bytes;
}

static bool is_of(unsigned partition)
{
	char name[16];
	snprintf(name, sizeof name, "/t-%u", partition);
	size_t n = strlen(fake.directory);
	return n > 4 && strcmp(fake.directory + n - 4, name) == 0;
}

Test(registry_clean, nothing_is_looked_at_but_compacted_topics_and_nothing_done_to_clean_ones)
{
	rig_wait(&r, 3);
	cr_assert(faults.looks > 0 && faults.looks % 4 == 0, "%u", faults.looks);
	dirty(1, 99);
	rig_wait(&r, 3);
	cr_assert(fake.count[CLEAN_STEP_MAP] == 0, "99 of 199 bytes");
	dirty(1, 100);
	faults.is_busy = true;
	rig_wait(&r, 3);
	cr_assert(fake.count[CLEAN_STEP_MAP] == 0);
	faults.is_busy = false;
	rig_wait(&r, 2);
	cr_assert(fake.count[CLEAN_STEP_MAP] > 0 && is_of(1));
	rig_stop(&r);
}

Test(registry_clean, the_dirtiest_goes_first_run_by_run_and_the_checkpoint_says_how_far)
{
	dirty(1, 500);
	dirty(2, 600);
	fake.runs = 3;
	r.now_ns += 2 * NS_PER_S;
	while (fake.count[CLEAN_STEP_REST] == 0)
		rig_turn(&r);
	cr_assert(is_of(2) && faults.swaps == 3);
	cr_assert(fake.count[CLEAN_STEP_MAP] == 1 && fake.count[CLEAN_STEP_RUN] == 4);
	cr_assert(fake.round->first_dirty == 0 && fake.count[CLEAN_STEP_UNDO] == 0);
	cr_assert(strcmp(rig_read(&r, "cleaner-offset-checkpoint"), "0\n1\nt 2 1000\n") == 0, "%s",
		  rig_read(&r, "cleaner-offset-checkpoint"));
	/* The next follows at once. */
	dirty(2, 0);
	rig_turns(&r);
	cr_assert(is_of(1) && fake.count[CLEAN_STEP_MAP] > 1);
	cr_assert(strstr(rig_read(&r, "cleaner-offset-checkpoint"), "t 1 1000\n"));
	dirty(1, 0);
	dirty(2, 600);
	rig_wait(&r, 2);
	cr_assert(is_of(2) && fake.round->first_dirty == 1000);
	rig_stop(&r);
	/* What is known of it outlives a start, and the topic not. */
	cr_assert(rig_open(&r));
	cr_assert(strstr(rig_read(&r, "cleaner-offset-checkpoint"), "t 2 1000\n"));
	rig_delete(&r, "t");
	rig_create(&r, "t", 4);
	cr_assert(!strstr(rig_read(&r, "cleaner-offset-checkpoint"), "t 2"));
	rig_stop(&r);
}

Test(registry_clean, a_swap_that_is_refused_is_undone_and_the_log_left_alone_for_a_while)
{
	dirty(1, 500);
	fake.runs = 9;
	faults.swap_error = -EAGAIN;
	rig_wait(&r, 2);
	cr_assert(faults.swaps == 1 && fake.count[CLEAN_STEP_UNDO] == 1);
	cr_assert(!rig_exists(&r, "cleaner-offset-checkpoint") ||
		  !strstr(rig_read(&r, "cleaner-offset-checkpoint"), "t 1"));
	faults.swap_error = 0;
	rig_wait(&r, 40);
	cr_assert(faults.swaps == 1);
	rig_wait(&r, 30);
	cr_assert(faults.swaps > 1);
	rig_stop(&r);
	cr_assert(rig_exists(&r, ".kafka_cleanshutdown"), "the log is as sound as before");
}

/* What it stands for may be gone already. */
Test(registry_clean, a_swap_that_was_begun_is_left_to_the_next_start)
{
	dirty(1, 500);
	fake.runs = 9;
	faults.swap_error = -EUCLEAN;
	rig_wait(&r, 100);
	cr_assert(faults.swaps == 1 && fake.count[CLEAN_STEP_UNDO] == 0);
	cr_assert(fake.count[CLEAN_STEP_REST] == 1 && fake.count[CLEAN_STEP_MAP] == 1);
	cr_assert(strstr(r.said, "t-1: cannot be compacted until the next start"), "%s", r.said);
	rig_stop(&r);
}

Test(registry_clean, a_log_that_is_damaged_is_said_once_and_not_tried_again)
{
	dirty(1, 500);
	dirty(3, 400);
	fake.error = -EBADMSG;
	rig_wait(&r, 1);
	fake.error = 0;
	rig_wait(&r, 3);
	cr_assert(is_of(3) && strstr(r.said, "t-1: cannot be compacted until the next start"), "%s",
		  r.said);
	dirty(3, 0);
	unsigned maps = fake.count[CLEAN_STEP_MAP];
	rig_wait(&r, 100);
	cr_assert(fake.count[CLEAN_STEP_MAP] == maps);
	rig_stop(&r);
}

/* 256 MiB are the reserve. */
Test(registry_clean, a_run_leaves_more_than_the_reserve_and_half_of_it_where_nobody_writes)
{
	dirty(1, 500);
	faults.bytes_left = 1ull << 30;
	rig_wait(&r, 2);
	cr_assert(fake.count[CLEAN_STEP_RUN] > 0 && fake.round->kept_bytes == 384ull << 20);
	faults.bytes_left = 255ull << 20;
	rig_wait(&r, 2);
	cr_assert(r.dirs[0].is_short && fake.round->kept_bytes == 128ull << 20);
	r.settings.disk_reserve_bytes = 0;
	rig_stop(&r);
	cr_assert(rig_open(&r));
	rig_wait(&r, 2);
	cr_assert(fake.round->kept_bytes == 0);
	rig_stop(&r);
}

Test(registry_clean, a_disk_without_room_is_said_once_until_the_log_was_compacted)
{
	static const char said[] = "t-1: cannot be compacted now: its disk has too little left";
	dirty(1, 500);
	fake.error = -ENOSPC;
	rig_wait(&r, 200);
	const char *first = strstr(r.said, said);
	cr_assert(fake.count[CLEAN_STEP_MAP] > 2 && first);
	cr_assert(!strstr(first + 1, said), "%s", r.said);
	fake.error = 0;
	rig_wait(&r, 100);
	fake.error = -ENOSPC;
	rig_wait(&r, 100);
	cr_assert(strstr(first + 1, said), "%s", r.said);
	rig_stop(&r);
}

Test(registry_clean, a_topic_that_goes_ends_the_round_first)
{
	dirty(1, 500);
	fake.is_slow = true;
	rig_wait(&r, 2);
	cr_assert(fake.count[CLEAN_STEP_MAP] == 1 && fake.has_step);
	rig_delete(&r, "other");
	cr_assert(fake.cancels == 0);
	rig_delete(&r, "t");
	cr_assert(fake.cancels == 1 && r.result.error == 0);
	rig_wait(&r, 3);
	cr_assert(fake.count[CLEAN_STEP_MAP] == 1);
	rig_stop(&r);
}

/* A file system that hangs holds the cleaner, and the deletion; nobody else. */
Test(registry_clean, a_topic_that_goes_waits_for_a_step_that_hangs_and_holds_nobody_up)
{
	const struct registry_request request = {.name = "t", .done = rig_take_result,
						 .owner = &r};
	dirty(1, 500);
	fake.is_hung = true;
	rig_wait(&r, 2);
	unsigned done = r.done;
	registry_delete_topic(r.registry, &request);
	rig_turns(&r);
	cr_assert(r.done == done && fake.cancels == 1 && rig_exists(&r, "t-1"));
	rig_create(&r, "another", 2);
	cr_assert(r.done == done + 1 && r.result.error == 0);
	fake.is_hung = false;
	rig_turns(&r);
	cr_assert(r.done == done + 2 && r.result.error == 0 && !rig_exists(&r, "t-1"));
	cr_assert(fake.count[CLEAN_STEP_REST] == 1, "it gives its memory back");
	rig_stop(&r);
}

Test(registry_clean, a_step_that_hangs_holds_up_no_stop_but_the_end)
{
	dirty(1, 500);
	fake.is_hung = true;
	rig_wait(&r, 2);
	registry_stop(r.registry);
	rig_turns(&r);
	cr_assert(registry_is_stopped(r.registry) && fake.cancels == 1);
	cr_assert(fake.has_step && fake.finishes == 0);
	rig_crash(&r);
	cr_assert(fake.finishes == 1);
}

/* Asked before it goes, its writers answer when its deletion has begun, which waits for that. */
Test(registry_clean, a_topic_that_goes_while_it_is_looked_at_is_not_compacted)
{
	const struct registry_request request = {.name = "t", .done = rig_take_result,
						 .owner = &r};
	dirty(1, 500);
	faults.writer_is_slow = true;
	r.now_ns += 2 * NS_PER_S;
	rig_turns(&r);
	unsigned looks = faults.looks, done = r.done;
	registry_delete_topic(r.registry, &request);
	rig_turns(&r);
	cr_assert(r.done == done && rig_exists(&r, "t-1"));
	faults.writer_is_slow = false;
	rig_turns(&r);
	cr_assert(r.done == done + 1 && r.result.error == 0 && !rig_exists(&r, "t-1"));
	cr_assert(faults.looks == looks + 4 && fake.count[CLEAN_STEP_MAP] == 0);
	rig_stop(&r);
}

Test(registry_clean, a_file_that_a_swap_has_put_in_its_place_is_not_missed)
{
	rig_write(&r, "t-1/00000000000000000000.log", "as it was");
	rig_wait(&r, 3);
	dirty(1, 500);
	fake.runs = 1;
	r.now_ns += 2 * NS_PER_S;
	while (fake.count[CLEAN_STEP_RUN] == 0)
		rig_turn(&r);
	dirty(1, 0);
	faults.writer_is_slow = true;
	rig_turns(&r);
	rig_run(&r, "echo compacted > t-1/new && mv t-1/new t-1/00000000000000000000.log");
	rig_wait(&r, 3);
	faults.writer_is_slow = false;
	rig_wait(&r, 3);
	cr_assert(faults.swaps == 1 && fake.count[CLEAN_STEP_RUN] == 2);
	cr_assert(!strstr(r.said, "OFFLINE"), "%s", r.said);
	rig_run(&r, "echo another > t-1/new && mv t-1/new t-1/00000000000000000000.log");
	rig_wait(&r, 3);
	cr_assert(strstr(r.said, "t-1 is OFFLINE"), "%s", r.said);
	rig_stop(&r);
}

Test(registry_clean, a_stop_ends_the_round)
{
	dirty(1, 500);
	fake.is_slow = true;
	rig_wait(&r, 2);
	rig_stop(&r);
	cr_assert(fake.cancels == 1 && !fake.has_step);
}

Test(registry_clean, where_nobody_cleans_nobody_is_asked)
{
	rig_stop(&r);
	r.cleaner = NULL;
	unsigned looks = faults.looks;
	cr_assert(rig_open(&r));
	dirty(1, 500);
	rig_wait(&r, 5);
	cr_assert(faults.looks == looks);
	rig_stop(&r);
}

/* Its files are the cleaner's until he has left them. */
Test(registry_clean, a_partition_that_is_reopened_waits_for_the_step_under_way)
{
	struct registry_part part = {.partition = 1};
	dirty(1, 500);
	fake.is_hung = true;
	rig_wait(&r, 2);
	cr_assert(is_of(1));
	memcpy(part.topic_id, rig_topic(&r, "t")->topic.id, sizeof part.topic_id);
	r.marks[rig_topic(&r, "t")->topic.refs[1].slot].marks.is_fenced = true;
	unsigned done = r.done, opened = faults.opened;
	registry_send(r.registry, REGISTRY_REOPEN, &part, 1, rig_take_result, &r);
	rig_wait(&r, 1);
	cr_assert(r.done == done && fake.cancels == 1 && faults.opened == opened);
	fake.is_hung = false;
	for (unsigned i = 0; i < 100; i++)
		rig_turn(&r);
	cr_assert(r.done == done + 1 && faults.opened == opened + 1 && faults.offline == 0);
	rig_stop(&r);
}
