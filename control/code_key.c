/* code_key.c - the key file of authentication codes in, their key out; see code_key.h. */
#include "control/code_key.h"
#include "dataplane/base/entropy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { HALF_DIGITS = 16, KEY_DIGITS = 2 * HALF_DIGITS };

static uint64_t half_of(const char *digits)
{
	char text[HALF_DIGITS + 1] = {0};
	memcpy(text, digits, HALF_DIGITS);
	return strtoull(text, NULL, 16);
}

int code_key_read(const char *path, uint64_t key[2], FILE *messages)
{
	char digits[KEY_DIGITS + 1] = {0};
	if (!path[0]) {
		entropy_fill(key, 2 * sizeof *key);
		return 0;
	}
	FILE *file = fopen(path, "re");
	int error = file ? -EINVAL : -errno;
	size_t size = file ? fread(digits, 1, KEY_DIGITS, file) : 0;
	if (file)
		fclose(file);
	if (size != KEY_DIGITS || strspn(digits, "0123456789abcdefABCDEF") != KEY_DIGITS) {
		fprintf(messages, "penstock.code.key.file=%s: %s\n", path,
			file ? "expected 32 hexadecimal digits" : strerror(-error));
		return error;
	}
	key[0] = half_of(digits);
	key[1] = half_of(digits + HALF_DIGITS);
	return 0;
}
