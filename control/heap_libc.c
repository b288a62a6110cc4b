/* heap_libc.c - under sanitizers: their allocator counts nothing per thread, and data cores
 * use it like everyone; see heap.h. */
#include "control/heap.h"

uint64_t heap_thread_allocated(void)
{
	return 0;
}

bool heap_core_begin(void)
{
	return true;
}

void heap_core_end(void)
{
}
