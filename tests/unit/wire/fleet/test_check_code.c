/* test_check_code.c - the XOR of many bytes at a time, beside that of one after the other. */
#include "dataplane/wire/fleet/check_code.h"
#include "tests/unit/wire/fleet/soup.h"

#include <criterion/criterion.h>

/* Of each size from each place of a cache line, in memory of that size: a sanitizer sees a look
 * beyond it. */
Test(check_code, every_size_gives_the_sum_of_its_bytes)
{
	struct dice d = {1};
	for (size_t size = 0; size < 300; size++)
		for (size_t at = 0; at < 64; at += 1 + dice_below(&d, 9)) {
			uint8_t *bytes = malloc(at + size), sum = 0;
			cr_assert(bytes != NULL || at + size == 0);
			for (size_t i = 0; i < at + size; i++) {
				bytes[i] = (uint8_t)dice_below(&d, 256);
				sum ^= i < at ? 0 : bytes[i];
			}
			cr_assert(check_code(bytes + at, size) == sum, "%zu at %zu", size, at);
			free(bytes);
		}
}
