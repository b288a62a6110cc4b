/* test_registry_recover.c - the first job of a start: logs are recovered in turns, control goes on
 * meanwhile, and a start that is broken off has changed nothing of what was known of them. */
#include "tests/unit/control/catalog/registry_rig.h"

#include <criterion/criterion.h>
#include <errno.h>

static struct rig r;

static void setup(void)
{
	rig_init(&r);
	cr_assert(rig_open(&r), "%s", r.message);
	rig_create(&r, "t", 3);
	rig_stop(&r);
}

static void teardown(void)
{
	rig_fini(&r);
}

TestSuite(registry_recover, .init = setup, .fini = teardown);

static struct recovery_progress progress(void)
{
	struct recovery_progress p;
	cr_assert(registry_progress(r.registry, &p), "it is over");
	return p;
}

Test(registry_recover, control_turns_on_and_is_told_how_far_it_is)
{
	char text[REGISTRY_PROGRESS_BYTES];
	cr_assert(rig_begin(&r), "%s", r.message);
	cr_assert(progress().partitions == 3 && progress().opened == 0);
	uint32_t before = 0;
	while (progress().opened < 3) {
		cr_assert(progress().opened <= before + 1, "more than one in a turn");
		before = progress().opened;
		cr_assert(!registry_is_ready(r.registry) && registry_is_busy(r.registry));
		rig_turn(&r);
	}
	registry_progress_text(r.registry, text);
	cr_assert(strstr(text, "recovering: 3 of 3 partitions, 0.0 GB read"), "%s", text);
	rig_turns(&r);
	struct recovery_progress p;
	cr_assert(!registry_progress(r.registry, &p) && registry_is_ready(r.registry));
	cr_assert(faults.served == 3);
	rig_stop(&r);
}

Test(registry_recover, the_operator_is_told_once_a_second_and_not_of_what_is_quick)
{
	r.said[0] = '\0';
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(!strstr(r.said, "recovering: "), "%s", r.said);
	rig_stop(&r);
	faults.delay_us = 60000; /* of which a log's opening has a dozen and more */
	cr_assert(rig_open(&r), "%s", r.message);
	faults.delay_us = 0;
	const char *line = strstr(r.said, "recovering: ");
	cr_assert(line && strstr(line, " of 3 partitions, "), "%s", r.said);
	rig_stop(&r);
}

Test(registry_recover, a_partition_that_is_offline_is_none_to_be_recovered)
{
	rig_run(&r, "rm -r t-1");
	cr_assert(rig_begin(&r), "%s", r.message);
	cr_assert(progress().partitions == 2);
	rig_turns(&r);
	cr_assert(faults.served == 2 && faults.offline == 1);
	rig_stop(&r);
}

Test(registry_recover, a_start_that_is_broken_off_leaves_what_was_written_down)
{
	static const char points[] = "0\n3\nt 0 5\nt 1 6\nt 2 7\n";
	rig_write(&r, "recovery-point-offset-checkpoint", points);
	rig_write(&r, "log-start-offset-checkpoint", points);
	cr_assert(rig_begin(&r), "%s", r.message);
	while (faults.logs_open == 0)
		rig_turn(&r);
	cr_assert(faults.logs_open == 1, "%u", faults.logs_open);
	rig_stop(&r);
	cr_assert(strstr(r.said, "the start was broken off"), "%s", r.said);
	cr_assert(strcmp(rig_read(&r, "recovery-point-offset-checkpoint"), points) == 0);
	cr_assert(strcmp(rig_read(&r, "log-start-offset-checkpoint"), points) == 0);
	cr_assert(!rig_exists(&r, ".kafka_cleanshutdown"));
	/* The next one knows what this one knew. */
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(faults.served == 3 && faults.last_recovery_point == 7);
	rig_stop(&r);
}

Test(registry_recover, a_sync_that_fails_ends_the_start)
{
	cr_assert(rig_begin(&r), "%s", r.message);
	while (!progress().is_syncing)
		rig_turn(&r);
	faults.is_dead = true;
	rig_turns(&r);
	cr_assert(strstr(registry_fault(r.registry), "cannot be used"), "%s",
		  registry_fault(r.registry));
	cr_assert(faults.served == 0 && !registry_is_ready(r.registry));
	faults.is_dead = false;
	rig_stop(&r);
	cr_assert(!rig_exists(&r, ".kafka_cleanshutdown"));
}
