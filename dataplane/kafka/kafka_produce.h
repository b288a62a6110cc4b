/* kafka_produce.h - Produce requests: read piece by piece, answered per partition.
 *
 *     head ─▶ topic ─▶ partition ─▶ (batch, kafka_receive.h) ─▶ partition end ┐
 *               ▲          ▲────────────────────────────────────────────────── ┤
 *               └────────────────────────── topic end ◀────────────────────────┘─▶ end
 *
 * The answer is encoded along the way, the fields the writer decides left open; the answer
 * holds itself back until the request has been read to its end, then it queues like any
 * other. With acks=0 it has no bytes, and an error closes the connection.
 *
 * A malformed request costs the connection, but batches before the fault are in the log then:
 * Kafka, which has the whole request before it looks, would have stored none. Its client
 * cannot tell the difference, for it gets no answer in either case.
 *
 * Transactions do not exist here yet: a batch with the transactional bit is answered
 * TRANSACTIONAL_ID_AUTHORIZATION_FAILED. It is the one code of Produce that says "not with this
 * id" and that clients take as final; INVALID_TXN_STATE would claim that a transaction exists. An
 * ordinary batch is stored, whatever id comes with it, as by Kafka.
 * Idempotent producers: no producer id is handed out yet, so whoever sends one got it
 * elsewhere. Its batches are stored like those of a producer whose state has expired: any
 * epoch and sequence is taken, duplicates are not found.
 */
#ifndef PENSTOCK_KAFKA_PRODUCE_H
#define PENSTOCK_KAFKA_PRODUCE_H

#include "dataplane/kafka/kafka_session.h"

struct batching;

/* First step of a produce request, behind its header. */
kafka_step kafka_produce_head;

void kafka_produce_resolve(struct waiter *w, const struct append_msg *done);

/* The session ends, or the request turned out malformed (`is_rejected`: it has an end of its
 * own in the frame ledger): gives the unfinished batch back; the unfinished answer joins the
 * queue. */
void kafka_produce_close(struct batching *b, struct answers *as, struct kafka_session *ks,
			 bool is_rejected);

#endif
