/* crc32c.h - CRC-32C (Castagnoli, RFC 3720 B.4), by ISA-L's kernel for this CPU; and the CRC-32
 * of gzip, which Kafka's messages had before there were batches. */
#ifndef PENSTOCK_CRC32C_H
#define PENSTOCK_CRC32C_H

#include "dataplane/base/base.h"

/* The CRC of the bytes so far (`crc`; 0 at the start) followed by data[0 .. size). */
uint32_t crc32c_extend(uint32_t crc, const void *data, size_t size);

uint32_t crc32_extend(uint32_t crc, const void *data, size_t size);

static inline uint32_t crc32c(const void *data, size_t size)
{
	return crc32c_extend(0, data, size);
}

#endif
