/* heap_jemalloc.c - the heap's settings, and what a thread allocated; see heap.h.
 *
 * thp:always asks for huge pages behind every arena, metadata_thp:auto for jemalloc's own once
 * it has grown. The huge-page allocator (hpa) of 5.3.0 can hang in malloc and stays off. Two
 * arenas serve the control thread and the helpers; data cores allocate nothing.
 */
#include "control/heap.h"

#include <jemalloc/jemalloc.h>

/* jemalloc reads this name before main(). */
const char *malloc_conf =
	"abort_conf:true,thp:always,metadata_thp:auto,background_thread:true,"
	"dirty_decay_ms:30000,muzzy_decay_ms:30000,narenas:2";

uint64_t heap_thread_allocated(void)
{
	uint64_t bytes = 0;
	size_t size = sizeof bytes;
	mallctl("thread.allocated", &bytes, &size, NULL, 0);
	return bytes;
}
