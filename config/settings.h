/* settings.h - what the operator asked for: the properties file and --set, checked.
 *
 *     settings_init ─▶ settings_load(file) ─▶ settings_assign(--set) ... ─▶ settings_finish
 *       defaults         Kafka's syntax          later ones win              listeners, cores
 *
 * Every knob is a row of settings.def; the structs are made of those rows. Messages go
 * to the stream given: an error names file, line and the nearest key and is counted, a note
 * says why a key of Kafka's is ignored. All errors are said, not just the first.
 *
 * Core: control, at start. Ownership: plain values, copy at will. Data-plane code never reads
 * settings; control gives each part its struct of them (settings_parts.h).
 * Limits: texts of SETTING_TEXT_BYTES - 1 bytes, LISTENERS_MAX listeners.
 */
#ifndef PENSTOCK_SETTINGS_H
#define PENSTOCK_SETTINGS_H

#include "config/settings_parts.h"
#include "dataplane/base/base.h"

#include <stdio.h>

enum {
	SETTING_HOST_BYTES = 256,
	SETTING_ROWS_MAX = 128, /* of one table */
};

enum core_role { CORE_POLLER, CORE_WRITER, CORE_FUSED, CORE_COORDINATOR, CORE_ROLES };

/* Where a listener is reached. */
struct listener_address {
	char host[SETTING_HOST_BYTES];            /* empty: the port's address */
	char advertised_host[SETTING_HOST_BYTES]; /* empty: the port's address */
	uint16_t advertised_port;
};

/* One entry of `penstock.cores`. */
struct core_settings {
	uint8_t role; /* enum core_role */
	uint16_t cpu;
};

struct settings {
#define SETTING SETTING_FIELD
#include "config/settings.def"
	struct tcp_settings tcp;
	struct poller_settings poller;
	struct writer_settings writer;
	struct nic_settings nic;
	struct group_settings group;
	/* Made by settings_finish() from the texts above. */
	struct listener listener[LISTENERS_MAX];
	struct listener_address address[LISTENERS_MAX]; /* of each of them */
	unsigned listener_count;
	struct core_settings core[POLLERS_MAX + WRITERS_MAX + 1];
	unsigned core_count; /* 0: penstock.cores is empty */
	uint32_t port_ip4;   /* host order; 0: not set */
	uint8_t port_prefix_bits;
	uint32_t gateway_ip4; /* host order; 0: penstock.port.gateway is empty */
	unsigned control_mode; /* of the socket */
	bool is_given[SETTING_ROWS_MAX]; /* by row of the gateway's: a file or --set has it */
	/* Where each value was written, until settings_finish(). */
	struct settings_draft *draft;
};

/* What a topic can be told; `is_set` says what it was told. Those from TOPIC_SETTINGS_APPLIED on
 * take their default and nothing else. */
enum topic_setting_id {
#define TOPIC_SETTING(field, ...) TOPIC_SETTING_##field,
#define LOG_SETTING(field, ...)	  TOPIC_SETTING_##field,
#include "config/settings.def"
	TOPIC_SETTINGS_APPLIED,
	TOPIC_SETTING_BEFORE_FIXED = TOPIC_SETTINGS_APPLIED - 1,
#define TOPIC_FIXED(id, ...) TOPIC_SETTING_##id,
#include "config/settings.def"
	TOPIC_SETTINGS
};

struct topic_settings {
	struct topic_options topic;
	struct log_options log;
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

/* The value of a row of the gateway's as its owner would write it, into `out`; returns `out`. */
char *gateway_setting_text(const struct settings *s, unsigned row, char *out, size_t size);

/* A topic's settings before it is told anything: the gateway's. */
void topic_settings_init(struct topic_settings *t, const struct settings *s);
/* Takes anew from the gateway what the topic was not told itself. */
void topic_settings_follow(struct topic_settings *t, const struct settings *s);
/* Sets one; false with a sentence in `message` when there is no such key, the value is bad, or
 * it is of a setting that is not applied. A null value takes the gateway's again. Values do not
 * depend on each other, nor on the order in which they come. */
bool topic_settings_set(struct topic_settings *t, const struct settings *s, const char *key,
			const char *value, char *message, size_t message_size);
const char *topic_setting_key(enum topic_setting_id id);
/* The value as its owner would write it, into `out`; returns `out`. */
char *topic_setting_text(const struct topic_settings *t, enum topic_setting_id id, char *out,
			 size_t size);

/* The advertised address of a listener as text, "host"; the port's own when none is set. */
const char *settings_advertised_host(const struct settings *s, unsigned listener, char *out,
				     size_t size);
/* And its port; the listener's own when none is set. */
uint16_t settings_advertised_port(const struct settings *s, unsigned listener);
/* The n-th of log.dirs, into `out`; false: there are fewer. */
bool settings_log_dir(const struct settings *s, unsigned n, char out[SETTING_TEXT_BYTES]);

/* Key, default and sentence of each, for --help. */
void settings_usage(FILE *out);

#endif
