/* check_code.c - bytes in, the XOR of them all out; see check_code.h. */
#include "dataplane/wire/fleet/check_code.h"

/* Not inlined: gcc 12 makes vectors of this loop only while its result is not compared in
 * the same function. 450 bytes: 20 cycles instead of 880 (2026-11, Xeon, -O3). */
__attribute__((noinline)) uint8_t check_code(const uint8_t *p, size_t size)
{
	uint8_t sum = 0;
	for (size_t i = 0; i < size; i++)
		sum ^= p[i];
	return sum;
}
