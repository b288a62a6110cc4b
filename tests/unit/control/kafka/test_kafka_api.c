/* test_kafka_api.c - requests as pollers pass them on, replies as clients will read them. */
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/kafka/kafka_header.h"
#include "dataplane/wire/kafka/msg_api_versions.h"
#include "dataplane/wire/kafka/msg_metadata.h"
#include "tests/unit/control/kafka/kafka_api_rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

TestSuite(kafka_api, .init = kafka_api_rig_start, .fini = kafka_api_rig_stop);

/* ---- ApiVersions ---------------------------------------------------------------------- */

static struct call_msg *ask_versions(int version, const char *name, const char *software_version,
				 struct api_versions_response *ret)
{
	struct api_versions_request r = {text(name), text(software_version)};
	send_request(&calls[0], KAFKA_API_API_VERSIONS, version, &api_versions_request, &r);
	struct call_msg *call = reap();
	read_reply(call, &api_versions_response, version, false, ret);
	return call;
}

Test(kafka_api, api_versions_lists_the_table_in_every_version)
{
	for (int version = 0; version <= 4; version++) {
		struct api_versions_response r;
		struct call_msg *call = ask_versions(version, "librdkafka", "2.0.2", &r);
		cr_assert(r.error_code == KAFKA_ERROR_NONE);
		cr_assert(r.api_keys.count == KAFKA_API_ROWS);
		for (unsigned i = 0; i < KAFKA_API_ROWS; i++) {
			const struct kafka_api_row *row = &kafka_api_rows[i];
			struct api_versions_key *key = &r.api_keys.items[i];
			cr_assert(key->api_key == row->key);
			cr_assert(key->min_version == row->version_advertised);
			cr_assert(key->max_version == row->version_max);
		}
		release(call);
	}
}

Test(kafka_api, produce_is_advertised_from_0_so_that_librdkafka_compresses)
{
	const struct kafka_api_row *row = kafka_api_row_find(KAFKA_API_PRODUCE);
	cr_assert(row->version_advertised == 0 && row->version_min == 3);
}

/* Neither the body nor the rest of the header is of a form we know. */
Test(kafka_api, an_unknown_version_of_api_versions_is_answered_in_the_oldest_layout)
{
	static const uint8_t request[] = {0, 18, 0, 5, 1, 2, 3, 4, 0xee, 0xee, 0xee};
	static const uint8_t want[] = {0, 0, 0, 16, 1, 2, 3, 4, 0, 35, 0, 0, 0, 1,
				       0, 18, 0, 0, 0, 4};
	send_bytes(&calls[0], request, sizeof request);
	struct call_msg *call = reap();
	cr_assert(call->reply_bytes == sizeof want);
	cr_assert(memcmp(call->reply, want, sizeof want) == 0);
	release(call);
}

Test(kafka_api, a_client_must_have_a_decent_name)
{
	static const struct {
		const char *name;
		const char *version;
		int error;
	} cases[] = {
		{"apache-kafka-java", "3.7.0", KAFKA_ERROR_NONE},
		{"a", "1", KAFKA_ERROR_NONE},
		{"", "1.0", KAFKA_ERROR_INVALID_REQUEST},
		{"name", "", KAFKA_ERROR_INVALID_REQUEST},
		{"-name", "1.0", KAFKA_ERROR_INVALID_REQUEST},
		{"name.", "1.0", KAFKA_ERROR_INVALID_REQUEST},
		{"na me", "1.0", KAFKA_ERROR_INVALID_REQUEST},
		{"name", "1_0", KAFKA_ERROR_INVALID_REQUEST},
	};
	for (unsigned i = 0; i < array_len(cases); i++) {
		struct api_versions_response r;
		release(ask_versions(3, cases[i].name, cases[i].version, &r));
		cr_assert(r.error_code == cases[i].error, "%s %s", cases[i].name,
			  cases[i].version);
	}
}

/* ---- what is not ours ----------------------------------------------------------------- */

Test(kafka_api, a_request_we_do_not_serve_closes_the_connection)
{
	uint8_t wire[64];
	static const int others[][2] = {{11, 0}, {36, 3}, {17, 2}, {3, 13}, {2, 0}, {2, 8},
					{10, 5}, {0, 7},  {1, 11}, {-1, 0}, {3, -1}};
	for (unsigned i = 0; i < array_len(others); i++) {
		size_t size = put_header(wire, others[i][0], others[i][1], false);
		cr_assert(is_closed(wire, size), "key %d version %d", others[i][0],
			  others[i][1]);
	}
}

Test(kafka_api, a_request_cut_at_any_byte_closes_the_connection)
{
	/* Metadata 12 for one topic by name. */
	uint8_t wire[96];
	size_t size = put_header(wire, KAFKA_API_METADATA, 12, true);
	wire[size++] = 2;
	memset(wire + size, 0, KAFKA_UUID_BYTES);
	size += KAFKA_UUID_BYTES;
	memcpy(wire + size, "\x03t1\0\1\0\0", 7);
	size += 7;
	fake_registry_add(&registry, "t1", 1);
	cr_assert(!is_closed(wire, size));
	for (size_t cut = 0; cut < size; cut++)
		cr_assert(is_closed(wire, cut), "%zu", cut);
}

/* ---- Metadata ------------------------------------------------------------------------- */

static struct call_msg *ask_metadata(int version, struct metadata_request *request,
				 struct metadata_response *ret)
{
	send_request(&calls[0], KAFKA_API_METADATA, version, &metadata_request, request);
	struct call_msg *call = reap();
	if (call)
		read_reply(call, &metadata_response, version, version >= 9, ret);
	return call;
}

Test(kafka_api, metadata_names_one_broker_under_the_address_of_the_listener)
{
	fake_registry_add(&registry, "vehicles", 3);
	for (int version = 0; version <= 12; version++) {
		struct metadata_request q = {.topics = {NULL, version == 0 ? 0 : -1}};
		struct metadata_response r;
		struct call_msg *call = ask_metadata(version, &q, &r);
		cr_assert(r.brokers.count == 1);
		cr_assert(r.brokers.items[0].node_id == 7);
		cr_assert(is_text(r.brokers.items[0].host, "broker.example"));
		cr_assert(r.brokers.items[0].port == 9094);
		cr_assert(r.controller_id == (version >= 1 ? 7 : -1));
		cr_assert(version < 2 || is_text(r.cluster_id, "tGz8LcFMSr2dGiSTwZ7_-Q"));
		cr_assert(r.cluster_authorized_operations == AUTHORIZED_UNKNOWN);
		cr_assert(r.topics.count == 1);
		release(call);
	}
}

Test(kafka_api, metadata_says_that_we_lead_every_partition)
{
	fake_registry_add(&registry, "vehicles", 3);
	for (int version = 0; version <= 12; version++) {
		struct metadata_request_topic t = {.name = text("vehicles")};
		struct metadata_request q = {.topics = {&t, 1}};
		struct metadata_response r;
		struct call_msg *call = ask_metadata(version, &q, &r);
		struct metadata_topic *topic = &r.topics.items[0];
		cr_assert(r.topics.count == 1 && topic->error_code == 0);
		cr_assert(is_text(topic->name, "vehicles"));
		cr_assert(topic->topic_id[15] == (version >= 10 ? 1 : 0));
		cr_assert(topic->topic_authorized_operations == AUTHORIZED_UNKNOWN);
		cr_assert(topic->partitions.count == 3);
		for (int32_t i = 0; i < 3; i++) {
			struct metadata_partition *p = &topic->partitions.items[i];
			cr_assert(p->error_code == 0 && p->partition_index == i);
			cr_assert(p->leader_id == 7);
			cr_assert(p->leader_epoch == (version >= 7 ? 0 : -1));
			cr_assert(p->replica_nodes.count == 1);
			cr_assert(p->isr_nodes.items[0] == 7);
			cr_assert(p->offline_replicas.count == 0);
		}
		release(call);
	}
}

Test(kafka_api, a_partition_that_is_offline_keeps_its_leader_and_says_so_from_version_5_on)
{
	fake_registry_add(&registry, "vehicles", 2);
	registry.has_offline = true;
	for (int version = 1; version <= 12; version++) {
		struct metadata_request_topic t = {.name = text("vehicles")};
		struct metadata_request q = {.topics = {&t, 1}};
		struct metadata_response r;
		struct call_msg *call = ask_metadata(version, &q, &r);
		struct metadata_partition *p = r.topics.items[0].partitions.items;
		cr_assert(p[0].error_code == 0 && p[0].leader_id == 7);
		cr_assert(p[0].offline_replicas.count == (version >= 5 ? 1 : 0));
		cr_assert(version < 5 || p[0].offline_replicas.items[0] == 7);
		cr_assert(p[1].offline_replicas.count == 0);
		release(call);
	}
}

Test(kafka_api, an_empty_list_of_topics_means_all_in_version_0_and_none_later)
{
	fake_registry_add(&registry, "a", 1);
	fake_registry_add(&registry, "b", 1);
	for (int version = 0; version <= 13; version++) {
		struct metadata_request q = {.topics = {NULL, 0}};
		struct metadata_response r;
		release(ask_metadata(version, &q, &r));
		cr_assert(r.topics.count == (version == 0 ? 2 : 0));
	}
}

Test(kafka_api, topics_can_be_asked_for_by_id_in_version_12)
{
	fake_registry_add(&registry, "vehicles", 1);
	struct metadata_request_topic t = {.topic_id = {0xa0, [15] = 1}};
	struct metadata_request q = {.topics = {&t, 1}};
	struct metadata_response r;
	struct call_msg *call = ask_metadata(12, &q, &r);
	cr_assert(is_text(r.topics.items[0].name, "vehicles"));
	release(call);

	t.topic_id[15] = 9;
	call = ask_metadata(12, &q, &r);
	cr_assert(r.topics.items[0].error_code == KAFKA_ERROR_UNKNOWN_TOPIC_ID);
	cr_assert(r.topics.items[0].name.data == NULL);
	cr_assert(r.topics.items[0].topic_id[15] == 9);
	release(call);
}

/* Before version 12 a topic with an id, or without a name, is none. */
Test(kafka_api, what_is_no_topic_spoils_the_request)
{
	fake_registry_add(&registry, "vehicles", 1);
	struct metadata_request_topic t[] = {{.name = text("vehicles")},
					     {.topic_id = {0xa0, [15] = 1}}};
	struct metadata_response r;
	for (int version = 10; version <= 11; version++) {
		struct metadata_request q = {.topics = {t, 2}};
		struct call_msg *call = ask_metadata(version, &q, &r);
		cr_assert(r.brokers.count == 0 && r.controller_id == -1 && r.topics.count == 2);
		for (unsigned i = 0; i < 2; i++)
			cr_assert(r.topics.items[i].error_code == KAFKA_ERROR_INVALID_REQUEST &&
				  r.topics.items[i].partitions.count == 0);
		release(call);
	}
}

Test(kafka_api, who_asks_by_ids_asks_for_none_by_its_name)
{
	fake_registry_add(&registry, "vehicles", 1);
	fake_registry_add(&registry, "trips", 1);
	struct metadata_request_topic t[] = {{.name = text("trips")}, {.name = text("fresh")},
					     {.topic_id = {0xa0, [15] = 1}, .name = text("x")},
					     {.topic_id = {0xa0, [15] = 99}, .name = text("y")}};
	struct metadata_response r;
	for (int version = 12; version <= 13; version++) {
		struct metadata_request q = {.topics = {t, 4}, .allow_auto_topic_creation = true};
		struct call_msg *call = ask_metadata(version, &q, &r);
		cr_assert(call && registry.jobs_count == 0);
		cr_assert(r.brokers.count == 1 && r.error_code == 0 && r.topics.count == 2);
		cr_assert(is_text(r.topics.items[0].name, "vehicles"));
		cr_assert(r.topics.items[1].error_code == KAFKA_ERROR_UNKNOWN_TOPIC_ID);
		cr_assert(r.topics.items[1].name.data == NULL);
		release(call);
	}
}

Test(kafka_api, a_topic_named_twice_is_described_once)
{
	fake_registry_add(&registry, "a", 1);
	fake_registry_add(&registry, "b", 2);
	struct metadata_request_topic t[] = {{.name = text("b")}, {.name = text("a")},
					     {.name = text("b")}, {.name = text("b")}};
	struct metadata_request q = {.topics = {t, array_len(t)}};
	struct metadata_response r;
	struct call_msg *call = ask_metadata(9, &q, &r);
	cr_assert(r.topics.count == 2);
	cr_assert(is_text(r.topics.items[0].name, "a"));
	cr_assert(is_text(r.topics.items[1].name, "b"));
	release(call);
}

Test(kafka_api, an_unknown_topic_is_an_error_when_the_client_forbids_to_create_it)
{
	struct metadata_request_topic t[] = {{.name = text("nope")}, {.name = text("x/y")}};
	struct metadata_request q = {.topics = {t, 2}, .allow_auto_topic_creation = false};
	struct metadata_response r;
	struct call_msg *call = ask_metadata(4, &q, &r);
	cr_assert(r.topics.items[0].error_code == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	cr_assert(r.topics.items[1].error_code == KAFKA_ERROR_INVALID_TOPIC_EXCEPTION);
	cr_assert(registry.jobs_count == 0);
	release(call);
}

Test(kafka_api, an_unknown_topic_is_an_error_when_the_gateway_may_not_create_it)
{
	struct metadata_request_topic t = {.name = text("fresh")};
	struct metadata_request q = {.topics = {&t, 1}, .allow_auto_topic_creation = true};
	struct metadata_response r;
	kafka_api_rig_forbid_creation();
	struct call_msg *call = ask_metadata(12, &q, &r);
	cr_assert(call && registry.jobs_count == 0);
	cr_assert(r.topics.items[0].error_code == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	release(call);
}

/* The request is parked; its ticket. */
static struct ticket park_metadata(int version, struct metadata_request *request)
{
	send_request(&calls[0], KAFKA_API_METADATA, version, &metadata_request, request);
	return take_parked();
}

/* The answer that comes with the ticket; its names lie in the message. */
static struct inbox_msg *take_answer(struct ticket ticket, int version,
				     struct metadata_response *ret)
{
	struct inbox_msg *m = take_send();
	cr_assert(m && m->ticket.stream == STREAM && m->ticket.request == ticket.request);
	read_bytes(m->bytes, &metadata_response, version, version >= 9, ret);
	return m;
}

static void read_parked(struct ticket ticket, int version, struct metadata_response *ret)
{
	give_send(take_answer(ticket, version, ret), INBOX_DONE);
}

Test(kafka_api, a_topic_that_is_created_is_answered_when_it_is_there)
{
	struct metadata_request_topic t = {.name = text("fresh")};
	struct metadata_request q = {.topics = {&t, 1}, .allow_auto_topic_creation = true};
	struct metadata_response r;
	struct ticket ticket = park_metadata(12, &q);
	cr_assert(registry.jobs_count == 1);
	cr_assert(take_send() == NULL);
	fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	read_parked(ticket, 12, &r);
	cr_assert(r.topics.items[0].error_code == KAFKA_ERROR_NONE);
	cr_assert(r.topics.items[0].partitions.count == 1);
	cr_assert(r.brokers.items[0].port == 9094, "the address of its listener");
	cr_assert(take_send() == NULL, "it is answered once");
}

Test(kafka_api, before_version_4_a_missing_topic_is_always_created)
{
	struct metadata_request_topic t = {.name = text("fresh")};
	struct metadata_request q = {.topics = {&t, 1}};
	struct metadata_response r;
	struct ticket ticket = park_metadata(1, &q);
	fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	read_parked(ticket, 1, &r);
	cr_assert(r.topics.items[0].partitions.count == 1);
}

Test(kafka_api, all_who_want_the_same_new_topic_wait_for_one_creation)
{
	struct metadata_request_topic t[] = {{.name = text("fresh")}, {.name = text("other")}};
	struct metadata_request q = {.topics = {t, 1}}, both = {.topics = {t, 2}};
	struct ticket first = park_metadata(1, &q), second = park_metadata(1, &both);
	cr_assert(registry.jobs_count == 2);
	fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	struct metadata_response r;
	read_parked(first, 1, &r);
	cr_assert(r.topics.items[0].error_code == KAFKA_ERROR_NONE);
	cr_assert(take_send() == NULL, "the second waits for the other one, too");
	fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	read_parked(second, 1, &r);
	cr_assert(r.topics.count == 2 && r.topics.items[1].error_code == KAFKA_ERROR_NONE);
}

Test(kafka_api, a_topic_that_cannot_be_created_says_why_to_all_who_wait)
{
	struct metadata_request_topic t[] = {{.name = text("bad")}, {.name = text("good")}};
	struct metadata_request q = {.topics = {t, 2}, .allow_auto_topic_creation = true};
	struct metadata_response r;
	struct ticket tickets[] = {park_metadata(9, &q), park_metadata(9, &q)};
	cr_assert(registry.jobs_count == 2);
	fake_registry_end_job(&registry, KAFKA_ERROR_INVALID_REPLICATION_FACTOR);
	cr_assert(take_send() == NULL);
	fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	for (unsigned i = 0; i < array_len(tickets); i++) {
		read_parked(tickets[i], 9, &r);
		cr_assert(r.topics.items[0].error_code ==
			  KAFKA_ERROR_INVALID_REPLICATION_FACTOR);
		cr_assert(r.topics.items[1].error_code == KAFKA_ERROR_NONE);
	}
}

Test(kafka_api, one_request_creates_a_bounded_number_of_topics)
{
	static char names[100][8];
	struct metadata_request_topic t[100];
	for (unsigned i = 0; i < 100; i++) {
		snprintf(names[i], sizeof names[i], "t%u", i);
		t[i] = (struct metadata_request_topic){.name = text(names[i])};
	}
	struct metadata_request q = {.topics = {t, 100}, .allow_auto_topic_creation = true};
	struct metadata_response r;
	struct ticket ticket = park_metadata(9, &q);
	cr_assert(registry.jobs_count == 64);
	while (registry.jobs_count > 0)
		fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	read_parked(ticket, 9, &r);
	unsigned missing = 0;
	for (int32_t i = 0; i < r.topics.count; i++)
		missing += r.topics.items[i].error_code ==
			   KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION;
	cr_assert(r.topics.count == 100 && missing == 36);
}

static char names[100][8];

static struct metadata_request ask_for_100(struct metadata_request_topic *t)
{
	for (unsigned i = 0; i < 100; i++) {
		snprintf(names[i], sizeof names[i], "t%u", i);
		t[i] = (struct metadata_request_topic){.name = text(names[i])};
	}
	return (struct metadata_request){.topics = {t, 100}, .allow_auto_topic_creation = true};
}

/* The burst is one request's; what the next would have is unknown, at once, and not created. */
Test(kafka_api, each_source_has_so_many_topics_created_a_second)
{
	struct metadata_request_topic t[100];
	struct metadata_request q = ask_for_100(t);
	struct metadata_response r;
	kafka_api_rig_limit_creation(1);
	struct ticket ticket = park_metadata(9, &q);
	cr_assert(registry.jobs_count == 64);
	while (registry.jobs_count > 0)
		fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	read_parked(ticket, 9, &r);
	q = ask_for_100(t);
	struct call_msg *call = ask_metadata(9, &q, &r);
	unsigned unknown = 0;
	for (int32_t i = 0; i < r.topics.count; i++)
		unknown += r.topics.items[i].error_code == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION;
	release(call);
	cr_assert(unknown == 36 && registry.jobs_count == 0);
	cr_assert(kafka_api_rig_stat(STAT_topic_creations_refused) == 1, "only one is tried");
	cr_assert(strstr(kafka_api_rig_said(), "10.0.0.1 asks for more than 1 a second"), "%s",
		  kafka_api_rig_said());
	caller = 2;
	q = ask_for_100(t);
	park_metadata(9, &q);
	cr_assert(registry.jobs_count == 36, "another source has its own");
}

/* Names that begin with others' are among them, and some that are not waited for. */
Test(kafka_api, each_of_many_topics_is_told_what_became_of_it)
{
	struct metadata_request_topic t[100];
	struct metadata_request q = ask_for_100(t);
	struct metadata_response r;
	unsigned own = 0;
	struct ticket ticket = park_metadata(9, &q);
	while (registry.jobs_count > 0)
		fake_registry_end_job(&registry, registry.jobs[0].name[1]);
	struct inbox_msg *answer = take_answer(ticket, 9, &r);
	for (int32_t i = 0; i < r.topics.count; i++)
		own += r.topics.items[i].error_code == r.topics.items[i].name.data[1];
	cr_assert(own == 64, "%u", own);
	give_send(answer, INBOX_DONE);
}

/* Who joins a creation costs nothing. */
Test(kafka_api, a_topic_that_is_being_created_is_waited_for_whatever_the_rate)
{
	struct metadata_request_topic t[100];
	struct metadata_request q = ask_for_100(t);
	kafka_api_rig_limit_creation(1);
	q.topics.count = 64;
	park_metadata(9, &q);
	park_metadata(9, &q);
	cr_assert(registry.jobs_count == 64);
	cr_assert(kafka_api_rig_stat(STAT_topic_creations_refused) == 0);
}

Test(kafka_api, a_full_table_is_said_and_counted)
{
	struct metadata_request_topic t = {.name = text("one-more")};
	struct metadata_request q = {.topics = {&t, 1}, .allow_auto_topic_creation = true};
	struct metadata_response r;
	struct ticket ticket = park_metadata(9, &q);
	cr_assert(registry.jobs[0].is_automatic);
	fake_registry_end_job(&registry, KAFKA_ERROR_POLICY_VIOLATION);
	read_parked(ticket, 9, &r);
	cr_assert(r.topics.items[0].error_code == KAFKA_ERROR_POLICY_VIOLATION);
	cr_assert(strstr(kafka_api_rig_said(), "penstockctl topic create"));
}

/* Each keeps a request of 238 kB: PARKED_BYTES_MAX holds 281 of them. */
Test(kafka_api, what_is_parked_is_bounded_and_who_comes_later_is_answered_at_once)
{
	enum { NAMES = 14000 };
	struct metadata_request_topic *t = calloc(NAMES, sizeof *t);
	struct metadata_request q = {.topics = {t, NAMES}};
	struct metadata_response r;
	unsigned parked = 0;
	t[0].name = text("fresh");
	for (unsigned i = 1; i < NAMES; i++)
		t[i].name = text("an/invalid/name");
	for (;; parked++) {
		send_request(&calls[0], KAFKA_API_METADATA, 1, &metadata_request, &q);
		struct call_msg *call = reap();
		if (!call->is_parked)
			break;
		chain_give(&call->request);
		cr_assert(parked < 1000);
	}
	cr_assert(parked > 270 && parked < 290, "%u", parked);
	read_reply(&calls[0], &metadata_response, 1, false, &r);
	cr_assert(r.topics.count == 2);
	for (int32_t i = 0; i < 2; i++)
		cr_assert(r.topics.items[i].error_code != KAFKA_ERROR_NONE);
	release(&calls[0]);
	fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	for (unsigned i = 0; i < parked; i++)
		give_send(take_send(), INBOX_GONE);
	cr_assert(take_send() == NULL);
	t[0].name = text("fresher");
	send_request(&calls[0], KAFKA_API_METADATA, 1, &metadata_request, &q);
	take_parked();
	free(t);
}

Test(kafka_api, a_gateway_that_ends_forgets_who_still_waits)
{
	struct metadata_request_topic t[] = {{.name = text("fresh")}, {.name = text("other")}};
	struct metadata_request q = {.topics = {t, 2}};
	park_metadata(1, &q);
	fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	cr_assert(take_send() == NULL);
	kafka_api_rig_end();
	registry_end_jobs(&registry); /* as registry_close() does */
}
