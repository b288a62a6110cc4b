/* rounds.h - for tests of random cases: all of them where CI=true, some at hand (tests/run). */
#ifndef PENSTOCK_TESTS_ROUNDS_H
#define PENSTOCK_TESTS_ROUNDS_H

#include <stdlib.h>
#include <string.h>

static inline unsigned rounds(unsigned all, unsigned at_hand)
{
	const char *ci = getenv("CI");
	return ci && strcmp(ci, "true") == 0 ? all : at_hand;
}

#endif
