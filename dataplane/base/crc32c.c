/* crc32c.c - CRC-32C over ISA-L; see crc32c.h. */
#include "dataplane/base/crc32c.h"

#include <isa-l/crc.h>

uint32_t crc32c_extend(uint32_t crc, const void *data, size_t size)
{
	/* ISA-L counts in int: feed it pieces it can count. */
	const uint8_t *p = data;
	unsigned state = ~crc;
	while (size > 0) {
		size_t n = min_size(size, 1u << 30);
		state = crc32_iscsi((unsigned char *)(uintptr_t)p, (int)n, state);
		p += n;
		size -= n;
	}
	return ~state;
}

uint32_t crc32_extend(uint32_t crc, const void *data, size_t size)
{
	return crc32_gzip_refl(crc, data, size);
}
