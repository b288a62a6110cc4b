/* soup.h - for tests: a stream made of pieces, and choices that are the same for the same seed. */
#ifndef PENSTOCK_SOUP_H
#define PENSTOCK_SOUP_H

#include "dataplane/base/base.h"

/* A growing stream, to be freed. */
struct soup {
	uint8_t *data;
	size_t size;
	size_t capacity;
};

void soup_add(struct soup *s, const void *data, size_t size);
void soup_add_byte(struct soup *s, uint8_t byte, size_t times);

/* A small generator with a seed, the same everywhere. */
struct dice {
	uint64_t state;
};
uint32_t dice_below(struct dice *d, uint32_t limit);

#endif
