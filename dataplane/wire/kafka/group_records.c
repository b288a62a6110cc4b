/* group_records.c - records of __consumer_offsets in and out; see group_records.h. */
#include "dataplane/wire/kafka/group_records.h"
#include "dataplane/base/require.h"

enum { TYPE_BYTES = 2, OFFSET_TYPE = 1, GROUP_TYPE = 2, FLEXIBLE_SINCE = 4 };

/* ---- values ----------------------------------------------------------------------------- */

#define M struct offset_commit_value
static const struct kafka_field offset_rows[] = {
	KAFKA_FIELD(M, offset, INT64),
	KAFKA_FIELD(M, leader_epoch, INT32, SINCE(3), .absent = -1),
	KAFKA_FIELD(M, metadata, STRING),
	KAFKA_FIELD(M, commit_timestamp, INT64),
	KAFKA_FIELD(M, expire_timestamp, INT64, SINCE(1), GONE_SINCE(2), .absent = -1),
	KAFKA_FIELD(M, topic_id, UUID, SINCE(4), TAGGED(0)),
};
static const struct kafka_struct offset = KAFKA_STRUCT(M, offset_rows);
#undef M

const struct kafka_message offset_commit_value = {
	.name = "OffsetCommitValue", .body = &offset, .flexible_since = FLEXIBLE_SINCE};

#define M struct group_metadata_member
static const struct kafka_field member_rows[] = {
	KAFKA_FIELD(M, member_id, STRING),
	KAFKA_FIELD(M, group_instance_id, STRING, SINCE(3), NULLABLE_SINCE(3)),
	KAFKA_FIELD(M, client_id, STRING),
	KAFKA_FIELD(M, client_host, STRING),
	KAFKA_FIELD(M, rebalance_timeout, INT32, SINCE(1), .absent = -1),
	KAFKA_FIELD(M, session_timeout, INT32),
	KAFKA_FIELD(M, subscription, BYTES),
	KAFKA_FIELD(M, assignment, BYTES),
};
static const struct kafka_struct member = KAFKA_STRUCT(M, member_rows);
#undef M

#define M struct group_metadata_value
static const struct kafka_field group_rows[] = {
	KAFKA_FIELD(M, protocol_type, STRING),
	KAFKA_FIELD(M, generation, INT32),
	KAFKA_FIELD(M, protocol, STRING, NULLABLE_SINCE(0)),
	KAFKA_FIELD(M, leader, STRING, NULLABLE_SINCE(0)),
	KAFKA_FIELD(M, current_state_timestamp, INT64, SINCE(2), .absent = -1),
	KAFKA_FIELD(M, members, ARRAY, .of = &member),
};
static const struct kafka_struct group = KAFKA_STRUCT(M, group_rows);
#undef M

const struct kafka_message group_metadata_value = {
	.name = "GroupMetadataValue", .body = &group, .flexible_since = FLEXIBLE_SINCE};

/* Bytes behind a value are as wrong as missing ones: either way it was written by other rules
 * than ours. */
bool group_record_value_read(const struct kafka_message *m, struct bytes value,
			     struct kafka_arena *arena, void *ret)
{
	struct cursor c = cursor_of(value.data, value.size);
	int16_t version = (int16_t)cursor_u16(&c);
	if (c.bad || version < 0 || version > GROUP_RECORD_VERSION_MAX)
		return false;
	return kafka_decode(m, version, &c, arena, ret) == KAFKA_DECODED_OK &&
	       cursor_left(&c) == 0;
}

/* A value's version takes as many bytes as a key's type. */
size_t group_record_value_size(const struct kafka_message *m, const void *value)
{
	return TYPE_BYTES + kafka_encoded_size(m, GROUP_RECORD_VERSION, value);
}

void group_record_value_emit(struct emitter *e, const struct kafka_message *m, const void *value)
{
	emit_u16(e, GROUP_RECORD_VERSION);
	kafka_encode(m, GROUP_RECORD_VERSION, value, e);
}

/* ---- keys ------------------------------------------------------------------------------- */

/* Keys have the old form of a string in every version, and no null: its -1 is a size beyond the
 * bound. */
static struct bytes read_text(struct cursor *c)
{
	size_t size = cursor_u16(c);
	if (size > KAFKA_STRING_BYTES_MAX)
		c->bad = true;
	const uint8_t *data = cursor_take(c, size);
	return (struct bytes){data, data ? size : 0};
}

/* Types above ours are of a newer Kafka, whose records are left as they are; below 0 is
 * nobody's. */
enum group_record_kind group_record_key_read(struct bytes key, struct group_record_key *ret)
{
	struct cursor c = cursor_of(key.data, key.size);
	int16_t type = (int16_t)cursor_u16(&c);
	*ret = (struct group_record_key){0};
	if (c.bad || type < 0)
		return GROUP_RECORD_BROKEN;
	if (type > GROUP_TYPE)
		return GROUP_RECORD_OTHER;
	ret->group = read_text(&c);
	if (type <= OFFSET_TYPE) {
		ret->topic = read_text(&c);
		ret->partition = (int32_t)cursor_u32(&c);
	}
	if (c.bad || cursor_left(&c) > 0)
		return GROUP_RECORD_BROKEN;
	return type == GROUP_TYPE ? GROUP_RECORD_GROUP : GROUP_RECORD_OFFSET;
}

size_t group_record_key_size(enum group_record_kind kind, const struct group_record_key *key)
{
	size_t group_bytes = TYPE_BYTES + 2 + key->group.size;
	return kind == GROUP_RECORD_GROUP ? group_bytes : group_bytes + 2 + key->topic.size + 4;
}

/* Names come out of requests, where decoding has held them against the same bound. */
static void emit_text(struct emitter *e, struct bytes text)
{
	require(text.size <= KAFKA_STRING_BYTES_MAX);
	emit_u16(e, (uint16_t)text.size);
	emit_bytes(e, text.data, text.size);
}

void group_record_key_emit(struct emitter *e, enum group_record_kind kind,
			   const struct group_record_key *key)
{
	require(kind == GROUP_RECORD_GROUP || kind == GROUP_RECORD_OFFSET);
	emit_u16(e, kind == GROUP_RECORD_GROUP ? GROUP_TYPE : OFFSET_TYPE);
	emit_text(e, key->group);
	if (kind == GROUP_RECORD_GROUP)
		return;
	emit_text(e, key->topic);
	emit_u32(e, (uint32_t)key->partition);
}

/* ---- where a group is kept -------------------------------------------------------------- */

/* The next character of UTF-8; a byte that begins none is U+FFFD, as Java decodes it. */
static uint32_t next_character(const uint8_t **at, const uint8_t *end)
{
	static const uint32_t first_of[] = {0, 0x80, 0x800, 0x10000};
	const uint8_t *p = *at;
	unsigned more = p[0] >= 0xf8 ? 0 : p[0] >= 0xf0 ? 3
			: p[0] >= 0xe0 ? 2 : p[0] >= 0xc0 ? 1 : 0;
	uint32_t c = more ? p[0] & (0x3fu >> more) : p[0];
	*at = p + 1;
	if ((!more && p[0] >= 0x80) || (size_t)(end - p) <= more)
		return 0xfffd;
	for (unsigned i = 1; i <= more; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0xfffd;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < first_of[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0xfffd;
	*at = p + 1 + more;
	return c;
}

/* Kafka's own abs: of the number that has no positive one it is 0. */
uint32_t group_record_partition(struct bytes group_id, uint32_t partitions)
{
	struct cursor all = cursor_of(group_id.data, group_id.size);
	uint32_t hash = 0;
	while (cursor_left(&all) > 0) {
		uint32_t c = next_character(&all.at, all.end);
		/* A Java string has 16 bits a character: beyond them it has two, a surrogate
		 * pair. */
		if (c >= 0x10000)
			hash = hash * 31 + (0xd800 + ((c - 0x10000) >> 10));
		hash = hash * 31 + (c >= 0x10000 ? 0xdc00 + ((c - 0x10000) & 0x3ff) : c);
	}
	int32_t value = (int32_t)hash;
	uint32_t size = value == INT32_MIN ? 0 : (uint32_t)(value < 0 ? -value : value);
	return size % partitions;
}
