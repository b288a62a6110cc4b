/* settings_topic.c - what one topic is told, and what it takes from the gateway. */
#include "config/setting_value.h"

#include <stdlib.h>
#include <strings.h>

static void take_parent(struct topic_settings *t, const struct settings *s,
			const struct setting_row *row)
{
	memcpy((uint8_t *)t + row->offset, (const uint8_t *)s + row->parent, row->size);
}

/* Every value is copied, the gateway's own too: pollers and writers see one set and need not
 * know where it came from. */
void topic_settings_follow(struct topic_settings *t, const struct settings *s)
{
	struct setting_rows rows = setting_rows_topic();
	for (unsigned i = 0; i < rows.count; i++)
		if (!t->is_set[i])
			take_parent(t, s, &rows.rows[i]);
}

void topic_settings_init(struct topic_settings *t, const struct settings *s)
{
	memset(t, 0, sizeof *t);
	topic_settings_follow(t, s);
}

/* ---- what is not applied ---------------------------------------------------------------- */

static const struct fixed_row *fixed_find(const char *key)
{
	for (unsigned i = 0; i < TOPIC_SETTINGS - TOPIC_SETTINGS_APPLIED; i++)
		if (strcmp(fixed_rows()[i].key, key) == 0)
			return &fixed_rows()[i];
	return NULL;
}

/* Both as whole numbers: a double would take the greatest long for others near it. */
static bool is_same_long(const char *value, const char *wanted)
{
	char *end;
	long long number = strtoll(value, &end, 10);
	return end != value && !*end && number == strtoll(wanted, NULL, 10);
}

/* 0.50 is 0.5. Both values are decimals that are exact, or nearly so in the same way. */
static bool is_same_double(const char *value, const char *wanted)
{
	char *end;
	double number = strtod(value, &end), want = strtod(wanted, NULL);
	return end != value && !*end && !(number < want) && !(number > want);
}

/* However it is written. */
static bool is_default(const struct fixed_row *row, const char *value)
{
	switch (row->kind) {
	case SETTING_KIND_INT:
	case SETTING_KIND_LONG:
		return is_same_long(value, row->value);
	case SETTING_KIND_DOUBLE:
		return is_same_double(value, row->value);
	case SETTING_KIND_BOOLEAN:
		return strcasecmp(value, row->value) == 0;
	default:
		return strcmp(value, row->value) == 0;
	}
}

static bool fixed_set(struct topic_settings *t, const struct fixed_row *row, const char *value,
		      char *message, size_t message_size)
{
	if (value && !is_default(row, value)) {
		snprintf(message, message_size,
			 "%s=%.64s: %s; leave it, or set it to its default, %s", row->key, value,
			 row->reason, row->value[0] ? row->value : "nothing");
		return false;
	}
	t->is_set[TOPIC_SETTINGS_APPLIED + (row - fixed_rows())] = value != NULL;
	return true;
}

/* ---- what is ----------------------------------------------------------------------------- */

static bool applied_set(struct topic_settings *t, const struct settings *s,
			const struct setting_row *row, const char *value, char *message,
			size_t message_size)
{
	char expected[256];
	if (!value) {
		take_parent(t, s, row);
	} else if (!setting_parse(row, t, value, expected, sizeof expected)) {
		snprintf(message, message_size, "%s=%.64s: expected %s", row->key, value,
			 expected);
		return false;
	}
	t->is_set[row - setting_rows_topic().rows] = value != NULL;
	return true;
}

/* A batch of frames that its topic would not take is handed on earlier (batch.c), so that no
 * value is refused for another one's sake. */
bool topic_settings_set(struct topic_settings *t, const struct settings *s,
			const char *key, const char *value, char *message,
			size_t message_size)
{
	struct setting_rows rows = setting_rows_topic();
	const struct setting_row *row = setting_find(rows, key);
	const struct fixed_row *fixed = row ? NULL : fixed_find(key);
	if (row)
		return applied_set(t, s, row, value, message, message_size);
	if (fixed)
		return fixed_set(t, fixed, value, message, message_size);
	snprintf(message, message_size, "%.64s: no such topic setting; nearest: %s", key,
		 setting_nearest(rows, key));
	return false;
}

const char *topic_setting_key(enum topic_setting_id id)
{
	return topic_setting_view(id).key;
}

char *topic_setting_text(const struct topic_settings *t, enum topic_setting_id id,
			 char *out, size_t size)
{
	if (id < TOPIC_SETTINGS_APPLIED)
		return setting_format(&setting_rows_topic().rows[id], t, out, size);
	snprintf(out, size, "%s", fixed_rows()[id - TOPIC_SETTINGS_APPLIED].value);
	return out;
}
