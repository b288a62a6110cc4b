/* test_jt808.c - JT/T 808: messages cut from streams, unescaped and read. */
#include "dataplane/wire/fleet/jt808.h"
#include "dataplane/base/clock.h"
#include "tests/unit/wire/fleet/jt808_sample.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define for_each_row(f)                                                                  \
	for (const struct jt808_sample *f = jt808_samples()->rows,                       \
				       *f##_end = f + jt808_samples()->count;            \
	     f < f##_end; f++)

/* The first piece of a stream that may go on. */
static struct jt808_piece first_piece(const void *data, size_t size)
{
	struct jt808_scan s;
	struct jt808_piece p;
	jt808_scan_init(&s, (struct bytes){data, size}, false, JT808_WIRE_BYTES_MAX);
	cr_assert(jt808_scan_next(&s, &p));
	return p;
}

static struct jt808_piece first_of(const struct soup *s)
{
	return first_piece(s->data, s->size);
}

/* The message of a frame, in static memory. */
static struct jt808_message read_frame(const struct jt808_piece *p)
{
	static uint8_t room[JT808_CONTENT_BYTES_MAX];
	cr_assert(p->kind == JT808_FRAME);
	size_t size = jt808_unescape(room, p->content);
	cr_assert(size + p->escapes == p->content.size);
	return jt808_read((struct bytes){room, size});
}

static void check_phone(struct bytes phone, bool keeps_zeroes, const char *want)
{
	char text[JT808_PHONE_DIGITS_MAX];
	size_t size = jt808_phone_text(text, phone, keeps_zeroes);
	cr_assert(size == strlen(want) && memcmp(text, want, size) == 0, "%.*s, not %s",
		  (int)size, text, want);
}

Test(jt808, every_public_frame_is_what_its_row_says)
{
	unsigned good = 0;
	for_each_row(f) {
		struct jt808_piece p = first_piece(f->data, f->size);
		cr_assert(p.kind == (f->is_good ? JT808_FRAME : JT808_BAD));
		cr_assert(p.size == (f->is_good ? f->size : f->size - 1));
		if (!f->is_good) {
			cr_assert(p.cause == f->cause);
			continue;
		}
		struct jt808_message m = read_frame(&p);
		cr_assert(m.is_2019 == f->is_2019 && m.serial == f->serial);
		cr_assert(m.part == f->part && m.parts == f->parts);
		cr_assert(p.escapes == f->escapes && m.body.size == f->body_bytes);
		check_phone(m.phone, true, f->phone);
		good++;
	}
	cr_assert(good == 65 && jt808_samples()->count == 75, "%u good", good);
}

Test(jt808, what_was_unescaped_is_escaped_to_the_same_bytes)
{
	for_each_row(f) {
		if (!f->is_good)
			continue;
		struct jt808_piece p = first_piece(f->data, f->size);
		uint8_t message[JT808_CONTENT_BYTES_MAX], wire[JT808_WIRE_BYTES_MAX];
		size_t size = jt808_unescape(message, p.content);
		cr_assert(jt808_escape(wire, (struct bytes){message, size}) == f->size);
		cr_assert(memcmp(wire, f->data, f->size) == 0);
	}
	/* 4.4.2's own example. */
	uint8_t wire[12];
	struct bytes example = {(const uint8_t *)"\x30\x7e\x08\x7d\x55", 5};
	cr_assert(jt808_escape(wire, example) == 9);
	cr_assert(memcmp(wire, "\x7e\x30\x7d\x02\x08\x7d\x01\x55\x7e", 9) == 0);
}

Test(jt808, every_beginning_of_a_frame_waits_for_more_but_never_for_too_much)
{
	for_each_row(f) {
		for (size_t n = 1; f->is_good && n < f->size; n++) {
			struct jt808_piece p = first_piece(f->data, n);
			cr_assert(p.kind == JT808_WAIT && p.size == n + 1);
		}
	}
}

Test(jt808, every_flipped_bit_breaks_the_frame)
{
	for_each_row(f) {
		for (size_t bit = 0; f->is_good && bit < 8 * f->size; bit++) {
			f->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			struct jt808_expect e = jt808_expect_of(f->data, f->size,
								JT808_WIRE_BYTES_MAX);
			struct jt808_scan s;
			struct jt808_piece p;
			jt808_scan_init(&s, (struct bytes){f->data, f->size}, false,
					JT808_WIRE_BYTES_MAX);
			while (jt808_scan_next(&s, &p) && p.kind != JT808_WAIT)
				cr_assert(p.kind != JT808_FRAME);
			cr_assert(e.count == 1 && !e.pieces[0].is_frame);
			jt808_expect_free(&e);
			f->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

/* ---- what a terminal sends is what is read ---------------------------------------------- */

Test(jt808, what_is_encoded_is_read_field_by_field)
{
	for (uint64_t seed = 1; seed <= 3000; seed++) {
		struct dice d = {seed};
		struct jt808_sent sent = jt808_sent_random(&d);
		struct soup s = {0};
		jt808_send(&s, &sent);
		struct jt808_piece p = first_of(&s);
		struct jt808_message m = read_frame(&p);
		cr_assert(p.size == s.size);
		cr_assert(m.id == sent.id && m.serial == sent.serial);
		cr_assert(m.is_2019 == sent.is_2019 && m.encryption == sent.encryption);
		cr_assert(m.version == (sent.is_2019 ? sent.version : 0));
		cr_assert(m.parts == sent.parts && m.part == sent.part);
		cr_assert(m.phone.size == (sent.is_2019 ? 10 : 6));
		cr_assert(memcmp(m.phone.data, sent.phone, m.phone.size) == 0);
		cr_assert(m.body.size == sent.body_bytes);
		cr_assert(m.body.size == 0 ||
			  memcmp(m.body.data, sent.body, m.body.size) == 0);
		free(s.data);
	}
}

static struct jt808_sent heartbeat(void)
{
	return (struct jt808_sent){.id = 2, .phone = {0x01, 0x23, 0x45, 0x67, 0x89, 0x01}};
}

static struct jt808_piece sent_piece(const struct jt808_sent *m)
{
	struct soup s = {0};
	jt808_send(&s, m);
	struct jt808_piece p = first_of(&s);
	free(s.data);
	return p;
}

Test(jt808, a_header_of_2013_is_read_under_the_mark_of_2019_when_the_length_says_so)
{
	struct jt808_sent m = heartbeat();
	m.is_marked_2019 = true;
	struct soup s = {0};
	jt808_send(&s, &m);
	struct jt808_piece p = first_of(&s);
	struct jt808_message got = read_frame(&p);
	cr_assert(!got.is_2019 && got.body.size == 0);
	check_phone(got.phone, true, "012345678901");
	free(s.data);
	/* Without the mark no header of 2019 is looked for. */
	m = heartbeat();
	m.is_2019 = true;
	p = sent_piece(&m);
	cr_assert(p.kind == JT808_BAD && p.cause == JT808_LENGTH);
}

Test(jt808, a_part_is_one_of_its_parts)
{
	struct jt808_sent m = heartbeat();
	static const struct {
		uint16_t part, parts;
		bool is_good;
	} cases[] = {{1, 1, true}, {2, 2, true}, {65535, 65535, true},
		     {0, 2, false}, {3, 2, false}};
	for (unsigned i = 0; i < 2 * array_len(cases); i++) {
		m.is_2019 = m.is_marked_2019 = i % 2;
		m.part = cases[i / 2].part;
		m.parts = cases[i / 2].parts;
		struct jt808_piece p = sent_piece(&m);
		cr_assert(p.kind == (cases[i / 2].is_good ? JT808_FRAME : JT808_BAD));
		cr_assert(p.kind == JT808_FRAME || p.cause == JT808_PARTS);
	}
}

Test(jt808, a_phone_number_has_its_digits_with_or_without_its_zeroes)
{
	struct bytes phone = {(const uint8_t *)"\x00\x00\x00\x00\x01\x72\x99\x84\x17\x38", 10};
	check_phone(phone, true, "00000000017299841738");
	check_phone(phone, false, "17299841738");
	phone = (struct bytes){(const uint8_t *)"\x4f\x07\x78\x8e\xf8\x7d", 6};
	check_phone(phone, false, "4f07788ef87d");
	phone = (struct bytes){(const uint8_t *)"\x00\x00\x00\x00\x00\x00", 6};
	check_phone(phone, true, "000000000000");
	check_phone(phone, false, "0");
}

/* ---- streams ---------------------------------------------------------------------------- */

/* A receiver in small: what has arrived, how much of it is cut, what it was cut into. */
struct receiver {
	const struct soup *stream;
	size_t arrived;
	size_t cut;
	bool is_open;
	bool in_run;
	struct jt808_expect got;
	uint32_t frame_bytes_max;
};

static void receiver_take(struct receiver *r, const struct jt808_piece *p)
{
	if (r->in_run && p->kind != JT808_FRAME) {
		r->got.pieces[r->got.count - 1].size += p->size;
	} else if (p->kind != JT808_FILL) {
		r->got.pieces[r->got.count++] = (struct jt808_expect_piece){
			.is_frame = p->kind == JT808_FRAME,
			.cause = (enum jt808_cause)p->cause,
			.at = r->cut,
			.size = p->size,
			.message_bytes = p->content.size - p->escapes,
		};
		r->in_run = p->kind == JT808_BAD;
	}
	r->cut += p->size;
}

/* Cuts what can be cut; everything when `is_end`. */
static void receiver_cut(struct receiver *r, bool is_end)
{
	struct bytes window = {r->stream->data + r->cut, r->arrived - r->cut};
	struct jt808_scan scan;
	struct jt808_piece p;
	jt808_scan_init(&scan, window, r->is_open, r->frame_bytes_max);
	scan.is_last = is_end;
	while (jt808_scan_next(&scan, &p) && p.kind != JT808_WAIT)
		receiver_take(r, &p);
	r->is_open = scan.is_open;
}

static struct receiver receiver_of(const struct soup *stream)
{
	return (struct receiver){
		.stream = stream,
		.got.pieces = calloc(stream->size + 1, sizeof(struct jt808_expect_piece)),
		.frame_bytes_max = JT808_WIRE_BYTES_MAX,
	};
}

static void receiver_check(struct receiver *r)
{
	struct jt808_expect want =
		jt808_expect_of(r->stream->data, r->stream->size, r->frame_bytes_max);
	cr_assert(r->cut == r->stream->size);
	cr_assert(r->got.count == want.count, "%zu pieces, not %zu", r->got.count, want.count);
	for (size_t i = 0; i < want.count; i++) {
		const struct jt808_expect_piece *g = &r->got.pieces[i], *w = &want.pieces[i];
		cr_assert(g->is_frame == w->is_frame && g->at == w->at && g->size == w->size,
			  "piece %zu: frame %d at %zu size %zu, not %d %zu %zu", i, g->is_frame,
			  g->at, g->size, w->is_frame, w->at, w->size);
		cr_assert(g->is_frame ? g->message_bytes == w->message_bytes
				      : g->cause == w->cause,
			  "piece %zu: cause %d, not %d", i, g->cause, w->cause);
	}
	jt808_expect_free(&want);
	jt808_expect_free(&r->got);
}

/* Frames of the file, good ones, in a row; `shares`: with one delimiter between two of them. */
static struct soup all_frames(bool shares, const char *between)
{
	struct soup s = {0};
	for_each_row(f) {
		if (!f->is_good)
			continue;
		bool drops = shares && s.size > 0;
		soup_add(&s, f->data + drops, f->size - drops);
		soup_add(&s, between, strlen(between));
	}
	return s;
}

Test(jt808, all_frames_back_to_back_come_out_whatever_the_cut)
{
	for (unsigned shares = 0; shares < 2; shares++) {
		struct soup all = all_frames(shares, "");
		for (size_t split = 0; split <= all.size; split++) {
			struct receiver r = receiver_of(&all);
			r.arrived = split;
			receiver_cut(&r, false);
			r.arrived = all.size;
			receiver_cut(&r, false);
			cr_assert(r.got.count == 65 && r.cut == all.size && !r.in_run);
			jt808_expect_free(&r.got);
		}
		free(all.data);
	}
}

Test(jt808, garbage_between_frames_is_one_run_each_and_more_delimiters_are_none)
{
	struct soup s = all_frames(false, "noise\x7e\x7e");
	struct receiver r = receiver_of(&s);
	for (r.arrived = 1; r.arrived < s.size; r.arrived++)
		receiver_cut(&r, false);
	receiver_cut(&r, true);
	cr_assert(r.got.count == 2 * 65);
	for (size_t i = 1; i < r.got.count; i += 2)
		cr_assert(!r.got.pieces[i].is_frame && r.got.pieces[i].size == 7 &&
			  r.got.pieces[i].cause == JT808_GARBAGE);
	receiver_check(&r);
	free(s.data);
	s = all_frames(false, "\x7e\x7e\x7e");
	r = receiver_of(&s);
	r.arrived = s.size;
	receiver_cut(&r, true);
	cr_assert(r.got.count == 65 && r.cut == s.size);
	receiver_check(&r);
	free(s.data);
}

Test(jt808, random_streams_are_cut_as_the_slow_resynchroniser_cuts_them)
{
	for (uint64_t seed = 1; seed <= 1500; seed++) {
		struct dice d = {seed};
		struct soup s = jt808_soup_random(&d, 1 + dice_below(&d, 60));
		struct receiver r = receiver_of(&s);
		if (seed % 3 == 0)
			r.frame_bytes_max = 25 + dice_below(&d, 600);
		uint32_t step_max = 1 + dice_below(&d, seed % 2 ? 2000 : 20);
		while (r.arrived < s.size) {
			size_t step = 1 + dice_below(&d, step_max);
			r.arrived = min_size(r.arrived + step, s.size);
			receiver_cut(&r, false);
		}
		receiver_cut(&r, true);
		receiver_check(&r);
		free(s.data);
	}
}

Test(jt808, a_content_longer_than_the_listener_takes_is_not_waited_for)
{
	struct soup s = {0};
	soup_add_byte(&s, 0x7e, 1);
	soup_add_byte(&s, 'x', 98);
	struct jt808_scan scan;
	struct jt808_piece p;
	jt808_scan_init(&scan, (struct bytes){s.data, s.size}, false, 100);
	cr_assert(jt808_scan_next(&scan, &p) && p.kind == JT808_WAIT);
	soup_add_byte(&s, 'x', 1);
	jt808_scan_init(&scan, (struct bytes){s.data, s.size}, false, 100);
	cr_assert(jt808_scan_next(&scan, &p) && p.kind == JT808_BAD);
	cr_assert(p.cause == JT808_TOO_LONG && p.size == s.size);
	/* Twice the longest message, whatever the listener takes. */
	soup_add_byte(&s, 'x', 2090 - 99);
	cr_assert(first_of(&s).kind == JT808_WAIT);
	soup_add_byte(&s, 'x', 1);
	cr_assert(first_of(&s).cause == JT808_TOO_LONG);
	free(s.data);
}

Test(jt808, the_longest_message_all_of_it_escaped_is_a_frame)
{
	struct jt808_sent m = {.id = 0x7d7e, .is_2019 = true, .is_marked_2019 = true,
			       .version = 0x7d, .serial = 0x7e7d, .parts = 0x7e7e,
			       .part = 0x7d7d, .body_bytes = JT808_BODY_BYTES_MAX};
	memset(m.phone, 0x7e, sizeof m.phone);
	memset(m.body, 0x7d, sizeof m.body);
	struct soup s = {0};
	jt808_send(&s, &m);
	cr_assert(s.size > JT808_WIRE_BYTES_MAX - 8 && s.size <= JT808_WIRE_BYTES_MAX);
	struct jt808_piece p = first_of(&s);
	struct jt808_message got = read_frame(&p);
	cr_assert(got.part == 0x7d7d && got.serial == 0x7e7d && got.body.size == 1023);
	free(s.data);
}

Test(jt808, a_lone_delimiter_that_was_given_up_still_opens_what_comes)
{
	struct soup s = {0};
	struct jt808_sent m = heartbeat();
	jt808_send(&s, &m);
	struct receiver r = receiver_of(&s);
	r.arrived = 1;
	receiver_cut(&r, true); /* its time is over */
	cr_assert(r.cut == 1 && r.is_open && r.got.count == 0);
	r.arrived = s.size;
	receiver_cut(&r, false);
	cr_assert(r.got.count == 1 && r.got.pieces[0].is_frame && r.cut == s.size);
	jt808_expect_free(&r.got);
	free(s.data);
}

Test(jt808, what_was_given_up_is_no_longer_open)
{
	struct soup s = {0};
	struct jt808_sent m = heartbeat();
	soup_add(&s, "\x7e" "abc", 4);
	jt808_send(&s, &m);
	struct receiver r = receiver_of(&s);
	r.arrived = 3;
	receiver_cut(&r, true);
	cr_assert(r.got.count == 1 && r.got.pieces[0].cause == JT808_INCOMPLETE && !r.is_open);
	r.arrived = s.size;
	receiver_cut(&r, false);
	cr_assert(r.got.count == 2 && r.got.pieces[0].size == 4 && r.got.pieces[1].is_frame);
	jt808_expect_free(&r.got);
	free(s.data);
}

/* To look at more than a frame's bytes for each of them would take minutes. */
Test(jt808, floods_cost_time_linear_in_their_bytes)
{
	static const struct bytes patterns[] = {
		{(const uint8_t *)"\x7e", 1}, {(const uint8_t *)"\x7ex", 2},
		{(const uint8_t *)"\x7d", 1}, {(const uint8_t *)"\x7d\x01", 2},
		{(const uint8_t *)"x", 1},    {(const uint8_t *)"\x7e" "0123456789abcdef", 17},
	};
	enum { SEGMENT = 1460, BYTES = 1 << 20 };
	for (unsigned i = 0; i < array_len(patterns); i++) {
		struct soup s = {0};
		while (s.size < BYTES)
			soup_add(&s, patterns[i].data, patterns[i].size);
		struct receiver r = receiver_of(&s);
		uint64_t start = clock_now_ns();
		while (r.arrived < s.size) {
			r.arrived = min_size(r.arrived + SEGMENT, s.size);
			receiver_cut(&r, false);
		}
		receiver_cut(&r, true);
		uint64_t spent_ms = (clock_now_ns() - start) / NS_PER_MS;
		cr_assert(spent_ms < 3000, "%lu ms for 1 MiB", (unsigned long)spent_ms);
		cr_assert(r.cut == s.size && r.got.count <= 1);
		jt808_expect_free(&r.got);
		free(s.data);
	}
}
