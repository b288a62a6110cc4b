/* test_kafka_describe.c - what administrators are told of the cluster and its topics. */
#include "dataplane/wire/kafka/kafka_apis.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/kafka/msg_alter_reassignments.h"
#include "dataplane/wire/kafka/msg_describe_cluster.h"
#include "dataplane/wire/kafka/msg_describe_log_dirs.h"
#include "dataplane/wire/kafka/msg_describe_topic_partitions.h"
#include "dataplane/wire/kafka/msg_elect_leaders.h"
#include "dataplane/wire/kafka/msg_leader_epochs.h"
#include "dataplane/wire/kafka/msg_list_reassignments.h"
#include "dataplane/wire/kafka/msg_metadata.h"
#include "tests/unit/control/kafka/kafka_api_rig.h"

#include <criterion/criterion.h>

TestSuite(kafka_describe, .init = kafka_api_rig_start, .fini = kafka_api_rig_stop);

/* As a broker without an authorizer says: a client's describe ends in an error otherwise. */
Test(kafka_describe, metadata_tells_what_may_be_done_to_whoever_asks)
{
	fake_registry_add(&registry, "vehicles", 1);
	for (int version = 8; version <= 12; version++) {
		struct metadata_request_topic t[] = {{.name = text("vehicles")},
						     {.name = text("a/b")}};
		struct metadata_request q = {.topics = {t, 2},
					     .include_cluster_authorized_operations = true,
					     .include_topic_authorized_operations = true};
		struct metadata_response r;
		send_request(&calls[0], KAFKA_API_METADATA, version, &metadata_request, &q);
		struct call_msg *call = reap();
		read_reply(call, &metadata_response, version, version >= 9, &r);
		cr_assert(r.topics.items[0].topic_authorized_operations == 3576);
		cr_assert(r.topics.items[1].topic_authorized_operations == 3576);
		cr_assert(r.cluster_authorized_operations ==
			  (version <= 10 ? 8096 : AUTHORIZED_UNKNOWN));
		release(call);
	}
}

/* Asks, and reads what comes; the strings stay until release(). */
static struct call_msg *ask(int key, int version, const struct kafka_message *request,
			    const void *q, const struct kafka_message *response, void *ret)
{
	send_request(&calls[0], key, version, request, q);
	struct call_msg *call = reap();
	read_reply(call, response, version, version >= response->flexible_since, ret);
	return call;
}

#define ASK(ID, message, version, q, r)                                                  \
	ask(KAFKA_API_##ID, version, &message##_request, q, &message##_response, r)

/* ---- DescribeCluster --------------------------------------------------------------------- */

Test(kafka_describe, a_cluster_is_one_broker_which_is_its_controller)
{
	for (int version = 0; version <= 2; version++) {
		struct describe_cluster_request q = {.endpoint_type = DESCRIBE_CLUSTER_BROKERS};
		struct describe_cluster_response r;
		struct call_msg *call = ASK(DESCRIBE_CLUSTER, describe_cluster, version, &q, &r);
		cr_assert(r.error_code == 0 && r.controller_id == 7 && r.brokers.count == 1);
		cr_assert(is_text(r.cluster_id, "tGz8LcFMSr2dGiSTwZ7_-Q"));
		const struct describe_cluster_broker *b = &r.brokers.items[0];
		cr_assert(b->broker_id == 7 && b->port == 9094 && !b->is_fenced);
		cr_assert(is_text(b->host, "broker.example") && !b->rack.data);
		cr_assert(r.cluster_authorized_operations == AUTHORIZED_UNKNOWN);
		release(call);
		q.include_cluster_authorized_operations = true;
		call = ASK(DESCRIBE_CLUSTER, describe_cluster, version, &q, &r);
		cr_assert(r.cluster_authorized_operations == 8096);
		release(call);
	}
}

Test(kafka_describe, whoever_looks_for_controllers_is_told_that_this_is_a_broker)
{
	struct describe_cluster_request q = {.endpoint_type = DESCRIBE_CLUSTER_CONTROLLERS};
	struct describe_cluster_response r;
	struct call_msg *call = ASK(DESCRIBE_CLUSTER, describe_cluster, 1, &q, &r);
	cr_assert(r.error_code == KAFKA_ERROR_MISMATCHED_ENDPOINT_TYPE && r.brokers.count == 0);
	cr_assert(r.error_message.size > 0);
	release(call);
	q.endpoint_type = 3;
	call = ASK(DESCRIBE_CLUSTER, describe_cluster, 1, &q, &r);
	cr_assert(r.error_code == KAFKA_ERROR_UNSUPPORTED_ENDPOINT_TYPE);
	release(call);
}

/* ---- DescribeTopicPartitions -------------------------------------------------------------- */

static struct call_msg *ask_page(const struct describe_topic_partitions_request *q,
				 struct describe_topic_partitions_response *ret)
{
	return ASK(DESCRIBE_TOPIC_PARTITIONS, describe_topic_partitions, 0, q, ret);
}

Test(kafka_describe, a_topic_is_described_with_all_its_partitions)
{
	struct describe_topic_partitions_name name = {text("a")};
	struct describe_topic_partitions_request q = {.topics = {&name, 1},
						      .response_partition_limit = 2000,
						      .cursor = {NULL, -1}};
	struct describe_topic_partitions_response r;
	fake_registry_add(&registry, "a", 3);
	registry.has_offline = true;
	struct call_msg *call = ask_page(&q, &r);
	cr_assert(r.topics.count == 1 && r.next_cursor.count == -1);
	const struct describe_topic_partitions_topic *t = &r.topics.items[0];
	cr_assert(t->error_code == 0 && is_text(t->name, "a") && t->topic_id[15] == 1);
	cr_assert(t->topic_authorized_operations == 3576 && t->partitions.count == 3);
	for (int32_t i = 0; i < 3; i++) {
		const struct describe_topic_partitions_partition *p = &t->partitions.items[i];
		cr_assert(p->partition_index == i && p->leader_id == 7 && p->leader_epoch == 0);
		cr_assert(p->replica_nodes.count == 1 && p->replica_nodes.items[0] == 7);
		cr_assert(p->isr_nodes.count == 1 && p->eligible_leader_replicas.count == 0);
		cr_assert(p->offline_replicas.count == (i == 0));
	}
	release(call);
}

/* 4 partitions a page: a whole, then b in two halves, then the rest. */
Test(kafka_describe, pages_follow_one_another_without_a_gap)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	static const uint32_t partitions[] = {3, 5, 1, 2};
	struct describe_topic_partitions_cursor from = {text(""), 0};
	char kept[8] = "";
	unsigned seen[4] = {0}, pages = 0;
	for (unsigned i = 0; i < 4; i++)
		fake_registry_add(&registry, names[i], partitions[i]);
	for (bool is_over = false; !is_over; pages++) {
		struct describe_topic_partitions_request q = {.response_partition_limit = 4,
							      .cursor = {&from, 1}};
		struct describe_topic_partitions_response r;
		struct call_msg *call = ask_page(&q, &r);
		int32_t told = 0;
		for (int32_t i = 0; i < r.topics.count; i++) {
			const struct describe_topic_partitions_topic *t = &r.topics.items[i];
			unsigned which = (unsigned)(t->name.data[0] - 'a');
			for (int32_t p = 0; p < t->partitions.count; p++, told++)
				cr_assert(t->partitions.items[p].partition_index ==
					  (int32_t)seen[which]++);
		}
		is_over = r.next_cursor.count < 1;
		cr_assert(is_over ? told <= 4 : told == 4);
		if (!is_over) {
			snprintf(kept, sizeof kept, "%.*s",
				 (int)r.next_cursor.items[0].topic_name.size,
				 (const char *)r.next_cursor.items[0].topic_name.data);
			from = (struct describe_topic_partitions_cursor){
				text(kept), r.next_cursor.items[0].partition_index};
		}
		release(call);
		cr_assert(pages < 10);
	}
	cr_assert(pages == 3);
	for (unsigned i = 0; i < 4; i++)
		cr_assert(seen[i] == partitions[i], "%s: %u", names[i], seen[i]);
}

Test(kafka_describe, names_are_answered_in_their_order_and_each_once)
{
	struct describe_topic_partitions_name names[] = {{text("z")}, {text("b")}, {text("a/b")},
							 {text("b")}};
	struct describe_topic_partitions_request q = {.topics = {names, 4},
						      .response_partition_limit = 0,
						      .cursor = {NULL, -1}};
	struct describe_topic_partitions_response r;
	fake_registry_add(&registry, "b", 1);
	struct call_msg *call = ask_page(&q, &r);
	cr_assert(r.topics.count == 2);
	cr_assert(r.topics.items[0].error_code == KAFKA_ERROR_INVALID_TOPIC_EXCEPTION);
	cr_assert(is_text(r.topics.items[1].name, "b") && r.topics.items[1].error_code == 0);
	cr_assert(r.next_cursor.count == 1 && is_text(r.next_cursor.items[0].topic_name, "z"));
	release(call);
	q.response_partition_limit = 100;
	call = ask_page(&q, &r);
	cr_assert(r.topics.count == 3 && r.next_cursor.count == -1);
	cr_assert(r.topics.items[2].error_code == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	release(call);
}

Test(kafka_describe, a_page_cannot_begin_before_the_first_partition)
{
	struct describe_topic_partitions_name name = {text("a")};
	struct describe_topic_partitions_cursor from = {text("a"), -1};
	struct describe_topic_partitions_request q = {.topics = {&name, 1},
						      .response_partition_limit = 10,
						      .cursor = {&from, 1}};
	struct describe_topic_partitions_response r;
	fake_registry_add(&registry, "a", 1);
	struct call_msg *call = ask_page(&q, &r);
	cr_assert(r.topics.items[0].error_code == KAFKA_ERROR_INVALID_REQUEST);
	release(call);
	/* Behind the last one there is nothing, which is no error. */
	from.partition_index = 9;
	call = ask_page(&q, &r);
	cr_assert(r.topics.items[0].error_code == 0 && r.topics.items[0].partitions.count == 0);
	release(call);
}

/* ---- DescribeLogDirs ---------------------------------------------------------------------- */

Test(kafka_describe, the_log_directory_holds_the_partitions_that_are_asked_for)
{
	fake_registry_add(&registry, "a", 2);
	fake_registry_add(&registry, "b", 1);
	registry.marks.size_bytes = 1234;
	for (int version = 1; version <= 4; version++) {
		int32_t some[] = {1, 1, 7, -1};
		struct describe_log_dirs_request_topic t[] = {
			{text("a"), {some, 4}}, {text("none"), {some, 1}}, {text("a"), {some, 1}}};
		struct describe_log_dirs_request q = {{t, 3}};
		struct describe_log_dirs_response r;
		struct call_msg *call = ASK(DESCRIBE_LOG_DIRS, describe_log_dirs, version, &q, &r);
		cr_assert(r.error_code == 0 && r.results.count == 1);
		const struct describe_log_dirs_result *d = &r.results.items[0];
		cr_assert(d->error_code == 0 && is_text(d->log_dir, log_dir));
		cr_assert(d->topics.count == 1 && d->topics.items[0].partitions.count == 1);
		const struct describe_log_dirs_partition *p = d->topics.items[0].partitions.items;
		cr_assert(p->partition_index == 1 && p->partition_size == 1234);
		cr_assert(p->offset_lag == 0 && !p->is_future_key);
		if (version == 4)
			cr_assert(d->total_bytes > d->usable_bytes && d->usable_bytes > 0);
		else
			cr_assert(d->total_bytes == -1 && d->usable_bytes == -1);
		release(call);
	}
}

Test(kafka_describe, all_that_lies_in_the_log_directory_is_told_to_whoever_names_nothing)
{
	struct describe_log_dirs_request q = {{NULL, -1}};
	struct describe_log_dirs_response r;
	fake_registry_add(&registry, "a", 2);
	fake_registry_add(&registry, "b", 1);
	struct call_msg *call = ASK(DESCRIBE_LOG_DIRS, describe_log_dirs, 2, &q, &r);
	const struct describe_log_dirs_result *d = &r.results.items[0];
	cr_assert(d->topics.count == 2 && d->topics.items[0].partitions.count == 2);
	release(call);
	q.topics.count = 0;
	call = ASK(DESCRIBE_LOG_DIRS, describe_log_dirs, 2, &q, &r);
	cr_assert(r.results.count == 1 && r.results.items[0].topics.count == 0);
	release(call);
}

Test(kafka_describe, each_log_directory_is_told_with_what_lies_there_one_that_is_lost_with_none)
{
	struct describe_log_dirs_request q = {{NULL, -1}};
	struct describe_log_dirs_response r;
	struct log_dir dirs[3] = {registry.dirs[0], registry.dirs[0], {.path = "/lost"}};
	dirs[2].is_lost = true;
	registry.dirs = dirs;
	registry.dir_count = 3;
	fake_registry_add(&registry, "a", 5);
	struct call_msg *call = ASK(DESCRIBE_LOG_DIRS, describe_log_dirs, 4, &q, &r);
	cr_assert(r.results.count == 3);
	for (int32_t d = 0; d < 2; d++) {
		const struct describe_log_dirs_result *told = &r.results.items[d];
		const struct describe_log_dirs_topic *a = told->topics.items;
		cr_assert(told->error_code == 0 && told->topics.count == 1);
		cr_assert(a->partitions.count == 2);
		cr_assert(a->partitions.items[0].partition_index == d);
		cr_assert(a->partitions.items[1].partition_index == d + 3);
		cr_assert(told->usable_bytes > 0);
	}
	const struct describe_log_dirs_result *lost = &r.results.items[2];
	cr_assert(lost->error_code == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	cr_assert(is_text(lost->log_dir, "/lost"));
	cr_assert(lost->topics.count == 0 && lost->total_bytes == -1 && lost->usable_bytes == -1);
	release(call);
}

/* ---- leaders and replicas ------------------------------------------------------------------ */

Test(kafka_describe, a_leader_that_there_is_needs_no_election)
{
	int32_t some[] = {0, 2};
	struct elect_leaders_request_topic t[] = {{text("a"), {some, 2}}, {text("b"), {some, 1}}};
	fake_registry_add(&registry, "a", 2);
	for (int version = 0; version <= 2; version++) {
		struct elect_leaders_request q = {.topic_partitions = {t, 2}};
		struct elect_leaders_response r;
		struct call_msg *call = ASK(ELECT_LEADERS, elect_leaders, version, &q, &r);
		cr_assert(r.error_code == 0 && r.replica_election_results.count == 2);
		const struct elect_leaders_topic *a = &r.replica_election_results.items[0];
		cr_assert(a->partition_result.items[0].error_code ==
			  KAFKA_ERROR_ELECTION_NOT_NEEDED);
		cr_assert(a->partition_result.items[1].error_code ==
			  KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
		cr_assert(a[1].partition_result.items[0].error_code ==
			  KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
		release(call);
		q.topic_partitions.count = -1;
		call = ASK(ELECT_LEADERS, elect_leaders, version, &q, &r);
		cr_assert(r.error_code == 0 && r.replica_election_results.count == 1);
		a = &r.replica_election_results.items[0];
		cr_assert(is_text(a->topic, "a") && a->partition_result.count == 0);
		release(call);
	}
	struct elect_leaders_request q = {.election_type = 2};
	struct elect_leaders_response r;
	struct call_msg *call = ASK(ELECT_LEADERS, elect_leaders, 2, &q, &r);
	cr_assert(r.error_code == KAFKA_ERROR_INVALID_REQUEST);
	release(call);
}

Test(kafka_describe, a_partition_moves_to_where_it_is_and_nowhere_else)
{
	int32_t us = 7, another = 8, both[] = {7, 8};
	struct alter_reassignments_request_partition p[] = {
		{0, {&us, 1}}, {0, {NULL, -1}}, {0, {&another, 1}}, {0, {both, 2}},
		{0, {&us, 0}}, {1, {&us, 1}}};
	static const int16_t errors[] = {
		KAFKA_ERROR_NONE, KAFKA_ERROR_NO_REASSIGNMENT_IN_PROGRESS,
		KAFKA_ERROR_INVALID_REPLICA_ASSIGNMENT, KAFKA_ERROR_INVALID_REPLICA_ASSIGNMENT,
		KAFKA_ERROR_INVALID_REPLICA_ASSIGNMENT, KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION};
	struct alter_reassignments_request_topic t = {text("a"), {p, array_len(p)}};
	fake_registry_add(&registry, "a", 1);
	for (int version = 0; version <= 1; version++) {
		struct alter_reassignments_request q = {.topics = {&t, 1}};
		struct alter_reassignments_response r;
		struct call_msg *call = ASK(ALTER_PARTITION_REASSIGNMENTS, alter_reassignments,
					    version, &q, &r);
		cr_assert(r.error_code == 0 && r.allow_replication_factor_change == (version == 0));
		for (unsigned i = 0; i < array_len(errors); i++) {
			const struct alter_reassignments_partition *out =
				&r.responses.items[0].partitions.items[i];
			cr_assert(out->error_code == errors[i], "%u", i);
			cr_assert((out->error_message.data == NULL) == (errors[i] == 0));
		}
		release(call);
	}
}

Test(kafka_describe, no_partition_is_on_its_way_anywhere)
{
	struct list_reassignments_request q = {.topics = {NULL, -1}};
	struct list_reassignments_response r;
	fake_registry_add(&registry, "a", 1);
	struct call_msg *call = ASK(LIST_PARTITION_REASSIGNMENTS, list_reassignments, 0, &q, &r);
	cr_assert(r.error_code == 0 && r.topics.count == 0);
	release(call);
}

/* ---- OffsetForLeaderEpoch ------------------------------------------------------------------ */

static struct leader_epochs_partition ask_epoch(int version, int32_t partition, int32_t current,
						int32_t epoch)
{
	struct leader_epochs_request_partition p = {partition, current, epoch};
	struct leader_epochs_request_topic t = {text("a"), {&p, 1}};
	struct leader_epochs_request q = {.replica_id = -1, .topics = {&t, 1}};
	struct leader_epochs_response r;
	struct call_msg *call = ASK(OFFSET_FOR_LEADER_EPOCH, leader_epochs, version, &q, &r);
	struct leader_epochs_partition found = r.topics.items[0].partitions.items[0];
	release(call);
	return found;
}

Test(kafka_describe, the_only_leader_has_led_to_the_end_of_the_log)
{
	fake_registry_add(&registry, "a", 2);
	registry.marks = (struct log_marks){.log_start_offset = 10, .log_end_offset = 120,
					    .high_watermark = 100};
	for (int version = 2; version <= 4; version++) {
		struct leader_epochs_partition p = ask_epoch(version, 1, 0, 0);
		cr_assert(p.error_code == 0 && p.partition == 1);
		cr_assert(p.leader_epoch == 0 && p.end_offset == 120);
		cr_assert(ask_epoch(version, 1, -1, 0).end_offset == 120);
		/* Nobody knows of one that is to come, or of none. */
		p = ask_epoch(version, 1, 0, 1);
		cr_assert(p.error_code == 0 && p.leader_epoch == -1 && p.end_offset == -1);
		cr_assert(ask_epoch(version, 1, 0, -1).end_offset == -1);
		cr_assert(ask_epoch(version, 1, 0, -2).end_offset == 10);
	}
}

Test(kafka_describe, a_client_that_believes_in_another_leader_is_told_so)
{
	fake_registry_add(&registry, "a", 2);
	cr_assert(ask_epoch(2, 1, 1, 0).error_code == KAFKA_ERROR_UNKNOWN_LEADER_EPOCH);
	cr_assert(ask_epoch(2, 1, -2, 0).error_code == KAFKA_ERROR_FENCED_LEADER_EPOCH);
	cr_assert(ask_epoch(2, 2, 0, 0).error_code == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	cr_assert(ask_epoch(2, -1, 0, 0).error_code == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	registry.has_offline = true;
	struct leader_epochs_partition p = ask_epoch(2, 0, 0, 0);
	cr_assert(p.error_code == KAFKA_ERROR_KAFKA_STORAGE_ERROR && p.end_offset == -1);
}
