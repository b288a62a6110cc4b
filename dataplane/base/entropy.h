/* entropy.h - the randomness seam: entropy_linux.c in the programs (getrandom), a seeded
 * generator in the simulator. Core: any; at start only, seeds what needs more. */
#ifndef PENSTOCK_ENTROPY_H
#define PENSTOCK_ENTROPY_H

#include "dataplane/base/base.h"

void entropy_fill(void *out, size_t size);

#endif
