/* settings_units.c - of a setting that has several units the finest that was given holds; see
 * settings_units.h. */
#include "config/settings_units.h"

static const struct setting_row *row_of(const char *key)
{
	return setting_find(setting_rows_gateway(), key);
}

static bool is_given(const struct settings *s, const char *key)
{
	return s->is_given[row_of(key) - setting_rows_gateway().rows];
}

/* What is negative is no time, and means the same in every unit. */
static int64_t finer(int64_t number, int64_t factor)
{
	return number < 0 ? number : number * factor;
}

const char *settings_retention_fault(const struct settings *s)
{
	return s->log_retention_ms == 0 ? "expected -1 (for ever), or 1 at least" : "";
}

/* The key that was given, of those that may have said it. */
static void check_retention(const struct settings *s, struct settings_report *report)
{
	static const char *const keys[] = {"log.retention.ms", "log.retention.minutes",
					   "log.retention.hours"};
	const char *fault = settings_retention_fault(s);
	for (unsigned i = 0; i < array_len(keys) && fault[0]; i++) {
		if (!is_given(s, keys[i]))
			continue;
		settings_error(report, settings_where(s, keys[i]), "%s=0: %s", keys[i], fault);
		return;
	}
}

/* From the coarsest on: what is finer comes later, and over it. */
void settings_units(struct settings *s, struct settings_report *report)
{
	unsigned count;
	const struct setting_unit *units = setting_units(&count);
	for (unsigned i = count; i-- > 0;) {
		const struct setting_unit *u = &units[i];
		if (is_given(s, u->key) || !is_given(s, u->coarser))
			continue;
		setting_set_number(row_of(u->key), s,
				   finer(setting_number(row_of(u->coarser), s), u->factor));
	}
	check_retention(s, report);
}
