/* test_msg_produce.c - the pieces of Produce against bytes of kafka-python 2.0.2 (versions it
 * has) and bytes laid out by hand from the protocol's definition (8 and the flexible ones). */
#include "dataplane/wire/kafka/msg_produce.h"
#include "dataplane/wire/kafka/kafka_header.h"
#include "tests/unit/wire/kafka/golden.h"

struct sample {
	int version;
	const char *hex;
};

static struct bytes text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static void piece(struct cursor *c, const struct kafka_message *m, int version, void *ret)
{
	struct kafka_arena none = {0};
	cr_assert(kafka_decode(m, version, c, &none, ret) == KAFKA_DECODED_OK);
}

/* acks -1, timeout 30000, topic alpha, partition 1, the records "RECORDS". */
static const struct sample requests[] = {
	{3, "ffffffff00007530000000010005616c7068610000000100000001000000075245434f524453"},
	{7, "ffffffff00007530000000010005616c7068610000000100000001000000075245434f524453"},
	{8, "ffffffff00007530000000010005616c7068610000000100000001000000075245434f524453"},
	{9, "00ffff000075300206616c7068610200000001085245434f524453000000"},
	{11, "00ffff000075300206616c7068610200000001085245434f524453000000"},
	{12, "00ffff000075300206616c7068610200000001085245434f524453000000"},
	{13, "00ffff0000753002616c7068610000000000000000000000"
	     "0200000001085245434f524453000000"},
};

Test(msg_produce, requests_of_other_clients_are_read)
{
	for (unsigned i = 0; i < array_len(requests); i++) {
		int version = requests[i].version;
		bool is_flexible = version >= 9;
		struct golden g = golden_of(requests[i].hex);
		struct cursor c = cursor_of(g.bytes, g.size);
		struct produce_head head;
		struct produce_topic topic;
		struct produce_partition partition;
		struct produce_tags tags;
		piece(&c, &produce_request_head, version, &head);
		cr_assert(!head.transactional_id.data && head.acks == -1);
		cr_assert(head.timeout_ms == 30000);
		cr_assert(kafka_length_read(&c, is_flexible) == 1);
		piece(&c, &produce_topic, version, &topic);
		const void *name = version < 13 ? topic.name.data : topic.topic_id;
		cr_assert(topic.name.size == (version < 13 ? 5 : 0));
		cr_assert(memcmp(name, "alpha", 5) == 0);
		cr_assert(kafka_length_read(&c, is_flexible) == 1);
		piece(&c, &produce_partition, version, &partition);
		cr_assert(partition.index == 1);
		cr_assert(kafka_length_read(&c, is_flexible) == 7);
		cr_assert(memcmp(cursor_take(&c, 7), "RECORDS", 7) == 0);
		for (int k = 0; k < 3; k++)
			piece(&c, &produce_tags, version, &tags);
		cr_assert(!c.bad && cursor_left(&c) == 0, "version %d", version);
	}
}

struct answer_sample {
	int version;
	struct produce_outcome outcome;
	const char *why;
	const char *hex;
};

static const struct answer_sample answers[] = {
	{3, {.index = 1, .error_code = 3, .base_offset = -1, .log_append_time = -1}, NULL,
	 "000000010005616c70686100000001000000010003"
	 "ffffffffffffffffffffffffffffffff00000000"},
	{5, {.index = 1, .base_offset = 77, .log_append_time = -1, .log_start_offset = 5}, NULL,
	 "000000010005616c706861000000010000000100000000"
	 "00000000004dffffffffffffffff000000000000000500000000"},
	{8, {.index = 1, .error_code = 87, .base_offset = -1, .log_append_time = -1,
	     .log_start_offset = -1}, "why",
	 "000000010005616c706861000000010000000100"
	 "57ffffffffffffffffffffffffffffffffffffffffffffffff00000000000377687900000000"},
	{9, {.index = 1, .base_offset = 77, .log_append_time = -1, .log_start_offset = 5}, NULL,
	 "0206616c7068610200000001000000000000"
	 "0000004dffffffffffffffff00000000000000050100"
	 "00000000000000"},
	{11, {.index = 1, .error_code = 87, .base_offset = -1, .log_append_time = -1,
	      .log_start_offset = -1}, "why",
	 "0206616c70686102000000010057"
	 "ffffffffffffffffffffffffffffffffffffffffffffffff0104776879"
	 "00000000000000"},
};

static size_t encode_answer(const struct answer_sample *s, uint8_t *room)
{
	bool is_flexible = s->version >= 9;
	struct emitter e = emitter_of(room, GOLDEN_BYTES_MAX);
	struct produce_topic topic = {.name = text("alpha")};
	struct produce_tail tail = {0};
	struct produce_tags tags = {0};
	struct produce_outcome outcome = s->outcome;
	if (s->why)
		outcome.error_message = text(s->why);
	kafka_length_emit(&e, is_flexible, 1);
	kafka_encode(&produce_topic, s->version, &topic, &e);
	kafka_length_emit(&e, is_flexible, 1);
	kafka_encode(&produce_outcome, s->version, &outcome, &e);
	kafka_encode(&produce_tags, s->version, &tags, &e);
	kafka_encode(&produce_tail, s->version, &tail, &e);
	cr_assert(!e.bad);
	return emitter_size(&e);
}

Test(msg_produce, answers_are_what_other_clients_expect)
{
	for (unsigned i = 0; i < array_len(answers); i++) {
		uint8_t room[GOLDEN_BYTES_MAX];
		size_t size = encode_answer(&answers[i], room);
		cr_assert(golden_is(answers[i].hex, room, size), "version %d",
			  answers[i].version);
	}
}

Test(msg_produce, an_outcome_patched_in_is_one_encoded_at_once)
{
	for (int version = 3; version <= 13; version++) {
		struct produce_outcome unknown = {.index = 6, .base_offset = -1,
						  .log_append_time = -1,
						  .log_start_offset = -1};
		struct produce_outcome known = {.index = 6, .error_code = 56,
						.base_offset = 1234567890123,
						.log_append_time = -1,
						.log_start_offset = 42};
		uint8_t patched[64], whole[64], patch[PRODUCE_PATCH_BYTES_MAX];
		struct emitter p = emitter_of(patched, sizeof patched);
		struct emitter w = emitter_of(whole, sizeof whole);
		kafka_encode(&produce_outcome, version, &unknown, &p);
		kafka_encode(&produce_outcome, version, &known, &w);
		size_t size = produce_patch(patch, version, &known);
		memcpy(patched + 4, patch, size);
		cr_assert(emitter_size(&p) == emitter_size(&w));
		cr_assert(memcmp(patched, whole, emitter_size(&w)) == 0, "version %d", version);
	}
}

Test(msg_produce, the_least_bytes_are_the_least)
{
	/* An empty name and no items; an index and no records. */
	cr_assert(produce_topic_bytes_min(false) == 2 + 4);
	cr_assert(produce_topic_bytes_min(true) == 3);
	cr_assert(produce_partition_bytes_min(false) == 8);
	cr_assert(produce_partition_bytes_min(true) == 6);
}
