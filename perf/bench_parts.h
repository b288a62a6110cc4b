/* bench_parts.h - what both bench programs need: the counter's speed, and a vehicle's frame.
 *
 * Core: the bench's.
 */
#ifndef PENSTOCK_BENCH_PARTS_H
#define PENSTOCK_BENCH_PARTS_H

#include "dataplane/base/base.h"

enum { BENCH_FRAME_BYTES = 450 };

/* Cycles of the counter per second: what turns a figure into a rate. */
double bench_counter_hz(void);

/* A GB/T 32960 realtime frame of BENCH_FRAME_BYTES, of vehicle `number`. */
void bench_frame_make(uint8_t *out, unsigned number);

#endif
