/* gen_reader.h - one consumer: its offsets in, the bytes of its next request out; the answer's
 * in, what it had out.
 *
 *     gen_reader_size, gen_reader_fill ─▶ ListOffsets 1, then Fetch 11 after Fetch 11
 *     gen_reader_take ◀─ bytes of the answer ─▶ batches ─▶ ledger, offsets, the next request
 *
 * It is member m of n: partition p is its own when p mod n = m. With a session (KIP-227) a
 * request names the partitions that had records in the answer before; without one it names all,
 * beginning behind the last that had some, so that none starves.
 *
 * Nothing of a request is kept: it is made from the offsets whenever it is sent. They move only
 * with its answer, and whoever answers has the whole request.
 *
 * Core: the generator's. Memory: places and list are the owner's, one of each per partition.
 */
#ifndef PENSTOCK_GEN_READER_H
#define PENSTOCK_GEN_READER_H

#include "perf/gen_consume_options.h"
#include "perf/gen_fetch_answer.h"
#include "perf/gen_ledger.h"
#include "perf/gen_list_answer.h"

struct gen_reader {
	const struct gen_consume_options *options;
	struct gen_reads *reads; /* of all readers */
	uint32_t member;
	uint32_t count; /* of its partitions */
	uint32_t left;  /* of them: not read up to what was there first */
	struct gen_place *places;
	uint32_t *named; /* indices of places: those in the next request */
	uint32_t named_count;
	uint32_t first; /* place that a list of all begins with */
	uint32_t session_id, session_epoch;
	uint32_t place; /* that the answer speaks of */
	bool is_listed; /* it knows where its partitions begin */
	bool had_batch, had_error;
	union {
		struct gen_list_answer list;
		struct gen_fetch_answer answer;
	};
};

/* How many partitions are this member's. */
uint32_t gen_reader_count(const struct gen_consume_options *o, uint32_t member);
/* `places` and `named` are set, and of gen_reader_count(); the rest is made here. */
void gen_reader_init(struct gen_reader *r, const struct gen_consume_options *options,
		     uint32_t member, struct gen_reads *reads);

uint32_t gen_reader_size(const struct gen_reader *r);
/* Bytes [at, at + size) of the request. */
void gen_reader_fill(const struct gen_reader *r, uint32_t correlation, uint32_t at, uint32_t size,
		     uint8_t *out);

enum gen_reader_event {
	GEN_READER_MORE,    /* all was taken, and the answer goes on */
	GEN_READER_BATCH,   /* whose first bytes are `answer.front` */
	GEN_READER_DONE,    /* the answer has ended */
	GEN_READER_REFUSED, /* ended, and something in it was an error */
	GEN_READER_STRANGE, /* no answer to this request */
};

/* Takes from the front of `at` up to the next event. */
enum gen_reader_event gen_reader_take(struct gen_reader *r, uint32_t correlation,
				      struct bytes *at);

/* The partition of a place. */
static inline uint32_t gen_reader_partition(const struct gen_reader *r, uint32_t place)
{
	return r->member + place * r->options->consumers;
}

/* ListOffsets about one partition, as a producer greets. */
void gen_list_request(struct emitter *e, struct bytes topic, uint32_t partition,
		      uint32_t correlation);

#endif
