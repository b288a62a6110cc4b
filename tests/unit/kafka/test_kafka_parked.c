/* test_kafka_parked.c - requests that their server parks: what is free meanwhile, what waits, and
 * who gets the answer. */
#include "tests/unit/kafka/kafka_rig.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static void begin(void)
{
	rig_begin();
	rig->park_calls = true;
}

TestSuite(kafka_parked, .init = begin, .fini = rig_end);

/* A whole answer of `size` bytes, to the request that all tests make. */
static struct inbox_msg *send_make(struct ticket ticket, size_t size)
{
	struct inbox_msg *m = calloc(1, sizeof *m);
	uint8_t *bytes = calloc(1, size);
	kafka_size_store(bytes, size);
	be32_store(bytes + KAFKA_SIZE_BYTES, RIG_CORRELATION_ID);
	*m = (struct inbox_msg){.msg.kind = HANDOFF_SEND, .ticket = ticket,
				.bytes = {bytes, size}, .owner = bytes};
	return m;
}

/* Sends it; how it comes back, or -1 when it does not within a few turns. */
static int deliver(struct inbox_msg *m)
{
	struct inbox_msg *back;
	outbox_send(&rig->outbox, m);
	rig_turns(rig, 3);
	if (outbox_reap(&rig->outbox, &back, 1) == 0)
		return -1;
	cr_assert(back == m);
	int outcome = m->outcome;
	free(m->owner);
	free(m);
	return outcome;
}

static void call(struct peer *p, int16_t key, unsigned body_bytes)
{
	struct buffer request = call_make(key, 1, body_bytes);
	send_all(p, &request);
	rig_turns(rig, 3);
}

/* ---- what is free ----------------------------------------------------------------------- */

Test(kafka_parked, a_parked_request_holds_no_call_and_no_chunk_but_owes_an_answer)
{
	call(peer, KAFKA_API_METADATA, 9000);
	cr_assert(rig->calls == 1 && rig->releases == 0);
	cr_assert(rig_calls_in_use(rig) == 0 && rig_chunks_in_use(rig) == 0);
	cr_assert(rig->in.answers.slab.in_use == 1 && !peer_is_answered(peer));
	cr_assert(rig_stat(rig, STAT_requests_parked) == 1);
	cr_assert(ledger_in_flight(&rig->in.stats, LEDGER_frame) == 1);
	cr_assert(deliver(send_make(rig->last_ticket, 100)) == INBOX_DONE);
	cr_assert(peer_is_answered(peer) && rig->in.answers.slab.in_use == 0);
	cr_assert(rig_stat(rig, STAT_frames_accepted) == 1);
}

/* The rig has 64 calls; as many connections again may wait. */
Test(kafka_parked, more_can_be_parked_than_there_are_calls)
{
	struct peer *peers[128];
	struct ticket tickets[128];
	for (unsigned i = 0; i < 128; i++) {
		peers[i] = open_peer();
		call(peers[i], KAFKA_API_METADATA, 10);
		tickets[i] = rig->last_ticket;
	}
	cr_assert(rig->calls == 128 && rig_calls_in_use(rig) == 0);
	for (unsigned i = 128; i-- > 0;) {
		cr_assert(deliver(send_make(tickets[i], 20)) == INBOX_DONE);
		cr_assert(peer_is_answered(peers[i]));
		end_peer(peers[i]);
	}
}

Test(kafka_parked, who_waits_may_wait_longer_than_any_timeout_and_is_not_in_the_latency)
{
	call(peer, KAFKA_API_METADATA, 10);
	for (int i = 0; i < 10; i++)
		rig_turn(rig, RIG_TIMEOUT_MS);
	cr_assert(!peer->is_closed);
	cr_assert(deliver(send_make(rig->last_ticket, 20)) == INBOX_DONE && peer_is_answered(peer));
	cr_assert(rig_stat(rig, STAT_answers_latency_ns) == 0);
}

/* ---- order ------------------------------------------------------------------------------ */

Test(kafka_parked, it_waits_for_its_predecessors_and_holds_back_its_successors)
{
	struct produce_outcome o;
	rig->hold_appends = true;
	send_batch(peer, 0, 3, 100);
	call(peer, KAFKA_API_METADATA, 10);
	send_batch(peer, 1, 3, 100);
	rig_turns(rig, 3);
	cr_assert(rig->appends == 1 && rig->calls == 0);
	rig_release(rig);
	rig_turns(rig, 3);
	struct bytes first = peer_answer(peer);
	cr_assert(produce_read(7, first, &o, 1) == 1);
	peer_answer_done(peer, first);
	cr_assert(rig->calls == 1 && rig->appends == 1, "the second batch waits");
	cr_assert(deliver(send_make(rig->last_ticket, 20)) == INBOX_DONE);
	cr_assert(peer_is_answered(peer));
	cr_assert(rig->appends == 2);
	rig_release(rig);
	rig_turns(rig, 2);
	struct bytes second = peer_answer(peer);
	cr_assert(second.data && produce_read(7, second, &o, 1) == 1);
	peer_answer_done(peer, second);
}

/* Its server is quick: the answer lies in the inbox before the call is back. */
Test(kafka_parked, an_answer_that_overtakes_its_call_is_taken)
{
	rig->hold_calls = true;
	call(peer, KAFKA_API_METADATA, 10);
	cr_assert(rig->held_count == 1);
	struct ticket ticket = container_of(rig->held[0], struct call_msg, msg)->ticket;
	cr_assert(deliver(send_make(ticket, 20)) == INBOX_DONE);
	cr_assert(peer_is_answered(peer) && rig_calls_in_use(rig) == 1);
	/* The next request is on its way before the first one's call is back. */
	call(peer, KAFKA_API_METADATA, 10);
	cr_assert(rig->held_count == 2);
	rig_release(rig);
	rig_turns(rig, 3);
	cr_assert(rig_calls_in_use(rig) == 0 && !peer_is_answered(peer));
	cr_assert(deliver(send_make(ticket, 20)) == INBOX_GONE && !peer_is_answered(peer));
	cr_assert(deliver(send_make(rig->last_ticket, 20)) == INBOX_DONE && peer_is_answered(peer));
}

Test(kafka_parked, a_call_that_comes_back_behind_its_answer_parks_nothing)
{
	rig->hold_calls = true;
	call(peer, KAFKA_API_METADATA, 10);
	struct ticket ticket = container_of(rig->held[0], struct call_msg, msg)->ticket;
	cr_assert(deliver(send_make(ticket, 20)) == INBOX_DONE && peer_is_answered(peer));
	rig_release(rig);
	rig_turns(rig, 3);
	cr_assert(rig_calls_in_use(rig) == 0);
	cr_assert(deliver(send_make(ticket, 20)) == INBOX_GONE && !peer_is_answered(peer));
}

/* ---- tickets ---------------------------------------------------------------------------- */

Test(kafka_parked, a_ticket_fits_once_and_no_later_request)
{
	call(peer, KAFKA_API_METADATA, 10);
	struct ticket old = rig->last_ticket;
	cr_assert(deliver(send_make(old, 20)) == INBOX_DONE && peer_is_answered(peer));
	cr_assert(deliver(send_make(old, 20)) == INBOX_GONE);
	call(peer, KAFKA_API_METADATA, 10);
	cr_assert(rig->last_ticket.stream == old.stream);
	cr_assert(deliver(send_make(old, 20)) == INBOX_GONE && !peer_is_answered(peer));
	cr_assert(deliver(send_make(rig->last_ticket, 20)) == INBOX_DONE && peer_is_answered(peer));
	cr_assert(rig_stat(rig, STAT_inbox_gone) == 2);
	cr_assert(rig_stat(rig, STAT_inbox_messages) == 4);
}

Test(kafka_parked, a_request_that_is_not_parked_has_no_use_for_a_ticket)
{
	rig->park_calls = false;
	call(peer, KAFKA_API_METADATA, 10);
	cr_assert(peer_is_answered(peer));
	cr_assert(deliver(send_make(rig->last_ticket, 20)) == INBOX_GONE);
	cr_assert(!peer_is_answered(peer));
}

Test(kafka_parked, a_connection_that_goes_takes_its_request_along_and_nobody_gets_the_answer)
{
	struct peer *gone = open_peer();
	call(gone, KAFKA_API_METADATA, 10);
	struct ticket ticket = rig->last_ticket;
	cr_assert(rig->in.answers.slab.in_use == 1);
	end_peer(gone);
	cr_assert(rig->in.answers.slab.in_use == 0);
	cr_assert(rig_stat(rig, STAT_frame_drop_connection) == 1);
	struct peer *next = open_peer();
	cr_assert(next->stream.handle % STREAM_TABLE_PLACES == ticket.stream % STREAM_TABLE_PLACES,
		  "it has the place of the first");
	call(next, KAFKA_API_METADATA, 10);
	cr_assert(rig->last_ticket.request == ticket.request);
	cr_assert(deliver(send_make(ticket, 20)) == INBOX_GONE && !peer_is_answered(next));
	end_peer(next);
}

Test(kafka_parked, a_connection_may_go_before_its_call_comes_back_parked)
{
	struct peer *gone = open_peer();
	rig->hold_calls = true;
	call(gone, KAFKA_API_METADATA, 10);
	end_peer(gone);
	cr_assert(rig->in.answers.slab.in_use == 1);
	rig_release(rig);
	rig_turns(rig, 2);
	cr_assert(rig->in.answers.slab.in_use == 0 && rig_calls_in_use(rig) == 0);
	cr_assert(deliver(send_make(rig->last_ticket, 20)) == INBOX_GONE);
}

/* ---- ends ------------------------------------------------------------------------------- */

Test(kafka_parked, a_send_without_bytes_closes_the_connection_and_counts_as_rejected)
{
	call(peer, KAFKA_API_METADATA, 10);
	struct inbox_msg *m = send_make(rig->last_ticket, 20);
	m->bytes = (struct bytes){0};
	cr_assert(deliver(m) == INBOX_DONE);
	cr_assert(peer->is_closed && peer->sent.size == 0);
	cr_assert(rig_stat(rig, STAT_frame_reject_request) == 1);
}

Test(kafka_parked, a_drain_waits_for_the_answer_and_then_closes)
{
	call(peer, KAFKA_API_METADATA, 10);
	sessions_drain(&rig->in.sessions);
	rig_turns(rig, 5);
	cr_assert(!peer->is_closed && rig->in.answers.slab.in_use == 1);
	cr_assert(deliver(send_make(rig->last_ticket, 20)) == INBOX_DONE);
	cr_assert(peer_is_answered(peer) && peer->is_closed);
}

/* ---- servers ---------------------------------------------------------------------------- */

/* Control is asked for 64 answers and gives none; the coordinator is asked beside it. */
Test(kafka_parked, a_control_that_blocks_delays_nobody_who_asks_the_coordinator)
{
	struct peer *peers[80];
	rig->hold_calls = true;
	for (unsigned i = 0; i < 80; i++) {
		peers[i] = open_peer();
		call(peers[i], KAFKA_API_METADATA, 9000);
	}
	cr_assert(rig->asked[CALL_CONTROL] == 0 && rig->held_count == 64);
	rig->hold_calls = rig->park_calls = false;
	call(peer, KAFKA_API_FIND_COORDINATOR, 10);
	cr_assert(peer_is_answered(peer) && rig->asked[CALL_COORDINATOR] == 1);
	rig_release(rig);
	rig_turns(rig, 6);
	for (unsigned i = 0; i < 80; i++) {
		cr_assert(peer_is_answered(peers[i]));
		end_peer(peers[i]);
	}
	cr_assert(rig->asked[CALL_CONTROL] == 80);
}

/* ---- memory ----------------------------------------------------------------------------- */

TestSuite(kafka_parked_memory, .fini = rig_end);

static struct chunk *taken[4];

/* A parked request whose answer of 9,000 bytes finds none of four chunks left. */
static struct inbox_msg *hold_one(void)
{
	struct rig_options options = {.answer_chunks = 4};
	rig = rig_create(&options);
	rig->park_calls = true;
	peer = open_peer();
	call(peer, KAFKA_API_METADATA, 10);
	for (unsigned i = 0; i < 4; i++)
		taken[i] = chunk_take(&rig->in.answers.large[ANSWER_COMMON]);
	struct inbox_msg *m = send_make(rig->last_ticket, 9000);
	cr_assert(deliver(m) == -1 && !peer_is_answered(peer));
	return m;
}

static int come_back(struct inbox_msg *m)
{
	struct inbox_msg *back;
	cr_assert(outbox_reap(&rig->outbox, &back, 1) == 1 && back == m);
	int outcome = m->outcome;
	free(m->owner);
	free(m);
	return outcome;
}

static void give_chunks(void)
{
	for (unsigned i = 0; i < 4; i++)
		chunk_give(taken[i]);
}

Test(kafka_parked_memory, an_answer_without_room_is_held_until_there_is_some)
{
	struct inbox_msg *m = hold_one();
	cr_assert(deliver(send_make(rig->last_ticket, 20)) == INBOX_GONE, "it has its answer");
	give_chunks();
	rig_turns(rig, 3);
	cr_assert(peer_is_answered(peer) && come_back(m) == INBOX_DONE);
	end_peer(peer);
}

Test(kafka_parked_memory, a_held_answer_whose_connection_goes_comes_back)
{
	struct inbox_msg *m = hold_one();
	end_peer(peer);
	cr_assert(come_back(m) == INBOX_GONE && rig->in.answers.slab.in_use == 0);
	give_chunks();
}

Test(kafka_parked_memory, an_answer_larger_than_all_chunks_closes)
{
	struct rig_options options = {.answer_chunks = 4};
	rig = rig_create(&options);
	rig->park_calls = true;
	peer = open_peer();
	call(peer, KAFKA_API_METADATA, 10);
	cr_assert(deliver(send_make(rig->last_ticket, 4 * CHUNK_BYTES + 1)) == INBOX_DONE);
	cr_assert(peer->is_closed);
	end_peer(peer);
}
