/* settings_live.c - one value after another over what the gateway was started with. */
#include "config/settings_live.h"
#include "config/setting_value.h"
#include "config/settings_units.h"
#include "dataplane/base/require.h"

void live_settings_init(struct live_settings *l, const struct settings *started)
{
	memset(l, 0, sizeof *l);
	l->started = started;
	l->now = *started;
}

static const struct setting_row *row_of(unsigned row)
{
	return &setting_rows_gateway().rows[row];
}

/* The scope that holds, or what the gateway was started with: in a coarser unit, too, for only
 * the finest is live. */
static void resolve(struct live_settings *l, unsigned row)
{
	const struct setting_row *r = row_of(row);
	const char *value = l->value[LIVE_BROKER][row];
	char expected[256];
	if (!value[0])
		value = l->value[LIVE_CLUSTER][row];
	if (value[0])
		require(setting_parse(r, &l->now, value, expected, sizeof expected));
	else
		memcpy((uint8_t *)&l->now + r->offset,
		       (const uint8_t *)l->started + r->offset, r->size);
}

/* Pollers have memory for one batch of the size that they were started with. */
static bool is_in_reach(const struct live_settings *l, const struct settings *wanted, char *message,
			size_t message_size)
{
	uint32_t most = l->started->poller.message_bytes_max;
	if (wanted->poller.message_bytes_max <= most)
		return true;
	snprintf(message, message_size,
		 "message.max.bytes=%u: while it runs, no more than the %u it was started with; "
		 "raise it in the file, and restart",
		 wanted->poller.message_bytes_max, most);
	return false;
}

static bool keeps_records(const struct settings *wanted, char *message, size_t message_size)
{
	const char *fault = settings_retention_fault(wanted);
	if (fault[0])
		snprintf(message, message_size, "log.retention.ms=0: %s", fault);
	return !fault[0];
}

static bool is_good(const struct live_settings *l, unsigned row, const char *value, char *message,
		    size_t message_size)
{
	struct settings scratch = l->now;
	char expected[256];
	if (setting_parse(row_of(row), &scratch, value, expected, sizeof expected))
		return is_in_reach(l, &scratch, message, message_size) &&
		       keeps_records(&scratch, message, message_size);
	snprintf(message, message_size, "%s=%.64s: expected %s", row_of(row)->key, value, expected);
	return false;
}

/* Kept as it is written back, so that "0008" has no place to grow. */
static void keep(struct live_settings *l, enum live_scope scope, unsigned row, const char *value)
{
	struct settings scratch = l->now;
	char text[SETTING_TEXT_BYTES];
	require(setting_parse(row_of(row), &scratch, value, text, sizeof text));
	setting_format(row_of(row), &scratch, text, sizeof text);
	require(strlen(text) < LIVE_TEXT_BYTES);
	memcpy(l->value[scope][row], text, strlen(text) + 1);
}

bool live_settings_set(struct live_settings *l, enum live_scope scope, const char *key,
		       const char *value, char *message, size_t message_size)
{
	int row = gateway_setting_find(key);
	if (row < 0) {
		const char *reason = kafka_key_reason(key);
		snprintf(message, message_size, "%.64s: %s%s", key,
			 reason ? "" : "no such key; nearest: ",
			 reason ? reason : setting_nearest(setting_rows_gateway(), key));
		return false;
	}
	if (!gateway_setting_view((unsigned)row).is_live) {
		snprintf(message, message_size,
			 "Cannot update these configs dynamically: %s is read at start; set it in "
			 "the file, and restart",
			 row_of((unsigned)row)->key);
		return false;
	}
	if (value && !is_good(l, (unsigned)row, value, message, message_size))
		return false;
	if (value)
		keep(l, scope, (unsigned)row, value);
	else
		l->value[scope][row][0] = '\0';
	resolve(l, (unsigned)row);
	return true;
}

void live_settings_clear(struct live_settings *l, enum live_scope scope)
{
	memset(l->value[scope], 0, sizeof l->value[scope]);
	for (unsigned i = 0; i < gateway_setting_count(); i++)
		resolve(l, i);
}

const char *live_settings_text(const struct live_settings *l, unsigned row,
			       enum setting_source source, char *out, size_t size)
{
	const char *text = NULL;
	if (source == SETTING_OF_BROKER)
		text = l->value[LIVE_BROKER][row];
	if (source == SETTING_OF_CLUSTER)
		text = l->value[LIVE_CLUSTER][row];
	if (text && text[0])
		return snprintf(out, size, "%s", text), out;
	if (source == SETTING_OF_START && l->started->is_given[row])
		return setting_format(row_of(row), l->started, out, size);
	if (source == SETTING_OF_NOBODY && gateway_setting_coarser(row) < 0)
		return setting_format_default(row_of(row), out, size);
	return NULL;
}

enum setting_source live_settings_source(const struct live_settings *l, unsigned row)
{
	char text[SETTING_TEXT_BYTES];
	for (int source = SETTING_OF_BROKER; source < SETTING_OF_NOBODY; source++)
		if (live_settings_text(l, row, (enum setting_source)source, text, sizeof text))
			return (enum setting_source)source;
	return SETTING_OF_NOBODY;
}

enum setting_source topic_setting_source(const struct live_settings *l,
					 const struct topic_settings *t, unsigned id)
{
	int parent = topic_setting_view(id).parent;
	if (t->is_set[id])
		return SETTING_OF_TOPIC;
	return parent >= 0 ? live_settings_source(l, (unsigned)parent) : SETTING_OF_NOBODY;
}
