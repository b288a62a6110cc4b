/* test_settings_topic.c - what a topic may be told, in any order, and what it takes from its
 * gateway. */
#include "config/setting_value.h"

#include <criterion/criterion.h>

static struct settings s;
static struct topic_settings t;
static char message[512];

static void begin(void)
{
	settings_init(&s);
	topic_settings_init(&t, &s);
}

TestSuite(settings_topic, .init = begin);

static bool set(const char *key, const char *value)
{
	message[0] = '\0';
	return topic_settings_set(&t, &s, key, value, message, sizeof message);
}

Test(settings_topic, values_do_not_depend_on_the_order_in_which_they_come)
{
	static const char *const both[][2] = {{"max.message.bytes", "1000"},
					      {"batch.size", "500000"}};
	for (unsigned first = 0; first < 2; first++) {
		begin();
		for (unsigned i = 0; i < 2; i++)
			cr_assert(set(both[i ^ first][0], both[i ^ first][1]), "%s", message);
		cr_assert(t.log.message_bytes_max == 1000 && t.topic.batch_bytes == 500000);
	}
}

Test(settings_topic, small_batches_are_the_clients_right)
{
	cr_assert(set("max.message.bytes", "1"), "%s", message);
	cr_assert(set("max.message.bytes", "0"), "%s", message);
}

Test(settings_topic, what_is_not_applied_takes_its_default_however_it_is_written)
{
	static const char *const good[][2] = {
		{"compression.zstd.level", "3"},
		{"compression.zstd.level", "+3"},
		{"local.retention.bytes", "-2"},
		{"remote.storage.enable", "FALSE"},
		{"unclean.leader.election.enable", "false"},
		{"leader.replication.throttled.replicas", ""},
	};
	for (unsigned i = 0; i < array_len(good); i++) {
		begin();
		int id = topic_setting_find(good[i][0]);
		cr_assert(id >= TOPIC_SETTINGS_APPLIED && !t.is_set[id]);
		cr_assert(set(good[i][0], good[i][1]), "%s", message);
		cr_assert(t.is_set[id], "%s", good[i][0]);
		cr_assert(set(good[i][0], NULL) && !t.is_set[id]);
	}
}

Test(settings_topic, and_nothing_else_which_is_said_with_the_reason)
{
	static const char *const bad[][3] = {
		{"compression.zstd.level", "4", "own level"},
		{"compression.zstd.level", "3x", "own level"},
		{"compression.zstd.level", "", "own level"},
		{"local.retention.ms", "-1", "tiered"},
		{"unclean.leader.election.enable", "true", "one copy"},
		{"min.insync.replicas", "2", "one copy"},
		{"remote.storage.enable", "true", "tiered"},
	};
	for (unsigned i = 0; i < array_len(bad); i++) {
		cr_assert(!set(bad[i][0], bad[i][1]), "%s=%s", bad[i][0], bad[i][1]);
		cr_assert(strstr(message, bad[i][2]) && strstr(message, bad[i][0]), "%s", message);
		cr_assert(strstr(message, "set it to its default"), "%s", message);
		cr_assert(!t.is_set[topic_setting_find(bad[i][0])]);
	}
}

static const char *text_of(enum topic_setting_id id)
{
	static char text[SETTING_TEXT_BYTES];
	return topic_setting_text(&t, id, text, sizeof text);
}

Test(settings_topic, what_becomes_of_the_old_is_said_in_words_of_any_order)
{
	static const char *const good[][2] = {
		{"delete", "delete"},		  {"compact", "compact"},
		{"delete,compact", "compact,delete"}, {"compact, delete ", "compact,delete"},
		{"Compact", "compact"},		  {"delete,delete", "delete"},
	};
	cr_assert(t.log.cleanup_policy == CLEANUP_DELETE);
	for (unsigned i = 0; i < array_len(good); i++) {
		cr_assert(set("cleanup.policy", good[i][0]), "%s", message);
		cr_assert_str_eq(text_of(TOPIC_SETTING_cleanup_policy), good[i][1]);
	}
	cr_assert(set("cleanup.policy", "compact") && t.log.cleanup_policy == CLEANUP_COMPACT);
	static const char *const bad[] = {"", ",", "compact,", ",delete", "keep", "compact,keep",
					  "compact delete", "compac", "compactdelete"};
	for (unsigned i = 0; i < array_len(bad); i++) {
		bool is_set = set("cleanup.policy", bad[i]);
		cr_assert(!is_set || strcmp(bad[i], "compact,") == 0, "%s", bad[i]);
		cr_assert(t.log.cleanup_policy == CLEANUP_COMPACT);
	}
	cr_assert(strstr(message, "compact|delete"), "%s", message);
}

Test(settings_topic, a_ratio_is_kept_to_the_millionth_and_written_as_kafka_does)
{
	static const char *const good[][2] = {
		{"0.5", "0.5"}, {"0.50", "0.5"}, {"1", "1.0"}, {"0", "0.0"}, {"1e-2", "0.01"},
		{"0.000001", "0.000001"}, {"0.3333333", "0.333333"}, {".9", "0.9"},
	};
	cr_assert_str_eq(text_of(TOPIC_SETTING_min_cleanable_dirty_ratio), "0.5");
	for (unsigned i = 0; i < array_len(good); i++) {
		cr_assert(set("min.cleanable.dirty.ratio", good[i][0]), "%s", message);
		cr_assert_str_eq(text_of(TOPIC_SETTING_min_cleanable_dirty_ratio), good[i][1]);
	}
	static const char *const bad[] = {"", "half", "-0.1", "1.1", "0.5x", "nan", "inf"};
	for (unsigned i = 0; i < array_len(bad); i++)
		cr_assert(!set("min.cleanable.dirty.ratio", bad[i]), "%s", bad[i]);
	cr_assert(strstr(message, "from 0 to 1"), "%s", message);
}

/* Kafka's names, its reference's list. */
Test(settings_topic, every_setting_of_kafkas_topics_is_known)
{
	static const char *const keys[][2] = {
		{"cleanup.policy", "delete"},
		{"compression.type", "producer"},
		{"compression.gzip.level", "-1"},
		{"compression.lz4.level", "9"},
		{"compression.zstd.level", "3"},
		{"delete.retention.ms", "86400000"},
		{"file.delete.delay.ms", "60000"},
		{"flush.messages", "9223372036854775807"},
		{"flush.ms", "9223372036854775807"},
		{"follower.replication.throttled.replicas", ""},
		{"index.interval.bytes", "4096"},
		{"leader.replication.throttled.replicas", ""},
		{"local.retention.bytes", "-2"},
		{"local.retention.ms", "-2"},
		{"max.compaction.lag.ms", "9223372036854775807"},
		{"max.message.bytes", "1048588"},
		{"message.timestamp.after.max.ms", "3600000"},
		{"message.timestamp.before.max.ms", "9223372036854775807"},
		{"message.timestamp.type", "CreateTime"},
		{"min.cleanable.dirty.ratio", "0.5"},
		{"min.compaction.lag.ms", "0"},
		{"min.insync.replicas", "1"},
		{"preallocate", "false"},
		{"remote.log.copy.disable", "false"},
		{"remote.log.delete.on.disable", "false"},
		{"remote.storage.enable", "false"},
		{"retention.bytes", "-1"},
		{"retention.ms", "604800000"},
		{"segment.bytes", "1073741824"},
		{"segment.index.bytes", "10485760"},
		{"segment.jitter.ms", "0"},
		{"segment.ms", "604800000"},
		{"unclean.leader.election.enable", "false"},
	};
	for (unsigned i = 0; i < array_len(keys); i++) {
		char text[SETTING_TEXT_BYTES];
		int id = topic_setting_find(keys[i][0]);
		cr_assert(id >= 0, "%s", keys[i][0]);
		topic_setting_text(&t, (enum topic_setting_id)id, text, sizeof text);
		cr_assert(strcmp(text, keys[i][1]) == 0, "%s: %s", keys[i][0], text);
		cr_assert(set(keys[i][0], text), "what is read can be written: %s", message);
	}
	cr_assert(TOPIC_SETTINGS == array_len(keys) + 2, "and two of ours");
	cr_assert(!set("cleanup.polizy", "delete") && strstr(message, "no such topic setting"));
}

/* Kafka's: of a topic's it looks at each alone. */
Test(settings_topic, how_long_it_keeps_records_has_the_bounds_that_kafka_has)
{
	static const char *const good[][2] = {
		{"retention.ms", "-1"}, {"retention.ms", "0"},
		{"retention.ms", "9223372036854775807"},
		{"retention.bytes", "-1"}, {"retention.bytes", "0"},
		{"segment.ms", "1"}, {"segment.jitter.ms", "0"},
		{"segment.jitter.ms", "604800001"}, /* than segment.ms */
		{"file.delete.delay.ms", "0"},
	};
	static const char *const bad[][2] = {
		{"retention.ms", "-2"}, {"retention.ms", "9223372036854775808"},
		{"retention.ms", "1h"}, {"retention.ms", ""}, {"retention.bytes", "-2"},
		{"segment.ms", "0"}, {"segment.ms", "-1"}, {"segment.jitter.ms", "-1"},
		{"file.delete.delay.ms", "-1"},
	};
	char text[SETTING_TEXT_BYTES];
	for (unsigned i = 0; i < array_len(good); i++) {
		int id = topic_setting_find(good[i][0]);
		cr_assert(set(good[i][0], good[i][1]), "%s", message);
		topic_setting_text(&t, (enum topic_setting_id)id, text, sizeof text);
		cr_assert(t.is_set[id] && strcmp(text, good[i][1]) == 0, "%s: %s", good[i][0],
			  text);
	}
	for (unsigned i = 0; i < array_len(bad); i++)
		cr_assert(!set(bad[i][0], bad[i][1]) && strstr(message, "a whole number from"),
			  "%s=%s", bad[i][0], bad[i][1]);
	cr_assert(t.log.retention_ms == INT64_MAX && t.log.retention_bytes == 0);
	cr_assert(t.log.segment_ms == 1 && t.log.segment_jitter_ms == 604800001);
	cr_assert(t.log.file_delete_delay_ms == 0);
}

Test(settings_topic, how_long_it_keeps_records_follows_the_gateway)
{
	s.log_retention_ms = -1;
	s.log_retention_bytes = 5;
	s.log_roll_ms = 6;
	s.log_roll_jitter_ms = 7;
	s.log_segment_delete_delay_ms = 8;
	cr_assert(set("retention.bytes", "-1"));
	topic_settings_follow(&t, &s);
	cr_assert(t.log.retention_ms == -1 && t.log.retention_bytes == -1);
	cr_assert(t.log.segment_ms == 6 && t.log.segment_jitter_ms == 7);
	cr_assert(t.log.file_delete_delay_ms == 8);
}

/* Kafka's bounds, but for segment.index.bytes: an index with room for no entry would end its
 * segment with each batch. */
Test(settings_topic, how_its_log_is_written_has_the_bounds_that_kafka_has)
{
	static const char *const good[][2] = {
		{"flush.messages", "1"}, {"flush.messages", "9223372036854775807"},
		{"flush.ms", "0"}, {"flush.ms", "9223372036854775807"},
		{"preallocate", "TRUE"}, {"preallocate", "false"},
		{"segment.index.bytes", "1024"}, {"segment.index.bytes", "2147483647"},
		{"index.interval.bytes", "0"}, {"index.interval.bytes", "2147483647"},
	};
	static const char *const bad[][2] = {
		{"flush.messages", "0"}, {"flush.messages", "9223372036854775808"},
		{"flush.ms", "-1"}, {"preallocate", "yes"}, {"preallocate", ""},
		{"segment.index.bytes", "1023"}, {"segment.index.bytes", "2147483648"},
		{"index.interval.bytes", "-1"},
	};
	for (unsigned i = 0; i < array_len(good); i++)
		cr_assert(set(good[i][0], good[i][1]), "%s", message);
	for (unsigned i = 0; i < array_len(bad); i++)
		cr_assert(!set(bad[i][0], bad[i][1]), "%s=%s", bad[i][0], bad[i][1]);
	cr_assert(t.log.flush_messages == INT64_MAX && t.log.flush_ms == INT64_MAX);
	cr_assert(!t.log.preallocate && t.log.segment_index_bytes == 2147483647);
}

Test(settings_topic, how_its_log_is_written_follows_the_gateway)
{
	s.log_flush_interval_messages = 2;
	s.log_flush_interval_ms = 3;
	s.log_preallocate = true;
	s.log_index_size_max_bytes = 4096;
	s.log_index_interval_bytes = 5;
	cr_assert(set("flush.ms", "7"));
	topic_settings_follow(&t, &s);
	cr_assert(t.log.flush_messages == 2 && t.log.flush_ms == 7 && t.log.preallocate);
	cr_assert(t.log.segment_index_bytes == 4096 && t.log.index_interval_bytes == 5);
}

Test(settings_topic, what_it_was_not_told_follows_the_gateway)
{
	cr_assert(set("linger.ms", "7"));
	s.linger_ms = 100;
	s.log_segment_bytes = 2097152;
	topic_settings_follow(&t, &s);
	cr_assert(t.topic.linger_ms == 7 && t.log.segment_bytes == 2097152);
	cr_assert(set("linger.ms", NULL) && t.topic.linger_ms == 100);
}
