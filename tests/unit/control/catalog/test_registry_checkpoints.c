/* test_registry_checkpoints.c - what is written down of logs beside them: as Kafka reads it, and
 * what it does at the next start. */
#include "tests/unit/control/catalog/registry_rig.h"

#include <criterion/criterion.h>

static struct rig r;

static void setup(void)
{
	rig_init(&r);
}

static void teardown(void)
{
	rig_fini(&r);
}

TestSuite(registry_checkpoints, .init = setup, .fini = teardown);

Test(registry_checkpoints, checkpoints_are_in_kafkas_format_and_read_back)
{
	cr_assert(rig_open(&r));
	rig_create(&r, "a.b", 2);
	r.marks[rig_topic(&r, "a.b")->topic.refs[1].slot].marks =
		(struct log_marks){.high_watermark = 1234, .recovery_point = 1200};
	r.now_ns += 61 * 1000000000ull;
	rig_turns(&r);
	cr_assert(strcmp(rig_read(&r, "recovery-point-offset-checkpoint"),
			 "0\n2\na.b 0 0\na.b 1 1200\n") == 0);
	cr_assert(strcmp(rig_read(&r, "replication-offset-checkpoint"),
			 "0\n2\na.b 0 0\na.b 1 1234\n") == 0);
	rig_crash(&r);
	cr_assert(rig_open(&r));
	cr_assert(faults.last_recovery_point == 1200);
	rig_stop(&r);
}

Test(registry_checkpoints, a_log_is_held_to_its_checkpointed_start_and_may_have_kafkas_gaps)
{
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 1);
	cr_assert(faults.last_log_start == -1 && !faults.last_is_compacted);
	r.marks[rig_topic(&r, "t")->topic.refs[0].slot].marks =
		(struct log_marks){.log_start_offset = 700};
	r.now_ns += 61 * 1000000000ull;
	rig_turns(&r);
	rig_crash(&r);
	rig_write(&r, "cleaner-offset-checkpoint", "0\n1\nt 0 900\n");
	cr_assert(rig_open(&r));
	cr_assert(faults.last_log_start == 700 && faults.last_is_compacted);
	rig_stop(&r);
}

Test(registry_checkpoints, a_topic_made_again_is_not_held_to_the_recovery_point_of_its_namesake)
{
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 1);
	uint32_t slot = rig_topic(&r, "t")->topic.refs[0].slot;
	r.marks[slot].marks =
		(struct log_marks){.recovery_point = 1200, .log_start_offset = 700};
	r.now_ns += 61 * 1000000000ull;
	rig_turns(&r);
	rig_delete(&r, "t");
	r.marks[slot].marks = (struct log_marks){0};
	rig_create(&r, "t", 1);
	rig_crash(&r);
	cr_assert(rig_open(&r));
	cr_assert(faults.last_recovery_point == 0 && faults.last_log_start <= 0);
	rig_stop(&r);
}

static unsigned calls_of_creation(const char *name)
{
	unsigned before = faults.calls;
	rig_create(&r, name, 1);
	return faults.calls - before;
}

/* Each sync of them is a millisecond that everybody waits who creates many topics. */
Test(registry_checkpoints, checkpoints_are_written_for_a_new_topic_only_where_one_has_gone)
{
	cr_assert(rig_open(&r));
	unsigned first = calls_of_creation("a"), second = calls_of_creation("b");
	rig_delete(&r, "a");
	unsigned again = calls_of_creation("a"), last = calls_of_creation("c");
	cr_assert(second < first && again == first && last == second, "%u %u %u %u", first,
		  second, again, last);
	rig_stop(&r);
}
