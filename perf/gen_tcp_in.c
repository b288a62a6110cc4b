/* gen_tcp_in.c - segments of the target in; acknowledged and answered messages out. See
 * gen_tcp.h. */
#include "perf/gen_tcp.h"
#include "dataplane/wire/net/ip4.h"
#include "perf/gen_tcp_private.h"

enum {
	DUPLICATES_MEAN_LOSS = 3, /* RFC 5681 3.2 */
	PROBE_TRIES = 5,          /* a window that stays closed is asked every 13 s */
};

/* An answer of which not all has come. */
struct partial {
	uint32_t have;
	uint8_t bytes[GEN_ANSWER_BYTES_MAX];
};

struct segment {
	struct tcp_header header;
	struct bytes data;
};

/* ---- answers ----------------------------------------------------------------------- */

static void message_done(struct gen_tcp *t, struct gen_conn *c, enum gen_verdict v)
{
	const struct gen_tcp_events *e = &t->options.events;
	uint32_t message = c->answered++;
	e->done(e->owner, gen_conn_index(t, c), message, v);
}

/* False: the connection is lost. An answer to nothing is none. */
static bool settle_answer(struct gen_tcp *t, struct gen_conn *c, enum gen_verdict v)
{
	const struct gen_load *load = t->options.load;
	if (load->is_answered && c->answered == c->begun)
		v = GEN_STRANGE;
	t->answers[v]++;
	if (v == GEN_STRANGE) {
		gen_conn_signal(t, c, TCP_FLAG_RST | TCP_FLAG_ACK);
		gen_conn_lose(t, c, GEN_LOSS_STRANGE);
		return false;
	}
	if (load->is_answered)
		message_done(t, c, v);
	return true;
}

static bool take_answer(struct gen_tcp *t, struct gen_conn *c, struct bytes answer)
{
	const struct gen_load *load = t->options.load;
	uint32_t message = load->is_answered ? c->answered : UINT32_MAX;
	return settle_answer(t, c, load->check(load, gen_conn_number(t, c), message, answer));
}

/* Answers that are whole, from the front of `data`; how many bytes they are. */
static size_t take_whole(struct gen_tcp *t, struct gen_conn *c, struct bytes data)
{
	const struct gen_load *load = t->options.load;
	size_t at = 0;
	while (at < data.size && c->state != GEN_LOST) {
		struct bytes rest = {data.data + at, data.size - at};
		uint32_t size = load->answer_bytes(load, rest);
		if (size > GEN_ANSWER_BYTES_MAX) {
			take_answer(t, c, (struct bytes){NULL, 0});
			break;
		}
		if (size == 0 || size > rest.size)
			break;
		if (!take_answer(t, c, (struct bytes){rest.data, size}))
			break;
		at += size;
	}
	return at;
}

/* Completes the answer begun before as far as `data` goes; the bytes it took. */
static size_t take_partial(struct gen_tcp *t, struct gen_conn *c, struct bytes data)
{
	struct partial *p = slab_at(&t->partials, c->partial - 1);
	uint32_t had = p->have;
	uint32_t room = (uint32_t)min_size(data.size, sizeof p->bytes - had);
	memcpy(p->bytes + had, data.data, room);
	/* One answer at most: what follows it is read where it lies. */
	uint32_t size = t->options.load->answer_bytes(
		t->options.load, (struct bytes){p->bytes, had + room});
	uint32_t whole = size && size < had + room ? size : had + room;
	size_t took = take_whole(t, c, (struct bytes){p->bytes, whole});
	if (c->state == GEN_LOST)
		return data.size;
	if (took == 0) {
		p->have = had + room;
		return room;
	}
	slab_give(&t->partials, p);
	c->partial = 0;
	return took - had;
}

/* Of a reader: all of it, whatever part of an answer it is. */
static void read_on(struct gen_tcp *t, struct gen_conn *c, struct bytes data)
{
	const struct gen_load *load = t->options.load;
	const struct gen_tcp_events *e = &t->options.events;
	for (;;) {
		struct gen_take taken =
			load->readers->take(load, gen_conn_number(t, c), c->answered, data);
		data.data += taken.bytes;
		data.size -= taken.bytes;
		if (taken.has_number)
			e->arrived(e->owner, taken.number);
		else if (!taken.is_whole)
			return;
		if (taken.is_whole && (!settle_answer(t, c, taken.verdict) || !data.size))
			return;
	}
}

/* Nearly all come whole and are read where they lie; the part of one that is left over is kept
 * until the rest comes. */
static void read_answers(struct gen_tcp *t, struct gen_conn *c, struct bytes data)
{
	size_t at = 0;
	if (gen_load_reads(t->options.load, gen_conn_number(t, c))) {
		read_on(t, c, data);
		return;
	}
	if (c->partial)
		at = take_partial(t, c, data);
	if (c->partial || c->state == GEN_LOST)
		return;
	at += take_whole(t, c, (struct bytes){data.data + at, data.size - at});
	if (at >= data.size || c->state == GEN_LOST)
		return;
	struct partial *p = slab_take(&t->partials);
	if (!p) {
		take_answer(t, c, (struct bytes){NULL, 0});
		return;
	}
	p->have = (uint32_t)(data.size - at);
	memcpy(p->bytes, data.data + at, p->have);
	c->partial = slab_index(&t->partials, p) + 1;
}

/* ---- acknowledgements -------------------------------------------------------------- */

/* `acked` bytes more of the messages have arrived. */
static void messages_advance(struct gen_tcp *t, struct gen_conn *c, uint32_t acked)
{
	const struct gen_load *load = t->options.load;
	uint32_t conn = gen_conn_number(t, c);
	while (acked) {
		uint32_t left = load->size(load, conn, c->acked_message) - c->acked_at;
		if (acked < left) {
			c->acked_at += acked;
			return;
		}
		acked -= left;
		c->acked_message++;
		c->acked_at = 0;
		if (!load->is_answered)
			message_done(t, c, GEN_ACCEPTED);
	}
}

static void ack_new(struct gen_tcp *t, struct gen_conn *c, uint32_t ack)
{
	uint32_t acked = ack - c->unacked;
	c->unacked = ack;
	c->moved_ms = t->now_ms;
	c->tries = 0;
	c->duplicates = 0;
	c->patience += c->patience < GEN_PATIENT;
	if (c->state == GEN_FINISHING)
		return;
	messages_advance(t, c, acked);
	if (!seq_is_after(c->unacked, c->next))
		return;
	/* It had what we were sending again. */
	c->next = c->unacked;
	c->sent_message = c->acked_message;
	c->sent_at = c->acked_at;
}

static void ack_input(struct gen_tcp *t, struct gen_conn *c, const struct segment *s)
{
	uint32_t ack = s->header.ack;
	uint32_t window = (uint32_t)s->header.window << c->window_shift;
	if (seq_is_after(c->unacked, ack) || seq_is_after(ack, c->top))
		return;
	if (ack != c->unacked) {
		ack_new(t, c, ack);
	} else if (s->data.size == 0 && window == c->window && c->unacked != c->top &&
		   !(s->header.flags & TCP_FLAG_FIN)) {
		t->duplicates++;
		if (++c->duplicates == DUPLICATES_MEAN_LOSS && c->state == GEN_OPEN)
			gen_conn_go_back(t, c);
	}
	/* Who keeps his window closed and says so is alive (RFC 9293 3.8.6.1). */
	if (window == 0)
		c->tries = (uint8_t)min_u32(c->tries, PROBE_TRIES);
	c->window = window;
}

/* ---- segments ---------------------------------------------------------------------- */

static void opening_input(struct gen_tcp *t, struct gen_conn *c, const struct segment *s)
{
	const struct tcp_header *h = &s->header;
	if (!(h->flags & TCP_FLAG_ACK) || h->ack != c->top)
		return;
	if (h->flags & TCP_FLAG_RST) {
		gen_conn_lose(t, c, GEN_LOSS_REFUSED);
		return;
	}
	if (!(h->flags & TCP_FLAG_SYN))
		return;
	uint32_t ours = gen_port_mtu(t->options.port) - 20 - TCP_HEADER_BYTES;
	c->unacked = c->next = h->ack;
	c->expected = h->seq + 1;
	c->segment_bytes = (uint16_t)min_u32(ours, h->has_mss ? h->mss : 536);
	c->window_shift = h->has_window_scale ? h->window_scale : 0;
	c->window = h->window; /* RFC 7323 2.2: not scaled in a SYN */
	c->patience = GEN_PATIENT;
	c->state = GEN_OPEN;
	c->tries = 0;
	c->moved_ms = t->now_ms;
	c->must_ack = true;
	t->opening--;
	t->open++;
}

/* The target closes first only where it gives us up: behind our own FIN its FIN is the end of a
 * good connection. */
static void fin_input(struct gen_tcp *t, struct gen_conn *c)
{
	c->expected++;
	if (!gen_conn_signal(t, c, TCP_FLAG_ACK)) {
		c->expected--; /* no room: the target says it again */
		return;
	}
	if (c->state == GEN_FINISHING)
		gen_conn_close(t, c);
	else
		gen_conn_lose(t, c, GEN_LOSS_HUNG_UP);
}

/* What is out of order is not kept: it is acknowledged up to the gap, and the target sends it
 * again. */
static void open_input(struct gen_tcp *t, struct gen_conn *c, const struct segment *s)
{
	const struct tcp_header *h = &s->header;
	if (h->flags & TCP_FLAG_RST) {
		if (h->seq == c->expected)
			gen_conn_lose(t, c, GEN_LOSS_RESET);
		return;
	}
	if (h->flags & TCP_FLAG_ACK)
		ack_input(t, c, s);
	bool has_fin = h->flags & TCP_FLAG_FIN;
	if (s->data.size == 0 && !has_fin)
		return;
	c->must_ack = true;
	if (h->seq != c->expected) {
		t->out_of_order++;
		return;
	}
	c->expected += (uint32_t)s->data.size;
	if (s->data.size)
		read_answers(t, c, s->data);
	if (has_fin && c->state != GEN_LOST)
		fin_input(t, c);
}

/* The other side did not hear our last acknowledgement. */
static void closed_input(struct gen_tcp *t, struct gen_conn *c, const struct segment *s)
{
	if (s->header.flags & TCP_FLAG_FIN)
		gen_conn_signal(t, c, TCP_FLAG_ACK);
}

/* By arithmetic, the reverse of what segment_push() does: a table of millions would cost a
 * cache miss a segment. */
static struct gen_conn *conn_of(const struct gen_tcp *t, uint32_t host, uint16_t port)
{
	uint32_t index = gen_net_index(&t->options.port->net, host);
	uint32_t lap = (uint32_t)port - GEN_FIRST_PORT;
	if (index >= t->hosts)
		return NULL;
	uint64_t conn = (uint64_t)lap * t->hosts + index;
	return conn < t->options.connections ? &t->conns[conn] : NULL;
}

void gen_tcp_prefetch(const struct gen_tcp *t, const struct gen_packet *packet)
{
	if (packet->size < sizeof(struct tcp_wire))
		return;
	const struct tcp_wire *wire = (const struct tcp_wire *)packet->l4;
	__builtin_prefetch(conn_of(t, packet->to, be16_get(wire->destination_port)), 1);
}

void gen_tcp_input(struct gen_tcp *t, const struct gen_packet *packet)
{
	struct segment s;
	struct bytes l4 = {packet->l4, packet->size};
	struct gen_conn *c = NULL;
	if (packet->protocol == IP_PROTOCOL_TCP && tcp_header_parse(l4, &s.header))
		c = conn_of(t, packet->to, s.header.destination_port);
	if (!c || s.header.source_port != t->options.target_port) {
		t->options.port->strays++;
		return;
	}
	s.data = (struct bytes){l4.data + s.header.header_bytes,
				l4.size - s.header.header_bytes};
	switch ((enum gen_state)c->state) {
	case GEN_OPENING:
		opening_input(t, c, &s);
		break;
	case GEN_OPEN:
	case GEN_FINISHING:
		open_input(t, c, &s);
		break;
	case GEN_CLOSED:
		closed_input(t, c, &s);
		break;
	case GEN_UNUSED:
	case GEN_LOST:
		break;
	}
	gen_conn_touch(t, c);
}
