/* kafka_sample.c - a table and a number in, a filled struct out; two structs in, the field
 * that differs out. */
#include "tests/unit/wire/kafka/kafka_sample.h"

#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/group_records.h"
#include "dataplane/wire/kafka/msg_alter_configs.h"
#include "dataplane/wire/kafka/msg_alter_reassignments.h"
#include "dataplane/wire/kafka/msg_api_versions.h"
#include "dataplane/wire/kafka/msg_create_partitions.h"
#include "dataplane/wire/kafka/msg_create_topics.h"
#include "dataplane/wire/kafka/msg_delete_groups.h"
#include "dataplane/wire/kafka/msg_delete_records.h"
#include "dataplane/wire/kafka/msg_delete_topics.h"
#include "dataplane/wire/kafka/msg_describe_cluster.h"
#include "dataplane/wire/kafka/msg_describe_configs.h"
#include "dataplane/wire/kafka/msg_describe_groups.h"
#include "dataplane/wire/kafka/msg_describe_log_dirs.h"
#include "dataplane/wire/kafka/msg_describe_producers.h"
#include "dataplane/wire/kafka/msg_describe_topic_partitions.h"
#include "dataplane/wire/kafka/msg_describe_transactions.h"
#include "dataplane/wire/kafka/msg_elect_leaders.h"
#include "dataplane/wire/kafka/msg_find_coordinator.h"
#include "dataplane/wire/kafka/msg_heartbeat.h"
#include "dataplane/wire/kafka/msg_incremental_alter_configs.h"
#include "dataplane/wire/kafka/msg_init_producer_id.h"
#include "dataplane/wire/kafka/msg_join_group.h"
#include "dataplane/wire/kafka/msg_leader_epochs.h"
#include "dataplane/wire/kafka/msg_leave_group.h"
#include "dataplane/wire/kafka/msg_list_groups.h"
#include "dataplane/wire/kafka/msg_list_offsets.h"
#include "dataplane/wire/kafka/msg_list_reassignments.h"
#include "dataplane/wire/kafka/msg_list_transactions.h"
#include "dataplane/wire/kafka/msg_metadata.h"
#include "dataplane/wire/kafka/msg_offset_commit.h"
#include "dataplane/wire/kafka/msg_offset_delete.h"
#include "dataplane/wire/kafka/msg_offset_fetch.h"
#include "dataplane/wire/kafka/msg_sasl.h"
#include "dataplane/wire/kafka/msg_sync_group.h"

/* Request and answer of one API. */
#define BOTH(message, id)                                                                \
	{&message##_request, KAFKA_VERSION_MIN_##id, KAFKA_VERSION_MAX_##id},            \
	{&message##_response, KAFKA_VERSION_MIN_##id, KAFKA_VERSION_MAX_##id}

const struct sample_message sample_messages[] = {
	BOTH(api_versions, API_VERSIONS),
	BOTH(metadata, METADATA),
	BOTH(list_offsets, LIST_OFFSETS),
	BOTH(find_coordinator, FIND_COORDINATOR),
	BOTH(join_group, JOIN_GROUP),
	BOTH(sync_group, SYNC_GROUP),
	BOTH(heartbeat, HEARTBEAT),
	BOTH(leave_group, LEAVE_GROUP),
	BOTH(offset_commit, OFFSET_COMMIT),
	BOTH(offset_fetch, OFFSET_FETCH),
	BOTH(offset_delete, OFFSET_DELETE),
	BOTH(describe_groups, DESCRIBE_GROUPS),
	BOTH(list_groups, LIST_GROUPS),
	BOTH(delete_groups, DELETE_GROUPS),
	{&offset_commit_value, 0, GROUP_RECORD_VERSION_MAX},
	{&group_metadata_value, 0, GROUP_RECORD_VERSION_MAX},
	BOTH(create_topics, CREATE_TOPICS),
	BOTH(delete_topics, DELETE_TOPICS),
	BOTH(delete_records, DELETE_RECORDS),
	BOTH(create_partitions, CREATE_PARTITIONS),
	BOTH(init_producer_id, INIT_PRODUCER_ID),
	BOTH(describe_producers, DESCRIBE_PRODUCERS),
	BOTH(describe_transactions, DESCRIBE_TRANSACTIONS),
	BOTH(list_transactions, LIST_TRANSACTIONS),
	BOTH(describe_cluster, DESCRIBE_CLUSTER),
	BOTH(describe_topic_partitions, DESCRIBE_TOPIC_PARTITIONS),
	BOTH(describe_log_dirs, DESCRIBE_LOG_DIRS),
	BOTH(elect_leaders, ELECT_LEADERS),
	BOTH(alter_reassignments, ALTER_PARTITION_REASSIGNMENTS),
	BOTH(list_reassignments, LIST_PARTITION_REASSIGNMENTS),
	BOTH(leader_epochs, OFFSET_FOR_LEADER_EPOCH),
	BOTH(describe_configs, DESCRIBE_CONFIGS),
	BOTH(alter_configs, ALTER_CONFIGS),
	BOTH(incremental_alter_configs, INCREMENTAL_ALTER_CONFIGS),
	BOTH(sasl_handshake, SASL_HANDSHAKE),
	BOTH(sasl_authenticate, SASL_AUTHENTICATE),
};
const unsigned sample_messages_count = array_len(sample_messages);

static const uint8_t width[KAFKA_KINDS] = {
	[KAFKA_BOOL] = 1,  [KAFKA_INT8] = 1,  [KAFKA_INT16] = 2,
	[KAFKA_INT32] = 4, [KAFKA_INT64] = 8, [KAFKA_UUID] = KAFKA_UUID_BYTES,
};

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static bool has_field(const struct kafka_field *f, int version)
{
	return version >= f->since && (!f->gone_since || version < f->gone_since);
}

static bool is_array(const struct kafka_field *f)
{
	return f->kind == KAFKA_ARRAY || f->kind == KAFKA_OPTIONAL;
}

static bool is_text(const struct kafka_field *f)
{
	return f->kind == KAFKA_STRING || f->kind == KAFKA_BYTES;
}

static void fill_string(const struct kafka_field *f, int version, uint32_t *seed, void *out)
{
	static const char text[] = "vehicles.fleet-7_abcdefghijklmnopqrstuvwxyz0123456789";
	struct bytes s = {(const uint8_t *)text, next(seed) % sizeof text};
	if (f->is_nullable && version >= f->null_since && next(seed) % 3 == 0)
		s = (struct bytes){0};
	memcpy(out, &s, sizeof s);
}

static void fill_array(const struct kafka_field *f, int version, uint32_t *seed,
		       struct kafka_arena *arena, void *out)
{
	struct kafka_array_raw a = {.count = (int32_t)(next(seed) % 4)};
	if (f->kind == KAFKA_OPTIONAL)
		a.count = 1;
	if (f->is_nullable && version >= f->null_since && next(seed) % 3 == 0)
		a.count = -1;
	if (a.count > 0) {
		a.items = arena->at;
		arena->at += round_up((size_t)a.count * f->of->bytes, 16);
		require(arena->at <= arena->end);
	}
	for (int32_t i = 0; i < a.count; i++)
		sample_fill(f->of, version, seed, arena,
			    (uint8_t *)a.items + (size_t)i * f->of->bytes);
	memcpy(out, &a, sizeof a);
}

void sample_fill(const struct kafka_struct *s, int version, uint32_t *seed,
		 struct kafka_arena *arena, void *out)
{
	for (unsigned i = 0; i < s->field_count; i++) {
		const struct kafka_field *f = &s->fields[i];
		uint8_t *member = (uint8_t *)out + f->offset;
		if (is_text(f))
			fill_string(f, version, seed, member);
		else if (is_array(f))
			fill_array(f, version, seed, arena, member);
		else if (f->kind == KAFKA_BOOL)
			*member = next(seed) % 2;
		else
			for (unsigned b = 0; b < width[f->kind]; b++)
				member[b] = (uint8_t)next(seed);
	}
}

static const char *array_difference(const struct kafka_field *f, int version,
				    const void *want, const void *got)
{
	struct kafka_array_raw a, b;
	memcpy(&a, want, sizeof a);
	memcpy(&b, got, sizeof b);
	if (a.count != b.count)
		return f->name;
	const char *name = NULL;
	for (int32_t i = 0; i < a.count && !name; i++)
		name = sample_difference(f->of, version,
					 (uint8_t *)a.items + (size_t)i * f->of->bytes,
					 (uint8_t *)b.items + (size_t)i * f->of->bytes);
	return name;
}

static bool same_string(const void *want, const void *got)
{
	struct bytes a, b;
	memcpy(&a, want, sizeof a);
	memcpy(&b, got, sizeof b);
	return !a.data == !b.data && a.size == b.size &&
	       (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* A member the version does not carry. */
static bool is_default(const struct kafka_field *f, const void *got)
{
	static const uint8_t zero[16];
	if (is_text(f) || is_array(f))
		return memcmp(got, zero, 12) == 0;
	if (f->kind == KAFKA_UUID)
		return memcmp(got, zero, sizeof zero) == 0;
	return memcmp(got, &f->absent, width[f->kind]) == 0;
}

const char *sample_difference(const struct kafka_struct *s, int version, const void *want,
			      const void *got)
{
	for (unsigned i = 0; i < s->field_count; i++) {
		const struct kafka_field *f = &s->fields[i];
		const uint8_t *a = (const uint8_t *)want + f->offset;
		const uint8_t *b = (const uint8_t *)got + f->offset;
		const char *name = NULL;
		if (!has_field(f, version))
			name = is_default(f, b) ? NULL : f->name;
		else if (is_array(f))
			name = array_difference(f, version, a, b);
		else if (is_text(f))
			name = same_string(a, b) ? NULL : f->name;
		else
			name = memcmp(a, b, width[f->kind]) == 0 ? NULL : f->name;
		if (name)
			return name;
	}
	return NULL;
}

/* ---- filled from the names -------------------------------------------------------------- */

static void name_array(const struct kafka_field *f, struct kafka_arena *arena, void *out)
{
	struct kafka_array_raw a = {.count = 1};
	a.items = kafka_arena_take(arena, 1, f->of->bytes);
	require(a.items != NULL);
	sample_name(f->of, arena, a.items);
	memcpy(out, &a, sizeof a);
}

void sample_name(const struct kafka_struct *s, struct kafka_arena *arena, void *out)
{
	for (unsigned i = 0; i < s->field_count; i++) {
		const struct kafka_field *f = &s->fields[i];
		uint8_t *member = (uint8_t *)out + f->offset;
		struct bytes text = {(const uint8_t *)f->name, strlen(f->name)};
		uint64_t number = f->kind == KAFKA_BOOL ? 1 : text.size;
		if (is_text(f))
			memcpy(member, &text, sizeof text);
		else if (is_array(f))
			name_array(f, arena, member);
		else if (f->kind == KAFKA_UUID)
			memset(member, 0, KAFKA_UUID_BYTES);
		else
			memcpy(member, &number, width[f->kind]);
	}
}
