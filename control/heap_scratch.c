/* heap_scratch.c - one working buffer per data core in, no allocation by snappy out.
 *
 * snappy_compress() asks operator new for one buffer per call and gives it back at the end;
 * its C interface has no way to bring one along, and it is the only C++ here. This program's
 * operator new therefore hands a data core its own buffer as long as that is free, and is
 * malloc for everyone else. Not linked under sanitizers, which replace operator new.
 */
#include "control/heap.h"

#include <stdio.h>
#include <stdlib.h>

/* Input, output and table of one 64 KiB fragment (snappy's kBlockSize), with room to spare. */
enum { SCRATCH_BYTES = 256 << 10 };

static _Thread_local struct {
	void *memory; /* null on threads that are no data core */
	bool is_lent;
} scratch;

/* The mangled names of operator new(unsigned long) and operator delete(void *). */
void *operator_new(size_t size) __asm__("_Znwm");
void operator_delete(void *memory) __asm__("_ZdlPv");

void *operator_new(size_t size)
{
	if (scratch.memory && !scratch.is_lent && size <= SCRATCH_BYTES) {
		scratch.is_lent = true;
		return scratch.memory;
	}
	void *memory = malloc(size ? size : 1);
	if (memory)
		return memory;
	fprintf(stderr, "penstockd: no memory for %zu bytes\n", size);
	abort();
}

void operator_delete(void *memory)
{
	if (memory && memory == scratch.memory)
		scratch.is_lent = false;
	else
		free(memory);
}

bool heap_core_begin(void)
{
	scratch.memory = malloc(SCRATCH_BYTES);
	return scratch.memory != NULL;
}

void heap_core_end(void)
{
	free(scratch.memory);
	scratch.memory = NULL;
}
