/* golden.h - for tests: messages in hexadecimal, as other implementations write them. */
#ifndef PENSTOCK_GOLDEN_H
#define PENSTOCK_GOLDEN_H

#include "dataplane/base/base.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { GOLDEN_BYTES_MAX = 512 };

struct golden {
	uint8_t bytes[GOLDEN_BYTES_MAX];
	size_t size;
};

static inline struct golden golden_of(const char *hex)
{
	struct golden g = {.size = strlen(hex) / 2};
	for (size_t i = 0; i < g.size; i++) {
		unsigned value;
		cr_assert(sscanf(hex + 2 * i, "%2x", &value) == 1);
		g.bytes[i] = (uint8_t)value;
	}
	return g;
}

static inline bool golden_is(const char *hex, const uint8_t *bytes, size_t size)
{
	struct golden g = golden_of(hex);
	return g.size == size && memcmp(g.bytes, bytes, size) == 0;
}

#endif
