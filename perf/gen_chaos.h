/* gen_chaos.h - a fleet whose frames go wrong, and what a gateway must make of that.
 *
 * With probability `share` a frame is truncated, has a byte changed, comes twice, or its
 * segments come in two pieces, in order or the wrong way round. Which, is a function of
 * (connection, number): after the run each connection's stream is made once more and read
 * by a resynchroniser of our own, as docs/GBT32960.md has the rules, byte by byte and
 * without the gateway's code. A broken length swallows its neighbours in both.
 *
 * Limits: for listeners whose frame.timeout.ms is longer than the run; what is cut short
 * ends as truncated then. A frame is done when TCP acknowledged it.
 */
#ifndef PENSTOCK_GEN_CHAOS_H
#define PENSTOCK_GEN_CHAOS_H

#include "perf/gen_fleet.h"
#include "perf/gen_tcp.h"

/* The ends of a frame, under the gateway's names. */
enum gen_end {
	GEN_END_ACCEPTED,
	GEN_END_GARBAGE,
	GEN_END_BCC,
	GEN_END_TOO_LONG,
	GEN_END_TRUNCATED,
	GEN_ENDS,
};

extern const char *const gen_end_names[GEN_ENDS];

struct gen_chaos {
	struct gen_load load;
	const struct gen_fleet *fleet;
	double share;
	uint8_t scratch[2 * GEN_FLEET_FRAME_BYTES_MAX];
};

void gen_chaos_init(struct gen_chaos *c, const struct gen_fleet *fleet, double share);

struct gen_reading {
	uint64_t ends[GEN_ENDS];
	uint64_t answered; /* accepted frames that ask for an answer */
};

/* Adds how the frames of a stream end. */
void gen_chaos_read(const struct gen_chaos *c, struct bytes stream,
		    struct gen_reading *ret);
/* Adds all connections of a run that is over; false: no memory. */
bool gen_chaos_predict(const struct gen_chaos *c, const struct gen_tcp *t,
		       struct gen_reading *ret);

#endif
