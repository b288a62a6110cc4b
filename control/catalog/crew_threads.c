/* crew_threads.c - calls made by threads; see crew.h. */
#include "control/catalog/crew.h"
#include "dataplane/base/require.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct crew {
	struct crew_work work;
	atomic_uint next;    /* the call that is begun next */
	atomic_uint working; /* threads that may still begin one, or are in one */
	unsigned threads;
	pthread_t thread[CREW_THREADS_MAX];
	atomic_bool made[]; /* by call */
};

/* Release; pairs with acquire in crew_has_made(). */
static void make(struct crew *c, uint32_t index)
{
	c->work.call(c->work.owner, index);
	atomic_store_explicit(&c->made[index], true, memory_order_release);
}

/* Release at the end; pairs with acquire in crew_is_idle(). */
static void *thread_main(void *crew)
{
	struct crew *c = crew;
	for (unsigned i; (i = atomic_fetch_add(&c->next, 1)) < c->work.calls;)
		make(c, i);
	atomic_fetch_sub_explicit(&c->working, 1, memory_order_release);
	return NULL;
}

/* They run wherever control may, and leave signals to it: a thread inherits both. Fewer than were
 * asked for do the work as well. */
struct crew *crew_start(const struct crew_work *work, unsigned threads, int *error)
{
	struct crew *c = calloc(1, sizeof *c + work->calls * sizeof c->made[0]);
	require(c && threads > 0 && threads <= CREW_THREADS_MAX);
	c->work = *work;
	threads = min_u32(threads, work->calls);
	*error = 0;
	atomic_store(&c->working, threads);
	while (c->threads < threads && !*error) {
		*error = -pthread_create(&c->thread[c->threads], NULL, thread_main, c);
		c->threads += *error == 0;
	}
	atomic_fetch_sub(&c->working, threads - c->threads);
	if (c->threads > 0 || threads == 0) {
		*error = 0;
		return c;
	}
	free(c);
	return NULL;
}

void crew_turn(struct crew *c)
{
}

bool crew_has_made(const struct crew *c, uint32_t index)
{
	return atomic_load_explicit(&c->made[index], memory_order_acquire);
}

/* Whoever asks for the next one finds that there is none. */
void crew_stop(struct crew *c)
{
	atomic_store(&c->next, c->work.calls);
}

bool crew_is_idle(const struct crew *c)
{
	return atomic_load_explicit(&c->working, memory_order_acquire) == 0;
}

void crew_end(struct crew *c)
{
	crew_stop(c);
	for (unsigned i = 0; i < c->threads; i++)
		require(pthread_join(c->thread[i], NULL) == 0);
	free(c);
}
