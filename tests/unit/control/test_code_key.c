/* test_code_key.c - the key file of authentication codes. */
#include "control/code_key.h"
#include "dataplane/base/base.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* What is read of a file with this text. */
static int key_of(const char *text, uint64_t key[2], char *said, size_t size)
{
	char path[] = "/tmp/code_key.XXXXXX";
	int fd = mkstemp(path);
	cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	memset(said, 0, size);
	FILE *messages = fmemopen(said, size, "w");
	int error = code_key_read(path, key, messages);
	fclose(messages);
	unlink(path);
	return error;
}

Test(code_key, a_key_is_32_digits)
{
	uint64_t key[2];
	char said[256];
	cr_assert(key_of("0123456789abcdefFEDCBA9876543210\n", key, said, sizeof said) == 0);
	cr_assert(key[0] == 0x0123456789abcdef && key[1] == 0xfedcba9876543210);
	static const char *const wrong[] = {"", "0123456789abcdefFEDCBA987654321\n",
					    "0x23456789abcdefFEDCBA9876543210x"};
	for (unsigned i = 0; i < array_len(wrong); i++) {
		cr_assert(key_of(wrong[i], key, said, sizeof said) == -EINVAL);
		cr_assert(strstr(said, "32 hexadecimal digits") != NULL);
	}
	cr_assert(code_key_read("/nowhere", key, stderr) == -ENOENT);
}

Test(code_key, without_a_file_no_two_starts_have_the_same_key)
{
	uint64_t a[2], b[2];
	cr_assert(code_key_read("", a, stderr) == 0 && code_key_read("", b, stderr) == 0);
	cr_assert(memcmp(a, b, sizeof a) != 0);
}
