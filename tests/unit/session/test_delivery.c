/* test_delivery.c - what comes through the inbox without having been asked for: bytes for a
 * vehicle, connections closed, and fences around what they left behind. */
#include "tests/unit/session/ingest_rig.h"

#include <criterion/criterion.h>

static struct rig *r;
static struct inbox_msg msgs[8];

static void begin(void)
{
	r = rig_create(NULL);
}

static void end(void)
{
	rig_destroy(r);
}

TestSuite(delivery, .init = begin, .fini = end);

static struct wire *connect(uint8_t listener)
{
	struct wire *w = wire_open(r, listener);
	rig_turn(r, 10);
	return w;
}

static void send(struct inbox_msg *m, enum handoff_kind kind, uint64_t stream,
		 const void *data, size_t size)
{
	*m = (struct inbox_msg){.msg.kind = (uint8_t)kind, .ticket.stream = stream,
				.bytes = {data, size}};
	outbox_send(&r->outbox, m);
}

/* The next message that is back, or null. */
static struct inbox_msg *back(void)
{
	struct inbox_msg *m;
	return outbox_reap(&r->outbox, &m, 1) ? m : NULL;
}

static bool is_back(struct inbox_msg *m, enum inbox_outcome outcome)
{
	return back() == m && m->outcome == outcome;
}

static void report(struct wire *w)
{
	wire_send(w, sample_login()->data, sample_login()->size);
}

/* ---- SEND ------------------------------------------------------------------------------- */

Test(delivery, bytes_go_to_their_stream_and_to_no_other)
{
	struct wire *a = connect(RIG_TERMINAL), *b = connect(RIG_TERMINAL);
	send(&msgs[0], HANDOFF_SEND, b->stream.handle, "command", 7);
	rig_turn(r, 10);
	cr_assert(is_back(&msgs[0], INBOX_DONE));
	cr_assert(a->sent.size == 0 && b->sent.size == 7);
	cr_assert(memcmp(b->sent.data, "command", 7) == 0);
	wire_lose(a);
	rig_turn(r, 10);
	send(&msgs[1], HANDOFF_SEND, a->stream.handle, "late", 4);
	send(&msgs[2], HANDOFF_SEND, 4711, "nobody", 6);
	rig_turn(r, 10);
	cr_assert(is_back(&msgs[1], INBOX_GONE) && is_back(&msgs[2], INBOX_GONE));
	cr_assert(rig_stat(r, STAT_inbox_gone) == 2 && rig_stat(r, STAT_inbox_messages) == 3);
	wire_lose(b);
	rig_turn(r, 10);
	wire_free(a);
	wire_free(b);
}

/* A vehicle has nothing parked: what bears a ticket was meant for somebody else. */
Test(delivery, a_ticket_fits_no_vehicle)
{
	struct wire *w = connect(RIG_TERMINAL);
	msgs[0] = (struct inbox_msg){.msg.kind = HANDOFF_SEND, .bytes = {(uint8_t *)"x", 1},
				     .ticket = {w->stream.handle, 1}};
	outbox_send(&r->outbox, &msgs[0]);
	rig_turn(r, 10);
	cr_assert(is_back(&msgs[0], INBOX_GONE) && w->sent.size == 0);
	wire_lose(w);
	rig_turn(r, 10);
	wire_free(w);
}

Test(delivery, a_peer_that_does_not_read_or_memory_that_is_out_is_told_at_once)
{
	static uint8_t large[65 * CHUNK_BYTES];
	struct wire *w = connect(RIG_TERMINAL);
	w->send_room = 6;
	send(&msgs[0], HANDOFF_SEND, w->stream.handle, "command", 7);
	rig_turn(r, 10);
	cr_assert(is_back(&msgs[0], INBOX_FULL) && w->sent.size == 0);
	w->send_room = SIZE_MAX;
	send(&msgs[1], HANDOFF_SEND, w->stream.handle, large, sizeof large);
	send(&msgs[2], HANDOFF_SEND, w->stream.handle, large, 5 * CHUNK_BYTES);
	rig_turn(r, 10);
	cr_assert(is_back(&msgs[1], INBOX_FULL) && is_back(&msgs[2], INBOX_DONE));
	cr_assert(w->sent.size == 5 * CHUNK_BYTES);
	wire_lose(w);
	rig_turn(r, 10);
	wire_free(w);
}

/* ---- CLOSE ------------------------------------------------------------------------------ */

Test(delivery, a_close_ends_the_stream_it_names)
{
	struct wire *a = connect(RIG_TERMINAL), *b = connect(RIG_TERMINAL);
	send(&msgs[0], HANDOFF_CLOSE, a->stream.handle, NULL, 0);
	rig_turn(r, 10);
	cr_assert(is_back(&msgs[0], INBOX_DONE));
	cr_assert(a->stream.is_closed && !a->stream.session && !b->stream.is_closed);
	send(&msgs[1], HANDOFF_CLOSE, a->stream.handle, NULL, 0);
	rig_turn(r, 10);
	cr_assert(is_back(&msgs[1], INBOX_GONE));
	wire_lose(b);
	rig_turn(r, 10);
	wire_free(a);
	wire_free(b);
}

/* ---- FENCE ------------------------------------------------------------------------------ */

Test(delivery, a_fence_comes_back_when_what_the_connection_left_is_in_the_log)
{
	struct wire *old = connect(RIG_TERMINAL);
	report(old);
	rig_turn_without_writer(r, 10);
	cr_assert(r->in.batching.appends.in_use == 1, "it gathers");
	send(&msgs[0], HANDOFF_FENCE, old->stream.handle, NULL, 0);
	rig_turn_without_writer(r, 10);
	cr_assert(old->stream.is_closed && !old->stream.session && !back());
	cr_assert(fences_are_closing(&r->in.delivery.fences),
		  "it is looked at before the core sleeps");
	for (unsigned i = 0; i < 20; i++) {
		rig_turn_without_writer(r, 1000);
		cr_assert(!back(), "the batch is not back");
	}
	cr_assert(r->stored_count == 0);
	rig_write(r);
	cr_assert(r->stored_count == 1);
	rig_turn_without_writer(r, 10);
	cr_assert(is_back(&msgs[0], INBOX_DONE));
	wire_free(old);
}

/* Its batch is under way although nobody sees a connection any more. */
Test(delivery, a_fence_behind_a_connection_that_is_gone_waits_for_its_batch_too)
{
	struct wire *old = connect(RIG_TERMINAL);
	report(old);
	rig_turn_without_writer(r, 10);
	wire_lose(old);
	rig_turn_without_writer(r, 10);
	send(&msgs[0], HANDOFF_FENCE, old->stream.handle, NULL, 0);
	for (unsigned i = 0; i < 20; i++)
		rig_turn_without_writer(r, 1000);
	cr_assert(!back());
	rig_write(r);
	rig_turn_without_writer(r, 10);
	cr_assert(is_back(&msgs[0], INBOX_GONE));
	wire_free(old);
}

Test(delivery, a_fence_with_nothing_under_way_comes_back_at_once)
{
	struct wire *old = connect(RIG_TERMINAL);
	send(&msgs[0], HANDOFF_FENCE, old->stream.handle, NULL, 0);
	rig_turn(r, 10);
	cr_assert(old->stream.is_closed && !back());
	rig_turn(r, 10);
	cr_assert(is_back(&msgs[0], INBOX_DONE));
	cr_assert(!fences_are_closing(&r->in.delivery.fences));
	wire_free(old);
}

/* Batches begun behind a fence do not hold it up: somebody always has one under way. */
Test(delivery, others_who_go_on_do_not_keep_a_fence_from_coming_back)
{
	struct wire *busy = connect(RIG_TERMINAL), *old[6];
	for (unsigned i = 0; i < array_len(old); i++)
		old[i] = connect(RIG_TERMINAL);
	report(busy);
	for (unsigned i = 0; i < array_len(old); i++) {
		report(old[i]);
		rig_turn_without_writer(r, 6000);
		send(&msgs[i], HANDOFF_FENCE, old[i]->stream.handle, NULL, 0);
		report(busy);
		rig_turn_without_writer(r, 10);
		report(busy);
		rig_turn_without_writer(r, 6000);
		report(busy);
		rig_write(r);
		rig_turn_without_writer(r, 10);
		cr_assert(r->in.batching.appends.in_use > 0, "there is always one");
	}
	unsigned returned = 0;
	for (unsigned turn = 0; turn < 40 && returned < array_len(old); turn++) {
		while (back())
			returned++;
		report(busy);
		rig_turn_without_writer(r, 6000);
		report(busy);
		rig_turn_without_writer(r, 10);
		cr_assert(r->in.batching.appends.in_use > 0);
		rig_write(r);
		rig_turn_without_writer(r, 10);
	}
	cr_assert(returned == array_len(old), "%u", returned);
	rig_settle(r);
	wire_lose(busy);
	rig_turn(r, 10);
	wire_free(busy);
	for (unsigned i = 0; i < array_len(old); i++)
		wire_free(old[i]);
}
