/* bench_turn_load.h - what the peers of bench_turn.c send, a row each.
 *
 * Core: the bench's.
 */
#ifndef PENSTOCK_BENCH_TURN_LOAD_H
#define PENSTOCK_BENCH_TURN_LOAD_H

#include "dataplane/session/session.h"

#define LOAD_TOPIC "bench"

struct nic;
struct produce_body;

struct load_state {
	unsigned next;   /* connection */
	uint32_t at;     /* byte of its message */
	uint32_t number; /* of messages so far */
	struct produce_body *bodies;
};

/* A row without a name ends them. */
struct load {
	const char *name;
	const char *item;
	unsigned connections;
	struct listener listener;
	void (*begin)(struct load_state *s);
	/* The next `n` frames of `connections` peers. */
	void (*put)(struct load_state *s, struct nic *nic, unsigned connections, unsigned n);
	void (*end)(struct load_state *s);
};

extern const struct load loads[];

#endif
