/* entropy_linux.c - getrandom(2); see entropy.h. */
#include "dataplane/base/entropy.h"
#include "dataplane/base/require.h"

#include <sys/random.h>

void entropy_fill(void *out, size_t size)
{
	uint8_t *p = out;
	while (size > 0) {
		ssize_t n = getrandom(p, size, 0);
		require(n > 0);
		p += n;
		size -= (size_t)n;
	}
}
