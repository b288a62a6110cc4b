/* fuzz_kafka_control.c - requests of any bytes at control: every API that it serves in every
 * version, and whatever else comes; and the message tables by themselves.
 *
 *     input: table 1 | version 1 | body
 *
 * What a table reads it writes, and reads again the same.
 */
#include "dataplane/wire/kafka/kafka_apis.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/kafka/kafka_header.h"
#include "dataplane/wire/kafka/msg_alter_configs.h"
#include "dataplane/wire/kafka/msg_alter_reassignments.h"
#include "dataplane/wire/kafka/msg_api_versions.h"
#include "dataplane/wire/kafka/msg_create_partitions.h"
#include "dataplane/wire/kafka/msg_create_topics.h"
#include "dataplane/wire/kafka/msg_delete_records.h"
#include "dataplane/wire/kafka/msg_delete_topics.h"
#include "dataplane/wire/kafka/msg_describe_cluster.h"
#include "dataplane/wire/kafka/msg_describe_configs.h"
#include "dataplane/wire/kafka/msg_describe_log_dirs.h"
#include "dataplane/wire/kafka/msg_describe_producers.h"
#include "dataplane/wire/kafka/msg_describe_topic_partitions.h"
#include "dataplane/wire/kafka/msg_elect_leaders.h"
#include "dataplane/wire/kafka/msg_find_coordinator.h"
#include "dataplane/wire/kafka/msg_incremental_alter_configs.h"
#include "dataplane/wire/kafka/msg_leader_epochs.h"
#include "dataplane/wire/kafka/msg_list_offsets.h"
#include "dataplane/wire/kafka/msg_list_reassignments.h"
#include "dataplane/wire/kafka/msg_metadata.h"
#include "dataplane/wire/kafka/msg_sasl.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/control/kafka/kafka_api_rig.h"

enum { BODY_BYTES_MAX = 8192, ARENA_BYTES = 8192, HEADER_ROOM = 64, STRUCT_BYTES_MAX = 256 };

struct table {
	int16_t key;
	const struct kafka_message *request;
};

/* New ones behind the others: the corpus names them by their numbers. */
static const struct table tables[] = {
	{KAFKA_API_LIST_OFFSETS, &list_offsets_request},
	{KAFKA_API_METADATA, &metadata_request},
	{KAFKA_API_FIND_COORDINATOR, &find_coordinator_request},
	{KAFKA_API_SASL_HANDSHAKE, &sasl_handshake_request},
	{KAFKA_API_API_VERSIONS, &api_versions_request},
	{KAFKA_API_SASL_AUTHENTICATE, &sasl_authenticate_request},
	{KAFKA_API_CREATE_TOPICS, &create_topics_request},
	{KAFKA_API_DELETE_TOPICS, &delete_topics_request},
	{KAFKA_API_CREATE_PARTITIONS, &create_partitions_request},
	{KAFKA_API_DESCRIBE_CLUSTER, &describe_cluster_request},
	{KAFKA_API_DESCRIBE_TOPIC_PARTITIONS, &describe_topic_partitions_request},
	{KAFKA_API_DESCRIBE_LOG_DIRS, &describe_log_dirs_request},
	{KAFKA_API_ELECT_LEADERS, &elect_leaders_request},
	{KAFKA_API_ALTER_PARTITION_REASSIGNMENTS, &alter_reassignments_request},
	{KAFKA_API_LIST_PARTITION_REASSIGNMENTS, &list_reassignments_request},
	{KAFKA_API_OFFSET_FOR_LEADER_EPOCH, &leader_epochs_request},
	{KAFKA_API_DESCRIBE_CONFIGS, &describe_configs_request},
	{KAFKA_API_ALTER_CONFIGS, &alter_configs_request},
	{KAFKA_API_INCREMENTAL_ALTER_CONFIGS, &incremental_alter_configs_request},
	{KAFKA_API_DESCRIBE_PRODUCERS, &describe_producers_request},
	{KAFKA_API_DELETE_RECORDS, &delete_records_request},
};

static size_t encode(const struct kafka_message *m, int version, const void *message, uint8_t *out,
		     size_t room)
{
	struct emitter e = emitter_of(out, room);
	kafka_encode(m, version, message, &e);
	require(!e.bad && emitter_size(&e) == kafka_encoded_size(m, version, message));
	return emitter_size(&e);
}

static void check_table(const struct kafka_message *m, int version, struct bytes body)
{
	static alignas(16) uint8_t memory[2][ARENA_BYTES];
	static uint8_t once[1 << 16], twice[1 << 16];
	alignas(16) uint8_t message[STRUCT_BYTES_MAX], again[STRUCT_BYTES_MAX];
	struct cursor c = cursor_of(body.data, body.size);
	struct kafka_arena arena = kafka_arena_of(memory[0], sizeof memory[0]);
	require(m->body->bytes <= STRUCT_BYTES_MAX);
	if (kafka_decode(m, version, &c, &arena, message) != KAFKA_DECODED_OK)
		return;
	size_t size = encode(m, version, message, once, sizeof once);
	c = cursor_of(once, size);
	arena = kafka_arena_of(memory[1], sizeof memory[1]);
	require(kafka_decode(m, version, &c, &arena, again) == KAFKA_DECODED_OK);
	require(cursor_left(&c) == 0);
	require(encode(m, version, again, twice, sizeof twice) == size);
	require(memcmp(once, twice, size) == 0);
}

static void take_answers(void)
{
	for (struct inbox_msg *m; (m = take_send());)
		give_send(m, INBOX_DONE);
}

/* Those who wait for a topic, or a change, hear that there is none; some wait for nothing. */
static void end_jobs(void)
{
	take_answers();
	while (registry.jobs_count > 0) {
		fake_registry_end_job(&registry, KAFKA_ERROR_INVALID_REPLICATION_FACTOR);
		take_answers();
	}
}

static void ask(const struct kafka_api_row *row, int version, struct bytes body)
{
	static uint8_t request[HEADER_ROOM + BODY_BYTES_MAX];
	size_t head = put_header(request, row->key, version, kafka_api_is_flexible(row, version));
	memcpy(request + head, body.data, body.size);
	send_bytes(&calls[0], request, head + body.size);
	struct call_msg *call = reap();
	require(call == &calls[0]);
	if (call->is_parked) {
		require(!call->reply);
		chain_give(&call->request);
	} else {
		require(!call->reply || be32_load(call->reply) == call->reply_bytes - 4);
		release(call);
	}
	end_jobs();
}

static void stop(void)
{
	kafka_api_rig_stop();
}

static void begin(void)
{
	kafka_api_rig_start();
	atexit(stop);
	fake_registry_add(&registry, "alpha", 2);
	fake_registry_add(&registry, "beta", 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_of(data, size);
	const struct table *t = &tables[fuzz_u8(&c) % array_len(tables)];
	const struct kafka_api_row *row = kafka_api_row_find(t->key);
	int versions = row->version_max - row->version_min + 1;
	int version = row->version_min + fuzz_u8(&c) % versions;
	struct bytes given = fuzz_take(&c, BODY_BYTES_MAX);
	if (registry.count == 0)
		begin();
	uint8_t *body = fuzz_copy(given);
	check_table(t->request, version, (struct bytes){body, given.size});
	if (row->server == KAFKA_SERVER_CONTROL)
		ask(row, version, (struct bytes){body, given.size});
	free(body);
	return 0;
}
