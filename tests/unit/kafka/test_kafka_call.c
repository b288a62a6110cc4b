/* test_kafka_call.c - requests that travel to control, and their place among the others. */
#include "tests/unit/kafka/kafka_rig.h"

#include <criterion/criterion.h>

TestSuite(kafka_call, .init = rig_begin, .fini = rig_end);

static void call(struct peer *p, int16_t key, int16_t version, unsigned body_bytes)
{
	struct buffer request = call_make(key, version, body_bytes);
	send_all(p, &request);
}

Test(kafka_call, a_request_travels_whole_and_its_reply_is_given_back)
{
	call(peer, KAFKA_API_METADATA, 9, 100);
	rig_turns(rig, 4);
	cr_assert(peer_is_answered(peer) && rig->calls == 1 && rig->releases == 1);
	cr_assert(rig->last_call_bytes == 2 + 2 + 4 + 2 + 3 + 1 + 100);
	cr_assert(rig_stat(rig, STAT_frames_accepted) == 1);
}

Test(kafka_call, cut_anywhere_it_arrives_the_same)
{
	struct buffer request = call_make(KAFKA_API_METADATA, 9, 30);
	for (size_t cut = 1; cut < request.size; cut++) {
		peer_send(peer, request.data, cut);
		rig_turns(rig, 2);
		cr_assert(!peer_is_answered(peer));
		peer_send(peer, request.data + cut, request.size - cut);
		rig_turns(rig, 4);
		cr_assert(peer_is_answered(peer));
	}
	buffer_free(&request);
}

Test(kafka_call, calls_are_made_one_after_the_other)
{
	rig->hold_calls = true;
	for (int i = 0; i < 3; i++)
		call(peer, KAFKA_API_METADATA, 9, 10);
	for (unsigned i = 1; i <= 3; i++) {
		rig_turns(rig, 3);
		cr_assert(rig->held_count == 1);
		rig_release(rig);
		rig_turns(rig, 1);
		cr_assert(peer_is_answered(peer) && !peer_is_answered(peer) && rig->calls == i);
	}
}

Test(kafka_call, a_call_waits_for_produce_and_produce_for_the_call)
{
	struct produce_spec spec = {.version = 7, .acks = -1};
	struct produce_item item = {.topic = "alpha",
				    .records = batch_make(1, 10, rig->in.now.wall_ms)};
	struct buffer request = produce_make(&spec, &item, 1);
	struct produce_outcome o;
	rig->hold_appends = rig->hold_calls = true;
	peer_send(peer, request.data, request.size);
	call(peer, KAFKA_API_METADATA, 9, 10);
	peer_send(peer, request.data, request.size);
	rig_turns(rig, 3);
	cr_assert(rig->appends == 1 && rig->calls == 0);
	rig_release(rig);
	rig_turns(rig, 3);
	cr_assert(produce_read(7, peer_answer(peer), &o, 1) == 1);
	peer_answer_done(peer, peer_answer(peer));
	cr_assert(rig->appends == 1 && rig->held_count == 1);
	rig_release(rig);
	rig->hold_calls = false;
	rig_turns(rig, 3);
	cr_assert(peer_is_answered(peer) && rig->appends == 2);
	rig_release(rig);
	rig_turns(rig, 3);
	cr_assert(produce_read(7, peer_answer(peer), &o, 1) == 1);
	buffer_free(&request);
	buffer_free(&item.records);
}

Test(kafka_call, api_versions_of_any_version_travels_others_close)
{
	call(peer, KAFKA_API_API_VERSIONS, 99, 10);
	rig_turns(rig, 3);
	cr_assert(peer_is_answered(peer) && !peer->is_closed);
	call(peer, KAFKA_API_METADATA, 99, 10);
	rig_turns(rig, 3);
	cr_assert(peer->is_closed && rig->calls == 1);
	cr_assert(rig_stat(rig, STAT_frame_reject_request) == 1);
}

Test(kafka_call, a_null_reply_closes_and_counts_as_rejected)
{
	rig->reply_null = true;
	call(peer, KAFKA_API_METADATA, 9, 10);
	rig_turns(rig, 4);
	cr_assert(peer->is_closed && peer->sent.size == 0);
	cr_assert(rig_stat(rig, STAT_frame_reject_request) == 1);
	cr_assert(rig_stat(rig, STAT_frames_accepted) == 0);
}

Test(kafka_call, a_request_of_exactly_what_control_takes_is_passed_on)
{
	rig->in.settings.request_bytes_max = 4 * KAFKA_CALL_BYTES_MAX;
	struct buffer probe = call_make(KAFKA_API_METADATA, 9, 0);
	uint32_t head = (uint32_t)probe.size - KAFKA_SIZE_BYTES;
	buffer_free(&probe);
	for (uint32_t over = 0; over < 2; over++) {
		struct buffer request =
			call_make(KAFKA_API_METADATA, 9, KAFKA_CALL_BYTES_MAX - head + over);
		peer_send(peer, request.data, request.size);
		buffer_free(&request);
		rig_turns(rig, 4);
		cr_assert(rig->calls == 1 && peer->is_closed == (over > 0));
	}
	cr_assert(rig->last_call_bytes == KAFKA_CALL_BYTES_MAX);
}

Test(kafka_call, what_is_too_large_for_control_closes)
{
	rig->in.settings.request_bytes_max = 4 * KAFKA_CALL_BYTES_MAX;
	struct buffer request = call_make(KAFKA_API_METADATA, 9, KAFKA_CALL_BYTES_MAX);
	peer_send(peer, request.data, 1000);
	rig_turns(rig, 2);
	cr_assert(peer->is_closed && rig_stat(rig, STAT_frame_reject_request) == 1);
	buffer_free(&request);
}

Test(kafka_call, a_connection_lost_at_any_byte_or_while_control_works_gives_all_back)
{
	struct buffer request = call_make(KAFKA_API_METADATA, 9, 9000);
	for (size_t cut = 0; cut <= request.size; cut += cut < 30 ? 1 : 613) {
		struct peer *p = open_peer();
		rig->hold_calls = true;
		peer_send(p, request.data, cut);
		rig_turns(rig, 2);
		end_peer(p);
		rig->hold_calls = false;
		rig_release(rig);
		rig_turns(rig, 3);
		cr_assert(rig_calls_in_use(rig) == 0 && rig_chunks_in_use(rig) == 0);
		cr_assert(ledger_in_flight(&rig->in.stats, LEDGER_frame) == 0);
	}
	struct peer *p = open_peer();
	rig->hold_calls = true;
	peer_send(p, request.data, request.size);
	rig_turns(rig, 2);
	cr_assert(rig->held_count == 1);
	end_peer(p);
	rig->hold_calls = false;
	rig_release(rig);
	rig_turns(rig, 3);
	cr_assert(rig->releases == 1);
	cr_assert(rig_stat(rig, STAT_frame_drop_connection) > 0);
	buffer_free(&request);
}

Test(kafka_call, a_peer_that_stalls_in_a_call_loses_its_connection)
{
	struct buffer request = call_make(KAFKA_API_METADATA, 9, 9000);
	peer_send(peer, request.data, 5000);
	rig_turns(rig, 2);
	rig_turn(rig, RIG_TIMEOUT_MS + 2);
	rig_turns(rig, 1);
	cr_assert(peer->is_closed && rig->in.servers[CALL_CONTROL].requests.in_use == 0);
	buffer_free(&request);
}

Test(kafka_call, control_may_take_longer_than_any_timeout)
{
	rig->hold_calls = true;
	call(peer, KAFKA_API_METADATA, 9, 10);
	rig_turns(rig, 2);
	for (int i = 0; i < 10; i++)
		rig_turn(rig, RIG_TIMEOUT_MS);
	rig->hold_calls = false;
	rig_release(rig);
	rig_turns(rig, 3);
	cr_assert(peer_is_answered(peer) && !peer->is_closed);
}

TestSuite(kafka_call_memory, .fini = rig_end);

Test(kafka_call_memory, a_reply_without_room_is_held_until_there_is_some)
{
	struct rig_options options = {.answer_chunks = 4};
	rig = rig_create(&options);
	peer = open_peer();
	struct chunk *taken[4];
	for (unsigned i = 0; i < 4; i++)
		taken[i] = chunk_take(&rig->in.answers.large[ANSWER_COMMON]);
	call(peer, KAFKA_API_METADATA, 9, 9000);
	rig_turns(rig, 4);
	cr_assert(!peer_is_answered(peer) && rig->releases == 0);
	for (unsigned i = 0; i < 4; i++)
		chunk_give(taken[i]);
	rig_turn(rig, 3);
	rig_turns(rig, 2);
	cr_assert(peer_is_answered(peer) && rig->releases == 1);
	end_peer(peer);
}

Test(kafka_call_memory, a_held_reply_whose_connection_goes_is_given_back)
{
	struct rig_options options = {.answer_chunks = 4};
	rig = rig_create(&options);
	peer = open_peer();
	struct chunk *taken = chunk_take(&rig->in.answers.large[ANSWER_COMMON]);
	struct chunk *taken2 = chunk_take(&rig->in.answers.large[ANSWER_COMMON]);
	call(peer, KAFKA_API_METADATA, 9, 9000);
	rig_turns(rig, 4);
	end_peer(peer);
	cr_assert(rig->releases == 1 && rig->in.servers[CALL_CONTROL].calls.in_use == 0);
	chunk_give(taken);
	chunk_give(taken2);
}
