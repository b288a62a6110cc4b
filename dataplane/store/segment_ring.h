/* segment_ring.h - the segments of one log, in the order of their offsets.
 *
 *                        head             tail
 *     places   [   .   |   0   |  4711  |  9000  |   .   |   .   |   .   |   .   ]
 *                          │        │        │
 *     objects           [ s ]    [ s ]    [ s ]    [ s ] made ahead, or taken out and held
 *
 * The places are a ring, so that a log can lose its head while its tail grows; they hold
 * pointers, so that an object stays where it is whatever becomes of its neighbours. An object
 * is counted: the ring holds those in it, and whoever keeps a pointer to one beyond a call
 * holds it as well. Taken out of the ring it is found no more; the last who lets go gives its
 * object back.
 *
 * Core: the log's. Memory: part of the log's mapping, mapped for SEGMENTS_MAX and touched for
 * as many as there are: places double when they are all taken, and the first few objects lie
 * in the ring itself.
 */
#ifndef PENSTOCK_SEGMENT_RING_H
#define PENSTOCK_SEGMENT_RING_H

#include "dataplane/store/segment.h"

enum {
	/* Segments of one log, those counted in that are not in its ring. */
	SEGMENTS_MAX = 16384,
	SEGMENTS_NEAR = 4,         /* objects in the ring itself */
	SEGMENT_PLACES_FIRST = 8,
	SEGMENT_RING_BYTES = SEGMENTS_MAX * sizeof(struct segment *) +
			     (SEGMENTS_MAX - SEGMENTS_NEAR) * sizeof(struct segment),
};

struct segment_ring {
	struct segment **places; /* of `capacity`, a power of two */
	uint32_t capacity;
	uint32_t head;           /* place of the first one */
	uint32_t count;
	uint32_t fresh;          /* objects from here on were never taken */
	struct segment *free;    /* given back */
	struct segment *far;
	cache_aligned struct segment near[SEGMENTS_NEAR]; /* a cache line each */
};

/* `memory`: zeroes, SEGMENT_RING_BYTES of them, for as long as the ring is used. */
void segment_ring_init(struct segment_ring *r, void *memory);

/* An object that the caller holds, zeroed but for that; null: all are in use. */
struct segment *segment_take(struct segment_ring *r);
bool segment_ring_is_full(const struct segment_ring *r);
/* As many as half of all are in use, and one more would be new. */
bool segment_ring_is_half_full(const struct segment_ring *r);
struct segment *segment_hold(struct segment *s);
void segment_let_go(struct segment_ring *r, struct segment *s);

/* At the tail: above all that are there. What the caller held is the ring's. */
void segment_ring_push(struct segment_ring *r, struct segment *s);
/* The first, or last, taken out: what the ring held is the caller's. */
struct segment *segment_ring_take_first(struct segment_ring *r);
struct segment *segment_ring_take_last(struct segment_ring *r);

/* `count` of them from the `i`-th on give way to `s`, which begins where the first of them does.
 * What the ring held of them is the caller's, and what he held of `s` the ring's. */
void segment_ring_replace(struct segment_ring *r, uint32_t i, uint32_t count, struct segment *s);

/* The `i`-th from the head. */
static inline struct segment *segment_ring_at(const struct segment_ring *r, uint32_t i)
{
	return r->places[(r->head + i) & (r->capacity - 1)];
}

/* How many begin at or below `offset`. */
uint32_t segment_ring_rank(const struct segment_ring *r, int64_t offset);
/* The segment that holds `offset`: the last that begins at or below it; or null. */
struct segment *segment_ring_find(const struct segment_ring *r, int64_t offset);
/* The first that begins above `offset`, or null. */
struct segment *segment_ring_above(const struct segment_ring *r, int64_t offset);

#endif
