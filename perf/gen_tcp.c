/* gen_tcp.c - owed messages in, segments out; the table and its sweep. See gen_tcp.h. */
#include "perf/gen_tcp.h"
#include "dataplane/base/entropy.h"
#include "dataplane/base/map.h"
#include "dataplane/wire/net/ip4.h"
#include "perf/gen_tcp_private.h"

#include <errno.h>

enum {
	MSS_DEFAULT = 536, /* RFC 9293 MUST-15 */
	RECEIVE_WINDOW = 65535,
	SWEEP_MS = 100,        /* the table is looked through this often */
	SWEEP_STEP_MAX = 8192, /* connections looked at per turn */
	TIMEOUT_MS = 400,      /* doubled per try */
	TRIES_MAX = 8,
};

const char *const gen_loss_names[GEN_LOSSES] = {
	[GEN_LOSS_REFUSED] = "refused",        [GEN_LOSS_RESET] = "reset",
	[GEN_LOSS_TIMEOUT] = "timeout",        [GEN_LOSS_HUNG_UP] = "hung_up",
	[GEN_LOSS_STRANGE] = "strange_answer", [GEN_LOSS_GIVEN_UP] = "given_up",
};

int gen_tcp_init(struct gen_tcp *t, const struct gen_tcp_options *options)
{
	*t = (struct gen_tcp){.options = *options};
	t->hosts = min_u32(options->connections, options->port->net.hosts);
	if (options->connections / t->hosts >= GEN_PORTS)
		return -EADDRNOTAVAIL;
	entropy_fill(&t->seed, sizeof t->seed);
	t->conns = map_take(options->connections * sizeof *t->conns);
	t->touched.conns = map_take(options->connections * sizeof(uint32_t));
	t->acking.conns = map_take(options->connections * sizeof(uint32_t));
	if (!t->conns || !t->touched.conns || !t->acking.conns)
		return -ENOMEM;
	return slab_init(&t->partials, GEN_ANSWER_BYTES_MAX + sizeof(uint32_t),
			 GEN_PARTIALS_MAX);
}

void gen_tcp_fini(struct gen_tcp *t)
{
	slab_fini(&t->partials);
	map_give(t->acking.conns, t->options.connections * sizeof(uint32_t));
	map_give(t->touched.conns, t->options.connections * sizeof(uint32_t));
	map_give(t->conns, t->options.connections * sizeof *t->conns);
}

/* A connection stands in a line once at most, so that one with a place for each never
 * overflows. */
static void line_put(struct gen_tcp *t, struct gen_line *line, const struct gen_conn *c)
{
	uint64_t at = (uint64_t)line->first + line->count++;
	if (at >= t->options.connections)
		at -= t->options.connections;
	line->conns[at] = gen_conn_index(t, c);
}

static struct gen_conn *line_take(struct gen_tcp *t, struct gen_line *line)
{
	struct gen_conn *c = &t->conns[line->conns[line->first]];
	line->count--;
	if (++line->first == t->options.connections)
		line->first = 0;
	return c;
}

/* Two lines: an acknowledgement does not wait behind those who have much to send. */
void gen_conn_touch(struct gen_tcp *t, struct gen_conn *c)
{
	if (c->must_ack && !c->is_acking) {
		c->is_acking = true;
		line_put(t, &t->acking, c);
	} else if (!c->must_ack && !c->is_touched) {
		c->is_touched = true;
		line_put(t, &t->touched, c);
	}
}

/* ---- segments ---------------------------------------------------------------------- */

static void header_fill(const struct gen_tcp *t, const struct gen_conn *c, uint8_t flags,
			struct tcp_header *ret)
{
	*ret = (struct tcp_header){
		.seq = c->next,
		.ack = c->expected,
		.source_port =
			(uint16_t)(GEN_FIRST_PORT + gen_conn_index(t, c) / t->hosts),
		.destination_port = t->options.target_port,
		.window = RECEIVE_WINDOW,
		.flags = flags,
	};
	if (flags & TCP_FLAG_SYN) {
		ret->has_mss = ret->has_window_scale = true;
		ret->window_scale = t->options.load->window_shift;
		ret->mss =
			(uint16_t)(gen_port_mtu(t->options.port) - 20 - TCP_HEADER_BYTES);
	}
}

/* Whatever is sent carries the acknowledgement that was owed. */
static void segment_push(struct gen_tcp *t, struct gen_conn *c, uint8_t header_bytes,
			 uint32_t size)
{
	struct gen_l4 l4 = {
		.protocol = IP_PROTOCOL_TCP,
		.header_bytes = header_bytes,
		.checksum_at = offsetof(struct tcp_wire, checksum),
		.size = size,
	};
	struct gen_port *port = t->options.port;
	gen_port_push(port, gen_net_host(&port->net, gen_conn_index(t, c) % t->hosts),
		      &l4);
	c->must_ack = false;
}

bool gen_conn_signal(struct gen_tcp *t, struct gen_conn *c, uint8_t flags)
{
	struct tcp_header h;
	header_fill(t, c, flags, &h);
	uint32_t size = tcp_header_size(&h);
	uint8_t *l4 = gen_port_take(t->options.port, size);
	if (!l4)
		return false;
	tcp_header_emit(&h, l4);
	segment_push(t, c, (uint8_t)size, size);
	t->acks_sent += flags == TCP_FLAG_ACK;
	return true;
}

/* `size` bytes of the message at `next`. */
static bool send_piece(struct gen_tcp *t, struct gen_conn *c, uint32_t size, bool is_last)
{
	const struct gen_load *load = t->options.load;
	uint8_t *l4 = gen_port_take(t->options.port, TCP_HEADER_BYTES + size);
	if (!l4)
		return false;
	struct tcp_header h;
	header_fill(t, c, is_last ? TCP_FLAG_ACK | TCP_FLAG_PSH : TCP_FLAG_ACK, &h);
	tcp_header_emit(&h, l4);
	load->fill(load, gen_conn_number(t, c), c->sent_message, c->sent_at, size,
		   l4 + TCP_HEADER_BYTES);
	segment_push(t, c, TCP_HEADER_BYTES, TCP_HEADER_BYTES + size);
	return true;
}

/* `size` bytes are on their way. */
static void advance(struct gen_tcp *t, struct gen_conn *c, uint32_t size, bool is_last)
{
	if (c->unacked == c->next)
		c->moved_ms = t->now_ms;
	if (c->sent_message >= c->begun) {
		c->begun = c->sent_message + 1;
		t->messages_sent++;
	}
	c->next += size;
	c->sent_at += size;
	if (seq_is_after(c->next, c->top))
		c->top = c->next;
	else
		t->retransmits++;
	if (!is_last)
		return;
	c->sent_message++;
	c->sent_at = 0;
}

/* Messages below this number may be sent now: greetings go one at a time. */
static uint32_t allowed(const struct gen_tcp *t, const struct gen_conn *c)
{
	if (c->answered < t->options.load->greetings)
		return min_u32(c->owed, c->answered + 1);
	return c->owed;
}

/* The second part of the next message, ahead of the first. */
static bool send_ahead(struct gen_tcp *t, struct gen_conn *c, uint32_t cut, uint32_t left)
{
	c->next += cut;
	c->sent_at = cut;
	bool is_sent = send_piece(t, c, left - cut, true);
	c->next -= cut;
	c->sent_at = 0;
	return is_sent;
}

/* Of `size` bytes that could go at once, those before a cut. */
static uint32_t cut_piece(struct gen_tcp *t, struct gen_conn *c, uint32_t size,
			  uint32_t left)
{
	const struct gen_load *load = t->options.load;
	bool is_reversed;
	uint32_t cut =
		load->cut(load, gen_conn_number(t, c), c->sent_message, &is_reversed);
	if (cut <= c->sent_at)
		return size;
	if (is_reversed && c->sent_at == 0 && size == left)
		send_ahead(t, c, cut, left);
	return min_u32(size, cut - c->sent_at);
}

/* A segment never has the end of one message and the beginning of the next: its bytes are made
 * from one message's number. */
static void send_owed(struct gen_tcp *t, struct gen_conn *c)
{
	const struct gen_load *load = t->options.load;
	uint32_t conn = gen_conn_number(t, c), limit = allowed(t, c);
	while (c->sent_message < limit) {
		uint32_t in_flight = c->next - c->unacked;
		uint32_t window = c->window;
		if (c->patience < GEN_PATIENT)
			window =
				min_u32(window, (uint32_t)c->patience * c->segment_bytes);
		uint32_t room = window > in_flight ? window - in_flight : 0;
		uint32_t left = load->size(load, conn, c->sent_message) - c->sent_at;
		uint32_t size = min_u32(min_u32(left, c->segment_bytes), room);
		/* A sliver is sent only when nothing else will open the window. */
		if (size == 0 || (size == room && size < left && in_flight))
			return;
		if (load->cut)
			size = cut_piece(t, c, size, left);
		if (!send_piece(t, c, size, size == left)) {
			gen_conn_touch(t, c);
			return;
		}
		advance(t, c, size, size == left);
	}
}

/* Nothing that was sent is kept: from its number a message is made again. */
void gen_conn_go_back(struct gen_tcp *t, struct gen_conn *c)
{
	c->moved_ms = t->now_ms;
	c->next = c->unacked;
	c->sent_message = c->acked_message;
	c->sent_at = c->acked_at;
	c->duplicates = 0;
	c->patience = 1;
}

/* ---- a connection's life ----------------------------------------------------------- */

static void send_syn(struct gen_tcp *t, struct gen_conn *c)
{
	c->next = c->unacked;
	c->moved_ms = t->now_ms;
	gen_conn_signal(t, c, TCP_FLAG_SYN);
	c->next = c->top = c->unacked + 1;
}

void gen_tcp_connect(struct gen_tcp *t, uint32_t conn)
{
	struct gen_conn *c = &t->conns[conn];
	/* RFC 9293 3.4.1: above those of an earlier run. */
	c->unacked = (uint32_t)(t->now_ns >> 12) + (uint32_t)gen_hash(conn, t->seed) / 16;
	c->state = GEN_OPENING;
	t->opening++;
	send_syn(t, c);
}

/* The only place where a connection ends: its partial answer goes back, and it is counted as
 * open no longer. */
static void conn_leave(struct gen_tcp *t, struct gen_conn *c, enum gen_state to)
{
	*(c->state == GEN_OPENING ? &t->opening : &t->open) -= 1;
	if (c->partial)
		slab_give(&t->partials, slab_at(&t->partials, c->partial - 1));
	c->partial = 0;
	c->must_ack = false;
	c->state = (uint8_t)to;
}

void gen_conn_close(struct gen_tcp *t, struct gen_conn *c)
{
	conn_leave(t, c, GEN_CLOSED);
	t->finished++;
}

void gen_conn_lose(struct gen_tcp *t, struct gen_conn *c, enum gen_loss why)
{
	conn_leave(t, c, GEN_LOST);
	t->lost[why]++;
	t->messages_lost[why] += c->begun - c->answered;
}

static void reset(struct gen_tcp *t, struct gen_conn *c, enum gen_loss why)
{
	gen_conn_signal(t, c, TCP_FLAG_RST | TCP_FLAG_ACK);
	gen_conn_lose(t, c, why);
}

static void send_fin(struct gen_tcp *t, struct gen_conn *c)
{
	c->next = c->unacked;
	c->moved_ms = t->now_ms;
	gen_conn_signal(t, c, TCP_FLAG_FIN | TCP_FLAG_ACK);
	c->next = c->top = c->unacked + 1;
}

/* The measurement is over: what still waits for an answer is cut off, and counted. */
void gen_tcp_finish(struct gen_tcp *t, uint32_t conn)
{
	struct gen_conn *c = &t->conns[conn];
	if (c->state == GEN_OPENING)
		reset(t, c, GEN_LOSS_GIVEN_UP);
	if (c->state != GEN_OPEN)
		return;
	if (c->unacked != c->top || c->answered < c->begun) {
		reset(t, c, GEN_LOSS_GIVEN_UP);
		return;
	}
	c->state = GEN_FINISHING;
	c->tries = 0;
	send_fin(t, c);
}

void gen_tcp_owe(struct gen_tcp *t, uint32_t conn)
{
	struct gen_conn *c = &t->conns[conn];
	c->owed++;
	if (c->state == GEN_OPEN)
		send_owed(t, c);
}

uint32_t gen_tcp_disown(struct gen_tcp *t, uint32_t conn)
{
	struct gen_conn *c = &t->conns[conn];
	uint32_t unsent = c->owed - c->begun;
	c->owed = c->begun;
	return unsent;
}

/* ---- the turn's end ---------------------------------------------------------------- */

/* Nothing heard for too long. A closed window is asked with one byte (RFC 9293 3.8.6.1).
 */
static void try_again(struct gen_tcp *t, struct gen_conn *c)
{
	if (c->tries++ == TRIES_MAX) {
		reset(t, c, GEN_LOSS_TIMEOUT);
		return;
	}
	if (c->state == GEN_OPENING) {
		send_syn(t, c);
	} else if (c->state == GEN_FINISHING) {
		send_fin(t, c);
	} else {
		gen_conn_go_back(t, c);
		c->window = max_u32(c->window, 1);
		send_owed(t, c);
	}
}

/* A connection that has something to say may have found the port full; one that waits for what
 * it has said tries again when its time is up. */
static void look_at(struct gen_tcp *t, struct gen_conn *c)
{
	bool waits = c->unacked != c->top || c->sent_message < allowed(t, c);
	if (c->state == GEN_OPEN && c->sent_message < allowed(t, c))
		send_owed(t, c);
	if (waits && t->now_ms - c->moved_ms >= (uint32_t)TIMEOUT_MS << c->tries)
		try_again(t, c);
}

/* No connection has a timer: a part of the table in each turn, and all of it every SWEEP_MS. */
static void sweep(struct gen_tcp *t)
{
	uint32_t count = t->options.connections;
	uint64_t step_ns = SWEEP_MS * 1000000ull / count + 1;
	if (t->now_ns < t->sweep_ns)
		return;
	uint64_t due = (t->now_ns - t->sweep_ns) / step_ns;
	uint32_t steps = (uint32_t)min_u64(due, min_u32(count, SWEEP_STEP_MAX));
	/* A sweep that cannot keep up is a slower sweep. */
	t->sweep_ns = due > SWEEP_STEP_MAX ? t->now_ns : t->sweep_ns + steps * step_ns;
	for (uint32_t i = 0; i < steps; i++) {
		struct gen_conn *c = &t->conns[t->swept];
		t->swept = t->swept + 1 == count ? 0 : t->swept + 1;
		if (c->state >= GEN_OPENING && c->state <= GEN_FINISHING)
			look_at(t, c);
	}
}

/* Acknowledges with the one message that may go, else alone: a connection with many would keep
 * the acknowledgements of the others waiting. */
static void acknowledge(struct gen_tcp *t, struct gen_conn *c)
{
	uint32_t waiting = c->state == GEN_OPEN ? allowed(t, c) - c->sent_message : 0;
	c->is_acking = false;
	if (waiting == 1)
		send_owed(t, c);
	if (c->must_ack && !gen_conn_signal(t, c, TCP_FLAG_ACK))
		gen_conn_touch(t, c);
	else if (waiting > 1)
		gen_conn_touch(t, c);
}

void gen_tcp_turn(struct gen_tcp *t)
{
	for (uint32_t left = t->acking.count; left && gen_port_has_room(t->options.port); left--)
		acknowledge(t, line_take(t, &t->acking));
	for (uint32_t left = t->touched.count; left && gen_port_has_room(t->options.port); left--) {
		struct gen_conn *c = line_take(t, &t->touched);
		c->is_touched = false;
		if (c->state == GEN_OPEN)
			send_owed(t, c);
	}
	if (gen_port_has_room(t->options.port))
		sweep(t);
}
