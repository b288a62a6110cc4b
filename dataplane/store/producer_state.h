/* producer_state.h - what a writer knows of idempotent producers: of each producer id in each of
 * its partitions the last five batches, by which one that comes again is known.
 *
 *     (slot, producer id) ─ keyed hash ─▶ bucket ─▶ producer ─▶ producer
 *     slot ─▶ producer ─▶ producer                    a partition's, in any order
 *     oldest ◀─▶ producer ◀─▶ ... ◀─▶ newest          all, by when they last wrote
 *
 * What a batch is to its partition, as Kafka decides it:
 *
 *     its id is not known                                 PRODUCER_NEXT, whatever its sequence
 *     epoch older than the known one                      PRODUCER_FENCED
 *     epoch newer: sequence 0                             PRODUCER_NEXT; the old one is forgotten
 *                  any other                              PRODUCER_OUT_OF_ORDER
 *     same epoch:  first and last sequence of one of five PRODUCER_DUPLICATE
 *                  the sequence behind the newest         PRODUCER_NEXT
 *                  any other                              PRODUCER_OUT_OF_ORDER
 *
 * Sequences go from 0 to 2^31 - 1 and from there to 0.
 *
 * A batch is noted when it is given its offset, before it is written. Only a fence makes that
 * untrue, and a fenced log answers nobody any more; a recovery reads the log. Where that is served
 * again while connections last, a batch may be on its way behind one that was refused: whose id is
 * not known then is awaited with the sequence of that one, and no other.
 *
 * Core: the writer; control while a log is opened. Memory: mapped at creation, touched as ids
 * come. When all entries are taken, the producer that wrote longest ago is forgotten.
 */
#ifndef PENSTOCK_PRODUCER_STATE_H
#define PENSTOCK_PRODUCER_STATE_H

#include "dataplane/base/siphash.h"
#include "dataplane/wire/record/record_batch.h"

enum {
	/* As many as a client sends without an answer: Kafka's number. */
	PRODUCER_BATCHES = 5,
	PRODUCER_IDS_MAX = 1 << 24,
};

struct producer_batch {
	int64_t last_offset;
	int64_t timestamp; /* its latest */
	int32_t last_sequence;
	int32_t offset_delta; /* its first offset is so far before the last, its sequence too; -1:
			       * it is none, but stands before the one that is awaited */
};

struct producer {
	int64_t id;
	uint64_t written_ns;
	uint32_t slot;
	/* Places of others in the table; 0: there is none. */
	uint32_t of_bucket;
	uint32_t of_slot;
	uint32_t of_slot_before;
	uint32_t older; /* the first place stands for both ends of these two */
	uint32_t newer;
	int16_t epoch;
	uint8_t count;  /* batches that are known, one at least */
	uint8_t newest; /* of the batches */
	cache_aligned struct producer_batch batches[PRODUCER_BATCHES]; /* a ring */
};

/* A producer's share of the memory: itself, and two buckets at most. */
enum { PRODUCER_ID_BYTES = sizeof(struct producer) + 2 * sizeof(uint32_t) };
static_assert(sizeof(struct producer) == 3 * CACHE_LINE_BYTES && PRODUCER_ID_BYTES == 200,
	      "as docs/ARCHITECTURE.md says");

/* The producers of one partition. */
struct producer_list {
	uint32_t first;
	uint32_t count;
};

struct producers {
	struct siphash_key key;
	struct producer *places; /* [ids_max + 1]; the first is nobody's */
	uint32_t *buckets;       /* a power of two */
	struct producer_list *lists; /* [slots] */
	uint32_t bucket_mask;
	uint32_t ids_max;
	uint32_t slots;
	uint32_t count;
	uint32_t fresh; /* places from here on were never taken */
	uint32_t free;  /* given back, by of_bucket */
};

enum producer_verdict {
	PRODUCER_NEXT,
	PRODUCER_DUPLICATE,
	PRODUCER_FENCED,
	PRODUCER_OUT_OF_ORDER,
};

/* `slots` partitions and `ids_max` ids of all of them; -ENOMEM. */
int producers_init(struct producers *t, uint32_t ids_max, uint32_t slots);
/* Fine for one of zeroes, too. */
void producers_fini(struct producers *t);

/* Of a batch that knows its offsets and has a producer id. PRODUCER_NEXT: it is noted.
 * PRODUCER_DUPLICATE: *ret is what was stored. */
enum producer_verdict producers_take(struct producers *t, uint32_t slot,
				     const struct record_batch_header *h, uint64_t now_ns,
				     struct producer_batch *ret);
/* Notes one that lies in a log, whatever came before it. */
void producers_note(struct producers *t, uint32_t slot, const struct record_batch_header *h,
		    uint64_t now_ns);
/* What `p` knows is of later than what the slot knows of its id: its batches follow. */
void producers_put(struct producers *t, uint32_t slot, const struct producer *p,
		   uint64_t now_ns);
/* Puts all of `from`, a table of one slot, in the order in which they wrote. */
void producers_put_all(struct producers *t, uint32_t slot, const struct producers *from,
		       uint64_t now_ns);
/* The batch was refused, and is sent again before those behind it. */
void producers_await(struct producers *t, uint32_t slot, const struct record_batch_header *h,
		     uint64_t now_ns);
/* The log is given back, and comes again with those of whom anything below `durable` lies in it. Of
 * the others it is kept what they are awaited with. */
void producers_suspend(struct producers *t, uint32_t slot, int64_t durable);
/* The partition is gone, or somebody else's. */
void producers_forget(struct producers *t, uint32_t slot);
/* Forgets who has not written since `before_ns`, `max` of them at most; how many it was. */
unsigned producers_expire(struct producers *t, uint64_t before_ns, unsigned max);

static inline uint32_t producers_count(const struct producers *t, uint32_t slot)
{
	return t->lists[slot].count;
}

/* The producer of this id, or null. */
const struct producer *producers_find(const struct producers *t, uint32_t slot, int64_t id);

/* The producers of a slot, one after the other; null: that was the last. Who began last comes
 * first: whoever is begun while they are gone through is passed over. */
const struct producer *producers_first(const struct producers *t, uint32_t slot);
const struct producer *producers_after(const struct producers *t, const struct producer *p);

static inline const struct producer_batch *producer_newest(const struct producer *p)
{
	return &p->batches[p->newest];
}

/* Nothing of it is stored as far as is known. */
static inline bool producer_is_awaited(const struct producer *p)
{
	return producer_newest(p)->offset_delta < 0;
}

/* The one that came `age` batches before the newest; fewer than `count`. */
static inline const struct producer_batch *producer_batch(const struct producer *p, unsigned age)
{
	return &p->batches[(p->newest + PRODUCER_BATCHES - age) % PRODUCER_BATCHES];
}

#endif
