/* test_registry_line.c - many jobs beside each other: syncs and snapshots that they share, turns
 * that they take, and who waits for whom. */
#include "dataplane/base/clock.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "tests/unit/control/catalog/registry_rig.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { TOPICS = 40, LARGE = 200 };

static struct rig r;

enum { CALL_US = 20 };

static uint64_t looks, look_ns; /* at the clock, and what each takes */

/* Time goes by in the disk's calls alone: a turn takes on as many steps on a machine that is busy
 * as on one that is not, and who shares what with whom is the same in every run. */
uint64_t clock_now_ns(void)
{
	looks++;
	return (faults.delayed_us + faults.calls * CALL_US) * NS_PER_US + looks * look_ns;
}

int64_t clock_wall_ms(void)
{
	return 0;
}

/* What became of a job, and when. */
struct told {
	int16_t error;
	unsigned place; /* so many had heard of theirs; 0: not over */
	bool was_published;
};

static struct told told[TOPICS + 8];
static unsigned told_count;

static void setup(void)
{
	rig_init(&r);
	memset(told, 0, sizeof told);
	told_count = 0;
	cr_assert(rig_open(&r), "%s", r.message);
}

static void teardown(void)
{
	rig_fini(&r);
}

TestSuite(registry_line, .init = setup, .fini = teardown, .timeout = 100);

static const struct topic *published(const char *name)
{
	return topics_find(r.topics, (struct bytes){(const uint8_t *)name, strlen(name)});
}

static void hear(void *owner, const struct registry_result *result)
{
	struct told *t = owner;
	cr_assert(t->place == 0, "told twice");
	t->error = result->error;
	t->place = ++told_count;
	t->was_published = result->topic && published(result->topic->topic.name);
}

static void ask(struct told *t, void (*what)(struct registry *, const struct registry_request *),
		const char *name, int32_t partitions)
{
	struct registry_request request = {.name = name, .partitions = partitions,
					   .replication_factor = -1, .done = hear, .owner = t};
	what(r.registry, &request);
}

static void ask_for_many(unsigned count, const char *prefix)
{
	for (unsigned i = 0; i < count; i++) {
		char name[32];
		snprintf(name, sizeof name, "%s%u", prefix, i);
		ask(&told[i], registry_create_topic, name, 1);
	}
}

/* ---- what they share ---------------------------------------------------------------------- */

/* As many syncs as for one: of its file and that file's name; of its directories with the file that
 * names them, and of that one's name. */
Test(registry_line, creations_that_wait_together_share_their_syncs)
{
	rig_create(&r, "one", 1);
	unsigned of_one = faults.syncs;
	cr_assert(of_one == 4, "%u", of_one);
	ask_for_many(TOPICS, "t");
	rig_turns(&r);
	cr_assert(told_count == TOPICS);
	for (unsigned i = 0; i < TOPICS; i++)
		cr_assert(told[i].error == 0);
	cr_assert(faults.syncs <= 3 * of_one, "%u", faults.syncs);
	rig_stop(&r);
}

Test(registry_line, creations_that_end_together_share_a_snapshot_and_it_is_there_before_they_do)
{
	uint64_t before = ((struct topics *)r.topics)->version;
	ask_for_many(TOPICS, "t");
	rig_turns(&r);
	uint64_t snapshots = ((struct topics *)r.topics)->version - before;
	cr_assert(snapshots > 0 && snapshots <= TOPICS / 4, "%lu", snapshots);
	for (unsigned i = 0; i < TOPICS; i++)
		cr_assert(told[i].was_published);
	rig_stop(&r);
}

/* Who would write to it then is told that there is no such topic, and troubles no writer. */
Test(registry_line, a_topic_leaves_the_snapshot_before_a_writer_is_told_to_close_it)
{
	struct handoff_msg *asked;
	rig_create(&r, "t", RIG_WRITERS);
	faults.writer_is_slow = true;
	ask(&told[0], registry_delete_topic, "t", -1);
	while (published("t"))
		rig_turn(&r);
	for (unsigned w = 0; w < RIG_WRITERS; w++)
		cr_assert(handoff_pull(&r.writers[w], &asked, 1) == 0);
	faults.writer_is_slow = false;
	rig_turns(&r);
	cr_assert(told[0].place == 1 && told[0].error == 0 && faults.served == 0);
	rig_stop(&r);
}

/* Nothing is done again for those that are there. */
Test(registry_line, a_topic_costs_the_same_calls_however_many_there_are)
{
	unsigned calls = faults.calls;
	ask_for_many(TOPICS, "t");
	rig_turns(&r);
	unsigned first = faults.calls - calls;
	for (unsigned more = 0; more < 5; more++) {
		char prefix[8];
		snprintf(prefix, sizeof prefix, "m%u_", more);
		memset(told, 0, sizeof told);
		calls = faults.calls;
		ask_for_many(TOPICS, prefix);
		rig_turns(&r);
		cr_assert(faults.calls - calls <= first, "%u, %u", first, faults.calls - calls);
	}
	rig_stop(&r);
}

Test(registry_line, who_comes_during_a_sync_waits_for_the_next)
{
	faults.sync_is_slow = true;
	ask(&told[0], registry_create_topic, "early", 1);
	rig_turns(&r);
	cr_assert(faults.syncs == 1);
	ask(&told[1], registry_create_topic, "late", 1);
	rig_turns(&r);
	cr_assert(faults.syncs == 1);
	faults.sync_is_slow = false;
	cr_assert(rig_turn(&r));
	cr_assert(rig_exists(&r, ".early.json") && !rig_exists(&r, ".late.json"));
	rig_turns(&r);
	cr_assert(told[0].place == 1 && told[1].place == 2);
	cr_assert(rig_exists(&r, ".late.json"));
	rig_stop(&r);
}

/* What was not written back may have been anybody's. */
Test(registry_line, a_sync_that_fails_fails_whoever_had_begun_and_nobody_else)
{
	rig_create(&r, "warm", 1);
	faults.sync_is_slow = true;
	faults.changes_left = 3; /* the file is made, and written; its sync */
	faults.failures = 1;
	ask(&told[0], registry_create_topic, "t", 1);
	rig_turns(&r);
	ask(&told[1], registry_create_topic, "u", 1);
	rig_turns(&r);
	faults.sync_is_slow = false;
	rig_turns(&r);
	ask(&told[2], registry_create_topic, "v", 1);
	rig_turns(&r);
	cr_assert(faults.failed == 1);
	for (unsigned i = 0; i < 2; i++)
		cr_assert(told[i].error == KAFKA_ERROR_KAFKA_STORAGE_ERROR, "%u: %d", i,
			  told[i].error);
	cr_assert(told[2].place == 3 && told[2].error == 0);
	cr_assert(!rig_exists(&r, ".t.json") && !rig_exists(&r, "t-0"));
	cr_assert(!rig_exists(&r, ".u.json") && !rig_exists(&r, "u-0"));
	rig_run(&r, "! ls -A | grep tmp");
	rig_stop(&r);
}

Test(registry_line, what_a_crash_has_left_without_a_name_goes)
{
	faults.sync_is_slow = true;
	ask(&told[0], registry_create_topic, "t", 1);
	rig_turns(&r);
	rig_run(&r, "ls -A | grep -q tmp");
	faults.sync_is_slow = false;
	r.said[0] = '\0';
	rig_crash(&r);
	cr_assert(rig_open(&r));
	rig_run(&r, "! ls -A | grep tmp");
	cr_assert(!rig_topic(&r, "t") && !strstr(r.said, "left alone"), "%s", r.said);
	rig_stop(&r);
}

Test(registry_line, a_topic_may_be_called_as_such_a_file)
{
	static const char *const names[] = {"penstock.tmp", "penstock.tmp.7"};
	for (unsigned i = 0; i < array_len(names); i++)
		rig_create(&r, names[i], 1);
	rig_crash(&r);
	cr_assert(rig_open(&r));
	for (unsigned i = 0; i < array_len(names); i++)
		cr_assert(rig_topic(&r, names[i]));
	rig_run(&r, "test -e .penstock.tmp.json && test -e .penstock.tmp.7.json");
	rig_stop(&r);
}

/* ---- turns ------------------------------------------------------------------------------- */

Test(registry_line, small_jobs_are_over_long_before_a_large_one)
{
	rig_create(&r, "old", 3);
	faults.delay_us = 600; /* a turn has time for a step or two */
	ask(&told[0], registry_create_topic, "large", LARGE);
	while (!rig_exists(&r, "large-0"))
		rig_turn(&r);
	ask(&told[1], registry_create_topic, "small", 1);
	ask(&told[2], registry_delete_topic, "old", -1);
	ask(&told[3], registry_create_topic, "small", 1);
	while (!told[1].place || !told[2].place || !told[3].place) {
		r.now_ns += 10000000;
		cr_assert(rig_turn(&r));
	}
	cr_assert(told[0].place == 0 && !rig_exists(&r, "large-199"));
	cr_assert(!rig_exists(&r, "old-0") && rig_exists(&r, "small-0"));
	cr_assert(told[3].error == KAFKA_ERROR_TOPIC_ALREADY_EXISTS);
	cr_assert(told[3].place > told[1].place);
	faults.delay_us = 0;
	rig_turns(&r);
	cr_assert(told[0].place == 4 && told[0].error == 0 && rig_exists(&r, "large-199"));
	rig_stop(&r);
}

/* Other work has the core for longer than a turn may take, whenever the clock is looked at. */
Test(registry_line, a_turn_that_comes_late_takes_a_step_all_the_same)
{
	look_ns = NS_PER_S;
	ask_for_many(4, "t");
	rig_turns(&r);
	cr_assert(told_count == 4, "%u are over", told_count);
	rig_stop(&r);
}

Test(registry_line, jobs_of_one_topic_keep_their_order)
{
	ask(&told[0], registry_create_topic, "t", LARGE);
	ask(&told[1], registry_alter_topic, "t", LARGE + 3);
	ask(&told[2], registry_delete_topic, "t", -1);
	ask(&told[3], registry_create_topic, "t", 2);
	ask(&told[4], registry_create_topic, "u", 1);
	rig_turns(&r);
	static const unsigned places[] = {2, 3, 4, 5, 1};
	for (unsigned i = 0; i < 5; i++)
		cr_assert(told[i].place == places[i] && told[i].error == 0, "%u: %u, %d", i,
			  told[i].place, told[i].error);
	cr_assert(published("t")->partitions == 2);
	rig_stop(&r);
}

/* They would share their metrics. */
Test(registry_line, topics_that_differ_in_a_dot_are_not_made_at_the_same_time)
{
	ask(&told[0], registry_create_topic, "a.b", 1);
	ask(&told[1], registry_create_topic, "a_b", 1);
	rig_turns(&r);
	cr_assert(told[0].error == 0 && told[1].error == KAFKA_ERROR_INVALID_TOPIC_EXCEPTION);
	rig_stop(&r);
}

Test(registry_line, what_concerns_all_topics_runs_alone_and_is_not_overtaken)
{
	static const struct registry_setting linger = {"linger.ms", "9"};
	struct registry_request request = {.name = "", .partitions = -1, .settings = &linger,
					   .setting_count = 1, .done = hear, .owner = &told[1]};
	ask(&told[0], registry_create_topic, "before", LARGE);
	registry_alter_settings(r.registry, LIVE_CLUSTER, &request);
	ask(&told[2], registry_create_topic, "behind", 1);
	rig_turns(&r);
	for (unsigned i = 0; i < 3; i++)
		cr_assert(told[i].place == i + 1 && told[i].error == 0);
	rig_stop(&r);
}

static void hear_of_producers(void *owner, const struct registry_result *result)
{
	struct told *t = owner;
	t->error = result->parts[0].error;
	t->place = ++told_count;
	free(result->parts[0].producers);
}

/* The writer is asked for them piece by piece. */
Test(registry_line, a_topic_does_not_go_while_its_producers_are_told)
{
	struct registry_part part = {.producers_max = 100000};
	rig_create(&r, "t", 1);
	memcpy(part.topic_id, rig_topic(&r, "t")->topic.id, sizeof part.topic_id);
	faults.producers = 3000;
	registry_send(r.registry, REGISTRY_PRODUCERS, &part, 1, hear_of_producers, &told[0]);
	ask(&told[1], registry_delete_topic, "t", -1);
	for (unsigned turn = 0; turn < 3; turn++)
		rig_turn(&r);
	cr_assert(!rig_topic(&r, "t") && faults.served == 1);
	rig_turns(&r);
	cr_assert(told[0].place == 1 && told[0].error == 0);
	cr_assert(told[1].place == 2 && told[1].error == 0 && !rig_exists(&r, "t-0"));
	rig_stop(&r);
}

/* A writer that has a partition on its way to it has told nothing of that yet: what its slot's last
 * user had is not its own. */
Test(registry_line, a_checkpoint_beside_a_growth_has_nothing_of_others)
{
	rig_create(&r, "t", 1);
	for (uint32_t slot = 0; slot < 8; slot++)
		r.marks[slot].marks = (struct log_marks){.recovery_point = 77};
	rig_wait(&r, 61);
	faults.writer_is_slow = true;
	ask(&told[0], registry_alter_topic, "t", 3);
	rig_wait(&r, 61);
	cr_assert(told[0].place == 0);
	const char *points = rig_read(&r, "recovery-point-offset-checkpoint");
	cr_assert(strstr(points, "t 0 77\n") && !strstr(points, "t 1 77") &&
		  !strstr(points, "t 2 77"), "%s", points);
	faults.writer_is_slow = false;
	rig_turns(&r);
	rig_stop(&r);
}
