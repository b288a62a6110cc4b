/* settings.h - what the operator asked for: the properties file and --set, checked.
 *
 *     settings_init ─▶ settings_load(file) ─▶ settings_assign(--set) ... ─▶ settings_finish
 *       defaults         Kafka's syntax          later ones win              listeners, cores
 *
 * Every knob is a row of settings.def; the structs below are made of those rows. Messages go
 * to the stream given: an error names file, line and the nearest key and is counted, a note
 * says why a key of Kafka's is ignored. All errors are said, not just the first.
 *
 * Core: control, at start. Ownership: plain values, copy at will. Data-plane code never reads
 * settings; control copies what it needs into poller_options and writer_options.
 * Limits: texts of SETTING_TEXT_BYTES - 1 bytes, LISTENERS_MAX listeners.
 */
#ifndef PENSTOCK_SETTINGS_H
#define PENSTOCK_SETTINGS_H

#include "config/bounds.h"
#include "dataplane/base/base.h"

#include <stdio.h>

enum { SETTING_TEXT_BYTES = 1024, LISTENER_NAME_BYTES = 64, SETTING_HOST_BYTES = 256 };

/* The words of enum settings, in the order of their `unit` column. */
enum idle_kind { IDLE_BUSY, IDLE_PAUSE, IDLE_SLEEP };
enum offload_kind { OFFLOAD_AUTO, OFFLOAD_NONE };
enum hugepages_kind { HUGEPAGES_AUTO, HUGEPAGES_REQUIRE, HUGEPAGES_NONE };
enum compression_kind {
	COMPRESSION_PRODUCER,
	COMPRESSION_UNCOMPRESSED,
	COMPRESSION_GZIP,
	COMPRESSION_SNAPPY,
	COMPRESSION_LZ4,
	COMPRESSION_ZSTD,
};
enum answer_level_kind { ANSWER_WRITTEN, ANSWER_DURABLE };
enum answer_body_kind { BODY_TIME, BODY_ECHO };
enum listener_link { LINK_IS_TERMINAL, LINK_IS_PLATFORM };
enum listener_key { KEY_NONE, KEY_ADDRESS };
enum listener_protocol { LISTENER_KAFKA, LISTENER_GBT32960, LISTENER_UDP, LISTENER_PROTOCOLS };
enum core_role { CORE_POLLER, CORE_WRITER, CORE_FUSED };

/* How each type of settings.def lies in a struct. */
#define SETTING_FIELD_bool(name)     bool name
#define SETTING_FIELD_int(name)      int32_t name
#define SETTING_FIELD_long(name)     int64_t name
#define SETTING_FIELD_size(name)     uint64_t name
#define SETTING_FIELD_duration(name) uint64_t name
#define SETTING_FIELD_enum(name)     uint8_t name
#define SETTING_FIELD_string(name)   char name[SETTING_TEXT_BYTES]
#define SETTING_FIELD_list(name)     char name[SETTING_TEXT_BYTES]

/* One line of `listeners`, with its listener.name.<name>.* settings. */
struct listener_settings {
	char name[LISTENER_NAME_BYTES];
	char host[SETTING_HOST_BYTES]; /* empty: the port's address */
	uint16_t port;
	uint8_t protocol; /* enum listener_protocol */
	char advertised_host[SETTING_HOST_BYTES]; /* empty: the port's address */
	uint16_t advertised_port;
#define LISTENER_SETTING(field, key, type, def, min, max, unit, protocols, help)         \
	SETTING_FIELD_##type(field);
#include "config/settings.def"
};

/* One entry of `penstock.cores`. */
struct core_settings {
	uint8_t role; /* enum core_role */
	uint16_t cpu;
};

struct settings {
#define SETTING(field, key, type, def, min, max, unit, when, help)                       \
	SETTING_FIELD_##type(field);
#include "config/settings.def"
	/* Made by settings_finish() from the texts above. */
	struct listener_settings listener[LISTENERS_MAX];
	unsigned listener_count;
	struct core_settings core[POLLERS_MAX + WRITERS_MAX];
	unsigned core_count; /* 0: penstock.cores is empty */
	uint32_t port_ip4;   /* host order; 0: not set */
	uint8_t port_prefix_bits;
	unsigned control_mode; /* of the socket */
	/* Where each value was written, until settings_finish(). */
	struct settings_draft *draft;
};

/* What a topic can be told; `is_set` says which differ from the gateway's settings. */
enum topic_setting_id {
#define TOPIC_SETTING(field, key, type, parent, min, max, unit, when, help) TOPIC_SETTING_##field,
#include "config/settings.def"
	TOPIC_SETTINGS
};

struct topic_settings {
#define TOPIC_SETTING(field, key, type, parent, min, max, unit, when, help)              \
	SETTING_FIELD_##type(field);
#include "config/settings.def"
	bool is_set[TOPIC_SETTINGS];
};

void settings_init(struct settings *s);

/* Reads a properties file. Returns the number of errors said. */
unsigned settings_load(struct settings *s, const char *path, FILE *messages);
/* One `key=value` of the command line. */
unsigned settings_assign(struct settings *s, const char *assignment, FILE *messages);
/* Checks what only the whole can tell, fills listeners, cores and address, and frees what
 * only reading needed: called once, errors before or not. */
unsigned settings_finish(struct settings *s, FILE *messages);

/* A topic's settings before it is told anything: the gateway's. */
void topic_settings_init(struct topic_settings *t, const struct settings *s);
/* Sets one; false with a sentence in `message` when there is no such key or the value is bad.
 * A null value takes the gateway's again. */
bool topic_settings_set(struct topic_settings *t, const struct settings *s, const char *key,
			const char *value, char *message, size_t message_size);
const char *topic_setting_key(enum topic_setting_id id);
/* The value as its owner would write it, into `out`; returns `out`. */
char *topic_setting_text(const struct topic_settings *t, enum topic_setting_id id, char *out,
			 size_t size);

/* The advertised address of a listener as text, "host"; the port's own when none is set. */
const char *settings_advertised_host(const struct settings *s, unsigned listener, char *out,
				     size_t size);
/* The log directory: the first of log.dirs. */
const char *settings_log_dir(const struct settings *s);

/* Key, default and sentence of each, for --help. */
void settings_usage(FILE *out);

#endif
