/* gen_fleet.h - vehicles: a login, then GB/T 32960 reports, each connection one VIN.
 *
 * Sizes: all frames alike, or the mix of a recorded city bus fleet (25 to 713 bytes, mean
 * 267). The data unit holds a time, the frame's number and bytes as monotonous as
 * counters. Platform link: every frame is answered. Terminal link: reports are done when
 * TCP has them.
 */
#ifndef PENSTOCK_GEN_FLEET_H
#define PENSTOCK_GEN_FLEET_H

#include "config/bounds.h"
#include "perf/gen_load.h"

enum { GEN_FLEET_SIZES = 8, GEN_FLEET_FRAME_BYTES_MAX = 8192 };

struct gen_fleet_options {
	uint32_t frame_bytes; /* 0: the mix */
	bool is_terminal;
};

struct gen_fleet {
	struct gen_load load;
	struct gen_fleet_options options;
	uint32_t sizes[GEN_FLEET_SIZES];
	/* Frames without VIN and number, their BCC that of the rest. */
	uint8_t frames[GEN_FLEET_SIZES][GEN_FLEET_FRAME_BYTES_MAX];
	uint8_t scratch[GEN_FLEET_FRAME_BYTES_MAX];
};

void gen_fleet_init(struct gen_fleet *f, const struct gen_fleet_options *options);

#endif
