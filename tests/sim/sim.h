/* sim.h - the world of one simulated run: time, randomness, network, disk, one gateway and
 * its clients, all stepped by one thread from one seed.
 *
 *     clients ─ sim_tcp ─▶ sim_net (lost, doubled, reordered, corrupted, delayed) ─▶ nic.h
 *        │                                                         the real gateway
 *     history ◀─ checker reads the files ◀── sim_disk (slow, failing, torn, forgetful)
 *
 * The seams have no argument for a world, so there is one at a time: sim_world(). It is the
 * only file-scope state, and the simulator's alone.
 */
#ifndef PENSTOCK_SIM_H
#define PENSTOCK_SIM_H

#include "dataplane/base/base.h"
#include "dataplane/base/clock.h"

#include <setjmp.h>

struct sim_net;
struct sim_fs;
struct history;

enum { SIM_PAUSE_USUAL = 1 << 16 };

struct rng {
	uint64_t state;
};

/* What a poller has little of: less than its clients would take. */
enum sim_scarce { SCARCE_NOTHING, SCARCE_ANSWERS, SCARCE_CREDIT };

/* What producers and devices offer, in records, and what comes of it. Whatever is not answered by
 * the protocol counts as answered with the next of its connection that is. */
struct sim_load {
	uint64_t pause; /* between two requests, SIM_PAUSE_USUAL: what the client likes */
	uint32_t due_max;  /* a client that waits for so many answers asks no more */
	size_t unsent_max; /* one with so many bytes unacknowledged gives up what it would ask */
	uint64_t offered;  /* given up or not */
	uint64_t answered;
};

struct world {
	uint64_t seed;
	struct rng rng;      /* faults, choices, delays */
	struct rng entropy;  /* what the gateway draws */
	uint64_t now_ns;
	int64_t wall_start_ms;
	struct sim_net *net;
	struct sim_fs *fs;
	struct history *history;
	jmp_buf cut; /* where a crash in the middle of control's calls goes on */
	bool is_verbose;
	uint8_t scarce; /* enum sim_scarce */
	uint32_t connections; /* that every poller has memory for; 0: a hundred */
	uint32_t places; /* for connections, of every poller; 0: more than are ever wanted */
	uint32_t receive_chunks; /* of every poller; 0: more than is ever wanted */
	uint32_t answer_chunks; /* of every poller, for long answers */
	unsigned log_dirs;        /* 1 or 2 */
	uint32_t retention_bytes; /* of a partition of the events; 0: all of it stays */
	bool has_router; /* is told which router knows the way to the clients */
	bool compacts; /* the events: of the records of a key the last one stays */
	struct sim_load load;
};

struct world *sim_world(void);
void sim_set_world(struct world *w);

uint64_t rng_next(struct rng *r);
/* 0 .. n - 1 */
uint64_t rng_below(struct rng *r, uint64_t n);
/* True once in `n` draws on average; never for 0. */
bool rng_one_in(struct rng *r, uint64_t n);

/* A line of the run's diary, with the time, when verbose. */
__attribute__((format(printf, 1, 2))) void sim_say(const char *format, ...);
/* Ends the run: prints the seed and what went wrong, exit status 1. */
__attribute__((format(printf, 1, 2), noreturn)) void sim_fail(const char *format, ...);

#endif
