/* criterion.h - for the fuzz targets: the tests' rigs without Criterion. What a rig asserts is a
 * crash here, which is what a fuzzer looks for. */
#ifndef PENSTOCK_FUZZ_CRITERION_H
#define PENSTOCK_FUZZ_CRITERION_H

#include "dataplane/base/require.h"

#define cr_assert(condition, ...) require(condition)

#endif
