/* jump_hash.h - which of n buckets a key belongs to, so that of n + 1 buckets the new one gets an
 * equal part of each, and nothing else moves: Lamping, Veach, "A Fast, Minimal Memory,
 * Consistent Hash Algorithm", 2014. What a ring of virtual nodes promises, without the ring, and
 * with parts that are equal. Core: any; no state. Cost: ln n steps. */
#ifndef PENSTOCK_JUMP_HASH_H
#define PENSTOCK_JUMP_HASH_H

#include "dataplane/base/base.h"

/* `key` is a good hash of one; `buckets` is not 0. */
static inline uint32_t jump_hash(uint64_t key, uint32_t buckets)
{
	enum { SHIFT = 33 };
	int64_t bucket = 0, next = 0;
	while (next < (int64_t)buckets) {
		bucket = next;
		key = key * UINT64_C(2862933555777941757) + 1;
		next = (int64_t)((double)(bucket + 1) *
				 ((double)(INT64_C(1) << (64 - SHIFT)) /
				  (double)((key >> SHIFT) + 1)));
	}
	return (uint32_t)bucket;
}

#endif
