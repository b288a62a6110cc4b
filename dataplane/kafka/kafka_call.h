/* kafka_call.h - requests that control answers: bytes there, bytes back.
 *
 *     stream ─▶ request chunks ─▶ struct call ─▶ control ─▶ reply ─▶ answer chunks ─▶ stream
 *                                     ▲                       │
 *                                     └── second trip: control takes its reply back
 *
 * Nothing is looked into here. A null reply closes the connection. A reply that finds no
 * answer chunks is held until it is its session's turn to have some (waiting.h).
 */
#ifndef PENSTOCK_KAFKA_CALL_H
#define PENSTOCK_KAFKA_CALL_H

#include "dataplane/kafka/kafka_session.h"

/* Takes the request's bytes and, when it is whole, calls control. */
kafka_step kafka_call_step;

/* Answers with what control has replied, now or when there is room. */
void kafka_call_reply(struct ingest *in, struct call *c);

/* The session ends: a held reply goes back. */
void kafka_call_close(struct ingest *in, struct kafka_session *ks);

#endif
