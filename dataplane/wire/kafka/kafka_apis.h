/* kafka_apis.h - the table of kafka_apis.def: which request in which version is ours, and
 * whose.
 *
 * A key or version without a row closes the connection, as Kafka does; only ApiVersions in an
 * unknown version is answered (its oldest layout, error 35), so that newer clients can step
 * down.
 */
#ifndef PENSTOCK_KAFKA_APIS_H
#define PENSTOCK_KAFKA_APIS_H

#include "dataplane/base/base.h"

enum kafka_api_key {
#define KAFKA_API(key, id, name, advertised, min, max, flexible, server)                 \
	KAFKA_API_##id = (key),
#include "dataplane/wire/kafka/kafka_apis.def"
};

/* Above every version: an API without flexible ones. */
enum { KAFKA_FLEXIBLE_NEVER = 127 };

/* First flexible version of each API, as a constant for the message tables. */
enum {
#define KAFKA_API(key, id, name, advertised, min, max, flexible, server)                 \
	KAFKA_FLEXIBLE_SINCE_##id = (flexible),
#include "dataplane/wire/kafka/kafka_apis.def"
};

/* The versions of each API that are answered. */
enum {
#define KAFKA_API(key, id, name, advertised, min, max, flexible, server)                 \
	KAFKA_VERSION_MIN_##id = (min), KAFKA_VERSION_MAX_##id = (max),
#include "dataplane/wire/kafka/kafka_apis.def"
};

enum kafka_server { KAFKA_SERVER_POLLER, KAFKA_SERVER_CONTROL, KAFKA_SERVER_COORDINATOR };

struct kafka_api_row {
	const char *name;
	int16_t key;
	int16_t version_advertised;
	int16_t version_min;
	int16_t version_max;
	int16_t flexible_since;
	uint8_t server; /* enum kafka_server */
};

enum {
#define KAFKA_API(key, id, name, advertised, min, max, flexible, server)                 \
	KAFKA_API_ROW_##id,
#include "dataplane/wire/kafka/kafka_apis.def"
	KAFKA_API_ROWS
};

extern const struct kafka_api_row kafka_api_rows[KAFKA_API_ROWS];

/* The row of `key`, or null: not served in any version. */
const struct kafka_api_row *kafka_api_row_find(int key);

static inline bool kafka_api_takes(const struct kafka_api_row *row, int version)
{
	return version >= row->version_min && version <= row->version_max;
}

/* Do the headers of this request end in tagged fields? The answer's header does under the
 * same condition, except that of ApiVersions, which never does. */
static inline bool kafka_api_is_flexible(const struct kafka_api_row *row, int version)
{
	return version >= row->flexible_since;
}

static inline bool kafka_api_answer_is_flexible(const struct kafka_api_row *row, int version)
{
	return row->key != KAFKA_API_API_VERSIONS && kafka_api_is_flexible(row, version);
}

#endif
