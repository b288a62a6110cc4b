/* murmur2.h - the hash of Kafka's default partitioner (org.apache.kafka.common.utils.Utils):
 * MurmurHash2, 32 bits, seed 0x9747b28c, little-endian words. */
#ifndef PENSTOCK_MURMUR2_H
#define PENSTOCK_MURMUR2_H

#include "dataplane/base/base.h"

static inline uint32_t murmur2(const void *key, size_t size)
{
	enum { MULTIPLIER = 0x5bd1e995, SHIFT = 24 };
	const uint8_t *p = key;
	uint32_t h = 0x9747b28cu ^ (uint32_t)size;
	for (; size >= 4; size -= 4, p += 4) {
		uint32_t k;
		memcpy(&k, p, sizeof k);
		k *= MULTIPLIER;
		k ^= k >> SHIFT;
		k *= MULTIPLIER;
		h *= MULTIPLIER;
		h ^= k;
	}
	switch (size) {
	case 3:
		h ^= (uint32_t)p[2] << 16;
		/* fall through */
	case 2:
		h ^= (uint32_t)p[1] << 8;
		/* fall through */
	case 1:
		h ^= p[0];
		h *= MULTIPLIER;
	}
	h ^= h >> 13;
	h *= MULTIPLIER;
	h ^= h >> 15;
	return h;
}

/* Modulo the partitions, the one that Kafka's producers choose for `key`: toPositive(murmur2). */
static inline uint32_t partition_number(const void *key, size_t size)
{
	return murmur2(key, size) & 0x7fffffff;
}

static inline uint32_t partition_of_key(const void *key, size_t size, uint32_t partitions)
{
	return partition_number(key, size) % partitions;
}

#endif
