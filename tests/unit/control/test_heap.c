/* test_heap.c - which memory is counted as whose. */
#include "control/heap.h"
#include "dataplane/base/map.h"

#include <criterion/criterion.h>
#include <snappy-c.h>

enum { MIB = 1 << 20 };

Test(heap, mapped_memory_counts_as_connections_once_it_is_touched)
{
	struct heap_share before, after, touched;
	heap_read_share(&before);
	uint8_t *large = map_take(16 * MIB);
	uint8_t *small = map_take(64 << 10);
	cr_assert(large && small);
	heap_read_share(&after);
	cr_assert(after.connection_bytes == before.connection_bytes, "untouched");
	memset(large, 1, 16 * MIB);
	memset(small, 1, 64 << 10);
	heap_read_share(&touched);
	cr_assert(touched.connection_bytes ==
			  before.connection_bytes + 16 * MIB + (64 << 10),
		  "%lu", touched.connection_bytes);
	cr_assert(touched.connection_huge_bytes <= touched.connection_bytes);
	map_give(large, 16 * MIB);
	map_give(small, 64 << 10);
}

Test(heap, allocations_of_a_thread_are_seen)
{
	uint64_t before = heap_thread_allocated();
	cr_assert(heap_thread_allocated() == before, "asking costs nothing");
	void *volatile p = malloc(100000);
	cr_assert(p && heap_thread_allocated() >= before + 100000);
	free(p);
}

Test(heap, the_heap_is_counted_apart_from_mapped_memory)
{
	struct heap_share before, after;
	heap_read_share(&before);
	uint8_t *volatile p = malloc(8 * MIB);
	memset(p, 1, 8 * MIB);
	heap_read_share(&after);
	cr_assert(after.heap_bytes >= before.heap_bytes + 7 * MIB, "%lu",
		  after.heap_bytes);
	cr_assert(after.connection_bytes == before.connection_bytes);
	free(p);
}

static uint64_t allocated_by_snappy(void)
{
	static char in[200000], out[250000];
	size_t size = sizeof out;
	for (unsigned i = 0; i < sizeof in; i++)
		in[i] = (char)(i * i >> 7);
	uint64_t before = heap_thread_allocated();
	cr_assert(snappy_compress(in, sizeof in, out, &size) == SNAPPY_OK);
	return heap_thread_allocated() - before;
}

Test(heap, snappy_uses_the_heap_anywhere_but_on_a_data_core)
{
	cr_assert(allocated_by_snappy() > 0);
	cr_assert(heap_core_begin());
	cr_assert(allocated_by_snappy() == 0);
	heap_core_end();
	cr_assert(allocated_by_snappy() > 0);
}
