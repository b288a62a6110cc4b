/* require.h - the idiom for "we are wrong": crash, in release builds too.
 *
 * A peer's mistake is a verdict and a counter; the environment's is -errno; only a broken
 * promise between our own functions comes here. debug_require() is for checks too dear for
 * the packet path and vanishes with NDEBUG.
 */
#ifndef PENSTOCK_REQUIRE_H
#define PENSTOCK_REQUIRE_H

#include <stdio.h>
#include <stdlib.h>

#define require(cond)                                                                    \
	do {                                                                             \
		if (__builtin_expect(!(cond), 0))                                        \
			require_failed(__FILE__, __LINE__, __func__, #cond);             \
	} while (0)

#ifdef NDEBUG
#define debug_require(cond) ((void)sizeof(cond))
#else
#define debug_require(cond) require(cond)
#endif

__attribute__((noreturn, cold)) static inline void
require_failed(const char *file, int line, const char *function, const char *text)
{
	fprintf(stderr, "%s:%d: %s: broken promise: %s\n", file, line, function, text);
	abort();
}

#endif
