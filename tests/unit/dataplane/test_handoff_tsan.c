/* test_handoff_tsan.c - the rings between cores under ThreadSanitizer: a million messages down
 * and up again, between two threads and on one fused core. A plain main: Criterion aborts
 * under TSan. Exit 0: every promise held; TSan itself ends the process at a race, a watchdog
 * when both threads sleep. */
#include "dataplane/handoff.h"
#include "dataplane/base/require.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum {
	MESSAGES = 1000000,
	BURST = 32,
	WATCHDOG_S = 100,
};

static const uint64_t for_ever_ns = 1000000000000000;

/* `value` and `answer` are plain: only the rings order them. */
struct parcel {
	struct handoff_msg msg;
	uint32_t value;
	uint32_t answer;
	struct parcel *next_free;
};

struct bench {
	struct handoff h;
	struct wake requester, server;
	struct parcel parcels[HANDOFF_READS_MAX];
	struct parcel *free;
	uint32_t sent, reaped;
	uint32_t sleeps;
};

static void bench_init(struct bench *b)
{
	memset(b, 0, sizeof *b);
	require(wake_init(&b->requester) == 0 && wake_init(&b->server) == 0);
	require(handoff_init(&b->h, &b->requester, &b->server) == 0);
	for (unsigned i = 0; i < array_len(b->parcels); i++) {
		b->parcels[i].next_free = b->free;
		b->free = &b->parcels[i];
	}
}

static void bench_fini(struct bench *b)
{
	handoff_fini(&b->h);
	wake_fini(&b->requester);
	wake_fini(&b->server);
}

static bool requester_send(struct bench *b)
{
	bool worked = false;
	for (unsigned i = 0; i < BURST && b->sent < MESSAGES; i++) {
		if (!handoff_has_room(&b->h, HANDOFF_READ))
			break;
		struct parcel *p = b->free;
		require(p); /* the budget is the number of parcels */
		b->free = p->next_free;
		p->msg.kind = HANDOFF_READ;
		p->value = b->sent++;
		handoff_send(&b->h, &p->msg);
		worked = true;
	}
	return worked;
}

static bool requester_reap(struct bench *b)
{
	struct handoff_msg *done[BURST];
	unsigned count = handoff_reap(&b->h, done, BURST);
	for (unsigned i = 0; i < count; i++) {
		struct parcel *p = container_of(done[i], struct parcel, msg);
		require(p->value == b->reaped++); /* first in, first out */
		require(p->answer == ~p->value);
		p->next_free = b->free;
		b->free = p;
	}
	return count > 0;
}

static unsigned server_turn(struct bench *b)
{
	struct handoff_msg *asked[BURST];
	unsigned count = handoff_pull(&b->h, asked, BURST);
	for (unsigned i = 0; i < count; i++) {
		struct parcel *p = container_of(asked[i], struct parcel, msg);
		p->answer = ~p->value;
		handoff_complete(&b->h, &p->msg);
	}
	return count;
}

static void *server_main(void *argument)
{
	struct bench *b = argument;
	for (uint32_t served = 0; served < MESSAGES;) {
		unsigned count = server_turn(b);
		served += count;
		if (count)
			continue;
		wake_prepare(&b->server);
		if (handoff_has_down(&b->h))
			wake_cancel(&b->server);
		else
			wake_wait(&b->server, for_ever_ns, NULL, 0);
	}
	return NULL;
}

static void two_cores_exchange_every_message_once_and_in_order(struct bench *b)
{
	bench_init(b);
	pthread_t server;
	require(pthread_create(&server, NULL, server_main, b) == 0);
	while (b->reaped < MESSAGES) {
		bool worked = requester_send(b);
		worked |= requester_reap(b);
		if (worked)
			continue;
		wake_prepare(&b->requester);
		if (handoff_has_up(&b->h)) {
			wake_cancel(&b->requester);
			continue;
		}
		wake_wait(&b->requester, for_ever_ns, NULL, 0);
		b->sleeps++;
	}
	require(pthread_join(server, NULL) == 0);
	require(b->h.outstanding[HANDOFF_READ] == 0);
	printf("two cores: %u messages, requester slept %u times\n", b->reaped,
	       b->sleeps);
	bench_fini(b);
}

static void a_fused_core_never_waits_for_itself(struct bench *b)
{
	bench_init(b);
	while (b->reaped < MESSAGES) {
		bool worked = requester_send(b);
		worked |= server_turn(b) > 0;
		worked |= requester_reap(b);
		require(worked);
	}
	require(!handoff_has_down(&b->h) && !handoff_has_up(&b->h));
	printf("fused core: %u messages\n", b->reaped);
	bench_fini(b);
}

static void each_kind_has_its_own_budget(struct bench *b)
{
	static struct handoff_msg messages[HANDOFF_APPENDS_MAX];
	bench_init(b);
	unsigned sent = 0;
	for (; handoff_has_room(&b->h, HANDOFF_APPEND); sent++) {
		messages[sent].kind = HANDOFF_APPEND;
		handoff_send(&b->h, &messages[sent]);
	}
	require(sent == HANDOFF_APPENDS_MAX);
	require(handoff_has_room(&b->h, HANDOFF_WATCH));
	/* Every message of the full budget finds its place in the ring back. */
	while (b->h.outstanding[HANDOFF_APPEND]) {
		struct handoff_msg *taken[BURST];
		unsigned count = handoff_pull(&b->h, taken, BURST);
		for (unsigned i = 0; i < count; i++)
			handoff_complete(&b->h, taken[i]);
		if (count == 0)
			require(handoff_reap(&b->h, taken, BURST) > 0);
	}
	printf("budgets: %u appends at once\n", sent);
	bench_fini(b);
}

static void give_up(int number)
{
	static const char text[] = "a wake-up was lost: both sleep\n";
	ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
	_exit(written > 0 ? 1 : 2);
}

int main(void)
{
	static struct bench b;
	signal(SIGALRM, give_up);
	alarm(WATCHDOG_S);
	two_cores_exchange_every_message_once_and_in_order(&b);
	a_fused_core_never_waits_for_itself(&b);
	each_kind_has_its_own_budget(&b);
	return 0;
}
