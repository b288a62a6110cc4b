/* coordinator_thread.h - the thread that turns the coordinator.
 *
 *     loop:  coordinator_turn ─▶ work? ─▶ again
 *                                └─▶ wake_wait: until a message, or something is due
 *
 * It never polls: on a machine of two CPUs it shares control's, and leaves it to whoever has
 * work. Core: control calls this; the loop is its own thread's.
 */
#ifndef PENSTOCK_COORDINATOR_THREAD_H
#define PENSTOCK_COORDINATOR_THREAD_H

#include "control/coordinator/coordinator.h"

#include <pthread.h>

struct coordinator_thread {
	struct coordinator *coordinator;
	struct wake *wake;
	pthread_t thread;
	atomic_bool is_stopping;
};

/* Runs it on `cpu`, or where its caller runs when that is negative. -errno. */
int coordinator_thread_start(struct coordinator_thread *t, struct coordinator *c,
			     struct wake *wake, int cpu);
/* Ends the loop after a last turn, and waits for it. */
void coordinator_thread_stop(struct coordinator_thread *t);

#endif
