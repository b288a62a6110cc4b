/* setting_rows.c - settings.def and kafka_keys.def as tables; checks that every default
 * lies within its own range. */
#include "config/setting_value.h"

#define NUMBER_bool(v)     v
#define NUMBER_int(v)      v
#define NUMBER_long(v)     v
#define NUMBER_size(v)     v
#define NUMBER_duration(v) v
#define NUMBER_enum(v)     v
#define NUMBER_string(v)   0
#define NUMBER_list(v)     0

#define TEXT_bool(v)     ""
#define TEXT_int(v)      ""
#define TEXT_long(v)     ""
#define TEXT_size(v)     ""
#define TEXT_duration(v) ""
#define TEXT_enum(v)     ""
#define TEXT_string(v)   v
#define TEXT_list(v)     v

#define SETTING(field, key, type, def, min, max, unit, when, help)                       \
	static_assert(NUMBER_##type(def) >= (min) && NUMBER_##type(def) <= (max),        \
		      key ": default outside its own range");                            \
	static_assert(sizeof(TEXT_##type(def)) <= SETTING_TEXT_BYTES, key);
#define LISTENER_SETTING(field, key, type, def, min, max, unit, protocols, help)         \
	static_assert(NUMBER_##type(def) >= (min) && NUMBER_##type(def) <= (max),        \
		      key ": default outside its own range");
#include "config/settings.def"

/* `type` arrives as an enumerator: passed on by name, bool would be expanded to _Bool. */
#define ROW(owner, field, key, type, number, text, min, max, unit, when, help, parent,   \
	    protocols)                                                                   \
	{key,                                                                            \
	 type,                                                                           \
	 number,                                                                         \
	 text,                                                                           \
	 min,                                                                            \
	 max,                                                                            \
	 unit,                                                                           \
	 #when,                                                                          \
	 help,                                                                           \
	 offsetof(struct owner, field),                                                  \
	 sizeof(((struct owner *)0)->field),                                             \
	 parent,                                                                         \
	 protocols},

static const struct setting_row gateway_rows[] = {
#define SETTING(field, key, type, def, min, max, unit, when, help)                       \
	ROW(settings, field, key, SETTING_TYPE_##type, NUMBER_##type(def),               \
	    TEXT_##type(def), min, max, unit, when, help, 0, 0)
#include "config/settings.def"
};

static_assert(array_len(gateway_rows) <= SETTING_ROWS_MAX,
	      "settings_draft remembers them");

static const struct setting_row topic_rows[] = {
#define TOPIC_SETTING(field, key, type, parent, min, max, unit, when, help)              \
	ROW(topic_settings, field, key, SETTING_TYPE_##type, 0, "", min, max, unit,      \
	    when, help, offsetof(struct settings, parent), 0)
#include "config/settings.def"
};

#define T_BOX	 (1u << LISTENER_GBT32960)
#define DATAGRAM (1u << LISTENER_UDP)

static const struct setting_row listener_rows[] = {
#define LISTENER_SETTING(field, key, type, def, min, max, unit, protocols, help)         \
	ROW(listener_settings, field, key, SETTING_TYPE_##type, NUMBER_##type(def),      \
	    TEXT_##type(def), min, max, unit, boot, help, 0, protocols)
#include "config/settings.def"
};

/* A topic's field takes its gateway default by copy. */
#define TOPIC_SETTING(field, key, type, parent, min, max, unit, when, help)              \
	static_assert(sizeof(((struct topic_settings *)0)->field) ==                     \
			      sizeof(((struct settings *)0)->parent),                    \
		      key ": not of its parent's type");
#include "config/settings.def"

static const struct setting_alias aliases[] = {
#define SETTING_ALIAS(alias, key) {alias, key},
#include "config/settings.def"
};

static const struct kafka_key ignored[] = {
#define KAFKA_KEY(name, reason) {name, reason},
#include "config/kafka_keys.def"
#undef KAFKA_KEY
};

struct setting_rows setting_rows_gateway(void)
{
	return (struct setting_rows){gateway_rows, array_len(gateway_rows)};
}

struct setting_rows setting_rows_topic(void)
{
	return (struct setting_rows){topic_rows, array_len(topic_rows)};
}

struct setting_rows setting_rows_listener(void)
{
	return (struct setting_rows){listener_rows, array_len(listener_rows)};
}

const struct setting_alias *setting_aliases(unsigned *count)
{
	*count = array_len(aliases);
	return aliases;
}

const struct kafka_key *kafka_keys(unsigned *count)
{
	*count = array_len(ignored);
	return ignored;
}

const struct setting_row *setting_find(struct setting_rows rows, const char *key)
{
	for (unsigned i = 0; i < rows.count; i++) {
		if (strcmp(rows.rows[i].key, key) == 0)
			return &rows.rows[i];
	}
	return NULL;
}

const char *kafka_key_reason(const char *key)
{
	for (unsigned i = 0; i < array_len(ignored); i++) {
		const char *name = ignored[i].name;
		size_t stem = strcspn(name, "*");
		bool fits = name[stem] ? strncmp(key, name, stem) == 0
				       : strcmp(key, name) == 0;
		if (fits)
			return ignored[i].reason;
	}
	return NULL;
}
