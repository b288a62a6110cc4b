/* test_wake.c - no wake-up is lost: two threads that sleep without end hand a word to and fro,
 * each looking once more before it sleeps, at moments that meet in every way. A lost wake-up
 * is found by the watchdog, not by a timeout. A plain main: it runs under ThreadSanitizer, too. */
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "dataplane/base/wake.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum {
	ROUNDS = 200000,
	WATCHDOG_S = 60,
	/* Spins before the word is handed on: from none to longer than it takes to fall asleep. */
	SPINS_MAX = 2048,
};

static const uint64_t for_ever_ns = 1000000 * NS_PER_S;

/* A word on its way from one thread to the other, as a message in a ring is. */
struct way {
	cache_aligned atomic_uint sent;
	cache_aligned struct wake wake; /* of who reads `sent` */
	unsigned sleeps;
	/* Plain: only the way orders it. */
	unsigned value;
};

static struct way ways[2];

static void give(struct way *w, unsigned round)
{
	w->value = ~round;
	/* Release: pairs with the acquire in has_come(). */
	atomic_store_explicit(&w->sent, round, memory_order_release);
	wake_post(&w->wake);
}

static bool has_come(struct way *w, unsigned round)
{
	return atomic_load_explicit(&w->sent, memory_order_acquire) == round;
}

static void take(struct way *w, unsigned round)
{
	while (!has_come(w, round)) {
		wake_prepare(&w->wake);
		if (has_come(w, round)) {
			wake_cancel(&w->wake);
			break;
		}
		wake_wait(&w->wake, for_ever_ns, NULL, 0);
		w->sleeps++;
	}
	require(w->value == ~round);
}

static void spin(unsigned *state)
{
	*state = *state * 1664525 + 1013904223;
	for (unsigned left = (*state >> 16) % SPINS_MAX; left > 0; left--)
		__asm__ volatile("" ::: "memory");
}

static void *answer(void *argument)
{
	unsigned state = 1;
	for (unsigned round = 1; round <= ROUNDS; round++) {
		take(&ways[0], round);
		spin(&state);
		give(&ways[1], round);
	}
	return NULL;
}

static void give_up(int number)
{
	static const char text[] = "a wake-up was lost: both sleep\n";
	ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
	_exit(written > 0 ? 1 : 2);
}

int main(void)
{
	pthread_t other;
	unsigned state = 2;
	signal(SIGALRM, give_up);
	alarm(WATCHDOG_S);
	for (unsigned i = 0; i < 2; i++)
		require(wake_init(&ways[i].wake) == 0);
	require(pthread_create(&other, NULL, answer, NULL) == 0);
	for (unsigned round = 1; round <= ROUNDS; round++) {
		spin(&state);
		give(&ways[0], round);
		take(&ways[1], round);
	}
	require(pthread_join(other, NULL) == 0);
	for (unsigned i = 0; i < 2; i++)
		wake_fini(&ways[i].wake);
	printf("%u rounds, %u and %u sleeps\n", ROUNDS, ways[0].sleeps, ways[1].sleeps);
	return 0;
}
