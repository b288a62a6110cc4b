/* siphash.h - SipHash (Aumasson and Bernstein), the keyed hash behind connection table and
 * initial sequence numbers: whoever does not know the key cannot aim at a bucket. */
#ifndef PENSTOCK_SIPHASH_H
#define PENSTOCK_SIPHASH_H

#include "dataplane/base/base.h"

struct siphash_key {
	uint64_t k0;
	uint64_t k1;
};

/* SipHash-2-4: for values that others see. */
uint64_t siphash(struct siphash_key key, const void *data, size_t size);
/* SipHash-1-3: for tables, whose hashes nobody sees. */
uint64_t siphash_table(struct siphash_key key, const void *data, size_t size);

#endif
