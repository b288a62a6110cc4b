/* test_gen_terminals.c - terminals' messages read by the gateway's codec and judged by the slow
 * resynchroniser of its tests; and broken streams of theirs, read by the generator's own. */
#include "dataplane/wire/fleet/jt808_answer.h"
#include "dataplane/wire/fleet/jt808_body.h"
#include "perf/gen_chaos.h"
#include "tests/unit/wire/fleet/jt808_sample.h"

#include <criterion/criterion.h>

static const struct gen_terminals_options options = {
	.frame_bytes = 112,
	.code_key = {0x0011223344556677, 0x8899aabbccddeeff},
};

/* Message `number` of terminal `conn` as the gateway reads it; `room` keeps its bytes. */
static struct jt808_message message_of(const struct gen_load *l, uint32_t conn, uint32_t number,
				       uint8_t room[JT808_CONTENT_BYTES_MAX])
{
	uint8_t wire[GEN_TERMINAL_WIRE_BYTES_MAX];
	uint32_t size = l->size(l, conn, number);
	struct jt808_scan s;
	struct jt808_piece p;
	l->fill(l, conn, number, 0, size, wire);
	jt808_scan_init(&s, (struct bytes){wire, size}, false, JT808_WIRE_BYTES_MAX);
	cr_assert(jt808_scan_next(&s, &p) && p.kind == JT808_FRAME && p.size == size);
	cr_assert(size == 112 + (uint32_t)p.escapes || number < 2);
	return jt808_read((struct bytes){room, jt808_unescape(room, p.content)});
}

Test(gen_terminals, every_message_is_one_that_the_gateway_reads)
{
	static struct gen_terminals t;
	uint8_t room[JT808_CONTENT_BYTES_MAX];
	unsigned escaped = 0;
	gen_terminals_init(&t, &options);
	for (uint32_t n = 0; n < 70000; n += n < 300 ? 1 : 97) {
		struct jt808_message m = message_of(&t.load, 12345, n, room);
		char phone[JT808_PHONE_DIGITS_MAX];
		struct jt808_registration registration;
		cr_assert(jt808_phone_text(phone, m.phone, false) == 12);
		cr_assert(memcmp(phone, "100000012345", 12) == 0);
		cr_assert(m.serial == (uint16_t)n && m.parts == 0);
		cr_assert(m.id == (n == 0 ? JT808_REGISTRATION
					  : n == 1 ? JT808_AUTHENTICATION : JT808_LOCATION));
		cr_assert(n || jt808_registration_read(&m, &registration));
		escaped += t.size > 112;
	}
	cr_assert(escaped > 10);
}

/* Of a gateway with this key: its own test has the same (docs/JT808.md, Codes). */
Test(gen_terminals, answers_are_judged_by_phone_serial_and_result)
{
	static struct gen_terminals t;
	uint8_t room[JT808_CONTENT_BYTES_MAX], out[JT808_REGISTRATION_ANSWER_BYTES_MAX];
	gen_terminals_init(&t, &options);
	for (uint32_t n = 0; n < 0x8000; n += n < 300 ? 1 : 97)
		for (unsigned result = 0; result < 3; result++) {
			struct jt808_message m = message_of(&t.load, 77, n, room);
			uint8_t code[16] = "0123456789abcdef";
			struct bytes bytes = {code, sizeof code};
			size_t size = n == 0 ? jt808_registration_answer(out, &m, 0, result, bytes)
					     : jt808_general_answer(out, &m, (uint16_t)n, result);
			struct bytes answer = {out, size};
			enum gen_verdict want = result == 0   ? GEN_ACCEPTED
						: result == 1 ? GEN_REFUSED
							      : GEN_STRANGE;
			cr_assert(t.load.answer_bytes(&t.load, answer) == size);
			cr_assert(t.load.answer_bytes(&t.load, (struct bytes){out, size - 1}) == 0);
			cr_assert(t.load.check(&t.load, 77, n, answer) == want);
			cr_assert(t.load.check(&t.load, 78, n, answer) == GEN_STRANGE);
			cr_assert(t.load.check(&t.load, 77, n + 1, answer) == GEN_STRANGE);
			out[3] ^= 1;
			cr_assert(t.load.check(&t.load, 77, n, answer) == GEN_STRANGE);
		}
}

static const enum gen_end ends[] = {
	[JT808_GARBAGE] = GEN_END_GARBAGE,
	[JT808_TOO_LONG] = GEN_END_TOO_LONG,
	[JT808_ESCAPING] = GEN_END_ESCAPE,
	[JT808_CHECK] = GEN_END_BCC,
	[JT808_LENGTH] = GEN_END_HEADER,
	[JT808_PARTS] = GEN_END_HEADER,
	[JT808_INCOMPLETE] = GEN_END_TRUNCATED,
};

/* What the tests of the gateway say of a stream, the generator says, too. */
static void compare(const struct gen_chaos *c, struct bytes stream)
{
	struct gen_reading got = {0}, want = {0};
	struct jt808_expect e = jt808_expect_of(stream.data, stream.size, 1 << 16);
	for (size_t i = 0; i < e.count; i++)
		want.ends[e.pieces[i].is_frame ? GEN_END_ACCEPTED : ends[e.pieces[i].cause]]++;
	gen_chaos_read_jt808(c, stream, &got);
	got.ends[GEN_END_ACCEPTED] += got.ends[GEN_END_RESENT];
	got.ends[GEN_END_RESENT] = 0;
	for (unsigned i = 0; i < GEN_ENDS; i++)
		cr_assert(got.ends[i] == want.ends[i], "%s: %lu, not %lu", gen_end_names[i],
			  got.ends[i], want.ends[i]);
	jt808_expect_free(&e);
}

Test(gen_terminals, any_stream_ends_as_the_slow_resynchroniser_says)
{
	static struct gen_chaos c;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct dice d = {seed};
		struct soup s = jt808_soup_random(&d, 1 + dice_below(&d, 100));
		compare(&c, (struct bytes){s.data, s.size});
		free(s.data);
	}
}

/* Each kind of harm has its ends, and what comes twice is there twice. */
Test(gen_terminals, broken_streams_end_as_foretold)
{
	static struct gen_terminals t;
	static struct gen_chaos c;
	struct gen_reading reading = {0};
	struct soup s = {0};
	gen_terminals_init(&t, &options);
	gen_chaos_init_terminals(&c, &t, 0.5);
	for (uint32_t n = 0; n < 3000; n++) {
		uint8_t wire[2 * GEN_TERMINAL_WIRE_BYTES_MAX];
		uint32_t size = c.load.size(&c.load, 5, n);
		c.load.fill(&c.load, 5, n, 0, size, wire);
		soup_add(&s, wire, size);
	}
	compare(&c, (struct bytes){s.data, s.size});
	c.read(&c, (struct bytes){s.data, s.size}, &reading);
	cr_assert(reading.ends[GEN_END_RESENT] > 200 && reading.ends[GEN_END_BCC] > 200);
	cr_assert(reading.answered == reading.ends[GEN_END_ACCEPTED]);
	free(s.data);
}
