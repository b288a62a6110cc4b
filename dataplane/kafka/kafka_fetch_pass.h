/* kafka_fetch_pass.h - a list of partitions in, reads and watches at the writers, the answer
 * out; kafka_fetch.h has the picture.
 *
 * Core: poller. Cost: a turn gives each fetch so many parts, and all of them together so many; who
 * has more goes on in the next.
 */
#ifndef PENSTOCK_KAFKA_FETCH_PASS_H
#define PENSTOCK_KAFKA_FETCH_PASS_H

#include "dataplane/kafka/kafka_fetch.h"

struct reading;

/* The request has been read and the answer taken: looks for the first time. */
void kafka_fetch_begin(struct ingest *in, struct fetch *f);

/* A parked fetch looks again: there is news, or its time is over, or its peer sends no more. */
void kafka_fetch_again(struct ingest *in, struct fetch *f);

/* Others wait for the memory of parts: the large fetch that has been parked longest is over. */
void kafka_fetch_hurry(struct ingest *in);

/* It is the session's turn: the fetch goes on where it was. */
void kafka_fetch_resume(struct ingest *in, struct fetch *f);

/* The session ends, or the request was malformed. */
void kafka_fetch_close(struct reading *rd, struct answers *as, struct kafka_session *ks);

/* The writer has given these back. */
void kafka_read_done(struct ingest *in, struct read_list *l);
void kafka_watch_done(struct ingest *in, struct watch_msg *w);

/* Those whom such watches concern look again, a bounded number; true when there were any. */
bool kafka_fetches_wake(struct ingest *in);

#endif
