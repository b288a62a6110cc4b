/* test_jt808_answer.c - JT/T 808: bodies that are read, and what is answered to whom. */
#include "dataplane/wire/fleet/jt808_answer.h"
#include "dataplane/wire/fleet/jt808_body.h"
#include "tests/unit/wire/fleet/jt808_sample.h"

#include <criterion/criterion.h>

/* The message of one frame, in memory that the fourth one after it takes. */
static struct jt808_message read_frame(const uint8_t *data, size_t size)
{
	static uint8_t rooms[4][JT808_CONTENT_BYTES_MAX];
	static unsigned next;
	struct jt808_scan s;
	struct jt808_piece p;
	jt808_scan_init(&s, (struct bytes){data, size}, false, JT808_WIRE_BYTES_MAX);
	cr_assert(jt808_scan_next(&s, &p) && p.kind == JT808_FRAME && p.size == size);
	uint8_t *message = rooms[next++ % array_len(rooms)];
	return jt808_read((struct bytes){message, jt808_unescape(message, p.content)});
}

static struct jt808_message message_of(const struct jt808_sent *sent)
{
	struct soup s = {0};
	jt808_send(&s, sent);
	struct jt808_message m = read_frame(s.data, s.size);
	free(s.data);
	return m;
}

static bool bytes_are(struct bytes b, const char *text)
{
	return b.size == strlen(text) && memcmp(b.data, text, b.size) == 0;
}

/* ---- answers ---------------------------------------------------------------------------- */

/* The answer `f` as we would send it to `m`, when it is one of those we send; its size, or 0. */
static size_t answer_like(const struct jt808_sample *f, const struct jt808_message *m, uint8_t *out)
{
	struct jt808_message want = read_frame(f->data, f->size);
	struct bytes b = want.body;
	if (b.size < 2 || be16_load(b.data) != m->serial)
		return 0;
	uint16_t serial = (uint16_t)f->serial;
	if (want.id == JT808_GENERAL_ANSWER && b.size == 5)
		return jt808_general_answer(out, m, serial, (enum jt808_result)b.data[4]);
	if (want.id == JT808_REGISTRATION_ANSWER && b.size > 3)
		return jt808_registration_answer(out, m, serial,
						 (enum jt808_registered)b.data[2],
						 (struct bytes){b.data + 3, b.size - 3});
	return 0;
}

Test(jt808_answer, answers_are_those_of_a_public_platform_byte_for_byte)
{
	unsigned pairs = 0;
	const struct jt808_samples *all = jt808_samples();
	for (size_t i = 1; i < all->count; i++) {
		const struct jt808_sample *f = &all->rows[i], *request = f - 1;
		if (f->is_up || !request->is_up || strcmp(f->phone, request->phone) != 0)
			continue;
		struct jt808_message m = read_frame(request->data, request->size);
		uint8_t out[JT808_REGISTRATION_ANSWER_BYTES_MAX];
		if (answer_like(f, &m, out) == 0)
			continue;
		cr_assert(answer_like(f, &m, out) == f->size);
		cr_assert(memcmp(out, f->data, f->size) == 0);
		pairs++;
	}
	cr_assert(pairs == 8, "%u pairs", pairs);
}

static struct jt808_sent sent_by(bool is_2019)
{
	return (struct jt808_sent){
		.id = 0x0801,
		.is_2019 = is_2019,
		.is_marked_2019 = is_2019,
		.version = 1,
		.phone = {0x7d, 0x7e, 0x12, 0x34, 0x56, 0x78},
		.serial = 0x7e05,
	};
}

Test(jt808_answer, every_answer_is_a_frame_to_its_sender_in_his_layout)
{
	for (unsigned is_2019 = 0; is_2019 < 2; is_2019++) {
		struct jt808_sent sent = sent_by(is_2019);
		struct jt808_message m = message_of(&sent);
		uint8_t out[JT808_GENERAL_ANSWER_BYTES_MAX];
		size_t size = jt808_general_answer(out, &m, 0x7d7d, JT808_UNSUPPORTED);
		struct jt808_message a = read_frame(out, size);
		cr_assert(a.id == JT808_GENERAL_ANSWER && a.serial == 0x7d7d && a.parts == 0);
		cr_assert(a.is_2019 == is_2019 && a.version == is_2019 && a.encryption == 0);
		cr_assert(a.phone.size == m.phone.size);
		cr_assert(memcmp(a.phone.data, m.phone.data, m.phone.size) == 0);
		cr_assert(a.body.size == 5 && be16_load(a.body.data) == 0x7e05);
		cr_assert(be16_load(a.body.data + 2) == 0x0801 && a.body.data[4] == 3);
	}
}

Test(jt808_answer, a_general_answer_that_fails_is_the_one_that_would_have_been_written)
{
	for (unsigned i = 0; i < 4 * 256; i++) {
		struct jt808_sent sent = sent_by(i & 1);
		sent.serial = (uint16_t)(i / 4); /* so that check codes are all there are */
		struct jt808_message m = message_of(&sent);
		uint8_t out[JT808_GENERAL_ANSWER_BYTES_MAX], want[JT808_GENERAL_ANSWER_BYTES_MAX];
		enum jt808_result result = i & 2 ? JT808_WRONG : JT808_DONE;
		size_t size = jt808_general_answer(out, &m, 7, result);
		size_t want_bytes = jt808_general_answer(want, &m, 7, JT808_FAILED);
		cr_assert(jt808_general_answer_fail(out, size) == want_bytes);
		cr_assert(want_bytes <= size + 1 && memcmp(out, want, want_bytes) == 0);
	}
}

Test(jt808_answer, a_registration_that_fails_brings_no_code)
{
	struct jt808_sent sent = sent_by(true);
	struct jt808_message m = message_of(&sent);
	uint8_t out[JT808_REGISTRATION_ANSWER_BYTES_MAX];
	struct bytes code = {(const uint8_t *)"0123456789abcdef", 16};
	size_t size = jt808_registration_answer(out, &m, 1, JT808_REGISTERED, code);
	struct jt808_message a = read_frame(out, size);
	cr_assert(a.body.size == 19 && a.body.data[2] == 0);
	cr_assert(memcmp(a.body.data + 3, code.data, code.size) == 0);
	size = jt808_registration_answer(out, &m, 1, JT808_TERMINAL_UNKNOWN, code);
	a = read_frame(out, size);
	cr_assert(a.body.size == 3 && a.body.data[2] == 4);
}

Test(jt808_answer, the_time_is_greenwichs_in_decimal_digits)
{
	struct jt808_sent sent = sent_by(true);
	struct jt808_message m = message_of(&sent);
	uint8_t out[JT808_TIME_ANSWER_BYTES_MAX];
	size_t size = jt808_time_answer(out, &m, 1, 1798732799999); /* 2026-12-31 15:59:59 */
	struct jt808_message a = read_frame(out, size);
	cr_assert(a.id == JT808_TIME_ANSWER && a.body.size == 6);
	cr_assert(memcmp(a.body.data, "\x26\x12\x31\x15\x59\x59", 6) == 0);
}

Test(jt808_answer, missing_parts_are_asked_for_in_the_layout_of_the_edition)
{
	static const uint16_t missing[] = {1, 0x7e7d};
	for (unsigned is_2019 = 0; is_2019 < 2; is_2019++) {
		struct jt808_sent sent = sent_by(is_2019);
		sent.parts = 0x7fff;
		sent.part = 7;
		struct jt808_message m = message_of(&sent);
		uint8_t out[JT808_RESEND_BYTES_MAX];
		size_t size = jt808_resend(out, &m, 9, (struct jt808_missing){missing, 2});
		struct jt808_message a = read_frame(out, size);
		cr_assert(a.id == JT808_RESEND && be16_load(a.body.data) == 0x7e05 - 6);
		struct bytes list = {a.body.data + 2, a.body.size - 2};
		cr_assert(list.size == (is_2019 ? 6 : 5));
		cr_assert(memcmp(list.data, is_2019 ? "\x00\x02\x00\x01\x7e\x7d"
						    : "\x02\x00\x01\x7e\x7d", list.size) == 0);
	}
}

Test(jt808_answer, media_are_answered_with_what_is_missing_or_with_their_id_alone)
{
	uint16_t missing[JT808_MISSING_MAX];
	for (unsigned i = 0; i < JT808_MISSING_MAX; i++)
		missing[i] = 0x7e7d;
	for (unsigned is_2019 = 0; is_2019 < 2; is_2019++) {
		struct jt808_sent sent = sent_by(is_2019);
		struct jt808_message m = message_of(&sent);
		uint8_t out[JT808_MEDIA_ANSWER_BYTES_MAX];
		size_t size = jt808_media_answer(out, &m, 1, 0x7d000001, (struct jt808_missing){0});
		struct jt808_message a = read_frame(out, size);
		cr_assert(a.body.size == 4 && be32_load(a.body.data) == 0x7d000001);
		size = jt808_media_answer(out, &m, 1, 1,
					  (struct jt808_missing){missing, JT808_MISSING_MAX});
		a = read_frame(out, size);
		cr_assert(a.id == JT808_MEDIA_ANSWER && a.body.size == 5 + 2 * 255);
		cr_assert(a.body.data[4] == 255 && be16_load(a.body.data + 513) == 0x7e7d);
		size = jt808_resend(out, (struct jt808_message[]){
					 {.is_2019 = is_2019, .part = 1, .phone = m.phone}},
				    1, (struct jt808_missing){missing, JT808_MISSING_MAX});
		cr_assert(read_frame(out, size).body.size == (is_2019 ? 4 : 3) + 2 * 255);
	}
}

/* ---- bodies ----------------------------------------------------------------------------- */

static struct jt808_message with_body(struct jt808_sent *sent, const char *body, size_t size)
{
	memcpy(sent->body, body, size);
	sent->body_bytes = size;
	return message_of(sent);
}

Test(jt808_answer, registrations_of_three_editions_are_told_apart_by_their_lengths)
{
	static const struct {
		bool is_2019;
		enum jt808_edition edition;
		const char *body;
		size_t maker, model, terminal;
	} cases[] = {
		{false, JT808_2011,
		 "\0\x1f\0\x6e" "makerMODEL678termin7\x01" "A12345678901", 5, 8, 7},
		{false, JT808_2013,
		 "\0\x1f\0\x6e" "makerMODEL678901234567890termin7\x01" "A12345678901", 5, 20, 7},
		{true, JT808_2019,
		 "\0\x1f\0\x6e" "makerABCDEFMODEL6789012345678901234567890"
		 "termin78901234567890123456789X\x01" "A12345678901", 11, 30, 30},
	};
	for (unsigned i = 0; i < array_len(cases); i++) {
		size_t fixed = 5 + cases[i].maker + cases[i].model + cases[i].terminal;
		/* From no plate at all to the longest that no other edition could mean. */
		size_t plate_max = cases[i].edition == JT808_2011 ? 11 : 12;
		for (size_t plate = 0; plate <= plate_max; plate++) {
			struct jt808_sent sent = sent_by(cases[i].is_2019);
			struct jt808_message m = with_body(&sent, cases[i].body, fixed + plate);
			struct jt808_registration r;
			cr_assert(jt808_registration_read(&m, &r));
			cr_assert(r.edition == cases[i].edition);
			cr_assert(r.province == 31 && r.city == 110 && r.colour == 1);
			cr_assert(r.maker.size == cases[i].maker && r.model.size == cases[i].model);
			cr_assert(r.terminal.size == cases[i].terminal && r.plate.size == plate);
			cr_assert(memcmp(r.maker.data, "maker", 5) == 0);
			cr_assert(memcmp(r.model.data, "MODEL", 5) == 0);
			cr_assert(memcmp(r.terminal.data, "termin", 6) == 0);
			cr_assert(plate == 0 || r.plate.data[0] == 'A');
		}
		struct jt808_sent sent = sent_by(cases[i].is_2019);
		struct jt808_message m = with_body(&sent, cases[i].body, fixed - 1);
		struct jt808_registration r;
		/* A byte less than 2013 needs is a long plate of 2011. */
		cr_assert(jt808_registration_read(&m, &r) == (cases[i].edition == JT808_2013));
	}
}

Test(jt808_answer, a_registration_says_what_its_row_says)
{
	const struct jt808_samples *all = jt808_samples();
	unsigned count = 0;
	for (size_t i = 0; i < all->count; i++) {
		const struct jt808_sample *f = &all->rows[i];
		if (!f->is_good)
			continue;
		struct jt808_message m = read_frame(f->data, f->size);
		struct jt808_registration r;
		if (m.id != JT808_REGISTRATION)
			continue;
		cr_assert(jt808_registration_read(&m, &r));
		cr_assert(r.edition == (f->is_2019 ? JT808_2019 : JT808_2013));
		cr_assert(r.province == 31 && (r.city == 110 || r.city == 115));
		cr_assert(r.colour == 1 && r.plate.size >= 8);
		count++;
	}
	cr_assert(count == 4, "%u registrations", count);
}

Test(jt808_answer, an_authentication_shows_its_code)
{
	struct jt808_authentication a;
	struct jt808_sent sent = sent_by(false);
	struct jt808_message m = with_body(&sent, "987654321", 9);
	cr_assert(jt808_authentication_read(&m, &a) && bytes_are(a.code, "987654321"));
	cr_assert(a.imei.size == 0 && a.software.size == 0);
	static const char body[] = "\x04" "code" "123456789012345" "software version 123";
	sent = sent_by(true);
	m = with_body(&sent, body, sizeof body - 1);
	cr_assert(jt808_authentication_read(&m, &a) && bytes_are(a.code, "code"));
	cr_assert(bytes_are(a.imei, "123456789012345"));
	cr_assert(bytes_are(a.software, "software version 123"));
	m = with_body(&sent, body, 5);
	cr_assert(jt808_authentication_read(&m, &a) && bytes_are(a.code, "code"));
	cr_assert(a.imei.size == 0 && a.software.size == 0);
	m = with_body(&sent, body, 4);
	cr_assert(!jt808_authentication_read(&m, &a));
	m = with_body(&sent, body, 0);
	cr_assert(!jt808_authentication_read(&m, &a));
}

Test(jt808_answer, every_public_batch_holds_the_reports_it_counts)
{
	const struct jt808_samples *all = jt808_samples();
	unsigned batches = 0, reports = 0;
	for (size_t i = 0; i < all->count; i++) {
		const struct jt808_sample *f = &all->rows[i];
		if (!f->is_good)
			continue;
		struct jt808_message m = read_frame(f->data, f->size);
		struct jt808_batch b;
		if (m.id != JT808_BATCH)
			continue;
		cr_assert(jt808_batch_read(&m, &b), "row %zu", i);
		size_t bytes = 3;
		for (unsigned n = 0; n < b.count; n++)
			bytes += 2 + jt808_batch_next(&b).size;
		cr_assert(bytes == m.body.size);
		batches++;
		reports += b.count;
	}
	cr_assert(batches == 7, "%u batches, %u reports", batches, reports);
}

Test(jt808_answer, a_batch_that_contradicts_itself_is_none)
{
	struct jt808_sent sent = sent_by(false);
	struct jt808_batch b;
	char body[3 + 2 * 30 + 1] = "\0\x02\x01\0\x1c";
	body[3 + 30 + 1] = 28;
	struct jt808_message m = with_body(&sent, body, 63);
	cr_assert(jt808_batch_read(&m, &b) && b.count == 2 && b.type == 1);
	cr_assert(jt808_batch_next(&b).size == 28 && jt808_batch_next(&b).size == 28);
	for (size_t size = 0; size < 63; size++) {
		m = with_body(&sent, body, size);
		cr_assert(!jt808_batch_read(&m, &b));
	}
	m = with_body(&sent, body, 64); /* a byte too many */
	cr_assert(!jt808_batch_read(&m, &b));
	body[1] = 1;
	m = with_body(&sent, body, 63); /* a report too many */
	cr_assert(!jt808_batch_read(&m, &b));
	m = with_body(&sent, body, 3 + 2 + 28);
	cr_assert(jt808_batch_read(&m, &b));
	body[4] = 27;
	m = with_body(&sent, body, 3 + 2 + 27); /* shorter than a report's fixed part */
	cr_assert(!jt808_batch_read(&m, &b));
}

Test(jt808_answer, media_begin_with_their_id)
{
	struct jt808_sent sent = sent_by(true);
	uint32_t id;
	struct jt808_message m = with_body(&sent, "\x01\x02\x03\x04" "rest", 8);
	cr_assert(jt808_media_read(&m, &id) && id == 0x01020304);
	m = with_body(&sent, "\x01\x02\x03", 3);
	cr_assert(!jt808_media_read(&m, &id));
}
