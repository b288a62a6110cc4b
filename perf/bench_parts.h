/* bench_parts.h - what both bench programs need: the counter's speed, and a vehicle's frame.
 *
 * Core: the bench's.
 */
#ifndef PENSTOCK_BENCH_PARTS_H
#define PENSTOCK_BENCH_PARTS_H

#include "dataplane/base/base.h"

enum { BENCH_FRAME_BYTES = 450, BENCH_REPORT_BYTES = 112 };

/* Cycles of the counter per second: what turns a figure into a rate. */
double bench_counter_hz(void);

/* A JT/T 808 location report of BENCH_REPORT_BYTES, of terminal `number`, with its serial; it has
 * no escape, as 94 of 100 in the field. */
void bench_report_make(uint8_t *out, unsigned number, uint16_t serial);

/* A GB/T 32960 realtime frame of BENCH_FRAME_BYTES, of vehicle `number`. */
void bench_frame_make(uint8_t *out, unsigned number);

#endif
