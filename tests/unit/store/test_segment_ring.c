/* test_segment_ring.c - segments pushed, found, held and taken out again, round and round. */
#include "dataplane/base/map.h"
#include "dataplane/store/segment_ring.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static void *memory;
static struct segment_ring ring;

static void begin(void)
{
	memory = map_take(SEGMENT_RING_BYTES);
	cr_assert(memory);
	segment_ring_init(&ring, memory);
}

static void end(void)
{
	map_give(memory, SEGMENT_RING_BYTES);
}

TestSuite(segment_ring, .init = begin, .fini = end);

/* Segment `n` begins at 10 n. */
static struct segment *push(int64_t n)
{
	struct segment *s = segment_take(&ring);
	cr_assert(s && s->holders == 1 && s->size == 0 && !s->open[SEGMENT_LOG]);
	s->base_offset = 10 * n;
	s->size = (uint64_t)n;
	segment_ring_push(&ring, s);
	return s;
}

static void drop_first(void)
{
	segment_let_go(&ring, segment_ring_take_first(&ring));
}

/* Segments `first` to before `end` are there, and are found. */
static void check(int64_t first, int64_t behind)
{
	cr_assert(ring.count == behind - first);
	for (int64_t n = first; n < behind; n++) {
		struct segment *s = segment_ring_at(&ring, (uint32_t)(n - first));
		cr_assert(s->base_offset == 10 * n && s->size == (uint64_t)n);
		cr_assert(segment_ring_find(&ring, 10 * n) == s);
		cr_assert(segment_ring_find(&ring, 10 * n + 9) == s);
		cr_assert(segment_ring_above(&ring, 10 * n - 1) == s);
		cr_assert(n == first || segment_ring_above(&ring, 10 * n - 10) == s);
	}
	cr_assert(segment_ring_find(&ring, 10 * first - 1) == NULL);
	cr_assert(segment_ring_above(&ring, 10 * behind - 10) == NULL);
}

Test(segment_ring, offsets_are_found_wherever_the_head_stands)
{
	int64_t behind = 0;
	check(0, 0);
	for (; behind < SEGMENT_PLACES_FIRST; behind++)
		push(behind);
	for (int64_t first = 0; first < 3 * SEGMENT_PLACES_FIRST; first++) {
		check(first, behind);
		drop_first();
		push(behind++);
	}
	cr_assert(ring.capacity == SEGMENT_PLACES_FIRST && ring.fresh == SEGMENT_PLACES_FIRST,
		  "a log that loses as much as it gains needs no more room");
}

Test(segment_ring, it_grows_in_order_wherever_the_head_stands)
{
	for (int64_t head = 0; head < SEGMENT_PLACES_FIRST; head++) {
		begin();
		int64_t behind = 0;
		for (; behind < head; behind++) {
			push(behind);
			drop_first();
		}
		for (; behind < head + 5 * SEGMENT_PLACES_FIRST; behind++)
			push(behind);
		check(head, behind);
		end();
	}
}

Test(segment_ring, a_segment_stays_where_it_is_while_its_neighbours_come_and_go)
{
	enum { COUNT = 200 };
	struct segment *all[COUNT];
	for (int64_t n = 0; n < COUNT; n++)
		all[n] = push(n);
	for (int64_t n = 0; n < COUNT / 2; n++)
		drop_first();
	for (int64_t n = COUNT / 2; n < COUNT; n++)
		cr_assert(all[n]->base_offset == 10 * n &&
			  segment_ring_find(&ring, 10 * n) == all[n]);
}

Test(segment_ring, one_that_is_held_outlives_its_place)
{
	struct segment *first = segment_hold(push(0));
	push(1);
	drop_first();
	cr_assert(segment_ring_find(&ring, 5) == NULL, "nobody finds it any more");
	for (int64_t n = 2; n < 100; n++)
		cr_assert(push(n) != first, "its object is not given to another");
	cr_assert(first->base_offset == 0 && first->holders == 1);
	cr_assert(segment_ring_above(&ring, first->base_offset)->base_offset == 10,
		  "who reads it goes on with the one that follows");
	segment_let_go(&ring, first);
	cr_assert(push(100) == first, "the last has let go");
}

Test(segment_ring, it_is_full_when_every_object_is_held)
{
	for (int64_t n = 0; n < SEGMENTS_MAX; n++) {
		cr_assert(!segment_ring_is_full(&ring));
		push(n);
	}
	cr_assert(segment_ring_is_full(&ring) && segment_take(&ring) == NULL);
	struct segment *first = segment_ring_take_first(&ring);
	cr_assert(segment_ring_is_full(&ring), "it is held");
	segment_let_go(&ring, first);
	push(SEGMENTS_MAX);
	check(1, SEGMENTS_MAX + 1);
	while (ring.count > 5)
		segment_let_go(&ring, segment_ring_take_last(&ring));
	check(1, 6);
}

/* Wherever in the ring they are, round its end, too. */
Test(segment_ring, some_that_follow_each_other_give_way_to_one)
{
	for (unsigned round = 0; round < 12; round++) {
		for (int64_t n = 0; n < 7; n++)
			push(100 * round + n);
		unsigned first = round % 4, count = 1 + round % 3;
		struct segment *old[3], *one = segment_take(&ring);
		one->base_offset = 10 * (100 * round + first);
		one->size = 4711;
		for (unsigned i = 0; i < count; i++)
			old[i] = segment_ring_at(&ring, first + i);
		segment_ring_replace(&ring, first, count, one);
		cr_assert(ring.count == 8 - count && segment_ring_at(&ring, first) == one);
		for (unsigned i = 0; i < count; i++) {
			cr_assert(old[i]->holders == 1);
			segment_let_go(&ring, old[i]);
		}
		for (unsigned i = 0; i < ring.count; i++) {
			unsigned n = i <= first ? i : i + count - 1;
			cr_assert(segment_ring_at(&ring, i)->base_offset == 10 * (100 * round + n));
		}
		while (ring.count > 0)
			drop_first();
	}
}
