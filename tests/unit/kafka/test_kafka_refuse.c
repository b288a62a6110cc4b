/* test_kafka_refuse.c - every fault of a batch has Kafka's error and spares its neighbours. */
#include "tests/unit/kafka/kafka_rig.h"

#include <criterion/criterion.h>

TestSuite(kafka_refuse, .init = rig_begin, .fini = rig_end);

struct row {
	const char *name;
	void (*change)(struct buffer *b);
	int16_t error;
	enum stat_id stat;
	int version;
};

static struct record_batch_header *head_of(struct buffer *b)
{
	return (void *)b->data;
}

static void two_batches(struct buffer *b)
{
	struct buffer other = batch_make(1, 10, wall());
	buffer_add(b, other.data, other.size);
	buffer_free(&other);
}

static void trailing_byte(struct buffer *b)
{
	buffer_add(b, "", 1);
}

static void set_codec(struct buffer *b, unsigned codec)
{
	head_of(b)->attributes = be16_of((uint16_t)codec);
	batch_seal(b);
}

static void set_zstd(struct buffer *b)
{
	set_codec(b, RECORD_CODEC_ZSTD);
}

static void set_codec_5(struct buffer *b)
{
	set_codec(b, 5);
}

static void set_base_offset(struct buffer *b)
{
	head_of(b)->base_offset = be64_of(7);
}

static void grow(struct buffer *b)
{
	buffer_free(b);
	*b = batch_make(3, 7000, wall());
}

static void cut_to_nothing(struct buffer *b)
{
	b->size = 0;
}

static void flip_last_bit(struct buffer *b)
{
	b->data[b->size - 1] ^= 1;
}

static void flip_count_bit(struct buffer *b)
{
	head_of(b)->count = be32_of(3 ^ 1);
}

static void set_count(struct buffer *b, uint32_t count)
{
	head_of(b)->count = be32_of(count);
	batch_seal(b);
}

static void count_4(struct buffer *b)
{
	set_count(b, 4);
}

static void count_0(struct buffer *b)
{
	head_of(b)->last_offset_delta = be32_of(UINT32_MAX);
	set_count(b, 0);
}

static void count_4_and_delta(struct buffer *b)
{
	head_of(b)->last_offset_delta = be32_of(3);
	set_count(b, 4);
}

static void count_2_and_delta(struct buffer *b)
{
	head_of(b)->last_offset_delta = be32_of(1);
	set_count(b, 2);
}

static void break_record(struct buffer *b)
{
	b->data[RECORD_BATCH_HEADER_BYTES] = 0x7f; /* size -64 */
	batch_seal(b);
}

static void set_producer_without_sequence(struct buffer *b)
{
	head_of(b)->producer_id = be64_of(12);
	batch_seal(b);
}

static void in_two_hours(struct buffer *b)
{
	head_of(b)->base_timestamp = be64_of((uint64_t)(wall() + 7200000));
	batch_seal(b);
}

static void append_time_without_time(struct buffer *b)
{
	head_of(b)->max_timestamp = be64_of(UINT64_MAX);
	set_codec(b, RECORD_BATCH_LOG_APPEND_TIME);
}

static const struct row rows[] = {
	{"no bytes", cut_to_nothing, 87, STAT_record_reject_invalid, 0},
	{"two batches", two_batches, 87, STAT_record_reject_invalid, 0},
	{"a byte too many", trailing_byte, 87, STAT_record_reject_invalid, 0},
	{"zstd before 7", set_zstd, 76, STAT_record_reject_codec, 6},
	{"base offset", set_base_offset, 87, STAT_record_reject_invalid, 0},
	{"max.message.bytes", grow, 10, STAT_record_reject_too_large, 0},
	{"CRC", flip_last_bit, 2, STAT_record_reject_crc, 0},
	{"count broken on the way", flip_count_bit, 2, STAT_record_reject_crc, 0},
	{"codec 5", set_codec_5, 76, STAT_record_reject_codec, 0},
	{"count is not the range", count_4, 87, STAT_record_reject_invalid, 0},
	{"count 0", count_0, 87, STAT_record_reject_invalid, 0},
	{"producer without sequence", set_producer_without_sequence, 87,
	 STAT_record_reject_invalid, 0},
	{"more records claimed", count_4_and_delta, 87, STAT_record_reject_invalid, 0},
	{"fewer records claimed", count_2_and_delta, 87, STAT_record_reject_invalid, 0},
	{"record size", break_record, 87, STAT_record_reject_invalid, 0},
	{"two hours ahead", in_two_hours, 32, STAT_record_reject_timestamp, 0},
	{"LogAppendTime without", append_time_without_time, 32, STAT_record_reject_timestamp, 0},
};

/* Each refused batch travels between two good ones, which are stored. */
Test(kafka_refuse, each_fault_has_kafkas_error_and_spares_its_neighbours)
{
	for (unsigned i = 0; i < array_len(rows); i++) {
		const struct row *row = &rows[i];
		struct produce_spec spec = {.version = row->version ? row->version : 9,
					    .acks = -1};
		struct produce_outcome o[3];
		struct produce_item items[3];
		uint64_t refused = rig_stat(rig, row->stat);
		uint64_t stored = rig_stat(rig, STAT_records_stored);
		for (int k = 0; k < 3; k++)
			items[k] = (struct produce_item){.topic = "alpha", .partition = k,
							 .records = batch_make(3, 30, wall())};
		row->change(&items[1].records);
		struct buffer request = produce_make(&spec, items, 3);
		send_all(peer, &request);
		rig_turns(rig, 3);
		struct bytes answer = peer_answer(peer);
		cr_assert(answer.data, "%s: no answer", row->name);
		cr_assert(produce_read(spec.version, answer, o, 3) == 3);
		cr_assert(o[0].error_code == 0 && o[2].error_code == 0, "%s", row->name);
		cr_assert(o[1].error_code == row->error, "%s: %d", row->name, o[1].error_code);
		cr_assert(o[1].base_offset == -1);
		peer_answer_done(peer, answer);
		bool any = items[1].records.size > 0;
		cr_assert((rig_stat(rig, row->stat) > refused) == any, "%s", row->name);
		cr_assert(rig_stat(rig, STAT_records_stored) == stored + 6, "%s", row->name);
		cr_assert(ledger_in_flight(&rig->in.stats, LEDGER_record) == 0);
		for (int k = 0; k < 3; k++)
			buffer_free(&items[k].records);
	}
	cr_assert(rig->in.batching.lanes.batch_pool.in_use == 0);
}

Test(kafka_refuse, a_batch_of_exactly_max_message_bytes_is_stored)
{
	struct buffer probe = batch_make(1, RIG_MESSAGE_BYTES_MAX / 2, wall());
	size_t value = RIG_MESSAGE_BYTES_MAX - (probe.size - RIG_MESSAGE_BYTES_MAX / 2);
	buffer_free(&probe);
	for (size_t over = 0; over < 2; over++) {
		struct buffer batch = batch_make(1, value + over, wall());
		cr_assert(batch.size == RIG_MESSAGE_BYTES_MAX + over);
		struct buffer request = request_of(7, -1, 0, &batch);
		send_all(peer, &request);
		rig_turns(rig, 3);
		cr_assert(next_error(7) == (over ? KAFKA_ERROR_MESSAGE_TOO_LARGE : 0));
	}
}

Test(kafka_refuse, a_request_of_exactly_socket_request_max_bytes_is_taken)
{
	struct buffer batch = batch_make(3, 900, wall());
	struct buffer request = request_of(7, -1, 0, &batch);
	rig->in.settings.request_bytes_max = (uint32_t)request.size - KAFKA_SIZE_BYTES;
	peer_send(peer, request.data, request.size);
	rig_turns(rig, 3);
	cr_assert(next_error(7) == 0 && !peer->is_closed);
	rig->in.settings.request_bytes_max--;
	send_all(peer, &request);
	rig_turns(rig, 3);
	cr_assert(peer->is_closed && rig->appends == 1);
	cr_assert(rig_stat(rig, STAT_frame_reject_request) == 1);
}

static struct append_msg *hold_batch(struct buffer *give)
{
	struct buffer request = request_of(7, -1, 0, give);
	rig->hold_appends = true;
	send_all(peer, &request);
	rig_turns(rig, 2);
	rig->hold_appends = false;
	cr_assert(rig->held_count == 1);
	return container_of(rig->held[0], struct append_msg, msg);
}

/* What it holds only the writer will know: until then it is one record. */
Test(kafka_refuse, a_compressed_batch_is_left_to_the_writer_with_its_bounds)
{
	rig->topics->topics[0].options.timestamp_before_max_ms = 5000;
	for (unsigned codec = 0; codec < RECORD_CODECS; codec++) {
		uint64_t before = rig_stat(rig, STAT_records_received);
		struct buffer batch = batch_make(3, 40, wall());
		set_codec(&batch, codec);
		struct append_msg *a = hold_batch(&batch);
		cr_assert(a->codec == codec && a->records == (codec ? 1 : 3));
		cr_assert(!codec || (a->time_min == wall() - 5000 && a->time_max > wall()));
		cr_assert(rig_stat(rig, STAT_records_received) == before + a->records);
		rig_release(rig);
		rig_turns(rig, 2);
		cr_assert(next_error(7) == 0);
		cr_assert(rig_stat(rig, STAT_records_received) == before + 3);
		cr_assert(rig_stat(rig, STAT_records_stored) == 3 * (codec + 1));
	}
}

Test(kafka_refuse, what_the_writer_finds_has_its_end_in_the_ledger)
{
	static const struct {
		int16_t error;
		enum stat_id stat;
	} cases[] = {{KAFKA_ERROR_INVALID_RECORD, STAT_record_reject_invalid},
		     {KAFKA_ERROR_INVALID_TIMESTAMP, STAT_record_reject_timestamp},
		     {KAFKA_ERROR_MESSAGE_TOO_LARGE, STAT_record_reject_too_large},
		     {KAFKA_ERROR_OUT_OF_ORDER_SEQUENCE_NUMBER, STAT_record_reject_sequence}};
	for (unsigned i = 0; i < array_len(cases); i++) {
		struct buffer batch = batch_make(3, 40, wall());
		set_codec(&batch, RECORD_CODEC_ZSTD);
		rig->append_error = cases[i].error;
		struct buffer request = request_of(7, -1, 0, &batch);
		send_all(peer, &request);
		rig_turns(rig, 3);
		cr_assert(next_error(7) == cases[i].error);
		cr_assert(rig_stat(rig, cases[i].stat) == 1);
		cr_assert(ledger_in_flight(&rig->in.stats, LEDGER_record) == 0);
	}
}

/* penstock.produce.inspect=headers: what cannot be true is refused, the rest is believed. */
Test(kafka_refuse, headers_that_cannot_be_true_are_refused_unopened)
{
	static const struct {
		const char *name;
		uint32_t count; /* 0: 3 */
		int64_t base, latest; /* from now */
		int16_t error;
	} cases[] = {
		{"as it should be", 0, 0, 5, 0},
		{"as many as it could open to", 100000, 0, 5, 0},
		{"a million records", 1000000, 0, 5, KAFKA_ERROR_INVALID_RECORD},
		{"more than any stream holds", INT32_MAX, 0, 5, KAFKA_ERROR_INVALID_RECORD},
		{"latest before base", 0, 5, 4, KAFKA_ERROR_INVALID_TIMESTAMP},
		{"base in 1970", 0, -1000000, 0, KAFKA_ERROR_INVALID_TIMESTAMP},
		{"latest in two hours", 0, 0, 7200000, KAFKA_ERROR_INVALID_TIMESTAMP},
	};
	rig->in.settings.produce_inspect = INSPECT_HEADERS;
	rig->topics->topics[0].options.timestamp_before_max_ms = 5000;
	for (unsigned i = 0; i < array_len(cases); i++) {
		uint32_t count = cases[i].count ? cases[i].count : 3;
		uint64_t stored = rig_stat(rig, STAT_records_stored);
		struct buffer batch = batch_make(3, 4000, wall());
		head_of(&batch)->count = be32_of(count);
		head_of(&batch)->last_offset_delta = be32_of(count - 1);
		head_of(&batch)->base_timestamp = be64_of((uint64_t)(wall() + cases[i].base));
		head_of(&batch)->max_timestamp = be64_of((uint64_t)(wall() + cases[i].latest));
		set_codec(&batch, RECORD_CODEC_GZIP);
		struct buffer request = request_of(7, -1, 0, &batch);
		send_all(peer, &request);
		rig_turns(rig, 3);
		cr_assert(next_error(7) == cases[i].error, "%s", cases[i].name);
		cr_assert(rig_stat(rig, STAT_records_stored) ==
			  stored + (cases[i].error ? 0 : count), "%s", cases[i].name);
		cr_assert(ledger_in_flight(&rig->in.stats, LEDGER_record) == 0);
	}
}

/* zstd may be so dense that 459 kB claim all offsets of a segment: 16,384 of those would be all
 * the segments that a log may have. */
Test(kafka_refuse, no_batch_claims_the_offsets_of_a_segment)
{
	rig->in.settings.produce_inspect = INSPECT_HEADERS;
	for (unsigned codec = 1; codec < RECORD_CODECS; codec++) {
		struct buffer batch = batch_make(1, 4000, wall());
		uint32_t opened = (uint32_t)batch.size * RECORD_BATCH_OPEN_RATIO_MAX;
		uint32_t most = opened / RECORD_BYTES_MIN;
		head_of(&batch)->count = be32_of(most + 1);
		head_of(&batch)->last_offset_delta = be32_of(most);
		set_codec(&batch, codec);
		struct buffer request = request_of(7, -1, 0, &batch);
		send_all(peer, &request);
		rig_turns(rig, 3);
		int16_t error = next_error(7);
		cr_assert(error == KAFKA_ERROR_INVALID_RECORD, "codec %u: %d", codec, error);
	}
	cr_assert(rig->appends == 0);
}

Test(kafka_refuse, the_append_time_bit_is_cleared_and_the_crc_made_anew)
{
	struct buffer batch = batch_make(2, 40, wall());
	set_codec(&batch, RECORD_BATCH_LOG_APPEND_TIME);
	struct buffer request = request_of(7, -1, 0, &batch);
	send_all(peer, &request);
	rig_turns(rig, 2);
	cr_assert(next_error(7) == 0);
	const struct record_batch_header *h = record_batch_header_of(rig->logs[0].bytes.data);
	cr_assert(be16_get(h->attributes) == 0);
}

/* Sarama before 1.45 leaves -1; who claims 2^62 would be the latest for ever. With the
 * LogAppendTime bit the claim is judged, and then gives way, too. */
Test(kafka_refuse, the_latest_time_is_what_the_records_say)
{
	static const struct {
		int64_t claimed; /* 0: some time within the topic's bounds */
		unsigned attributes;
	} cases[] = {{-1, 0}, {(int64_t)1 << 62, 0}, {1, 0}, {0, RECORD_BATCH_LOG_APPEND_TIME}};
	for (unsigned i = 0; i < array_len(cases); i++) {
		struct buffer batch = batch_make(2, 40, wall() - 77), stored = {0};
		int64_t claimed = cases[i].claimed ? cases[i].claimed : wall();
		head_of(&batch)->max_timestamp = be64_of((uint64_t)claimed);
		set_codec(&batch, cases[i].attributes);
		size_t size = batch.size, from = rig->logs[0].bytes.size;
		struct buffer request = request_of(7, -1, 0, &batch);
		send_all(peer, &request);
		rig_turns(rig, 2);
		cr_assert(next_error(7) == 0);
		buffer_add(&stored, rig->logs[0].bytes.data + from, size);
		cr_assert(record_batch_max_timestamp(head_of(&stored)) == wall() - 77, "%u", i);
		cr_assert(record_batch_check_all(stored.data, size) == RECORD_BATCH_GOOD);
		buffer_free(&stored);
	}
}

/* The bit is cleared: what the records say would count from then on. */
Test(kafka_refuse, append_time_does_not_hide_what_the_records_say)
{
	struct buffer batch = batch_make(2, 40, wall() + 7200000);
	head_of(&batch)->max_timestamp = be64_of((uint64_t)wall());
	set_codec(&batch, RECORD_BATCH_LOG_APPEND_TIME);
	struct buffer request = request_of(7, -1, 0, &batch);
	send_all(peer, &request);
	rig_turns(rig, 2);
	cr_assert(next_error(7) == KAFKA_ERROR_INVALID_TIMESTAMP && rig->appends == 0);
}

Test(kafka_refuse, records_without_a_time_leave_none_in_the_header)
{
	struct buffer batch = batch_make(2, 40, -1);
	head_of(&batch)->max_timestamp = be64_of((uint64_t)wall());
	batch_seal(&batch);
	struct buffer request = request_of(7, -1, 0, &batch);
	send_all(peer, &request);
	rig_turns(rig, 2);
	cr_assert(next_error(7) == 0);
	cr_assert(record_batch_max_timestamp((void *)rig->logs[0].bytes.data) == -1);
}

Test(kafka_refuse, a_producer_id_without_state_may_use_any_sequence)
{
	struct buffer batch = batch_make(2, 40, wall());
	head_of(&batch)->producer_id = be64_of(99);
	head_of(&batch)->base_sequence = be32_of(4711);
	batch_seal(&batch);
	struct buffer request = request_of(7, -1, 0, &batch);
	send_all(peer, &request);
	rig_turns(rig, 2);
	cr_assert(next_error(7) == 0);
}

Test(kafka_refuse, a_duplicate_has_the_offset_of_before_and_is_not_counted_as_stored)
{
	struct buffer batch = batch_make(2, 40, wall());
	rig->appends_are_duplicates = true;
	struct buffer request = request_of(7, -1, 0, &batch);
	send_all(peer, &request);
	rig_turns(rig, 2);
	struct bytes answer = peer_answer(peer);
	struct produce_outcome o;
	cr_assert(produce_read(7, answer, &o, 1) == 1);
	cr_assert(o.error_code == 0 && o.base_offset == 0 && o.log_append_time == 4711);
	peer_answer_done(peer, answer);
	cr_assert(rig_stat(rig, STAT_records_duplicate) == 2);
	cr_assert(rig_stat(rig, STAT_records_stored) == 0);
	cr_assert(ledger_in_flight(&rig->in.stats, LEDGER_record) == 0);
}

Test(kafka_refuse, a_refused_batch_costs_no_credit)
{
	struct buffer batch = batch_make(3, 6000, wall());
	struct buffer request = request_of(7, -1, 77, &batch);
	peer_send(peer, request.data, request.size / 2);
	rig_turns(rig, 1);
	cr_assert(rig->in.batching.lanes.batch_pool.in_use == 0 &&
		  rig->in.batching.incoming.used[INCOMING_COMMON] == 0);
	peer_send(peer, request.data + request.size / 2, request.size - request.size / 2);
	rig_turns(rig, 2);
	cr_assert(next_error(7) == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	cr_assert(rig->appends == 0);
	buffer_free(&request);
}

/* The bound itself is within it. */
Test(kafka_refuse, a_time_is_refused_beyond_either_bound_of_its_topic)
{
	enum { BEFORE_MS = 5000, AFTER_MS = 3600000 };
	static const struct {
		int64_t from_now_ms;
		int16_t error;
	} cases[] = {
		{-BEFORE_MS, 0}, {-BEFORE_MS - 1, KAFKA_ERROR_INVALID_TIMESTAMP},
		{AFTER_MS, 0},   {AFTER_MS + 1, KAFKA_ERROR_INVALID_TIMESTAMP},
		{INT64_MIN / 2, KAFKA_ERROR_INVALID_TIMESTAMP},
	};
	rig->topics->topics[0].options.timestamp_before_max_ms = BEFORE_MS;
	for (unsigned i = 0; i < array_len(cases); i++) {
		struct buffer batch = batch_make(1, 10, wall() + cases[i].from_now_ms);
		struct buffer request = request_of(7, -1, 0, &batch);
		send_all(peer, &request);
		rig_turns(rig, 3);
		cr_assert(next_error(7) == cases[i].error, "%u", i);
	}
}

Test(kafka_refuse, a_writers_error_reaches_the_answer)
{
	rig->append_error = KAFKA_ERROR_KAFKA_STORAGE_ERROR;
	struct buffer batch = batch_make(3, 60, wall());
	struct buffer request = request_of(8, -1, 0, &batch);
	send_all(peer, &request);
	rig_turns(rig, 2);
	cr_assert(next_error(8) == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	cr_assert(rig_stat(rig, STAT_record_drop_storage) == 3);
	cr_assert(rig_stat(rig, STAT_answers_error) == 1);
}

Test(kafka_refuse, a_topic_deleted_while_its_batch_arrives_is_unknown)
{
	struct produce_spec spec = {.version = 7, .acks = -1};
	struct produce_item item = {.topic = "beta", .records = batch_make(3, 900, wall())};
	struct buffer request = produce_make(&spec, &item, 1);
	peer_send(peer, request.data, request.size - 10);
	rig_turns(rig, 1);
	rig_new_topics(rig, true);
	peer_send(peer, request.data + request.size - 10, 10);
	rig_turns(rig, 2);
	cr_assert(next_error(7) == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	cr_assert(rig->appends == 0);
	buffer_free(&request);
	buffer_free(&item.records);
}

Test(kafka_refuse, a_new_snapshot_in_mid_batch_changes_nothing_for_a_topic_that_stays)
{
	struct buffer batch = batch_make(3, 900, wall());
	struct buffer request = request_of(7, -1, 0, &batch);
	for (size_t i = 0; i < request.size; i += 100) {
		peer_send(peer, request.data + i, min_size(100, request.size - i));
		rig_new_topics(rig, false);
		rig_turns(rig, 1);
	}
	rig_turns(rig, 1);
	cr_assert(next_error(7) == 0);
	buffer_free(&request);
}
