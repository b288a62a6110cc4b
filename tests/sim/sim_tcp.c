/* sim_tcp.c - the clients' TCP over the simulated wire; see sim_tcp.h. */
#include "tests/sim/sim_tcp.h"
#include "dataplane/base/require.h"
#include "tests/sim/sim_forgery.h"
#include "tests/sim/sim_packet.h"

enum {
	UDP_BYTES = 8,
	OPTION_BYTES_MAX = 40,
	WINDOW_BYTES = SIM_AHEAD_BYTES,
	TRIES_MAX = 40,
};

#define RESEND_NS_MAX (2 * NS_PER_S)

void sim_buffer_put(struct sim_buffer *b, const void *bytes, size_t n)
{
	if (b->size + n > b->capacity) {
		b->capacity = 2 * (b->size + n);
		b->bytes = realloc(b->bytes, b->capacity);
		require(b->bytes);
	}
	if (n)
		memcpy(b->bytes + b->size, bytes, n);
	b->size += n;
}

void sim_buffer_eat(struct sim_buffer *b, size_t n)
{
	require(n <= b->size);
	b->size -= n;
	if (b->size)
		memmove(b->bytes, b->bytes + n, b->size);
}

void sim_buffer_free(struct sim_buffer *b)
{
	free(b->bytes);
	*b = (struct sim_buffer){0};
}

uint32_t sim_tcp_clock(void)
{
	return (uint32_t)(sim_world()->now_ns / NS_PER_MS) + 7;
}

size_t sim_tcp_options(const struct sim_tcp *t, uint8_t *p, bool is_syn)
{
	size_t n = 0;
	if (is_syn) {
		memcpy(p, (uint8_t[]){2, 4, t->mss >> 8, t->mss & 0xff}, 4);
		n = 4;
		if (t->offers_scale) {
			memcpy(p + n, (uint8_t[]){1, 3, 3, t->our_shift}, 4);
			n += 4;
		}
		if (t->offers_sack) {
			memcpy(p + n, (uint8_t[]){1, 1, 4, 2}, 4);
			n += 4;
		}
	}
	if (is_syn ? t->offers_timestamps : t->uses_timestamps) {
		memcpy(p + n, (uint8_t[]){1, 1, 8, 10}, 4);
		be32_store(p + n + 4, sim_tcp_clock());
		be32_store(p + n + 8, t->ts_recent);
		n += 12;
	}
	return n;
}

static uint32_t window_now(const struct sim_tcp *t)
{
	return t->in.size < t->window ? t->window - (uint32_t)t->in.size : 0;
}

static void segment_send(struct sim_tcp *t, uint32_t seq, uint8_t flags, const uint8_t *data,
			 size_t size)
{
	uint8_t frame[SIM_FRAME_BYTES_MAX];
	uint8_t *tcp = frame + ETH_BYTES + IP_BYTES;
	size_t header = TCP_BYTES + sim_tcp_options(t, tcp + TCP_BYTES, flags & SYN);
	bool has_news = t->sends_sack && sim_ahead_is_news(&t->ahead);
	if (has_news && size == 0 && !(flags & (SYN | RST)))
		header += sim_ahead_option(&t->ahead, t->rcv_nxt, tcp + header,
					   TCP_BYTES + OPTION_BYTES_MAX - header);
	t->open_window = window_now(t);
	uint16_t window = (uint16_t)((flags & SYN) ? WINDOW_BYTES : t->open_window >> t->our_shift);
	be16_store(tcp, t->local_port);
	be16_store(tcp + 2, t->remote_port);
	be32_store(tcp + 4, seq);
	be32_store(tcp + 8, (flags & ACK) ? t->rcv_nxt : 0);
	tcp[12] = (uint8_t)(header / 4 << 4);
	tcp[13] = flags;
	be16_store(tcp + 14, window);
	be16_store(tcp + 18, 0);
	if (size)
		memcpy(tcp + header, data, size);
	sim_packet_send(frame, &(struct sim_packet){.from = t->local_ip,
						    .to = t->remote_ip,
						    .protocol = PROTOCOL_NUMBER_TCP,
						    .l4_bytes = header + size});
	if ((flags & ACK) && (size == 0 || !has_news)) /* else one follows that has room for it */
		t->owes_ack = false;
	if (!(flags & (SYN | RST)) && sim_net_has_stranger(sim_world()->net))
		sim_stranger_send(t, seq);
}

void sim_tcp_open(struct sim_tcp *t, uint32_t local_ip, uint16_t local_port,
		  uint32_t remote_ip, uint16_t remote_port)
{
	struct rng *rng = &sim_world()->rng;
	*t = (struct sim_tcp){
		.local_ip = local_ip,
		.local_port = local_port,
		.remote_ip = remote_ip,
		.remote_port = remote_port,
		.mss = (uint16_t)(rng_one_in(rng, 4) ? 536 : 1400),
		.offers_scale = rng_one_in(rng, 2),
		.offers_timestamps = rng_one_in(rng, 2),
		.offers_sack = rng_one_in(rng, 2),
		.iss = (uint32_t)rng_next(rng),
		.state = SIM_TCP_OPENING,
		.window = WINDOW_BYTES,
	};
	t->sends_sack = t->offers_sack && !rng_one_in(rng, 4);
	if (rng_one_in(rng, 8)) /* about to wrap */
		t->iss = UINT32_MAX - (uint32_t)rng_below(rng, 3000);
	t->our_shift = t->offers_scale ? (uint8_t)rng_below(rng, 8) : 0;
	t->snd_una = t->snd_nxt = t->snd_max = t->iss;
}

void sim_tcp_free(struct sim_tcp *t)
{
	sim_buffer_free(&t->in);
	sim_buffer_free(&t->out);
	sim_ahead_free(&t->ahead);
}

void sim_tcp_write(struct sim_tcp *t, const void *bytes, size_t n)
{
	require(!t->wants_fin);
	t->wrote_ns = sim_world()->now_ns;
	sim_buffer_put(&t->out, bytes, n);
}

void sim_tcp_send_early(struct sim_tcp *t, uint32_t ahead, const void *bytes, size_t n,
			bool has_fin)
{
	t->sends_early = true;
	segment_send(t, t->snd_nxt + ahead, ACK | (has_fin ? FIN : 0), bytes, n);
}

void sim_tcp_close(struct sim_tcp *t)
{
	t->wants_fin = true;
}

void sim_tcp_abort(struct sim_tcp *t)
{
	if (t->state == SIM_TCP_OPEN)
		segment_send(t, t->snd_nxt, RST | ACK, NULL, 0);
	t->state = SIM_TCP_LOST;
	t->is_aborted = true;
}

/* What came behind a gap was sent, and lies behind what is acknowledged; the first block may say
 * what came twice instead. */
static void check_sack(const struct sim_tcp *t, uint32_t ack, const uint8_t *blocks, size_t size)
{
	require(t->offers_sack && size > 0 && size % 8 == 0);
	for (size_t i = 0; i < size; i += 8) {
		uint32_t from = be32_load(blocks + i), to = be32_load(blocks + i + 4);
		bool is_twice = i == 0 && (int32_t)(to - ack) <= 0;
		require((is_twice || (int32_t)(from - ack) > 0) && (int32_t)(to - from) > 0);
		require(t->sends_early || (int32_t)(to - t->snd_max) <= 0);
	}
}

static void read_options(struct sim_tcp *t, uint32_t ack, const uint8_t *p, size_t n, bool is_syn)
{
	for (size_t i = 0; i < n && p[i] != 0;) {
		size_t size = p[i] == 1 ? 1 : i + 1 < n ? p[i + 1] : 0;
		if (size == 0 || i + size > n)
			return;
		if (p[i] == 3 && is_syn)
			t->peer_shift = p[i + 2];
		if (p[i] == 2 && is_syn && be16_load(p + i + 2) < t->mss)
			t->mss = be16_load(p + i + 2);
		if (p[i] == 5)
			check_sack(t, ack, p + i + 2, size - 2);
		if (p[i] == 8) {
			t->ts_recent = be32_load(p + i + 2);
			if (is_syn)
				t->uses_timestamps = t->offers_timestamps;
		}
		i += size;
	}
}

static void take_ack(struct sim_tcp *t, uint32_t ack, bool has_data)
{
	if ((int32_t)(ack - t->snd_una) < 0 || (int32_t)(ack - t->snd_max) > 0)
		return;
	uint32_t acked = ack - t->snd_una;
	if (acked == 0) {
		if (!has_data && t->snd_nxt != t->snd_una && ++t->duplicate_acks == 3)
			t->snd_nxt = t->snd_una;
		return;
	}
	t->duplicate_acks = 0;
	t->tries = 0;
	t->resend_ns = sim_world()->now_ns + SIM_TCP_RESEND_NS;
	t->snd_una = ack;
	if ((int32_t)(t->snd_nxt - ack) < 0)
		t->snd_nxt = ack;
	size_t data = min_size(acked, t->out.size);
	sim_buffer_eat(&t->out, data);
	if (acked > data && t->peer_has_ended)
		t->state = SIM_TCP_ENDED; /* our FIN, and theirs */
}

static void take_syn_ack(struct sim_tcp *t, const uint8_t *tcp, size_t header)
{
	if (be32_load(tcp + 8) != t->iss + 1)
		return;
	t->peer_shift = 0;
	bool offered_scale = t->offers_scale;
	read_options(t, 0, tcp + TCP_BYTES, header - TCP_BYTES, true);
	if (!offered_scale || !t->peer_shift) {
		/* Not agreed on unless both sent it; the gateway's shift is never 0 then. */
		t->our_shift = 0;
		t->peer_shift = 0;
	}
	t->rcv_nxt = be32_load(tcp + 4) + 1;
	t->snd_una = t->snd_nxt = t->snd_max = t->iss + 1;
	t->snd_wnd = be16_load(tcp + 14);
	t->state = SIM_TCP_OPEN;
	t->tries = 0;
	t->resend_ns = sim_world()->now_ns + SIM_TCP_RESEND_NS;
	t->owes_ack = true;
}

static void take_bytes(struct sim_tcp *t, const uint8_t *data, size_t n)
{
	sim_buffer_put(&t->in, data, n);
	t->rcv_nxt += (uint32_t)n;
}

/* What came behind a gap, as far as the window holds it; a FIN there comes again. */
static void keep_early(struct sim_tcp *t, uint32_t at, const uint8_t *data, size_t size)
{
	size_t room = window_now(t) - min_size(at, window_now(t));
	size_t n = min_size(size, room);
	if (n > 0)
		sim_ahead_put(&t->ahead, at, data, n);
}

static void note_twice(struct sim_tcp *t, uint32_t seq, size_t size)
{
	t->ahead.twice_from = seq;
	t->ahead.twice_to = seq + (uint32_t)size;
}

/* In order now. */
static void take_early(struct sim_tcp *t, uint32_t moved)
{
	sim_ahead_move(&t->ahead, moved);
	uint32_t run = sim_ahead_run(&t->ahead);
	if (run == 0)
		return;
	take_bytes(t, t->ahead.bytes, run);
	sim_ahead_move(&t->ahead, run);
}

static void take_data(struct sim_tcp *t, uint32_t seq, const uint8_t *data, size_t size,
		      bool fin)
{
	if (size == 0 && !fin && seq == t->rcv_nxt)
		return;
	t->owes_ack = true; /* for data, and for a keepalive's old number */
	uint32_t skip = t->rcv_nxt - seq;
	if (t->sends_sack && (int32_t)skip < 0)
		keep_early(t, seq - t->rcv_nxt, data, size);
	else if (t->sends_sack && size > 0 && skip >= size && skip <= WINDOW_BYTES)
		note_twice(t, seq, size);
	if ((int32_t)skip < 0 || skip > size + fin)
		return; /* a gap, or old */
	if (size - min_size(skip, size) > window_now(t)) {
		size = skip + window_now(t);
		fin = false;
	}
	if (skip < size) {
		take_bytes(t, data + skip, size - skip);
		take_early(t, (uint32_t)(size - skip));
	}
	if (fin && !t->peer_has_ended && t->rcv_nxt == seq + size) {
		t->rcv_nxt++;
		t->peer_has_ended = true;
	}
}

/* One that opens lets us go on at once: what probed it was refused. */
static void take_window(struct sim_tcp *t, uint32_t window)
{
	if (t->snd_wnd == 0 && window > 0) {
		t->snd_nxt = t->snd_una;
		t->tries = 0;
		t->resend_ns = sim_world()->now_ns + SIM_TCP_RESEND_NS;
	}
	t->snd_wnd = window;
}

static void take_segment(struct sim_tcp *t, const uint8_t *tcp, size_t size)
{
	size_t header = (size_t)(tcp[12] >> 4) * 4;
	uint8_t flags = tcp[13];
	if (flags & RST) {
		bool is_ours = t->state == SIM_TCP_OPENING
				       ? (flags & ACK) && be32_load(tcp + 8) == t->iss + 1
				       : be32_load(tcp + 4) == t->rcv_nxt;
		if (is_ours)
			t->state = SIM_TCP_LOST;
		return;
	}
	if (t->state == SIM_TCP_OPENING) {
		if ((flags & (SYN | ACK)) == (SYN | ACK))
			take_syn_ack(t, tcp, header);
		return;
	}
	if (flags & SYN) {
		t->owes_ack = true; /* our handshake ACK was lost */
		return;
	}
	read_options(t, be32_load(tcp + 8), tcp + TCP_BYTES, header - TCP_BYTES, false);
	uint32_t seq = be32_load(tcp + 4);
	take_data(t, seq, tcp + header, size - header, flags & FIN);
	take_ack(t, be32_load(tcp + 8), size > header);
	take_window(t, (uint32_t)be16_load(tcp + 14) << t->peer_shift);
}

bool sim_tcp_input(struct sim_tcp *t, const uint8_t *frame, uint32_t size)
{
	const uint8_t *ip = frame + ETH_BYTES, *tcp = ip + IP_BYTES;
	if (size < ETH_BYTES + IP_BYTES + TCP_BYTES || be16_load(frame + 12) != 0x0800 ||
	    ip[9] != PROTOCOL_NUMBER_TCP)
		return false;
	if (be32_load(ip + 16) != t->local_ip || be16_load(tcp + 2) != t->local_port ||
	    be32_load(ip + 12) != t->remote_ip || be16_load(tcp) != t->remote_port)
		return false;
	size_t total = be16_load(ip + 2);
	size_t l4_bytes = total - IP_BYTES;
	if (total > size - ETH_BYTES || total < IP_BYTES + TCP_BYTES ||
	    sim_ip_checksum(ip) || sim_l4_checksum(ip, l4_bytes) ||
	    (size_t)(tcp[12] >> 4) * 4 > l4_bytes)
		return true; /* damaged on the way */
	if (t->state == SIM_TCP_OPENING || t->state == SIM_TCP_OPEN)
		take_segment(t, tcp, l4_bytes);
	return true;
}

void sim_tcp_refuse(const uint8_t *frame, uint32_t size)
{
	const uint8_t *ip = frame + ETH_BYTES, *tcp = ip + IP_BYTES;
	if (size < ETH_BYTES + IP_BYTES + TCP_BYTES || be16_load(frame + 12) != 0x0800 ||
	    ip[9] != PROTOCOL_NUMBER_TCP || (tcp[13] & RST) || !(tcp[13] & ACK))
		return;
	struct sim_tcp gone = {.local_ip = be32_load(ip + 16),
			       .local_port = be16_load(tcp + 2),
			       .remote_ip = be32_load(ip + 12),
			       .remote_port = be16_load(tcp)};
	segment_send(&gone, be32_load(tcp + 8), RST, NULL, 0);
}

static void send_again(struct sim_tcp *t)
{
	if (++t->tries > TRIES_MAX) {
		t->state = SIM_TCP_LOST;
		return;
	}
	uint64_t wait = min_u64(SIM_TCP_RESEND_NS << min_u32(t->tries, 8), RESEND_NS_MAX);
	t->resend_ns = sim_world()->now_ns + wait;
	if (t->state == SIM_TCP_OPENING) {
		segment_send(t, t->iss, SYN, NULL, 0);
		return;
	}
	t->snd_nxt = t->snd_una;
	if (t->snd_wnd == 0 && t->out.size > 0) { /* probe a closed window */
		segment_send(t, t->snd_una, ACK, t->out.bytes, 1);
		t->snd_nxt = t->snd_una + 1;
		if ((int32_t)(t->snd_nxt - t->snd_max) > 0)
			t->snd_max = t->snd_nxt;
	}
}

static bool fin_is_due(const struct sim_tcp *t)
{
	return t->wants_fin && t->snd_nxt == t->snd_una + t->out.size;
}

static void send_new(struct sim_tcp *t)
{
	for (unsigned burst = 0; burst < 8; burst++) {
		size_t sent = t->snd_nxt - t->snd_una;
		size_t left = sent < t->out.size ? t->out.size - sent : 0;
		size_t window = t->snd_wnd > sent ? t->snd_wnd - sent : 0;
		size_t n = min_size(min_size(left, window), t->mss);
		if (n == 0)
			break;
		if (rng_one_in(&sim_world()->rng, 3))
			n = 1 + rng_below(&sim_world()->rng, n);
		segment_send(t, t->snd_nxt, ACK | PSH, t->out.bytes + sent, n);
		t->snd_nxt += (uint32_t)n;
	}
	if (fin_is_due(t)) {
		segment_send(t, t->snd_nxt, ACK | FIN, NULL, 0);
		t->snd_nxt++;
	}
	if ((int32_t)(t->snd_nxt - t->snd_max) > 0)
		t->snd_max = t->snd_nxt;
}

void sim_tcp_turn(struct sim_tcp *t)
{
	if (t->state != SIM_TCP_OPENING && t->state != SIM_TCP_OPEN)
		return;
	if (sim_world()->now_ns >= sim_tcp_next_ns(t))
		send_again(t);
	if (t->state == SIM_TCP_OPEN)
		send_new(t);
	/* Eaten since: the gateway must hear that there is room again. */
	t->owes_ack |= t->open_window < t->window / 4 && window_now(t) > t->window / 2;
	if (t->owes_ack && t->state == SIM_TCP_OPEN)
		segment_send(t, t->snd_nxt, ACK, NULL, 0);
}

uint64_t sim_tcp_next_ns(const struct sim_tcp *t)
{
	bool waits = t->state == SIM_TCP_OPENING ||
		     (t->state == SIM_TCP_OPEN &&
		      (t->out.size > 0 || t->snd_una != t->snd_max || t->wants_fin));
	return waits ? t->resend_ns : UINT64_MAX;
}

bool sim_tcp_is_at_rest(const struct sim_tcp *t)
{
	return t->state == SIM_TCP_OPEN && t->out.size == 0 && t->in.size == 0 &&
	       t->snd_una == t->snd_max && t->open_window >= WINDOW_BYTES / 4 && !t->owes_ack &&
	       !t->wants_fin && !t->peer_has_ended;
}

void sim_fragment_send(const struct sim_fragment *f)
{
	uint8_t frame[SIM_FRAME_BYTES_MAX];
	require(f->size <= SIM_FRAME_BYTES_MAX - ETH_BYTES - IP_BYTES && f->offset % 8 == 0);
	uint32_t more = f->is_last ? 0 : 0x2000;
	sim_packet_headers(frame, f->from, f->to, PROTOCOL_NUMBER_UDP,
		    (uint32_t)f->id << 16 | more | f->offset / 8, f->size);
	memcpy(frame + ETH_BYTES + IP_BYTES, f->bytes, f->size);
	sim_net_send(sim_world()->net, frame, (uint32_t)(ETH_BYTES + IP_BYTES + f->size));
}

/* A datagram of `size` bytes at `bytes` (l4 header and payload), cut by chance; in order, or in
 * none. */
static void send_in_fragments(const struct sim_datagram *d, const uint8_t *bytes, uint32_t size)
{
	struct rng *rng = &sim_world()->rng;
	struct sim_fragment fragments[SIM_FRAGMENTS_MAX];
	unsigned count = 0;
	bool is_shuffled = rng_one_in(rng, 2);
	for (uint32_t at = 0; at < size;) {
		uint32_t n = SIM_FRAGMENT_BYTES_MIN + 8 * (uint32_t)rng_below(rng, 120);
		n = min_u32(n, size - at);
		fragments[count++] = (struct sim_fragment){.from = d->from,
							   .to = d->to,
							   .id = d->id,
							   .offset = at,
							   .bytes = bytes + at,
							   .size = n,
							   .is_last = at + n == size};
		at += n;
	}
	for (unsigned left = count; left > 0; left--) {
		unsigned i = is_shuffled ? (unsigned)rng_below(rng, left) : count - left;
		sim_fragment_send(&fragments[i]);
		if (is_shuffled)
			fragments[i] = fragments[left - 1];
	}
}

void sim_udp_send(const struct sim_datagram *d)
{
	uint8_t frame[ETH_BYTES + IP_BYTES + UDP_BYTES + SIM_DATAGRAM_BYTES_MAX];
	uint8_t *udp = frame + ETH_BYTES + IP_BYTES;
	require(d->size <= SIM_DATAGRAM_BYTES_MAX);
	uint32_t l4_bytes = UDP_BYTES + (uint32_t)d->size;
	be16_store(udp, d->from_port);
	be16_store(udp + 2, d->to_port);
	be16_store(udp + 4, (uint16_t)l4_bytes);
	be16_store(udp + 6, 0);
	memcpy(udp + UDP_BYTES, d->bytes, d->size);
	if (ETH_BYTES + IP_BYTES + l4_bytes <= SIM_FRAME_BYTES_MAX) {
		sim_packet_send(frame, &(struct sim_packet){.from = d->from,
							    .to = d->to,
							    .protocol = PROTOCOL_NUMBER_UDP,
							    .l4_bytes = l4_bytes});
		return;
	}
	sim_packet_headers(frame, d->from, d->to, PROTOCOL_NUMBER_UDP, 0, l4_bytes);
	be16_store(udp + 6, sim_l4_checksum(frame + ETH_BYTES, l4_bytes));
	send_in_fragments(d, udp, l4_bytes);
}
