/* sim_forgery.c - what strangers and rogues put on the wire below a connection; see
 * sim_forgery.h. */
#include "tests/sim/sim_forgery.h"
#include "tests/sim/sim_clients.h"
#include "tests/sim/sim_packet.h"

enum { FILLING = 0x5a, WINDOW = 60000, BLOCKS = 2 };

struct segment {
	uint32_t seq, ack;
	uint8_t flags;
	uint16_t window;
	size_t size;
	const uint32_t *sacked; /* null, or the edges of BLOCKS blocks */
};

static size_t sacked_put(uint8_t *p, const uint32_t *edges)
{
	memcpy(p, (uint8_t[]){1, 1, 5, 2 + 8 * BLOCKS}, 4);
	for (unsigned i = 0; i < 2 * BLOCKS; i++)
		be32_store(p + 4 + 4 * i, edges[i]);
	return 4 + 8 * BLOCKS;
}

/* Lays it at SIM_L4_AT of `frame`, with the connection's options; returns its l4 bytes. */
static size_t segment_put(uint8_t *frame, const struct sim_tcp *t, const struct segment *s)
{
	uint8_t *tcp = frame + SIM_L4_AT;
	size_t header = TCP_BYTES + sim_tcp_options(t, tcp + TCP_BYTES, false);
	if (s->sacked)
		header += sacked_put(tcp + header, s->sacked);
	be16_store(tcp, t->local_port);
	be16_store(tcp + 2, t->remote_port);
	be32_store(tcp + 4, s->seq);
	be32_store(tcp + 8, s->ack);
	tcp[12] = (uint8_t)(header / 4 << 4);
	tcp[13] = s->flags;
	be16_store(tcp + 14, s->window);
	be16_store(tcp + 18, s->flags & URG ? 1 : 0);
	memset(tcp + header, FILLING, s->size);
	return header + s->size;
}

static struct sim_packet packet_of(const struct sim_tcp *t, size_t l4_bytes)
{
	return (struct sim_packet){.from = t->local_ip,
				   .to = t->remote_ip,
				   .protocol = PROTOCOL_NUMBER_TCP,
				   .l4_bytes = l4_bytes};
}

/* ---- strangers ------------------------------------------------------------------------- */

/* He guesses well what it sends next, not what it has heard; his clock is far ahead of its own. */
static void send_far(const struct sim_tcp *t, uint32_t seq)
{
	static const uint8_t kinds[] = {ACK, ACK | FIN, PSH, SYN, RST};
	enum { OPTIONS = 12, TEXT_BYTES = 200, FAR = 1 << 30 };
	struct rng *rng = &sim_world()->rng;
	uint8_t frame[SIM_FRAME_BYTES_MAX];
	uint8_t *tcp = frame + SIM_L4_AT;
	size_t header = TCP_BYTES + OPTIONS;
	uint8_t flags = kinds[rng_below(rng, array_len(kinds))];
	bool has_text = !(flags & (SYN | RST));
	size_t size = header + (has_text ? TEXT_BYTES : 0);
	memset(tcp, FILLING, size);
	be16_store(tcp, t->local_port);
	be16_store(tcp + 2, t->remote_port);
	be32_store(tcp + 4, has_text ? seq - (uint32_t)rng_below(rng, TEXT_BYTES)
				     : (uint32_t)rng_next(rng));
	be32_store(tcp + 8, t->rcv_nxt ^ FAR);
	tcp[12] = (uint8_t)(header / 4 << 4);
	tcp[13] = flags;
	memcpy(tcp + TCP_BYTES, (uint8_t[]){1, 1, 8, 10}, 4);
	be32_store(tcp + TCP_BYTES + 4, sim_tcp_clock() + FAR);
	struct sim_packet p = packet_of(t, size);
	p.is_astray = true;
	sim_packet_send(frame, &p);
}

/* A reset, or a SYN, within the window but not where it is believed (RFC 5961): the client has
 * sent nothing near it. */
static void send_near(const struct sim_tcp *t)
{
	static const uint8_t kinds[] = {RST, RST | ACK, SYN, SYN | ACK};
	struct rng *rng = &sim_world()->rng;
	uint8_t frame[SIM_FRAME_BYTES_MAX];
	struct segment s = {.seq = t->snd_max + WINDOW / 3 + (uint32_t)rng_below(rng, WINDOW / 3),
			    .ack = t->rcv_nxt,
			    .flags = kinds[rng_below(rng, array_len(kinds))]};
	struct sim_packet p = packet_of(t, segment_put(frame, t, &s));
	p.is_astray = true;
	sim_packet_send(frame, &p);
}

/* A segment with nothing wrong with it but its text, and how it came. */
static void send_routed(const struct sim_tcp *t, uint32_t seq)
{
	enum { LOOSE = 131, STRICT = 137, TEXT_BYTES = 200 };
	struct rng *rng = &sim_world()->rng;
	uint8_t frame[SIM_FRAME_BYTES_MAX];
	struct segment s = {.seq = seq,
			    .ack = t->rcv_nxt,
			    .flags = ACK | PSH,
			    .window = UINT16_MAX,
			    .size = 1 + rng_below(rng, TEXT_BYTES)};
	struct sim_packet p = packet_of(t, segment_put(frame, t, &s));
	p.is_astray = true;
	p.route = rng_one_in(rng, 2) ? LOOSE : STRICT;
	sim_packet_send(frame, &p);
}

/* ICMP about a segment of the gateway's that may be under way, by any router. */
static void send_lie(const struct sim_tcp *t)
{
	static const uint8_t kinds[][2] = {{3, 4}, {3, 4}, {3, 4}, {3, 0},  {3, 1}, {3, 2},
					   {3, 3}, {4, 0}, {5, 1}, {11, 0}, {12, 0}};
	static const uint16_t mtus[] = {0, 1, 68, 296, 575, 576, 1006, 1500, UINT16_MAX};
	enum { ICMP_BYTES = 8, QUOTED_BYTES = IP_BYTES + 8, NEAR = 3000 };
	struct rng *rng = &sim_world()->rng;
	uint8_t frame[SIM_FRAME_BYTES_MAX], quoted[SIM_FRAME_BYTES_MAX];
	uint8_t *icmp = frame + SIM_L4_AT, *tcp = quoted + SIM_L4_AT;
	const uint8_t *kind = kinds[rng_below(rng, array_len(kinds))];
	sim_packet_headers(quoted, t->remote_ip, t->local_ip, PROTOCOL_NUMBER_TCP, 0, 1400);
	be16_store(tcp, t->remote_port);
	be16_store(tcp + 2, t->local_port);
	be32_store(tcp + 4, rng_one_in(rng, 2) ? t->rcv_nxt - (uint32_t)rng_below(rng, NEAR)
					       : (uint32_t)rng_next(rng));
	memcpy(icmp, (uint8_t[ICMP_BYTES]){kind[0], kind[1]}, ICMP_BYTES);
	be16_store(icmp + 6, mtus[rng_below(rng, array_len(mtus))]);
	memcpy(icmp + ICMP_BYTES, quoted + ETH_BYTES, QUOTED_BYTES);
	struct sim_packet p = packet_of(t, ICMP_BYTES + QUOTED_BYTES);
	p.from = SIM_NOBODY_IP + (uint32_t)rng_below(rng, 1 << 24);
	p.protocol = PROTOCOL_NUMBER_ICMP;
	p.is_astray = true;
	sim_packet_send(frame, &p);
}

void sim_stranger_send(const struct sim_tcp *t, uint32_t seq)
{
	switch (rng_below(&sim_world()->rng, 5)) {
	case 0:
		send_near(t);
		break;
	case 1:
		send_routed(t, seq);
		break;
	case 2:
		send_lie(t);
		break;
	default:
		send_far(t, seq);
	}
}

/* ---- the rogue ------------------------------------------------------------------------- */

static void forge(const struct sim_tcp *t, const struct segment *s)
{
	uint8_t frame[SIM_FRAME_BYTES_MAX];
	struct sim_packet p = packet_of(t, segment_put(frame, t, s));
	sim_packet_send(frame, &p);
}

/* The same acknowledgement again and again, or ones of what he cannot have heard. */
static void forge_acks(const struct sim_tcp *t)
{
	struct rng *rng = &sim_world()->rng;
	uint32_t ahead = rng_one_in(rng, 2) ? 0 : 1 + (uint32_t)rng_below(rng, 2 * WINDOW);
	for (uint64_t left = 1 + rng_below(rng, 300); left > 0; left--)
		forge(t, &(struct segment){.seq = t->snd_nxt,
					   .ack = t->rcv_nxt + ahead,
					   .flags = ACK,
					   .window = UINT16_MAX});
}

static void forge_oddities(struct sim_tcp *t)
{
	struct rng *rng = &sim_world()->rng;
	t->sends_early = true;
	for (unsigned i = 0; i < 20; i++)
		forge(t, &(struct segment){.seq = t->snd_nxt - 20 + (uint32_t)rng_below(rng, 40),
					   .ack = t->rcv_nxt - 20 + (uint32_t)rng_below(rng, 40),
					   .flags = (uint8_t)rng_next(rng) & ~RST,
					   .window = (uint16_t)rng_below(rng, 3),
					   .size = rng_below(rng, 30)});
}

/* What has come behind gaps, or twice, or was never sent, as he says. */
static void forge_sacks(const struct sim_tcp *t)
{
	enum { BEHIND = 3000, AHEAD = 60000 };
	struct rng *rng = &sim_world()->rng;
	for (uint64_t left = 1 + rng_below(rng, 100); left > 0; left--) {
		uint32_t edges[2 * BLOCKS];
		for (unsigned i = 0; i < 2 * BLOCKS; i++)
			edges[i] = t->rcv_nxt - BEHIND + (uint32_t)rng_below(rng, AHEAD);
		forge(t, &(struct segment){.seq = t->snd_nxt,
					   .ack = t->rcv_nxt,
					   .flags = ACK,
					   .window = UINT16_MAX,
					   .sacked = edges});
	}
}

void sim_rogue_forge(struct sim_tcp *t)
{
	switch (rng_below(&sim_world()->rng, 3)) {
	case 0:
		forge_acks(t);
		break;
	case 1:
		forge_oddities(t);
		break;
	default:
		forge_sacks(t);
	}
}
