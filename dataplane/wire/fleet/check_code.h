/* check_code.h - bytes in, the XOR of them all out: the check code of GB/T 32960 (its BCC) and of
 * JT/T 808 (4.4.4). Core: any. */
#ifndef PENSTOCK_CHECK_CODE_H
#define PENSTOCK_CHECK_CODE_H

#include "dataplane/base/base.h"

uint8_t check_code(const uint8_t *p, size_t size);

/* The same, of few bytes whose number the compiler knows: no loop is left. */
static inline uint8_t check_code_fixed(const uint8_t *p, size_t size)
{
	uint64_t sum = 0, word = 0;
	for (; size >= sizeof word; p += sizeof word, size -= sizeof word) {
		memcpy(&word, p, sizeof word);
		sum ^= word;
	}
	word = 0;
	memcpy(&word, p, size);
	sum ^= word;
	sum ^= sum >> 32;
	sum ^= sum >> 16;
	return (uint8_t)(sum ^ sum >> 8);
}

#endif
