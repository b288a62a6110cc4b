/* sim_ahead.h - what came to a client's TCP behind a gap, or twice, and how it says so (RFC 2018,
 * 2883).
 *
 *     rcv_nxt ─▶ [ gap ][ has come ][ gap ][ has come ] ◀─ top
 */
#ifndef PENSTOCK_SIM_AHEAD_H
#define PENSTOCK_SIM_AHEAD_H

#include "tests/sim/sim.h"

enum { SIM_AHEAD_BYTES = 60000, SIM_SACK_BYTES_MAX = 4 + 4 * 8 };

/* All zeroes: empty, without memory. Places count from rcv_nxt. */
struct sim_ahead {
	uint8_t *bytes;
	uint8_t *has; /* whether the byte at this place has come */
	uint32_t top;
	uint32_t recent; /* where what came last lies */
	uint32_t twice_from, twice_to; /* sequence numbers; alike: nothing to be told */
};

/* It ends within SIM_AHEAD_BYTES. */
void sim_ahead_put(struct sim_ahead *a, uint32_t at, const uint8_t *data, size_t n);
/* rcv_nxt has moved on by `n`. */
void sim_ahead_move(struct sim_ahead *a, uint32_t n);
/* How much has come from rcv_nxt on: `bytes` has it. */
uint32_t sim_ahead_run(const struct sim_ahead *a);
/* Is there anything to be told? */
bool sim_ahead_is_news(const struct sim_ahead *a);
/* The option, of at most `room` bytes; its size. What came twice is told once. */
size_t sim_ahead_option(struct sim_ahead *a, uint32_t rcv_nxt, uint8_t *p, size_t room);
void sim_ahead_free(struct sim_ahead *a);

#endif
