/* kafka_call.h - requests that control or the coordinator answers: bytes there, bytes back.
 *
 *     stream ─▶ request chunks ─▶ call_msg ─────▶ server ─▶ reply ─▶ answer chunks ─▶ stream
 *                                     ▲   ▲         │ └─ parked ┐     ▲
 *                                     │   └─────────┼───────────┘     │
 *                                     └─────────────┘                 └── SEND, with the ticket
 *                   second trip: the server takes its reply back
 *
 * Nothing is looked into here. A null reply closes the connection. A request that waits for others
 * is parked: its call comes back without a reply, the session keeps the answer it owes, and a SEND
 * with the call's ticket brings the bytes, before the call even (inbox.h). A reply that finds no
 * answer chunks is held until it is its session's turn to have some (waiting.h).
 *
 * A connection that goes forgets its parked request at once: the SEND finds nobody.
 */
#ifndef PENSTOCK_KAFKA_CALL_H
#define PENSTOCK_KAFKA_CALL_H

#include "dataplane/kafka/kafka_session.h"

struct delivery;

/* Takes the request's bytes and, when it is whole, calls its server. */
kafka_step kafka_call_step;

/* A SEND brings the answer of the session's parked request; sent now or when there is room. */
void kafka_call_deliver(struct ingest *in, struct session *s, struct inbox_msg *give);

/* It is the session's turn to take the chunks that its held reply waits for. */
void kafka_call_resume(struct answers *as, struct waits *w, struct call_server *servers,
		       struct delivery *d, struct kafka_session *ks);

/* The session ends: a held reply goes back, a parked request is forgotten. */
void kafka_call_close(struct answers *as, struct call_server *servers, struct delivery *d,
		      struct kafka_session *ks);

/* A server has replied, has parked the request, or has taken its reply back. */
void kafka_call_done(struct ingest *in, struct call_msg *c);

#endif
