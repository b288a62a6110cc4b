/* produce_request.h - the shape of a Produce request in; its bytes out, built once; and
 * the check of its response.
 *
 *     head, 12 bytes, per request                | body, built once per partition,
 *     size 4, key 2, version 2, correlation 4    | shared by all requests: client id, acks,
 *                                                | timeout, topic, batch
 *
 * Version 7 (Kafka 2.1 to 4.x and Penstock take it): one topic by name, one partition, one
 * batch of equally long records without keys, compressed once as a producer does
 * (perf/record_deflate.h). A response has a fixed size then.
 *
 * Values look like lines of telemetry: three quarters repeat, one quarter are random digits.
 *
 * Core: any; no state. Memory: the body is the caller's to free().
 */
#ifndef PENSTOCK_PERF_PRODUCE_REQUEST_H
#define PENSTOCK_PERF_PRODUCE_REQUEST_H

#include "perf/record_deflate.h"

enum {
	PRODUCE_HEAD_BYTES = 12,
	PRODUCE_NAMES_BYTES_MAX = 512, /* of a body, in front of its batch */
};

struct produce_shape {
	const char *topic;
	unsigned partition;
	int acks;
	unsigned record_bytes; /* size of each value */
	unsigned records;      /* per batch */
	enum record_codec codec;
	int64_t now_ms;        /* timestamp of the records */
};

struct produce_body {
	uint8_t *data;
	size_t size;
	size_t partition_at; /* where its number lies, 4 bytes: another may be stored there */
};

struct produce_body produce_body_build(const struct produce_shape *s);

void produce_head_set(uint8_t head[PRODUCE_HEAD_BYTES], const struct produce_body *body,
		      uint32_t correlation);

/* A response's size on the wire, size field included. */
size_t produce_response_bytes(const char *topic);

struct produce_response {
	uint32_t correlation;
	uint32_t partition;
	int16_t error;
	int64_t base_offset;
};

/* False: it is not the response to a request of this shape. */
bool produce_response_read(const uint8_t *data, const char *topic,
			   struct produce_response *ret);

#endif
