/* gateway_refused.h - says to the operator that newcomers found no connection.
 *
 *     pollers' counters ─▶ refused_turn ─▶ a line: the first at once, then one a minute, as a sum
 *
 * Core: control. No state but the caller's struct.
 */
#ifndef PENSTOCK_GATEWAY_REFUSED_H
#define PENSTOCK_GATEWAY_REFUSED_H

#include "dataplane/base/stats.h"

#include <stdio.h>

struct refused {
	FILE *to;
	uint64_t looked_ns;
	uint64_t said_ns; /* 0: never */
	uint64_t per_ip;  /* said so far, */
	uint64_t taken;
	uint64_t evicted;
};

/* Looks at most once a second, and says what is new. */
void refused_turn(struct refused *r, struct stats_page *pages, unsigned count, uint64_t now_ns);

#endif
