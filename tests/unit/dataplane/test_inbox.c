/* test_inbox.c - messages for a poller: what waits when its ring is full, in what order it goes,
 * and how it comes back. */
#include "dataplane/inbox.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { MESSAGES = INBOX_SENDS_MAX + 100 };

static struct wake sender, poller;
static struct outbox outboxes[2];
static struct inbox inbox;
static struct inbox_msg msgs[MESSAGES];

static void start(void)
{
	cr_assert(!wake_init(&sender) && !wake_init(&poller));
	for (uint8_t i = 0; i < 2; i++) {
		cr_assert(!outbox_init(&outboxes[i], i, &sender, &poller));
		inbox.senders[inbox.count++] = &outboxes[i].handoff;
	}
}

static void stop(void)
{
	outbox_fini(&outboxes[0]);
	outbox_fini(&outboxes[1]);
	wake_fini(&sender);
	wake_fini(&poller);
}

TestSuite(inbox, .init = start, .fini = stop);

static void send(unsigned n, enum handoff_kind kind)
{
	msgs[n] = (struct inbox_msg){.msg.kind = (uint8_t)kind};
	outbox_send(&outboxes[0], &msgs[n]);
}

/* The next message that the poller finds, or null. */
static struct inbox_msg *pull(unsigned from)
{
	struct handoff_msg *m;
	if (handoff_pull(inbox.senders[from], &m, 1) == 0)
		return NULL;
	return container_of(m, struct inbox_msg, msg);
}

static struct inbox_msg *reap(void)
{
	struct inbox_msg *m;
	return outbox_reap(&outboxes[0], &m, 1) ? m : NULL;
}

Test(inbox, a_message_comes_back_to_its_sender_with_its_outcome)
{
	cr_assert(!inbox_has_any(&inbox));
	msgs[0] = (struct inbox_msg){.msg.kind = HANDOFF_SEND};
	msgs[1] = (struct inbox_msg){.msg.kind = HANDOFF_CLOSE};
	outbox_send(&outboxes[1], &msgs[0]);
	outbox_send(&outboxes[0], &msgs[1]);
	cr_assert(inbox_has_any(&inbox) && !outbox_has_news(&outboxes[1]));
	cr_assert(pull(1) == &msgs[0] && pull(0) == &msgs[1] && !inbox_has_any(&inbox));
	inbox_give(&inbox, &msgs[0], INBOX_GONE);
	cr_assert(outbox_has_news(&outboxes[1]) && !reap());
	struct inbox_msg *back;
	cr_assert(outbox_reap(&outboxes[1], &back, 1) == 1 && back == &msgs[0]);
	cr_assert(back->outcome == INBOX_GONE);
	inbox_give(&inbox, &msgs[1], INBOX_DONE);
	cr_assert(reap() == &msgs[1] && msgs[1].outcome == INBOX_DONE && !reap());
}

Test(inbox, what_finds_no_room_waits_at_its_sender_and_goes_in_order)
{
	for (unsigned i = 0; i < MESSAGES; i++)
		send(i, HANDOFF_SEND);
	cr_assert(outboxes[0].waiting_count == MESSAGES - INBOX_SENDS_MAX);
	cr_assert(outboxes[0].handoff.outstanding[HANDOFF_SEND] == INBOX_SENDS_MAX);
	for (unsigned i = 0; i < MESSAGES; i++) {
		cr_assert(pull(0) == &msgs[i], "%u", i);
		inbox_give(&inbox, &msgs[i], INBOX_DONE);
		cr_assert(reap() == &msgs[i]);
	}
	cr_assert(outboxes[0].waiting_count == 0 && !pull(0));
}

/* A stream is not closed before what was to be sent to it, also when its message would fit. */
Test(inbox, a_close_does_not_overtake_the_sends_before_it)
{
	for (unsigned i = 0; i <= INBOX_SENDS_MAX; i++)
		send(i, HANDOFF_SEND);
	send(INBOX_SENDS_MAX + 1, HANDOFF_CLOSE);
	send(INBOX_SENDS_MAX + 2, HANDOFF_FENCE);
	cr_assert(outboxes[0].waiting_count == 3);
	for (unsigned i = 0; i <= INBOX_SENDS_MAX + 2; i++) {
		cr_assert(pull(0) == &msgs[i], "%u", i);
		inbox_give(&inbox, &msgs[i], INBOX_DONE);
		cr_assert(reap() == &msgs[i]);
	}
}

Test(inbox, the_list_before_it_is_bounded)
{
	struct inbox_msg *many = calloc(OUTBOX_WAITING_MAX + INBOX_CLOSES_MAX, sizeof *many);
	unsigned count = 0;
	for (; outbox_has_room(&outboxes[0]); count++) {
		many[count].msg.kind = HANDOFF_CLOSE;
		outbox_send(&outboxes[0], &many[count]);
	}
	cr_assert(count == OUTBOX_WAITING_MAX + INBOX_CLOSES_MAX);
	for (unsigned i = 0; i < count; i++) {
		inbox_give(&inbox, pull(0), INBOX_GONE);
		cr_assert(reap() == &many[i]);
	}
	cr_assert(outbox_has_room(&outboxes[0]) && !pull(0));
	free(many);
}
