/* test_registry_removing.c - the files of topics that go, by threads: who waits for them, and who
 * does not. */
#include "tests/sim/sim_crew.h"
#include "tests/unit/control/catalog/registry_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct rig r;

static void setup(void)
{
	rig_init(&r);
	sim_crew_hold(false);
}

static void teardown(void)
{
	sim_crew_hold(false);
	rig_fini(&r);
}

TestSuite(registry_removing, .init = setup, .fini = teardown, .timeout = 60);

static void begin(unsigned dirs)
{
	r.dir_count = dirs;
	if (dirs > 1)
		rig_run(&r, "mkdir $PWD.second");
	cr_assert(rig_open(&r), "%s", r.message);
}

/* Asked for, and as far as it comes by itself. */
static void ask(const char *topic)
{
	registry_delete_topic(r.registry,
			      &(struct registry_request){
				      .name = topic, .done = rig_take_result, .owner = &r});
	rig_turns(&r);
}

Test(registry_removing, a_topic_whose_files_go_holds_nobody_up)
{
	begin(1);
	rig_create(&r, "t", 3);
	unsigned done = r.done;
	sim_crew_hold(true);
	ask("t");
	cr_assert(r.done == done && rig_exists(&r, "t-0") && !rig_topic(&r, "t"));
	cr_assert(faults.logs_open == 0, "its logs are closed");
	rig_create(&r, "another", 2);
	cr_assert(r.done == done + 1 && r.result.error == 0 && rig_topic(&r, "another"));
	/* Nobody has its name before it is gone. */
	registry_create_topic(r.registry,
			      &(struct registry_request){.name = "t", .partitions = 1,
							 .replication_factor = 1,
							 .done = rig_take_result, .owner = &r});
	rig_turns(&r);
	cr_assert(r.done == done + 1);
	sim_crew_hold(false);
	rig_turns(&r);
	cr_assert(r.done == done + 3 && r.result.error == 0 && rig_topic(&r, "t"));
	cr_assert(rig_exists(&r, "t-0") && !rig_exists(&r, "t-1"));
	rig_stop(&r);
}

/* Two are under way at a time, and a third begins when one of them is over. */
Test(registry_removing, topics_go_in_the_order_in_which_they_came)
{
	static const char *const topics[] = {"a", "b", "c", "d"};
	begin(1);
	for (unsigned i = 0; i < 4; i++)
		rig_create(&r, topics[i], 5 - (int32_t)i);
	unsigned done = r.done;
	sim_crew_hold(true);
	for (unsigned i = 0; i < 4; i++)
		ask(topics[i]);
	sim_crew_hold(false);
	while (r.done == done) {
		cr_assert(rig_exists(&r, "c-0") && rig_exists(&r, "d-0"));
		rig_turn(&r);
	}
	while (r.done == done + 1) {
		cr_assert(rig_exists(&r, "d-0"));
		rig_turn(&r);
	}
	rig_turns(&r);
	cr_assert(r.done == done + 4 && !rig_exists(&r, "d-0"));
	rig_stop(&r);
}

/* As many as may be under way hang in the second directory; what lies in the first goes. */
Test(registry_removing, a_directory_that_hangs_holds_up_what_lies_in_it)
{
	begin(2);
	rig_create(&r, "a", 2);
	rig_create(&r, "b", 2);
	rig_create(&r, "c", 1);
	cr_assert(rig_exists(&r, "c-0") && !rig_exists(&r, "b-1"));
	unsigned done = r.done;
	sim_crew_hold(true);
	ask("a");
	ask("b");
	sim_crew_hang();
	sim_crew_hold(false);
	ask("c");
	cr_assert(r.done == done, "nobody knows yet that it hangs");
	r.dirs[1].is_stuck = true;
	rig_turns(&r);
	cr_assert(r.done == done + 1 && r.result.error == 0 && !rig_exists(&r, "c-0"));
	r.dirs[1].is_stuck = false;
	sim_crew_answer();
	rig_turns(&r);
	cr_assert(r.done == done + 3 && !rig_exists(&r, "b-0"));
	rig_stop(&r);
}

static void stop_while_files_go(void)
{
	registry_stop(r.registry);
	rig_turns(&r);
	cr_assert(registry_is_stopped(r.registry));
	cr_assert(strstr(r.said, "topic t: not all of it could be removed"), "%s", r.said);
}

Test(registry_removing, a_stop_does_not_wait_for_files_and_the_next_start_removes_them)
{
	begin(1);
	rig_create(&r, "t", 3);
	rig_create(&r, "u", 3);
	rig_create(&r, "v", 3);
	unsigned done = r.done;
	ask("v");
	sim_crew_hold(true);
	ask("t");
	ask("u");
	stop_while_files_go();
	cr_assert(r.done == done + 3 && r.result.error == 0);
	rig_stop(&r);
	cr_assert(rig_exists(&r, "t-2") && rig_exists(&r, ".t.json"));
	sim_crew_hold(false);
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(!rig_topic(&r, "t") && !rig_topic(&r, "u"));
	cr_assert(!rig_exists(&r, "t-2") && !rig_exists(&r, ".u.json"));
	rig_stop(&r);
}

Test(registry_removing, a_removal_that_never_comes_back_holds_up_no_stop)
{
	begin(1);
	rig_create(&r, "t", 3);
	sim_crew_hold(true);
	ask("t");
	sim_crew_hang();
	stop_while_files_go();
	rig_stop(&r);
	sim_crew_hold(false);
	cr_assert(rig_open(&r) && !rig_exists(&r, "t-2"));
	rig_stop(&r);
}

Test(registry_removing, a_large_file_is_cut_when_the_topic_is_marked)
{
	begin(1);
	rig_create(&r, "t", 1);
	rig_run(&r, "truncate -s 20M t-0/00000000000000000000.log");
	sim_crew_hold(true);
	ask("t");
	cr_assert(strstr(rig_read(&r, ".t.json"), "\"deleting\": true"));
	sim_crew_hold(false);
	/* Its pieces are calls like others: the disk dies behind one of them. */
	for (unsigned calls = 1; calls < 12; calls++) {
		faults.calls_left = calls;
		rig_turns(&r);
		cr_assert(faults.is_dead, "%u", calls);
		rig_crash(&r);
		cr_assert(rig_open(&r), "%s", r.message);
		cr_assert(!rig_topic(&r, "t") && !rig_exists(&r, "t-0"), "%u", calls);
		rig_create(&r, "t", 1);
		rig_run(&r, "truncate -s 20M t-0/00000000000000000000.log");
		sim_crew_hold(true);
		ask("t");
		sim_crew_hold(false);
	}
	rig_turns(&r);
	rig_stop(&r);
}
