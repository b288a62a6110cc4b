/* test_group_records.c - records of __consumer_offsets: keys byte by byte, values that nobody
 * knows, and where Java would look for a group. Values by version: test_kafka_groups.c. */
#include "dataplane/wire/kafka/group_records.h"
#include "tests/unit/wire/kafka/golden.h"

#include <stdlib.h>

static alignas(16) uint8_t memory[4096];

static struct bytes text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static const struct group_record_key sample = {
	.group = {(const uint8_t *)"g1", 2}, .topic = {(const uint8_t *)"t", 1}, .partition = 258};

static void check_key(enum group_record_kind kind, const char *hex)
{
	uint8_t room[64];
	struct emitter e = emitter_of(room, sizeof room);
	group_record_key_emit(&e, kind, &sample);
	cr_assert(!e.bad && golden_is(hex, room, emitter_size(&e)));
	cr_assert(group_record_key_size(kind, &sample) == emitter_size(&e));
	struct group_record_key back;
	cr_assert(group_record_key_read((struct bytes){room, emitter_size(&e)}, &back) == kind);
	cr_assert(back.group.size == 2 && memcmp(back.group.data, "g1", 2) == 0);
	for (size_t cut = 0; cut < emitter_size(&e); cut++)
		cr_assert(group_record_key_read((struct bytes){room, cut}, &back) ==
			  GROUP_RECORD_BROKEN);
	emit_u8(&e, 0);
	cr_assert(group_record_key_read((struct bytes){room, emitter_size(&e)}, &back) ==
		  GROUP_RECORD_BROKEN);
}

Test(group_records, keys_are_kafkas)
{
	check_key(GROUP_RECORD_OFFSET, "0001" "00026731" "000174" "00000102");
	check_key(GROUP_RECORD_GROUP, "0002" "00026731");
}

static enum group_record_kind kind_of(const char *hex, struct group_record_key *ret)
{
	struct golden g = golden_of(hex);
	uint8_t *exact = malloc(g.size + 1);
	memcpy(exact, g.bytes, g.size);
	enum group_record_kind kind = group_record_key_read((struct bytes){exact, g.size}, ret);
	free(exact);
	return kind;
}

Test(group_records, old_keys_are_read_and_new_kinds_passed_over)
{
	struct group_record_key key;
	cr_assert(kind_of("0000" "00026731" "000174" "00000102", &key) == GROUP_RECORD_OFFSET);
	cr_assert(key.partition == 258);
	cr_assert(kind_of("0003" "00026731", &key) == GROUP_RECORD_OTHER);
	cr_assert(kind_of("ffff" "00026731", &key) == GROUP_RECORD_BROKEN);
	cr_assert(kind_of("0002" "ffff", &key) == GROUP_RECORD_BROKEN);
}

Test(group_records, a_value_of_a_version_to_come_is_not_guessed_at)
{
	struct kafka_arena arena = kafka_arena_of(memory, sizeof memory);
	struct offset_commit_value v = {.offset = 7, .leader_epoch = -1, .metadata = text("m"),
					.commit_timestamp = 9, .expire_timestamp = -1}, back;
	uint8_t room[64];
	struct emitter e = emitter_of(room, sizeof room);
	group_record_value_emit(&e, &offset_commit_value, &v);
	cr_assert(golden_is("0003" "0000000000000007" "ffffffff" "00016d" "0000000000000009",
			    room, emitter_size(&e)));
	cr_assert(group_record_value_size(&offset_commit_value, &v) == emitter_size(&e));
	struct bytes wire = {room, emitter_size(&e)};
	cr_assert(group_record_value_read(&offset_commit_value, wire, &arena, &back));
	cr_assert(back.offset == 7 && back.commit_timestamp == 9 && back.expire_timestamp == -1);
	wire.size--;
	cr_assert(!group_record_value_read(&offset_commit_value, wire, &arena, &back));
	struct golden g = golden_of("0004" "0000000000000007" "ffffffff" "026d"
				    "0000000000000009" "00");
	wire = (struct bytes){g.bytes, g.size};
	cr_assert(group_record_value_read(&offset_commit_value, wire, &arena, &back));
	g.bytes[1] = GROUP_RECORD_VERSION_MAX + 1;
	cr_assert(!group_record_value_read(&offset_commit_value, wire, &arena, &back));
	g.bytes[0] = 0xff;
	cr_assert(!group_record_value_read(&offset_commit_value, wire, &arena, &back));
}

/* java.lang.String's hash of the name, in characters of 16 bits. */
Test(group_records, a_group_is_kept_where_java_looks_for_it)
{
	enum { ALL = 0x7fffffff };
	static const struct {
		const char *id;
		uint32_t hash;
	} known[] = {
		{"", 0},
		{"foo", 101574},
		{"hello", 99162322},
		{"polygenelubricants", 0}, /* the number without a positive one */
		{"\xc3\xa9", 0xe9},
		{"\xe4\xb8\xad", 0x4e2d},
		{"\xf0\x9f\x98\x80", 0xd83d * 31 + 0xde00},
		{"\xc3", 0xfffd},
		{"\xc3" "a", 0xfffd * 31 + 'a'},
		{"\xf8\x90\x80\x80", 0xfffd * (1 + 31 + 31 * 31 + 31 * 31 * 31)},
	};
	for (unsigned i = 0; i < array_len(known); i++)
		cr_assert(group_record_partition(text(known[i].id), ALL) == known[i].hash % ALL,
			  "%u", i);
	cr_assert(group_record_partition(text("polygenelubricants"), 50) == 0);
	cr_assert(group_record_partition(text("hello"), 50) == 99162322 % 50);
	cr_assert(group_record_partition(text("hello, world"), 50) == 640608884 % 50);
}
