/* jt808_terminal.c - what a terminal sends to a rig, and what it gets; see jt808_terminal.h. */
#include "tests/unit/fleet/jt808_terminal.h"

#include <criterion/criterion.h>

/* ---- what came back --------------------------------------------------------------------- */

unsigned answers_of(const struct wire *w, struct got *ret)
{
	static uint8_t rooms[ANSWERS_MAX][JT808_MESSAGE_BYTES_MAX];
	struct jt808_scan s;
	struct jt808_piece p;
	unsigned count = 0;
	jt808_scan_init(&s, (struct bytes){w->sent.data, w->sent.size}, false,
			JT808_WIRE_BYTES_MAX);
	while (jt808_scan_next(&s, &p)) {
		cr_assert(p.kind == JT808_FRAME && count < ANSWERS_MAX);
		size_t size = jt808_unescape(rooms[count], p.content);
		struct jt808_message m = jt808_read((struct bytes){rooms[count], size});
		struct got *g = &ret[count];
		*g = (struct got){.id = m.id, .serial = m.serial, .body = m.body};
		cr_assert(g->serial == count); /* counted from 0, none left out */
		count++;
		if (m.id == JT808_TIME_ANSWER || m.id == JT808_MEDIA_ANSWER)
			continue;
		g->answered = be16_load(m.body.data);
		g->result = m.body.data[m.id == JT808_GENERAL_ANSWER ? 4 : 2];
	}
	return count;
}

struct got last_answer(const struct wire *w)
{
	static struct got all[ANSWERS_MAX];
	unsigned count = answers_of(w, all);
	cr_assert(count > 0);
	return all[count - 1];
}

/* ---- what terminals send ---------------------------------------------------------------- */

struct jt808_sent sent_of(uint16_t id, uint16_t serial)
{
	return (struct jt808_sent){.id = id, .serial = serial,
				   .phone = {0x01, 0x38, 0x12, 0x34, 0x56, 0x78}};
}

void send_sent(struct wire *w, const struct jt808_sent *m)
{
	struct soup s = {0};
	jt808_send(&s, m);
	wire_send(w, s.data, s.size);
	free(s.data);
}

void send_id(struct wire *w, uint16_t id, uint16_t serial)
{
	struct jt808_sent m = sent_of(id, serial);
	send_sent(w, &m);
}

struct jt808_sent registration_of(uint16_t serial)
{
	struct jt808_sent m = sent_of(JT808_REGISTRATION, serial);
	m.body_bytes = 45;
	memset(m.body, 'A', m.body_bytes);
	return m;
}

struct jt808_sent authentication_of(uint16_t serial, struct bytes code)
{
	struct jt808_sent m = sent_of(JT808_AUTHENTICATION, serial);
	m.body_bytes = code.size;
	memcpy(m.body, code.data, code.size);
	return m;
}

void authenticate(struct rig *r, struct wire *w)
{
	struct jt808_sent m = registration_of(1);
	send_sent(w, &m);
	rig_settle(r);
	struct got g = last_answer(w);
	cr_assert(g.id == JT808_REGISTRATION_ANSWER && g.result == 0 && g.answered == 1);
	m = authentication_of(2, (struct bytes){g.body.data + 3, g.body.size - 3});
	send_sent(w, &m);
	rig_settle(r);
	g = last_answer(w);
	cr_assert(g.id == JT808_GENERAL_ANSWER && g.result == 0 && g.answered == 2);
}

void end(struct rig *r, struct wire *w)
{
	wire_end(w);
	rig_settle(r);
	cr_assert(w->stream.is_closed && !w->was_reset);
	wire_free(w);
	rig_destroy(r);
}
