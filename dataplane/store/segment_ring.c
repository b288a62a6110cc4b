/* segment_ring.c - segments in at the tail, found by offset, out at either end; see
 * segment_ring.h. */
#include "dataplane/store/segment_ring.h"
#include "dataplane/base/require.h"

static_assert((SEGMENTS_MAX & (SEGMENTS_MAX - 1)) == 0, "places double up to there");

void segment_ring_init(struct segment_ring *r, void *memory)
{
	*r = (struct segment_ring){.places = memory, .capacity = SEGMENT_PLACES_FIRST};
	r->far = (struct segment *)(r->places + SEGMENTS_MAX);
}

bool segment_ring_is_full(const struct segment_ring *r)
{
	return !r->free && r->fresh == SEGMENTS_MAX;
}

bool segment_ring_is_half_full(const struct segment_ring *r)
{
	return !r->free && r->fresh >= SEGMENTS_MAX / 2;
}

static struct segment *take_fresh(struct segment_ring *r)
{
	uint32_t i = r->fresh++;
	return i < SEGMENTS_NEAR ? &r->near[i] : &r->far[i - SEGMENTS_NEAR];
}

/* One that was given back goes before a fresh one: only as many are ever touched as were in
 * use at a time. */
struct segment *segment_take(struct segment_ring *r)
{
	if (segment_ring_is_full(r))
		return NULL;
	struct segment *s = r->free;
	if (s)
		r->free = s->next;
	else
		s = take_fresh(r);
	*s = (struct segment){.holders = 1};
	return s;
}

struct segment *segment_hold(struct segment *s)
{
	require(s->holders > 0);
	s->holders++;
	return s;
}

void segment_let_go(struct segment_ring *r, struct segment *s)
{
	require(s->holders > 0);
	if (--s->holders > 0)
		return;
	/* An open file points back to where it is kept. */
	for (unsigned f = 0; f < SEGMENT_FILES; f++)
		require(!s->open[f]);
	s->next = r->free;
	r->free = s;
}

/* The places that lie before the head follow, in order, behind what was the last. */
static void double_places(struct segment_ring *r)
{
	require(r->capacity < SEGMENTS_MAX);
	memcpy(r->places + r->capacity, r->places, r->head * sizeof *r->places);
	r->capacity *= 2;
}

void segment_ring_push(struct segment_ring *r, struct segment *s)
{
	require(r->count == 0 ||
		segment_ring_at(r, r->count - 1)->base_offset < s->base_offset);
	if (r->count == r->capacity)
		double_places(r);
	r->places[(r->head + r->count) & (r->capacity - 1)] = s;
	r->count++;
}

struct segment *segment_ring_take_first(struct segment_ring *r)
{
	require(r->count > 0);
	struct segment *s = segment_ring_at(r, 0);
	r->head = (r->head + 1) & (r->capacity - 1);
	r->count--;
	return s;
}

struct segment *segment_ring_take_last(struct segment_ring *r)
{
	require(r->count > 0);
	return segment_ring_at(r, --r->count);
}

void segment_ring_replace(struct segment_ring *r, uint32_t i, uint32_t count, struct segment *s)
{
	require(count > 0 && i + count <= r->count);
	require(segment_ring_at(r, i)->base_offset == s->base_offset);
	uint32_t mask = r->capacity - 1;
	r->places[(r->head + i) & mask] = s;
	for (uint32_t k = i + count; k < r->count; k++)
		r->places[(r->head + k - count + 1) & mask] = segment_ring_at(r, k);
	r->count -= count - 1;
}

uint32_t segment_ring_rank(const struct segment_ring *r, int64_t offset)
{
	uint32_t low = 0;
	uint32_t high = r->count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (segment_ring_at(r, middle)->base_offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct segment *segment_ring_find(const struct segment_ring *r, int64_t offset)
{
	uint32_t rank = segment_ring_rank(r, offset);
	return rank > 0 ? segment_ring_at(r, rank - 1) : NULL;
}

struct segment *segment_ring_above(const struct segment_ring *r, int64_t offset)
{
	uint32_t rank = segment_ring_rank(r, offset);
	return rank < r->count ? segment_ring_at(r, rank) : NULL;
}
