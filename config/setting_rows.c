/* setting_rows.c - settings.def and kafka_keys.def as tables; checks that every default
 * lies within its own range. */
#include "config/setting_value.h"

/* A row's default is a number or a text, by its type: of these two one gives it, the other
 * nothing. */
#define NUMBER_flag(v)     v
#define NUMBER_int(v)      v
#define NUMBER_long(v)     v
#define NUMBER_count(v)    v
#define NUMBER_size(v)     v
#define NUMBER_memory(v)   v
#define NUMBER_duration(v) v
#define NUMBER_enum(v)     v
#define NUMBER_words(v)    v
#define NUMBER_ratio(v)    v
#define NUMBER_string(v)   0
#define NUMBER_list(v)     0
#define NUMBER_name(v)     0

#define TEXT_flag(v)     ""
#define TEXT_int(v)      ""
#define TEXT_long(v)     ""
#define TEXT_count(v)    ""
#define TEXT_size(v)     ""
#define TEXT_memory(v)   ""
#define TEXT_duration(v) ""
#define TEXT_enum(v)     ""
#define TEXT_words(v)    ""
#define TEXT_ratio(v)    ""
#define TEXT_string(v)   v
#define TEXT_list(v)     v
#define TEXT_name(v)     v

#define FIELD(owner, path) ((struct owner *)0)->path

/* A number keeps its sign bit free; texts are larger than any number. */
#define FITS(owner, path, max)                                                           \
	(sizeof(FIELD(owner, path)) >= sizeof(int64_t) ||                                \
	 (int64_t)(max) < INT64_C(1) << (8 * sizeof(FIELD(owner, path)) - 1) % 64)

/* Of the types of fields only these two have a sign. */
#define LEAST(owner, path)                                                               \
	_Generic(FIELD(owner, path), int32_t: INT32_MIN, int64_t: INT64_MIN, default: 0)

#define CHECK(owner, path, key, type, def, min, max)                                     \
	static_assert(NUMBER_##type(def) >= (min) && NUMBER_##type(def) <= (max),        \
		      key ": default outside its own range");                            \
	static_assert((min) >= LEAST(owner, path), key ": a type without a sign");       \
	static_assert(FITS(owner, path, max), key ": a type too narrow for its range");  \
	static_assert(sizeof(TEXT_##type(def)) <= sizeof(FIELD(owner, path)), key);

#define CHECK_GATEWAY(path, key, type, def, min, max, ...)                               \
	CHECK(settings, path, key, type, def, min, max)
#define SETTING(field, ...)	   CHECK_GATEWAY(field, __VA_ARGS__)
#define TCP_SETTING(field, ...)	   CHECK_GATEWAY(tcp.field, __VA_ARGS__)
#define POLLER_SETTING(field, ...) CHECK_GATEWAY(poller.field, __VA_ARGS__)
#define WRITER_SETTING(field, ...) CHECK_GATEWAY(writer.field, __VA_ARGS__)
#define NIC_SETTING(field, ...)	   CHECK_GATEWAY(nic.field, __VA_ARGS__)
#define GROUP_SETTING(field, ...)  CHECK_GATEWAY(group.field, __VA_ARGS__)
#define LISTENER_SETTING(field, key, type, def, min, max, unit, protocols, help)         \
	CHECK(listener, field, key, type, def, min, max)
#include "config/settings.def"

#define ROW(owner, path, key, type, number, text, min, max, unit, when, help, parent,    \
	    protocols)                                                                   \
	{key,                                                                            \
	 SETTING_TYPE_##type,                                                            \
	 number,                                                                         \
	 text,                                                                           \
	 min,                                                                            \
	 max,                                                                            \
	 unit,                                                                           \
	 #when,                                                                          \
	 help,                                                                           \
	 offsetof(struct owner, path),                                                   \
	 sizeof(FIELD(owner, path)),                                                     \
	 parent,                                                                         \
	 protocols},

#define GATEWAY_ROW(path, key, type, def, min, max, unit, when, help)                    \
	ROW(settings, path, key, type, NUMBER_##type(def), TEXT_##type(def), min, max,   \
	    unit, when, help, 0, 0)

static const struct setting_row gateway_rows[] = {
#define SETTING(field, ...)	   GATEWAY_ROW(field, __VA_ARGS__)
#define TCP_SETTING(field, ...)	   GATEWAY_ROW(tcp.field, __VA_ARGS__)
#define POLLER_SETTING(field, ...) GATEWAY_ROW(poller.field, __VA_ARGS__)
#define WRITER_SETTING(field, ...) GATEWAY_ROW(writer.field, __VA_ARGS__)
#define NIC_SETTING(field, ...)	   GATEWAY_ROW(nic.field, __VA_ARGS__)
#define GROUP_SETTING(field, ...)  GATEWAY_ROW(group.field, __VA_ARGS__)
#include "config/settings.def"
};

static_assert(array_len(gateway_rows) <= SETTING_ROWS_MAX,
	      "settings_draft remembers them");

#define TOPIC_ROW(path, key, type, parent, min, max, unit, when, help)                   \
	ROW(topic_settings, path, key, type, 0, "", min, max, unit, when, help,          \
	    offsetof(struct settings, parent), 0)

static const struct setting_row topic_rows[] = {
#define TOPIC_SETTING(field, ...) TOPIC_ROW(topic.field, __VA_ARGS__)
#define LOG_SETTING(field, ...)	  TOPIC_ROW(log.field, __VA_ARGS__)
#include "config/settings.def"
};

/* A topic's field takes its gateway default by copy. */
#define CHECK_TOPIC(path, key, type, parent, min, max, ...)                              \
	static_assert(sizeof(FIELD(topic_settings, path)) ==                             \
			      sizeof(FIELD(settings, parent)),                           \
		      key ": not of its parent's type");                                 \
	static_assert((min) >= LEAST(topic_settings, path), key);                        \
	static_assert(FITS(topic_settings, path, max), key);
#define TOPIC_SETTING(field, ...) CHECK_TOPIC(topic.field, __VA_ARGS__)
#define LOG_SETTING(field, ...)	  CHECK_TOPIC(log.field, __VA_ARGS__)
#include "config/settings.def"

static const struct fixed_row topic_fixed[] = {
#define TOPIC_FIXED(id, key, kind, value, parent, reason, help)                          \
	{key, SETTING_KIND_##kind, value, parent, reason, help},
#include "config/settings.def"
};

static_assert(array_len(topic_rows) == TOPIC_SETTINGS_APPLIED &&
		      array_len(topic_fixed) == TOPIC_SETTINGS - TOPIC_SETTINGS_APPLIED,
	      "enum topic_setting_id counts both tables");

#define KAFKA	 (1u << PROTOCOL_KAFKA)
#define GBT	 (1u << PROTOCOL_GBT32960)
#define JT808	 (1u << PROTOCOL_JT808)
#define T_BOX	 (GBT | JT808)
#define DATAGRAM (1u << PROTOCOL_UDP)

static const struct setting_row listener_rows[] = {
#define LISTENER_SETTING(field, key, type, def, min, max, unit, protocols, help)         \
	ROW(listener, field, key, type, NUMBER_##type(def), TEXT_##type(def), min, max,  \
	    unit, boot, help, 0, protocols)
#include "config/settings.def"
};

static const struct setting_alias aliases[] = {
#define SETTING_ALIAS(alias, key) {alias, key},
#include "config/settings.def"
};

static const struct setting_unit units[] = {
#define SETTING_UNIT(key, coarser, factor) {key, coarser, factor},
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

const char *setting_unalias(const char *key)
{
	for (unsigned i = 0; i < array_len(aliases); i++)
		if (strcmp(aliases[i].alias, key) == 0)
			return aliases[i].key;
	return key;
}

const struct setting_unit *setting_units(unsigned *count)
{
	*count = array_len(units);
	return units;
}

const struct fixed_row *fixed_rows(void)
{
	return topic_fixed;
}

/* A topic's row says where its default lies in struct settings, not by which key. */
unsigned setting_parent(const struct setting_row *topic_row)
{
	unsigned i = 0;
	while (gateway_rows[i].offset != topic_row->parent)
		i++;
	return i;
}

const struct kafka_key *kafka_keys(unsigned *count)
{
	*count = array_len(ignored);
	return ignored;
}

/* Keys come from files and people, never with a record: no index is worth its code. */
const struct setting_row *setting_find(struct setting_rows rows, const char *key)
{
	for (unsigned i = 0; i < rows.count; i++) {
		if (strcmp(rows.rows[i].key, key) == 0)
			return &rows.rows[i];
	}
	return NULL;
}

/* A name that ends in a star stands for every key that begins like it. */
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
