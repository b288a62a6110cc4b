/* test_registry_internal.c - topics of the broker's own: they are told apart, and stay. */
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

TestSuite(registry_internal, .init = setup, .fini = teardown);

static const char own[] = "__consumer_offsets";

static const struct topic *snapshot_topic(const char *name)
{
	return topics_find(r.topics, (struct bytes){(const uint8_t *)name, strlen(name)});
}

Test(registry_internal, they_are_flagged_when_they_are_made_and_after_a_start)
{
	cr_assert(rig_open(&r));
	rig_create(&r, own, 2);
	rig_create(&r, "t", 1);
	cr_assert(snapshot_topic(own)->is_internal && !snapshot_topic("t")->is_internal);
	rig_stop(&r);
	cr_assert(rig_open(&r));
	cr_assert(snapshot_topic(own)->is_internal && !snapshot_topic("t")->is_internal);
	rig_stop(&r);
}

Test(registry_internal, nobody_deletes_one)
{
	cr_assert(rig_open(&r));
	rig_create(&r, own, 2);
	rig_delete(&r, own);
	cr_assert(r.result.error == KAFKA_ERROR_INVALID_TOPIC_EXCEPTION && snapshot_topic(own));
	cr_assert(strstr(r.result.message, "the gateway's own"), "%s", r.result.message);
	rig_stop(&r);
}

static bool keeps_records(void)
{
	const struct log_options *options = &faults.last_options, *log = &snapshot_topic(own)->log;
	return options->retention_ms == -1 && options->retention_bytes == -1 &&
	       log->retention_ms == -1 && log->retention_bytes == -1 &&
	       options->cleanup_policy == CLEANUP_COMPACT &&
	       log->cleanup_policy == CLEANUP_COMPACT;
}

static void tell(const char *key, const char *value)
{
	rig_alter(&r, own, -1, &(struct registry_setting){key, value}, 1);
}

Test(registry_internal, its_records_are_kept_however_long_others_keep_theirs)
{
	const struct registry_setting limits[] = {{"log.retention.ms", "1000"},
						  {"log.retention.bytes", "1"}};
	r.settings.log_retention_ms = 5000;
	cr_assert(rig_open(&r));
	rig_create(&r, own, 1);
	cr_assert(keeps_records() && r.result.error == 0);
	cr_assert(r.result.settings.log.retention_ms == -1, "who makes it is told so");
	rig_set(&r, LIVE_BROKER, limits, 2);
	cr_assert(r.result.error == 0 && keeps_records());
	rig_create(&r, "t", 1);
	cr_assert(faults.last_options.retention_ms == 1000);
	rig_delete(&r, "t");
	rig_replace(&r, own, &(struct registry_setting){"segment.ms", "7"}, 1);
	cr_assert(r.result.error == 0 && faults.last_options.segment_ms == 7 && keeps_records());
	rig_stop(&r);
	cr_assert(rig_open(&r) && keeps_records());
	rig_stop(&r);
}

Test(registry_internal, who_tells_it_otherwise_is_told_so)
{
	static const char *const keys[] = {"retention.ms", "retention.bytes"};
	cr_assert(rig_open(&r));
	rig_create(&r, own, 1);
	for (unsigned i = 0; i < array_len(keys); i++) {
		tell(keys[i], "1000");
		cr_assert(r.result.error == KAFKA_ERROR_INVALID_CONFIG && keeps_records());
		cr_assert(strstr(r.result.message, "keeps its records"), "%s", r.result.message);
		tell(keys[i], "-1");
		cr_assert(r.result.error == 0 && keeps_records(), "what was read");
		tell(keys[i], NULL);
		cr_assert(r.result.error == 0 && keeps_records());
	}
	tell("cleanup.policy", "compact,delete");
	cr_assert(r.result.error == KAFKA_ERROR_INVALID_CONFIG && keeps_records());
	cr_assert(strstr(r.result.message, "stays compact"), "%s", r.result.message);
	tell("cleanup.policy", "compact");
	cr_assert(r.result.error == 0 && keeps_records());
	const struct topic_settings *settings = &rig_topic(&r, own)->settings;
	cr_assert(settings->is_set[TOPIC_SETTING_retention_ms] &&
		  settings->is_set[TOPIC_SETTING_retention_bytes], "shown as its own");
	rig_stop(&r);
}

/* One that could be told 604800000, and nothing else, when nothing was deleted yet. */
Test(registry_internal, its_file_of_an_earlier_version_makes_no_difference)
{
	cr_assert(rig_open(&r));
	rig_create(&r, own, 1);
	rig_stop(&r);
	rig_run(&r, "sed -i 's/\"retention.ms\": \"-1\"/\"retention.ms\": \"604800000\"/'"
		    " .__consumer_offsets.json");
	cr_assert(strstr(rig_read(&r, ".__consumer_offsets.json"), "604800000"));
	cr_assert(rig_open(&r) && keeps_records() && r.said[0] == '\0', "%s", r.said);
	rig_stop(&r);
}

Test(registry_internal, it_keeps_its_number_of_partitions)
{
	cr_assert(rig_open(&r));
	rig_create(&r, own, 2);
	rig_alter(&r, own, 3, NULL, 0);
	cr_assert(r.result.error == KAFKA_ERROR_INVALID_TOPIC_EXCEPTION);
	cr_assert(snapshot_topic(own)->partitions == 2);
	rig_stop(&r);
}
