/* gen_chaos.h - a fleet whose frames go wrong, and what a gateway must make of that.
 *
 * With probability `share` a frame is truncated, has a byte changed, comes twice, or its
 * segments come in two pieces, in order or the wrong way round. Which, is a function of
 * (connection, number): after the run each connection's stream is made once more and read
 * by a resynchroniser of our own, as docs/GBT32960.md or docs/JT808.md has the rules, byte by
 * byte and without the gateway's code. A broken length swallows its neighbours in both.
 *
 * Limits: for listeners whose frame.timeout.ms is longer than the run; what is cut short
 * ends as truncated then. A frame is done when TCP acknowledged it.
 */
#ifndef PENSTOCK_GEN_CHAOS_H
#define PENSTOCK_GEN_CHAOS_H

#include "perf/gen_fleet.h"
#include "perf/gen_tcp.h"
#include "perf/gen_terminals.h"

/* The ends of a frame, under the gateway's names. */
enum gen_end {
	GEN_END_ACCEPTED,
	GEN_END_GARBAGE,
	GEN_END_BCC,
	GEN_END_TOO_LONG,
	GEN_END_TRUNCATED,
	GEN_END_ESCAPE, /* of JT/T 808, as are the next two */
	GEN_END_HEADER,
	GEN_END_RESENT, /* the second of two that come together */
	GEN_ENDS,
};

extern const char *const gen_end_names[GEN_ENDS];

struct gen_chaos;
struct gen_reading;

/* Adds how the frames of a stream end. */
typedef void gen_chaos_reader(const struct gen_chaos *c, struct bytes stream,
			      struct gen_reading *ret);

struct gen_chaos {
	struct gen_load load;
	const struct gen_load *whole; /* its frames, as they would be */
	gen_chaos_reader *read;
	bool is_terminal; /* GB/T 32960: reports are not answered */
	double share;
	uint8_t scratch[2 * GEN_FLEET_FRAME_BYTES_MAX];
};
static_assert((int)GEN_TERMINAL_WIRE_BYTES_MAX <= (int)GEN_FLEET_FRAME_BYTES_MAX, "scratch");

void gen_chaos_init(struct gen_chaos *c, const struct gen_fleet *fleet, double share);
void gen_chaos_init_terminals(struct gen_chaos *c, const struct gen_terminals *terminals,
			      double share);

struct gen_reading {
	uint64_t ends[GEN_ENDS];
	uint64_t answered; /* accepted frames that ask for an answer */
};

gen_chaos_reader gen_chaos_read, gen_chaos_read_jt808;
/* Adds all connections of a run that is over; false: no memory. */
bool gen_chaos_predict(const struct gen_chaos *c, const struct gen_tcp *t,
		       struct gen_reading *ret);

#endif
