/* test_registry_expire.c - every so often writers are asked what is too old; it goes when that is
 * on disk. */
#include "dataplane/base/clock.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "tests/unit/control/catalog/registry_rig.h"

#include <criterion/criterion.h>
#include <errno.h>

static struct rig r;

static void setup(void)
{
	rig_init(&r);
	r.settings.log_retention_check_interval_ms = 1000;
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 4);
}

static void teardown(void)
{
	rig_fini(&r);
}

TestSuite(registry_expire, .init = setup, .fini = teardown);

static void publish(int64_t start)
{
	uint32_t slot = rig_topic(&r, "t")->topic.refs[1].slot;
	r.marks[slot].marks = (struct log_marks){.log_start_offset = start,
						 .high_watermark = 100,
						 .log_end_offset = 100};
	faults.expired_slot = (int)slot;
}

static bool is_written(void)
{
	return strstr(rig_read(&r, "log-start-offset-checkpoint"), "t 1 50\n") != NULL;
}

static void must_be_written(void)
{
	cr_assert(is_written(), "before a writer is told");
}

Test(registry_expire, a_start_is_on_disk_before_its_writer_lets_anything_go)
{
	publish(10);
	faults.expired_to = 50;
	faults.delete_seen = must_be_written;
	rig_wait(&r, 2);
	cr_assert(faults.deletions > 0 && faults.last_deletion == 50);
	/* It does, and there is nothing more to do. */
	publish(50);
	unsigned deletions = faults.deletions, asked = faults.expires;
	rig_wait(&r, 3);
	cr_assert(faults.deletions == deletions && faults.expires >= asked + 2 * 4);
	rig_crash(&r);
	cr_assert(rig_open(&r) && faults.start_of[1] == 50);
	rig_stop(&r);
}

Test(registry_expire, nobody_is_asked_before_the_interval_is_over)
{
	publish(10);
	rig_turns(&r);
	r.now_ns += 900 * NS_PER_MS;
	rig_turns(&r);
	cr_assert(faults.expires == 0);
	r.now_ns += 200 * NS_PER_MS;
	rig_turns(&r);
	cr_assert(faults.expires == 4, "%u", faults.expires);
	rig_stop(&r);
}

Test(registry_expire, where_the_start_cannot_be_written_everything_stays)
{
	publish(10);
	faults.expired_to = 50;
	faults.is_full = true;
	rig_wait(&r, 2);
	cr_assert(faults.deletions == 0);
	cr_assert(strstr(r.said, "nothing is deleted"), "%s", r.said);
	faults.is_full = false;
	rig_wait(&r, 2);
	cr_assert(faults.last_deletion == 50 && is_written());
	rig_stop(&r);
}

/* As when a topic is deleted: a checkpoint that nothing here reads back gives its room. */
Test(registry_expire, a_full_disk_lets_what_is_old_go)
{
	publish(10);
	rig_wait(&r, 61);
	faults.expired_to = 50;
	faults.is_full = true;
	rig_wait(&r, 2);
	cr_assert(faults.last_deletion == 50 && is_written(), "%s", r.said);
	rig_stop(&r);
}

Test(registry_expire, the_first_look_is_half_a_minute_after_the_start)
{
	publish(10);
	r.settings.log_retention_check_interval_ms = 300000;
	rig_stop(&r);
	cr_assert(rig_open(&r));
	rig_wait(&r, 29);
	cr_assert(faults.expires == 0);
	rig_wait(&r, 2);
	cr_assert(faults.expires == 4);
	rig_wait(&r, 298);
	cr_assert(faults.expires == 4);
	rig_wait(&r, 2);
	cr_assert(faults.expires == 8);
	rig_stop(&r);
}

Test(registry_expire, an_interval_without_end_does_not_end, .timeout = 20)
{
	r.settings.log_retention_check_interval_ms = INT64_MAX;
	rig_stop(&r);
	cr_assert(rig_open(&r));
	rig_wait(&r, 32);
	unsigned asked = faults.expires;
	cr_assert(asked == 4);
	rig_wait(&r, 60);
	cr_assert(faults.expires == asked, "%u", faults.expires);
	rig_stop(&r);
}

static int16_t grown, deleted;

static void hear(void *owner, const struct registry_result *result)
{
	*(int16_t *)owner = result->error;
}

/* It is nobody's before it is shown, and gone when the growth comes to nothing. */
Test(registry_expire, a_partition_that_is_being_made_is_not_asked)
{
	struct registry_request request = {.name = "t", .partitions = 6, .done = hear,
					   .owner = &grown};
	publish(10);
	faults.sync_is_slow = true;
	registry_alter_topic(r.registry, &request);
	rig_turns(&r);
	faults.writer_is_slow = true;
	rig_wait(&r, 2);
	faults.sync_is_slow = false;
	faults.log_error = -EIO;
	rig_turns(&r);
	cr_assert(grown == KAFKA_ERROR_KAFKA_STORAGE_ERROR, "%d", grown);
	faults.writer_is_slow = false;
	rig_turns(&r);
	cr_assert(faults.expires >= 4 && faults.expires % 4 == 0, "%u", faults.expires);
	faults.log_error = 0;
	rig_stop(&r);
}

Test(registry_expire, a_topic_does_not_go_while_it_is_asked)
{
	struct registry_request request = {.name = "t", .partitions = -1, .done = hear,
					   .owner = &deleted};
	publish(10);
	faults.expired_to = 50;
	faults.writer_is_slow = true;
	rig_wait(&r, 2);
	deleted = -1;
	registry_delete_topic(r.registry, &request);
	rig_turns(&r);
	cr_assert(deleted == -1 && rig_exists(&r, "t-0") && !rig_topic(&r, "t"));
	faults.writer_is_slow = false;
	rig_turns(&r);
	cr_assert(deleted == 0 && faults.expires == 4 && !rig_exists(&r, "t-0"));
	rig_stop(&r);
}

/* A writer that is slow to answer is not asked again meanwhile, and a stop waits for it. */
Test(registry_expire, one_round_is_under_way_at_a_time)
{
	publish(10);
	faults.writer_is_slow = true;
	rig_wait(&r, 5);
	cr_assert(faults.expires == 0);
	registry_stop(r.registry);
	faults.writer_is_slow = false;
	rig_turns(&r);
	cr_assert(faults.expires == 4 && registry_is_stopped(r.registry));
	rig_stop(&r);
}
