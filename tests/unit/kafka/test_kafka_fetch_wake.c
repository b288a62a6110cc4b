/* test_kafka_fetch_wake.c - fetches that wait: for how many bytes, and how many of them a turn
 * wakes. */
#include "dataplane/kafka/kafka_fetch.h"
#include "tests/unit/kafka/kafka_rig.h"

#include <criterion/criterion.h>

static struct fetch_read got;

TestSuite(kafka_fetch_wake, .init = rig_begin, .fini = rig_end);

Test(kafka_fetch_wake, it_waits_on_until_there_are_min_bytes)
{
	struct fetch_spec spec = {.version = 11, .min_bytes = 1000, .max_wait_ms = 60000};
	struct fetch_item item = {.topic = "alpha"};
	fetch_send(peer, &spec, &item, 1);
	rig_turns(rig, 3);
	for (int i = 0; i < 3; i++) {
		rig_store(rig, 0, 1, 200);
		rig_turns(rig, 4);
		cr_assert(!fetch_answered(peer, 11, &got), "after %d", i);
		cr_assert(rig_large_in_use(rig) == 0, "waiting, it holds no data");
	}
	rig_store(rig, 0, 1, 200);
	rig_turns(rig, 4);
	cr_assert(fetch_answered(peer, 11, &got) && got.parts[0].records.size >= 1000);
	cr_assert(fetch_is_of_log(got.parts[0].records, 0, 0));
}

/* A fast producer of small batches: what they sum up to is known without a look at them. */
Test(kafka_fetch_wake, it_reads_again_when_what_it_lacked_has_come)
{
	struct fetch_spec spec = {.version = 11, .min_bytes = 10000, .max_wait_ms = 60000};
	struct fetch_item items[] = {{.topic = "alpha"}, {.topic = "beta", .partition = 2}};
	fetch_send(peer, &spec, items, 2);
	rig_turns(rig, 3);
	size_t stored = 0;
	for (unsigned i = 0; stored < 10000; i++) {
		cr_assert(!fetch_answered(peer, 11, &got) &&
			  rig->reads <= 1, "%u reads of %zu", rig->reads,
			  stored);
		rig_store(rig, i % 2 ? 0 : 6, 1, 150);
		rig_turns(rig, 4);
		stored = rig->logs[0].bytes.size + rig->logs[6].bytes.size;
	}
	cr_assert(fetch_answered(peer, 11, &got) && rig->reads == 2, "%u", rig->reads);
	cr_assert(got.parts[0].records.size + got.parts[1].records.size == stored);
}

Test(kafka_fetch_wake, too_little_is_returned_when_the_time_is_over)
{
	struct fetch_spec spec = {.version = 11, .min_bytes = 100000, .max_wait_ms = 300};
	struct fetch_item item = {.topic = "alpha"};
	fetch_send(peer, &spec, &item, 1);
	rig_turns(rig, 3);
	rig_store(rig, 0, 1, 200);
	rig_turns(rig, 3);
	cr_assert(!fetch_answered(peer, 11, &got));
	rig_turn(rig, 400);
	rig_turns(rig, 3);
	cr_assert(fetch_answered(peer, 11, &got) && got.parts[0].records.size > 200);
}

Test(kafka_fetch_wake, many_waiters_share_one_watch_and_all_wake)
{
	struct peer *peers[8];
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_wait_ms = 60000};
	struct fetch_item item = {.topic = "alpha"};
	for (unsigned i = 0; i < 8; i++) {
		peers[i] = open_peer();
		fetch_send(peers[i], &spec, &item, 1);
		rig_turns(rig, 3);
	}
	unsigned watches = 0;
	list_for_each(node, &rig->logs[0].watches)
		watches++;
	cr_assert(watches == 1);
	rig_store(rig, 0, 1, 10);
	rig_turns(rig, 4);
	for (unsigned i = 0; i < 8; i++) {
		cr_assert(fetch_answered(peers[i], 11, &got) &&
			  got.parts[0].records.size > 0);
		end_peer(peers[i]);
	}
}

static unsigned parked_fetches(void)
{
	unsigned count = 0;
	uint32_t index = 0;
	for (const struct fetch *f; (f = slab_next(&rig->in.reading.fetches, &index));)
		count += f->state == FETCH_PARKED;
	return count;
}

/* Who comes meanwhile waits for what is newer, and is not forgotten. */
Test(kafka_fetch_wake, a_turn_wakes_so_many_waiters_and_the_next_goes_on)
{
	enum { WAITERS = FETCH_WAKES_PER_TURN + 20 };
	struct peer *peers[WAITERS];
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_wait_ms = 60000};
	struct fetch_item item = {.topic = "alpha"};
	for (unsigned i = 0; i < WAITERS; i++) {
		peers[i] = open_peer();
		fetch_send(peers[i], &spec, &item, 1);
		rig_turns(rig, 3);
	}
	cr_assert(parked_fetches() == WAITERS);
	rig_store(rig, 0, 1, 10);
	struct fetch_item next = {.topic = "alpha", .offset = 1};
	fetch_send(peer, &spec, &next, 1);
	rig_turn(rig, 0);
	cr_assert(parked_fetches() == WAITERS - FETCH_WAKES_PER_TURN + 1, "%u",
		  parked_fetches());
	cr_assert(!list_is_empty(&rig->in.reading.waking));
	rig_turn(rig, 0);
	cr_assert(parked_fetches() == 1 && list_is_empty(&rig->in.reading.waking));
	rig_turns(rig, 4);
	for (unsigned i = 0; i < WAITERS; i++) {
		cr_assert(fetch_answered(peers[i], 11, &got) &&
			  got.parts[0].records.size > 0);
		end_peer(peers[i]);
	}
	rig_store(rig, 0, 1, 10);
	rig_turns(rig, 4);
	cr_assert(fetch_answered(peer, 11, &got) && got.parts[0].records.size > 0);
}

/* Some leave between two turns, others come. */
Test(kafka_fetch_wake, who_goes_before_it_is_woken_is_not_waited_for)
{
	enum { WAITERS = FETCH_WAKES_PER_TURN + 20 };
	struct peer *peers[WAITERS];
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_wait_ms = 60000};
	struct fetch_item item = {.topic = "alpha"}, later = {.topic = "alpha", .offset = 1};
	for (unsigned i = 0; i < WAITERS; i++) {
		peers[i] = open_peer();
		fetch_send(peers[i], &spec, &item, 1);
		rig_turns(rig, 3);
	}
	rig_store(rig, 0, 1, 10);
	for (unsigned i = FETCH_WAKES_PER_TURN; i < WAITERS; i++)
		peer_lose(peers[i]);
	fetch_send(peer, &spec, &later, 1);
	rig_turn(rig, 0);
	cr_assert(!list_is_empty(&rig->in.reading.waking) && parked_fetches() == 1);
	rig_turns(rig, 4);
	cr_assert(list_is_empty(&rig->in.reading.waking) && parked_fetches() == 1);
	rig_store(rig, 0, 1, 10);
	rig_turns(rig, 4);
	cr_assert(fetch_answered(peer, 11, &got) && got.parts[0].records.size > 0);
	for (unsigned i = 0; i < WAITERS; i++)
		end_peer(peers[i]);
}

Test(kafka_fetch_wake, waiters_for_later_data_are_watched_after_the_earlier_ones)
{
	struct peer *late = open_peer();
	struct fetch_spec few = {.version = 11, .min_bytes = 1, .max_wait_ms = 60000};
	struct fetch_spec many = {.version = 11, .min_bytes = 5000, .max_wait_ms = 60000};
	struct fetch_item item = {.topic = "alpha"};
	fetch_send(late, &many, &item, 1);
	rig_turns(rig, 3);
	rig_store(rig, 0, 1, 2000);
	rig_turns(rig, 4);
	struct fetch_item next = {.topic = "alpha", .offset = 1};
	fetch_send(peer, &few, &next, 1);
	rig_turns(rig, 3);
	rig_store(rig, 0, 1, 2000);
	rig_turns(rig, 4);
	cr_assert(fetch_answered(peer, 11, &got) && !fetch_answered(late, 11, &got));
	rig_store(rig, 0, 1, 2000);
	rig_turns(rig, 4);
	cr_assert(fetch_answered(late, 11, &got) && got.parts[0].records.size > 6000);
	end_peer(late);
}

Test(kafka_fetch_wake, what_came_while_other_partitions_were_read_is_not_missed)
{
	struct peer *early = open_peer();
	struct fetch_spec spec = {.version = 11, .min_bytes = 200, .max_wait_ms = 60000};
	struct fetch_item items[] = {{.topic = "alpha"}, {.topic = "alpha", .partition = 1}};
	rig_store(rig, 1, 1, 10);
	rig->hold_reads = true;
	fetch_send(early, &spec, items, 2); /* partition 0 is empty, and 1 has too little */
	rig_turns(rig, 2);
	cr_assert(rig->held_count == 1);
	rig->hold_reads = false;
	rig_store(rig, 0, 1, 150);
	struct fetch_item next = {.topic = "alpha", .offset = 1};
	fetch_send(peer, &spec, &next, 1);
	rig_turns(rig, 3); /* its watch begins behind what the first one waits for */
	rig_release(rig);
	rig_turns(rig, 6);
	cr_assert(fetch_answered(early, 11, &got) && got.with_records == 2);
	cr_assert(!fetch_answered(peer, 11, &got));
	end_peer(early);
}
