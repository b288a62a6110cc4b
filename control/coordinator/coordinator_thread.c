/* coordinator_thread.c - the coordinator's loop and its sleep; see coordinator_thread.h. */
#include "control/coordinator/coordinator_thread.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"

#include <sched.h>

/* Whoever has something for it wakes it: this only bounds what a lost wake would cost. */
#define SLEEP_NS NS_PER_S

static void sleep_until_news(struct coordinator_thread *t)
{
	wake_prepare(t->wake);
	if (atomic_load(&t->is_stopping) || !coordinator_may_sleep(t->coordinator))
		wake_cancel(t->wake);
	else
		wake_wait(t->wake, coordinator_idle_ns(t->coordinator, SLEEP_NS), NULL, 0);
}

/* The turn behind the loop takes what came between the last one and the stop. */
static void *loop(void *argument)
{
	struct coordinator_thread *t = argument;
	while (!atomic_load_explicit(&t->is_stopping, memory_order_relaxed))
		if (!coordinator_turn(t->coordinator))
			sleep_until_news(t);
	coordinator_turn(t->coordinator);
	return NULL;
}

/* Without a CPU of its own it runs where control may: a thread inherits that. */
static int attributes_make(pthread_attr_t *ret, int cpu)
{
	cpu_set_t set;
	int error = pthread_attr_init(ret);
	if (error || cpu < 0)
		return error;
	CPU_ZERO(&set);
	CPU_SET((unsigned)cpu, &set);
	error = pthread_attr_setaffinity_np(ret, sizeof set, &set);
	if (error)
		pthread_attr_destroy(ret);
	return error;
}

int coordinator_thread_start(struct coordinator_thread *t, struct coordinator *c,
			     struct wake *wake, int cpu)
{
	pthread_attr_t attributes;
	t->coordinator = c;
	t->wake = wake;
	atomic_init(&t->is_stopping, false);
	int error = attributes_make(&attributes, cpu);
	if (error)
		return -error;
	error = pthread_create(&t->thread, &attributes, loop, t);
	pthread_attr_destroy(&attributes);
	return -error;
}

void coordinator_thread_stop(struct coordinator_thread *t)
{
	atomic_store(&t->is_stopping, true);
	wake_post(t->wake);
	require(pthread_join(t->thread, NULL) == 0);
}
