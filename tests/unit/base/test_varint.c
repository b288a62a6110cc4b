/* test_varint.c - Kafka's varints and the sticky cursor. */
#include "dataplane/base/cursor.h"

#include <criterion/criterion.h>

Test(varint, round_trips_at_every_length)
{
	for (int bit = 0; bit < 64; bit++)
		for (int64_t d = -1; d <= 1; d++) {
			int64_t v = (int64_t)((1ull << bit) + (uint64_t)d);
			uint8_t b[VARINT64_BYTES_MAX];
			unsigned n = varint_put(b, v);
			cr_assert(n == varint_size(v));
			struct cursor c = cursor_of(b, n);
			cr_assert(cursor_varint(&c, VARINT64_BYTES_MAX) == v && !c.bad);
			c = cursor_of(b, n - 1);
			cursor_varint(&c, VARINT64_BYTES_MAX);
			cr_assert(c.bad, "cut short");
		}
}

Test(varint, known_encodings)
{
	uint8_t b[VARINT64_BYTES_MAX];
	cr_assert(varint_put(b, -1) == 1 && b[0] == 1);
	cr_assert(varint_put(b, 63) == 1 && b[0] == 126);
	cr_assert(varint_put(b, 64) == 2 && b[0] == 0x80 && b[1] == 1);
	cr_assert(uvarint_put(b, 300) == 2 && b[0] == 0xac && b[1] == 2);
}

Test(cursor, stays_bad_after_an_overrun)
{
	uint8_t b[3] = {1, 2, 3};
	struct cursor c = cursor_of(b, sizeof b);
	cr_assert(cursor_u16(&c) == 0x0102);
	cr_assert(cursor_u32(&c) == 0 && c.bad);
	cr_assert(cursor_u8(&c) == 0 && c.bad, "sticky");
}

Test(cursor, count_is_bounded_by_the_bytes_that_remain)
{
	uint8_t b[8] = {0};
	struct cursor c = cursor_of(b, sizeof b);
	cr_assert(cursor_count(&c, 4, 2) == 4 && !c.bad);
	cr_assert(cursor_count(&c, 5, 2) == 0 && c.bad);
	c = cursor_of(b, sizeof b);
	cr_assert(cursor_count(&c, UINT64_MAX, 1) == 0 && c.bad);
}

Test(emitter, refuses_to_write_past_its_end)
{
	uint8_t b[5] = {0, 0, 0, 0, 0xee};
	struct emitter e = emitter_of(b, 4);
	emit_u16(&e, 0x0102);
	emit_u32(&e, 7);
	cr_assert(e.bad && emitter_size(&e) == 2 && b[4] == 0xee);
}
