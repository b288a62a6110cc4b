/* test_kafka_idle.c - connections on which nothing is asked: closed after a time, and not before
 * it. */
#include "tests/unit/kafka/kafka_rig.h"

#include <criterion/criterion.h>

enum { IDLE_MS = 10 * RIG_TIMEOUT_MS };

static void idle_begin(void)
{
	rig_begin();
	rig->in.sessions.idle_ms = IDLE_MS;
	end_peer(peer);
	peer = open_peer();
}

TestSuite(kafka_idle, .init = idle_begin, .fini = rig_end);

static void pass(uint64_t ms)
{
	for (; ms > 0; ms -= min_u64(ms, 100))
		rig_turn(rig, min_u64(ms, 100));
	rig_turns(rig, 5);
}

static void ask(void)
{
	struct buffer request = call_make(KAFKA_API_METADATA, 9, 10);
	send_all(peer, &request);
	rig_turns(rig, 3);
	cr_assert(peer_is_answered(peer));
}

static bool is_closed_in_order(void)
{
	return peer->is_closed && !peer->is_reset;
}

Test(kafka_idle, who_asks_nothing_is_closed)
{
	pass(IDLE_MS - 100);
	cr_assert(!peer->is_closed);
	pass(200);
	cr_assert(is_closed_in_order() && rig_stat(rig, STAT_sessions_idle) == 1);
}

Test(kafka_idle, each_request_begins_the_time_anew)
{
	for (unsigned i = 0; i < 5; i++) {
		pass(IDLE_MS * 6 / 10);
		cr_assert(!peer->is_closed);
		ask();
	}
	pass(IDLE_MS - 200);
	cr_assert(!peer->is_closed);
	pass(300);
	cr_assert(is_closed_in_order());
}

Test(kafka_idle, who_waits_for_an_answer_is_not_idle)
{
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_wait_ms = 3 * IDLE_MS};
	struct fetch_item item = {.topic = "alpha"};
	struct buffer request = fetch_make(&spec, &item, 1);
	send_all(peer, &request);
	pass(3 * IDLE_MS - 200);
	cr_assert(!peer->is_closed && rig->in.reading.fetches.in_use == 1);
	pass(500);
	cr_assert(peer_answer(peer).data && !peer->is_closed);
	pass(IDLE_MS - 500);
	cr_assert(!peer->is_closed);
	pass(600);
	cr_assert(is_closed_in_order());
}

Test(kafka_idle, who_waits_for_his_records_is_not_idle)
{
	rig->hold_appends = true;
	send_batch(peer, 0, 3, 100);
	pass(3 * IDLE_MS);
	cr_assert(!peer->is_closed);
	rig_release(rig);
	rig_turns(rig, 3);
	cr_assert(peer_answer(peer).data && !peer->is_closed);
	pass(IDLE_MS + 200);
	cr_assert(is_closed_in_order());
}

/* The timer of the silence, which is longer, must not stand in for that of the request. */
Test(kafka_idle, half_a_request_has_its_own_time)
{
	static const uint8_t half[] = {0, 0, 0};
	ask();
	pass(500);
	peer_send(peer, half, sizeof half);
	pass(RIG_TIMEOUT_MS - 100);
	cr_assert(!peer->is_closed);
	pass(300);
	cr_assert(peer->is_closed && rig_stat(rig, STAT_sessions_idle) == 0);
}
