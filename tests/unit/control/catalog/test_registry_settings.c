/* test_registry_settings.c - the gateway's own settings while it runs: on disk, across restarts,
 * and what topics make of them. */
#include "dataplane/wire/kafka/kafka_error.h"
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

TestSuite(registry_settings, .init = setup, .fini = teardown);

static void set(enum live_scope scope, const char *key, const char *value)
{
	rig_set(&r, scope, &(struct registry_setting){key, value}, 1);
}

static const struct settings *now(void)
{
	return &registry_settings(r.registry)->now;
}

Test(registry_settings, a_change_is_kept_across_a_restart_and_a_crash)
{
	cr_assert(rig_open(&r));
	cr_assert(!rig_exists(&r, ".penstock.settings"));
	set(LIVE_BROKER, "num.partitions", "5");
	cr_assert(r.result.error == 0, "%s", r.result.message);
	set(LIVE_CLUSTER, "linger.ms", "9");
	cr_assert(now()->num_partitions == 5 && now()->linger_ms == 9);
	rig_stop(&r);
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(now()->num_partitions == 5 && now()->linger_ms == 9 && r.said[0] == '\0');
	rig_create(&r, "t", -1);
	cr_assert(rig_topic(&r, "t")->topic.partitions == 5);
	set(LIVE_BROKER, "num.partitions", NULL);
	rig_crash(&r);
	cr_assert(rig_open(&r) && now()->num_partitions == 1);
	rig_stop(&r);
}

Test(registry_settings, topics_follow_at_once_where_they_were_told_nothing)
{
	const struct registry_setting own = {"segment.bytes", "4194304"};
	cr_assert(rig_open(&r));
	rig_create(&r, "a", 1);
	rig_create(&r, "b", 1);
	rig_alter(&r, "b", -1, &own, 1);
	set(LIVE_BROKER, "log.segment.bytes", "2097152");
	cr_assert(r.result.error == 0, "%s", r.result.message);
	cr_assert(rig_topic(&r, "a")->topic.log.segment_bytes == 2097152);
	cr_assert(rig_topic(&r, "b")->topic.log.segment_bytes == 4194304);
	set(LIVE_BROKER, "message.max.bytes", "1000");
	cr_assert(faults.last_options.message_bytes_max == 1000, "writers are told");
	set(LIVE_BROKER, "log.retention.ms", "3600000");
	cr_assert(faults.last_options.retention_ms == 3600000, "writers are told");
	cr_assert(rig_topic(&r, "a")->settings.log.retention_ms == 3600000);
	set(LIVE_BROKER, "log.retention.ms", NULL);
	cr_assert(faults.last_options.retention_ms == 604800000);
	rig_create(&r, "c", 1);
	cr_assert(rig_topic(&r, "c")->topic.log.message_bytes_max == 1000);
	rig_stop(&r);
}

/* What a topic may be told is bounded by what the gateway was started with, not by what its
 * default is now. */
Test(registry_settings, a_topic_may_take_larger_batches_than_the_default_of_now)
{
	const struct registry_setting large = {"max.message.bytes", "500000"};
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 1);
	set(LIVE_BROKER, "message.max.bytes", "1000");
	rig_alter(&r, "t", -1, &large, 1);
	cr_assert(r.result.error == 0, "%s", r.result.message);
	rig_stop(&r);
}

Test(registry_settings, one_bad_value_leaves_all_as_they_are)
{
	const struct registry_setting some[] = {{"num.partitions", "5"}, {"linger.ms", "soon"}};
	cr_assert(rig_open(&r));
	rig_set(&r, LIVE_BROKER, some, 2);
	cr_assert(r.result.error == KAFKA_ERROR_INVALID_CONFIG && now()->num_partitions == 1);
	set(LIVE_BROKER, "log.dirs", "/tmp");
	cr_assert(r.result.error == KAFKA_ERROR_INVALID_CONFIG);
	cr_assert(strstr(r.result.message, "Cannot update these configs dynamically"));
	cr_assert(!rig_exists(&r, ".penstock.settings"));
	rig_stop(&r);
}

Test(registry_settings, a_full_disk_refuses_the_change)
{
	cr_assert(rig_open(&r));
	faults.is_full = true;
	set(LIVE_BROKER, "num.partitions", "5");
	cr_assert(r.result.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR && now()->num_partitions == 1);
	cr_assert(strstr(r.result.message, "No space left on device"), "%s", r.result.message);
	faults.is_full = false;
	rig_stop(&r);
}

Test(registry_settings, deletion_is_forbidden_and_allowed_while_it_runs)
{
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 1);
	set(LIVE_BROKER, "delete.topic.enable", "false");
	rig_delete(&r, "t");
	cr_assert(r.result.error == KAFKA_ERROR_TOPIC_DELETION_DISABLED);
	set(LIVE_BROKER, "delete.topic.enable", NULL);
	rig_delete(&r, "t");
	cr_assert(r.result.error == 0);
	rig_stop(&r);
}

Test(registry_settings, a_file_that_is_not_ours_is_not_started_with)
{
	cr_assert(rig_open(&r));
	rig_stop(&r);
	rig_write(&r, ".penstock.settings", "{\"version\": 0, \"broker\": {");
	cr_assert(!rig_open(&r));
	cr_assert(strstr(r.message, "restore it, or move it away"), "%s", r.message);
}

Test(registry_settings, a_value_that_is_no_good_any_more_is_said_and_not_used)
{
	cr_assert(rig_open(&r));
	rig_stop(&r);
	rig_write(&r, ".penstock.settings",
		  "{\"version\": 0, \"broker\": {\"num.partitions\": \"0\", \"gone\": \"1\", "
		  "\"linger.ms\": \"3\"}, \"cluster\": {}}");
	cr_assert(rig_open(&r), "%s", r.message);
	cr_assert(now()->num_partitions == 1 && now()->linger_ms == 3);
	cr_assert(strstr(r.said, "setting num.partitions is not used"), "%s", r.said);
	cr_assert(strstr(r.said, "setting gone is not used"));
	rig_stop(&r);
}

Test(registry_settings, a_replacement_takes_back_what_it_does_not_name)
{
	struct registry_setting some[] = {{"linger.ms", "9"}, {"segment.bytes", "2097152"}};
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 1);
	rig_alter(&r, "t", -1, some, 2);
	rig_replace(&r, "t", some, 1);
	cr_assert(r.result.error == 0);
	cr_assert(rig_topic(&r, "t")->settings.topic.linger_ms == 9);
	cr_assert(rig_topic(&r, "t")->topic.log.segment_bytes == 1073741824);
	rig_stop(&r);
}

Test(registry_settings, what_is_not_applied_is_remembered_with_its_topic)
{
	struct registry_setting copies = {"min.insync.replicas", "1"};
	cr_assert(rig_open(&r));
	rig_create(&r, "t", 1);
	rig_alter(&r, "t", -1, &copies, 1);
	cr_assert(r.result.error == 0, "%s", r.result.message);
	rig_stop(&r);
	cr_assert(rig_open(&r) && r.said[0] == '\0', "%s", r.said);
	cr_assert(rig_topic(&r, "t")->settings.is_set[TOPIC_SETTING_min_insync_replicas]);
	copies.value = "2";
	rig_alter(&r, "t", -1, &copies, 1);
	cr_assert(r.result.error == KAFKA_ERROR_INVALID_CONFIG);
	cr_assert(strstr(r.result.message, "one copy"), "%s", r.result.message);
	rig_stop(&r);
}
