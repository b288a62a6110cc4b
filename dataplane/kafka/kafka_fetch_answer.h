/* kafka_fetch_answer.h - a fetch's answer: the chunks it is promised, and the pieces that are
 * put into them.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_KAFKA_FETCH_ANSWER_H
#define PENSTOCK_KAFKA_FETCH_ANSWER_H

#include "dataplane/kafka/kafka_fetch.h"

/* The chunks of a whole answer that has no records, at most. */
uint32_t fetch_pieces_max(const struct fetch *f);

/* Is there so much memory, ever? */
bool fetch_can_be_answered(const struct answers *as, const struct fetch *f);

/* The fetch may take `chunks` more, which nobody else is given; false: there are too few. */
bool fetch_promise(struct answers *as, struct fetch *f, uint32_t chunks);
/* All but `keep` of what it was promised and did not take is anybody's again. */
void fetch_promise_keep(struct answers *as, struct fetch *f, uint32_t keep);
/* A chunk that was promised. */
struct chunk *fetch_chunk_take(struct answers *as, struct fetch *f);
/* Gives chunks back that were taken; they are promised again. */
void fetch_chunks_give(struct answers *as, struct fetch *f, struct chain *give);

void fetch_answer_begin(struct answers *as, struct fetch *f);
/* The part's place in the answer, the batches that were found joined to it as they are. */
void fetch_answer_part(struct answers *as, struct fetch *f, struct fetch_part *part,
		       struct fetch_found *found);
/* The answer is whole: it needs no more chunks. */
void fetch_answer_end(struct answers *as, struct fetch *f);
/* Forgets what there is of the answer. */
void fetch_answer_drop(struct answers *as, struct fetch *f);

#endif
