/* varint.h - Kafka's variable-length integers over plain memory.
 *
 * Unsigned: 7 bits a byte, least significant group first, bit 7 = more follows (protobuf's).
 * Signed: zig-zag, then unsigned. 5 bytes at most for 32 bits, 10 for 64.
 */
#ifndef PENSTOCK_VARINT_H
#define PENSTOCK_VARINT_H

#include "dataplane/base/base.h"

enum { VARINT32_BYTES_MAX = 5, VARINT64_BYTES_MAX = 10 };

static inline uint64_t zigzag_encode(int64_t v)
{
	return ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
}

static inline int64_t zigzag_decode(uint64_t v)
{
	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

/* Bytes uvarint_put() will write. */
static inline unsigned uvarint_size(uint64_t v)
{
	unsigned log2 = 63 - (unsigned)__builtin_clzll(v | 1);
	return (log2 * 9 + 73) / 64; /* log2 / 7 + 1, for all of 0 to 63, without the division */
}

static inline unsigned varint_size(int64_t v)
{
	return uvarint_size(zigzag_encode(v));
}

/* Writes `v` at `out`; the caller has uvarint_size(v) bytes there. Returns the bytes written. */
static inline unsigned uvarint_put(uint8_t *out, uint64_t v)
{
	unsigned n = 0;
	while (v >= 0x80) {
		out[n++] = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	out[n++] = (uint8_t)v;
	return n;
}

static inline unsigned varint_put(uint8_t *out, int64_t v)
{
	return uvarint_put(out, zigzag_encode(v));
}

/* Reads one; returns the bytes used, 0 when cut short or longer than `bytes_max`. */
static inline unsigned uvarint_get(const uint8_t *p, const uint8_t *end,
				   unsigned bytes_max, uint64_t *ret)
{
	uint64_t v = 0;
	for (unsigned n = 0; n < bytes_max && p + n < end; n++) {
		v |= (uint64_t)(p[n] & 0x7f) << (7 * n);
		if (!(p[n] & 0x80)) {
			*ret = v;
			return n + 1;
		}
	}
	return 0;
}

#endif
