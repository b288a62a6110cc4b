/* test_id_blocks_tsan.c - blocks of producer ids from one thread to the other, who both sleep
 * without end when there is nothing for them: each block comes once, and no wake-up is lost. A
 * plain main: it runs under ThreadSanitizer. */
#include "control/calls/id_blocks.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { BLOCKS = 100000, WATCHDOG_S = 100 };

static const uint64_t for_ever_ns = 1000000 * NS_PER_S;
static struct wake control, coordinator;
static struct id_blocks blocks;

static void sleep_until_wished(void)
{
	wake_prepare(&control);
	if (id_blocks_is_wished(&blocks))
		wake_cancel(&control);
	else
		wake_wait(&control, for_ever_ns, NULL, 0);
}

static void sleep_until_granted(void)
{
	wake_prepare(&coordinator);
	if (id_blocks_is_granted(&blocks))
		wake_cancel(&coordinator);
	else
		wake_wait(&coordinator, for_ever_ns, NULL, 0);
}

static void *grant_all(void *argument)
{
	for (int64_t i = 0; i < BLOCKS; i++) {
		while (!id_blocks_is_wished(&blocks))
			sleep_until_wished();
		id_blocks_grant(&blocks, i * PRODUCER_ID_BLOCK);
	}
	return NULL;
}

static void give_up(int number)
{
	static const char text[] = "a wake-up was lost: who waits for it sleeps on\n";
	ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
	_exit(written > 0 ? 1 : 2);
}

int main(void)
{
	pthread_t granter;
	signal(SIGALRM, give_up);
	alarm(WATCHDOG_S);
	require(wake_init(&control) == 0 && wake_init(&coordinator) == 0);
	id_blocks_init(&blocks, PRODUCER_ID_BLOCK, &control, &coordinator);
	require(pthread_create(&granter, NULL, grant_all, NULL) == 0);
	for (int64_t i = 0; i < BLOCKS; i++) {
		int64_t first;
		id_blocks_wish(&blocks);
		id_blocks_wish(&blocks);
		while ((first = id_blocks_take(&blocks)) == ID_BLOCKS_NONE)
			sleep_until_granted();
		require(first == i * PRODUCER_ID_BLOCK);
	}
	require(pthread_join(granter, NULL) == 0);
	wake_fini(&control);
	wake_fini(&coordinator);
	printf("%d blocks\n", BLOCKS);
	return 0;
}
