/* inet_sum.h - the Internet checksum (RFC 1071) over bytes where they lie.
 *
 *     inet_sum_add() ... inet_sum_add() ─▶ inet_sum_fold() ─▶ 0xffff: good
 *                                          inet_checksum() ─▶ the field
 *
 * Sums 32-bit words in memory order into 64 bits: the ones' complement sum does not mind the
 * byte order (RFC 1071, 2(B)), so nothing is swapped, and gcc vectorises the loop.
 * Only the last piece of a sum may have an odd size.
 */
#ifndef PENSTOCK_WIRE_INET_SUM_H
#define PENSTOCK_WIRE_INET_SUM_H

#include "dataplane/base/be.h"

static inline uint64_t inet_sum_add(uint64_t sum, const void *data, size_t size)
{
	const uint8_t *p = data;
	size_t words = size / 4;
	for (size_t i = 0; i < words; i++) {
		uint32_t word;
		memcpy(&word, p + 4 * i, sizeof word);
		sum += word;
	}
	uint32_t rest = 0;
	memcpy(&rest, p + 4 * words, size % 4);
	return sum + rest;
}

/* What a field adds. */
static inline uint64_t inet_sum_be16(struct be16 field)
{
	uint16_t word;
	memcpy(&word, field.raw, sizeof word);
	return word;
}

static inline uint64_t inet_sum_be32(struct be32 field)
{
	uint32_t word;
	memcpy(&word, field.raw, sizeof word);
	return word;
}

/* 16 bits in memory order. */
static inline uint16_t inet_sum_fold(uint64_t sum)
{
	sum = (sum >> 32) + (sum & 0xffffffffu);
	sum = (sum >> 32) + (sum & 0xffffffffu);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)sum;
}

/* The folded sum as a field: a TCP checksum that the port is to complete. */
static inline struct be16 inet_sum_field(uint64_t sum)
{
	uint16_t folded = inet_sum_fold(sum);
	struct be16 field;
	memcpy(field.raw, &folded, sizeof folded);
	return field;
}

/* The field that makes bytes summed with a zero field come out right. */
static inline struct be16 inet_checksum(uint64_t sum)
{
	uint16_t folded = (uint16_t)~inet_sum_fold(sum);
	struct be16 field;
	memcpy(field.raw, &folded, sizeof folded);
	return field;
}

#endif
