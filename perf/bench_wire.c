/* bench_wire.c - segments of peers in, frames out, and back; see bench_wire.h. */
#include "perf/bench_wire.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/net/eth.h"
#include "dataplane/wire/net/ip4.h"
#include "dataplane/wire/net/tcp_header.h"
#include "dataplane/wire/net/udp_header.h"

enum {
	PEER_PORT = 40000,
	L4_AT = sizeof(struct eth_wire) + sizeof(struct ip4_wire),
	FRAME_BYTES = 2048,
	SENT_MAX = 4096,
	SENT_BYTES = SENT_MAX * 128,
	TX_SEGMENT_BYTES = 1460,
};

struct peer {
	uint32_t seq;
	uint32_t ack;
};

struct nic {
	struct nic_caps caps;
	struct stats *stats;
	struct peer *peers;
	unsigned peer_count;
	unsigned put;
	uint8_t frames[PACKETS_PER_TURN][FRAME_BYTES];
	struct pkt pkts[PACKETS_PER_TURN];
	unsigned sent;
	uint32_t sent_at[SENT_MAX];
	uint32_t sent_bytes;
	uint8_t tx[SENT_BYTES + FRAME_BYTES];
};

struct tcp_settings wire_tcp_settings(unsigned connections)
{
	return (struct tcp_settings){.connections_max = connections,
				    .half_open_max = 1024,
				    .time_wait_max = 1024,
				    .receive_buffer_bytes = 256 << 10,
				    .out_of_order_bytes = 64 << 10,
				    .send_buffer_bytes = 256 << 10,
				    /* A peer acknowledges with its next frame: seconds from now. */
				    .rto_min_ms = 60000,
				    .retransmit_timeout_ms = 100000,
				    .keepalive_idle_ms = 300000,
				    .keepalive_interval_ms = 30000,
				    .keepalive_probes = 4,
				    .time_wait_ms = 1000,
				    .max_connections = INT32_MAX,
				    .max_connections_per_ip = INT32_MAX};
}

struct nic *wire_create(unsigned peers, bool has_offload)
{
	struct nic *n = map_take(sizeof *n);
	require(n);
	n->peers = map_take(peers * sizeof *n->peers);
	require(n->peers);
	n->peer_count = peers;
	n->caps = (struct nic_caps){.mac = {{2, 0, 0, 0, 0, 1}},
				    .mtu = WIRE_MTU,
				    .tx_segment_bytes = TX_SEGMENT_BYTES,
				    .tx_ip_checksum = has_offload,
				    .tx_tcp_checksum = has_offload,
				    .tx_udp_checksum = has_offload};
	for (unsigned i = 0; i < peers; i++)
		n->peers[i].seq = 1000 * i;
	return n;
}

void wire_destroy(struct nic *n)
{
	map_give(n->peers, n->peer_count * sizeof *n->peers);
	map_give(n, sizeof *n);
}

/* ---- the peers' side ------------------------------------------------------------------- */

/* Up to where the layer above IP begins; its bytes are the caller's to fill before frame_end()
 * counts the frame. */
static struct ip4_wire *frame_begin(struct nic *n, unsigned peer, uint8_t protocol,
				    uint32_t l4_bytes)
{
	require(n->put < PACKETS_PER_TURN && L4_AT + l4_bytes <= FRAME_BYTES);
	uint8_t *frame = n->frames[n->put];
	struct eth_wire *eth = (struct eth_wire *)frame;
	struct ip4_wire *h = (struct ip4_wire *)(eth + 1);
	*eth = (struct eth_wire){.type = be16_of(ETHERTYPE_IP4)};
	memcpy(eth->destination, n->caps.mac.octets, sizeof eth->destination);
	memcpy(eth->source, (uint8_t[]){2, 0, 0, 0, 0, 2}, sizeof eth->source);
	*h = (struct ip4_wire){.version_ihl = IP4_VERSION_IHL,
			       .total_length = be16_of((uint16_t)(sizeof *h + l4_bytes)),
			       .ttl = IP4_TTL,
			       .protocol = protocol,
			       .source = be32_of(WIRE_PEER_IP + peer),
			       .destination = be32_of(WIRE_OUR_IP)};
	h->checksum = inet_checksum(inet_sum_add(0, h, sizeof *h));
	return h;
}

/* With offload the port would have judged the sums; without, they are real, and the stack adds
 * them up. */
static void frame_end(struct nic *n, const struct ip4_wire *h, struct be16 *checksum,
		      uint32_t l4_bytes)
{
	uint8_t verdict = PKT_CHECKSUM_GOOD;
	if (!n->caps.tx_tcp_checksum) {
		verdict = PKT_CHECKSUM_UNKNOWN;
		*checksum = inet_checksum(
			ip4_pseudo_sum(h, h->protocol, (uint16_t)l4_bytes) +
			inet_sum_add(0, h + 1, l4_bytes));
	}
	n->pkts[n->put] = (struct pkt){.data = n->frames[n->put],
				       .size = (uint32_t)(L4_AT + l4_bytes),
				       .ip_checksum = verdict,
				       .l4_checksum = verdict};
	n->put++;
}

void wire_put_segment(struct nic *n, const struct wire_segment *s)
{
	struct peer *peer = &n->peers[s->peer];
	uint32_t l4_bytes = TCP_HEADER_BYTES + s->size;
	struct ip4_wire *h = frame_begin(n, s->peer, IP_PROTOCOL_TCP, l4_bytes);
	struct tcp_wire *t = (struct tcp_wire *)(h + 1);
	*t = (struct tcp_wire){.source_port = be16_of(PEER_PORT),
			       .destination_port = be16_of(s->port),
			       .seq = be32_of(peer->seq),
			       .ack = be32_of(peer->ack),
			       .offset = TCP_HEADER_BYTES / 4 << 4,
			       .flags = s->flags,
			       .window = be16_of(60000)};
	if (s->size)
		memcpy(t + 1, s->data, s->size);
	/* A SYN takes a number, as a byte does. */
	peer->seq += s->size + (s->flags & TCP_FLAG_SYN ? 1 : 0);
	frame_end(n, h, &t->checksum, l4_bytes);
}

void wire_put_datagram(struct nic *n, const struct wire_segment *s)
{
	uint32_t l4_bytes = (uint32_t)sizeof(struct udp_wire) + s->size;
	struct ip4_wire *h = frame_begin(n, s->peer, IP_PROTOCOL_UDP, l4_bytes);
	struct udp_wire *u = (struct udp_wire *)(h + 1);
	*u = (struct udp_wire){.source = be16_of(PEER_PORT),
			       .destination = be16_of(s->port),
			       .length = be16_of((uint16_t)l4_bytes)};
	memcpy(u + 1, s->data, s->size);
	frame_end(n, h, &u->checksum, l4_bytes);
}

/* Peers see every frame, so that nothing is sent twice, and acknowledge it with the next one
 * of theirs. */
void wire_settle(struct nic *n)
{
	for (unsigned i = 0; i < n->sent; i++) {
		const struct ip4_wire *h =
			(const struct ip4_wire *)(n->tx + n->sent_at[i] + sizeof(struct eth_wire));
		const struct tcp_wire *t = (const struct tcp_wire *)(h + 1);
		unsigned peer = be32_get(h->destination) - WIRE_PEER_IP;
		uint32_t size = be16_get(h->total_length) - (uint32_t)sizeof *h -
				(uint32_t)(t->offset >> 4) * 4;
		require(peer < n->peer_count && !(t->flags & TCP_FLAG_RST));
		if (size || (t->flags & TCP_FLAG_SYN))
			n->peers[peer].ack = be32_get(t->seq) + size +
					     (t->flags & TCP_FLAG_SYN ? 1 : 0);
	}
	n->sent = 0;
	n->sent_bytes = 0;
}

/* ---- net/nic/nic.h --------------------------------------------------------------------- */

const struct nic_caps *nic_caps(const struct nic *n)
{
	return &n->caps;
}

void nic_attach(struct nic *n, struct stats *stats)
{
	n->stats = stats;
}

void nic_rx(struct nic *n, struct pkt_vec *ret)
{
	ret->count = 0;
	for (unsigned i = 0; i < n->put; i++)
		pkt_vec_push(ret, &n->pkts[i]);
	stats_add(n->stats, STAT_packets_received, n->put);
}

/* The frames of a turn go with it; the next are put in their place. */
void nic_release(struct nic *n)
{
	n->put = 0;
}

/* What finds no room is refused as by a port that is full: the stack tries again in its next
 * turn. */
uint8_t *nic_tx_take(struct nic *n, uint32_t size)
{
	require(size <= FRAME_BYTES);
	if (n->sent == SENT_MAX || n->sent_bytes + size > SENT_BYTES)
		return NULL;
	return n->tx + n->sent_bytes;
}

/* Each frame has cache lines of its own, as in a port's buffers. */
void nic_tx_push(struct nic *n, uint32_t size, const struct nic_offload *offload)
{
	n->sent_at[n->sent++] = n->sent_bytes;
	n->sent_bytes += (uint32_t)round_up(size, CACHE_LINE_BYTES);
}

/* A frame is sent when it is pushed, and no driver's cycles are part of what is measured: the
 * rest of the seam has nothing to do. */
void nic_tx_flush(struct nic *n)
{
}

bool nic_has_unsent(const struct nic *n)
{
	return false;
}

uint64_t nic_cycles(const struct nic *n)
{
	return 0;
}

int nic_wait_fd(const struct nic *n)
{
	return -1;
}

void nic_count_losses(struct nic *n, struct stats *stats)
{
}
