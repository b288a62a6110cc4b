/* registry_round.c - one admin message to each of many partitions, as the handoff has
 * room; replies come back in any order. */
#include "control/catalog/registry_round.h"
#include "control/catalog/registry_segments.h"
#include "dataplane/base/require.h"

void round_begin(struct round *round, enum admin_op op, struct partition **partitions,
		 uint32_t count)
{
	*round = (struct round){.op = op, .partitions = partitions, .count = count};
}

/* A partition has one message, and so one errand at a time. Its options are those of whoever
 * began the round, and outlive the message they lie in. */
static void send_one(struct registry *r, struct round *round, struct partition *p,
		     struct handoff *h)
{
	require(p->log || p->is_offline);
	require((p->state == PARTITION_SERVED) == (round->op != ADMIN_OPEN));
	struct log_options options = p->admin.options;
	p->admin = (struct admin_msg){
		.msg = {.kind = HANDOFF_ADMIN},
		.op = (uint8_t)round->op,
		.dir = (uint8_t)p->dir->number,
		.partition = p->ref,
		.log = p->log,
		.options = options,
		.log_start_offset = p->log_start_offset,
		.piece = round->piece,
		.sealed = round->op == ADMIN_SEGMENTS ? p->sealed : NULL,
		.swap = round->swap,
		.owner = p,
	};
	p->state = PARTITION_ASKED;
	p->round = round;
	handoff_send(h, &p->admin.msg);
}

/* Ends where a ring is full or a partition has a message under way, and goes on from there in
 * the next turn. */
bool round_step(struct registry *r, struct round *round)
{
	while (round->sent < round->count) {
		struct partition *p = round->partitions[round->sent];
		if (round->op != ADMIN_OPEN && p->state == PARTITION_CLOSED) {
			round->sent++; /* nobody serves it */
			round->answered++;
			continue;
		}
		if (p->state == PARTITION_ASKED)
			return false; /* its writer is being told that it is offline */
		unsigned writer = writer_of_slot(p->ref.slot, r->options.writer_count);
		struct handoff *h = r->options.writers[writer];
		if (!handoff_has_room(h, HANDOFF_ADMIN))
			return false;
		send_one(r, round, p, h);
		round->sent++;
	}
	return round->answered == round->count;
}

/* A writer that failed to close has given the log back all the same. */
static uint8_t state_after(const struct admin_msg *a)
{
	if (a->op == ADMIN_CLOSE || (a->op == ADMIN_OPEN && a->error))
		return PARTITION_CLOSED;
	return PARTITION_SERVED;
}

static void take_reply(struct admin_msg *a)
{
	require(a->msg.kind == HANDOFF_ADMIN);
	struct partition *p = a->owner;
	struct round *round = p->round;
	require(p->state == PARTITION_ASKED && round);
	p->state = state_after(a);
	p->round = NULL;
	round->answered++;
	if (a->op == ADMIN_SWAP) /* now: the next look at them may come before the job's turn */
		segments_forget(p);
	if (a->error) {
		round->error = round->error ? round->error : a->error;
		round->failed++;
		/* A log that is not compacted is as sound as before. */
		p->is_suspect |= a->op != ADMIN_SEGMENTS && a->op != ADMIN_SWAP;
	}
}

bool rounds_reap(struct registry *r)
{
	bool found = false;
	for (unsigned i = 0; i < r->options.writer_count; i++) {
		struct handoff_msg *replies[64];
		unsigned n =
			handoff_reap(r->options.writers[i], replies, array_len(replies));
		for (unsigned j = 0; j < n; j++)
			take_reply(container_of(replies[j], struct admin_msg, msg));
		found |= n > 0;
	}
	return found;
}
