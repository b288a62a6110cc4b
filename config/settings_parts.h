/* settings_parts.h - what each part of the gateway is told: one struct a part, made of its rows
 * of settings.def, and the words of its enums.
 *
 *     settings.def ─▶ struct settings { tcp, poller, ... } ─ each copied whole ─▶ its part
 *
 * The names of settings and parts are the same, so that nothing has to be translated: control
 * hands each part its struct as it was read.
 *
 * Core: any. No state. The parts keep copies, which do not change while they run; a topic's
 * are in its snapshot, a log's come with ADMIN_ALTER.
 */
#ifndef PENSTOCK_SETTINGS_PARTS_H
#define PENSTOCK_SETTINGS_PARTS_H

#include "config/bounds.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { SETTING_RATIO_ONE = 1000000 }; /* of a ratio: millionths */
enum { SETTING_TEXT_BYTES = 1024, LISTENER_NAME_BYTES = 64, ADDRESS_LIMITS_MAX = 64 };

/* ---- the words of enum settings, in the order of their `unit` column ------------------- */

enum idle_kind { IDLE_BUSY, IDLE_PAUSE, IDLE_SLEEP };
enum offload_kind { OFFLOAD_AUTO, OFFLOAD_NONE };
/* Huge pages: when they can be had; or do not start; never. */
enum hugepages_kind { HUGEPAGES_AUTO, HUGEPAGES_REQUIRE, HUGEPAGES_NONE };
enum compression_kind {
	COMPRESSION_PRODUCER,
	COMPRESSION_UNCOMPRESSED,
	COMPRESSION_GZIP,
	COMPRESSION_SNAPPY,
	COMPRESSION_LZ4,
	COMPRESSION_ZSTD,
};
/* What becomes of what is old: any of them, a bit each. */
enum cleanup_policy { CLEANUP_COMPACT = 1 << 0, CLEANUP_DELETE = 1 << 1 };
/* Whose time a record has: its producer's, or that of its append. */
enum timestamp_kind { TIMESTAMP_CREATE_TIME, TIMESTAMP_LOG_APPEND_TIME };
/* What is looked at of a producer's compressed batch. */
enum inspect_kind { INSPECT_RECORDS, INSPECT_HEADERS };
/* What must be true before an append is given back. */
enum ack_level {
	ACK_WRITTEN, /* the write's completion was reaped: survives a crash of the process */
	ACK_DURABLE, /* covered by a later sync: survives power loss */
	ACK_LEVELS,
};
enum answer_body { ANSWER_BODY_TIME, ANSWER_BODY_ECHO };
/* Which editions of GB/T 32960.3 a listener takes. */
enum editions { EDITIONS_ALL, EDITIONS_2016, EDITIONS_2025 };
enum link_kind { LINK_TERMINAL, LINK_PLATFORM };
/* Auto: what the protocol has, a VIN or a phone number; of datagrams none. */
enum record_key { RECORD_KEY_AUTO, RECORD_KEY_NONE, RECORD_KEY_ADDRESS };
/* What a vehicle's record is, by its message: its listener may have a topic for each. */
enum record_class {
	RECORD_LIVE,    /* data as it comes about */
	RECORD_REISSUE, /* data from before, sent when there was a network again */
	RECORD_ALARM,   /* live, with an alarm raised */
	RECORD_SESSION, /* who has come and who has gone */
	RECORD_OTHER,
	RECORD_CLASSES,
};
/* How a record's partition is chosen; of the first and the fourth by its key, if it has one. */
enum partitioner_kind {
	PARTITIONER_MURMUR2,
	PARTITIONER_ROUNDROBIN,
	PARTITIONER_STICKY,
	PARTITIONER_CONSISTENT,
	PARTITIONER_FIXED,
};
/* Whose time a vehicle's record has. */
enum record_time { RECORD_TIME_RECEIPT, RECORD_TIME_FRAME };
/* What a terminal has to do before it is believed: authenticate; or nothing. */
enum authentication_kind { AUTHENTICATION_FIRST, AUTHENTICATION_ANY };
/* What becomes of a batch of reports: one record, or as many as it holds. */
enum batch_kind { BATCH_WHOLE, BATCH_SPLIT };
/* Those that a phone number is padded with. */
enum phone_zeroes { PHONE_ZEROES_STRIP, PHONE_ZEROES_KEEP };

/* What a listener speaks. */
enum protocol_id {
	PROTOCOL_KAFKA,
	PROTOCOL_GBT32960,
	PROTOCOL_JT808,
	PROTOCOL_UDP,
	PROTOCOLS,
};

/* What max.connections.per.ip.overrides says of an address. */
struct address_limit {
	uint32_t ip4; /* host order */
	uint32_t connections;
};

/* ---- how each type of settings.def lies in a struct ------------------------------------ */

#define SETTING_FIELD_flag(name)     bool name
#define SETTING_FIELD_int(name)      int32_t name
#define SETTING_FIELD_long(name)     int64_t name
#define SETTING_FIELD_count(name)    uint32_t name
#define SETTING_FIELD_size(name)     uint32_t name
#define SETTING_FIELD_memory(name)   uint64_t name
#define SETTING_FIELD_duration(name) uint32_t name
#define SETTING_FIELD_enum(name)     uint8_t name
#define SETTING_FIELD_words(name)    uint8_t name
#define SETTING_FIELD_ratio(name)    uint32_t name
#define SETTING_FIELD_string(name)   char name[SETTING_TEXT_BYTES]
#define SETTING_FIELD_list(name)     char name[SETTING_TEXT_BYTES]
#define SETTING_FIELD_name(name)     char name[TOPIC_NAME_BYTES_MAX + 1]
#define SETTING_FIELD(name, key, type, ...) SETTING_FIELD_##type(name);

/* ---- the parts ------------------------------------------------------------------------- */

struct tcp_settings {
#define TCP_SETTING SETTING_FIELD
#include "config/settings.def"
	/* Made by settings_finish(). */
	struct address_limit address_limit[ADDRESS_LIMITS_MAX];
	uint32_t address_limits;
};

struct poller_settings {
#define POLLER_SETTING SETTING_FIELD
#include "config/settings.def"
	/* Of penstock.code.key.file, or of chance; made at start. */
	uint64_t code_key[2];
};

struct writer_settings {
#define WRITER_SETTING SETTING_FIELD
#include "config/settings.def"
};

struct nic_settings {
#define NIC_SETTING SETTING_FIELD
#include "config/settings.def"
};

/* What the coordinator heeds of groups. */
struct group_settings {
#define GROUP_SETTING SETTING_FIELD
#include "config/settings.def"
};

/* What pollers heed of a topic's settings. */
struct topic_options {
#define TOPIC_SETTING SETTING_FIELD
#include "config/settings.def"
};

/* What a writer heeds of them; pollers refuse batches above its message_bytes_max. */
struct log_options {
#define LOG_SETTING SETTING_FIELD
#include "config/settings.def"
};

/* One line of `listeners` with its listener.name.<name>.* settings. */
struct listener {
	char name[LISTENER_NAME_BYTES]; /* as in `listeners`; stats and frames.bad say it */
	uint8_t protocol;               /* enum protocol_id */
	uint16_t port;
#define LISTENER_SETTING SETTING_FIELD
#include "config/settings.def"
	/* Of `partitioner`; made by settings_listeners(). */
	uint8_t partitioner_kind; /* enum partitioner_kind */
	uint32_t fixed_partition;
};

/* Of `auth`; null: anybody may come. */
static inline const char *listener_auth_file(const struct listener *l)
{
	static const char list[] = "list:";
	bool has_list = strncmp(l->auth, list, sizeof list - 1) == 0;
	return has_list ? l->auth + sizeof list - 1 : NULL;
}

/* Where records of the class go. */
static inline const char *listener_topic(const struct listener *l, enum record_class class)
{
	const char *const topics[RECORD_CLASSES] = {
		[RECORD_LIVE] = l->topic_live,       [RECORD_REISSUE] = l->topic_reissue,
		[RECORD_ALARM] = l->topic_alarm,     [RECORD_SESSION] = l->topic_session,
		[RECORD_OTHER] = l->topic_other,
	};
	if (class == RECORD_ALARM && !l->topic_alarm[0])
		class = RECORD_LIVE;
	return topics[class][0] ? topics[class] : l->topic;
}

#endif
