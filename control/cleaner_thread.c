/* cleaner_thread.c - steps of rounds in, done beside control; see cleaner_thread.h. */
#include "control/cleaner_thread.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"

#include <errno.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { NICENESS = 10 }; /* a tenth of what others have who want all */

/* ---- the thread -------------------------------------------------------------------------- */

/* Until then, or until there is news. */
static void sleep_until(struct cleaner_thread *t, uint64_t at_ns)
{
	struct timespec at = {.tv_sec = (time_t)(at_ns / NS_PER_S),
			      .tv_nsec = (long)(at_ns % NS_PER_S)};
	pthread_mutex_lock(&t->lock);
	while (!t->is_stopping && !atomic_load(&t->is_cancelled) &&
	       pthread_cond_timedwait(&t->news, &t->lock, &at) == 0)
		;
	pthread_mutex_unlock(&t->lock);
}

static bool pace(void *owner, uint32_t bytes)
{
	struct cleaner_thread *t = owner;
	uint64_t rest_ns = cleaner_pace(&t->pace, clock_now_ns(), bytes,
					(uint64_t)t->round->io_bytes_per_second);
	if (rest_ns) {
		sleep_until(t, rest_ns);
		t->pace.begun_ns = clock_now_ns();
	}
	return !atomic_load(&t->is_cancelled);
}

static int prepare(struct cleaner_thread *t)
{
	int error = 0;
	if (!t->disk)
		t->disk = disk_create("cleaner", &error);
	if (t->disk && !t->tools)
		t->tools = clean_tools_create(t->disk, t->map_bytes, t->map_load,
					      (struct clean_pace){.pace = pace, .owner = t});
	return t->tools ? 0 : error ? error : -ENOMEM;
}

static void do_step(struct cleaner_thread *t)
{
	int error = prepare(t);
	t->pace.begun_ns = clock_now_ns();
	if (!error)
		error = clean_step_do(t->tools, t->round, t->step);
	pthread_mutex_lock(&t->lock);
	t->round = NULL;
	t->is_over = true;
	t->error = error;
	pthread_cond_broadcast(&t->news);
	pthread_mutex_unlock(&t->lock);
	wake_post(t->control);
}

/* False: it is to end. */
static bool await_step(struct cleaner_thread *t)
{
	pthread_mutex_lock(&t->lock);
	while (!t->round && !t->is_stopping)
		pthread_cond_wait(&t->news, &t->lock);
	bool has_step = t->round && !t->is_stopping;
	pthread_mutex_unlock(&t->lock);
	return has_step;
}

static void *loop(void *argument)
{
	struct cleaner_thread *t = argument;
	/* Where CPUs are few it stands behind control, the coordinator and their clients. */
	setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS);
	while (await_step(t))
		do_step(t);
	if (t->tools)
		clean_tools_destroy(t->tools);
	if (t->disk)
		disk_destroy(t->disk);
	return NULL;
}

/* ---- control ----------------------------------------------------------------------------- */

static void begin(void *owner, struct clean_round *round, enum clean_step step)
{
	struct cleaner_thread *t = owner;
	pthread_mutex_lock(&t->lock);
	require(!t->round);
	t->round = round;
	t->step = step;
	t->is_over = false;
	atomic_store(&t->is_cancelled, false);
	pthread_cond_broadcast(&t->news);
	pthread_mutex_unlock(&t->lock);
}

static bool is_over(void *owner, int *error)
{
	struct cleaner_thread *t = owner;
	pthread_mutex_lock(&t->lock);
	bool over = t->is_over;
	*error = t->error;
	t->is_over = false;
	pthread_mutex_unlock(&t->lock);
	return over;
}

static void cancel(void *owner)
{
	struct cleaner_thread *t = owner;
	pthread_mutex_lock(&t->lock);
	atomic_store(&t->is_cancelled, true);
	pthread_cond_broadcast(&t->news);
	pthread_mutex_unlock(&t->lock);
}

static void finish(void *owner)
{
	struct cleaner_thread *t = owner;
	cancel(t);
	pthread_mutex_lock(&t->lock);
	while (t->round)
		pthread_cond_wait(&t->news, &t->lock);
	t->is_over = false;
	pthread_mutex_unlock(&t->lock);
}

/* The clock of timed waits is the one that clock_now_ns() reads. */
static int prepare_waits(struct cleaner_thread *t)
{
	pthread_condattr_t attributes;
	int error = pthread_condattr_init(&attributes);
	if (error)
		return -error;
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	error = pthread_cond_init(&t->news, &attributes);
	pthread_condattr_destroy(&attributes);
	return error ? -error : -pthread_mutex_init(&t->lock, NULL);
}

int cleaner_thread_start(struct cleaner_thread *t, struct wake *control, size_t map_bytes,
			 double map_load)
{
	*t = (struct cleaner_thread){
		.cleaner = {.owner = t, .begin = begin, .is_over = is_over, .cancel = cancel,
			    .finish = finish},
		.control = control,
		.map_bytes = map_bytes,
		.map_load = map_load,
	};
	int error = prepare_waits(t);
	return error ? error : -pthread_create(&t->thread, NULL, loop, t);
}

void cleaner_thread_stop(struct cleaner_thread *t)
{
	pthread_mutex_lock(&t->lock);
	t->is_stopping = true;
	atomic_store(&t->is_cancelled, true);
	pthread_cond_broadcast(&t->news);
	pthread_mutex_unlock(&t->lock);
	require(pthread_join(t->thread, NULL) == 0);
	pthread_cond_destroy(&t->news);
	pthread_mutex_destroy(&t->lock);
}
