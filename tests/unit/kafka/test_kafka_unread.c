/* test_kafka_unread.c - peers who do not take the answers they asked for: what they hold, who finds
 * memory beside them, and when they give theirs back. */
#include "tests/unit/kafka/kafka_rig.h"
#include "dataplane/session/answer_room.h"

#include <criterion/criterion.h>

enum { PEERS = 16, POOL_CHUNKS = 60, HOLDERS = 3, REGION_CHUNKS = 64 };
enum { BATCH_BYTES = 60000, HELD_CHUNKS = 16, SMALL_REPLY_BYTES = 5000 };
enum { SHUT_MS = 250, OPEN_MS = 2000 };

static struct peer *peers[PEERS];

TestSuite(kafka_unread, .fini = rig_end);

static void begin(uint32_t region_chunks)
{
	struct rig_options options = {.answer_chunks = POOL_CHUNKS,
				      .region_chunks = region_chunks,
				      .answers_max = 64};
	rig = rig_create(&options);
	rig_store(rig, 0, 1, BATCH_BYTES);
	for (unsigned i = 0; i < PEERS; i++)
		peers[i] = open_peer();
}

static void end(void)
{
	for (unsigned i = 0; i < PEERS; i++)
		end_peer(peers[i]);
}

static void ask(struct peer *p)
{
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_wait_ms = 60000};
	struct fetch_item item = {.topic = "alpha", .bytes_max = 1 << 20};
	fetch_send(p, &spec, &item, 1);
}

static void fetch(struct peer *p)
{
	ask(p);
	rig_turns(rig, 6);
}

static void fetch_deaf(struct peer *p, bool is_shut)
{
	p->is_deaf = true;
	p->is_shut = is_shut;
	fetch(p);
}

/* Peers 0 to HOLDERS - 1 hold so much that there is not enough for one more. */
static void fill(bool is_shut)
{
	for (unsigned i = 0; i < HOLDERS; i++) {
		fetch_deaf(peers[i], is_shut);
		cr_assert(peers[i]->unread.size > BATCH_BYTES, "%u", i);
	}
	uint32_t left = answer_large_left(&rig->in.answers, ANSWER_COMMON);
	cr_assert(left < HELD_CHUNKS, "%u", left);
}

/* What is left of the region is somebody else's, whom nobody knows. */
static void take_all(struct chain *ret, enum answer_region region)
{
	struct answers *as = &rig->in.answers;
	owners_name(&as->owners, STREAM_TABLE_PLACES - 1, 1);
	while (answer_large_left(as, region) > 0)
		chain_push(ret, chunk_take(&as->large[region]));
}

/* In steps of a look. */
static void pass(uint32_t ms)
{
	for (; ms >= 10; ms -= 10)
		rig_turn(rig, 10);
	rig_turns(rig, 6);
}

static unsigned resets(void)
{
	unsigned count = 0;
	for (unsigned i = 0; i < PEERS; i++)
		count += peers[i]->is_reset;
	return count;
}

/* ---- while others wait ----------------------------------------------------------------- */

Test(kafka_unread, who_stopped_long_ago_gives_way_as_soon_as_somebody_waits)
{
	begin(0);
	fill(true);
	pass(5000);
	cr_assert(resets() == 0, "nobody waits");
	fetch(peers[HOLDERS]);
	cr_assert(peer_is_answered(peers[HOLDERS]));
	cr_assert(resets() == 1 && rig_stat(rig, STAT_sessions_read_last) == 1,
		  "no more than it takes");
	end();
}

Test(kafka_unread, who_has_just_stopped_gives_way_within_a_fraction_of_a_second)
{
	begin(0);
	fill(true);
	fetch(peers[HOLDERS]);
	pass(SHUT_MS - 50);
	cr_assert(resets() == 0 && peers[HOLDERS]->sent.size == 0);
	pass(100);
	cr_assert(resets() == 1 && peer_is_answered(peers[HOLDERS]));
	end();
}

Test(kafka_unread, a_peer_whose_window_is_open_has_time_for_losses)
{
	begin(0);
	fill(false);
	fetch(peers[HOLDERS]);
	pass(OPEN_MS - 50);
	cr_assert(resets() == 0);
	pass(100);
	cr_assert(resets() == 1 && peer_is_answered(peers[HOLDERS]));
	end();
}

/* Of those who stopped together. */
Test(kafka_unread, the_slowest_with_the_most_gives_way_first)
{
	begin(0);
	fill(true);
	peer_takes(peers[0], 30000);
	peer_takes(peers[2], 10000);
	struct chain taken = {0};
	take_all(&taken, ANSWER_COMMON);
	for (unsigned i = 0; i < 4; i++)
		fetch(peers[HOLDERS + i]);
	for (unsigned i = 0; i < 40 && resets() == 0; i++)
		rig_turn(rig, 10);
	cr_assert(peers[1]->is_reset && resets() == 1);
	rig_turn(rig, 10);
	cr_assert(peers[2]->is_reset && resets() == 2);
	chain_give(&taken);
	end();
}

/* A few bytes now and then are no progress: what is left would take hours. */
Test(kafka_unread, drips_do_not_keep_what_others_wait_for)
{
	begin(0);
	fill(true);
	fetch(peers[HOLDERS]);
	for (unsigned ms = 0; ms < 2 * SHUT_MS && resets() == 0; ms += 50) {
		for (unsigned i = 0; i < HOLDERS; i++)
			peer_takes(peers[i], 3);
		pass(50);
	}
	cr_assert(resets() == 1 && peer_is_answered(peers[HOLDERS]));
	end();
}

/* Through within the stall timeout, which is ten seconds. */
Test(kafka_unread, who_reads_slowly_but_is_soon_through_keeps_his_connection)
{
	enum { STEP_MS = 100, STEP_BYTES = 900 };
	begin(0);
	fill(true);
	fetch(peers[HOLDERS]);
	for (unsigned ms = 0; ms < 8000; ms += STEP_MS) {
		for (unsigned i = 0; i < HOLDERS; i++)
			peer_takes(peers[i], STEP_BYTES);
		pass(STEP_MS);
	}
	cr_assert(resets() == 0);
	cr_assert(peer_is_answered(peers[HOLDERS]), "they have given some back");
	end();
}

/* He asks again and again, and holds little: what he has would be through in time. */
Test(kafka_unread, who_is_below_the_least_rate_while_others_wait_ends_after_a_stall_timeout)
{
	enum { STEP_MS = 200, STEP_BYTES = 120, BODY_BYTES = 100, BEGIN = 36 };
	struct chain taken = {0};
	begin(0);
	take_all(&taken, ANSWER_COMMON);
	fetch(peers[1]);
	struct buffer request = call_make(KAFKA_API_METADATA, 9, BODY_BYTES);
	peers[0]->is_deaf = true;
	for (unsigned i = 0; i < BEGIN; i++)
		peer_send(peers[0], request.data, request.size);
	rig_turns(rig, 4 * BEGIN);
	for (unsigned ms = 0; ms < RIG_ANSWER_TIMEOUT_MS - 2 * STEP_MS; ms += STEP_MS) {
		peer_send(peers[0], request.data, request.size);
		pass(STEP_MS);
		peer_takes(peers[0], STEP_BYTES);
	}
	cr_assert(resets() == 0);
	pass(4 * STEP_MS);
	cr_assert(peers[0]->is_reset && rig_stat(rig, STAT_sessions_read_slowly) == 1);
	chain_give(&taken);
	buffer_free(&request);
	end();
}

/* ---- while nobody does ----------------------------------------------------------------- */

Test(kafka_unread, who_takes_nothing_for_a_stall_timeout_ends_though_nobody_waits)
{
	begin(0);
	fetch_deaf(peers[0], true);
	pass(RIG_ANSWER_TIMEOUT_MS - 1000);
	cr_assert(resets() == 0);
	pass(4000);
	cr_assert(peers[0]->is_reset && rig_stat(rig, STAT_sessions_unread) == 1);
	cr_assert(rig->in.answers.large[ANSWER_COMMON].in_use == 0);
	end();
}

Test(kafka_unread, who_takes_a_little_keeps_his_connection_while_nobody_waits)
{
	begin(0);
	fetch_deaf(peers[0], true);
	for (unsigned ms = 0; ms < 4 * RIG_ANSWER_TIMEOUT_MS; ms += 1000) {
		peer_takes(peers[0], 10);
		pass(1000);
	}
	cr_assert(resets() == 0);
	end();
}

/* ---- behind its end -------------------------------------------------------------------- */

Test(kafka_unread, a_session_stays_behind_a_fin_until_its_long_answer_is_taken)
{
	begin(0);
	peers[0]->is_deaf = true;
	fetch(peers[0]);
	peer_end(peers[0]);
	pass(1000);
	cr_assert(!peers[0]->is_closed);
	peer_takes(peers[0], 30000);
	pass(100);
	cr_assert(!peers[0]->is_closed);
	peer_takes(peers[0], SIZE_MAX);
	pass(10);
	cr_assert(peers[0]->is_closed && !peers[0]->is_reset);
	end();
}

Test(kafka_unread, who_sent_a_fin_gives_way_too)
{
	begin(0);
	fill(true);
	for (unsigned i = 0; i < HOLDERS; i++)
		peer_end(peers[i]);
	pass(1000);
	fetch(peers[HOLDERS]);
	cr_assert(resets() == 1 && peer_is_answered(peers[HOLDERS]));
	end();
}

Test(kafka_unread, who_is_closed_for_his_faults_does_not_keep_what_he_has_not_taken)
{
	static const uint8_t nonsense[8] = {0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff};
	begin(0);
	fetch_deaf(peers[0], true);
	session_abort(peers[0]->stream.session);
	pass(10);
	cr_assert(peers[0]->is_reset && rig->in.answers.large[ANSWER_COMMON].in_use == 0);
	fetch_deaf(peers[1], true);
	peer_send(peers[1], nonsense, sizeof nonsense);
	pass(10);
	cr_assert(!peers[1]->is_closed, "what he was owed he may still take");
	pass(RIG_ANSWER_TIMEOUT_MS + 3000);
	cr_assert(peers[1]->is_reset && rig->in.answers.large[ANSWER_COMMON].in_use == 0);
	end();
}

/* ---- regions --------------------------------------------------------------------------- */

static void name_source(struct peer *p, uint8_t last)
{
	p->stream.peer.address = (struct address){{[10] = 0xff, 0xff, 10, 0, 0, last}};
}

Test(kafka_unread, a_small_answer_finds_room_beside_those_who_do_not_read)
{
	struct chain taken = {0};
	begin(REGION_CHUNKS);
	take_all(&taken, ANSWER_COMMON);
	struct buffer request = call_make(KAFKA_API_METADATA, 9, SMALL_REPLY_BYTES);
	send_all(peers[HOLDERS], &request);
	rig_turns(rig, 4);
	cr_assert(peer_is_answered(peers[HOLDERS]) && resets() == 0);
	chain_give(&taken);
	end();
}

/* All of one address; then one of another. */
Test(kafka_unread, a_source_that_holds_little_finds_room_beside_one_that_holds_all)
{
	begin(REGION_CHUNKS);
	for (unsigned i = 0; i < PEERS; i++)
		name_source(peers[i], 1);
	name_source(peers[PEERS - 1], 2);
	unsigned holding = 0;
	for (unsigned i = 0; i < PEERS - 1; i++) {
		fetch_deaf(peers[i], true);
		holding += peers[i]->unread.size > 0;
	}
	cr_assert(holding > HOLDERS && holding < PEERS - 1, "%u", holding);
	cr_assert(rig->in.answers.large[ANSWER_SOURCE].in_use == 0);
	fetch(peers[PEERS - 1]);
	cr_assert(peer_is_answered(peers[PEERS - 1]) && resets() == 0);
	end();
}

/* Each of an address of its own; of one that was reset another connection comes, behind who is
 * new. */
Test(kafka_unread, a_source_that_left_its_answers_unread_is_no_small_source_for_a_while)
{
	struct chain taken = {0};
	begin(REGION_CHUNKS);
	take_all(&taken, ANSWER_COMMON);
	for (unsigned i = 0; i < PEERS; i++)
		name_source(peers[i], (uint8_t)(i + 1));
	for (unsigned i = 0; i < PEERS - 2; i++)
		fetch_deaf(peers[i], true);
	for (unsigned i = 0; i < 200 && !peers[0]->is_reset; i++)
		rig_turn(rig, 10);
	cr_assert(peers[0]->is_reset);
	struct peer *again = peers[PEERS - 2], *newcomer = peers[PEERS - 1];
	name_source(again, 1);
	struct answers *as = &rig->in.answers;
	answer_charge(as, again->stream.session);
	uint32_t now_ms = (uint32_t)(rig->in.now.ns / 1000000);
	cr_assert(unread_has_fault(&as->unread, owners_source(&as->owners), now_ms));
	cr_assert(!unread_has_fault(&as->unread, owners_source(&as->owners), now_ms + 11000));
	take_all(&taken, ANSWER_SMALL);
	take_all(&taken, ANSWER_SOURCE);
	ask(again);
	ask(newcomer);
	rig_turn(rig, 0);
	cr_assert(again->stream.session->waits_for == WAIT_LARGE + ANSWER_SMALL);
	cr_assert(newcomer->stream.session->waits_for == WAIT_LARGE + ANSWER_SOURCE);
	chain_give(&taken);
	rig_turns(rig, 20);
	end();
}

/* All of one address: who has taken a long answer before finds room, who has not waits. */
Test(kafka_unread, who_has_read_before_finds_room_beside_those_who_never_do)
{
	begin(REGION_CHUNKS);
	struct peer *known = peers[PEERS - 1], *stranger = peers[PEERS - 2];
	fetch(known);
	cr_assert(peer_is_answered(known));
	for (unsigned i = 0; i < PEERS - 2; i++)
		fetch_deaf(peers[i], true);
	fetch(stranger);
	cr_assert(stranger->sent.size == 0 && resets() == 0);
	fetch(known);
	cr_assert(peer_is_answered(known) && resets() == 0);
	cr_assert(unread_taken(&rig->in.answers.unread, known->stream.session) > 2 * BATCH_BYTES);
	end();
}

Test(kafka_unread, chunks_are_charged_to_their_connection_until_they_are_taken)
{
	begin(0);
	const struct answers *as = &rig->in.answers;
	fetch_deaf(peers[0], true);
	fetch_deaf(peers[1], true);
	uint32_t held = answer_bytes_held(as, peers[0]->stream.session);
	cr_assert(held >= BATCH_BYTES && held < BATCH_BYTES + 4 * CHUNK_BYTES, "%u", held);
	cr_assert(answer_bytes_held(as, peers[1]->stream.session) == held);
	peer_takes(peers[0], SIZE_MAX);
	cr_assert(answer_bytes_held(as, peers[0]->stream.session) == 0);
	cr_assert(answer_bytes_held(as, peers[1]->stream.session) == held);
	end();
}

/* ---- many small ones ------------------------------------------------------------------- */

/* Of 64 small chunks: one connection that reads none of its answers stops being read before there
 * are none for others, and goes on when it has taken them. */
Test(kafka_unread, many_small_answers_that_are_not_read_leave_some_for_others)
{
	enum { REQUESTS = 200, BODY_BYTES = 100 };
	begin(0);
	peers[0]->is_deaf = true;
	struct buffer request = call_make(KAFKA_API_METADATA, 9, BODY_BYTES);
	for (unsigned i = 0; i < REQUESTS; i++)
		peer_send(peers[0], request.data, request.size);
	rig_turns(rig, 4 * REQUESTS);
	cr_assert(answer_chunks_left(&rig->in.answers) >= 64 / 4 - 1);
	size_t left = peers[0]->arrived.size - peers[0]->consumed;
	cr_assert(left > 0 && resets() == 0);
	peer_send(peers[1], request.data, request.size);
	rig_turns(rig, 4);
	cr_assert(peer_is_answered(peers[1]));
	peer_takes(peers[0], SIZE_MAX);
	rig_turns(rig, 4 * REQUESTS);
	cr_assert(peers[0]->arrived.size - peers[0]->consumed < left);
	buffer_free(&request);
	end();
}
