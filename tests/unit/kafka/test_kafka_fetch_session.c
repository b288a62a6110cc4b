/* test_kafka_fetch_session.c - fetches that name only what changes: whose list they go through, and
 * what of it they are told. */
#include "tests/unit/kafka/kafka_rig.h"

#include <criterion/criterion.h>

enum { PLACES = 4, LAST = 18 };

static struct fetch_read got;

static void begin(void)
{
	rig_begin();
	rig_have_sessions(rig, PLACES);
}

TestSuite(kafka_fetch_session, .init = begin, .fini = rig_end);

static const struct fetch_item three[] = {{.topic = "alpha"},
					  {.topic = "alpha", .partition = 2},
					  {.topic = "beta", .partition = 1}};

/* A request, and turns until its answer is there. */
static void ask(const struct fetch_spec *spec, const struct fetch_item *items, unsigned count)
{
	fetch_send(peer, spec, items, count);
	for (unsigned i = 0; i < 200 && !peer_answer(peer).data; i++)
		rig_turn(rig, i < 10 ? 0 : 1);
	cr_assert(fetch_answered(peer, spec->version, &got));
}

/* Begins a session of `count` partitions that have nothing yet; its next request. */
static struct fetch_spec open_session(int version, const struct fetch_item *items, unsigned count)
{
	struct fetch_spec spec = {.version = version, .min_bytes = 1};
	ask(&spec, items, count);
	cr_assert(got.head.error_code == 0 && got.head.session_id > 0 && got.count == count);
	spec.session_id = got.head.session_id;
	spec.session_epoch = 1;
	return spec;
}

static int16_t error_of(struct fetch_spec spec)
{
	ask(&spec, NULL, 0);
	cr_assert(got.count == 0);
	return got.head.error_code;
}

Test(kafka_fetch_session, only_partitions_with_news_are_answered)
{
	for (int version = 7; version <= LAST; version++) {
		struct fetch_spec spec = open_session(version, three, 3);
		ask(&spec, NULL, 0);
		cr_assert(got.head.error_code == 0 && got.head.session_id == spec.session_id);
		cr_assert(got.count == 0, "nothing has come");
		rig_store(rig, 2, 1, 10);
		spec.session_epoch++;
		ask(&spec, NULL, 0);
		cr_assert(got.count == 1 && got.parts[0].result.partition == 2);
		cr_assert(got.parts[0].topic == 'a' && got.parts[0].records.size > 0);
		/* What it has read it says, and nothing else. */
		struct fetch_item read = {.topic = "alpha", .partition = 2,
					  .offset = rig->logs[2].next_offset};
		rig_store(rig, 5, 1, 10);
		spec.session_epoch++;
		ask(&spec, &read, 1);
		cr_assert(got.count == 1 && got.parts[0].topic == 'b');
		cr_assert(got.parts[0].result.partition == 1 && got.parts[0].records.size > 0);
		spec.session_epoch = -1;
		ask(&spec, NULL, 0);
		cr_assert(got.head.session_id == 0 && rig->sessions.count == 0);
		rig->logs[2].bytes.size = rig->logs[5].bytes.size = 0;
		rig->logs[2].next_offset = rig->logs[5].next_offset = 0;
	}
}

Test(kafka_fetch_session, what_has_no_records_may_have_news)
{
	struct fetch_spec spec = open_session(12, three, 3);
	rig_store(rig, 0, 1, 10);
	struct fetch_item at_end = {.topic = "alpha", .offset = 1};
	ask(&spec, &at_end, 1);
	cr_assert(got.count == 1 && got.parts[0].result.high_watermark == 1);
	cr_assert(got.parts[0].records.size == 0, "its watermark is");
	spec.session_epoch++;
	ask(&spec, NULL, 0);
	cr_assert(got.count == 0, "it has been told");
	rig->logs[0].log_start_offset = 1;
	spec.session_epoch++;
	ask(&spec, NULL, 0);
	cr_assert(got.count == 1 && got.parts[0].result.log_start_offset == 1);
	rig->logs[0].log_start_offset = 5;
	for (int i = 0; i < 2; i++) {
		spec.session_epoch++;
		ask(&spec, NULL, 0);
		cr_assert(got.count == 1 && got.errors == 1, "an error is said each time");
	}
	rig->logs[0].log_start_offset = 1;
	spec.session_epoch++;
	ask(&spec, NULL, 0);
	cr_assert(got.count == 1 && got.errors == 0, "and when it is over, that");
	cr_assert(got.parts[0].result.high_watermark == 1);
}

Test(kafka_fetch_session, a_request_of_nothing_new_waits_as_long_as_it_may)
{
	struct fetch_spec spec = open_session(12, three, 3);
	spec.max_wait_ms = 500;
	fetch_send(peer, &spec, NULL, 0);
	rig_turns(rig, 3);
	rig_turn(rig, 490);
	cr_assert(!fetch_answered(peer, 12, &got));
	rig_turn(rig, 20);
	rig_turns(rig, 3);
	cr_assert(fetch_answered(peer, 12, &got) && got.count == 0);
	cr_assert(got.head.session_id == spec.session_id);
	spec.session_epoch++;
	fetch_send(peer, &spec, NULL, 0);
	rig_turns(rig, 3);
	rig_store(rig, 5, 1, 10);
	rig_turns(rig, 4);
	cr_assert(fetch_answered(peer, 12, &got) && got.count == 1, "and no longer");
}

/* What was found before min_bytes had come was told to nobody. */
Test(kafka_fetch_session, what_was_found_too_early_is_news_still)
{
	struct fetch_spec spec = open_session(12, three, 3);
	spec.max_wait_ms = 500;
	spec.min_bytes = 1 << 20;
	rig_store(rig, 0, 1, 10);
	struct fetch_item at_end = {.topic = "alpha", .offset = 1};
	fetch_send(peer, &spec, &at_end, 1);
	rig_turns(rig, 3);
	rig_store(rig, 2, 1, 10);
	rig_turns(rig, 4);
	rig_turn(rig, 510);
	rig_turns(rig, 4);
	cr_assert(fetch_answered(peer, 12, &got) && got.count == 2);
	cr_assert(got.parts[0].result.high_watermark == 1 && got.parts[1].records.size > 0);
}

Test(kafka_fetch_session, partitions_come_and_are_forgotten)
{
	static const struct fetch_item more[] = {{.topic = "beta", .partition = 2},
						 {.topic = "alpha", .partition = 3}};
	for (int version = 12; version <= 13; version++) {
		struct fetch_spec spec = open_session(version, three, 3);
		ask(&spec, more, 2);
		cr_assert(got.count == 2, "a new one is told how far it goes");
		cr_assert(got.parts[0].topic == 'b' && got.parts[0].result.partition == 2);
		cr_assert(got.parts[1].topic == 'a' && got.parts[1].result.partition == 3);
		for (uint32_t slot = 0; slot < RIG_SLOTS; slot++)
			rig_store(rig, slot, 1, 10);
		spec.forgotten = (struct fetch_item[]){{.topic = "alpha", .partition = 2},
						       {.topic = "nobody"},
						       {.topic = "beta"}};
		spec.forgotten_count = 3;
		spec.session_epoch++;
		ask(&spec, NULL, 0);
		cr_assert(got.count == 4 && got.with_records == 4);
		for (unsigned i = 0; i < 4; i++)
			cr_assert(got.parts[i].topic != 'a' || got.parts[i].result.partition != 2);
		spec.forgotten = three;
		spec.session_epoch++;
		ask(&spec, NULL, 0);
		cr_assert(got.count == 2);
		spec.forgotten = more;
		spec.forgotten_count = 2;
		spec.session_epoch++;
		spec.max_wait_ms = 5000;
		ask(&spec, NULL, 0); /* at once */
		cr_assert(got.count == 0 && got.head.error_code == 0);
		cr_assert(got.head.session_id == 0 && rig->sessions.count == 0, "it has none left");
		for (uint32_t slot = 0; slot < RIG_SLOTS; slot++)
			rig->logs[slot].bytes.size = 0, rig->logs[slot].next_offset = 0;
	}
}

Test(kafka_fetch_session, an_epoch_or_an_id_that_is_none_is_an_error_of_its_own)
{
	struct fetch_spec spec = open_session(12, three, 3), other = spec;
	other.session_epoch = 2;
	cr_assert(error_of(other) == KAFKA_ERROR_INVALID_FETCH_SESSION_EPOCH);
	other.session_epoch = 1;
	other.session_id ^= 1 << 20;
	cr_assert(error_of(other) == KAFKA_ERROR_FETCH_SESSION_ID_NOT_FOUND);
	other = spec;
	other.version = 13;
	cr_assert(error_of(other) == KAFKA_ERROR_FETCH_SESSION_TOPIC_ID_ERROR);
	cr_assert(error_of(spec) == 0, "nothing of this has ended the session");
	cr_assert(error_of(spec) == KAFKA_ERROR_INVALID_FETCH_SESSION_EPOCH, "of the last request");
}

Test(kafka_fetch_session, a_full_request_ends_the_session_that_it_names)
{
	struct fetch_spec spec = open_session(12, three, 3), again = spec;
	again.session_epoch = 0;
	ask(&again, three, 2);
	cr_assert(got.head.session_id > 0 && got.head.session_id != spec.session_id);
	cr_assert(got.count == 2 && rig->sessions.count == 1);
	cr_assert(error_of(spec) == KAFKA_ERROR_FETCH_SESSION_ID_NOT_FOUND);
}

Test(kafka_fetch_session, it_is_known_on_every_connection_and_outlives_its_own)
{
	struct fetch_spec spec = open_session(12, three, 3);
	end_peer(peer);
	peer = open_peer();
	rig_store(rig, 5, 1, 10);
	ask(&spec, NULL, 0);
	cr_assert(got.count == 1 && got.head.session_id == spec.session_id);
}

Test(kafka_fetch_session, a_request_that_goes_with_its_connection_ends_its_session)
{
	for (int reading = 0; reading < 2; reading++) {
		struct fetch_spec spec = open_session(12, three, 3), late = spec;
		struct peer *p = open_peer();
		spec.max_wait_ms = 60000;
		rig->hold_reads = reading;
		if (reading)
			rig_store(rig, 5, 1, 10);
		fetch_send(p, &spec, NULL, 0);
		rig_turns(rig, 3);
		late.session_epoch = 2;
		cr_assert(error_of(late) == KAFKA_ERROR_INVALID_FETCH_SESSION_EPOCH,
			  "its list is with the other request");
		end_peer(p);
		rig->hold_reads = false;
		rig_release(rig);
		rig_turns(rig, 3);
		cr_assert(rig->sessions.count == 0 && rig->sessions.pool.in_use == 0);
		cr_assert(error_of(late) == KAFKA_ERROR_FETCH_SESSION_ID_NOT_FOUND);
	}
}

Test(kafka_fetch_session, one_that_is_ended_while_its_request_waits_says_so)
{
	struct fetch_spec spec = open_session(12, three, 3), full = spec;
	struct peer *p = open_peer();
	spec.max_wait_ms = 60000;
	fetch_send(p, &spec, NULL, 0);
	rig_turns(rig, 3);
	full.session_epoch = -1;
	ask(&full, three, 1);
	cr_assert(rig->sessions.count == 0);
	rig_store(rig, 2, 1, 10);
	rig_turns(rig, 4);
	cr_assert(fetch_answered(p, 12, &got) && got.count == 1 && got.head.session_id == 0);
	end_peer(p);
}

Test(kafka_fetch_session, a_partition_that_is_not_there_is_told_with_the_end_of_the_session)
{
	for (int version = 12; version <= 13; version++) {
		int16_t unknown = version == 13 ? KAFKA_ERROR_UNKNOWN_TOPIC_ID
						: KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION;
		static const struct fetch_item nobody = {.topic = "nobody"};
		struct fetch_spec full = {.version = version, .min_bytes = 1};
		ask(&full, &nobody, 1);
		cr_assert(got.head.session_id == 0 && got.errors == 1, "nor is one begun with it");
		struct fetch_spec spec = open_session(version, three, 3);
		ask(&spec, &nobody, 1);
		cr_assert(got.count == 1 && got.parts[0].result.error_code == unknown);
		cr_assert(got.head.session_id == 0 && rig->sessions.count == 0);
		spec = open_session(version, three, 3);
		rig_new_topics(rig, false);
		rig_new_topics(rig, false);
		ask(&spec, NULL, 0);
		cr_assert(got.head.session_id == spec.session_id, "other topics are no matter");
		spec.session_epoch = -1;
		ask(&spec, NULL, 0);
	}
}

/* Also for a request that names the lost one: what it was and what it is are never in one list. */
Test(kafka_fetch_session, a_session_whose_topic_goes_is_not_known_any_more)
{
	for (unsigned named = 0; named < 2; named++) {
		struct fetch_spec spec = open_session(12, three, 3);
		rig_new_topics(rig, true);
		ask(&spec, &three[2], named);
		cr_assert(got.head.error_code == KAFKA_ERROR_FETCH_SESSION_ID_NOT_FOUND);
		cr_assert(got.count == 0 && rig->sessions.count == 0);
		spec.session_id = spec.session_epoch = 0;
		ask(&spec, three, 3);
		cr_assert(got.count == 3 && got.errors == 1 && got.head.session_id == 0);
		rig_new_topics(rig, false);
	}
}

/* Its client cannot put another partition first: the list does. */
Test(kafka_fetch_session, who_found_no_room_is_first_in_the_next_answer)
{
	static struct fetch_item many[40];
	rig_have_many(rig);
	for (unsigned i = 0; i < array_len(many); i++)
		many[i] = (struct fetch_item){.topic = "many", .partition = (int32_t)i};
	struct fetch_spec spec = open_session(12, many, array_len(many));
	for (uint32_t slot = 0; slot < RIG_PARTITIONS; slot++)
		rig_store(rig, slot, 1, 1000);
	bool was_read[array_len(many)] = {false};
	spec.max_bytes = 3300;
	spec.max_wait_ms = 60000; /* what has been seen, and not read, is not waited for */
	for (unsigned round = 0; round < array_len(many); round++) {
		ask(&spec, NULL, 0);
		cr_assert(got.with_records > 0 && got.with_records <= 3);
		for (unsigned i = 0; i < min_u32(got.count, array_len(got.parts)); i++)
			if (got.parts[i].records.size > 0)
				was_read[got.parts[i].result.partition] = true;
		spec.session_epoch++;
	}
	for (unsigned i = 0; i < array_len(many); i++)
		cr_assert(was_read[i], "partition %u", i);
	/* From wherever it begins, the list is gone through to its end. */
	for (uint32_t slot = 0; slot < RIG_PARTITIONS; slot++)
		rig->logs[slot].log_start_offset = 1;
	ask(&spec, NULL, 0);
	cr_assert(got.count == array_len(many) && got.errors == got.count);
}

/* No small chunk is left for the head, and each batch has left one of the large ones unfinished. */
Test(kafka_fetch_session, the_head_of_an_answer_has_its_chunk)
{
	static struct fetch_item many[40];
	rig_have_many(rig);
	for (unsigned i = 0; i < array_len(many); i++)
		many[i] = (struct fetch_item){.topic = "many", .partition = (int32_t)i};
	struct fetch_spec spec = open_session(12, many, array_len(many));
	for (uint32_t slot = 0; slot < RIG_PARTITIONS; slot++)
		rig_store(rig, slot, 1, 8000);
	uint32_t left = answer_chunks_left(&rig->in.answers);
	rig->in.answers.texts_owed += left;
	ask(&spec, NULL, 0);
	rig->in.answers.texts_owed -= left;
	cr_assert(got.count == array_len(many) && got.with_records > 1);
	cr_assert(got.head.session_id == spec.session_id);
}

Test(kafka_fetch_session, a_long_list_changes_without_losing_any)
{
	enum { MANY = 1500 };
	static struct fetch_item many[MANY], some[MANY / 2];
	rig_have_sessions(rig, 64);
	rig_have_many(rig);
	for (unsigned i = 0; i < MANY; i++)
		many[i] = (struct fetch_item){.topic = "many", .partition = (int32_t)i};
	for (unsigned i = 0; i < MANY / 2; i++)
		some[i] = many[2 * i];
	struct fetch_spec spec = open_session(13, many, MANY);
	spec.forgotten = some;
	spec.forgotten_count = MANY / 2;
	ask(&spec, NULL, 0);
	cr_assert(got.count == 0);
	spec.forgotten_count = 0;
	spec.session_epoch++;
	for (uint32_t slot = 0; slot < RIG_PARTITIONS; slot++)
		rig->logs[slot].log_start_offset = rig->logs[slot].next_offset = 7;
	for (unsigned i = 0; i < MANY; i++)
		many[i].offset = 7;
	fetch_send(peer, &spec, many, MANY);
	rig_turns(rig, 30);
	cr_assert(fetch_answered(peer, 13, &got) && got.count == MANY && got.errors == 0);
	cr_assert(got.head.session_id == spec.session_id);
}

Test(kafka_fetch_session, without_room_a_client_goes_on_with_full_requests)
{
	for (unsigned i = 0; i < PLACES; i++)
		open_session(12, three, 3);
	struct fetch_spec spec = {.version = 12, .min_bytes = 1};
	for (int i = 0; i < 3; i++) {
		ask(&spec, three, 3);
		cr_assert(got.count == 3 && got.head.session_id == 0 && got.head.error_code == 0);
	}
	cr_assert(rig_stat(rig, STAT_fetch_sessions_refused) == 3);
	rig_turn(rig, RIG_EVICTION_MS + 1);
	ask(&spec, three, 1);
	cr_assert(got.head.session_id > 0 && rig->sessions.count == PLACES);
}

/* Names of what was forgotten stay: somebody who lives by that is at an end some day. */
Test(kafka_fetch_session, names_that_are_left_behind_are_bounded)
{
	rig_have_sessions(rig, 64);
	struct fetch_spec spec = open_session(12, three, 1);
	spec.forgotten = &three[2];
	unsigned rounds = 0;
	for (; rounds < 20000; rounds++) {
		spec.forgotten_count = rounds % 2;
		fetch_send(peer, &spec, &three[2], rounds % 2 == 0);
		rig_turns(rig, 4);
		cr_assert(fetch_answered(peer, 12, &got));
		if (got.head.error_code)
			break;
		spec.session_epoch++;
	}
	cr_assert(got.head.error_code == KAFKA_ERROR_FETCH_SESSION_ID_NOT_FOUND);
	cr_assert(rounds > 1000 && rig->sessions.pool.in_use == 0, "%u", rounds);
}

/* Any mixture of requests, and what the list is then is what a slow reader of it says. */
Test(kafka_fetch_session, noise_never_breaks_a_promise)
{
	uint64_t state = 7;
	struct fetch_spec spec = {.version = 12, .min_bytes = 1};
	for (unsigned round = 0; round < 3000; round++) {
		state = state * 6364136223846793005ull + 1442695040888963407ull;
		unsigned dice = (unsigned)(state >> 33);
		struct fetch_item items[] = {
			{.topic = dice & 1 ? "alpha" : "beta", .partition = dice / 2 % 5},
			{.topic = dice & 64 ? "alpha" : "beta", .partition = dice / 8 % 4}};
		spec.version = dice % 16 == 0 ? 13 : 12;
		spec.forgotten = &items[1];
		spec.forgotten_count = dice / 32 % 2;
		spec.max_wait_ms = dice % 5 == 0 ? 5 : 0;
		ask(&spec, items, dice / 128 % 2);
		if (dice % 11 == 0)
			rig_store(rig, dice / 256 % RIG_SLOTS, 1, 10);
		if (dice % 37 == 0)
			rig_new_topics(rig, dice % 2);
		if (got.head.error_code || got.head.session_id == 0) {
			spec.session_epoch = 0;
			spec.session_id = 0;
		} else {
			spec.session_id = got.head.session_id;
			spec.session_epoch++;
		}
		if (dice % 53 == 0) {
			end_peer(peer);
			peer = open_peer();
		}
	}
}
