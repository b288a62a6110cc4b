/* test_kafka_schema.c - the walker against lengths, counts, nulls and tags that lie. */
#include "dataplane/wire/kafka/kafka_schema.h"
#include "dataplane/wire/kafka/msg_api_versions.h"
#include "dataplane/wire/kafka/msg_find_coordinator.h"
#include "dataplane/wire/kafka/msg_heartbeat.h"
#include "dataplane/wire/kafka/msg_metadata.h"
#include "dataplane/wire/kafka/msg_sync_group.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { ARENA_BYTES = 4096 };

static alignas(16) uint8_t memory[ARENA_BYTES];

struct attempt {
	enum kafka_decoded verdict;
	size_t reserved_bytes;
	size_t left;
};

static struct attempt attempt(const struct kafka_message *m, int version, const void *data,
			      size_t size, void *out)
{
	struct kafka_arena arena = kafka_arena_of(memory, sizeof memory);
	struct cursor c = cursor_of(data, size);
	struct attempt a = {.verdict = kafka_decode(m, version, &c, &arena, out)};
	a.reserved_bytes = (size_t)(arena.at - memory);
	a.left = cursor_left(&c);
	return a;
}

Test(kafka_schema, an_impossible_count_is_refused_before_anything_is_reserved)
{
	static const uint32_t counts[] = {3, 1u << 20, INT32_MAX, 1u << 31, UINT32_MAX - 1};
	for (unsigned i = 0; i < array_len(counts); i++) {
		uint8_t wire[8] = {0};
		struct metadata_request r;
		be32_store(wire, counts[i]);
		struct attempt a = attempt(&metadata_request, 1, wire, sizeof wire, &r);
		cr_assert(a.verdict == KAFKA_DECODED_MALFORMED, "%u", counts[i]);
		cr_assert(a.reserved_bytes == 0);
	}
}

Test(kafka_schema, an_impossible_compact_count_is_refused_before_anything_is_reserved)
{
	static const uint64_t counts[] = {7, 1u << 20, 1u << 31, UINT32_MAX, 1ull << 34};
	for (unsigned i = 0; i < array_len(counts); i++) {
		uint8_t wire[12] = {0};
		struct metadata_request r;
		uvarint_put(wire, counts[i]);
		struct attempt a = attempt(&metadata_request, 9, wire, sizeof wire, &r);
		cr_assert(a.verdict == KAFKA_DECODED_MALFORMED, "%lu", counts[i]);
		cr_assert(a.reserved_bytes == 0);
	}
}

Test(kafka_schema, a_request_larger_than_the_arena_is_told_from_a_broken_one)
{
	enum { TOPICS = 1000 };
	uint8_t *wire = calloc(1, 4 + TOPICS * 2);
	struct metadata_request r;
	be32_store(wire, TOPICS);
	struct attempt a = attempt(&metadata_request, 1, wire, 4 + TOPICS * 2, &r);
	cr_assert(a.verdict == KAFKA_DECODED_TOO_LARGE);
	cr_assert(a.reserved_bytes == 0);
	free(wire);
}

Test(kafka_schema, null_and_empty_are_kept_apart)
{
	struct metadata_request r;
	cr_assert(attempt(&metadata_request, 1, "\xff\xff\xff\xff", 4, &r).verdict ==
		  KAFKA_DECODED_OK);
	cr_assert(r.topics.count == -1);
	cr_assert(attempt(&metadata_request, 1, "\0\0\0\0", 4, &r).verdict ==
		  KAFKA_DECODED_OK);
	cr_assert(r.topics.count == 0);
}

Test(kafka_schema, null_where_the_version_has_none_is_malformed)
{
	struct metadata_request r;
	struct find_coordinator_request f;
	cr_assert(attempt(&metadata_request, 0, "\xff\xff\xff\xff", 4, &r).verdict ==
		  KAFKA_DECODED_MALFORMED);
	cr_assert(attempt(&find_coordinator_request, 0, "\xff\xff", 2, &f).verdict ==
		  KAFKA_DECODED_MALFORMED);
	/* Version 3 is flexible: length 0 is null. */
	cr_assert(attempt(&find_coordinator_request, 3, "\0\0\0", 3, &f).verdict ==
		  KAFKA_DECODED_MALFORMED);
}

Test(kafka_schema, a_length_below_null_is_malformed)
{
	struct find_coordinator_request f;
	cr_assert(attempt(&find_coordinator_request, 0, "\xff\xfe..", 4, &f).verdict ==
		  KAFKA_DECODED_MALFORMED);
	cr_assert(attempt(&find_coordinator_request, 0, "\x80\0..", 4, &f).verdict ==
		  KAFKA_DECODED_MALFORMED);
}

Test(kafka_schema, a_compact_string_longer_than_any_kafka_string_is_malformed)
{
	for (size_t length = KAFKA_STRING_BYTES_MAX; length <= 32768; length++) {
		uint8_t *wire = calloc(1, length + 8);
		struct find_coordinator_request f;
		unsigned head = uvarint_put(wire, length + 1);
		struct attempt a = attempt(&find_coordinator_request, 3, wire,
					   head + length + 2, &f);
		cr_assert((a.verdict == KAFKA_DECODED_OK) ==
			  (length <= KAFKA_STRING_BYTES_MAX));
		free(wire);
	}
}

/* "name" "1" of an ApiVersions request, then `count` tagged fields of one byte each, of
 * which at most `written` are really there. */
static struct attempt with_tags(uint64_t count, uint64_t written,
				struct api_versions_request *out)
{
	static uint8_t wire[1024];
	struct emitter e = emitter_of(wire, sizeof wire);
	emit_bytes(&e, "\x05name\x02" "1", 7);
	emit_uvarint(&e, count);
	for (uint64_t i = 0; i < written; i++) {
		emit_uvarint(&e, 1000 + i);
		emit_uvarint(&e, 1);
		emit_u8(&e, 0xee);
	}
	cr_assert(!e.bad);
	return attempt(&api_versions_request, 3, wire, emitter_size(&e), out);
}

Test(kafka_schema, unknown_tagged_fields_are_skipped_up_to_the_limit)
{
	static const unsigned counts[] = {0, 1, 64};
	for (unsigned i = 0; i < array_len(counts); i++) {
		struct api_versions_request r;
		struct attempt a = with_tags(counts[i], counts[i], &r);
		cr_assert(a.verdict == KAFKA_DECODED_OK, "%u", counts[i]);
		cr_assert(a.left == 0);
		cr_assert(r.client_software_name.size == 4);
	}
}

Test(kafka_schema, more_tagged_fields_than_the_limit_are_malformed)
{
	static const uint64_t counts[] = {65, 1u << 20, 1ull << 31, 1ull << 34};
	for (unsigned i = 0; i < array_len(counts); i++) {
		struct api_versions_request r;
		struct attempt a = with_tags(counts[i], 100, &r);
		cr_assert(a.verdict == KAFKA_DECODED_MALFORMED, "%lu", counts[i]);
		cr_assert(a.reserved_bytes == 0);
	}
}

Test(kafka_schema, a_tagged_field_longer_than_the_message_is_malformed)
{
	struct api_versions_request r;
	static const uint8_t wire[] = {5, 'n', 'a', 'm', 'e', 2, '1', 1, 9, 0xff, 0x7f, 0};
	cr_assert(attempt(&api_versions_request, 3, wire, sizeof wire, &r).verdict ==
		  KAFKA_DECODED_MALFORMED);
}

Test(kafka_schema, a_known_tagged_field_cannot_read_past_its_own_bytes)
{
	/* error 0, no keys, throttle 0, one tag: number 1 (int64) in 3 bytes. */
	static const uint8_t wire[] = {0, 0, 1, 0, 0, 0, 0, 1, 1, 3, 0, 0, 7, 9, 9, 9, 9, 9};
	struct api_versions_response r;
	cr_assert(attempt(&api_versions_response, 3, wire, sizeof wire, &r).verdict ==
		  KAFKA_DECODED_MALFORMED);
}

Test(kafka_schema, tagged_fields_at_their_defaults_are_not_sent)
{
	struct api_versions_response r = {.finalized_features_epoch = -1};
	uint8_t wire[64];
	struct emitter e = emitter_of(wire, sizeof wire);
	kafka_encode(&api_versions_response, 3, &r, &e);
	/* error 2, empty array 1, throttle 4, no tags 1 */
	cr_assert(emitter_size(&e) == 8);
	r.finalized_features_epoch = 5;
	cr_assert(kafka_encoded_size(&api_versions_response, 3, &r) == 8 + 2 + 8);
}

Test(kafka_schema, bytes_behind_the_message_are_left_to_the_caller)
{
	struct find_coordinator_request f;
	struct attempt a = attempt(&find_coordinator_request, 0, "\0\1gREST", 7, &f);
	cr_assert(a.verdict == KAFKA_DECODED_OK);
	cr_assert(a.left == 4);
}

/* A string ends at 32,767 bytes whatever the version; bytes do not. */
Test(kafka_schema, bytes_may_be_longer_than_any_string)
{
	enum { SIZE = KAFKA_STRING_BYTES_MAX + 1, ROOM = SIZE + 64 };
	uint8_t *wire = calloc(1, ROOM), *value = calloc(1, SIZE);
	for (int version = 0; version <= 5; version++) {
		struct sync_group_response r = {.assignment = {value, SIZE}}, back;
		struct emitter e = emitter_of(wire, ROOM);
		kafka_encode(&sync_group_response, version, &r, &e);
		cr_assert(!e.bad);
		struct attempt a = attempt(&sync_group_response, version, wire,
					   emitter_size(&e), &back);
		cr_assert(a.verdict == KAFKA_DECODED_OK && a.left == 0);
		cr_assert(back.assignment.size == SIZE && a.reserved_bytes == 0);
	}
	struct emitter e = emitter_of(wire, ROOM);
	emit_uvarint(&e, SIZE + 1);
	emit_bytes(&e, value, SIZE);
	struct heartbeat_request q;
	cr_assert(attempt(&heartbeat_request, 4, wire, ROOM, &q).verdict ==
		  KAFKA_DECODED_MALFORMED);
	free(wire);
	free(value);
}
