/* kafka_step.h - what the steps of any request do: pieces read, bytes kept, answers grown.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_KAFKA_STEP_H
#define PENSTOCK_KAFKA_STEP_H

#include "dataplane/kafka/kafka_session.h"
#include "dataplane/session/bad_frames.h"

/* Decodes one piece of the request, of its version; false: cut short or malformed. */
bool kafka_read_piece(const struct kafka_session *ks, const struct kafka_message *m,
		      struct cursor *c, void *ret);

/* What the connection sends, for those who look for the slowest of all. */
struct incoming_batch *kafka_incoming(const struct incoming *m, struct kafka_session *ks);

/* So much more is kept of a large request that is not whole: others may come to wait for it. */
void kafka_half_note(const struct ingest *in, struct kafka_session *ks, struct halves *h,
		     size_t bytes);

/* Appends to what is kept of a request, in line with all who do. False: the session waits. */
bool kafka_request_append(struct waits *w, struct call_server *servers,
			  struct kafka_session *ks, struct bytes b);

/* Appends to an answer in small chunks. False: it is not small any more, or there are none. */
bool kafka_answer_append_small(struct answers *as, const struct session *s, struct chain *c,
			       const void *data, size_t size);
/* The same, then in large ones, in line with all who want some. False: the session waits. */
bool kafka_answer_take(struct answers *as, struct waits *w, struct session *s, struct chain *c,
		       const void *data, size_t size);

/* Keeps for the operator what is wrong with the request (ks->fault): `bytes`, which begin at
 * `offset` of the stream. */
void kafka_bad_request(struct bad_frames *b, int64_t wall_ms, const struct kafka_session *ks,
		       uint64_t offset, struct bytes bytes);

/* The answer has its bytes: fills in the size field. */
void kafka_answer_seal(struct answer *a);

/* The answer is not wanted any more: dropped when all it waits for has come. */
void kafka_answer_forget(struct answers *as, struct answer *a);

#endif
