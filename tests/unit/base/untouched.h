/* untouched.h - for tests: memory that is to be neither read nor written for a while. It holds
 * bytes that lead astray whoever reads them, and a sanitizer ends the test that does. */
#ifndef PENSTOCK_UNTOUCHED_H
#define PENSTOCK_UNTOUCHED_H

#include "dataplane/base/base.h"

#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <string.h>

enum { UNTOUCHED_BYTE = 0xa5 };

struct untouched {
	uint8_t *memory;
	size_t size;
	uint8_t *was;
};

/* From here on, `size` bytes at `memory`, a multiple of 8. */
static inline struct untouched untouched_begin(void *memory, size_t size)
{
	struct untouched u = {memory, size, malloc(size)};
	memcpy(u.was, memory, size);
	memset(memory, UNTOUCHED_BYTE, size);
	ASAN_POISON_MEMORY_REGION(memory, size);
	return u;
}

/* Was it left alone? It holds again what it held. */
static inline bool untouched_end(struct untouched u)
{
	bool is_untouched = true;
	ASAN_UNPOISON_MEMORY_REGION(u.memory, u.size);
	for (size_t i = 0; i < u.size; i++)
		is_untouched &= u.memory[i] == UNTOUCHED_BYTE;
	memcpy(u.memory, u.was, u.size);
	free(u.was);
	return is_untouched;
}

#endif
