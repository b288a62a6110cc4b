/* test_kafka_credit.c - produce requests under back-pressure: who waits for credit, answers and
 * waiters, and who goes on when some come back. */
#include "tests/unit/kafka/kafka_rig.h"

#include <criterion/criterion.h>

TestSuite(kafka_credit, .fini = rig_end);

enum { ITEMS = 16, PARTITIONS = 4 };

/* A request for `count` batches of one record; PARTITIONS of them are for partitions there are. */
static struct buffer request_make(struct produce_item items[ITEMS], unsigned count)
{
	struct produce_spec spec = {.version = 7, .acks = -1};
	for (unsigned i = 0; i < count; i++)
		items[i] = (struct produce_item){.topic = "alpha",
						 .partition = (int32_t)i,
						 .records = batch_make(1, 10, wall())};
	return produce_make(&spec, items, count);
}

static void items_free(struct produce_item *items, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		buffer_free(&items[i].records);
}

enum { HALF_BYTES = 6000 };

/* The first HALF_BYTES of a request for one batch that is larger than that; the whole of it. */
static struct buffer send_half(struct peer *from, int32_t partition)
{
	struct buffer batch = batch_make(1, 15000, wall());
	struct buffer request = request_of(7, -1, partition, &batch);
	peer_send(from, request.data, HALF_BYTES);
	rig_turns(rig, 1);
	return request;
}

Test(kafka_credit, a_session_without_credit_stops_reading_and_goes_on_when_it_returns)
{
	struct rig_options options = {.writer_credit_bytes = 20000};
	rig = rig_create(&options);
	peer = open_peer();
	rig->hold_appends = true;
	for (int i = 0; i < 6; i++)
		send_batch(peer, 0, 1, 9000);
	rig_turns(rig, 3);
	cr_assert(rig->held_count == 2, "%u batches", rig->held_count);
	cr_assert(stream_readable(&peer->stream) > 18000);
	cr_assert(rig_stat(rig, STAT_sessions_blocked) > 0);
	for (unsigned done = 2; done < 6; done++) {
		rig_release_one(rig, 0);
		rig_turns(rig, 3);
		cr_assert(rig->held_count == 2 && rig->appends == done + 1);
	}
	rig_release(rig);
	rig_turns(rig, 3);
	for (int i = 0; i < 6; i++)
		cr_assert(next_error(7) == 0);
	end_peer(peer);
}

Test(kafka_credit, many_halves_of_batches_all_come_to_their_end)
{
	struct rig_options options = {.writer_credit_bytes = 32768};
	rig = rig_create(&options);
	struct peer *peers[16];
	struct buffer requests[16];
	for (unsigned i = 0; i < 16; i++) {
		peers[i] = open_peer();
		requests[i] = send_half(peers[i], (int32_t)(i % 4));
	}
	for (unsigned i = 0; i < 16; i++) {
		peer_send(peers[i], requests[i].data + HALF_BYTES, requests[i].size - HALF_BYTES);
		buffer_free(&requests[i]);
	}
	rig_turns(rig, 60);
	cr_assert(rig_stat(rig, STAT_records_stored) == 16);
	for (unsigned i = 0; i < 16; i++)
		end_peer(peers[i]);
}

Test(kafka_credit, a_batch_that_no_memory_is_kept_for_is_refused_whatever_its_topic_allows)
{
	struct rig_options options = {.lane_credit_bytes = 65536};
	rig = rig_create(&options);
	rig->topics->topics[0].log.message_bytes_max = 1 << 20;
	peer = open_peer();
	/* It would hold all credit of its partition, and wait for more for ever. */
	send_batch(peer, 0, 10, 12000);
	rig_turns(rig, 4);
	cr_assert(next_error(7) == KAFKA_ERROR_MESSAGE_TOO_LARGE);
	end_peer(peer);
}

Test(kafka_credit, an_answer_without_memory_for_its_outcome_ends_with_its_connection)
{
	struct rig_options options = {.answers_max = 64, .answer_chunks = 1};
	rig = rig_create(&options);
	peer = open_peer();
	struct chain taken = {0};
	owners_name(&rig->in.answers.owners, STREAM_TABLE_PLACES - 1, 1);
	while (chunk_pool_left(&rig->in.answers.small) > 1)
		chain_push(&taken, chunk_take(&rig->in.answers.small));
	chain_push(&taken, chunk_take(&rig->in.answers.large[ANSWER_COMMON]));
	struct produce_item items[ITEMS];
	struct buffer request = request_make(items, ITEMS);
	send_all(peer, &request);
	rig_turns(rig, 4);
	cr_assert(rig->appends == PARTITIONS && rig_stat(rig, STAT_sessions_blocked) == 1,
		  "it waits for memory");
	end_peer(peer);
	chain_give(&taken);
	cr_assert(rig->in.answers.slab.in_use == 0 && rig->in.answers.waiters.in_use == 0);
	items_free(items, ITEMS);
}

Test(kafka_credit, other_partitions_get_what_one_gives_back)
{
	struct rig_options options = {.writer_credit_bytes = 32768};
	rig = rig_create(&options);
	struct peer *slow = open_peer(), *stuck = open_peer(), *fast = open_peer();
	rig->hold_appends = true;
	/* The slow peer's batch stays incomplete, and holds nothing that the others need. */
	struct buffer slow_request = send_half(slow, 2);
	for (int i = 0; i < 2; i++)
		send_batch(stuck, 0, 1, 11000);
	rig_turns(rig, 2);
	send_batch(fast, 2, 1, 11000);
	rig_turns(rig, 2);
	cr_assert(rig->held_count == 2);
	/* Partition 2 has nothing at its writer: only another's completion can wake it. */
	rig_release_one(rig, 0);
	rig_turns(rig, 3);
	cr_assert(rig->appends == 3, "the session of partition 2 sleeps on");
	buffer_free(&slow_request);
	rig_release(rig);
	end_peer(slow);
	end_peer(stuck);
	end_peer(fast);
}

Test(kafka_credit, a_writer_that_gives_nothing_back_holds_up_its_own_partitions_only)
{
	struct rig_options options = {.writer_credit_bytes = 20000};
	rig = rig_create(&options);
	struct peer *stuck = open_peer(), *other = open_peer();
	rig->hold_appends = true;
	for (int i = 0; i < 6; i++)
		send_batch(stuck, 0, 1, 9000);
	rig_turns(rig, 3);
	cr_assert(rig->held_count == 2 && stream_readable(&stuck->stream) > 18000);
	rig->hold_appends = false;
	for (int i = 0; i < 6; i++)
		send_batch(other, 1, 1, 6000);
	rig_turns(rig, 8);
	cr_assert(rig_stat(rig, STAT_records_stored) == 6 && rig->held_count == 2);
	rig_release(rig);
	rig_turns(rig, 8);
	cr_assert(rig_stat(rig, STAT_records_stored) == 12);
	end_peer(stuck);
	end_peer(other);
}

Test(kafka_credit, a_request_waits_for_answers_and_waiters_that_are_used_up)
{
	struct rig_options options = {.answers_max = 2};
	rig = rig_create(&options);
	peer = open_peer();
	rig->hold_appends = true;
	for (int i = 0; i < 3; i++) {
		struct produce_item items[ITEMS];
		struct buffer request = request_make(items, PARTITIONS);
		send_all(peer, &request);
		items_free(items, PARTITIONS);
	}
	for (unsigned turn = 0; turn < 200; turn++) {
		rig_turns(rig, 1);
		if (turn % 3 == 0 && rig->held_count > 0)
			rig_release_one(rig, 0);
	}
	struct produce_outcome o[4];
	for (int i = 0; i < 3; i++) {
		struct bytes answer = peer_answer(peer);
		cr_assert(answer.data && produce_read(7, answer, o, 4) == 4);
		for (int k = 0; k < 4; k++)
			cr_assert(o[k].error_code == 0 && o[k].base_offset == i);
		peer_answer_done(peer, answer);
	}
	end_peer(peer);
}

/* Of zstd, as its header says; a writer would have to open it. */
static void send_packed(struct peer *from)
{
	struct buffer batch = batch_make(1, 11000, wall());
	((struct record_batch_header *)batch.data)->attributes = be16_of(RECORD_CODEC_ZSTD);
	batch_seal(&batch);
	struct buffer request = request_of(7, -1, 0, &batch);
	send_all(from, &request);
}

/* How many of six such batches come to a writer that gives nothing back. */
static unsigned hold_packed(struct peer *from)
{
	rig->hold_appends = true;
	for (int i = 0; i < 6; i++)
		send_packed(from);
	rig_turns(rig, 8);
	cr_assert(rig->held_count > 0 && rig->held_count < 6, "%u wait at the writer",
		  rig->held_count);
	return rig->held_count;
}

static void let_all_go(unsigned appends)
{
	rig->hold_appends = false;
	rig_release(rig);
	rig_turns(rig, 20);
	cr_assert(rig->appends == appends);
}

/* A batch that is not compressed comes when they wait: so many more come to the writer. */
static unsigned send_plain_behind_packed(void)
{
	struct peer *packed = open_peer();
	peer = open_peer();
	unsigned held = hold_packed(packed);
	send_batch(peer, 0, 1, 9000);
	rig_turns(rig, 8);
	unsigned more = rig->held_count - held;
	let_all_go(7);
	end_peer(packed);
	end_peer(peer);
	return more;
}

/* However slowly a writer opens what there is of them, others of their partition go on. */
Test(kafka_credit, batches_that_are_opened_first_have_credit_of_their_own)
{
	struct rig_options options = {.writer_credit_bytes = 32768};
	rig = rig_create(&options);
	cr_assert(send_plain_behind_packed() == 1);
}

static struct peer *open_peer_of(uint8_t host)
{
	struct peer *p = open_peer();
	p->stream.peer.address.octets[15] = host;
	return p;
}

static bool is_held_of(uint8_t host)
{
	struct address a = {.octets = {[15] = host}};
	for (unsigned i = 0; i < rig->held_count; i++) {
		const struct append_msg *m = container_of(rig->held[i], struct append_msg, msg);
		if (m->source == address_source(&a))
			return true;
	}
	return false;
}

/* However many connections of one wait. */
Test(kafka_credit, sources_take_turns_for_the_credit_of_batches_that_are_opened)
{
	enum { MANY = 6, ONE_HOST = 1, OTHER = 2 };
	struct rig_options options = {.writer_credit_bytes = 32768};
	rig = rig_create(&options);
	struct peer *many[MANY];
	rig->hold_appends = true;
	for (unsigned i = 0; i < MANY; i++)
		send_packed(many[i] = open_peer_of(ONE_HOST));
	rig_turns(rig, 8);
	unsigned held = rig->held_count;
	cr_assert(held > 0 && held < MANY - 1);
	struct peer *other = open_peer_of(OTHER);
	send_packed(other);
	rig_turns(rig, 8);
	cr_assert(!is_held_of(OTHER));
	for (unsigned i = 0; i < 2; i++) {
		rig_release_one(rig, 0);
		rig_turns(rig, 3);
	}
	cr_assert(is_held_of(OTHER), "behind the one that came first");
	let_all_go(MANY + 1);
	for (unsigned i = 0; i < MANY; i++)
		end_peer(many[i]);
	end_peer(other);
}

Test(kafka_credit, batches_that_are_not_opened_have_the_credit_of_all)
{
	struct rig_options options = {.writer_credit_bytes = 32768};
	rig = rig_create(&options);
	rig->in.settings.produce_inspect = INSPECT_HEADERS;
	cr_assert(send_plain_behind_packed() == 0);
}
