/* test_kafka_produce.c - produce requests over every cut, with any acks, in order, and broken
 * off. */
#include "tests/unit/kafka/kafka_rig.h"

#include <criterion/criterion.h>

TestSuite(kafka_produce, .init = rig_begin, .fini = rig_end);

Test(kafka_produce, every_version_is_stored_and_answered_with_its_offset)
{
	for (int version = 3; version <= 13; version++) {
		struct produce_outcome o;
		struct buffer batch = batch_make(3, 100, wall());
		struct buffer request = request_of(version, -1, 1, &batch);
		send_all(peer, &request);
		rig_turns(rig, 2);
		struct bytes answer = peer_answer(peer);
		cr_assert(answer.data && produce_read(version, answer, &o, 1) == 1);
		cr_assert(o.error_code == 0 && o.index == 1);
		cr_assert(o.base_offset == 3 * (version - 3));
		cr_assert(o.log_append_time == -1);
		cr_assert(o.log_start_offset == (version >= 5 ? 0 : -1));
		cr_assert(!o.error_message.data);
		peer_answer_done(peer, answer);
	}
	cr_assert(rig_stat(rig, STAT_records_stored) == 33);
	cr_assert(rig_stat(rig, STAT_frames_accepted) == 11);
}

/* Two topics, three partitions, one of them refused, one empty. */
static struct buffer sample(int version)
{
	struct produce_spec spec = {.version = version, .acks = -1, .client_id = "sampler"};
	struct produce_item items[] = {
		{.topic = "alpha", .partition = 0, .records = batch_make(2, 50, wall())},
		{.topic = "alpha", .partition = 9, .records = batch_make(1, 20, wall())},
		{.topic = "beta", .partition = 3, .records = batch_make(4, 1, wall())},
		{.topic = "beta", .partition = 2, .is_null = true},
	};
	struct buffer request = produce_make(&spec, items, array_len(items));
	for (unsigned i = 0; i < array_len(items); i++)
		buffer_free(&items[i].records);
	return request;
}

static void check_sample(int version)
{
	struct produce_outcome o[4];
	struct bytes answer = peer_answer(peer);
	cr_assert(answer.data && produce_read(version, answer, o, 4) == 4);
	cr_assert(o[0].index == 0 && o[0].error_code == 0 && o[0].base_offset >= 0);
	cr_assert(o[1].index == 9 && o[1].error_code == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	cr_assert(o[1].base_offset == -1);
	cr_assert(o[2].index == 3 && o[2].error_code == 0 && o[2].base_offset >= 0);
	cr_assert(o[3].index == 2 && o[3].error_code == KAFKA_ERROR_INVALID_RECORD);
	peer_answer_done(peer, answer);
}

Test(kafka_produce, a_request_cut_anywhere_is_answered_the_same)
{
	const int versions[] = {3, 7, 9, 13};
	unsigned requests = 0;
	for (unsigned v = 0; v < array_len(versions); v++) {
		struct buffer request = sample(versions[v]);
		for (size_t cut = 1; cut < request.size; cut++, requests++) {
			peer_send(peer, request.data, cut);
			rig_turns(rig, 1);
			cr_assert(!peer_answer(peer).data);
			peer_send(peer, request.data + cut, request.size - cut);
			rig_turns(rig, 2);
			check_sample(versions[v]);
		}
		buffer_free(&request);
	}
	cr_assert(rig_stat(rig, STAT_frames_accepted) == requests);
	cr_assert(rig_stat(rig, STAT_records_stored) == 6 * requests);
	cr_assert(rig_stat(rig, STAT_record_reject_topic) == requests);
}

Test(kafka_produce, a_request_in_single_bytes_is_answered_the_same)
{
	struct buffer request = sample(9);
	for (size_t i = 0; i < request.size; i++) {
		peer_send(peer, request.data + i, 1);
		rig_turns(rig, 1);
	}
	rig_turns(rig, 1);
	check_sample(9);
	buffer_free(&request);
}

Test(kafka_produce, a_batch_of_many_chunks_arrives_byte_for_byte)
{
	struct buffer batch = batch_make(3, 6000, wall());
	struct buffer copy = {0};
	buffer_add(&copy, batch.data, batch.size);
	struct buffer request = request_of(7, -1, 2, &batch);
	for (size_t at = 0; at < request.size; at += 1448) {
		peer_send(peer, request.data + at, min_size(1448, request.size - at));
		rig_turns(rig, 1);
	}
	rig_turns(rig, 2);
	cr_assert(next_error(7) == 0);
	/* Base offset 0 and epoch 0: what was sent is what is stored. */
	cr_assert(rig->logs[2].bytes.size == copy.size);
	cr_assert(memcmp(rig->logs[2].bytes.data, copy.data, copy.size) == 0);
	buffer_free(&request);
	buffer_free(&copy);
}

/* ---- acks ------------------------------------------------------------------------------ */

Test(kafka_produce, acks_decide_what_the_writer_waits_for)
{
	struct buffer one = batch_make(1, 10, wall());
	struct buffer request = request_of(7, 1, 0, &one);
	send_all(peer, &request);
	rig_turns(rig, 2);
	cr_assert(next_error(7) == 0 && rig->last_level == ACK_WRITTEN);
	send_batch(peer, 0, 1, 10);
	rig_turns(rig, 2);
	cr_assert(next_error(7) == 0 && rig->last_level == ACK_DURABLE);
}

Test(kafka_produce, other_acks_are_refused_per_partition)
{
	const int16_t acks[] = {2, -2, 300};
	for (unsigned i = 0; i < array_len(acks); i++) {
		struct buffer batch = batch_make(1, 10, wall());
		struct buffer request = request_of(7, acks[i], 0, &batch);
		send_all(peer, &request);
		rig_turns(rig, 2);
		cr_assert(next_error(7) == KAFKA_ERROR_INVALID_REQUIRED_ACKS);
	}
	cr_assert(rig_stat(rig, STAT_record_reject_acks) == 3 && rig->appends == 0);
}

Test(kafka_produce, acks_0_is_stored_and_never_answered)
{
	for (int i = 0; i < 5; i++) {
		struct buffer batch = batch_make(2, 10, wall());
		struct buffer request = request_of(7, 0, 0, &batch);
		send_all(peer, &request);
	}
	rig_turns(rig, 3);
	cr_assert(peer->sent.size == 0 && !peer->is_closed);
	cr_assert(rig_stat(rig, STAT_records_stored) == 10);
	cr_assert(rig_stat(rig, STAT_frames_accepted) == 5);
	send_batch(peer, 0, 2, 10);
	rig_turns(rig, 2);
	cr_assert(next_error(7) == 0);
}

Test(kafka_produce, acks_0_with_an_error_closes_the_connection)
{
	struct buffer batch = batch_make(2, 10, wall());
	batch.data[batch.size - 1] ^= 1;
	struct buffer request = request_of(7, 0, 0, &batch);
	send_all(peer, &request);
	rig_turns(rig, 3);
	cr_assert(peer->sent.size == 0 && peer->is_closed);
}

Test(kafka_produce, acks_0_closes_when_the_writer_fails_too)
{
	rig->append_error = KAFKA_ERROR_KAFKA_STORAGE_ERROR;
	struct buffer batch = batch_make(2, 10, wall());
	struct buffer request = request_of(7, 0, 0, &batch);
	send_all(peer, &request);
	rig_turns(rig, 3);
	cr_assert(peer->sent.size == 0 && peer->is_closed);
}

/* ---- order ----------------------------------------------------------------------------- */

Test(kafka_produce, answers_leave_in_request_order_however_the_writer_finishes)
{
	rig->hold_appends = true;
	for (int i = 0; i < 4; i++)
		send_batch(peer, i, 1, 10);
	rig_turns(rig, 2);
	/* Held writer by writer: partitions 0, 2, 1, 3. */
	cr_assert(rig->held_count == 4);
	rig_release_one(rig, 3);
	rig_release_one(rig, 2);
	rig_turns(rig, 2);
	cr_assert(!peer_answer(peer).data);
	rig_release_one(rig, 0);
	rig_turns(rig, 2);
	struct produce_outcome o;
	for (int i = 0; i < 2; i++) {
		struct bytes answer = peer_answer(peer);
		cr_assert(answer.data && produce_read(7, answer, &o, 1) == 1 && o.index == i);
		peer_answer_done(peer, answer);
	}
	cr_assert(!peer_answer(peer).data);
	rig_release_one(rig, 0);
	rig_turns(rig, 2);
	for (int i = 2; i < 4; i++) {
		struct bytes answer = peer_answer(peer);
		cr_assert(answer.data && produce_read(7, answer, &o, 1) == 1 && o.index == i);
		peer_answer_done(peer, answer);
	}
}

Test(kafka_produce, requests_in_flight_are_capped)
{
	rig->hold_appends = true;
	for (int i = 0; i < KAFKA_IN_FLIGHT_MAX + 10; i++)
		send_batch(peer, i % 4, 1, 10);
	rig_turns(rig, 3);
	cr_assert(rig->held_count == KAFKA_IN_FLIGHT_MAX);
	rig_release_one(rig, 0);
	rig_turns(rig, 3);
	cr_assert(rig->held_count == KAFKA_IN_FLIGHT_MAX);
	rig->hold_appends = false;
	rig_release(rig);
	rig_turns(rig, 4);
	cr_assert(rig_stat(rig, STAT_frames_accepted) == KAFKA_IN_FLIGHT_MAX + 10);
}

/* ---- ends ------------------------------------------------------------------------------ */

/* A byte now and then is not enough: within two timeouts it is found to be too slow. */
Test(kafka_produce, a_peer_that_drips_in_a_batch_loses_its_connection)
{
	struct buffer batch = batch_make(3, 900, wall());
	struct buffer request = request_of(7, -1, 0, &batch);
	peer_send(peer, request.data, 1000);
	rig_turns(rig, 1);
	for (int i = 0; i < 9; i++) {
		rig_turn(rig, RIG_TIMEOUT_MS / 10);
		cr_assert(!peer->is_closed);
		peer_send(peer, request.data + 1000 + i, 1);
		rig_turns(rig, 1);
	}
	for (int i = 0; i < 2; i++) {
		rig_turn(rig, RIG_TIMEOUT_MS / 10 + 2);
		rig_turns(rig, 1);
	}
	cr_assert(peer->is_closed);
	cr_assert(rig_stat(rig, STAT_sessions_slow) == 1);
	cr_assert(rig_stat(rig, STAT_frame_drop_connection) == 1);
	buffer_free(&request);
}

Test(kafka_produce, a_peer_that_sends_at_the_least_rate_keeps_its_connection)
{
	struct buffer batch = batch_make(3, 900, wall());
	struct buffer request = request_of(7, -1, 0, &batch);
	size_t sent = 1000;
	peer_send(peer, request.data, sent);
	rig_turns(rig, 1);
	for (; sent + 12 < request.size && sent < 1600; sent += 12) {
		rig_turn(rig, RIG_TIMEOUT_MS / 10);
		peer_send(peer, request.data + sent, 12);
		rig_turns(rig, 1);
		cr_assert(!peer->is_closed, "after %zu bytes", sent);
	}
	peer_send(peer, request.data + sent, request.size - sent);
	rig_turns(rig, 3);
	cr_assert(next_error(7) == 0);
	buffer_free(&request);
}

Test(kafka_produce, an_idle_connection_stays)
{
	rig_turn(rig, 100 * RIG_TIMEOUT_MS);
	rig_turns(rig, 2);
	cr_assert(!peer->is_closed && rig->in.sessions.wheel.armed == 0);
}

Test(kafka_produce, a_connection_lost_at_any_byte_gives_everything_back)
{
	struct buffer request = sample(9);
	end_peer(peer);
	for (size_t cut = 0; cut <= request.size; cut++) {
		peer = open_peer();
		rig->hold_appends = cut % 2;
		peer_send(peer, request.data, cut);
		rig_turns(rig, 1);
		end_peer(peer);
		rig_release(rig);
		rig_turns(rig, 2);
		cr_assert(rig->in.answers.slab.in_use == 0 &&
			  rig->in.batching.appends.in_use == 0);
		cr_assert(ledger_in_flight(&rig->in.stats, LEDGER_frame) == 0, "cut %zu", cut);
		cr_assert(ledger_in_flight(&rig->in.stats, LEDGER_record) == 0, "cut %zu", cut);
	}
	buffer_free(&request);
	peer = open_peer();
}

Test(kafka_produce, the_end_of_the_stream_in_mid_request_drops_it_after_what_is_owed)
{
	struct buffer first = batch_make(1, 10, wall());
	struct buffer request = request_of(7, -1, 0, &first);
	rig->hold_appends = true;
	peer_send(peer, request.data, request.size);
	peer_send(peer, request.data, request.size - 3);
	peer_end(peer);
	rig_turns(rig, 3);
	cr_assert(!peer->is_closed);
	rig_release(rig);
	rig_turns(rig, 3);
	cr_assert(next_error(7) == 0 && peer->is_closed);
	cr_assert(rig_stat(rig, STAT_frame_drop_connection) == 1);
	buffer_free(&request);
}

struct broken_request {
	const char *name;
	size_t at;
	uint32_t value;
	unsigned bytes;
};

/* A v7 request of one topic "alpha" and one partition, client id "rig":
 * 0 size, 4 key, 6 version, 8 correlation, 12 client id 2+3, 17 txn id, 19 acks, 21 timeout,
 * 25 topics, 29 name 2+5, 36 partitions, 40 index, 44 records. */
static const struct broken_request bad_requests[] = {
	{"size 9", 0, 9, 4},
	{"size negative", 0, 0xffffffff, 4},
	{"size beyond the limit", 0, RIG_BUFFER_BYTES + 1, 4},
	{"unknown key", 4, 999, 2},
	{"version 2", 6, 2, 2},
	{"version 12", 6, 12, 2},
	{"client id size -2", 12, 0xfffe, 2},
	{"topics -1", 25, 0xffffffff, 4},
	{"topics beyond the bytes", 25, 0x10000000, 4},
	{"name size -1", 29, 0xffff, 2},
	{"partitions beyond the bytes", 36, 0x7fffffff, 4},
	{"partitions -1", 36, 0xffffffff, 4},
	{"records beyond the request", 44, 0x00010000, 4},
	{"records -2", 44, 0xfffffffe, 4},
};

Test(kafka_produce, a_malformed_request_closes_the_connection)
{
	end_peer(peer);
	for (unsigned i = 0; i < array_len(bad_requests); i++) {
		const struct broken_request *bad = &bad_requests[i];
		struct buffer batch = batch_make(1, 10, wall());
		struct buffer request = request_of(7, -1, 0, &batch);
		uint64_t rejected = rig_stat(rig, STAT_frame_reject_request);
		if (bad->bytes == 4)
			be32_store(request.data + bad->at, bad->value);
		else
			be16_store(request.data + bad->at, (uint16_t)bad->value);
		peer = open_peer();
		send_all(peer, &request);
		rig_turns(rig, 3);
		cr_assert(peer->is_closed, "%s", bad->name);
		cr_assert(peer->sent.size == 0, "%s", bad->name);
		cr_assert(rig_stat(rig, STAT_frame_reject_request) == rejected + 1, "%s",
			  bad->name);
		cr_assert(ledger_in_flight(&rig->in.stats, LEDGER_frame) == 0, "%s", bad->name);
		end_peer(peer);
	}
	peer = open_peer();
}

Test(kafka_produce, bytes_behind_the_last_field_close_the_connection)
{
	struct buffer batch = batch_make(1, 10, wall());
	struct buffer request = request_of(7, -1, 0, &batch);
	buffer_add(&request, "x", 1);
	kafka_size_store(request.data, request.size);
	send_all(peer, &request);
	rig_turns(rig, 3);
	cr_assert(peer->is_closed && peer->sent.size == 0);
	cr_assert(rig_stat(rig, STAT_frame_reject_request) == 1);
}

Test(kafka_produce, what_is_owed_is_sent_before_a_bad_request_closes)
{
	struct buffer batch = batch_make(1, 10, wall());
	struct buffer request = request_of(7, -1, 0, &batch);
	rig->hold_appends = true;
	peer_send(peer, request.data, request.size);
	be16_store(request.data + 6, 2);
	send_all(peer, &request);
	rig_turns(rig, 2);
	rig_release(rig);
	rig_turns(rig, 3);
	cr_assert(next_error(7) == 0 && peer->is_closed);
}

Test(kafka_produce, noise_never_breaks_a_promise)
{
	uint64_t state = 12345;
	end_peer(peer);
	for (unsigned round = 0; round < 3000; round++) {
		struct buffer request = sample(round % 2 ? 9 : 7);
		for (unsigned flips = 0; flips < 3; flips++) {
			state = state * 6364136223846793005ull + 1442695040888963407ull;
			request.data[(state >> 33) % request.size] ^= (uint8_t)(state >> 24);
		}
		peer = open_peer();
		send_all(peer, &request);
		rig_turns(rig, 2);
		end_peer(peer);
		cr_assert(rig->in.answers.slab.in_use == 0 &&
			  rig->in.batching.appends.in_use == 0);
	}
	peer = open_peer();
}

Test(kafka_produce, long_names_and_ids_are_read_and_answered)
{
	char name[2000];
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = 0;
	for (int version = 7; version <= 9; version += 2) {
		struct produce_spec spec = {.version = version, .acks = -1, .client_id = name};
		struct produce_item item = {.topic = name, .records = batch_make(1, 9, wall())};
		struct buffer request = produce_make(&spec, &item, 1);
		for (size_t at = 0; at < request.size; at += 700) {
			peer_send(peer, request.data + at, min_size(700, request.size - at));
			rig_turns(rig, 1);
		}
		rig_turns(rig, 1);
		cr_assert(next_error(version) == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
		buffer_free(&request);
		buffer_free(&item.records);
	}
}

Test(kafka_produce, a_piece_longer_than_any_window_is_asked_for_whole)
{
	char name[20000];
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = 0;
	struct produce_spec spec = {.version = 7, .acks = -1, .client_id = name};
	struct produce_item item = {.topic = "alpha", .records = batch_make(1, 9, wall())};
	struct buffer request = produce_make(&spec, &item, 1);
	peer_send(peer, request.data, 3000);
	rig_turns(rig, 3);
	cr_assert(peer->needed > sizeof name, "%zu", peer->needed);
	peer_send(peer, request.data + 3000, request.size - 3000);
	rig_turns(rig, 3);
	cr_assert(peer->needed == 0 && next_error(7) == 0);
	buffer_free(&request);
	buffer_free(&item.records);
}

Test(kafka_produce, a_batch_for_a_topic_of_the_brokers_own_is_refused)
{
	struct produce_spec spec = {.version = 7, .acks = -1};
	struct produce_item item = {.topic = "alpha", .records = batch_make(1, 9, wall())};
	struct buffer request = produce_make(&spec, &item, 1);
	rig->topics->topics[0].is_internal = true;
	peer_send(peer, request.data, request.size);
	rig_turns(rig, 3);
	cr_assert(next_error(7) == KAFKA_ERROR_INVALID_TOPIC_EXCEPTION);
	cr_assert(rig_stat(rig, STAT_record_reject_topic) == 1);
	buffer_free(&request);
	buffer_free(&item.records);
}
