/* map.c - memory taken once at start; see map.h. */
#include "dataplane/base/map.h"

#include <sys/mman.h>

enum { PAGE_BYTES = 4096 };

/* mmap aligns to a page only: take one huge page more and unmap what sticks out. */
static void *map_aligned(size_t size)
{
	uint8_t *raw = mmap(NULL, size + MAP_HUGE_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (raw == MAP_FAILED)
		return NULL;
	uint8_t *aligned = (uint8_t *)round_up((uintptr_t)raw, MAP_HUGE_BYTES);
	size_t front = (size_t)(aligned - raw);
	if (front)
		munmap(raw, front);
	munmap(aligned + size, MAP_HUGE_BYTES - front);
	madvise(aligned, size, MADV_HUGEPAGE);
	madvise(aligned, size, MADV_RANDOM);
	return aligned;
}

/* Not reserved, so pools may be as large as they could ever need: a page costs memory when it
 * is first touched. When the host has none left then, the kernel kills. */
void *map_take(size_t size)
{
	if (size == 0)
		return NULL;
	size = round_up(size, PAGE_BYTES);
	if (size >= MAP_HUGE_BYTES)
		return map_aligned(size);
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return NULL;
	madvise(memory, size, MADV_RANDOM);
	return memory;
}

void map_forget(void *memory, size_t size)
{
	madvise(memory, size, MADV_DONTNEED);
}

void map_give(void *memory, size_t size)
{
	if (memory)
		munmap(memory, round_up(size, PAGE_BYTES));
}
