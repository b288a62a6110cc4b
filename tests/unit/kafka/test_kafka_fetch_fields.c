/* test_kafka_fetch_fields.c - fetches that are odd in some field, answered as Kafka does. */
#include "tests/unit/kafka/kafka_rig.h"

#include <criterion/criterion.h>

static struct fetch_read got;

TestSuite(kafka_fetch_fields, .init = rig_begin, .fini = rig_end);

Test(kafka_fetch_fields, who_read_records_of_a_leader_to_come_looks_for_his_place_anew)
{
	rig_store(rig, 0, 5, 10);
	const struct {
		int32_t read_epoch;
		int16_t error;
	} cases[] = {{-7, 0}, {0, 0}, {1, 0}, {2, KAFKA_ERROR_OFFSET_OUT_OF_RANGE}};
	for (unsigned i = 0; i < array_len(cases); i++) {
		struct fetch_spec spec = {.version = 12, .min_bytes = 1, .max_wait_ms = 5000};
		struct fetch_item item = {.topic = "alpha", .read_epoch = cases[i].read_epoch};
		fetch_send(peer, &spec, &item, 1);
		rig_turns(rig, 3);
		cr_assert(fetch_answered(peer, 12, &got));
		cr_assert(got.parts[0].result.error_code == cases[i].error);
		cr_assert((got.parts[0].records.size > 0) == (cases[i].error == 0));
	}
}

Test(kafka_fetch_fields, nobody_follows_us)
{
	rig_store(rig, 0, 5, 10);
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_wait_ms = 5000,
				  .is_follower = true};
	struct fetch_item items[] = {{.topic = "alpha", .epoch = -1}, {.topic = "alpha"},
				     {.topic = "nobody"}};
	fetch_send(peer, &spec, items, 3);
	rig_turns(rig, 3);
	cr_assert(fetch_answered(peer, 11, &got) && got.head.error_code == 0);
	cr_assert(got.count == 2, "alpha's is the same one twice");
	cr_assert(got.parts[0].result.error_code == KAFKA_ERROR_UNKNOWN_LEADER_EPOCH);
	cr_assert(got.parts[1].result.error_code == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	fetch_send(peer, &spec, items, 1);
	rig_turns(rig, 3);
	cr_assert(fetch_answered(peer, 11, &got));
	cr_assert(got.parts[0].result.error_code == KAFKA_ERROR_NOT_LEADER_OR_FOLLOWER);
	cr_assert(got.parts[0].records.size == 0);
}

Test(kafka_fetch_fields, an_isolation_that_is_none_is_an_error_of_all)
{
	rig_store(rig, 0, 5, 10);
	struct fetch_spec spec = {.version = 7, .min_bytes = 1, .max_wait_ms = 5000,
				  .isolation = 2};
	struct fetch_item items[] = {{.topic = "alpha"}, {.topic = "nobody"}};
	fetch_send(peer, &spec, items, 2);
	rig_turns(rig, 3);
	cr_assert(fetch_answered(peer, 7, &got) && got.count == 2);
	cr_assert(got.head.error_code == KAFKA_ERROR_UNKNOWN_SERVER_ERROR);
	for (unsigned i = 0; i < 2; i++)
		cr_assert(got.parts[i].result.error_code == KAFKA_ERROR_UNKNOWN_SERVER_ERROR);
}

Test(kafka_fetch_fields, an_isolation_that_is_none_is_the_only_answer_since_13)
{
	struct fetch_spec spec = {.version = 13, .min_bytes = 1, .max_wait_ms = 5000,
				  .isolation = -1};
	struct fetch_item item = {.topic = "alpha"};
	fetch_send(peer, &spec, &item, 1);
	rig_turns(rig, 3);
	cr_assert(fetch_answered(peer, 13, &got) && got.count == 0);
	cr_assert(got.head.error_code == KAFKA_ERROR_UNKNOWN_SERVER_ERROR);
}

/* The id is looked up again in a snapshot that came while the request did. */
Test(kafka_fetch_fields, a_topic_is_found_by_its_id_in_the_snapshot_of_the_turn)
{
	rig_store(rig, 4, 1, 10);
	struct fetch_spec spec = {.version = 18, .min_bytes = 1};
	struct fetch_item item = {.topic = "beta"};
	struct buffer request = fetch_make(&spec, &item, 1);
	for (int without_beta = 0; without_beta < 2; without_beta++) {
		rig_new_topics(rig, !without_beta);
		peer_send(peer, request.data, request.size - 20);
		rig_turns(rig, 2);
		rig_new_topics(rig, without_beta);
		peer_send(peer, request.data + request.size - 20, 20);
		rig_turns(rig, 4);
		cr_assert(fetch_answered(peer, 18, &got) && got.count == 1);
		cr_assert(got.parts[0].result.error_code ==
			  (without_beta ? KAFKA_ERROR_UNKNOWN_TOPIC_ID : 0));
	}
	buffer_free(&request);
}

Test(kafka_fetch_fields, a_broker_names_itself_in_a_tag_since_15)
{
	rig_store(rig, 0, 5, 10);
	for (int version = 14; version <= 15; version++) {
		struct fetch_spec spec = {.version = version, .min_bytes = 1, .is_follower = true};
		struct fetch_item item = {.topic = "alpha"};
		fetch_send(peer, &spec, &item, 1);
		rig_turns(rig, 3);
		cr_assert(fetch_answered(peer, version, &got));
		cr_assert(got.parts[0].result.error_code == KAFKA_ERROR_UNKNOWN_LEADER_EPOCH);
	}
}

Test(kafka_fetch_fields, of_a_partition_that_is_named_again_the_last_counts)
{
	for (int i = 0; i < 4; i++)
		for (uint32_t slot = 0; slot < RIG_SLOTS; slot++)
			rig_store(rig, slot, 1, 10);
	size_t batch = rig->logs[0].bytes.size / 4;
	struct fetch_spec spec = {.version = 11, .min_bytes = 1};
	struct fetch_item items[] = {
		{.topic = "alpha", .partition = 1, .offset = 9},
		{.topic = "alpha", .partition = 2, .offset = 3},
		{.topic = "beta", .partition = 2, .offset = 1},
		{.topic = "beta", .partition = 2, .offset = 2},
		{.topic = "alpha", .partition = 1, .offset = 1},
		{.topic = "alpha", .partition = 2, .offset = 99, .epoch = 1},
		{.topic = "alpha", .partition = 3, .offset = 3},
		{.topic = "beta", .partition = 2, .offset = 3},
	};
	fetch_send(peer, &spec, items, array_len(items));
	rig_turns(rig, 6);
	cr_assert(fetch_answered(peer, 11, &got) && got.count == 4);
	static const int32_t order[] = {1, 2, 2, 3};
	for (unsigned i = 0; i < 4; i++)
		cr_assert(got.parts[i].result.partition == order[i], "%u", i);
	cr_assert(got.parts[0].records.size == 3 * batch);
	cr_assert(got.parts[1].result.error_code == KAFKA_ERROR_UNKNOWN_LEADER_EPOCH);
	cr_assert(got.parts[2].records.size == batch && fetch_is_of_log(got.parts[2].records, 6,
									3 * batch));
	cr_assert(got.parts[3].records.size == batch);
}

/* More than a chunk of parts goes, and what stays lies in others. */
Test(kafka_fetch_fields, of_many_that_are_named_again_none_is_lost)
{
	enum { TIMES = 50 };
	struct fetch_item items[TIMES * 4 + 1];
	rig_store(rig, 3, 1, 10);
	rig_store(rig, 4, 1, 10);
	for (unsigned i = 0; i < TIMES * 4; i++)
		items[i] = (struct fetch_item){.topic = "alpha", .partition = (int32_t)i % 4};
	items[TIMES * 4] = (struct fetch_item){.topic = "beta"};
	struct fetch_spec spec = {.version = 12, .min_bytes = 1};
	fetch_send(peer, &spec, items, array_len(items));
	rig_turns(rig, 6);
	cr_assert(fetch_answered(peer, 12, &got) && got.count == 5 && got.errors == 0);
	cr_assert(got.parts[3].records.size > 0 && got.parts[4].records.size > 0);
}

Test(kafka_fetch_fields, a_limit_below_nothing_is_an_error_where_there_is_something)
{
	rig_store(rig, 0, 5, 10);
	rig_store(rig, 2, 5, 10);
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_wait_ms = 5000};
	struct fetch_item items[] = {{.topic = "alpha", .bytes_max = -1},
				     {.topic = "alpha", .partition = 1, .bytes_max = -1},
				     {.topic = "alpha", .partition = 2}};
	fetch_send(peer, &spec, items, 3);
	rig_turns(rig, 4);
	cr_assert(fetch_answered(peer, 11, &got) && got.count == 3);
	cr_assert(got.parts[0].result.error_code == KAFKA_ERROR_UNKNOWN_SERVER_ERROR);
	cr_assert(got.parts[1].result.error_code == 0 && got.parts[1].result.high_watermark == 0);
	cr_assert(got.parts[2].result.error_code == 0 && got.parts[2].records.size > 0);
	spec.max_bytes = -1;
	fetch_send(peer, &spec, items, 3);
	rig_turns(rig, 4);
	cr_assert(fetch_answered(peer, 11, &got) && got.errors == 2 && got.with_records == 0);
}

Test(kafka_fetch_fields, only_the_first_batch_of_an_answer_may_be_larger_than_its_limit)
{
	rig_store(rig, 0, 1, 500);
	rig_store(rig, 1, 1, 500);
	rig_store(rig, 2, 1, 500);
	struct fetch_spec spec = {.version = 11, .min_bytes = 1};
	struct fetch_item items[] = {
		{.topic = "alpha", .partition = 0, .bytes_max = 1},
		{.topic = "alpha", .partition = 1, .bytes_max = 1},
		{.topic = "alpha", .partition = 2},
	};
	fetch_send(peer, &spec, items, 3);
	rig_turns(rig, 6);
	cr_assert(fetch_answered(peer, 11, &got) && got.errors == 0);
	cr_assert(got.parts[0].records.size > 500);
	cr_assert(got.parts[1].records.size == 0 && got.parts[1].result.high_watermark == 1);
	cr_assert(got.parts[2].records.size > 500);
}

/* As Kafka, field by field: what it knows to be absent it has never asked a log about. */
Test(kafka_fetch_fields, errors_say_nothing_of_a_log)
{
	rig_store(rig, 0, 5, 10);
	for (int isolation = 0; isolation < 2; isolation++) {
		struct fetch_spec spec = {.version = 11, .min_bytes = 1,
					  .isolation = (int8_t)isolation};
		struct fetch_item items[] = {{.topic = "alpha", .offset = 99}, {.topic = "nobody"}};
		fetch_send(peer, &spec, items, 2);
		rig_turns(rig, 4);
		cr_assert(fetch_answered(peer, 11, &got) && got.count == 2);
		for (unsigned i = 0; i < 2; i++) {
			const struct fetch_result *r = &got.parts[i].result;
			cr_assert(r->error_code && r->high_watermark == -1);
			cr_assert(r->last_stable_offset == -1 && r->log_start_offset == -1);
			cr_assert(r->preferred_read_replica == -1);
			cr_assert(r->aborted.count == (i == 0 ? -1 : 0));
		}
	}
}

Test(kafka_fetch_fields, leader_epochs_are_checked_when_given)
{
	rig_store(rig, 0, 5, 10);
	const struct {
		int32_t epoch;
		int16_t error;
	} cases[] = {{-1, 0}, {0, 0}, {-2, 0}, {INT32_MIN, 0},
		     {1, KAFKA_ERROR_UNKNOWN_LEADER_EPOCH}};
	for (unsigned i = 0; i < array_len(cases); i++) {
		struct fetch_spec spec = {.version = 9, .min_bytes = 1};
		struct fetch_item item = {.topic = "alpha", .epoch = cases[i].epoch};
		fetch_send(peer, &spec, &item, 1);
		rig_turns(rig, 3);
		cr_assert(fetch_answered(peer, 9, &got));
		cr_assert(got.parts[0].result.error_code == cases[i].error);
	}
}

Test(kafka_fetch_fields, a_partition_that_is_not_there_hurries_nobody_who_has_others)
{
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_wait_ms = 500};
	struct fetch_item items[] = {{.topic = "alpha", .partition = 77}, {.topic = "alpha"},
				     {.topic = "nobody"}};
	for (int comes = 0; comes < 2; comes++) {
		fetch_send(peer, &spec, items, 3);
		rig_turns(rig, 3);
		rig_turn(rig, 400);
		cr_assert(!fetch_answered(peer, 11, &got));
		if (comes)
			rig_store(rig, 0, 1, 10);
		rig_turn(rig, comes ? 1 : 101);
		rig_turns(rig, 4);
		cr_assert(fetch_answered(peer, 11, &got) && got.count == 3 && got.errors == 2);
		cr_assert(got.parts[1].result.error_code == 0);
		cr_assert((got.parts[1].records.size > 0) == comes);
	}
}

Test(kafka_fetch_fields, nor_who_has_too_little_of_them)
{
	rig_store(rig, 0, 1, 10);
	struct fetch_spec spec = {.version = 11, .min_bytes = 1 << 20, .max_wait_ms = 500};
	struct fetch_item items[] = {{.topic = "alpha", .partition = 77}, {.topic = "alpha"}};
	fetch_send(peer, &spec, items, 2);
	rig_turns(rig, 6);
	rig_turn(rig, 400);
	cr_assert(!fetch_answered(peer, 11, &got));
	rig_turn(rig, 101);
	rig_turns(rig, 6);
	cr_assert(fetch_answered(peer, 11, &got) && got.errors == 1 && got.with_records == 1);
}

Test(kafka_fetch_fields, only_partitions_that_are_not_there_are_answered_at_once)
{
	struct fetch_spec spec = {.version = 11, .min_bytes = 1, .max_wait_ms = 500};
	struct fetch_item items[] = {{.topic = "alpha", .partition = 77}, {.topic = "nobody"}};
	fetch_send(peer, &spec, items, 2);
	rig_turns(rig, 3);
	cr_assert(fetch_answered(peer, 11, &got) && got.count == 2 && got.errors == 2);
}
