/* gen_commit.c - (connection, number) in, OffsetCommit requests out; their answers judged. */
#include "perf/gen_commit.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/kafka_header.h"
#include "dataplane/wire/kafka/msg_offset_commit.h"

#include <stdio.h>

enum { VERSION = 7, MESSAGE_BYTES_MAX = 256, GROUP_BYTES = sizeof "commit-00000000" - 1 };

static const char client_id[] = "penstock-perf";

static uint32_t partition_of(const struct gen_commit *c, uint32_t conn, uint32_t message)
{
	uint64_t number = (uint64_t)message * c->options.connections + conn;
	return (uint32_t)(number % c->options.partitions);
}

static struct bytes topic_of(const struct gen_commit *c)
{
	return (struct bytes){(const uint8_t *)c->options.topic, strlen(c->options.topic)};
}

static void header_emit(struct emitter *e, uint32_t message)
{
	emit_u32(e, 0); /* its size, when that is known */
	emit_u16(e, KAFKA_API_OFFSET_COMMIT);
	emit_u16(e, VERSION);
	emit_u32(e, message);
	emit_u16(e, sizeof client_id - 1);
	emit_bytes(e, client_id, sizeof client_id - 1);
}

/* Made anew each time, whole: it is short. */
static uint32_t message_make(const struct gen_commit *c, uint32_t conn, uint32_t message,
			     uint8_t out[MESSAGE_BYTES_MAX])
{
	static const struct bytes nothing = {(const uint8_t *)"", 0};
	char group[GROUP_BYTES + 1];
	snprintf(group, sizeof group, "commit-%08u", conn % 100000000);
	struct offset_commit_request_partition partition = {
		.partition_index = (int32_t)partition_of(c, conn, message),
		.committed_offset = message,
		.committed_leader_epoch = -1,
		.committed_metadata = nothing,
	};
	struct offset_commit_request_topic topic = {topic_of(c), {&partition, 1}};
	struct offset_commit_request q = {
		.group_id = {(const uint8_t *)group, GROUP_BYTES},
		.generation_id = -1,
		.member_id = nothing,
		.topics = {&topic, 1},
	};
	struct emitter e = emitter_of(out, MESSAGE_BYTES_MAX);
	header_emit(&e, message);
	kafka_encode(&offset_commit_request, VERSION, &q, &e);
	require(!e.bad);
	kafka_size_store(out, emitter_size(&e));
	return (uint32_t)emitter_size(&e);
}

static uint32_t commit_size(const struct gen_load *l, uint32_t conn, uint32_t message)
{
	uint8_t whole[MESSAGE_BYTES_MAX];
	return message_make(container_of(l, struct gen_commit, load), conn, message, whole);
}

static void commit_fill(const struct gen_load *l, uint32_t conn, uint32_t message,
			uint32_t at, uint32_t size, uint8_t *out)
{
	uint8_t whole[MESSAGE_BYTES_MAX];
	uint32_t all = message_make(container_of(l, struct gen_commit, load), conn, message, whole);
	require(at + size <= all);
	memcpy(out, whole + at, size);
}

static uint32_t commit_answer_bytes(const struct gen_load *l, struct bytes at)
{
	return at.size < sizeof(uint32_t)
		       ? 0
		       : (uint32_t)sizeof(uint32_t) + be32_load(at.data);
}

static enum gen_verdict commit_check(const struct gen_load *l, uint32_t conn, uint32_t message,
				     struct bytes answer)
{
	const struct gen_commit *c = container_of(l, struct gen_commit, load);
	alignas(max_align_t) uint8_t room[256];
	struct kafka_arena arena = kafka_arena_of(room, sizeof room);
	struct cursor at = cursor_of(answer.data, answer.size);
	struct offset_commit_response r;
	cursor_u32(&at); /* its size */
	if (cursor_u32(&at) != message ||
	    kafka_decode(&offset_commit_response, VERSION, &at, &arena, &r) ||
	    r.topics.count != 1 || r.topics.items[0].partitions.count != 1)
		return GEN_STRANGE;
	struct offset_commit_partition found = r.topics.items[0].partitions.items[0];
	if ((uint32_t)found.partition_index != partition_of(c, conn, message))
		return GEN_STRANGE;
	return found.error_code == 0 ? GEN_ACCEPTED : GEN_REFUSED;
}

/* The gateway counts no records for commits: they are its coordinator's. */
void gen_commit_init(struct gen_commit *c, const struct gen_commit_options *options)
{
	*c = (struct gen_commit){.options = *options};
	require(strlen(options->topic) <= GEN_COMMIT_TOPIC_BYTES_MAX);
	c->load = (struct gen_load){
		.name = "commit",
		.is_answered = true,
		.message_bytes = commit_size(&c->load, 0, 0),
		.size = commit_size,
		.fill = commit_fill,
		.answer_bytes = commit_answer_bytes,
		.check = commit_check,
	};
}
