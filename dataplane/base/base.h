/* base.h - the few words every file uses; includes libc only. */
#ifndef PENSTOCK_BASE_H
#define PENSTOCK_BASE_H

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define array_len(a) (sizeof(a) / sizeof((a)[0]))

#define container_of(ptr, type, member)                                                  \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* A stage that is a function of its own in the program as well: inlined into the turn it shares the
 * turn's registers, and what changes elsewhere in the turn costs it cycles. */
#define stage_apart __attribute__((noinline))

#define CACHE_LINE_BYTES 64
#define cache_aligned    alignas(CACHE_LINE_BYTES)

/* Bytes somebody else owns. A null `data` with size 0 is the empty span. */
struct bytes {
	const uint8_t *data;
	size_t size;
};

static inline size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

static inline uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static inline uint32_t max_u32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline int64_t max_i64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Asks for the lines of [p, p + size) before they are needed. Any address will do. */
static inline void prefetch(const void *p, size_t size)
{
	for (size_t at = 0; at < size; at += CACHE_LINE_BYTES)
		__builtin_prefetch((const uint8_t *)p + at);
}

/* Rounds up to a multiple of `step`, a power of two. */
static inline uint64_t round_up(uint64_t value, uint64_t step)
{
	return (value + step - 1) & ~(step - 1);
}

static inline uint64_t round_down(uint64_t value, uint64_t step)
{
	return value & ~(step - 1);
}

#endif
