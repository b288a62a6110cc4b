/* test_kafka_fetch_many.c - fetches of thousands of partitions: what they read, what they hold, and
 * that they end. */
#include "tests/unit/kafka/kafka_rig.h"

#include <criterion/criterion.h>

enum { MANY = 10000, POOL_CHUNKS = 1024, SHARE_CHUNKS = POOL_CHUNKS / 8 };

static struct fetch_read got;

TestSuite(kafka_fetch_many, .fini = rig_end, .timeout = 60);

static void begin(void)
{
	struct rig_options options = {.answer_chunks = POOL_CHUNKS};
	rig = rig_create(&options);
	peer = open_peer();
}

/* `count` partitions from `offset` on: what they read is in as few logs as alpha has. */
static void fetch_many(struct peer *p, const struct fetch_spec *spec, unsigned count,
		       int64_t offset)
{
	static struct fetch_item items[MANY];
	rig_have_many(rig);
	for (unsigned i = 0; i < count; i++)
		items[i] = (struct fetch_item){.topic = "many", .partition = (int32_t)i,
					       .offset = offset};
	fetch_send(p, spec, items, count);
}

/* Turns until the peer is answered, `after_ms` apart; `limit` of them at most. */
static unsigned turns_to_answer(struct peer *p, unsigned limit, uint64_t after_ms)
{
	for (unsigned i = 1; i <= limit; i++) {
		rig_turn(rig, after_ms);
		cr_assert(rig_large_in_use(rig) <= POOL_CHUNKS);
		if (peer_answer(p).data)
			return i;
	}
	cr_assert_fail("no answer in %u turns", limit);
	return 0;
}

static void store_everywhere(unsigned batches, size_t value_bytes)
{
	for (uint32_t slot = 0; slot < RIG_PARTITIONS; slot++)
		for (unsigned i = 0; i < batches; i++)
			rig_store(rig, slot, 1, value_bytes);
}

Test(kafka_fetch_many, ten_thousand_partitions_with_data_are_answered_with_what_fits)
{
	begin();
	store_everywhere(1, 10);
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_wait_ms = 60000};
	fetch_many(peer, &spec, MANY, 0);
	turns_to_answer(peer, 200, 0);
	cr_assert(fetch_answered(peer, 11, &got) && got.count == MANY && got.errors == 0);
	cr_assert(got.with_records >= SHARE_CHUNKS / 4, "%u", got.with_records);
	cr_assert(got.with_records <= SHARE_CHUNKS + 1, "%u", got.with_records);
	cr_assert(got.unknown == 0, "who gets no records is told how far they go");
}

Test(kafka_fetch_many, others_are_answered_while_one_is_looked_through)
{
	begin();
	struct peer *other = open_peer();
	store_everywhere(1, 10);
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_wait_ms = 60000};
	fetch_many(peer, &spec, MANY, 0);
	rig_turns(rig, 3);
	cr_assert(!peer_answer(peer).data);
	struct fetch_spec few = {.version = 11, .min_bytes = 1};
	fetch_many(other, &few, 1, 0);
	cr_assert(turns_to_answer(other, 6, 0) && fetch_answered(other, 11, &got));
	cr_assert(got.with_records == 1 && !peer_answer(peer).data);
	end_peer(other);
}

Test(kafka_fetch_many, a_turn_looks_at_so_many_of_them_and_no_more)
{
	enum { EACH = 512 };
	begin();
	struct fetch_spec spec = {.version = 11, .min_bytes = 1};
	fetch_many(peer, &spec, MANY, 0);
	unsigned turns = turns_to_answer(peer, 100, 0);
	cr_assert(turns >= MANY / EACH && turns < 2 * MANY / EACH, "%u turns", turns);
	cr_assert(fetch_answered(peer, 11, &got) && got.count == MANY &&
		  got.with_records == 0);
}

/* Each read comes back late: what is there when the time is over is the answer. */
Test(kafka_fetch_many, it_is_answered_within_its_time_however_slow_the_disk)
{
	begin();
	store_everywhere(1, 10);
	struct fetch_spec spec = {.version = 11, .min_bytes = 1 << 20, .max_wait_ms = 500};
	fetch_many(peer, &spec, MANY, 0);
	rig->hold_reads = true;
	uint64_t began_ns = rig->in.now.ns;
	for (unsigned i = 0; i < 200 && !peer_answer(peer).data; i++) {
		rig_turn(rig, 0);
		if (rig->held_count == 0)
			continue;
		rig_turn(rig, 200);
		rig_release(rig);
	}
	cr_assert(fetch_answered(peer, 11, &got) && got.count == MANY &&
		  got.with_records > 0);
	uint64_t took_ms = (rig->in.now.ns - began_ns) / 1000000;
	cr_assert(took_ms <= 500 + 3 * 200, "%u ms", (unsigned)took_ms);
}

Test(kafka_fetch_many, it_ends_with_its_client)
{
	for (int lost = 0; lost < 2; lost++) {
		begin();
		store_everywhere(1, 10);
		struct fetch_spec spec = {.version = 11, .min_bytes = INT32_MAX,
					  .max_wait_ms = INT32_MAX};
		fetch_many(peer, &spec, MANY, 0);
		rig_turns(rig, 3);
		if (lost)
			peer_lose(peer);
		else
			peer_end(peer);
		rig_turns(rig, lost ? 3 : 60);
		cr_assert(rig->in.reading.fetches.in_use == 0 &&
			  rig_chunks_in_use(rig) == 0);
		cr_assert(lost || peer->is_closed);
		unsigned reads = rig->reads;
		rig_turns(rig, 20);
		cr_assert(rig->reads == reads, "it goes on reading");
		if (!lost)
			rig_end();
	}
}

Test(kafka_fetch_many, a_window_is_one_list_for_each_writer)
{
	rig_begin();
	store_everywhere(1, 10);
	struct fetch_spec spec = {.version = 11, .min_bytes = 1};
	fetch_many(peer, &spec, RIG_PARTITIONS, 0);
	turns_to_answer(peer, 4, 0);
	cr_assert(fetch_answered(peer, 11, &got) && got.with_records == RIG_PARTITIONS);
	cr_assert(rig->reads == RIG_WRITERS, "%u lists", rig->reads);
}

Test(kafka_fetch_many, partitions_without_news_are_not_read)
{
	begin();
	store_everywhere(1, 10);
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_wait_ms = 60000};
	fetch_many(peer, &spec, 1000, 1);
	rig_turns(rig, 20);
	cr_assert(!peer_answer(peer).data && rig->reads == 0);
	cr_assert(rig_large_in_use(rig) == 0);
	rig_store(rig, 2, 1, 10);
	turns_to_answer(peer, 200, 0);
	cr_assert(fetch_answered(peer, 11, &got) && got.count == 1000 && got.errors == 0);
	cr_assert(got.with_records > 1 && got.parts[2].records.size > 0);
	cr_assert(got.parts[0].records.size == 0 && got.parts[1].records.size == 0);
}

/* Nobody reads what has no room: its writer's word is in the page. */
Test(kafka_fetch_many, what_cannot_be_read_is_told_where_the_answer_is_full)
{
	begin();
	store_everywhere(1, 200);
	rig->logs[1].is_closed = true;
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_bytes = 1};
	fetch_many(peer, &spec, 3, 0);
	turns_to_answer(peer, 10, 0);
	cr_assert(fetch_answered(peer, 11, &got) && got.count == 3 &&
		  got.with_records == 1);
	cr_assert(got.parts[1].result.error_code == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	cr_assert(got.parts[2].result.error_code == 0);
}

/* Nothing is there to be read: they wait, and hold their partitions. */
static unsigned park_many(struct peer **parked, unsigned most)
{
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_wait_ms = INT32_MAX};
	unsigned count = 0;
	while (count < most && rig->in.waits.blocked == 0) {
		parked[count] = open_peer();
		fetch_many(parked[count++], &spec, MANY, 0);
		rig_turns(rig, 30);
		if (rig_stat(rig, STAT_fetches_hurried) > 0)
			break;
	}
	return count;
}

static unsigned answered_of(struct peer **parked, unsigned count)
{
	unsigned answers = 0;
	for (unsigned i = 0; i < count; i++)
		answers += fetch_answered(parked[i], 11, &got);
	return answers;
}

Test(kafka_fetch_many, of_those_that_wait_the_large_give_way_to_who_comes)
{
	enum { PARKED = 12 };
	struct peer *parked[PARKED];
	rig_begin();
	unsigned count = park_many(parked, PARKED);
	cr_assert(count > 3 && count < PARKED, "%u", count);
	rig_turn(rig, 2);
	rig_turns(rig, 60);
	cr_assert(answered_of(parked, count) > 0 && rig->in.waits.blocked == 0);
	cr_assert(got.count == MANY && got.errors == 0 && got.with_records == 0);
	/* One of a few partitions finds room in any case, and drives nobody away. */
	uint64_t hurried = rig_stat(rig, STAT_fetches_hurried);
	struct fetch_spec few = {.version = 11, .min_bytes = 1};
	fetch_many(peer, &few, 3, 0);
	rig_turns(rig, 4);
	cr_assert(fetch_answered(peer, 11, &got) &&
		  rig_stat(rig, STAT_fetches_hurried) == hurried);
	for (unsigned i = 0; i < count; i++)
		end_peer(parked[i]);
}

/* They hold all that large ones may have, and the last waits for more. */
Test(kafka_fetch_many, of_large_ones_that_are_half_here_one_gives_way_after_a_second)
{
	enum { HALVES = 8 };
	static struct fetch_item items[MANY];
	struct peer *halves[HALVES];
	struct fetch_spec spec = {.version = 11, .min_bytes = 1};
	rig_begin();
	rig->in.settings.request_timeout_ms = 30 * RIG_TIMEOUT_MS;
	for (unsigned i = 0; i < MANY; i++)
		items[i] = (struct fetch_item){.topic = "alpha"};
	struct buffer request = fetch_make(&spec, items, MANY);
	unsigned count = 0;
	while (count < HALVES && rig->in.waits.blocked == 0) {
		halves[count] = open_peer();
		peer_send(halves[count++], request.data, request.size - 1);
		rig_turns(rig, 3);
	}
	buffer_free(&request);
	cr_assert(rig->in.waits.blocked == 1, "%u", count);
	for (unsigned i = 0; i < 9; i++)
		rig_turn(rig, 100);
	cr_assert(rig_stat(rig, STAT_sessions_gave_way) == 0 && rig->in.waits.blocked == 1);
	rig_turn(rig, 100);
	rig_turns(rig, 3);
	cr_assert(rig_stat(rig, STAT_sessions_gave_way) == 1 && rig->in.waits.blocked == 0);
	for (unsigned i = 0; i < 20; i++)
		rig_turn(rig, 100);
	cr_assert(rig_stat(rig, STAT_sessions_gave_way) == 1, "nobody waits any more");
	for (unsigned i = 0; i < count; i++)
		end_peer(halves[i]);
}

/* All that they want has come: nobody is slow, and each waits for what the others keep. Small ones
 * come and go in the same pool meanwhile. */
Test(kafka_fetch_many, large_ones_that_wait_for_each_other_do_so_until_the_newest_gives_way)
{
	enum { PEERS = 8 };
	static struct fetch_item items[MANY];
	struct peer *peers[PEERS];
	struct fetch_spec spec = {.version = 11, .min_bytes = 1};
	struct fetch_spec small = {.version = 11, .min_bytes = 1, .max_wait_ms = 40};
	unsigned answers = 0, small_answers = 0;
	rig_begin();
	rig->in.settings.request_timeout_ms = 30 * RIG_TIMEOUT_MS;
	for (unsigned i = 0; i < MANY; i++)
		items[i] = (struct fetch_item){.topic = "alpha"};
	struct buffer request = fetch_make(&spec, items, MANY);
	size_t half = request.size / 2;
	for (unsigned i = 0; i < PEERS; i++) {
		peers[i] = open_peer();
		peer_send(peers[i], request.data, half);
		rig_turns(rig, 3);
	}
	for (unsigned i = 0; i < PEERS; i++)
		peer_send(peers[i], request.data + half, request.size - half);
	for (unsigned i = 0; i < 60; i++) {
		if (i % 2 == 0)
			fetch_send(peer, &small, items, 3);
		rig_turn(rig, 50);
		small_answers += fetch_answered(peer, 11, &got);
	}
	buffer_free(&request);
	cr_assert(small_answers > 20, "%u", small_answers);
	for (unsigned i = 0; i < PEERS; i++)
		answers += fetch_answered(peers[i], 11, &got);
	unsigned gave_way = (unsigned)rig_stat(rig, STAT_sessions_gave_way);
	cr_assert(rig->in.waits.blocked == 0, "%u gave way, %u answers", gave_way, answers);
	cr_assert(gave_way > 0 && answers == PEERS - gave_way, "%u, %u", gave_way, answers);
	for (unsigned i = 0; i < PEERS; i++)
		end_peer(peers[i]);
}

Test(kafka_fetch_many, none_waits_for_longer_than_the_setting_says)
{
	rig_begin();
	rig->in.settings.fetch_wait_max_ms = 700;
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_wait_ms = INT32_MAX};
	fetch_many(peer, &spec, 1, 0);
	rig_turns(rig, 3);
	rig_turn(rig, 690);
	rig_turns(rig, 3);
	cr_assert(!peer_answer(peer).data);
	rig_turn(rig, 20);
	rig_turns(rig, 3);
	cr_assert(fetch_answered(peer, 11, &got));
}

/* The writer knows what to say of a partition whose page says nothing. */
Test(kafka_fetch_many, what_is_not_published_is_asked_of_its_writer)
{
	begin();
	rig_store(rig, 1, 1, 10);
	rig->logs[1].is_closed = true;
	struct fetch_item item = {.topic = "alpha", .partition = 1};
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_wait_ms = 60000};
	struct buffer request = fetch_make(&spec, &item, 1);
	send_all(peer, &request);
	rig_turns(rig, 4);
	cr_assert(fetch_answered(peer, 11, &got) && got.with_records == 1 &&
		  rig->reads == 1);
}

/* Its topics and partitions alone are more than all there is. */
Test(kafka_fetch_many, one_that_can_never_be_answered_costs_its_connection)
{
	struct rig_options options = {.answer_chunks = 64};
	rig = rig_create(&options);
	peer = open_peer();
	struct fetch_spec spec = {.version = 11, .min_bytes = 1};
	fetch_many(peer, &spec, MANY, 0);
	rig_turns(rig, 4);
	cr_assert(peer->is_closed && rig_stat(rig, STAT_frame_reject_request) == 1);
}
