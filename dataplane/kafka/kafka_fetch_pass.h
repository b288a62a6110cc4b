/* kafka_fetch_pass.h - a list of partitions in, reads and watches at the writers, the answer
 * out; kafka_fetch.h has the picture.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_KAFKA_FETCH_PASS_H
#define PENSTOCK_KAFKA_FETCH_PASS_H

#include "dataplane/kafka/kafka_fetch.h"

struct reading;

/* The session's timer fired: max_wait is over, or there is something already. */
void kafka_fetch_expire(struct ingest *in, struct fetch *f);

/* It is the session's turn: the pass goes on. */
void kafka_fetch_resume(struct ingest *in, struct fetch *f);

/* The session ends, or the request was malformed. */
void kafka_fetch_close(struct reading *rd, struct answers *as, struct kafka_session *ks);

/* The request has been read and the answer taken: begins the first pass. */
void kafka_fetch_begin(struct ingest *in, struct fetch *f);

/* Gives the fetch and what it holds back; nothing is at the writer, nothing is parked. */
void kafka_fetch_give(struct reading *rd, struct fetch *f);

/* The writer has given these back. */
void kafka_read_done(struct ingest *in, struct read_msg *r);
void kafka_watch_done(struct ingest *in, struct watch_msg *w);

#endif
