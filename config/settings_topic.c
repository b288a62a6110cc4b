/* settings_topic.c - what one topic is told, and what it takes from the gateway. */
#include "config/setting_value.h"

static void take_parent(struct topic_settings *t, const struct settings *s,
			const struct setting_row *row)
{
	memcpy((uint8_t *)t + row->offset, (const uint8_t *)s + row->parent, row->size);
}

/* Every value is copied, the gateway's own too: pollers and writers see one set and need not
 * know where it came from. */
void topic_settings_init(struct topic_settings *t, const struct settings *s)
{
	memset(t, 0, sizeof *t);
	struct setting_rows rows = setting_rows_topic();
	for (unsigned i = 0; i < rows.count; i++)
		take_parent(t, s, &rows.rows[i]);
}

/* A built batch must fit the topic that takes it. */
static bool fits(const struct topic_settings *t, char *message, size_t message_size)
{
	if (t->topic.batch_bytes <= t->log.message_bytes_max)
		return true;
	snprintf(message, message_size,
		 "batch.size %llu is above max.message.bytes %llu: the log would refuse "
		 "every "
		 "batch; lower the one or raise the other",
		 (unsigned long long)t->topic.batch_bytes,
		 (unsigned long long)t->log.message_bytes_max);
	return false;
}

/* Null takes the topic's own value away again. */
bool topic_settings_set(struct topic_settings *t, const struct settings *s,
			const char *key, const char *value, char *message,
			size_t message_size)
{
	struct setting_rows rows = setting_rows_topic();
	const struct setting_row *row = setting_find(rows, key);
	if (!row) {
		snprintf(message, message_size, "%s: no such topic setting; nearest: %s",
			 key, setting_nearest(rows, key));
		return false;
	}
	char expected[256];
	if (!value) {
		take_parent(t, s, row);
	} else if (!setting_parse(row, t, value, expected, sizeof expected)) {
		snprintf(message, message_size, "%s=%s: expected %s", key, value,
			 expected);
		return false;
	}
	t->is_set[row - rows.rows] = value != NULL;
	return fits(t, message, message_size);
}

const char *topic_setting_key(enum topic_setting_id id)
{
	return setting_rows_topic().rows[id].key;
}

char *topic_setting_text(const struct topic_settings *t, enum topic_setting_id id,
			 char *out, size_t size)
{
	return setting_format(&setting_rows_topic().rows[id], t, out, size);
}
