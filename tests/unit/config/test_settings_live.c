/* test_settings_live.c - the gateway's settings while it runs: whose value holds, and what cannot
 * be changed. */
#include "config/settings_live.h"
#include "config/setting_value.h"

#include <criterion/criterion.h>

static struct settings started;
static struct live_settings l;
static char message[512];

static void begin(void)
{
	FILE *silence = fopen("/dev/null", "w");
	settings_init(&started);
	cr_assert(settings_assign(&started, "num.partitions=3", silence) == 0);
	fclose(silence);
	live_settings_init(&l, &started);
}

static void end(void)
{
	FILE *silence = fopen("/dev/null", "w");
	settings_finish(&started, silence); /* frees what reading needed */
	fclose(silence);
}

TestSuite(settings_live, .init = begin, .fini = end);

static bool set(enum live_scope scope, const char *key, const char *value)
{
	message[0] = '\0';
	return live_settings_set(&l, scope, key, value, message, sizeof message);
}

static const char *text(const char *key, enum setting_source source)
{
	static char out[SETTING_TEXT_BYTES];
	return live_settings_text(&l, (unsigned)gateway_setting_find(key), source, out,
				  sizeof out);
}

static enum setting_source source_of(const char *key)
{
	return live_settings_source(&l, (unsigned)gateway_setting_find(key));
}

Test(settings_live, the_nearest_source_that_has_a_value_holds)
{
	cr_assert(l.now.num_partitions == 3 && source_of("num.partitions") == SETTING_OF_START);
	cr_assert(source_of("linger.ms") == SETTING_OF_NOBODY);
	cr_assert(set(LIVE_CLUSTER, "num.partitions", "4"));
	cr_assert(l.now.num_partitions == 4 && source_of("num.partitions") == SETTING_OF_CLUSTER);
	cr_assert(set(LIVE_BROKER, "num.partitions", "0005"));
	cr_assert(l.now.num_partitions == 5 && source_of("num.partitions") == SETTING_OF_BROKER);
	cr_assert(set(LIVE_CLUSTER, "num.partitions", "6") && l.now.num_partitions == 5);
	cr_assert(strcmp(text("num.partitions", SETTING_OF_BROKER), "5") == 0);
	cr_assert(strcmp(text("num.partitions", SETTING_OF_CLUSTER), "6") == 0);
	cr_assert(strcmp(text("num.partitions", SETTING_OF_START), "3") == 0);
	cr_assert(strcmp(text("num.partitions", SETTING_OF_NOBODY), "1") == 0);
	cr_assert(set(LIVE_BROKER, "num.partitions", NULL) && l.now.num_partitions == 6);
	cr_assert(set(LIVE_CLUSTER, "num.partitions", NULL) && l.now.num_partitions == 3);
	cr_assert(!text("num.partitions", SETTING_OF_CLUSTER));
}

Test(settings_live, a_scope_is_cleared_as_a_whole)
{
	cr_assert(set(LIVE_CLUSTER, "num.partitions", "4") && set(LIVE_CLUSTER, "linger.ms", "9"));
	cr_assert(set(LIVE_BROKER, "linger.ms", "8"));
	live_settings_clear(&l, LIVE_CLUSTER);
	cr_assert(l.now.num_partitions == 3 && l.now.linger_ms == 8);
}

Test(settings_live, what_is_read_at_start_is_refused_as_kafka_refuses_it)
{
	cr_assert(!set(LIVE_BROKER, "log.dirs", "/tmp"));
	cr_assert(strstr(message, "Cannot update these configs dynamically: log.dirs"), "%s",
		  message);
	cr_assert(!set(LIVE_BROKER, "broker.id", "2") && strstr(message, "node.id"));
	cr_assert(!set(LIVE_BROKER, "log.dirs", NULL));
}

Test(settings_live, bad_values_and_unknown_keys_change_nothing)
{
	cr_assert(!set(LIVE_BROKER, "num.partitions", "many") && strstr(message, "whole number"));
	cr_assert(!set(LIVE_BROKER, "num.partitions", "0"));
	cr_assert(!set(LIVE_BROKER, "num.partitionz", "2") &&
		  strstr(message, "nearest: num.partitions"));
	cr_assert(!set(LIVE_BROKER, "log.cleaner.threads", "2") &&
		  strstr(message, "one thread compacts"));
	cr_assert(l.now.num_partitions == 3);
}

Test(settings_live, batches_grow_no_larger_than_what_pollers_have_memory_for)
{
	cr_assert(set(LIVE_BROKER, "message.max.bytes", "1000"));
	cr_assert(l.now.poller.message_bytes_max == 1000);
	cr_assert(set(LIVE_BROKER, "message.max.bytes", "1048588"), "up to what it began with");
	cr_assert(!set(LIVE_BROKER, "message.max.bytes", "1048589") &&
		  strstr(message, "and restart"));
}

/* settings_live.h: a value has LIVE_TEXT_BYTES. */
Test(settings_live, no_setting_that_is_live_is_a_text)
{
	for (unsigned i = 0; i < gateway_setting_count(); i++)
		cr_assert(!gateway_setting_view(i).is_live ||
			  !setting_is_text(&setting_rows_gateway().rows[i]));
	cr_assert(set(LIVE_BROKER, "log.message.timestamp.before.max.ms", "9223372036854775807"));
	cr_assert(set(LIVE_BROKER, "log.retention.bytes", "-1"));
	cr_assert(strcmp(text("log.retention.bytes", SETTING_OF_BROKER), "-1") == 0);
}
