/* fuzz.h - a fuzzer's bytes in, the choices of a target out.
 *
 *     libFuzzer, or fuzz_replay.c ─▶ fuzz_one(bytes) ─▶ a rig of the unit tests
 *
 * A target is a function of its bytes alone: the same bytes do the same. It crashes (require(), a
 * sanitizer) when what it drives does something that it never may. Bytes that are over read as
 * zeroes, so that any input is one.
 */
#ifndef PENSTOCK_FUZZ_H
#define PENSTOCK_FUZZ_H

#include "dataplane/base/cursor.h"
#include "tests/fuzz/criterion/criterion.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline bool fuzz_is_over(const struct cursor *c)
{
	return cursor_left(c) == 0;
}

static inline uint8_t fuzz_u8(struct cursor *c)
{
	return cursor_left(c) >= 1 ? cursor_u8(c) : 0;
}

static inline uint16_t fuzz_u16(struct cursor *c)
{
	return cursor_left(c) >= 2 ? cursor_u16(c) : fuzz_u8(c);
}

static inline uint32_t fuzz_u32(struct cursor *c)
{
	return cursor_left(c) >= 4 ? cursor_u32(c) : fuzz_u16(c);
}

/* `size` bytes, or what there is. */
static inline struct bytes fuzz_take(struct cursor *c, size_t size)
{
	size = min_size(size, cursor_left(c));
	return (struct bytes){cursor_take(c, size), size};
}

/* A copy of exactly its size, to be freed: a sanitizer sees a read beyond it. */
static inline uint8_t *fuzz_copy(struct bytes b)
{
	uint8_t *copy = malloc(b.size);
	require(copy || b.size == 0);
	if (b.size)
		memcpy(copy, b.data, b.size);
	return copy;
}

#endif
