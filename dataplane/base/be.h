/* be.h - big-endian integers as types, so that a forgotten swap does not compile.
 *
 * Every type is one byte aligned: packed wire structs are made of them.
 */
#ifndef PENSTOCK_BE_H
#define PENSTOCK_BE_H

#include "dataplane/base/base.h"

struct be16 {
	uint8_t raw[2];
};
struct be32 {
	uint8_t raw[4];
};
struct be64 {
	uint8_t raw[8];
};

static_assert(sizeof(struct be64) == 8 && alignof(struct be64) == 1, "wire type");

static inline uint16_t be16_load(const void *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof v);
	return __builtin_bswap16(v);
}

static inline uint32_t be32_load(const void *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof v);
	return __builtin_bswap32(v);
}

static inline uint64_t be64_load(const void *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof v);
	return __builtin_bswap64(v);
}

static inline void be16_store(void *p, uint16_t v)
{
	v = __builtin_bswap16(v);
	memcpy(p, &v, sizeof v);
}

static inline void be32_store(void *p, uint32_t v)
{
	v = __builtin_bswap32(v);
	memcpy(p, &v, sizeof v);
}

static inline void be64_store(void *p, uint64_t v)
{
	v = __builtin_bswap64(v);
	memcpy(p, &v, sizeof v);
}

static inline uint16_t be16_get(struct be16 v)
{
	return be16_load(v.raw);
}

static inline uint32_t be32_get(struct be32 v)
{
	return be32_load(v.raw);
}

static inline uint64_t be64_get(struct be64 v)
{
	return be64_load(v.raw);
}

static inline struct be16 be16_of(uint16_t v)
{
	struct be16 r;
	be16_store(r.raw, v);
	return r;
}

static inline struct be32 be32_of(uint32_t v)
{
	struct be32 r;
	be32_store(r.raw, v);
	return r;
}

static inline struct be64 be64_of(uint64_t v)
{
	struct be64 r;
	be64_store(r.raw, v);
	return r;
}

#endif
