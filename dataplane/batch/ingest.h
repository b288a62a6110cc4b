/* ingest.h - frames and datagrams in, records out: topic, partition, credit.
 *
 * A frame that finds no credit, no append object or no memory for its answer waits as a record
 * (session/kept.h) and its session with it (waiting.h); all behind it stays in its stream, and it
 * does, too, when there is no place for the record. A datagram is shed.
 * Which topic and partition: route.h.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_INGEST_H
#define PENSTOCK_INGEST_H

#include "dataplane/batch/record_headers.h"
#include "dataplane/net/stack/udp.h"
#include "dataplane/session/session.h"

struct record {
	struct lane *lane;
	const struct topic *topic;
	struct bytes key; /* data null: no key */
	struct bytes value;
	struct answer *answer; /* null: nobody waits */
	int64_t timestamp_ms;
	uint32_t reserve_bytes; /* of credit: record_reserve_bytes() */
	uint16_t headers_bytes; /* of its headers as they lie in a record; 0: none */
	uint8_t level;         /* enum ack_level of the listener */
	uint8_t route;         /* its number (route.h) */
	uint8_t kind;          /* enum credit_kind */
};

enum {
	RECORDS_PER_TURN = FRAMES_PER_TURN + PACKETS_PER_TURN,
};

struct record_vec {
	unsigned count;
	struct record records[RECORDS_PER_TURN];
	/* Of each, if its listener wants that: a key made of an address, headers. */
	char addresses[RECORDS_PER_TURN][RECORD_KEY_BYTES_MAX];
	uint8_t headers[RECORDS_PER_TURN][RECORD_HEADERS_BYTES_MAX];
};
static_assert((int)RECORD_HEADERS_BYTES_MAX <= UINT16_MAX, "record.headers_bytes");

/* Frames and datagrams to records: partition by key, credit reserved; what finds no credit
 * waits (frames) or is shed and counted (datagrams). Consumes the streams. */
void ingest_input(struct ingest *in, const struct frame_vec *frames,
		  const struct datagram_vec *datagrams, struct record_vec *ret);

#endif
