/* setting_value.h - one row of settings.def as data, and its value as text and back.
 *
 *     "num.partitions=8" ─▶ setting_find ─▶ setting_parse(row, struct) ─▶ struct.num_partitions
 *
 * The three tables (gateway, topic, listener) have the same rows, so that the parser, the
 * usage text and the generated documentation are one piece of code each.
 *
 * Core: control. No state. Ownership: rows are constants; values lie in the caller's struct
 * at `offset`.
 */
#ifndef PENSTOCK_SETTING_VALUE_H
#define PENSTOCK_SETTING_VALUE_H

#include "config/setting_view.h"
#include "config/settings.h"

enum setting_type {
	SETTING_TYPE_flag,
	SETTING_TYPE_int,
	SETTING_TYPE_long,
	SETTING_TYPE_count,
	SETTING_TYPE_size,
	SETTING_TYPE_memory,
	SETTING_TYPE_duration,
	SETTING_TYPE_string,
	SETTING_TYPE_list,
	SETTING_TYPE_name,
	SETTING_TYPE_enum,
	SETTING_TYPE_words,
	SETTING_TYPE_ratio,
};

struct setting_row {
	const char *key;
	enum setting_type type;
	int64_t default_number; /* of texts: 0 */
	const char *default_text;
	int64_t min;
	int64_t max;
	const char *unit;   /* of an enum, and of words: the words, separated by '|' */
	const char *when;
	const char *help;
	size_t offset;      /* of the field in its struct */
	size_t size;
	size_t parent;      /* topic settings: offset of the default in struct settings */
	unsigned protocols; /* listener settings: 1 << enum protocol_id of those with it */
};

/* A table and its length. */
struct setting_rows {
	const struct setting_row *rows;
	unsigned count;
};

struct setting_rows setting_rows_gateway(void);
struct setting_rows setting_rows_topic(void);
struct setting_rows setting_rows_listener(void);

/* The row of the gateway's that a topic's row takes its default from. */
unsigned setting_parent(const struct setting_row *topic_row);

/* Other names of Kafka's for rows of the gateway. */
struct setting_alias {
	const char *alias;
	const char *key;
};

const struct setting_alias *setting_aliases(unsigned *count);
/* `key`, or the one that it is another name of. */
const char *setting_unalias(const char *key);

/* Keys of Kafka's that are accepted and ignored. */
struct kafka_key {
	const char *name; /* ends in '*' when it stands for all that begin so */
	const char *reason;
};

const struct kafka_key *kafka_keys(unsigned *count);
/* Why `key` is ignored, or null when it is not one of Kafka's. */
const char *kafka_key_reason(const char *key);

/* A topic's setting of Kafka's of which only the default is applied. */
struct fixed_row {
	const char *key;
	uint8_t kind;       /* enum setting_kind */
	const char *value;  /* the default */
	const char *parent; /* the same of Kafka's brokers; "": there is none */
	const char *reason; /* why there is nothing else */
	const char *help;
};

/* Of TOPIC_SETTINGS - TOPIC_SETTINGS_APPLIED rows. */
const struct fixed_row *fixed_rows(void);

const struct setting_row *setting_find(struct setting_rows rows, const char *key);

/* The same thing in a coarser unit; see SETTING_UNIT in settings.def. */
struct setting_unit {
	const char *key;
	const char *coarser;
	int64_t factor;
};

const struct setting_unit *setting_units(unsigned *count);

/* Is its value a text, not a number or one of some words? */
bool setting_is_text(const struct setting_row *row);
void setting_set_default(const struct setting_row *row, void *base);
/* Of a row whose value is no text; words count from 0. The number lies in the row's range. */
int64_t setting_number(const struct setting_row *row, const void *base);
void setting_set_number(const struct setting_row *row, void *base, int64_t number);
/* Reads `text` into the field; false with a phrase in `message`: what is expected. */
bool setting_parse(const struct setting_row *row, void *base, const char *text, char *message,
		   size_t message_size);
char *setting_format(const struct setting_row *row, const void *base, char *out, size_t size);
/* The default as text; of an enum its word. */
char *setting_format_default(const struct setting_row *row, char *out, size_t size);

/* The known key with the least edit distance to `key`. */
const char *setting_nearest(struct setting_rows rows, const char *key);

#endif
