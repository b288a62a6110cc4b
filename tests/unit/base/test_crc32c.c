/* test_crc32c.c - checksums and hashes against published vectors. */
#include "dataplane/base/crc32c.h"
#include "dataplane/base/murmur2.h"

#include <criterion/criterion.h>

Test(crc32c, check_value)
{
	cr_assert(crc32c("123456789", 9) == 0xe3069283, "RFC 3720's check value");
	uint8_t zeroes[32] = {0};
	cr_assert(crc32c(zeroes, 32) == 0x8a9136aa, "RFC 3720 B.4, 32 zero bytes");
	cr_assert(crc32c_extend(crc32c("12345", 5), "6789", 4) == 0xe3069283);
}

Test(murmur2, agrees_with_kafkas_own_test_vectors)
{
	/* org.apache.kafka.common.utils.UtilsTest.testMurmur2 */
	static const struct {
		const char *key;
		int32_t hash;
	} cases[] = {{"21", -973932308},      {"foobar", -790332482},
		     {"a-little-bit-long-string", -985981536},
		     {"a-little-bit-longer-string", -1486304829},
		     {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
		     {"abc", 479470107}};
	for (size_t i = 0; i < array_len(cases); i++)
		cr_assert((int32_t)murmur2(cases[i].key, strlen(cases[i].key)) == cases[i].hash,
			  "%s", cases[i].key);
}
