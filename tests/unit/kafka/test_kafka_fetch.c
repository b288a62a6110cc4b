/* test_kafka_fetch.c - fetches: what they return, when they wait, what wakes them. */
#include "tests/unit/kafka/kafka_rig.h"

#include <criterion/criterion.h>

static struct fetch_read got;

TestSuite(kafka_fetch, .init = rig_begin, .fini = rig_end);

Test(kafka_fetch, every_version_returns_the_batches_byte_for_byte)
{
	rig_store(rig, 0, 3, 100);
	rig_store(rig, 0, 2, 5000);
	for (int version = 4; version <= 18; version++) {
		struct fetch_spec spec = {.version = version, .min_bytes = 1};
		struct fetch_item item = {.topic = "alpha"};
		fetch_send(peer, &spec, &item, 1);
		rig_turns(rig, 3);
		cr_assert(fetch_answered(peer, version, &got) && got.count == 1);
		const struct fetch_part_read *p = &got.parts[0];
		cr_assert(got.head.error_code == 0 && got.head.session_id == 0);
		cr_assert(p->result.error_code == 0 && p->result.high_watermark == 5);
		cr_assert(p->result.last_stable_offset == 5);
		cr_assert(p->result.log_start_offset == (version >= 5 ? 0 : 0));
		cr_assert(p->result.aborted.count == -1);
		cr_assert(p->records.size == rig->logs[0].bytes.size);
		cr_assert(fetch_is_of_log(p->records, 0, 0));
	}
	cr_assert(rig_stat(rig, STAT_frames_accepted) == 15);
}

Test(kafka_fetch, a_request_cut_anywhere_is_answered_the_same)
{
	rig_store(rig, 1, 3, 100);
	rig_store(rig, 6, 1, 10);
	const struct fetch_item items[] = {
		{.topic = "alpha", .partition = 1},
		{.topic = "alpha", .partition = 77},
		{.topic = "beta", .partition = 2},
		{.topic = "nobody"},
	};
	for (int version = 4; version <= 16; version += 4) {
		struct fetch_spec spec = {.version = version, .min_bytes = 1};
		struct buffer request = fetch_make(&spec, items, 4);
		for (size_t cut = 1; cut < request.size; cut++) {
			peer_send(peer, request.data, cut);
			rig_turns(rig, 1);
			peer_send(peer, request.data + cut, request.size - cut);
			rig_turns(rig, 4);
			cr_assert(fetch_answered(peer, version, &got) &&
				  got.count == 4, "cut %zu", cut);
			cr_assert(fetch_is_of_log(got.parts[0].records, 1, 0));
			cr_assert(got.parts[1].result.error_code == 3);
			cr_assert(got.parts[1].records.size == 0);
			cr_assert(got.parts[1].result.high_watermark == -1);
			cr_assert(fetch_is_of_log(got.parts[2].records, 6, 0));
			cr_assert(got.parts[2].records.size > 0);
			cr_assert(got.parts[3].result.error_code ==
				  (version >= 13 ? KAFKA_ERROR_UNKNOWN_TOPIC_ID : 3));
		}
		buffer_free(&request);
	}
}

Test(kafka_fetch, an_offset_inside_a_batch_returns_the_whole_batch)
{
	rig_store(rig, 0, 10, 20);
	rig_store(rig, 0, 10, 20);
	struct fetch_spec spec = {.version = 11, .min_bytes = 1};
	struct fetch_item item = {.topic = "alpha", .offset = 15};
	fetch_send(peer, &spec, &item, 1);
	rig_turns(rig, 3);
	cr_assert(fetch_answered(peer, 11, &got));
	cr_assert(got.parts[0].records.size == rig->logs[0].bytes.size / 2);
	cr_assert(fetch_is_of_log(got.parts[0].records, 0, rig->logs[0].bytes.size / 2));
}

Test(kafka_fetch, the_first_batch_comes_whole_whatever_the_limits)
{
	rig_store(rig, 0, 1, 15000);
	rig_store(rig, 1, 1, 15000);
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_bytes = 100};
	struct fetch_item items[] = {
		{.topic = "alpha", .partition = 3, .bytes_max = 50}, /* empty: does not count */
		{.topic = "alpha", .partition = 0, .bytes_max = 50},
		{.topic = "alpha", .partition = 1, .bytes_max = 50},
	};
	fetch_send(peer, &spec, items, 3);
	rig_turns(rig, 8);
	cr_assert(fetch_answered(peer, 11, &got) && got.count == 3);
	cr_assert(got.parts[0].records.size == 0);
	cr_assert(got.parts[1].records.size == rig->logs[0].bytes.size);
	cr_assert(got.parts[2].records.size == 0);
	cr_assert(got.parts[2].result.high_watermark == 1, "it is known all the same");
}

Test(kafka_fetch, partition_and_request_limits_are_kept)
{
	for (int i = 0; i < 20; i++) {
		rig_store(rig, 0, 1, 1000);
		rig_store(rig, 1, 1, 1000);
	}
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_bytes = 8000};
	struct fetch_item items[] = {
		{.topic = "alpha", .partition = 0, .bytes_max = 5000},
		{.topic = "alpha", .partition = 1, .bytes_max = 5000},
	};
	fetch_send(peer, &spec, items, 2);
	rig_turns(rig, 6);
	cr_assert(fetch_answered(peer, 11, &got));
	cr_assert(got.parts[0].records.size > 4000 && got.parts[0].records.size <= 5000);
	cr_assert(got.parts[1].records.size > 1000 && got.parts[1].records.size <= 4000);
}

Test(kafka_fetch, an_offset_beyond_either_end_is_out_of_range_at_once)
{
	rig_store(rig, 0, 5, 10);
	rig->logs[0].log_start_offset = 2;
	const int64_t offsets[] = {-1, 1, 6, INT64_MAX};
	for (unsigned i = 0; i < array_len(offsets); i++) {
		struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_wait_ms = 5000};
		struct fetch_item item = {.topic = "alpha", .offset = offsets[i]};
		fetch_send(peer, &spec, &item, 1);
		rig_turns(rig, 3);
		cr_assert(fetch_answered(peer, 11, &got));
		cr_assert(got.parts[0].result.error_code == KAFKA_ERROR_OFFSET_OUT_OF_RANGE);
		cr_assert(got.parts[0].records.size == 0);
	}
}

Test(kafka_fetch, sessions_are_declined_so_that_clients_go_on_without)
{
	rig_store(rig, 0, 5, 10);
	const struct {
		int32_t id, epoch;
		int16_t error;
	} cases[] = {{0, 0, 0}, {0, -1, 0}, {77, -1, 0},
		     {77, 1, KAFKA_ERROR_FETCH_SESSION_ID_NOT_FOUND}};
	for (unsigned i = 0; i < array_len(cases); i++) {
		struct fetch_spec spec = {.version = 12, .min_bytes = 1, .max_wait_ms = 5000,
					  .session_id = cases[i].id,
					  .session_epoch = cases[i].epoch};
		struct fetch_item item = {.topic = "alpha"};
		fetch_send(peer, &spec, &item, 1);
		rig_turns(rig, 3);
		cr_assert(fetch_answered(peer, 12, &got));
		cr_assert(got.head.error_code == cases[i].error &&
			  got.head.session_id == 0);
		cr_assert(got.count == (cases[i].error ? 0 : 1));
	}
}

Test(kafka_fetch, read_committed_is_told_that_nothing_was_aborted)
{
	rig_store(rig, 0, 5, 10);
	struct fetch_spec spec = {.version = 12, .min_bytes = 1, .isolation = 1};
	struct fetch_item item = {.topic = "alpha"};
	fetch_send(peer, &spec, &item, 1);
	rig_turns(rig, 3);
	cr_assert(fetch_answered(peer, 12, &got) && got.parts[0].result.aborted.count == 0);
}

Test(kafka_fetch, no_partitions_are_answered_at_once)
{
	struct fetch_spec spec = {.version = 12, .min_bytes = 1, .max_wait_ms = 5000};
	fetch_send(peer, &spec, NULL, 0);
	rig_turns(rig, 2);
	cr_assert(fetch_answered(peer, 12, &got) && got.count == 0);
}

/* ---- waiting --------------------------------------------------------------------------- */

Test(kafka_fetch, with_nothing_new_it_waits_as_long_as_it_may)
{
	rig_store(rig, 0, 5, 10);
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_wait_ms = 500};
	struct fetch_item item = {.topic = "alpha", .offset = 5};
	fetch_send(peer, &spec, &item, 1);
	rig_turns(rig, 3);
	for (unsigned ms = 0; ms < 499; ms += 50)
		rig_turn(rig, 49);
	cr_assert(!fetch_answered(peer, 11, &got));
	cr_assert(rig->reads == 0, "a waiting fetch asks nothing");
	cr_assert(rig_large_in_use(rig) == 0 && rig->in.answers.small.in_use == 0);
	rig_turn(rig, 20);
	rig_turns(rig, 2);
	cr_assert(fetch_answered(peer, 11, &got));
	cr_assert(got.parts[0].result.error_code == 0 && got.parts[0].records.size == 0);
	cr_assert(got.parts[0].result.high_watermark == 5);
}

Test(kafka_fetch, max_wait_0_never_waits)
{
	struct fetch_spec spec = {.version = 11, .min_bytes = 1000};
	struct fetch_item item = {.topic = "alpha"};
	fetch_send(peer, &spec, &item, 1);
	rig_turns(rig, 2);
	cr_assert(fetch_answered(peer, 11, &got) && got.parts[0].records.size == 0);
}

Test(kafka_fetch, new_data_in_any_partition_wakes_it)
{
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_wait_ms = 60000};
	struct fetch_item items[] = {{.topic = "alpha"},
				     {.topic = "alpha", .partition = 2},
				     {.topic = "beta", .partition = 1}};
	fetch_send(peer, &spec, items, 3);
	rig_turns(rig, 5);
	cr_assert(!fetch_answered(peer, 11, &got));
	rig_store(rig, 5, 2, 30);
	rig_turns(rig, 5);
	cr_assert(fetch_answered(peer, 11, &got) && got.count == 3);
	cr_assert(got.parts[0].records.size == 0 && got.parts[1].records.size == 0);
	cr_assert(fetch_is_of_log(got.parts[2].records, 5, 0) &&
		  got.parts[2].records.size > 0);
}

Test(kafka_fetch, readers_of_a_partition_that_failed_are_told_at_once)
{
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_wait_ms = 60000};
	struct fetch_item items[] = {{.topic = "alpha"}, {.topic = "alpha", .partition = 1}};
	fetch_send(peer, &spec, items, 2);
	rig_turns(rig, 4);
	struct list *node = list_take_first(&rig->logs[1].watches);
	struct watch_msg *w = list_entry(node, struct watch_msg, node);
	w->error = KAFKA_ERROR_KAFKA_STORAGE_ERROR;
	handoff_complete(rig_writer(rig, 1), &w->msg);
	rig_turns(rig, 4);
	cr_assert(fetch_answered(peer, 11, &got) && got.count == 2);
	cr_assert(got.parts[0].result.error_code == 0);
	cr_assert(got.parts[1].result.error_code == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
}

/* ---- order and ends -------------------------------------------------------------------- */

Test(kafka_fetch, a_fetch_waits_for_produce_and_holds_back_what_follows)
{
	struct produce_spec produce = {.version = 7, .acks = -1};
	struct produce_item item = {.topic = "alpha",
				    .records = batch_make(1, 10, rig->in.now.wall_ms)};
	struct buffer request = produce_make(&produce, &item, 1);
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_wait_ms = 1000};
	struct fetch_item from = {.topic = "alpha"};
	struct produce_outcome o;
	rig_store(rig, 0, 1, 10); /* one that did not wait would read this */
	rig->hold_appends = true;
	peer_send(peer, request.data, request.size);
	fetch_send(peer, &spec, &from, 1);
	peer_send(peer, request.data, request.size);
	rig_turns(rig, 4);
	cr_assert(rig->held_count == 1 && rig->reads == 0);
	rig->hold_reads = true;
	rig_release(rig);
	rig_turns(rig, 4);
	cr_assert(produce_read(7, peer_answer(peer), &o, 1) == 1);
	peer_answer_done(peer, peer_answer(peer));
	cr_assert(rig->reads == 1 && rig->appends == 1);
	rig->hold_reads = rig->hold_appends = false;
	rig_release(rig);
	rig_turns(rig, 4);
	cr_assert(fetch_answered(peer, 11, &got) && got.parts[0].records.size > 0);
	cr_assert(produce_read(7, peer_answer(peer), &o, 1) == 1 && o.base_offset == 2);
	peer_answer_done(peer, peer_answer(peer));
	buffer_free(&request);
	buffer_free(&item.records);
}

Test(kafka_fetch, a_connection_lost_while_parked_or_reading_gives_everything_back)
{
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_wait_ms = 60000};
	struct fetch_item items[] = {{.topic = "alpha"}, {.topic = "beta", .partition = 3}};
	for (int reading = 0; reading < 2; reading++) {
		struct peer *p = open_peer();
		rig->hold_reads = reading;
		fetch_send(p, &spec, items, 2);
		rig_turns(rig, 4);
		end_peer(p);
		rig->hold_reads = false;
		rig_release(rig);
		rig_turns(rig, 2);
		cr_assert(rig->in.reading.fetches.in_use == 0 &&
			  rig->in.answers.slab.in_use == 0);
		cr_assert(rig_large_in_use(rig) == 0 && rig_chunks_in_use(rig) == 0);
		cr_assert(rig->in.sessions.wheel.armed == 0);
	}
	cr_assert(rig_stat(rig, STAT_frame_drop_connection) == 2);
	rig_store(rig, 0, 1, 10);
	rig_turns(rig, 2);
}

Test(kafka_fetch, a_connection_lost_at_any_byte_gives_everything_back)
{
	struct fetch_spec spec = {.version = 12, .min_bytes = 1, .max_wait_ms = 60000};
	struct fetch_item items[] = {{.topic = "alpha"}, {.topic = "beta", .partition = 3}};
	struct buffer request = fetch_make(&spec, items, 2);
	for (size_t cut = 0; cut <= request.size; cut++) {
		struct peer *p = open_peer();
		peer_send(p, request.data, cut);
		rig_turns(rig, 1 + cut % 4);
		end_peer(p);
		cr_assert(rig->in.reading.fetches.in_use == 0 &&
			  rig_chunks_in_use(rig) == 0);
		cr_assert(ledger_in_flight(&rig->in.stats, LEDGER_frame) == 0);
	}
	buffer_free(&request);
}

Test(kafka_fetch, draining_answers_a_fetch_that_would_have_waited)
{
	struct fetch_spec spec = {.version = 11, .min_bytes = 1000, .max_wait_ms = 60000};
	struct fetch_item item = {.topic = "alpha"};
	rig_store(rig, 0, 1, 10);
	rig->hold_reads = true;
	fetch_send(peer, &spec, &item, 1);
	rig_turns(rig, 2);
	cr_assert(rig->held_count == 1);
	sessions_drain(&rig->in.sessions);
	rig->hold_reads = false;
	rig_release(rig);
	rig_turns(rig, 4);
	cr_assert(fetch_answered(peer, 11, &got) && peer->is_closed);
}

/* It may have gone: what it left behind must not be held until there is news. */
Test(kafka_fetch, a_peer_that_ends_while_its_fetch_waits_is_answered_and_closed)
{
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_wait_ms = INT32_MAX};
	struct fetch_item item = {.topic = "alpha"};
	for (int parked = 0; parked < 2; parked++) {
		struct peer *p = open_peer();
		rig->hold_reads = !parked;
		fetch_send(p, &spec, &item, 1);
		rig_turns(rig, 3);
		cr_assert(!fetch_answered(p, 11, &got));
		peer_end(p);
		rig_turns(rig, 2);
		rig->hold_reads = false;
		rig_release(rig);
		rig_turns(rig, 4);
		cr_assert(fetch_answered(p, 11, &got) && p->is_closed && !p->is_reset);
		cr_assert(rig->in.reading.fetches.in_use == 0);
		peer_free(p);
	}
}

Test(kafka_fetch, a_peer_that_ends_behind_more_requests_is_answered_all_of_them)
{
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_wait_ms = INT32_MAX};
	struct fetch_item item = {.topic = "alpha"};
	fetch_send(peer, &spec, &item, 1);
	fetch_send(peer, &spec, &item, 1);
	rig_turns(rig, 3);
	peer_end(peer);
	rig_turns(rig, 8);
	cr_assert(fetch_answered(peer, 11, &got) && fetch_answered(peer, 11, &got) &&
		  peer->is_closed);
}

Test(kafka_fetch, draining_answers_a_parked_fetch_too)
{
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_wait_ms = 60000};
	struct fetch_item item = {.topic = "alpha"};
	fetch_send(peer, &spec, &item, 1);
	rig_turns(rig, 3);
	sessions_drain(&rig->in.sessions);
	rig_turn(rig, 2);
	rig_turns(rig, 4);
	cr_assert(fetch_answered(peer, 11, &got) && peer->is_closed);
}

Test(kafka_fetch, noise_never_breaks_a_promise)
{
	struct fetch_spec spec = {.version = 12, .min_bytes = 1, .max_wait_ms = 60000};
	struct fetch_item items[] = {{.topic = "alpha"}, {.topic = "beta", .partition = 3}};
	uint64_t state = 99;
	rig_store(rig, 0, 3, 100);
	for (unsigned round = 0; round < 3000; round++) {
		spec.version = 4 + (int)(round % 15);
		struct buffer request = fetch_make(&spec, items, 2);
		for (unsigned flips = 0; flips < 2; flips++) {
			state = state * 6364136223846793005ull + 1442695040888963407ull;
			request.data[(state >> 33) % request.size] ^= (uint8_t)(state >> 24);
		}
		struct peer *p = open_peer();
		peer_send(p, request.data, request.size);
		rig_turns(rig, 3);
		end_peer(p);
		cr_assert(rig->in.reading.fetches.in_use == 0 &&
			  rig->in.answers.slab.in_use == 0);
		buffer_free(&request);
	}
}

/* ---- memory ---------------------------------------------------------------------------- */

TestSuite(kafka_fetch_memory, .fini = rig_end);

Test(kafka_fetch_memory, with_few_answer_chunks_fetches_take_turns)
{
	struct rig_options options = {.answer_chunks = 64};
	rig = rig_create(&options);
	for (int i = 0; i < 100; i++)
		rig_store(rig, 0, 1, 4000);
	struct peer *peers[6];
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_wait_ms = 100};
	struct fetch_item item = {.topic = "alpha"};
	for (unsigned i = 0; i < 6; i++) {
		peers[i] = open_peer();
		fetch_send(peers[i], &spec, &item, 1);
	}
	for (unsigned i = 0; i < 50; i++)
		rig_turn(rig, 2);
	for (unsigned i = 0; i < 6; i++) {
		cr_assert(fetch_answered(peers[i], 11, &got), "peer %u", i);
		cr_assert(got.parts[0].records.size >= 4000);
		end_peer(peers[i]);
	}
}

Test(kafka_fetch_memory, fetches_that_hold_some_do_not_wait_for_each_others)
{
	enum { PEERS = 44 };
	struct rig_options options = {.answer_chunks = 64};
	rig = rig_create(&options);
	for (int i = 0; i < 4; i++)
		for (uint32_t slot = 0; slot < 3; slot++)
			rig_store(rig, slot, 1, 4000);
	struct peer *peers[PEERS];
	struct fetch_spec spec = {.version = 11, .min_bytes = 30000, .max_wait_ms = 20};
	struct fetch_item items[] = {{.topic = "alpha", .bytes_max = 4000},
				     {.topic = "alpha", .partition = 1},
				     {.topic = "alpha", .partition = 2}};
	rig->hold_reads = true;
	for (unsigned i = 0; i < PEERS; i++) {
		peers[i] = open_peer();
		fetch_send(peers[i], &spec, items, 3);
	}
	for (unsigned i = 0; i < 400; i++) {
		rig_turn(rig, 1);
		if (rig->held_count > 0)
			rig_release_one(rig, rig->held_count - 1);
	}
	rig->hold_reads = false;
	rig_release(rig);
	for (unsigned i = 0; i < 100; i++)
		rig_turn(rig, 2);
	for (unsigned i = 0; i < PEERS; i++) {
		cr_assert(fetch_answered(peers[i], 11, &got), "peer %u", i);
		cr_assert(got.parts[0].records.size >= 4000);
		end_peer(peers[i]);
	}
}

Test(kafka_fetch_memory, a_batch_beyond_all_memory_is_an_error_not_a_wait)
{
	struct rig_options options = {.answer_chunks = 64};
	rig = rig_create(&options);
	rig_store(rig, 0, 1, 64 * CHUNK_BYTES);
	peer = open_peer();
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_wait_ms = 60000};
	struct fetch_item item = {.topic = "alpha"};
	fetch_send(peer, &spec, &item, 1);
	rig_turns(rig, 6);
	cr_assert(fetch_answered(peer, 11, &got));
	cr_assert(got.parts[0].result.error_code == KAFKA_ERROR_UNKNOWN_SERVER_ERROR);
	end_peer(peer);
}
