/* test_crew_tsan.c - each call is made once; what it wrote is seen by whoever was told that it was
 * made; none begins behind a stop. A plain main: it runs under ThreadSanitizer. */
#include "control/catalog/crew.h"
#include "dataplane/base/require.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

enum { CALLS = 20000, THREADS = 8, ROUNDS = 20 };

struct board {
	uint32_t written[CALLS]; /* each by its call, plainly */
};

static void note(void *owner, uint32_t index)
{
	struct board *b = owner;
	b->written[index] += index + 1;
}

static atomic_bool is_let_go;

static void note_late(void *owner, uint32_t index)
{
	while (!atomic_load(&is_let_go))
		sched_yield();
	note(owner, index);
}

static struct crew *start(struct board *b, uint32_t calls,
			  void (*call)(void *owner, uint32_t index))
{
	int error;
	struct crew *c = crew_start(&(struct crew_work){calls, call, b}, THREADS, &error);
	require(c && error == 0);
	return c;
}

static void check_all(void)
{
	static struct board b;
	b = (struct board){0};
	struct crew *c = start(&b, CALLS, note);
	for (uint32_t i = 0; i < CALLS; i++) {
		while (!crew_has_made(c, i))
			sched_yield();
		require(b.written[i] == i + 1);
	}
	while (!crew_is_idle(c))
		sched_yield();
	crew_end(c);
}

static void check_stop(void)
{
	static struct board b;
	b = (struct board){0};
	uint32_t made = 0;
	atomic_store(&is_let_go, false);
	struct crew *c = start(&b, CALLS, note_late);
	crew_stop(c);
	atomic_store(&is_let_go, true);
	while (!crew_is_idle(c))
		sched_yield();
	for (uint32_t i = 0; i < CALLS; i++) {
		require(b.written[i] == (crew_has_made(c, i) ? i + 1 : 0));
		made += crew_has_made(c, i);
	}
	require(made <= THREADS);
	crew_end(c);
}

static void check_few(void)
{
	static struct board b;
	struct crew *none = start(&b, 0, note), *one = start(&b, 1, note);
	require(crew_is_idle(none));
	crew_end(none);
	while (!crew_has_made(one, 0))
		sched_yield();
	require(b.written[0] == 1);
	crew_end(one);
}

int main(void)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		check_all();
		check_stop();
	}
	check_few();
	printf("%d calls, %d threads\n", CALLS, THREADS);
	return 0;
}
