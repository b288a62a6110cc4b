/* batch.h - records into batches, per partition, in the poller's own memory.
 *
 *     ingest ─▶ record_vec ─▶ batch_input ─▶ lane->open ─ full ─┐
 *                                    linger over ─ batch_flush ─┴─▶ finished ─▶ handoff_submit
 *
 * A record is encoded straight into the chunk chain of its lane's open batch (the one copy
 * of its bytes on the poller). Header fields that need the whole batch (length, count,
 * timestamps) are written when it is closed; length and CRC again by the writer when it
 * compresses. Credit for the bytes was reserved by ingest, so nothing here can fail.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_BATCH_H
#define PENSTOCK_BATCH_H

#include "dataplane/net/stack/udp.h"
#include "dataplane/session/answer.h"
#include "dataplane/session/ingest_parts.h"

struct record {
	struct lane *lane;
	const struct topic *topic;
	struct bytes key; /* data null: no key */
	struct bytes value;
	struct answer *answer; /* null: nobody waits */
	uint8_t level;         /* enum ack_level of the listener */
	uint8_t listener;      /* its index */
};

enum {
	RECORDS_PER_TURN = FRAMES_PER_TURN + PACKETS_PER_TURN,
};

struct record_vec {
	unsigned count;
	struct record records[RECORDS_PER_TURN];
	/* Keys made of addresses, of this turn's datagrams. */
	char addresses[PACKETS_PER_TURN][RECORD_KEY_BYTES_MAX];
};

/* Bytes of credit a record of this key and value takes: its encoding, at its longest, and a
 * share of a batch header. */
uint32_t record_reserve_bytes(struct bytes key, struct bytes value);

void batch_input(struct ingest *in, const struct record_vec *records);
/* Closes the lane's open batch: queued for handoff_submit, credit it did not need back. */
void batch_close(struct ingest *in, struct lane *lane);
/* Closes batches whose linger is over; all of them when `all`. */
void batch_flush(struct ingest *in, bool all);
/* Nanoseconds until a linger is over, at most `limit_ns`. */
uint64_t batch_idle_ns(const struct ingest *in, uint64_t now_ns, uint64_t limit_ns);
/* Gives the finished batches to their writers. */
void handoff_submit(struct ingest *in);

/* There is an append object for `lane`, `others` more being taken first: each writer has as
 * many as its handoff holds, so that a slow one does not stall the others. */
bool append_is_sure(struct ingest *in, const struct lane *lane, uint32_t others);
/* Takes one; null when the budget of the lane's writer is used up. */
struct append_msg *append_take(struct ingest *in, struct lane *lane);
/* The append is complete: queue it for handoff_submit. */
void append_finish(struct ingest *in, struct append_msg *give);
/* Gives object, bytes and credit back. */
void append_give(struct ingest *in, struct append_msg *a);

#endif
