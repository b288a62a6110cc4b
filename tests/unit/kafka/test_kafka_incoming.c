/* test_kafka_incoming.c - batches that are not whole: what they hold, whom they keep waiting, who
 * of them gives way. */
#include "tests/unit/kafka/kafka_rig.h"

#include <criterion/criterion.h>

/* 16 chunks of credit; the common region has 21, of them 8 chunk by chunk. A batch has 4. */
enum { CREDIT_BYTES = 65536, BATCH_BYTES = 15000, MISSING_BYTES = 1000, ATTACKERS = 30 };

static struct peer *attackers[ATTACKERS];
static struct buffer request;

static struct buffer request_make(int32_t partition, size_t value_bytes)
{
	struct buffer batch = batch_make(1, value_bytes, wall());
	return request_of(7, -1, partition, &batch);
}

static void setup(void)
{
	struct rig_options options = {.writer_credit_bytes = CREDIT_BYTES};
	rig = rig_create(&options);
	request = request_make(0, BATCH_BYTES);
	peer = open_peer();
}

static void teardown(void)
{
	end_peer(peer);
	buffer_free(&request);
	rig_end();
}

TestSuite(kafka_incoming, .init = setup, .fini = teardown);

/* Each sends all of a batch but for its end. */
static void attack(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		attackers[i] = open_peer();
		peer_send(attackers[i], request.data, request.size - MISSING_BYTES);
	}
	rig_turns(rig, 4);
}

static unsigned attackers_left(unsigned count)
{
	unsigned left = 0;
	for (unsigned i = 0; i < count; i++)
		left += !attackers[i]->is_closed;
	return left;
}

static void end_attack(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		end_peer(attackers[i]);
}

Test(kafka_incoming, halves_of_batches_hold_no_credit_and_no_appends)
{
	attack(ATTACKERS);
	cr_assert(rig->in.batching.appends.in_use == 0);
	cr_assert(rig->in.batching.lanes.reserved[0][CREDIT_BATCHES] == 0);
	end_attack(ATTACKERS);
}

Test(kafka_incoming, halves_of_batches_do_not_keep_small_ones_waiting)
{
	attack(ATTACKERS);
	cr_assert(rig->in.waits.blocked > 0, "the common memory is full");
	for (int i = 0; i < 20; i++)
		send_batch(peer, i % 4, 1, 100);
	rig_turns(rig, 4);
	cr_assert(rig_stat(rig, STAT_records_stored) == 20);
	cr_assert(attackers_left(ATTACKERS) == ATTACKERS);
	end_attack(ATTACKERS);
}

Test(kafka_incoming, who_is_slow_gives_way_to_who_waits)
{
	attack(ATTACKERS);
	struct peer *large = open_peer();
	send_all(large, &request);
	request = request_make(0, BATCH_BYTES);
	rig_turns(rig, 2);
	cr_assert(rig_stat(rig, STAT_records_stored) == 0, "it waits, too");
	for (unsigned i = 0; i < 100; i++)
		rig_turn(rig, 100);
	rig_turns(rig, ATTACKERS);
	cr_assert(rig_stat(rig, STAT_records_stored) == 1);
	cr_assert(rig_stat(rig, STAT_sessions_gave_way) > 0 && !large->is_closed);
	end_peer(large);
	end_attack(ATTACKERS);
}

Test(kafka_incoming, nobody_gives_way_while_nobody_waits)
{
	attack(2);
	cr_assert(rig->in.waits.blocked == 0);
	for (unsigned i = 0; i < 9; i++)
		rig_turn(rig, 100);
	cr_assert(attackers_left(2) == 2);
	end_attack(2);
}

/* Their memory is no use to who waits for credit. */
Test(kafka_incoming, nobody_gives_way_to_who_waits_for_something_else)
{
	attack(2);
	rig->hold_appends = true;
	for (int i = 0; i < 6; i++)
		send_batch(peer, 0, 1, BATCH_BYTES);
	rig_turns(rig, 3);
	cr_assert(rig->held_count == 4 && rig->in.waits.blocked == 1);
	for (unsigned i = 0; i < 12; i++)
		rig_turn(rig, 100);
	cr_assert(rig_stat(rig, STAT_sessions_gave_way) == 0);
	rig->hold_appends = false;
	rig_release(rig);
	rig_turns(rig, 6);
	end_attack(2);
}

/* All credit is on its way: what is whole waits, and its peer can do nothing about it. */
Test(kafka_incoming, whom_we_keep_waiting_is_not_slow)
{
	rig->hold_appends = true;
	for (int i = 0; i < 6; i++)
		send_batch(peer, 0, 1, BATCH_BYTES);
	rig_turns(rig, 3);
	cr_assert(rig->held_count == 4 && rig->in.waits.blocked == 1);
	for (int i = 0; i < 5; i++) {
		rig_turn(rig, RIG_TIMEOUT_MS);
		rig_turns(rig, 2);
	}
	cr_assert(!peer->is_closed);
	rig->hold_appends = false;
	rig_release(rig);
	rig_turns(rig, 6);
	cr_assert(rig_stat(rig, STAT_records_stored) == 6);
}

Test(kafka_incoming, a_batch_that_comes_after_its_topic_has_gone_is_refused)
{
	peer_send(peer, request.data, request.size - MISSING_BYTES);
	rig_turns(rig, 2);
	topics_free(rig->topics);
	struct topics *none = topics_build(NULL, 0, 9);
	rig->topics = none;
	rig->in.topics = none;
	peer_send(peer, request.data + request.size - MISSING_BYTES, MISSING_BYTES);
	rig_turns(rig, 3);
	cr_assert(next_error(7) == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
}
