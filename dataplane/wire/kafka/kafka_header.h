/* kafka_header.h - what stands before every Kafka message.
 *
 *     request   size 4 | key 2 | version 2 | correlation id 4 | client id   [ | tags ]
 *     response  size 4 | correlation id 4                                   [ | tags ]
 *
 * Tags in flexible versions only (request header v2, response header v1), the client id is
 * never compact, and the answer to ApiVersions never carries tags: which version is flexible
 * is kafka_apis.h's to say. The size does not count itself.
 *
 * Core: any; no state.
 */
#ifndef PENSTOCK_KAFKA_HEADER_H
#define PENSTOCK_KAFKA_HEADER_H

#include "dataplane/wire/kafka/kafka_apis.h"
#include "dataplane/wire/kafka/kafka_schema.h"

enum {
	KAFKA_SIZE_BYTES = 4,
	KAFKA_KEY_VERSION_BYTES = 4,
	/* The shortest request header: client id null, no tags. */
	KAFKA_REQUEST_HEADER_BYTES_MIN = 10,
	/* Size, correlation id, no tags. */
	KAFKA_RESPONSE_HEADER_BYTES_MAX = 9,
};

struct kafka_request_header {
	int16_t api_key;
	int16_t api_version;
	int32_t correlation_id;
	struct bytes client_id; /* null when the client has none */
};

/* Reads a header (without the size field); false: cut short or malformed. */
bool kafka_request_header_read(struct cursor *c, bool is_flexible,
			       struct kafka_request_header *ret);

/* Writes the size field and the header of an answer whose size is not known yet: patch the
 * first four bytes with kafka_size_store(). */
void kafka_response_header_emit(struct emitter *e, int32_t correlation_id, bool is_flexible);

/* The size field of a message of `bytes` in all. */
static inline void kafka_size_store(uint8_t out[KAFKA_SIZE_BYTES], size_t bytes)
{
	be32_store(out, (uint32_t)(bytes - KAFKA_SIZE_BYTES));
}

/* The length of an array or byte field where a message goes piece by piece; -1 is
 * null. Four bytes, or compact: for arrays and byte fields, not for strings. */
int64_t kafka_length_read(struct cursor *c, bool is_flexible);
void kafka_length_emit(struct emitter *e, bool is_flexible, int64_t length);

#endif
