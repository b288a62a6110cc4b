/* fuzz_tcp.c - segments, sessions and time against connections in any state.
 *
 *     input: state 1 | step ...        a step: what 1 | its arguments
 *
 * Four peers hold their ends of a wire (tests/unit/net/tcp/tcp_rig.h), the first in the state that
 * the input asks for. A step adds a segment to the turn, most often near what the stack expects,
 * or is the session's, the clock's, the port's. The byte of each sequence number is its pattern,
 * whoever sends it and how often: so whatever a session reads, and whatever is sent, can be
 * checked. Ledgers balance each turn; at the end all memory is back.
 */
#include "dataplane/net/tcp/tcp_flight.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/net/tcp/tcp_rig.h"

enum {
	SIDES = 4,
	PAYLOAD_BYTES_MAX = 4096,
	SENT_BYTES_MAX = 8192,      /* of a session, in one step */
	BUFFERS_MAX = 200,          /* of the port, a turn: they fit the rig's list */
	STEPS_MAX = 400,
	ENDS = TCP_FLAG_SYN | TCP_FLAG_FIN, /* each has a sequence number */
	AGES_MS = 40 * 1000,        /* whatever waited has ended */
};

enum state { LISTEN, SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSING, CLOSE_WAIT,
	     LAST_ACK, TIME_WAIT, SENDING, GAP, STATES };

enum step { SEGMENT, GOOD_DATA, GOOD_ACK, TURN, TIME, SEND, CLOSE, RESET, READING, SIDE, PORT,
	    MEMORY, HANDSHAKE, SACK, STEPS };

/* One peer's end, and the session at ours. */
struct side {
	uint32_t nxt;       /* of the peer, where no connection says it better */
	uint32_t our_nxt;
	struct stream *stream;
	uint32_t read_from; /* sequence number of the next byte the session reads */
	uint32_t sent_from; /* ours of the first byte the session sent */
	uint32_t sent;
	uint32_t edge;      /* of our window, as last seen */
};

static struct rig *r;
static struct side sides[SIDES];
static unsigned current;
static bool reads;
static struct chunk *hogged; /* receive memory that others hold */

static struct tcp_conn *conn_of(const struct side *s)
{
	return s->stream ? tcp_conn_of(s->stream) : NULL;
}

static uint16_t port_of(unsigned side)
{
	return (uint16_t)(RIG_PEER_PORT + side);
}

/* ---- what must be true ----------------------------------------------------------------- */

static void session_read(struct side *s)
{
	while (stream_readable(s->stream) > 0) {
		struct bytes b = stream_peek(s->stream, 0, 700);
		if (b.size == 0) /* the turn's scratch is used up */
			return;
		for (size_t i = 0; i < b.size; i++)
			require(b.data[i] == rig_pattern(s->read_from + (uint32_t)i));
		stream_consume(s->stream, b.size);
		s->read_from += (uint32_t)b.size;
	}
}

static void session_open(struct side *s, struct stream *stream)
{
	const struct tcp_conn *c = tcp_conn_of(stream);
	*s = (struct side){.nxt = s->nxt, .our_nxt = s->our_nxt, .stream = stream};
	s->read_from = c->rcv_nxt - (uint32_t)stream_readable(stream);
	s->sent_from = c->snd_nxt;
	s->edge = c->rcv_adv;
}

static void session_see(struct stream *stream)
{
	unsigned side = stream->peer.port - RIG_PEER_PORT;
	require(side < SIDES);
	struct side *s = &sides[side];
	uint8_t events = stream->events;
	stream->events = 0;
	if (events & STREAM_OPENED)
		session_open(s, stream);
	require(s->stream == stream);
	if (events & STREAM_LOST)
		s->stream = NULL;
	else if (reads)
		session_read(s);
}

/* What went out on behalf of a session is what it sent. */
static void check_sent(const struct sent *sent)
{
	struct side *s = &sides[sent->h.destination_port - RIG_PEER_PORT];
	s->our_nxt = sent->h.seq + sent->size + (sent->h.flags & ENDS ? 1 : 0);
	if (!s->stream || sent->size == 0)
		return;
	uint32_t at = sent->h.seq - s->sent_from;
	require(at + sent->size <= s->sent || at == UINT32_MAX); /* the latter: a keepalive */
	for (uint32_t i = 0; at != UINT32_MAX && i < min_u32(sent->size, RIG_FRAME_BYTES); i++)
		require(sent->payload[i] == rig_pattern(at + i));
}

static void check_edges(void)
{
	for (unsigned i = 0; i < SIDES; i++) {
		const struct tcp_conn *c = conn_of(&sides[i]);
		if (!c || sides[i].stream->is_closed)
			continue;
		require(seq_le(sides[i].edge, c->rcv_adv));
		sides[i].edge = c->rcv_adv;
	}
}

/* The sums are those of the runs, and these cover what is in flight. */
static void check_flights(void)
{
	for (unsigned i = 0; i < SIDES; i++) {
		const struct tcp_conn *c = conn_of(&sides[i]);
		if (!c || !(c->flags & CONN_FLIGHT))
			continue;
		const struct tcp_flight *f = tcp_flight_of(r->t, c);
		uint32_t lost = 0, sacked = 0;
		for (unsigned k = 0; k < f->count; k++) {
			uint32_t bytes = f->runs[k].end - tcp_run_begin(f, k);
			require(bytes > 0 && bytes <= c->snd_max - c->snd_una);
			if (f->runs[k].flags & RUN_SACKED)
				sacked += bytes;
			else if (f->runs[k].flags & RUN_LOST)
				lost += bytes;
		}
		require(f->begin == c->snd_una && tcp_flight_end_seq(f) == c->snd_max);
		require(f->lost == lost && f->sacked == sacked && f->count <= TCP_RUNS_MAX);
	}
}

static void turn(void)
{
	rig_input(r);
	for (struct list *n; (n = list_take_first(&r->ready));)
		session_see(list_entry(n, struct stream, ready));
	check_edges();
	rig_finish(r);
	check_flights();
	for (unsigned i = 0; i < r->sent_count; i++)
		check_sent(&r->sent[i]);
	r->buffers_left = BUFFERS_MAX;
}

/* ---- steps ----------------------------------------------------------------------------- */

static void put(struct seg s, unsigned side, uint32_t pattern_from)
{
	static uint8_t payload[PAYLOAD_BYTES_MAX];
	for (uint32_t i = 0; i < s.size; i++)
		payload[i] = rig_pattern(pattern_from + i);
	s.data = payload;
	s.peer_port = port_of(side);
	if (r->queued.count == PACKETS_PER_TURN)
		turn();
	rig_put(r, s);
}

static struct seg expected(unsigned side, uint8_t flags)
{
	const struct tcp_conn *c = conn_of(&sides[side]);
	return (struct seg){.flags = flags,
			    .seq = c ? c->rcv_nxt : sides[side].nxt,
			    .ack = c ? c->snd_max : sides[side].our_nxt,
			    .window = 65535};
}

/* Every second peer speaks SACK. */
static void give(unsigned side, uint8_t flags)
{
	static const uint8_t permitted[4] = {1, 1, 4, 2};
	struct seg s = expected(side, flags);
	if ((flags & TCP_FLAG_SYN) && side % 2 == 0) {
		s.options = permitted;
		s.options_bytes = sizeof permitted;
	}
	put(s, side, s.seq);
	sides[side].nxt = s.seq + (flags & ENDS ? 1 : 0);
	turn();
}

static void step_segment(struct cursor *c)
{
	uint8_t flags = fuzz_u8(c), options_bytes = fuzz_u8(c);
	struct seg s = expected(current, flags & 0x3f);
	s.seq += flags & 0x40 ? fuzz_u32(c) : (uint32_t)(int16_t)fuzz_u16(c);
	s.ack += flags & 0x80 ? fuzz_u32(c) : (uint32_t)(int16_t)fuzz_u16(c);
	s.window = fuzz_u16(c);
	s.size = fuzz_u16(c) % PAYLOAD_BYTES_MAX;
	struct bytes options = fuzz_take(c, options_bytes % 11 * 4u);
	s.options = options.data;
	s.options_bytes = (uint8_t)(options.size / 4 * 4);
	put(s, current, s.seq + ((flags & TCP_FLAG_SYN) != 0));
	if (!sides[current].stream)
		sides[current].nxt = s.seq + s.size + (flags & ENDS ? 1 : 0);
}

static void step_good_data(struct cursor *c)
{
	struct seg s = expected(current, TCP_FLAG_ACK | TCP_FLAG_PSH);
	s.size = fuzz_u8(c) * 6u;
	s.seq += fuzz_u8(c) * 100u;
	put(s, current, s.seq);
}

/* An acknowledgement that says of up to three pieces, most often in flight, that they have come. */
static void step_sack(struct cursor *c)
{
	uint8_t options[28] = {1, 1, 5};
	unsigned count = 1 + fuzz_u8(c) % 3;
	const struct tcp_conn *conn = conn_of(&sides[current]);
	struct seg s = expected(current, TCP_FLAG_ACK);
	s.ack = conn ? conn->snd_una + fuzz_u8(c) * 8u : s.ack;
	options[3] = (uint8_t)(2 + 8 * count);
	for (unsigned i = 0; i < count; i++) {
		uint32_t from = s.ack + (uint32_t)(int16_t)fuzz_u16(c);
		be32_store(options + 4 + 8 * i, from);
		be32_store(options + 8 + 8 * i, from + fuzz_u16(c) % 2000);
	}
	s.options = options;
	s.options_bytes = (uint8_t)(4 + 8 * count);
	put(s, current, 0);
}

static void step_send(struct cursor *c)
{
	struct side *s = &sides[current];
	uint32_t size = 1 + fuzz_u16(c) % SENT_BYTES_MAX;
	if (!s->stream || s->stream->is_closed || stream_send_room(s->stream) < size ||
	    chunk_pool_left(&r->answers) * CHUNK_SMALL_BYTES < size + CHUNK_SMALL_BYTES)
		return;
	rig_send(r, s->stream, size, s->sent);
	s->sent += size;
}

static void step_close(enum stream_close_how how)
{
	struct side *s = &sides[current];
	if (!s->stream || s->stream->is_closed)
		return;
	stream_close(s->stream, how);
	s->stream = NULL; /* it may be freed from now on */
}

static void step_time(struct cursor *c)
{
	uint64_t ms = fuzz_u8(c);
	turn();
	r->now_ns += (ms < 128 ? ms : (ms - 127) * 500) * NS_PER_MS;
	turn();
}

static void memory_back(void)
{
	for (struct chunk *next; hogged; hogged = next) {
		next = hogged->next;
		chunk_give(hogged);
	}
}

/* Others take all receive memory but a few chunks, or give it back. */
static void step_memory(struct cursor *c)
{
	uint8_t left = fuzz_u8(c);
	memory_back();
	while (left < 128 && chunk_pool_left(&r->receive) > left) {
		struct chunk *k = chunk_take(&r->receive);
		k->next = hogged;
		hogged = k;
	}
}

static void step(struct cursor *c)
{
	switch ((enum step)(fuzz_u8(c) % STEPS)) {
	case SEGMENT: step_segment(c); return;
	case GOOD_DATA: step_good_data(c); return;
	case GOOD_ACK: put(expected(current, TCP_FLAG_ACK), current, 0); return;
	case TURN: turn(); return;
	case TIME: step_time(c); return;
	case SEND: step_send(c); return;
	case CLOSE: step_close(STREAM_CLOSE_FLUSH); return;
	case RESET: step_close(STREAM_CLOSE_RESET); return;
	case READING: reads = !reads; return;
	case SIDE: current = fuzz_u8(c) % SIDES; return;
	case PORT: r->buffers_left = fuzz_u8(c) % BUFFERS_MAX; return;
	case MEMORY: step_memory(c); return;
	case SACK: step_sack(c); return;
	case HANDSHAKE:
		give(current, TCP_FLAG_SYN);
		give(current, TCP_FLAG_ACK);
		return;
	case STEPS: return;
	}
}

/* ---- states ---------------------------------------------------------------------------- */

static void close_and_turn(void)
{
	step_close(STREAM_CLOSE_FLUSH);
	turn();
}

static void send_and_turn(void)
{
	struct cursor size = cursor_of("\x10\x00", 2);
	step_send(&size);
	turn();
}

static void gap_and_turn(void)
{
	struct cursor ahead = cursor_of("\x10\x05", 2);
	step_good_data(&ahead);
	turn();
}

static void bring_to(enum state state)
{
	if (state == LISTEN)
		return;
	give(0, TCP_FLAG_SYN);
	if (state == SYN_RECEIVED)
		return;
	give(0, TCP_FLAG_ACK);
	if (state == CLOSE_WAIT || state == LAST_ACK)
		give(0, TCP_FLAG_ACK | TCP_FLAG_FIN);
	if (state == SENDING)
		send_and_turn();
	if (state == GAP)
		gap_and_turn();
	if (state == FIN_WAIT_1 || state == FIN_WAIT_2 || state == CLOSING || state == LAST_ACK ||
	    state == TIME_WAIT)
		close_and_turn();
	uint32_t seen = sides[0].our_nxt;
	if (state == CLOSING)
		sides[0].our_nxt--; /* its FIN does not acknowledge ours */
	if (state == FIN_WAIT_2)
		give(0, TCP_FLAG_ACK);
	if (state == CLOSING || state == TIME_WAIT)
		give(0, TCP_FLAG_ACK | TCP_FLAG_FIN);
	if (state == CLOSING)
		sides[0].our_nxt = seen;
}

/* All is back: the next input finds what the first one found. */
static void end_all(void)
{
	memory_back();
	reads = true;
	turn();
	memset(sides, 0, sizeof sides);
	tcp_reset_all(r->t);
	r->buffers_left = BUFFERS_MAX;
	for (unsigned i = 0; i < 4; i++) {
		rig_input(r);
		for (struct list *n; (n = list_take_first(&r->ready));)
			list_entry(n, struct stream, ready)->events = 0;
		rig_finish(r);
		r->buffers_left = BUFFERS_MAX;
		if (i == 1)
			r->now_ns += AGES_MS * NS_PER_MS;
	}
	while (r->t->wheel.armed || r->t->waits.in_use || r->t->half_open.in_use) {
		r->now_ns += AGES_MS * NS_PER_MS;
		rig_turn(r);
	}
	require(r->receive.in_use == 0 && r->answers.in_use == 0);
	require(r->t->conns.in_use == 0 && r->t->table.used == 0 && r->t->flights.in_use == 0);
}

static void begin(void)
{
	struct tcp_options options = rig_options();
	options.settings.keepalive_idle_ms = 30000;
	options.settings.send_buffer_bytes = 32768;
	options.settings.time_wait_ms = 2000;
	options.settings.half_open_max = 2;
	options.settings.time_wait_max = 2;
	options.settings.connections_max = 16;
	r = rig_new(options);
	r->buffers_left = BUFFERS_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_of(data, size);
	if (!r)
		begin();
	reads = true;
	current = 0;
	for (unsigned i = 0; i < SIDES; i++)
		sides[i].nxt = 5000 + 0x40000000 * i;
	bring_to((enum state)(fuzz_u8(&c) % STATES));
	for (unsigned i = 0; i < STEPS_MAX && !fuzz_is_over(&c); i++)
		step(&c);
	end_all();
	return 0;
}
