/* crew.h - a call for each of many things, made by threads that may block for long.
 *
 *     crew_start ─▶ thread: call(owner, 0), call(owner, 3) ...  ─▶ crew_has_made(c, 3)
 *                   thread: call(owner, 1), call(owner, 2) ...  ─▶ crew_is_idle ─▶ crew_end
 *
 * Calls begin in order and end in any. What a call touches is its thread's alone until
 * crew_has_made() says that it was made; then all that it wrote is seen. One implementation is
 * linked: crew_threads.c, or tests/sim/sim_crew.c, which has no threads and makes one call whenever
 * it is asked to go on, so that a start of the simulator's is always the same.
 *
 * Core: control, which never waits for its crew, but at crew_end().
 * Limits: CREW_THREADS_MAX threads, and no more than there are calls.
 */
#ifndef PENSTOCK_CREW_H
#define PENSTOCK_CREW_H

#include "config/bounds.h"
#include "dataplane/base/base.h"

struct crew_work {
	uint32_t calls;
	void (*call)(void *owner, uint32_t index);
	void *owner; /* outlives the crew */
};

struct crew;

/* Null with *error = -errno when not even one thread can be had. */
struct crew *crew_start(const struct crew_work *work, unsigned threads, int *error);
/* Makes the next call where there are no threads; else they do. */
void crew_turn(struct crew *c);
bool crew_has_made(const struct crew *c, uint32_t index);
/* No more calls are begun. */
void crew_stop(struct crew *c);
/* No call is under way, and none will be. */
bool crew_is_idle(const struct crew *c);
/* Begins no more calls, waits for those under way, frees. */
void crew_end(struct crew *c);

#endif
