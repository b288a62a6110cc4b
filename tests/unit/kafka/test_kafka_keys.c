/* test_kafka_keys.c - records without a key, for topics that are compacted and for others. */
#include "tests/unit/kafka/kafka_rig.h"

#include <criterion/criterion.h>

static void begin(void)
{
	rig_begin();
	rig->topics->topics[0].log.cleanup_policy = CLEANUP_COMPACT;
}

TestSuite(kafka_keys, .init = begin, .fini = rig_end);

enum { VERSION = 9 };

static struct record_batch_header *head_of(struct buffer *b)
{
	return (void *)b->data;
}

/* Three records; those whose bit is set have a key, of no bytes where that is 8. */
static struct buffer keyed(unsigned with)
{
	struct buffer b = {0};
	struct record_batch_header h;
	record_batch_build(&h, 3, wall(), wall());
	buffer_add(&b, &h, sizeof h);
	for (int32_t i = 0; i < 3; i++) {
		uint8_t room[64];
		struct record_view v = {.offset_delta = i, .value = {(const uint8_t *)"v", 1}};
		if (with & 1u << i)
			v.key = (struct bytes){(const uint8_t *)"key", with & 8 ? 0 : 3};
		record_put(room, &v);
		buffer_add(&b, room, record_bytes(&v));
	}
	record_batch_set_size(head_of(&b), (uint32_t)b.size);
	batch_seal(&b);
	return b;
}

static struct produce_outcome outcome_of(struct buffer *give, struct bytes *ret)
{
	struct produce_outcome o;
	struct buffer request = request_of(VERSION, -1, 0, give);
	send_all(peer, &request);
	rig_turns(rig, 2);
	*ret = peer_answer(peer);
	cr_assert(ret->data && produce_read(VERSION, *ret, &o, 1) == 1);
	return o;
}

Test(kafka_keys, a_compacted_topic_takes_records_with_keys_only_and_names_the_first_without)
{
	for (unsigned with = 0; with < 16; with++) {
		struct bytes answer;
		struct buffer batch = keyed(with);
		unsigned before = rig->appends;
		struct produce_outcome o = outcome_of(&batch, &answer);
		bool is_good = (with & 7) == 7;
		cr_assert(o.error_code == (is_good ? 0 : KAFKA_ERROR_INVALID_RECORD), "%u", with);
		cr_assert(rig->appends == before + is_good);
		cr_assert(o.record_errors.count == (is_good ? 0 : 1));
		if (!is_good) {
			const struct produce_record_error *e = o.record_errors.items;
			static const char words[] =
				"Compacted topic cannot accept message without key";
			cr_assert(e->batch_index == __builtin_ctz(~with), "%d", e->batch_index);
			cr_assert(e->message.size == strlen(words) &&
				  memcmp(e->message.data, words, e->message.size) == 0);
			cr_assert(o.log_start_offset == 0);
		}
		peer_answer_done(peer, answer);
	}
}

Test(kafka_keys, any_other_topic_takes_all)
{
	struct bytes answer;
	struct buffer batch = keyed(0);
	rig->topics->topics[0].log.cleanup_policy = CLEANUP_DELETE;
	cr_assert(outcome_of(&batch, &answer).error_code == 0);
	peer_answer_done(peer, answer);
	batch = keyed(3);
	rig->topics->topics[0].log.cleanup_policy = CLEANUP_DELETE | CLEANUP_COMPACT;
	cr_assert(outcome_of(&batch, &answer).error_code == KAFKA_ERROR_INVALID_RECORD);
	peer_answer_done(peer, answer);
}

/* Its records are seen when it is opened: by the writer, and whatever produce.inspect says. */
Test(kafka_keys, a_compressed_batch_is_opened_for_its_keys)
{
	for (unsigned policy = CLEANUP_COMPACT; policy <= 3; policy++)
		for (unsigned inspect = INSPECT_RECORDS; inspect <= INSPECT_HEADERS; inspect++) {
			struct buffer batch = batch_make(3, 40, wall());
			head_of(&batch)->attributes = be16_of(RECORD_CODEC_GZIP);
			batch_seal(&batch);
			rig->topics->topics[0].log.cleanup_policy = (uint8_t)policy;
			rig->in.settings.produce_inspect = (uint8_t)inspect;
			struct buffer request = request_of(VERSION, -1, 0, &batch);
			rig->hold_appends = true;
			send_all(peer, &request);
			rig_turns(rig, 2);
			cr_assert(rig->held_count == 1);
			const struct append_msg *a =
				container_of(rig->held[0], struct append_msg, msg);
			bool is_compacted = policy & CLEANUP_COMPACT;
			bool is_opened = is_compacted || inspect == INSPECT_RECORDS;
			cr_assert(a->asks_keys == is_compacted);
			cr_assert((a->codec == RECORD_CODEC_GZIP) == is_opened);
			cr_assert((a->kind == CREDIT_PACKED) == is_opened);
			rig->hold_appends = false;
			rig_release(rig);
			rig_turns(rig, 2);
			cr_assert(next_error(VERSION) == 0);
		}
}
