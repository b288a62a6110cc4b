/* test_kafka_waiting.c - long answers, reads and requests beyond what there is: who is served next,
 * and what becomes of those who wait. */
#include "tests/unit/kafka/kafka_rig.h"
#include "dataplane/session/waiting.h"
#include "dataplane/session/waiting_admit.h"

#include <criterion/criterion.h>

enum { PEERS = 100, POOL_CHUNKS = 64, REPLY_BYTES = 5000, REPLY_CHUNKS = 2 };
enum { ALL_BYTES = 1 << 20, FEW_BYTES = 4000 }; /* a fetch asks for */
enum { LARGE_BYTES = 2000 }; /* a request that is not small */

static struct peer *peers[PEERS];
static struct chain taken; /* chunks that others are to have */

TestSuite(kafka_waiting, .fini = rig_end);

static void begin(uint32_t chunks)
{
	struct rig_options options = {.answer_chunks = chunks};
	rig = rig_create(&options);
}

static void take_chunks(struct chunk_pool *p, unsigned left)
{
	while (chunk_pool_left(p) > left)
		chain_push(&taken, chunk_take(p));
}

/* But for what is kept for the small. */
static void take_large(struct chunk_pool *p, unsigned left)
{
	take_chunks(p, p->count / 4 + left);
}

/* The last ones that were taken. */
static void give_chunks(unsigned count)
{
	for (; count > 0; count--) {
		struct chunk *c = taken.head;
		taken.head = c->next;
		c->next = NULL;
		chunk_give(c);
	}
}

static void call(struct peer *p, unsigned body_bytes)
{
	struct buffer request = call_make(KAFKA_API_METADATA, 9, body_bytes);
	send_all(p, &request);
}

static void fetch_from(struct peer *p, int32_t partition, int32_t bytes_max)
{
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_wait_ms = 60000};
	struct fetch_item item = {
		.topic = "alpha", .partition = partition, .bytes_max = bytes_max};
	struct buffer request = fetch_make(&spec, &item, 1);
	send_all(p, &request);
}

static void fetch(struct peer *p, int32_t bytes_max)
{
	fetch_from(p, 0, bytes_max);
}

/* A produce request whose answer takes `chunks` long chunks: so many partitions, all unknown. */
static struct buffer produce_long(unsigned chunks)
{
	enum { ITEMS_MAX = 1024, OUTCOME_BYTES = 30 };
	static struct produce_item items[ITEMS_MAX];
	struct produce_spec spec = {.version = 7, .acks = -1};
	unsigned count = 1 + chunks * CHUNK_BYTES / OUTCOME_BYTES;
	cr_assert(count <= ITEMS_MAX);
	for (unsigned i = 0; i < count; i++)
		items[i] = (struct produce_item){.topic = "alpha", .partition = 100 + (int32_t)i,
						 .is_null = true};
	return produce_make(&spec, items, count);
}

static void open_peers(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		peers[i] = open_peer();
}

static void end_peers(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		end_peer(peers[i]);
}

static bool has_answer(unsigned i)
{
	return peers[i]->sent.size > 0;
}

/* Peers `from` to `to` are answered, those behind are not. */
static void check_served(unsigned from, unsigned to, unsigned count)
{
	for (unsigned i = from; i < count; i++)
		cr_assert(has_answer(i) == (i < to), "peer %u, of %u served", i, to);
}

/* ---- long answers ---------------------------------------------------------------------- */

/* Nobody is looked at in between: no timer runs, and the turns are the completions'. */
Test(kafka_waiting, a_hundred_fetches_with_memory_for_two_are_served_in_order)
{
	begin(POOL_CHUNKS);
	rig_store(rig, 0, 1, 4000);
	rig->hold_reads = true;
	open_peers(PEERS);
	for (unsigned i = 0; i < PEERS; i++) {
		fetch(peers[i], ALL_BYTES);
		rig_turns(rig, 2);
	}
	for (unsigned served = 0; served < PEERS; served++) {
		cr_assert(rig->in.sessions.wheel.armed == 0 &&
			  list_is_empty(&rig->in.sessions.ready));
		cr_assert(rig->held_count >= 1 && !waiting_can_admit(&rig->in));
		rig_release_one(rig, 0);
		rig_turns(rig, 4);
		check_served(0, served + 1, PEERS);
	}
	cr_assert(rig_stat(rig, STAT_sessions_blocked) <= PEERS, "each waited once");
	end_peers(PEERS);
}

/* Replies, a fetch and a produce request's answer; the last of them would need least. */
Test(kafka_waiting, all_who_want_long_chunks_stand_in_one_line)
{
	enum { REPLY, FETCH, PRODUCE, SHORT, COUNT };
	begin(POOL_CHUNKS);
	rig_store(rig, 0, 1, 4000);
	open_peers(COUNT);
	take_chunks(&rig->in.answers.large[ANSWER_COMMON], 1);
	call(peers[REPLY], REPLY_BYTES);
	rig_turns(rig, 4);
	fetch(peers[FETCH], ALL_BYTES);
	rig_turns(rig, 4);
	struct buffer request = produce_long(1);
	send_all(peers[PRODUCE], &request);
	rig_turns(rig, 4);
	call(peers[SHORT], 2000);
	rig_turns(rig, 4);
	/* How many must be free for each; and one less, before. */
	const unsigned free[] = {[REPLY] = REPLY_CHUNKS, [FETCH] = 18, [PRODUCE] = 1};
	check_served(0, 0, COUNT);
	for (unsigned i = REPLY; i <= PRODUCE; i++) {
		unsigned left = chunk_pool_left(&rig->in.answers.large[ANSWER_COMMON]);
		if (free[i] > left) {
			give_chunks(free[i] - left - 1);
			rig_turns(rig, 4);
			check_served(0, i, COUNT);
			give_chunks(1);
		}
		rig_turns(rig, 4);
		if (i < FETCH)
			check_served(0, i + 1, COUNT);
	}
	check_served(0, COUNT, COUNT);
	chain_give(&taken);
	end_peers(COUNT);
}

Test(kafka_waiting, a_fetch_does_not_pass_a_reply_that_waits_for_more_than_there_is)
{
	enum { REPLY, FETCH, COUNT };
	begin(POOL_CHUNKS);
	rig_store(rig, 0, 1, 4000);
	open_peers(COUNT);
	take_chunks(&rig->in.answers.large[ANSWER_COMMON], POOL_CHUNKS - 4);
	call(peers[REPLY], (POOL_CHUNKS - 3) * CHUNK_BYTES);
	rig_turns(rig, 4);
	fetch(peers[FETCH], FEW_BYTES);
	rig_turns(rig, 4);
	check_served(0, 0, COUNT);
	chain_give(&taken);
	rig_turns(rig, 4);
	check_served(0, COUNT, COUNT);
	end_peers(COUNT);
}

Test(kafka_waiting, chunks_given_back_wake_as_many_as_they_are_enough_for)
{
	enum { COUNT = 50 };
	begin(POOL_CHUNKS);
	open_peers(COUNT);
	take_chunks(&rig->in.answers.large[ANSWER_COMMON], 0);
	for (unsigned i = 0; i < COUNT; i++) {
		call(peers[i], REPLY_BYTES);
		rig_turns(rig, 3);
	}
	uint64_t blocked = rig_stat(rig, STAT_sessions_blocked);
	for (unsigned served = 0; served < COUNT / 2; served++) {
		check_served(0, served, COUNT);
		give_chunks(1);
		rig_turns(rig, 3);
		check_served(0, served, COUNT);
		give_chunks(1);
		rig_turns(rig, 1);
		/* What was sent would be the next one's. */
		take_chunks(&rig->in.answers.large[ANSWER_COMMON], 0);
	}
	check_served(0, COUNT / 2, COUNT);
	cr_assert(rig_stat(rig, STAT_sessions_blocked) == blocked, "nobody is tried in vain");
	chain_give(&taken);
	rig_turns(rig, 3);
	end_peers(COUNT);
}

Test(kafka_waiting, a_connection_lost_in_the_line_for_chunks_leaves_it)
{
	begin(POOL_CHUNKS);
	rig_store(rig, 0, 1, 4000);
	open_peers(6);
	take_chunks(&rig->in.answers.large[ANSWER_COMMON], 0);
	for (unsigned i = 0; i < 6; i++) {
		if (i % 2)
			fetch(peers[i], ALL_BYTES);
		else
			call(peers[i], REPLY_BYTES);
		rig_turns(rig, 3);
	}
	for (unsigned i = 0; i < 4; i++)
		peer_lose(peers[i]);
	rig_turns(rig, 3);
	cr_assert(rig->in.waits.blocked == 2 &&
		  rig->in.servers[CALL_CONTROL].calls.in_use == 1);
	chain_give(&taken);
	rig_turns(rig, 4);
	check_served(4, 6, 6);
	end_peers(6);
}

Test(kafka_waiting, chunks_promised_to_a_lost_connection_go_to_the_next)
{
	begin(POOL_CHUNKS);
	open_peers(2);
	take_chunks(&rig->in.answers.large[ANSWER_COMMON], 0);
	for (unsigned i = 0; i < 2; i++) {
		call(peers[i], REPLY_BYTES);
		rig_turns(rig, 3);
	}
	give_chunks(REPLY_CHUNKS);
	peer_lose(peers[0]);
	rig_turns(rig, 1);
	cr_assert(!has_answer(0));
	cr_assert(has_answer(1) || waiting_can_admit(&rig->in), "a core that sleeps now leaves it");
	rig_turns(rig, 1);
	cr_assert(has_answer(1));
	chain_give(&taken);
	end_peers(2);
}

/* One whose peer reads nothing more goes on, too: what it was asked before is answered. */
Test(kafka_waiting, who_waits_with_an_answer_is_served_before_its_connection_is_drained)
{
	enum { REPLY, FETCH, COUNT };
	begin(POOL_CHUNKS);
	rig_store(rig, 0, 1, 4000);
	open_peers(COUNT);
	take_chunks(&rig->in.answers.large[ANSWER_COMMON], 0);
	call(peers[REPLY], REPLY_BYTES);
	fetch(peers[FETCH], ALL_BYTES);
	rig_turns(rig, 4);
	sessions_drain(&rig->in.sessions);
	rig_turns(rig, 4);
	cr_assert(!peers[REPLY]->is_closed && !peers[FETCH]->is_closed);
	chain_give(&taken);
	rig_turns(rig, 6);
	check_served(0, COUNT, COUNT);
	cr_assert(peers[REPLY]->is_closed && peers[FETCH]->is_closed);
	end_peers(COUNT);
}

/* Each holds a half of what there is in an answer begun, and waits for the other's. */
Test(kafka_waiting, of_answers_that_wait_for_each_others_chunks_one_gives_way)
{
	enum { COUNT = 2, CHUNKS = 8 };
	begin(CHUNKS);
	open_peers(COUNT);
	struct buffer request = produce_long(CHUNKS - 1);
	size_t half = request.size / 2;
	for (unsigned part = 0; part < 2; part++)
		for (unsigned i = 0; i < COUNT; i++) {
			size_t size = part ? request.size - half : half;
			peer_send(peers[i], request.data + part * half, size);
			rig_turn(rig, RIG_TIMEOUT_MS / 10);
			rig_turns(rig, 2);
		}
	check_served(0, 0, COUNT);
	cr_assert(rig->in.waits.blocked > 0);
	for (unsigned i = 0; i < 12; i++)
		rig_turn(rig, RIG_TIMEOUT_MS / 10);
	cr_assert(peers[0]->is_closed + peers[1]->is_closed == 1, "one, and one only");
	cr_assert(has_answer(0) + has_answer(1) == 1);
	cr_assert(rig_stat(rig, STAT_sessions_stuck) == 1);
	buffer_free(&request);
	end_peers(COUNT);
}

/* ---- reads ----------------------------------------------------------------------------- */

/* As many fetches as reads may be under way, and `count` that wait for one. */
static void fill_reads(struct peer **readers, unsigned count)
{
	rig_store(rig, 0, 1, 100);
	rig->hold_reads = true;
	for (unsigned i = 0; i < RIG_READS; i++) {
		readers[i] = open_peer();
		fetch(readers[i], FEW_BYTES);
		rig_turns(rig, 2);
	}
	open_peers(count);
	for (unsigned i = 0; i < count; i++) {
		fetch(peers[i], FEW_BYTES);
		rig_turns(rig, 2);
	}
	cr_assert(rig->held_count == RIG_READS);
	cr_assert(list_is_empty(&rig->in.sessions.ready) && !waiting_can_admit(&rig->in));
}

static void end_readers(struct peer **readers)
{
	for (unsigned i = 0; i < RIG_READS; i++)
		end_peer(readers[i]);
}

Test(kafka_waiting, a_read_that_comes_back_lets_the_oldest_read)
{
	enum { COUNT = 20 };
	struct peer *readers[RIG_READS];
	begin(0);
	fill_reads(readers, COUNT);
	cr_assert(rig->in.sessions.wheel.armed == 0, "no timer asks for them");
	uint64_t blocked = rig_stat(rig, STAT_sessions_blocked);
	for (unsigned i = 0; i < RIG_READS + COUNT; i++) {
		rig_release_one(rig, 0);
		rig_turns(rig, 3);
		cr_assert(rig->reads == min_u32(RIG_READS + i + 1, RIG_READS + COUNT));
		check_served(0, i < RIG_READS ? 0 : i + 1 - RIG_READS, COUNT);
	}
	cr_assert(rig_stat(rig, STAT_sessions_blocked) == blocked, "nobody is tried in vain");
	end_peers(COUNT);
	end_readers(readers);
}

Test(kafka_waiting, a_read_promised_to_a_lost_connection_goes_to_the_next)
{
	enum { COUNT = 4 };
	struct peer *readers[RIG_READS];
	begin(0);
	fill_reads(readers, COUNT);
	peer_lose(peers[1]); /* in the line */
	rig_turns(rig, 2);
	rig_release_one(rig, 0);
	peer_lose(peers[0]); /* in the very turn in which it is his */
	rig_turns(rig, 1);
	cr_assert(rig->reads == RIG_READS + 1 || waiting_can_admit(&rig->in));
	rig_turns(rig, 2);
	cr_assert(rig->reads == RIG_READS + 1);
	rig->hold_reads = false;
	rig_release(rig);
	rig_turns(rig, 4);
	check_served(2, COUNT, COUNT);
	end_peers(COUNT);
	end_readers(readers);
}

/* A read comes back, and with it the data that a parked fetch waited for. */
Test(kafka_waiting, a_fetch_that_wakes_up_goes_behind_those_who_wait_to_read)
{
	enum { OTHER_SLOT = RIG_WRITERS };
	struct peer *readers[RIG_READS];
	begin(0);
	struct peer *parked = open_peer();
	fetch_from(parked, OTHER_SLOT, FEW_BYTES);
	rig_turns(rig, 4);
	fill_reads(readers, 1);
	rig_release_one(rig, 0);
	rig_store(rig, OTHER_SLOT, 1, 10);
	rig_turns(rig, 2);
	cr_assert(rig->held_count == RIG_READS && rig->in.waits.blocked == 1);
	rig_release_one(rig, RIG_READS - 1);
	rig_turns(rig, 2);
	cr_assert(has_answer(0) && parked->sent.size == 0);
	rig_release(rig);
	rig_turns(rig, 2);
	rig_release(rig);
	rig_turns(rig, 2);
	cr_assert(parked->sent.size > 0);
	end_peer(parked);
	end_peers(1);
	end_readers(readers);
}

/* Every lane can have its watch: what is parked sleeps until one fires, or its time is over. */
Test(kafka_waiting, a_parked_fetch_has_a_watch_however_many_there_are)
{
	enum { OTHERS = PARTITIONS_MAX - RIG_SLOTS };
	begin(0);
	open_peers(1);
	rig->writers[0].outstanding[HANDOFF_WATCH] += OTHERS;
	fetch(peers[0], FEW_BYTES);
	rig_turns(rig, 4);
	unsigned reads = rig->reads;
	for (unsigned i = 0; i < 100; i++)
		rig_turn(rig, 2);
	cr_assert(rig->reads == reads, "it is looked at again and again");
	rig_store(rig, 0, 1, 10);
	rig_turns(rig, 4);
	check_served(0, 1, 1);
	rig->writers[0].outstanding[HANDOFF_WATCH] -= OTHERS;
	end_peers(1);
}

/* ---- requests -------------------------------------------------------------------------- */

Test(kafka_waiting, requests_stand_in_line_for_the_chunks_that_keep_them)
{
	enum { COUNT = 4 };
	begin(0);
	open_peers(COUNT);
	take_chunks(&rig->in.servers[CALL_CONTROL].requests, 0);
	for (unsigned i = 0; i < COUNT; i++) {
		call(peers[i], 100);
		rig_turns(rig, 3);
	}
	cr_assert(rig->in.waits.blocked == COUNT);
	rig->hold_calls = true;
	give_chunks(1);
	rig_turns(rig, 3);
	cr_assert(rig->held_count == 1 && rig->in.waits.blocked == COUNT - 1);
	peer_lose(peers[1]);
	rig_release(rig);
	rig_turns(rig, 3);
	cr_assert(has_answer(0) && rig->in.waits.blocked == 1, "%u", rig->in.waits.blocked);
	rig->hold_calls = false;
	rig_release(rig);
	chain_give(&taken);
	rig_turns(rig, 6);
	check_served(2, COUNT, COUNT);
	end_peers(COUNT);
}

/* Large requests without an end have all but what is kept for small ones. */
Test(kafka_waiting, small_requests_find_room_whatever_large_ones_hold)
{
	enum { HOLDERS = 3, SMALL = HOLDERS, LARGE, COUNT, BYTES = 1000000 };
	enum { DRIP = RIG_RATE_MIN / 5, MISSING = 20 * DRIP };
	begin(0);
	open_peers(COUNT);
	struct chunk_pool *pool = &rig->in.servers[CALL_CONTROL].requests;
	struct buffer request = call_make(KAFKA_API_METADATA, 9, BYTES);
	for (unsigned i = 0; i < HOLDERS; i++) {
		peer_send(peers[i], request.data, request.size - MISSING);
		rig_turns(rig, 2);
	}
	take_large(pool, 0);
	cr_assert(rig->in.waits.blocked == 0 && chunk_pool_left(pool) > 0);
	call(peers[SMALL], 100);
	call(peers[LARGE], 5000);
	rig_turns(rig, 3);
	cr_assert(has_answer(SMALL) && !has_answer(LARGE));
	/* Bytes in drips, though twice as many as they have to be, do not keep what others wait
	 * for. */
	for (unsigned i = 0; i < 16; i++) {
		for (unsigned k = 0; k < HOLDERS; k++)
			peer_send(peers[k], request.data, DRIP);
		rig_turn(rig, RIG_TIMEOUT_MS / 10);
	}
	rig_turns(rig, 4);
	cr_assert(has_answer(LARGE) && peers[0]->is_closed && !peers[LARGE]->is_closed);
	chain_give(&taken);
	buffer_free(&request);
	end_peers(COUNT);
}

/* As long as nobody waits they have the time that the setting gives them. */
Test(kafka_waiting, of_large_requests_that_are_half_here_one_gives_way_after_a_second)
{
	enum { HALVES = 3, LARGE = HALVES, COUNT, BYTES = 1000000, MISSING = 100 };
	begin(0);
	open_peers(COUNT);
	rig->in.settings.request_timeout_ms = 30 * RIG_TIMEOUT_MS;
	struct buffer request = call_make(KAFKA_API_METADATA, 9, BYTES);
	for (unsigned i = 0; i < HALVES; i++)
		peer_send(peers[i], request.data, request.size - MISSING * (i + 1));
	buffer_free(&request);
	rig_turns(rig, 2);
	take_large(&rig->in.servers[CALL_CONTROL].requests, 0);
	for (unsigned i = 0; i < 9; i++)
		rig_turn(rig, 100);
	call(peers[LARGE], LARGE_BYTES);
	rig_turns(rig, 3);
	cr_assert(!has_answer(LARGE) && rig_stat(rig, STAT_sessions_gave_way) == 0);
	rig_turn(rig, 100);
	rig_turns(rig, 4);
	cr_assert(has_answer(LARGE) && rig_stat(rig, STAT_sessions_gave_way) == 1);
	cr_assert(!peers[0]->is_closed && !peers[1]->is_closed && peers[2]->is_closed);
	for (unsigned i = 0; i < 20; i++)
		rig_turn(rig, 100);
	cr_assert(rig_stat(rig, STAT_sessions_gave_way) == 1, "nobody waits any more");
	chain_give(&taken);
	end_peers(COUNT);
}

Test(kafka_waiting, a_small_request_holds_nothing_before_it_is_whole)
{
	enum { COUNT = 50 };
	begin(0);
	open_peers(COUNT);
	struct buffer request = call_make(KAFKA_API_METADATA, 9, 500);
	for (unsigned i = 0; i < COUNT; i++)
		peer_send(peers[i], request.data, request.size - 1);
	rig_turns(rig, 3);
	cr_assert(rig_chunks_in_use(rig) == 0 && rig->calls == 0);
	cr_assert(peers[0]->needed == request.size - KAFKA_SIZE_BYTES);
	for (unsigned i = 0; i < COUNT; i++)
		peer_send(peers[i], request.data + request.size - 1, 1);
	rig_turns(rig, 4);
	check_served(0, COUNT, COUNT);
	cr_assert(peers[0]->needed == 0);
	buffer_free(&request);
	end_peers(COUNT);
}

/* The chunk comes back in the very turn in which somebody new wants one. */
Test(kafka_waiting, who_comes_while_requests_wait_for_chunks_goes_behind_them)
{
	enum { HOLDER, WAITER, COMER, COUNT };
	begin(0);
	open_peers(COUNT);
	take_large(&rig->in.servers[CALL_CONTROL].requests, 1);
	struct buffer request = call_make(KAFKA_API_METADATA, 9, LARGE_BYTES);
	peer_send(peers[HOLDER], request.data, request.size - 1);
	buffer_free(&request);
	rig_turns(rig, 1);
	call(peers[WAITER], LARGE_BYTES);
	rig_turns(rig, 1);
	peer_lose(peers[HOLDER]);
	call(peers[COMER], LARGE_BYTES);
	rig_turns(rig, 1);
	rig->hold_calls = true;
	rig_turns(rig, 2);
	cr_assert(rig->calls == 0 && rig->held_count == 1 && rig->in.waits.blocked == 1);
	rig->hold_calls = false;
	rig_release(rig);
	rig_turns(rig, 1);
	cr_assert(has_answer(WAITER) && !has_answer(COMER));
	chain_give(&taken);
	rig_turns(rig, 4);
	check_served(WAITER, COUNT, COUNT);
	end_peers(COUNT);
}

/* Memory comes back a chunk at a time; so many wait that a chunk does not look enough for all. */
Test(kafka_waiting, large_requests_that_go_on_slowly_do_not_give_way)
{
	enum { COUNT = 40, CHUNKS = 2 };
	begin(0);
	open_peers(COUNT);
	take_large(&rig->in.servers[CALL_CONTROL].requests, 1);
	for (unsigned i = 0; i < COUNT; i++)
		call(peers[i], CHUNKS * CHUNK_BYTES);
	for (unsigned i = 0; i < COUNT * CHUNKS; i++) {
		rig_turn(rig, 100);
		give_chunks(1);
	}
	rig_turns(rig, 4);
	check_served(0, COUNT, COUNT);
	cr_assert(rig_stat(rig, STAT_sessions_gave_way) == 0);
	chain_give(&taken);
	end_peers(COUNT);
}

/* A request that no pool can hold does not stand in the line for ever. */
Test(kafka_waiting, a_request_that_holds_all_chunks_and_needs_more_gives_way)
{
	begin(0);
	open_peers(2);
	take_large(&rig->in.servers[CALL_CONTROL].requests, 1);
	call(peers[0], 2 * CHUNK_BYTES);
	rig_turns(rig, 3);
	call(peers[1], LARGE_BYTES);
	rig_turns(rig, 3);
	check_served(0, 0, 2);
	for (unsigned i = 0; i < 11; i++)
		rig_turn(rig, RIG_TIMEOUT_MS / 10);
	rig_turns(rig, 4);
	cr_assert(peers[0]->is_closed && rig_stat(rig, STAT_sessions_gave_way) == 1);
	cr_assert(has_answer(1) && !peers[1]->is_closed);
	chain_give(&taken);
	end_peers(2);
}
