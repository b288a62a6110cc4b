/* gen_gather.h - bytes of a stream as they come in; pieces of a known size out, where they lie or
 * put together.
 *
 * Core: any. Memory: the struct.
 */
#ifndef PENSTOCK_GEN_GATHER_H
#define PENSTOCK_GEN_GATHER_H

#include "dataplane/base/base.h"

enum { GEN_GATHER_BYTES_MAX = 320 };

struct gen_gather {
	uint32_t have; /* of the piece that is being put together */
	uint8_t bytes[GEN_GATHER_BYTES_MAX];
};

static inline void gen_drop(struct bytes *at, size_t size)
{
	at->data += size;
	at->size -= size;
}

/* A piece of `size` bytes from the front of `at`; null: all of it was taken, and more of the
 * piece must come. */
static inline const uint8_t *gen_gather(struct gen_gather *g, struct bytes *at, uint32_t size)
{
	const uint8_t *piece = at->data;
	if (g->have == 0 && at->size >= size) {
		gen_drop(at, size);
		return piece;
	}
	uint32_t taken = (uint32_t)min_size(size - g->have, at->size);
	if (taken)
		memcpy(g->bytes + g->have, at->data, taken);
	g->have += taken;
	gen_drop(at, taken);
	if (g->have < size)
		return NULL;
	g->have = 0;
	return g->bytes;
}

#endif
