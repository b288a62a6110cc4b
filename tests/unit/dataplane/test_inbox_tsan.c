/* test_inbox_tsan.c - a poller's inbox under ThreadSanitizer: two senders, each on a thread of its
 * own and sending far more than its ring takes, and a poller that keeps some messages a while. A
 * plain main: Criterion aborts under TSan. Exit 0: every promise held; TSan itself ends the
 * process at a race, a watchdog when all sleep. */
#include "dataplane/inbox.h"
#include "dataplane/base/require.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum {
	SENDERS = 2,
	PARCELS = INBOX_SENDS_MAX + 1500, /* of a sender: most wait on its list */
	MESSAGES = 200000,                /* of a sender */
	KEPT_MAX = 64,
	WATCHDOG_S = 100,
};

static const uint64_t for_ever_ns = 1000000000000000;

/* Its bytes are plain memory of the sender's: only the rings order them. */
struct parcel {
	struct inbox_msg msg;
	uint32_t bytes;
};

struct post {
	struct outbox outbox;
	struct wake wake;
	struct parcel parcels[PARCELS];
	uint32_t sent, back;
	uint32_t seen; /* the poller's */
};

static struct wake poller_wake;
static struct inbox inbox;
static struct post posts[SENDERS];

/* ---- a sender --------------------------------------------------------------------------- */

static void post_one(struct post *p, struct parcel *parcel)
{
	parcel->bytes = p->sent++;
	parcel->msg = (struct inbox_msg){
		.msg.kind = HANDOFF_SEND,
		.bytes = {(const uint8_t *)&parcel->bytes, sizeof parcel->bytes},
		.owner = parcel};
	outbox_send(&p->outbox, &parcel->msg);
}

/* Every parcel that comes back goes out again with other bytes, as long as there are some. */
static void *sender_main(void *argument)
{
	struct post *p = argument;
	for (unsigned i = 0; i < PARCELS; i++)
		post_one(p, &p->parcels[i]);
	while (p->back < MESSAGES) {
		struct inbox_msg *back[INBOX_PER_TURN];
		unsigned count = outbox_reap(&p->outbox, back, INBOX_PER_TURN);
		for (unsigned i = 0; i < count; i++) {
			struct parcel *parcel = back[i]->owner;
			require(back[i]->outcome ==
				(parcel->bytes % 3 ? INBOX_DONE : INBOX_GONE));
			p->back++;
			if (p->sent < MESSAGES)
				post_one(p, parcel);
		}
		if (count)
			continue;
		wake_prepare(&p->wake);
		if (outbox_has_news(&p->outbox))
			wake_cancel(&p->wake);
		else
			wake_wait(&p->wake, for_ever_ns, NULL, 0);
	}
	return NULL;
}

/* ---- the poller ------------------------------------------------------------------------- */

struct kept {
	struct inbox_msg *msgs[KEPT_MAX];
	unsigned count;
};

static void give(struct inbox_msg *m)
{
	uint32_t bytes;
	memcpy(&bytes, m->bytes.data, sizeof bytes);
	inbox_give(&inbox, m, bytes % 3 ? INBOX_DONE : INBOX_GONE);
}

static void give_kept(struct kept *k)
{
	while (k->count > 0)
		give(k->msgs[--k->count]);
}

static unsigned poller_turn(struct kept *k)
{
	unsigned total = 0;
	for (unsigned s = 0; s < SENDERS; s++) {
		struct handoff_msg *msgs[INBOX_PER_TURN];
		unsigned n = handoff_pull(inbox.senders[s], msgs, INBOX_PER_TURN);
		for (unsigned i = 0; i < n; i++) {
			struct inbox_msg *m = container_of(msgs[i], struct inbox_msg, msg);
			uint32_t bytes;
			memcpy(&bytes, m->bytes.data, sizeof bytes);
			require(bytes == posts[s].seen++); /* in order, whatever waited */
			if (bytes % 7 == 0 && k->count < KEPT_MAX)
				k->msgs[k->count++] = m;
			else
				give(m);
		}
		total += n;
	}
	return total;
}

static void poller_run(void)
{
	struct kept kept = {.count = 0};
	for (uint32_t taken = 0; taken < SENDERS * MESSAGES;) {
		unsigned count = poller_turn(&kept);
		taken += count;
		if (count && kept.count < KEPT_MAX)
			continue;
		give_kept(&kept);
		wake_prepare(&poller_wake);
		if (inbox_has_any(&inbox) || taken == SENDERS * MESSAGES)
			wake_cancel(&poller_wake);
		else
			wake_wait(&poller_wake, for_ever_ns, NULL, 0);
	}
	give_kept(&kept);
}

static void give_up(int number)
{
	static const char text[] = "a wake-up was lost: all sleep\n";
	ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
	_exit(written > 0 ? 1 : 2);
}

int main(void)
{
	pthread_t threads[SENDERS];
	signal(SIGALRM, give_up);
	alarm(WATCHDOG_S);
	require(wake_init(&poller_wake) == 0);
	for (uint8_t s = 0; s < SENDERS; s++) {
		require(wake_init(&posts[s].wake) == 0);
		require(outbox_init(&posts[s].outbox, s, &posts[s].wake, &poller_wake) == 0);
		inbox.senders[inbox.count++] = &posts[s].outbox.handoff;
	}
	for (unsigned s = 0; s < SENDERS; s++)
		require(pthread_create(&threads[s], NULL, sender_main, &posts[s]) == 0);
	poller_run();
	for (unsigned s = 0; s < SENDERS; s++) {
		require(pthread_join(threads[s], NULL) == 0);
		require(posts[s].back == MESSAGES && posts[s].outbox.waiting_count == 0);
		outbox_fini(&posts[s].outbox);
		wake_fini(&posts[s].wake);
	}
	wake_fini(&poller_wake);
	printf("%d senders: %d messages each, in order and back\n", SENDERS, MESSAGES);
	return 0;
}
