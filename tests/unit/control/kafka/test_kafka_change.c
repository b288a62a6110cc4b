/* test_kafka_change.c - CreateTopics, DeleteTopics and CreatePartitions: what the registry is asked
 * for, a few topics at a time, and what a client is told. */
#include "control/kafka/kafka_change.h"
#include "dataplane/wire/kafka/kafka_apis.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/kafka/msg_create_partitions.h"
#include "dataplane/wire/kafka/msg_create_topics.h"
#include "dataplane/wire/kafka/msg_delete_topics.h"
#include "tests/unit/control/kafka/kafka_api_rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { NODE = 7 };

TestSuite(kafka_change, .init = kafka_api_rig_start, .fini = kafka_api_rig_stop);

/* What is read lies in a copy of the answer, until the next one. */
static void take_answer(const struct kafka_message *m, int version, void *ret)
{
	static uint8_t copy[1 << 16];
	struct inbox_msg *send = take_send();
	cr_assert(send != NULL, "there is no answer");
	size_t size = send->bytes.size;
	cr_assert(size <= sizeof copy);
	memcpy(copy, send->bytes.data, size);
	give_send(send, INBOX_DONE);
	read_bytes((struct bytes){copy, size}, m, version, version >= m->flexible_since, ret);
}

/* ---- CreateTopics ----------------------------------------------------------------------- */

static struct create_topics_request_topic topic_of(const char *name)
{
	return (struct create_topics_request_topic){
		.name = text(name), .num_partitions = -1, .replication_factor = -1};
}

static void send_create(int version, struct create_topics_request_topic *topics, int32_t count)
{
	struct create_topics_request q = {.topics = {topics, count}, .timeout_ms = 30000};
	send_request(&calls[0], KAFKA_API_CREATE_TOPICS, version, &create_topics_request, &q);
	take_parked();
}

/* The only topic of an answer, which is read into `ret`. */
static struct create_topics_topic *only_created(int version, struct create_topics_response *ret)
{
	take_answer(&create_topics_response, version, ret);
	cr_assert(ret->topics.count == 1);
	return &ret->topics.items[0];
}

Test(kafka_change, a_topic_is_answered_when_it_is_there)
{
	struct create_topics_config config = {text("linger.ms"), text("7")};
	for (int version = 2; version <= 7; version++) {
		char name[13];
		struct create_topics_response r;
		snprintf(name, sizeof name, "t%d", version);
		struct create_topics_request_topic t = {.name = text(name), .num_partitions = 3,
							.replication_factor = 1,
							.configs = {&config, 1}};
		send_create(version, &t, 1);
		cr_assert(take_send() == NULL);
		const struct fake_job *job = &registry.jobs[0];
		cr_assert(registry.jobs_count == 1 && job->kind == FAKE_CREATE);
		cr_assert(strcmp(job->name, name) == 0 && job->partitions == 3);
		cr_assert(job->replication_factor == 1 && !job->validate_only);
		cr_assert(strcmp(job->settings, "linger.ms=7;") == 0);
		cr_assert(!job->is_automatic);
		fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
		struct create_topics_topic *out = only_created(version, &r);
		cr_assert(out->error_code == 0 && !out->error_message.data);
		cr_assert(out->num_partitions == (version >= 5 ? 3 : -1));
		cr_assert(out->replication_factor == (version >= 5 ? 1 : -1));
		cr_assert(out->configs.count == (version >= 5 ? TOPIC_SETTINGS : 0));
		cr_assert((out->topic_id[0] == 0xa0) == (version == 7));
	}
}

Test(kafka_change, settings_are_told_by_name_value_and_source)
{
	struct create_topics_response r;
	struct create_topics_request_topic t = topic_of("t");
	send_create(5, &t, 1);
	fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	struct create_topics_topic *out = only_created(5, &r);
	for (int32_t i = 0; i < out->configs.count; i++) {
		const struct create_topics_setting *s = &out->configs.items[i];
		cr_assert(is_text(s->name, topic_setting_key((enum topic_setting_id)i)));
		cr_assert(s->value.data && !s->read_only && !s->is_sensitive);
		cr_assert(s->config_source == SETTING_OF_NOBODY);
	}
}

enum { TOLD = 512 };

/* A check of so many: nothing is made. */
static void send_check(uint32_t count)
{
	static struct create_topics_request_topic t[TOLD + 1];
	static char names[TOLD + 1][12];
	for (uint32_t i = 0; i < count; i++) {
		snprintf(names[i], sizeof names[i], "t%u", i);
		t[i] = topic_of(names[i]);
	}
	struct create_topics_request q = {.topics = {t, (int32_t)count}, .timeout_ms = 30000,
					  .validate_only = true};
	send_request(&calls[0], KAFKA_API_CREATE_TOPICS, 7, &create_topics_request, &q);
	take_parked();
	while (registry.jobs_count > 0)
		fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
}

/* They would make it longer than a poller may have memory for. */
Test(kafka_change, an_answer_of_many_topics_tells_no_settings)
{
	struct create_topics_response r;
	send_check(TOLD + 1);
	take_answer(&create_topics_response, 7, &r);
	cr_assert(r.topics.count == TOLD + 1);
	for (int32_t i = 0; i < r.topics.count; i++) {
		const struct create_topics_topic *t = &r.topics.items[i];
		cr_assert(t->error_code == 0 && t->num_partitions == 1);
		cr_assert(t->configs.count == -1);
		cr_assert(t->topic_config_error_code == KAFKA_ERROR_POLICY_VIOLATION);
	}
}

/* With the least memory for answers that a poller has. */
Test(kafka_change, the_longest_answer_that_tells_settings_can_be_sent)
{
	send_check(TOLD);
	struct inbox_msg *send = take_send();
	cr_assert(send->bytes.size > TOLD * 1000 && send->bytes.size < 1 << 20, "%zu",
		  send->bytes.size);
	give_send(send, INBOX_DONE);
}

Test(kafka_change, a_check_is_a_check)
{
	struct create_topics_response r;
	struct create_topics_request_topic t = topic_of("t");
	struct create_topics_request q = {.topics = {&t, 1}, .timeout_ms = 1000,
					  .validate_only = true};
	send_request(&calls[0], KAFKA_API_CREATE_TOPICS, 7, &create_topics_request, &q);
	take_parked();
	cr_assert(registry.jobs[0].validate_only);
	fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	struct create_topics_topic *out = only_created(7, &r);
	cr_assert(out->error_code == 0 && out->num_partitions == 1 && registry.count == 0);
	cr_assert(out->topic_id[0] == 0);
}

/* They share their syncs, and end in whatever order. */
Test(kafka_change, topics_of_one_request_are_made_beside_each_other_and_answered_in_its_order)
{
	struct create_topics_response r;
	struct create_topics_request_topic t[] = {topic_of("c"), topic_of("a"), topic_of("b")};
	send_create(4, t, 3);
	cr_assert(registry.jobs_count == 3);
	for (unsigned i = 0; i < 3; i++)
		cr_assert(is_text(t[i].name, registry.jobs[i].name), "asked for in this order");
	fake_registry_end_job_at(&registry, 2, KAFKA_ERROR_NONE);
	fake_registry_end_job_at(&registry, 0, KAFKA_ERROR_NONE);
	cr_assert(take_send() == NULL, "not before the last is over");
	fake_registry_end_job_at(&registry, 0, KAFKA_ERROR_INVALID_CONFIG);
	take_answer(&create_topics_response, 4, &r);
	cr_assert(r.topics.count == 3);
	static const int16_t errors[] = {KAFKA_ERROR_NONE, KAFKA_ERROR_INVALID_CONFIG,
					 KAFKA_ERROR_NONE};
	for (int32_t i = 0; i < 3; i++) {
		cr_assert(r.topics.items[i].error_code == errors[i]);
		cr_assert(r.topics.items[i].name.data[0] == t[i].name.data[0]);
	}
	cr_assert(is_text(r.topics.items[1].error_message, "error 40"));
}

Test(kafka_change, a_topic_that_is_named_twice_is_not_made)
{
	struct create_topics_response r;
	struct create_topics_request_topic t[] = {topic_of("a"), topic_of("b"), topic_of("a"),
						  topic_of("a")};
	send_create(4, t, 4);
	cr_assert(strcmp(registry.jobs[0].name, "b") == 0);
	fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	take_answer(&create_topics_response, 4, &r);
	cr_assert(r.topics.count == 2 && registry.jobs_count == 0);
	cr_assert(is_text(r.topics.items[0].name, "a"));
	cr_assert(r.topics.items[0].error_code == KAFKA_ERROR_INVALID_REQUEST);
	cr_assert(is_text(r.topics.items[1].name, "b") && r.topics.items[1].error_code == 0);
}

/* Without a job. */
static int16_t refused(struct create_topics_request_topic *t)
{
	struct create_topics_response r;
	send_create(4, t, 1);
	cr_assert(registry.jobs_count == 0);
	struct create_topics_topic *out = only_created(4, &r);
	cr_assert(out->error_message.size > 0);
	return out->error_code;
}

Test(kafka_change, a_name_that_no_topic_can_have_is_refused)
{
	struct create_topics_request_topic t = topic_of("a/b");
	cr_assert(refused(&t) == KAFKA_ERROR_INVALID_TOPIC_EXCEPTION);
	t.name = (struct bytes){(const uint8_t *)"t\0u", 3};
	cr_assert(refused(&t) == KAFKA_ERROR_INVALID_TOPIC_EXCEPTION);
}

/* The registry would take the one for its default, and end the other where the zero is. */
Test(kafka_change, a_setting_of_null_or_with_a_zero_is_refused)
{
	struct create_topics_config config = {text("linger.ms"), {0}};
	struct create_topics_request_topic t = topic_of("t");
	t.configs.items = &config;
	t.configs.count = 1;
	cr_assert(refused(&t) == KAFKA_ERROR_INVALID_CONFIG);
	config.value = (struct bytes){(const uint8_t *)"7\0x", 3};
	cr_assert(refused(&t) == KAFKA_ERROR_INVALID_CONFIG);
	config = (struct create_topics_config){{(const uint8_t *)"linger.ms\0x", 11}, text("7")};
	cr_assert(refused(&t) == KAFKA_ERROR_INVALID_CONFIG);
}

static int32_t us = NODE, another = NODE + 1, both[] = {NODE, NODE + 1};

Test(kafka_change, assignments_say_how_many_partitions_there_are)
{
	struct create_topics_response r;
	struct create_topics_assignment a[] = {{1, {&us, 1}}, {0, {&us, 1}}, {2, {&us, 1}}};
	struct create_topics_request_topic t = topic_of("t");
	t.assignments.items = a;
	t.assignments.count = 3;
	send_create(7, &t, 1);
	cr_assert(registry.jobs[0].partitions == 3 && registry.jobs[0].replication_factor == 1);
	fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	cr_assert(only_created(7, &r)->num_partitions == 3);
}

Test(kafka_change, assignments_that_one_broker_cannot_have_are_refused)
{
	struct create_topics_assignment bad[][2] = {
		{{0, {&another, 1}}, {1, {&us, 1}}}, /* a broker that is not there */
		{{0, {both, 2}}, {1, {&us, 1}}},
		{{0, {&us, 0}}, {1, {&us, 1}}},      /* nobody */
		{{0, {&us, 1}}, {2, {&us, 1}}},      /* a gap */
		{{-1, {&us, 1}}, {0, {&us, 1}}},
		{{0, {&us, 1}}, {0, {&us, 1}}},      /* twice */
	};
	struct create_topics_request_topic t = topic_of("t");
	t.assignments.count = 2;
	for (unsigned i = 0; i < array_len(bad); i++) {
		t.assignments.items = bad[i];
		cr_assert(refused(&t) == KAFKA_ERROR_INVALID_REPLICA_ASSIGNMENT, "%u", i);
	}
	struct create_topics_assignment good[] = {{0, {&us, 1}}, {1, {&us, 1}}};
	t.assignments.items = good;
	t.num_partitions = 2;
	cr_assert(refused(&t) == KAFKA_ERROR_INVALID_REQUEST);
	t.num_partitions = -1;
	t.replication_factor = 1;
	cr_assert(refused(&t) == KAFKA_ERROR_INVALID_REQUEST);
}

/* ---- time, and how much there may be ------------------------------------------------------ */

/* One is gone by then, one is going, and the registry has not been asked for the third. Whoever
 * comes later does not wait for the one who was told. */
Test(kafka_change, who_has_waited_long_enough_is_told_so_and_the_rest_is_done)
{
	struct delete_topics_response r;
	struct create_topics_response later;
	struct bytes names[] = {text("a"), text("b"), text("c")};
	struct delete_topics_request q = {.topic_names = {names, 3}, .timeout_ms = 0};
	for (unsigned i = 0; i < 3; i++)
		fake_registry_add(&registry, (const char *)names[i].data, 1);
	send_request(&calls[0], KAFKA_API_DELETE_TOPICS, 4, &delete_topics_request, &q);
	take_parked();
	fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	cr_assert(take_send() == NULL);
	usleep((CHANGE_WAIT_MS_MIN + 60) * 1000);
	take_answer(&delete_topics_response, 4, &r);
	cr_assert(r.responses.items[0].error_code == KAFKA_ERROR_NONE);
	cr_assert(r.responses.items[1].error_code == KAFKA_ERROR_REQUEST_TIMED_OUT);
	cr_assert(r.responses.items[2].error_code == KAFKA_ERROR_REQUEST_TIMED_OUT);
	fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	cr_assert(registry.count == 0 && registry.jobs_count == 0);
	cr_assert(take_send() == NULL);
	struct create_topics_request_topic t = topic_of("t");
	send_create(4, &t, 1);
	fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	cr_assert(only_created(4, &later)->error_code == KAFKA_ERROR_NONE);
}

enum { MANY = CHANGE_CREATIONS_AT_ONCE + 3 };

static void send_create_many(void)
{
	static struct create_topics_request_topic t[MANY];
	static char names[MANY][8];
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof names[i], "t%u", i);
		t[i] = topic_of(names[i]);
	}
	send_create(4, t, MANY);
}

/* Others have their turn in between. */
Test(kafka_change, a_request_of_many_topics_has_some_jobs_at_a_time)
{
	struct create_topics_response r;
	send_create_many();
	cr_assert(registry.jobs_count == CHANGE_CREATIONS_AT_ONCE);
	for (unsigned left = MANY; left > 0; left--) {
		cr_assert(registry.jobs_count == min_u32(left, CHANGE_CREATIONS_AT_ONCE));
		fake_registry_end_job_at(&registry, registry.jobs_count - 1,
					 KAFKA_ERROR_INVALID_CONFIG);
	}
	take_answer(&create_topics_response, 4, &r);
	cr_assert(r.topics.count == MANY);
}

/* A job costs memory. */
Test(kafka_change, where_there_are_many_jobs_a_request_has_one)
{
	unsigned alone = CHANGE_JOBS_MAX / CHANGE_CREATIONS_AT_ONCE;
	for (unsigned i = 0; i < alone; i++)
		send_create_many();
	cr_assert(registry.jobs_count == CHANGE_JOBS_MAX);
	send_create_many();
	cr_assert(registry.jobs_count == CHANGE_JOBS_MAX + 1);
	fake_registry_end_job_at(&registry, CHANGE_JOBS_MAX, KAFKA_ERROR_INVALID_CONFIG);
	cr_assert(registry.jobs_count == CHANGE_JOBS_MAX + 1);
	kafka_api_rig_end();
	cr_assert(registry.jobs_count == 0);
}

static struct call_msg *delete_many(int version, uint32_t count)
{
	static struct bytes names[CHANGE_ITEMS_MAX + 1];
	static char texts[CHANGE_ITEMS_MAX + 1][11];
	struct delete_topics_request q = {.topic_names = {names, (int32_t)count},
					  .timeout_ms = 30000};
	for (uint32_t i = 0; i < count; i++) {
		snprintf(texts[i], sizeof texts[i], "%u", i);
		names[i] = text(texts[i]);
	}
	send_request(&calls[0], KAFKA_API_DELETE_TOPICS, version, &delete_topics_request, &q);
	return reap();
}

Test(kafka_change, what_is_kept_is_bounded_and_who_comes_later_shall_come_again)
{
	struct delete_topics_response r;
	struct call_msg *call;
	unsigned kept = 0;
	while ((call = delete_many(4, CHANGE_ITEMS_MAX))->is_parked) {
		chain_give(&call->request);
		cr_assert(++kept < 10);
	}
	cr_assert(kept == 5, "%u", kept);
	read_reply(call, &delete_topics_response, 4, true, &r);
	cr_assert(r.responses.count == CHANGE_ITEMS_MAX && r.throttle_time_ms == 0);
	cr_assert(r.responses.items[9].error_code == KAFKA_ERROR_NOT_CONTROLLER);
	release(call);
	call = delete_many(5, CHANGE_ITEMS_MAX);
	read_reply(call, &delete_topics_response, 5, true, &r);
	cr_assert(r.throttle_time_ms == CHANGE_THROTTLE_MS);
	cr_assert(r.responses.items[9].error_code == KAFKA_ERROR_THROTTLING_QUOTA_EXCEEDED);
	release(call);
	cr_assert(registry.jobs_count == kept);
	kafka_api_rig_end();
	cr_assert(registry.jobs_count == 0);
}

Test(kafka_change, a_request_of_more_topics_than_there_can_be_is_refused)
{
	struct delete_topics_response r;
	struct call_msg *call = delete_many(5, CHANGE_ITEMS_MAX + 1);
	read_reply(call, &delete_topics_response, 5, true, &r);
	cr_assert(r.responses.items[0].error_code == KAFKA_ERROR_POLICY_VIOLATION);
	cr_assert(registry.jobs_count == 0);
	release(call);
}

Test(kafka_change, a_gateway_that_ends_forgets_who_still_waits)
{
	struct create_topics_request_topic t[] = {topic_of("a"), topic_of("b")};
	send_create(4, t, 2);
	fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	cr_assert(take_send() == NULL);
	kafka_api_rig_end();
	cr_assert(registry.jobs_count == 0);
}

/* ---- DeleteTopics ------------------------------------------------------------------------- */

static void send_delete(int version, const struct delete_topics_request *q)
{
	send_request(&calls[0], KAFKA_API_DELETE_TOPICS, version, &delete_topics_request, q);
	take_parked();
}

Test(kafka_change, topics_go_by_name)
{
	for (int version = 1; version <= 6; version++) {
		struct bytes name = text("t");
		struct delete_topics_request_topic t = {.name = name};
		struct delete_topics_request q = {.topics = {&t, 1}, .topic_names = {&name, 1},
						  .timeout_ms = 1000};
		struct delete_topics_response r;
		fake_registry_add(&registry, "t", 1);
		send_delete(version, &q);
		cr_assert(registry.jobs[0].kind == FAKE_DELETE && !registry.jobs[0].has_id);
		cr_assert(strcmp(registry.jobs[0].name, "t") == 0);
		fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
		take_answer(&delete_topics_response, version, &r);
		cr_assert(r.responses.count == 1 && r.responses.items[0].error_code == 0);
		cr_assert(is_text(r.responses.items[0].name, "t") && registry.count == 0);
		cr_assert((r.responses.items[0].topic_id[0] == 0xa0) == (version == 6));
	}
}

/* Their syncs are not shared. */
Test(kafka_change, topics_of_one_request_go_one_after_the_other)
{
	struct bytes names[] = {text("b"), text("a")};
	struct delete_topics_request q = {.topic_names = {names, 2}, .timeout_ms = 1000};
	struct delete_topics_response r;
	fake_registry_add(&registry, "a", 1);
	fake_registry_add(&registry, "b", 1);
	send_delete(4, &q);
	for (unsigned i = 0; i < 2; i++) {
		cr_assert(registry.jobs_count == 1 && is_text(names[i], registry.jobs[0].name));
		fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	}
	take_answer(&delete_topics_response, 4, &r);
	cr_assert(r.responses.count == 2 && registry.count == 0);
}

Test(kafka_change, topics_go_by_id_and_are_told_by_name)
{
	struct delete_topics_request_topic t = {.topic_id = {[0] = 0xa0, [15] = 1}};
	struct delete_topics_request q = {.topics = {&t, 1}, .timeout_ms = 1000};
	struct delete_topics_response r;
	fake_registry_add(&registry, "t", 1);
	send_delete(6, &q);
	cr_assert(registry.jobs[0].has_id && registry.jobs[0].id[15] == 1);
	fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	take_answer(&delete_topics_response, 6, &r);
	cr_assert(r.responses.items[0].error_code == 0 && is_text(r.responses.items[0].name, "t"));
	send_delete(6, &q);
	fake_registry_end_job(&registry, KAFKA_ERROR_UNKNOWN_TOPIC_ID);
	take_answer(&delete_topics_response, 6, &r);
	cr_assert(r.responses.items[0].error_code == KAFKA_ERROR_UNKNOWN_TOPIC_ID);
	cr_assert(!r.responses.items[0].name.data && r.responses.items[0].topic_id[15] == 1);
}

Test(kafka_change, a_topic_to_delete_is_named_in_one_way)
{
	struct delete_topics_request_topic t[] = {
		{.name = text("t"), .topic_id = {1}}, {{0}, {0}}, {.topic_id = {2}},
		{.topic_id = {2}}, {.name = text("a/b")}};
	static const int16_t errors[] = {KAFKA_ERROR_INVALID_REQUEST, KAFKA_ERROR_INVALID_REQUEST,
					 KAFKA_ERROR_INVALID_REQUEST,
					 KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION};
	struct delete_topics_request q = {.topics = {t, array_len(t)}, .timeout_ms = 1000};
	struct delete_topics_response r;
	send_delete(6, &q);
	cr_assert(registry.jobs_count == 0);
	take_answer(&delete_topics_response, 6, &r);
	cr_assert(r.responses.count == array_len(errors));
	for (unsigned i = 0; i < array_len(errors); i++)
		cr_assert(r.responses.items[i].error_code == errors[i], "%u", i);
}

Test(kafka_change, an_old_client_is_told_in_its_words_that_nothing_is_deleted)
{
	for (int version = 1; version <= 3; version++) {
		struct bytes name = text("t");
		struct delete_topics_request q = {.topic_names = {&name, 1}, .timeout_ms = 1000};
		struct delete_topics_response r;
		send_delete(version, &q);
		fake_registry_end_job(&registry, KAFKA_ERROR_TOPIC_DELETION_DISABLED);
		take_answer(&delete_topics_response, version, &r);
		cr_assert(r.responses.items[0].error_code ==
			  (version < 3 ? KAFKA_ERROR_INVALID_REQUEST
				       : KAFKA_ERROR_TOPIC_DELETION_DISABLED));
	}
}

/* ---- CreatePartitions --------------------------------------------------------------------- */

static int16_t grow(int version, const struct create_partitions_topic *t, int16_t outcome)
{
	struct create_partitions_request q = {
		.topics = {(struct create_partitions_topic *)t, 1}, .timeout_ms = 1000};
	struct create_partitions_response r;
	send_request(&calls[0], KAFKA_API_CREATE_PARTITIONS, version, &create_partitions_request,
		     &q);
	take_parked();
	if (registry.jobs_count > 0)
		fake_registry_end_job(&registry, outcome);
	take_answer(&create_partitions_response, version, &r);
	cr_assert(r.results.count == 1);
	return r.results.items[0].error_code;
}

Test(kafka_change, a_topic_grows_to_as_many_partitions_as_are_asked_for)
{
	fake_registry_add(&registry, "t", 2);
	for (int version = 0; version <= 3; version++) {
		struct create_partitions_topic t = {.name = text("t"), .count = 5,
						    .assignments = {NULL, -1}};
		cr_assert(grow(version, &t, KAFKA_ERROR_NONE) == KAFKA_ERROR_NONE);
		cr_assert(registry.jobs[0].kind == FAKE_ALTER && registry.jobs[0].partitions == 5);
		cr_assert(grow(version, &t, KAFKA_ERROR_INVALID_PARTITIONS) ==
			  KAFKA_ERROR_INVALID_PARTITIONS);
	}
}

/* The registry takes -1 for "as many as there are", and would say that all is well. */
Test(kafka_change, a_number_below_one_is_not_taken_for_no_change)
{
	fake_registry_add(&registry, "t", 2);
	struct create_partitions_topic t = {.name = text("t"), .count = -1,
					    .assignments = {NULL, -1}};
	grow(3, &t, KAFKA_ERROR_INVALID_PARTITIONS);
	cr_assert(registry.jobs[0].partitions == 0);
}

Test(kafka_change, new_partitions_are_assigned_all_to_the_only_broker)
{
	struct create_partitions_assignment a[] = {{{&us, 1}}, {{&us, 1}}, {{&us, 1}}};
	struct create_partitions_topic t = {.name = text("t"), .count = 5, .assignments = {a, 3}};
	fake_registry_add(&registry, "t", 2);
	cr_assert(grow(3, &t, KAFKA_ERROR_NONE) == KAFKA_ERROR_NONE);
	t.assignments.count = 2;
	cr_assert(grow(3, &t, KAFKA_ERROR_NONE) == KAFKA_ERROR_INVALID_REPLICA_ASSIGNMENT);
	t.assignments.count = 3;
	a[1].broker_ids.items = &another;
	cr_assert(grow(3, &t, KAFKA_ERROR_NONE) == KAFKA_ERROR_INVALID_REPLICA_ASSIGNMENT);
	/* Fewer than there are is what is wrong first. */
	t.count = 1;
	cr_assert(grow(3, &t, KAFKA_ERROR_INVALID_PARTITIONS) == KAFKA_ERROR_INVALID_PARTITIONS);
	t.name = text("u");
	cr_assert(grow(3, &t, KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION) ==
		  KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
}
