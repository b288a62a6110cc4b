/* test_jt808_session.c - one connection of a JT/T 808 terminal: who may speak, what is stored, what
 * is refused and why, what is answered. */
#include "dataplane/base/murmur2.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "tests/unit/fleet/jt808_terminal.h"

#include <criterion/criterion.h>

/* ---- what is stored --------------------------------------------------------------------- */

Test(jt808_session, every_public_message_is_stored_without_its_escapes_or_refused_with_its_reason)
{
	for (size_t i = 0; i < jt808_samples()->count; i++) {
		const struct jt808_sample *f = &jt808_samples()->rows[i];
		struct rig *r = rig_create(NULL);
		struct wire *w = wire_open(r, RIG_JT808_ANY);
		wire_send(w, f->data, f->size);
		rig_settle(r);
		bool is_part = f->is_up && f->parts > 0;
		cr_assert(r->stored_count == (f->is_good && !is_part));
		if (f->is_good && is_part) {
			cr_assert(rig_stat(r, STAT_frames_joined) == 1);
		} else if (f->is_good) {
			const struct rig_record *record = &r->stored[0];
			const char *key = f->phone + strspn(f->phone, "0");
			key = *key ? key : "0";
			uint8_t wire[JT808_WIRE_BYTES_MAX];
			struct bytes value = {record->value, record->value_size};
			cr_assert(jt808_escape(wire, value) == f->size);
			cr_assert(memcmp(wire, f->data, f->size) == 0);
			cr_assert(record->key_size == strlen(key));
			cr_assert(memcmp(record->key, key, record->key_size) == 0);
			cr_assert(record->slot == partition_of_key(record->key, record->key_size,
								   RIG_VEHICLE_PARTITIONS));
			cr_assert(record->level == ACK_DURABLE);
		} else {
			cr_assert(rig_stat(r, f->cause == JT808_CHECK
						      ? STAT_frame_reject_bcc
						      : STAT_frame_reject_header) == 1);
		}
		end(r, w);
	}
}

Test(jt808_session, a_key_keeps_its_zeroes_where_the_listener_says_so)
{
	struct rig *r = rig_create(NULL);
	r->in.listeners[RIG_JT808_ANY].phone_zeroes = PHONE_ZEROES_KEEP;
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	send_id(w, LOCATION, 7);
	struct jt808_sent m = sent_of(LOCATION, 8);
	m.is_2019 = m.is_marked_2019 = true;
	send_sent(w, &m);
	rig_settle(r);
	cr_assert(r->stored_count == 2);
	for (unsigned i = 0; i < 2; i++) {
		size_t size = r->stored[i].key_size;
		cr_assert(size == 12 || size == 20);
		cr_assert(memcmp(r->stored[i].key, "01381234567800000000", size) == 0);
	}
	end(r, w);
}

static const enum stat_id reasons[] = {
	[JT808_GARBAGE] = STAT_frame_reject_garbage,
	[JT808_TOO_LONG] = STAT_frame_reject_too_long,
	[JT808_ESCAPING] = STAT_frame_reject_escape,
	[JT808_CHECK] = STAT_frame_reject_bcc,
	[JT808_LENGTH] = STAT_frame_reject_header,
	[JT808_PARTS] = STAT_frame_reject_header,
	[JT808_INCOMPLETE] = STAT_frame_reject_truncated,
};

static bool is_stored_as(const struct rig_record *record, struct bytes message)
{
	return record->value_size == message.size &&
	       memcmp(record->value, message.data, message.size) == 0;
}

/* Of several parts: its size is not what a header and a check code make of a body. */
static bool is_gathered(const struct rig_record *record)
{
	size_t body = be16_load(record->value + 2) & JT808_BODY_BYTES;
	uint8_t sum = 0;
	for (size_t i = 0; i < record->value_size; i++)
		sum ^= record->value[i];
	size_t rest = record->value_size - body;
	return sum != 0 || (rest != 13 && rest != 17 && rest != 18 && rest != 22);
}

/* Those of one partition come in the order of the stream; all are looked for by their bytes. One
 * that is not there must have been sent again: the mixtures hold the public messages many times. */
static void check_stored(const struct rig *r, const struct soup *s, const struct jt808_expect *e)
{
	size_t next[RIG_SLOTS] = {0}, frames = 0, resent = 0, parts = 0, wholes = 0;
	for (size_t i = 0; i < e->count; i++) {
		const struct jt808_expect_piece *p = &e->pieces[i];
		if (!p->is_frame)
			continue;
		bool opening = s->data[p->at] == 0x7e;
		struct bytes content = {s->data + p->at + opening, p->size - 1 - opening};
		uint8_t message[JT808_CONTENT_BYTES_MAX];
		char key[JT808_PHONE_DIGITS_MAX];
		size_t size = jt808_unescape(message, content);
		struct jt808_message m = jt808_read((struct bytes){message, size});
		size_t digits = jt808_phone_text(key, m.phone, false);
		uint32_t slot = partition_of_key(key, digits, RIG_VEHICLE_PARTITIONS);
		if (m.parts > 0 && m.id < 0x8000 && m.id != JT808_TERMINAL_ANSWER) {
			parts++;
			continue;
		}
		while (next[slot] < r->stored_count && (r->stored[next[slot]].slot != slot ||
							is_gathered(&r->stored[next[slot]])))
			next[slot]++;
		const struct rig_record *record = &r->stored[next[slot]];
		if (next[slot] == r->stored_count ||
		    !is_stored_as(record, (struct bytes){message, size})) {
			resent++;
			continue;
		}
		next[slot]++;
		cr_assert(record->key_size == digits && memcmp(record->key, key, digits) == 0);
		frames++;
	}
	for (size_t i = 0; i < r->stored_count; i++)
		wholes += is_gathered(&r->stored[i]);
	cr_assert(frames + wholes == r->stored_count, "%zu frames, %zu in parts, %zu stored",
		  frames, wholes, r->stored_count);
	cr_assert(resent + parts == wholes + rig_stat(r, STAT_frames_resent) +
					    rig_stat(r, STAT_frames_joined) +
					    rig_stat(r, STAT_frame_reject_parts) +
					    rig_stat(r, STAT_frame_drop_parts));
}

static void check_rejected(struct rig *r, const struct jt808_expect *e)
{
	uint64_t want[STAT_COUNT] = {0};
	static struct bad_frame kept[BAD_FRAMES_KEPT];
	unsigned kept_count = bad_frames_read(&r->in.bad_frames, kept, BAD_FRAMES_KEPT), bad = 0;
	for (size_t i = e->count; i-- > 0;) {
		const struct jt808_expect_piece *p = &e->pieces[i];
		if (p->is_frame)
			continue;
		want[reasons[p->cause]]++;
		if (bad >= BAD_FRAMES_KEPT)
			continue;
		const struct bad_frame *k = &kept[bad++];
		cr_assert(k->stream_offset == p->at && k->size == p->size &&
			  k->reason == reasons[p->cause]);
	}
	cr_assert(kept_count == bad);
	for (unsigned i = 0; i < array_len(reasons); i++)
		cr_assert(rig_stat(r, reasons[i]) == want[reasons[i]]);
}

/* Sends `s` in random steps over one connection that then ends; checks everything. */
static void check_stream(struct rig *r, const struct soup *s, struct dice *d, uint32_t step_max,
			 size_t scratch)
{
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	for (size_t at = 0; at < s->size;) {
		size_t step = min_size(1 + dice_below(d, step_max), s->size - at);
		wire_send(w, s->data + at, step);
		at += step;
		w->peek_left = scratch;
		if (dice_below(d, 4))
			rig_turn(r, 100);
		else
			rig_turn_without_writer(r, 100);
	}
	wire_end(w);
	for (unsigned turns = 0; turns < 2000 && !w->stream.is_closed; turns++) {
		w->peek_left = scratch;
		rig_turn(r, 1000);
	}
	cr_assert(w->stream.is_closed && !w->was_reset && w->consumed == s->size,
		  "consumed %zu of %zu", w->consumed, s->size);
	rig_settle(r);
	struct jt808_expect e = jt808_expect_of(s->data, s->size,
						r->in.listeners[RIG_JT808_ANY].frame_bytes_max);
	check_stored(r, s, &e);
	check_rejected(r, &e);
	jt808_expect_free(&e);
	wire_free(w);
}

Test(jt808_session, random_streams_are_stored_and_counted_as_the_slow_resynchroniser_says)
{
	for (uint64_t seed = 1; seed <= 150; seed++) {
		struct dice d = {seed};
		struct soup s = jt808_soup_random(&d, 1 + dice_below(&d, 300));
		struct rig_options o = {.batch_bytes = 200 + dice_below(&d, 20000)};
		if (seed % 2)
			o.lane_credit_bytes = 3000 + dice_below(&d, 20000);
		if (seed % 3 == 0)
			o.answers_max = 1 + dice_below(&d, 20);
		if (seed % 5 == 0)
			o.appends_max = 9 + dice_below(&d, 20);
		struct rig *r = rig_create(&o);
		if (seed % 4 == 0)
			r->in.listeners[RIG_JT808_ANY].frame_bytes_max = 200;
		uint32_t step_max = 1 + dice_below(&d, seed % 7 ? 3000 : 30000);
		check_stream(r, &s, &d, step_max, seed % 11 ? SIZE_MAX : 5000);
		rig_destroy(r);
		free(s.data);
	}
}

Test(jt808_session, every_message_is_stored_when_it_comes_byte_by_byte)
{
	struct rig *r = rig_create(NULL);
	struct dice d = {1};
	struct soup s = {0};
	for (size_t i = 0; i < jt808_samples()->count; i += 5)
		soup_add(&s, jt808_samples()->rows[i].data, jt808_samples()->rows[i].size);
	check_stream(r, &s, &d, 1, SIZE_MAX);
	rig_destroy(r);
	free(s.data);
}

/* ---- time ------------------------------------------------------------------------------- */

Test(jt808_session, a_content_without_an_end_is_given_up_after_its_time)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	wire_send(w, "\x7e" "half a message", 15);
	rig_turn(r, 1000);
	for (unsigned ms = 0; ms < RIG_FRAME_TIMEOUT_MS - 20; ms += 10)
		rig_turn(r, 10000);
	wire_send(w, ", and more", 10);
	rig_turn(r, 1000);
	cr_assert(w->consumed == 0 && rig_stat(r, STAT_frame_reject_timeout) == 0);
	rig_turn(r, 30000);
	rig_turn(r, 1000);
	cr_assert(w->consumed == 25 && rig_stat(r, STAT_frame_reject_timeout) == 1);
	wire_send(w, "its end", 7);
	send_id(w, HEARTBEAT, 5);
	rig_settle(r);
	cr_assert(r->stored_count == 1 && last_answer(w).answered == 5);
	struct bad_frame bad;
	cr_assert(bad_frames_read(&r->in.bad_frames, &bad, 1) == 1 && bad.size == 32);
	cr_assert(r->in.sessions.places.in_use == 0);
	end(r, w);
}

/* A silent terminal keeps no byte of a packet, and nothing is counted that was nothing. */
Test(jt808_session, a_delimiter_too_many_is_let_go_and_still_opens_a_message)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	struct jt808_sent m = sent_of(HEARTBEAT, 1);
	struct soup s = {0};
	jt808_send(&s, &m);
	soup_add_byte(&s, 0x7e, 3);
	wire_send(w, s.data, s.size);
	rig_turn(r, 1000);
	rig_turn(r, 1000);
	cr_assert(w->consumed == s.size - 1);
	rig_turn(r, (RIG_FRAME_TIMEOUT_MS + 2) * 1000);
	rig_turn(r, 1000);
	cr_assert(w->consumed == s.size && r->in.sessions.places.in_use == 0);
	wire_send(w, s.data + 1, s.size - 4); /* without a delimiter of its own before it */
	rig_settle(r);
	cr_assert(r->stored_count == 2 && rig_stat(r, STAT_frames_received) == 2);
	free(s.data);
	end(r, w);
}

Test(jt808_session, a_lost_connection_ends_its_messages_in_the_ledger)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	send_id(w, HEARTBEAT, 1);
	wire_send(w, "\x7e" "begun", 6);
	rig_turn_without_writer(r, 1000);
	wire_lose(w);
	rig_settle(r);
	cr_assert(r->stored_count == 1 && w->sent.size == 0);
	cr_assert(rig_stat(r, STAT_frame_drop_connection) == 2);
	wire_free(w);
	rig_destroy(r);
}

/* ---- who may speak ---------------------------------------------------------------------- */

Test(jt808_session, nothing_but_registration_and_authentication_is_taken_before_it_succeeds)
{
	static const uint16_t ids[] = {0x0002, 0x0003, 0x0004, 0x0200,
				       0x0704, 0x0801, 0x0900, 0x5501};
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_JT808);
	for (unsigned i = 0; i < array_len(ids); i++) {
		struct jt808_sent m = sent_of(ids[i], (uint16_t)(100 + i));
		m.body_bytes = 4;
		send_sent(w, &m);
	}
	rig_settle(r);
	struct got got[ANSWERS_MAX];
	cr_assert(answers_of(w, got) == array_len(ids) && r->stored_count == 0);
	for (unsigned i = 0; i < array_len(ids); i++) {
		bool is_batch = ids[i] == JT808_BATCH; /* which is wrong, too */
		cr_assert(got[i].id == JT808_GENERAL_ANSWER && got[i].answered == 100 + i);
		cr_assert(got[i].result == (is_batch ? JT808_WRONG : JT808_FAILED));
	}
	cr_assert(rig_stat(r, STAT_frame_reject_authentication) == array_len(ids));
	authenticate(r, w);
	cr_assert(r->stored_count == 2);
	send_id(w, LOCATION, 3);
	rig_settle(r);
	cr_assert(r->stored_count == 3 && last_answer(w).result == JT808_DONE);
	end(r, w);
}

Test(jt808_session, what_comes_right_behind_an_authentication_depends_on_what_came_of_it)
{
	for (unsigned is_right = 0; is_right < 2; is_right++) {
		struct rig *r = rig_create(NULL);
		struct wire *first = wire_open(r, RIG_JT808);
		authenticate(r, first);
		struct got g[ANSWERS_MAX];
		answers_of(first, g);
		uint8_t code[16];
		memcpy(code, g[0].body.data + 3, sizeof code);
		code[15] ^= (uint8_t)!is_right;
		struct wire *w = wire_open(r, RIG_JT808);
		struct jt808_sent m = authentication_of(7, (struct bytes){code, sizeof code});
		send_id(w, LOCATION, 6);
		send_sent(w, &m);
		send_id(w, LOCATION, 8);
		rig_settle(r);
		cr_assert(answers_of(w, g) == 3);
		cr_assert(g[0].result == JT808_FAILED && g[0].answered == 6);
		cr_assert(g[1].result == (is_right ? JT808_DONE : JT808_FAILED));
		cr_assert(g[2].result == (is_right ? JT808_DONE : JT808_FAILED));
		cr_assert(r->stored_count == 2 + 2 * is_right);
		wire_lose(first);
		rig_settle(r);
		wire_free(first);
		end(r, w);
	}
}

/* What is refused is answered in its turn, but no record before its disk. */
Test(jt808_session, a_message_that_is_refused_takes_no_answer_along_that_waits_for_the_disk)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_JT808);
	authenticate(r, w);
	size_t sent = w->sent.size;
	struct jt808_sent other = sent_of(LOCATION, 4);
	other.phone[5] ^= 1;
	send_id(w, LOCATION, 3);
	send_sent(w, &other);
	rig_turn_without_writer(r, 1000);
	cr_assert(w->sent.size == sent);
	rig_settle(r);
	struct got g[ANSWERS_MAX];
	cr_assert(answers_of(w, g) == 4);
	cr_assert(g[2].answered == 3 && g[2].result == JT808_DONE);
	cr_assert(g[3].answered == 4 && g[3].result == JT808_FAILED);
	end(r, w);
}

Test(jt808_session, a_connection_speaks_for_the_phone_that_has_authenticated)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_JT808);
	authenticate(r, w);
	struct jt808_sent m = sent_of(LOCATION, 3);
	m.phone[5] ^= 1;
	send_sent(w, &m);
	rig_settle(r);
	cr_assert(last_answer(w).result == JT808_FAILED && r->stored_count == 2);
	/* The same phone in the other edition's header is the same. */
	m = sent_of(LOCATION, 4);
	m.is_2019 = m.is_marked_2019 = true;
	memmove(m.phone + 4, m.phone, 6);
	memset(m.phone, 0, 4);
	send_sent(w, &m);
	rig_settle(r);
	cr_assert(last_answer(w).result == JT808_DONE && r->stored_count == 3);
	end(r, w);
}

Test(jt808_session, a_code_is_of_its_phone_and_key_and_the_same_after_a_restart)
{
	uint8_t codes[4][16];
	for (unsigned i = 0; i < 4; i++) {
		struct rig *r = rig_create(NULL);
		r->in.settings.code_key[0] = i == 3 ? 5 : 4;
		struct wire *w = wire_open(r, RIG_JT808);
		struct jt808_sent m = registration_of(1);
		m.phone[5] = i == 2;
		send_sent(w, &m);
		rig_settle(r);
		struct got g = last_answer(w);
		cr_assert(g.body.size == 19);
		memcpy(codes[i], g.body.data + 3, 16);
		end(r, w);
	}
	cr_assert(memcmp(codes[0], codes[1], 16) == 0);
	cr_assert(memcmp(codes[0], codes[2], 16) != 0 && memcmp(codes[0], codes[3], 16) != 0);
}

Test(jt808_session, where_anybody_may_speak_any_code_is_right)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	struct jt808_sent m = authentication_of(7, (struct bytes){(const uint8_t *)"1234", 4});
	send_sent(w, &m);
	rig_settle(r);
	cr_assert(last_answer(w).result == JT808_DONE && r->stored_count == 1);
	end(r, w);
}

/* ---- answers ---------------------------------------------------------------------------- */

Test(jt808_session, every_up_message_has_its_answer_once_it_is_stored)
{
	static const struct {
		uint16_t id;
		size_t body_bytes;
		uint16_t answer; /* 0: none */
		uint8_t result;
	} cases[] = {
		{0x0001, 5, 0, 0},      {0x0002, 0, 0x8001, 0},  {0x0003, 0, 0x8001, 0},
		{0x0004, 0, 0x8004, 0}, {0x0100, 45, 0x8100, 0}, {0x0100, 3, 0x8001, 2},
		{0x0102, 9, 0x8001, 0}, {0x0200, 28, 0x8001, 0}, {0x0704, 3, 0x8001, 0},
		{0x0704, 4, 0x8001, 2}, {0x0801, 40, 0x8800, 0}, {0x0801, 3, 0x8001, 2},
		{0x0900, 9, 0x8001, 0}, {0x0901, 9, 0x8001, 0},  {0x6006, 85, 0x8001, 0},
		{0x8001, 5, 0, 0},
	};
	for (unsigned i = 0; i < array_len(cases); i++) {
		struct rig *r = rig_create(NULL);
		struct wire *w = wire_open(r, RIG_JT808_ANY);
		struct jt808_sent m = sent_of(cases[i].id, 0x1234);
		m.body_bytes = cases[i].body_bytes;
		send_sent(w, &m);
		rig_turn_without_writer(r, 1000);
		cr_assert(w->sent.size == 0);
		rig_settle(r);
		cr_assert(r->stored_count == 1 && rig_stat(r, STAT_frames_accepted) == 1);
		struct got g[ANSWERS_MAX];
		cr_assert(answers_of(w, g) == !!cases[i].answer);
		if (cases[i].answer) {
			cr_assert(g[0].id == cases[i].answer && g[0].result == cases[i].result);
			cr_assert(g[0].answered == 0x1234 || cases[i].id == 0x0004 ||
				  cases[i].answer == 0x8800);
		}
		end(r, w);
	}
}

Test(jt808_session, bodies_that_are_encrypted_or_in_parts_are_not_looked_into)
{
	for (unsigned i = 0; i < 2; i++) {
		struct rig *r = rig_create(NULL);
		struct wire *w = wire_open(r, RIG_JT808_ANY);
		struct jt808_sent m = sent_of(JT808_BATCH, 1);
		m.body_bytes = 7;
		m.encryption = i == 0;
		m.parts = m.part = i == 1 ? 2 : 0;
		send_sent(w, &m);
		rig_settle(r);
		cr_assert(last_answer(w).result == JT808_DONE && r->stored_count == (i == 0));
		end(r, w);
	}
}

/* Of every serial, so that check codes need an escape before, after, in both or in neither. */
Test(jt808_session, what_is_not_stored_is_answered_as_failed_or_not_at_all)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	r->error = KAFKA_ERROR_KAFKA_STORAGE_ERROR;
	for (unsigned i = 0; i < 1024; i++) {
		send_id(w, LOCATION, (uint16_t)i);
		if (i % 64 == 0)
			send_id(w, JT808_TIME_QUERY, (uint16_t)i);
		rig_settle(r);
	}
	static struct got g[ANSWERS_MAX];
	/* A serial that was given to an answer that is not sent is gone. */
	struct jt808_scan s;
	struct jt808_piece p;
	unsigned count = 0;
	jt808_scan_init(&s, (struct bytes){w->sent.data, w->sent.size}, false,
			JT808_WIRE_BYTES_MAX);
	while (jt808_scan_next(&s, &p)) {
		uint8_t message[JT808_CONTENT_BYTES_MAX];
		cr_assert(p.kind == JT808_FRAME);
		struct jt808_message m =
			jt808_read((struct bytes){message, jt808_unescape(message, p.content)});
		g[count] = (struct got){.id = m.id, .answered = be16_load(m.body.data),
					.result = m.body.data[4]};
		cr_assert(g[count].id == JT808_GENERAL_ANSWER && g[count].answered == count);
		cr_assert(g[count].result == JT808_FAILED);
		count++;
	}
	cr_assert(count == 1024 && r->stored_count == 0);
	end(r, w);
}

Test(jt808_session, an_answer_of_nothing_but_escapes_comes_whole)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	struct jt808_sent m = sent_of(0x7d7e, 0x7d7d);
	m.is_2019 = m.is_marked_2019 = true;
	m.version = 0x7e;
	memset(m.phone, 0x7d, sizeof m.phone);
	send_sent(w, &m);
	rig_settle(r);
	struct got g = last_answer(w);
	cr_assert(g.id == JT808_GENERAL_ANSWER && g.answered == 0x7d7d && g.result == 0);
	cr_assert(w->sent.size >= ANSWER_TEXT_BYTES); /* no text in the answer itself */
	end(r, w);
}
