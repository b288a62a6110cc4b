/* inbox.c - messages to a poller, through a ring or the list before it; see inbox.h. */
#include "dataplane/inbox.h"
#include "dataplane/base/require.h"

int outbox_init(struct outbox *o, uint8_t sender, struct wake *from, struct wake *poller)
{
	list_init(&o->waiting);
	o->waiting_count = 0;
	o->sender = sender;
	return handoff_init(&o->handoff, from, poller);
}

void outbox_fini(struct outbox *o)
{
	handoff_fini(&o->handoff);
}

/* In the order they came, whatever their kinds: a CLOSE must not overtake the SEND before it. */
static void outbox_move(struct outbox *o)
{
	while (!list_is_empty(&o->waiting)) {
		struct inbox_msg *m = list_entry(o->waiting.next, struct inbox_msg, node);
		if (!handoff_has_room(&o->handoff, m->msg.kind))
			return;
		list_remove(&m->node);
		o->waiting_count--;
		handoff_send(&o->handoff, &m->msg);
	}
}

/* Through the list, also when the ring has room: who waits there goes first. */
void outbox_send(struct outbox *o, struct inbox_msg *give)
{
	require(outbox_has_room(o));
	require(give->msg.kind >= HANDOFF_SEND && give->msg.kind <= HANDOFF_PACKET);
	give->msg.sender = o->sender;
	list_append(&o->waiting, &give->node);
	o->waiting_count++;
	outbox_move(o);
}

/* What is back has made room for what waits. */
unsigned outbox_reap(struct outbox *o, struct inbox_msg **ret, unsigned max)
{
	struct handoff_msg *done[INBOX_PER_TURN];
	unsigned count = handoff_reap(&o->handoff, done, min_u32(max, array_len(done)));
	for (unsigned i = 0; i < count; i++)
		ret[i] = container_of(done[i], struct inbox_msg, msg);
	outbox_move(o);
	return count;
}

void inbox_give(struct inbox *i, struct inbox_msg *give, enum inbox_outcome outcome)
{
	require(give->msg.sender < i->count);
	give->outcome = (uint8_t)outcome;
	handoff_complete(i->senders[give->msg.sender], &give->msg);
}
