/* test_kafka_header.c - request headers of both kinds, response headers, lengths. */
#include "dataplane/wire/kafka/kafka_header.h"
#include "tests/unit/wire/kafka/golden.h"

/* Produce 7, correlation id 5, client "rig". */
static const char plain[] = "0000000700000005000372" "6967";
/* Produce 9: the same and two tags. */
static const char flexible[] = "000000090000000500037269670200036162630501ff";

Test(kafka_header, a_plain_header_is_read)
{
	struct golden g = golden_of(plain);
	struct cursor c = cursor_of(g.bytes, g.size);
	struct kafka_request_header h;
	cr_assert(kafka_request_header_read(&c, false, &h) && cursor_left(&c) == 0);
	cr_assert(h.api_key == 0 && h.api_version == 7 && h.correlation_id == 5);
	cr_assert(h.client_id.size == 3 && memcmp(h.client_id.data, "rig", 3) == 0);
}

Test(kafka_header, a_flexible_header_is_read_with_its_tags)
{
	struct golden g = golden_of(flexible);
	struct cursor c = cursor_of(g.bytes, g.size);
	struct kafka_request_header h;
	cr_assert(kafka_request_header_read(&c, true, &h) && cursor_left(&c) == 0);
	cr_assert(h.api_version == 9 && h.client_id.size == 3);
}

Test(kafka_header, a_header_cut_anywhere_is_refused)
{
	struct golden g = golden_of(flexible);
	for (size_t size = 0; size < g.size; size++) {
		struct cursor c = cursor_of(g.bytes, size);
		struct kafka_request_header h;
		cr_assert(!kafka_request_header_read(&c, true, &h));
	}
}

Test(kafka_header, a_null_client_id_is_fine_and_a_negative_one_is_not)
{
	struct golden g = golden_of("00030009ffffffffffff");
	struct cursor c = cursor_of(g.bytes, g.size);
	struct kafka_request_header h;
	cr_assert(kafka_request_header_read(&c, false, &h));
	cr_assert(!h.client_id.data && h.correlation_id == -1);
	g = golden_of("00030009fffffffffffe");
	c = cursor_of(g.bytes, g.size);
	cr_assert(!kafka_request_header_read(&c, false, &h));
}

Test(kafka_header, an_answer_begins_with_its_size_and_correlation_id)
{
	uint8_t room[16];
	struct emitter e = emitter_of(room, sizeof room);
	kafka_response_header_emit(&e, 0x01020304, true);
	cr_assert(emitter_size(&e) == KAFKA_RESPONSE_HEADER_BYTES_MAX);
	kafka_size_store(room, 4 + 0x0a0b0c0d);
	cr_assert(golden_is("0a0b0c0d0102030400", room, 9));
	e = emitter_of(room, sizeof room);
	kafka_response_header_emit(&e, 1, false);
	cr_assert(emitter_size(&e) == 8);
}

Test(kafka_header, lengths_are_written_and_read_back_in_both_forms)
{
	const int64_t lengths[] = {-1, 0, 1, 126, 127, 128, 16383, INT32_MAX};
	for (unsigned i = 0; i < array_len(lengths); i++)
		for (int is_flexible = 0; is_flexible < 2; is_flexible++) {
			uint8_t room[8];
			struct emitter e = emitter_of(room, sizeof room);
			kafka_length_emit(&e, is_flexible, lengths[i]);
			struct cursor c = cursor_of(room, emitter_size(&e));
			cr_assert(kafka_length_read(&c, is_flexible) == lengths[i]);
			cr_assert(!c.bad && cursor_left(&c) == 0);
		}
}

Test(kafka_header, lengths_that_cannot_be_are_bad)
{
	struct golden minus_two = golden_of("fffffffe");
	struct cursor c = cursor_of(minus_two.bytes, minus_two.size);
	kafka_length_read(&c, false);
	cr_assert(c.bad);
	struct golden too_long = golden_of("ffffffff0f");
	c = cursor_of(too_long.bytes, too_long.size);
	kafka_length_read(&c, true);
	cr_assert(c.bad);
}
