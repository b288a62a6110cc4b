/* test_msg_fetch.c - the pieces of Fetch against bytes of kafka-python 2.0.2 (versions it has)
 * and bytes laid out by hand from the protocol's definition (12 and above). */
#include "dataplane/wire/kafka/msg_fetch.h"
#include "dataplane/wire/kafka/kafka_header.h"
#include "tests/unit/wire/kafka/golden.h"

struct sample {
	int version;
	const char *hex;
};

static alignas(16) uint8_t memory[1024];

static void piece(struct cursor *c, const struct kafka_message *m, int version, void *ret)
{
	struct kafka_arena arena = kafka_arena_of(memory, sizeof memory);
	cr_assert(kafka_decode(m, version, c, &arena, ret) == KAFKA_DECODED_OK, "%s %d",
		  m->name, version);
}

/* Consumer, 500 ms, 1 to 1 MiB, read committed; alpha, partition 2 from 9, 4096 bytes. */
static const struct sample requests[] = {
	{4, "ffffffff000001f4000000010010000001000000010005616c706861000000010000000200000000"
	    "0000000900001000"},
	{5, "ffffffff000001f4000000010010000001000000010005616c706861000000010000000200000000"
	    "00000009ffffffffffffffff00001000"},
	{7, "ffffffff000001f400000001001000000100000000ffffffff000000010005616c70686100000001"
	    "000000020000000000000009ffffffffffffffff0000100000000000"},
	{9, "ffffffff000001f400000001001000000100000000ffffffff000000010005616c70686100000001"
	    "00000002000000000000000000000009ffffffffffffffff0000100000000000"},
	{11, "ffffffff000001f400000001001000000100000000ffffffff000000010005616c70686100000001"
	     "00000002000000000000000000000009ffffffffffffffff000010000000000000047261636b"},
	/* With a forgotten topic, the rack, and the cluster id as tag 0. */
	{12, "ffffffff000001f400000001001000000100000000ffffffff0206616c70686102"
	     "00000002000000000000000000000009ffffffffffffffffffffffff000010000000"
	     "020562657461020000000700057261636b0100040363696b"},
	/* By ids. */
	{13, "ffffffff000001f400000001001000000100000000ffffffff02a000000000000000000000000000"
	     "00610200000002000000000000000000000009ffffffffffffffffffffffff00001000000002a000"
	     "0000000000000000000000000062020000000700057261636b00"},
	/* ReplicaState, tag 1: nobody's, epoch 5. */
	{15, "000001f400000001001000000100000000ffffffff02a00000000000000000000000000000610200"
	     "000002000000000000000000000009ffffffffffffffffffffffff00001000000002a00000000000"
	     "00000000000000000062020000000700057261636b01010dffffffff000000000000000500"},
	/* The directory of the replica, tag 0, and the watermark that it knows, tag 1. */
	{18, "000001f400000001001000000100000000ffffffff02a00000000000000000000000000000610200"
	     "000002000000000000000000000009ffffffffffffffffffffffff00001000020010001122334455"
	     "66778899aabbccddeeff01087fffffffffffffff0002a00000000000000000000000000000620200"
	     "00000700057261636b00"},
};

static void read_forgotten(struct cursor *c, int version)
{
	struct fetch_topic topic;
	struct fetch_tags tags;
	if (version < FETCH_SESSIONS_SINCE)
		return;
	int64_t topics = kafka_length_read(c, version >= 12);
	cr_assert(topics == (version >= 12 ? 1 : 0));
	if (topics == 0)
		return;
	piece(c, &fetch_topic, version, &topic);
	cr_assert(version == 12 ? topic.name.size == 4 : topic.topic_id[15] == 'b');
	cr_assert(kafka_length_read(c, true) == 1 && cursor_u32(c) == 7);
	piece(c, &fetch_tags, version, &tags);
}

Test(msg_fetch, requests_of_other_clients_are_read)
{
	for (unsigned i = 0; i < array_len(requests); i++) {
		int version = requests[i].version;
		bool is_flexible = version >= 12;
		struct golden g = golden_of(requests[i].hex);
		struct cursor c = cursor_of(g.bytes, g.size);
		struct fetch_head head;
		struct fetch_topic topic;
		struct fetch_partition p;
		struct fetch_tags tags;
		struct fetch_tail tail;
		piece(&c, &fetch_request_head, version, &head);
		cr_assert(head.replica_id == FETCH_CONSUMER && head.max_wait_ms == 500);
		cr_assert(head.min_bytes == 1 && head.max_bytes == 1 << 20);
		cr_assert(head.isolation_level == FETCH_READ_COMMITTED);
		cr_assert(head.session_epoch == FETCH_SESSION_EPOCH_FINAL);
		cr_assert(kafka_length_read(&c, is_flexible) == 1);
		piece(&c, &fetch_topic, version, &topic);
		if (version >= FETCH_IDS_SINCE)
			cr_assert(topic.topic_id[0] == 0xa0 && topic.topic_id[15] == 'a');
		else
			cr_assert(topic.name.size == 5 &&
				  memcmp(topic.name.data, "alpha", 5) == 0);
		cr_assert(kafka_length_read(&c, is_flexible) == 1);
		piece(&c, &fetch_partition, version, &p);
		cr_assert(p.partition == 2 && p.fetch_offset == 9);
		cr_assert(p.partition_max_bytes == 4096);
		cr_assert(p.current_leader_epoch == (version >= 9 ? 0 : -1));
		piece(&c, &fetch_tags, version, &tags);
		read_forgotten(&c, version);
		piece(&c, &fetch_request_tail, version, &tail);
		cr_assert(!c.bad && cursor_left(&c) == 0, "version %d", version);
		cr_assert(tail.rack_id.size == (version >= 11 ? 4 : 0));
		cr_assert(tail.replica_id == FETCH_CONSUMER);
	}
}

static const struct sample answers[] = {
	{4, "00000000000000010005616c706861000000010000000200000000000000000009000000000000"
	    "0009ffffffff000000024142"},
	{5, "00000000000000010005616c706861000000010000000200000000000000000009000000000000"
	    "00090000000000000003ffffffff000000024142"},
	{7, "00000000000000000000000000010005616c70686100000001000000020000000000000000000900"
	    "000000000000090000000000000003ffffffff000000024142"},
	{11, "00000000000000000000000000010005616c7068610000000100000002000000000000000000090"
	     "0000000000000090000000000000003ffffffffffffffff000000024142"},
	{12, "000000000000000000000206616c70686102000000020000000000000000000900000000000000"
	     "09000000000000000300ffffffff034142000000"},
	{13, "0000000000000000000002a000000000000000000000000000006102000000020000000000000000"
	     "00090000000000000009000000000000000300ffffffff034142000000"},
	{18, "0000000000000000000002a000000000000000000000000000006102000000020000000000000000"
	     "00090000000000000009000000000000000300ffffffff034142000000"},
};

Test(msg_fetch, answers_are_what_other_clients_expect)
{
	for (unsigned i = 0; i < array_len(answers); i++) {
		int version = answers[i].version;
		bool is_flexible = version >= 12;
		uint8_t room[GOLDEN_BYTES_MAX];
		struct emitter e = emitter_of(room, sizeof room);
		struct fetch_answer_head head = {0};
		struct fetch_topic topic = {.name = {(const uint8_t *)"alpha", 5},
					    .topic_id = {0xa0, [15] = 'a'}};
		struct fetch_result result = {.partition = 2, .high_watermark = 9,
					      .last_stable_offset = 9, .log_start_offset = 3,
					      .aborted.count = -1,
					      .preferred_read_replica = FETCH_NO_REPLICA};
		struct fetch_tags tags = {0};
		kafka_encode(&fetch_answer_head, version, &head, &e);
		kafka_length_emit(&e, is_flexible, 1);
		kafka_encode(&fetch_topic, version, &topic, &e);
		kafka_length_emit(&e, is_flexible, 1);
		kafka_encode(&fetch_result, version, &result, &e);
		kafka_length_emit(&e, is_flexible, 2);
		emit_bytes(&e, "AB", 2);
		for (int k = 0; k < 3; k++)
			kafka_encode(&fetch_tags, version, &tags, &e);
		cr_assert(!e.bad);
		cr_assert(golden_is(answers[i].hex, room, emitter_size(&e)), "version %d",
			  version);
	}
}

Test(msg_fetch, the_least_bytes_of_a_partition_follow_the_version)
{
	cr_assert(fetch_partition_bytes_min(4, false) == 4 + 8 + 4);
	cr_assert(fetch_partition_bytes_min(5, false) == 4 + 8 + 8 + 4);
	cr_assert(fetch_partition_bytes_min(9, false) == 4 + 4 + 8 + 8 + 4);
	cr_assert(fetch_topic_bytes_min(11) == 2 + 4 && fetch_topic_bytes_min(12) == 3);
	cr_assert(fetch_topic_bytes_min(13) == 16 + 1 + 1);
	cr_assert(fetch_partition_bytes_min(12, true) == 4 + 4 + 8 + 4 + 8 + 4 + 1);
}
