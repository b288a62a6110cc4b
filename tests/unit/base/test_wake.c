/* test_wake.c - no wake-up is lost: one thread hands words on, the other looks, announces its
 * sleep, looks once more and sleeps without end. Before each word they meet, and go on within
 * a few hundred cycles of each other, so that every look meets every post. A lost wake-up is
 * found by the watchdog, not by a timeout. Before that, alone: several posts to one sleep are one
 * write. A plain main: it runs under ThreadSanitizer, too. */
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "dataplane/base/wake.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum {
	ROUNDS = 300000,
	WATCHDOG_S = 100,
	SPINS_MAX = 256,
	/* Then the other thread has no CPU, perhaps ours. */
	SPINS_BEFORE_YIELD = 10000,
};

static const uint64_t for_ever_ns = 1000000 * NS_PER_S;

/* Where the two meet: each writes its own round. */
static struct {
	cache_aligned atomic_uint round;
} here[2];

/* The word, as a message in a ring is. */
static struct {
	cache_aligned atomic_uint sent;
	cache_aligned unsigned value; /* plain: only `sent` orders it */
	struct wake wake;
} way;

static void meet(unsigned self, unsigned round)
{
	atomic_store(&here[self].round, round);
	for (unsigned spins = 0; atomic_load(&here[!self].round) < round; spins++)
		if (spins > SPINS_BEFORE_YIELD)
			sched_yield();
}

static void spin(unsigned *state)
{
	*state = *state * 1664525 + 1013904223;
	for (unsigned left = (*state >> 16) % SPINS_MAX; left > 0; left--)
		__asm__ volatile("" ::: "memory");
}

static void *give_all(void *argument)
{
	unsigned state = 1;
	for (unsigned round = 1; round <= ROUNDS; round++) {
		meet(0, round);
		spin(&state);
		way.value = ~round;
		/* Release: pairs with the acquire in has_come(). */
		atomic_store_explicit(&way.sent, round, memory_order_release);
		wake_post(&way.wake);
	}
	return NULL;
}

static bool has_come(unsigned round)
{
	return atomic_load_explicit(&way.sent, memory_order_acquire) == round;
}

/* True when it slept. */
static bool take(unsigned round)
{
	bool slept = false;
	while (!has_come(round)) {
		wake_prepare(&way.wake);
		if (has_come(round)) {
			wake_cancel(&way.wake);
			break;
		}
		wake_wait(&way.wake, for_ever_ns, NULL, 0);
		slept = true;
	}
	require(way.value == ~round);
	return slept;
}

static void give_up(int number)
{
	static const char text[] = "a wake-up was lost: who waits for it sleeps on\n";
	ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
	_exit(written > 0 ? 1 : 2);
}

static void many_posts_to_one_sleep_are_one_write(void)
{
	uint64_t posted = 0;
	wake_prepare(&way.wake);
	for (unsigned i = 0; i < 3; i++)
		wake_post(&way.wake);
	require(read(way.wake.fd, &posted, sizeof posted) == sizeof posted && posted == 1);
	wake_prepare(&way.wake);
	wake_post(&way.wake);
	wake_wait(&way.wake, for_ever_ns, NULL, 0);
	require(read(way.wake.fd, &posted, sizeof posted) < 0);
}

int main(void)
{
	pthread_t giver;
	unsigned state = 2, sleeps = 0;
	signal(SIGALRM, give_up);
	alarm(WATCHDOG_S);
	require(wake_init(&way.wake) == 0);
	many_posts_to_one_sleep_are_one_write();
	require(pthread_create(&giver, NULL, give_all, NULL) == 0);
	for (unsigned round = 1; round <= ROUNDS; round++) {
		meet(1, round);
		spin(&state);
		sleeps += take(round);
	}
	require(pthread_join(giver, NULL) == 0);
	wake_fini(&way.wake);
	printf("%d words, %u sleeps\n", ROUNDS, sleeps);
	return 0;
}
