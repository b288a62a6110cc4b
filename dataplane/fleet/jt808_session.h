/* jt808_session.h - what JT/T 808 knows of a connection, for those who answer on it.
 *
 * Core: poller. Memory: 128 bytes for each, in the slab of its protocol. */
#ifndef PENSTOCK_JT808_SESSION_H
#define PENSTOCK_JT808_SESSION_H

#include "dataplane/fleet/jt808_parts.h"
#include "dataplane/session/ingest_parts.h"

/* A phone number, padded on the left as that of 2019: the same in every edition. */
struct phone {
	uint8_t bcd[JT808_PHONE_BYTES_MAX];
};

struct jt808_session {
	struct session session;
	struct phone phone; /* that has authenticated */
	bool is_authenticated;
	uint16_t serial;    /* of what we send next */
	struct jt808_own_parts parts;
	/* Of the batch in front, when some of its reports have become records and others have not:
	 * how many have, and its answer, which waits for all. */
	uint16_t reports;
	struct answer *batch;
};
static_assert(sizeof(struct jt808_session) <= 2 * CACHE_LINE_BYTES, "an idle one takes no more");

static inline struct jt808_session *jt808_of(struct session *s)
{
	return container_of(s, struct jt808_session, session);
}

/* A message of ours, behind all that is owed; null: no memory for it. */
struct answer *jt808_answer_put(struct answers *as, struct jt808_session *js, struct bytes frame);

#endif
