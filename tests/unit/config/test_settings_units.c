/* test_settings_units.c - one thing in several units: the finest that was given holds. */
#include "config/setting_value.h"
#include "config/settings_live.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { MINUTE_MS = 60000, HOUR_MS = 3600000 };

static struct settings s;
static struct live_settings l;
static char *said;
static size_t said_size;
static char message[512];

/* With these, and a port, which a gateway must have; the number of errors. */
static unsigned start_with(const char *const *given, unsigned count)
{
	free(said);
	said = NULL;
	FILE *messages = open_memstream(&said, &said_size);
	settings_init(&s);
	unsigned errors = settings_assign(&s, "penstock.port=net_null0", messages);
	errors += settings_assign(&s, "penstock.port.address=10.1.2.3/24", messages);
	for (unsigned i = 0; i < count; i++)
		errors += settings_assign(&s, given[i], messages);
	errors += settings_finish(&s, messages);
	fclose(messages);
	return errors;
}

#define START(...)                                                                       \
	start_with((const char *const[]){__VA_ARGS__},                                   \
		   sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static bool set(const char *key, const char *value)
{
	return live_settings_set(&l, LIVE_BROKER, key, value, message, sizeof message);
}

Test(settings_units, the_finest_that_was_given_holds_in_whatever_order)
{
	cr_assert(START("log.retention.hours=1") == 0, "%s", said);
	cr_assert(s.log_retention_ms == HOUR_MS && s.log_retention_hours == 1);
	cr_assert(START("log.retention.minutes=5", "log.retention.hours=1") == 0);
	cr_assert(s.log_retention_ms == 5 * MINUTE_MS);
	cr_assert(START("log.retention.hours=1", "log.retention.minutes=5") == 0);
	cr_assert(s.log_retention_ms == 5 * MINUTE_MS);
	cr_assert(START("log.retention.ms=7", "log.retention.hours=1",
			"log.retention.minutes=5") == 0);
	cr_assert(s.log_retention_ms == 7);
	cr_assert(START("log.roll.hours=2", "log.roll.jitter.hours=3") == 0);
	cr_assert(s.log_roll_ms == 2 * HOUR_MS && s.log_roll_jitter_ms == 3 * HOUR_MS);
	cr_assert(START("log.roll.hours=2", "log.roll.ms=9", "log.roll.jitter.ms=4") == 0);
	cr_assert(s.log_roll_ms == 9 && s.log_roll_jitter_ms == 4);
}

Test(settings_units, a_unit_that_was_given_its_default_was_given)
{
	cr_assert(START("log.retention.minutes=10080", "log.retention.hours=1") == 0);
	cr_assert(s.log_retention_ms == 10080 * (int64_t)MINUTE_MS);
}

Test(settings_units, the_largest_of_a_coarse_unit_is_no_less_in_a_fine_one)
{
	cr_assert(START("log.retention.hours=2147483647", "log.roll.hours=2147483647") == 0);
	cr_assert(s.log_retention_ms == INT64_C(2147483647) * HOUR_MS);
	cr_assert(s.log_roll_ms == INT64_C(2147483647) * HOUR_MS);
}

Test(settings_units, never_is_never_in_every_unit)
{
	static const char *const never[] = {"log.retention.hours=-1", "log.retention.minutes=-1",
					    "log.retention.ms=-1"};
	char text[SETTING_TEXT_BYTES];
	for (unsigned i = 0; i < array_len(never); i++) {
		cr_assert(start_with(&never[i], 1) == 0, "%s", said);
		cr_assert(s.log_retention_ms == -1, "%s", never[i]);
	}
	cr_assert(START("log.retention.hours=-1") == 0 && s.log_retention_hours == -1);
	gateway_setting_text(&s, (unsigned)gateway_setting_find("log.retention.hours"), text,
			     sizeof text);
	cr_assert(strcmp(text, "-1") == 0, "%s", text);
}

Test(settings_units, nothing_is_kept_for_no_time_as_by_kafka)
{
	cr_assert(START("log.retention.ms=0") == 1);
	cr_assert(strstr(said, "--set: error: log.retention.ms=0: expected -1"), "%s", said);
	cr_assert(START("log.retention.minutes=0", "log.retention.hours=5") == 1);
	cr_assert(strstr(said, "log.retention.minutes=0"), "%s", said);
	cr_assert(START("log.retention.hours=0") == 1);
	cr_assert(strstr(said, "log.retention.hours=0"), "%s", said);
	cr_assert(START("log.retention.hours=0", "log.retention.ms=5") == 0, "%s", said);
}

Test(settings_units, what_kafka_refuses_is_refused)
{
	static const char *const bad[] = {
		"log.roll.ms=0", "log.roll.hours=0", "log.roll.jitter.ms=-1",
		"log.roll.jitter.hours=-1", "log.retention.check.interval.ms=0",
		"log.segment.delete.delay.ms=-1", "log.retention.hours=-2",
		"log.retention.hours=2147483648", "log.retention.ms=9223372036854775808"};
	for (unsigned i = 0; i < array_len(bad); i++)
		cr_assert(start_with(&bad[i], 1) == 1, "%s", bad[i]);
}

/* Until somebody gives one, all units say the same; what is coarser is read at start, for the
 * finest has taken it over then. */
Test(settings_units, all_units_have_one_default_and_only_the_finest_is_live)
{
	unsigned count;
	const struct setting_unit *units = setting_units(&count);
	struct setting_rows rows = setting_rows_gateway();
	cr_assert(count > 0);
	settings_init(&s);
	for (unsigned i = 0; i < count; i++) {
		const struct setting_row *fine = setting_find(rows, units[i].key);
		const struct setting_row *coarse = setting_find(rows, units[i].coarser);
		cr_assert(setting_number(fine, &s) ==
				  setting_number(coarse, &s) * units[i].factor,
			  "%s", coarse->key);
		cr_assert(strcmp(fine->when, "live") == 0 && strcmp(coarse->when, "boot") == 0);
	}
}

Test(settings_units, a_setting_is_found_by_any_of_its_units)
{
	static const char *const keys[] = {"log.retention.ms", "log.retention.minutes",
					   "log.retention.hours"};
	unsigned units[SETTING_UNITS_MAX];
	for (unsigned i = 0; i < array_len(keys); i++) {
		unsigned row = (unsigned)gateway_setting_find(keys[i]);
		cr_assert(gateway_setting_units(row, units) == array_len(keys));
		for (unsigned k = 0; k < array_len(keys); k++)
			cr_assert(strcmp(gateway_setting_view(units[k]).key, keys[k]) == 0);
		int next = i + 1 < array_len(keys) ? gateway_setting_find(keys[i + 1]) : -1;
		cr_assert(gateway_setting_coarser(row) == next);
	}
	unsigned row = (unsigned)gateway_setting_find("linger.ms");
	cr_assert(gateway_setting_units(row, units) == 1 && units[0] == row);
	cr_assert(gateway_setting_coarser(row) == -1);
}

Test(settings_units, while_it_runs_the_finest_is_set_over_what_it_was_started_with)
{
	cr_assert(START("log.retention.hours=1") == 0, "%s", said);
	live_settings_init(&l, &s);
	cr_assert(l.now.log_retention_ms == HOUR_MS);
	cr_assert(set("log.retention.ms", "5") && l.now.log_retention_ms == 5);
	cr_assert(set("log.retention.ms", "-1") && l.now.log_retention_ms == -1);
	cr_assert(set("log.retention.ms", NULL) && l.now.log_retention_ms == HOUR_MS);
	cr_assert(!set("log.retention.hours", "2") && l.now.log_retention_ms == HOUR_MS);
	cr_assert(strstr(message, "Cannot update these configs dynamically"), "%s", message);
	cr_assert(!set("log.retention.ms", "0") && l.now.log_retention_ms == HOUR_MS);
	cr_assert(strstr(message, "log.retention.ms=0: expected -1"), "%s", message);
	cr_assert(!set("log.retention.check.interval.ms", "1000"));
}

/* As Kafka has it: null, though records are kept for an hour. */
Test(settings_units, what_was_given_in_hours_was_not_given_in_milliseconds)
{
	char text[SETTING_TEXT_BYTES];
	cr_assert(START("log.retention.hours=1") == 0, "%s", said);
	live_settings_init(&l, &s);
	unsigned ms = (unsigned)gateway_setting_find("log.retention.ms");
	unsigned hours = (unsigned)gateway_setting_find("log.retention.hours");
	for (int source = SETTING_OF_BROKER; source < SETTING_SOURCES; source++)
		cr_assert(!live_settings_text(&l, ms, (enum setting_source)source, text,
					      sizeof text));
	cr_assert(live_settings_source(&l, ms) == SETTING_OF_NOBODY);
	cr_assert(live_settings_source(&l, hours) == SETTING_OF_START);
	cr_assert(live_settings_text(&l, hours, SETTING_OF_NOBODY, text, sizeof text) &&
		  strcmp(text, "168") == 0);
	cr_assert(strcmp(gateway_setting_text(&l.now, ms, text, sizeof text), "3600000") == 0);
}
