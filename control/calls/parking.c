/* parking.c - parked requests in, their answers to the pollers' inboxes out; see parking.h. */
#include "control/calls/parking.h"
#include "dataplane/base/require.h"

#include <stdlib.h>

void parking_init(struct parking *p, struct outbox *const *outboxes, unsigned poller_count)
{
	*p = (struct parking){.poller_count = poller_count};
	memcpy(p->outboxes, outboxes, poller_count * sizeof *outboxes);
	list_init(&p->all);
}

static void parked_free(struct parking *p, struct parked *give)
{
	list_remove(&give->node);
	p->requests--;
	p->bytes -= give->size;
	free(give->reply);
	free(give);
}

/* No poller turns any more, and none will look at what it was lent. */
void parking_fini(struct parking *p)
{
	while (!list_is_empty(&p->all))
		parked_free(p, list_entry(p->all.next, struct parked, node));
}

/* Count and bytes are bounded for all pollers together. Whoever finds no room is answered at
 * once with what is so now. */
void *parking_take(struct parking *p, const struct call_msg *call, size_t size)
{
	require(size >= sizeof(struct parked) && call->msg.sender < p->poller_count);
	bool has_room = p->requests < PARKED_REQUESTS_MAX &&
			p->bytes + size <= PARKED_BYTES_MAX;
	struct parked *k = has_room ? calloc(1, size) : NULL;
	if (!k)
		return NULL;
	k->size = size;
	k->poller = call->msg.sender;
	k->msg.msg.kind = HANDOFF_SEND;
	k->msg.ticket = call->ticket;
	k->msg.owner = k;
	list_append(&p->all, &k->node);
	p->requests++;
	p->bytes += size;
	return k;
}

/* Its poller copies the reply when it has memory for it, which may be many turns later: until
 * the message is back, the reply is lent. */
void parking_answer(struct parking *p, struct parked *give, uint8_t *give_reply, size_t bytes)
{
	require(!give->reply);
	give->reply = give_reply;
	give->msg.bytes = (struct bytes){give_reply, bytes};
	outbox_send(p->outboxes[give->poller], &give->msg);
}

/* What comes back was sent, or nobody is left to send it to: the request is over either way. */
static unsigned outbox_turn(struct parking *p, struct outbox *o)
{
	struct inbox_msg *back[INBOX_PER_TURN];
	unsigned count = outbox_reap(o, back, array_len(back));
	for (unsigned i = 0; i < count; i++)
		parked_free(p, back[i]->owner);
	return count;
}

bool parking_turn(struct parking *p)
{
	unsigned total = 0;
	for (unsigned i = 0; i < p->poller_count; i++)
		total += outbox_turn(p, p->outboxes[i]);
	return total > 0;
}

bool parking_has_news(const struct parking *p)
{
	for (unsigned i = 0; i < p->poller_count; i++)
		if (outbox_has_news(p->outboxes[i]))
			return true;
	return false;
}
