/* test_kafka_errands.c - requests that only the writers of partitions can answer: parked, sent one
 * after the other, answered when they are over. */
#include "control/kafka/errands.h"
#include "dataplane/wire/kafka/kafka_apis.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/kafka/msg_delete_records.h"
#include "dataplane/wire/kafka/msg_describe_producers.h"
#include "tests/unit/control/kafka/kafka_api_rig.h"

#include <criterion/criterion.h>

static void begin(void)
{
	kafka_api_rig_start();
	fake_registry_add(&registry, "t", 3);
	fake_registry_add(&registry, "u", 1);
}

TestSuite(kafka_errands, .init = begin, .fini = kafka_api_rig_stop);

/* ---- DescribeProducers ------------------------------------------------------------------- */

static void ask_producers(struct describe_producers_request_topic *topics, int32_t count)
{
	struct describe_producers_request q = {.topics = {topics, count}};
	send_request(&calls[0], KAFKA_API_DESCRIBE_PRODUCERS, 0, &describe_producers_request, &q);
	take_parked();
}

/* Ends the jobs there are, the oldest first. */
static void end_jobs(int16_t error)
{
	while (registry.jobs_count > 0)
		fake_registry_end_job(&registry, error);
}

static struct inbox_msg *read_producers(struct describe_producers_response *ret)
{
	struct inbox_msg *m = take_send();
	cr_assert(m != NULL);
	read_bytes(m->bytes, &describe_producers_response, 0, true, ret);
	return m;
}

Test(kafka_errands, producers_are_told_partition_by_partition_in_order_each_once)
{
	int32_t numbers[] = {2, 0, 2}, one[] = {0};
	struct describe_producers_request_topic topics[] = {
		{text("u"), {one, 1}}, {text("t"), {numbers, 3}}};
	struct describe_producers_response r;
	registry.producers = 2;
	ask_producers(topics, 2);
	cr_assert(registry.jobs_count == 1, "one at a time");
	end_jobs(0);
	struct inbox_msg *m = read_producers(&r);
	cr_assert(r.topics.count == 2 && is_text(r.topics.items[0].name, "t"));
	cr_assert(is_text(r.topics.items[1].name, "u"));
	const struct describe_producers_topic *t = &r.topics.items[0];
	cr_assert(t->partitions.count == 2 && t->partitions.items[0].partition_index == 0);
	const struct describe_producers_partition *p = &t->partitions.items[1];
	cr_assert(p->partition_index == 2 && p->error_code == 0 && !p->error_message.data);
	cr_assert(p->active_producers.count == 2);
	const struct describe_producers_producer *one_of_them = &p->active_producers.items[1];
	cr_assert(one_of_them->producer_id == 201 && one_of_them->producer_epoch == 3);
	cr_assert(one_of_them->last_sequence == 1 && one_of_them->last_timestamp == 1001);
	cr_assert(one_of_them->coordinator_epoch == -1);
	cr_assert(one_of_them->current_txn_start_offset == -1);
	give_send(m, INBOX_DONE);
}

Test(kafka_errands, partitions_that_are_not_there_are_nobodys_errand)
{
	int32_t numbers[] = {-1, 3, INT32_MAX};
	struct describe_producers_request_topic topics[] = {
		{text("t"), {numbers, 3}},
		{text("none"), {numbers, 1}},
		{text("a/b"), {numbers, 1}}};
	struct describe_producers_response r;
	ask_producers(topics, 3);
	cr_assert(registry.jobs_count == 0);
	struct inbox_msg *m = read_producers(&r);
	cr_assert(r.topics.count == 3 && is_text(r.topics.items[0].name, "a/b"));
	cr_assert(r.topics.items[0].partitions.items[0].error_code ==
		  KAFKA_ERROR_INVALID_TOPIC_EXCEPTION);
	for (int32_t i = 0; i < 3; i++)
		cr_assert(r.topics.items[2].partitions.items[i].error_code ==
			  KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	give_send(m, INBOX_DONE);
}

Test(kafka_errands, an_empty_request_has_an_empty_answer)
{
	struct describe_producers_response r;
	ask_producers(NULL, 0);
	struct inbox_msg *m = read_producers(&r);
	cr_assert(r.topics.count == 0);
	give_send(m, INBOX_DONE);
}

Test(kafka_errands, requests_take_turns_and_what_is_told_lies_in_memory_once)
{
	int32_t numbers[] = {0, 1};
	struct describe_producers_request_topic topics[] = {{text("t"), {numbers, 2}}};
	struct describe_producers_response r;
	registry.producers = 1;
	ask_producers(topics, 1);
	ask_producers(topics, 1);
	cr_assert(registry.jobs_count == 1);
	for (unsigned i = 0; i < 4; i++) {
		cr_assert(registry.jobs_count == 1, "%u", i);
		fake_registry_end_job(&registry, 0);
	}
	cr_assert(registry.jobs_count == 0);
	for (unsigned i = 0; i < 2; i++) {
		struct inbox_msg *m = read_producers(&r);
		cr_assert(r.topics.items[0].partitions.count == 2);
		give_send(m, INBOX_DONE);
	}
}

Test(kafka_errands, an_answer_has_room_for_so_many_producers)
{
	int32_t numbers[] = {0, 1, 2};
	struct describe_producers_request_topic topics[] = {{text("t"), {numbers, 3}}};
	registry.producers = ERRAND_PRODUCERS_MAX / 2 + 1;
	ask_producers(topics, 1);
	fake_registry_end_job(&registry, 0);
	cr_assert(registry.jobs[0].parts[0].producers_max == ERRAND_PRODUCERS_MAX / 2 - 1);
	fake_registry_end_job(&registry, 0);
	cr_assert(registry.jobs[0].parts[0].producers_max == 0);
	fake_registry_end_job(&registry, 0);
	struct inbox_msg *m = take_send();
	cr_assert(m && m->bytes.size > ERRAND_PRODUCERS_MAX * 30);
	give_send(m, INBOX_DONE);
}

Test(kafka_errands, what_the_registry_refuses_is_refused_partition_by_partition)
{
	int32_t numbers[] = {0, 1};
	struct describe_producers_request_topic topics[] = {{text("t"), {numbers, 2}}};
	struct describe_producers_response r;
	ask_producers(topics, 1);
	end_jobs(KAFKA_ERROR_BROKER_NOT_AVAILABLE);
	struct inbox_msg *m = read_producers(&r);
	for (int32_t i = 0; i < 2; i++) {
		const struct describe_producers_partition *p =
			&r.topics.items[0].partitions.items[i];
		cr_assert(p->error_code == KAFKA_ERROR_BROKER_NOT_AVAILABLE);
		cr_assert(p->active_producers.count == 0);
	}
	give_send(m, INBOX_DONE);
}

/* Under sanitizers this is who sees what is used, or lost. */
Test(kafka_errands, a_stop_that_is_given_up_ends_them)
{
	int32_t numbers[] = {0, 1};
	struct describe_producers_request_topic topics[] = {{text("t"), {numbers, 2}}};
	registry.producers = 5;
	ask_producers(topics, 1);
	ask_producers(topics, 1);
	fake_registry_end_job(&registry, 0);
	cr_assert(registry.jobs_count == 1);
	kafka_api_rig_end();
	cr_assert(registry.jobs_count == 0);
}

/* ---- DeleteRecords ----------------------------------------------------------------------- */

static struct inbox_msg *delete_records(int version, struct delete_records_request_topic *topics,
					int32_t count, int16_t job_error,
					struct delete_records_response *ret)
{
	struct delete_records_request q = {.topics = {topics, count}, .timeout_ms = 1000};
	send_request(&calls[0], KAFKA_API_DELETE_RECORDS, version, &delete_records_request, &q);
	take_parked();
	end_jobs(job_error);
	struct inbox_msg *m = take_send();
	cr_assert(m != NULL);
	read_bytes(m->bytes, &delete_records_response, version, version >= 2, ret);
	return m;
}

Test(kafka_errands, records_are_deleted_in_one_job_and_the_last_word_counts)
{
	for (int version = 0; version <= 2; version++) {
		struct delete_records_request_partition parts[] = {{2, 5}, {0, -1}, {2, 7}, {3, 1}};
		struct delete_records_request_topic topics[] = {
			{text("none"), {parts, 1}}, {text("t"), {parts, 4}}};
		struct delete_records_response r;
		struct inbox_msg *m = delete_records(version, topics, 2, 0, &r);
		cr_assert(r.topics.count == 2 && is_text(r.topics.items[0].name, "none"));
		const struct delete_records_partition *none = r.topics.items[0].partitions.items;
		cr_assert(none->error_code == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
		cr_assert(none->low_watermark == -1);
		const struct delete_records_topic *t = &r.topics.items[1];
		cr_assert(is_text(t->name, "t") && t->partitions.count == 3);
		cr_assert(t->partitions.items[0].partition_index == 0);
		cr_assert(t->partitions.items[0].low_watermark == 999);
		cr_assert(t->partitions.items[1].partition_index == 2);
		cr_assert(t->partitions.items[1].low_watermark == 1007);
		cr_assert(t->partitions.items[1].error_code == 0);
		cr_assert(t->partitions.items[2].error_code ==
			  KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
		give_send(m, INBOX_DONE);
	}
}

Test(kafka_errands, a_deletion_that_is_not_on_disk_is_refused)
{
	struct delete_records_request_partition parts[] = {{0, 5}, {9, 5}};
	struct delete_records_request_topic topics[] = {{text("t"), {parts, 2}}};
	struct delete_records_response r;
	struct inbox_msg *m =
		delete_records(2, topics, 1, KAFKA_ERROR_KAFKA_STORAGE_ERROR, &r);
	const struct delete_records_partition *p = r.topics.items[0].partitions.items;
	cr_assert(p[0].error_code == KAFKA_ERROR_KAFKA_STORAGE_ERROR && p[0].low_watermark == -1);
	cr_assert(p[1].error_code == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	give_send(m, INBOX_DONE);
}
