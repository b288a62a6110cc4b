/* stage_net.c - the network stages: frames of a fleet through ip, TCP in and TCP out.
 *
 * 1,024 connections are opened through the real stack; each round sends one 450-byte GB/T
 * frame in one segment on each of n of them, chosen by a stride that defeats locality. */
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "dataplane/net/tcp.h"
#include "dataplane/wire/eth.h"
#include "dataplane/wire/ip4.h"
#include "dataplane/wire/tcp_header.h"
#include "perf/bench.h"

enum {
	CONNECTIONS = 1024,
	STRIDE = 389, /* coprime to CONNECTIONS */
	PAYLOAD_BYTES = 450,
	L4_AT = sizeof(struct eth_wire) + sizeof(struct ip4_wire),
	FRAME_BYTES_MAX = 2048,
	OUR_IP = 0x0a000001,
	PEER_IP = 0x0a010000,
	PORT = 32960,
};

struct nic {
	struct nic_caps caps;
	uint8_t tx[FRAME_BYTES_MAX];
	uint32_t sent_bytes;
};

struct peer {
	uint32_t seq;
	uint32_t ack;
};

static struct nic port;
static struct stats stats;
static struct ip ip;
static struct tcp *tcp;
static struct list ready;
static struct chunk_pool receive;
static uint8_t scratch[1 << 16];
static struct peer peers[CONNECTIONS];
static uint8_t frames[BENCH_VECTOR_MAX][FRAME_BYTES_MAX];
static uint32_t frame_bytes[BENCH_VECTOR_MAX];
static struct pkt pkts[BENCH_VECTOR_MAX];
static struct pkt_vec packets, segments, datagrams;
static unsigned next_peer;

const struct nic_caps *nic_caps(const struct nic *n)
{
	return &n->caps;
}

uint8_t *nic_tx_take(struct nic *n, uint32_t size)
{
	return n->tx;
}

void nic_tx_push(struct nic *n, uint32_t size, const struct nic_offload *offload)
{
	n->sent_bytes = size;
}

/* A frame as a peer's kernel sends it, every checksum in place. */
static uint32_t frame_make(uint8_t *frame, unsigned peer, uint8_t flags, uint32_t size)
{
	struct eth_wire *eth = (struct eth_wire *)frame;
	struct ip4_wire *h = (struct ip4_wire *)(eth + 1);
	struct tcp_wire *t = (struct tcp_wire *)(h + 1);
	uint32_t l4_bytes = TCP_HEADER_BYTES + size;
	*eth = (struct eth_wire){.type = be16_of(ETHERTYPE_IP4)};
	memcpy(eth->destination, port.caps.mac.octets, 6);
	memcpy(eth->source, (uint8_t[]){2, 0, 0, 0, 0, 2}, 6);
	*h = (struct ip4_wire){.version_ihl = IP4_VERSION_IHL,
			       .total_length = be16_of((uint16_t)(sizeof *h + l4_bytes)),
			       .ttl = IP4_TTL,
			       .protocol = IP_PROTOCOL_TCP,
			       .source = be32_of(PEER_IP + peer),
			       .destination = be32_of(OUR_IP)};
	h->checksum = inet_checksum(inet_sum_add(0, h, sizeof *h));
	*t = (struct tcp_wire){.source_port = be16_of(40000),
			       .destination_port = be16_of(PORT),
			       .seq = be32_of(peers[peer].seq),
			       .ack = be32_of(peers[peer].ack),
			       .offset = TCP_HEADER_BYTES / 4 << 4,
			       .flags = flags,
			       .window = be16_of(60000)};
	memset(t + 1, 0x5a, size);
	t->checksum = inet_checksum(ip4_pseudo_sum(h, IP_PROTOCOL_TCP, (uint16_t)l4_bytes) +
				    inet_sum_add(0, t, l4_bytes));
	return (uint32_t)(L4_AT + l4_bytes);
}

static void packets_offer(unsigned n)
{
	packets.count = 0;
	for (unsigned i = 0; i < n; i++) {
		pkts[i] = (struct pkt){.data = frames[i], .size = frame_bytes[i]};
		pkt_vec_push(&packets, &pkts[i]);
	}
	segments.count = datagrams.count = 0;
}

static void exchange(unsigned peer, uint8_t flags)
{
	frame_bytes[0] = frame_make(frames[0], peer, flags, 0);
	packets_offer(1);
	ip_input(&ip, &packets, &segments, &datagrams, clock_now_ns());
	require(segments.count == 1);
	tcp_input(tcp, &segments, clock_now_ns());
	tcp_settle(tcp);
	tcp_output(tcp, clock_now_ns());
}

static void peer_open(unsigned peer)
{
	peers[peer] = (struct peer){.seq = 1000 * peer};
	exchange(peer, TCP_FLAG_SYN);
	const struct tcp_wire *syn_ack = (const struct tcp_wire *)(port.tx + L4_AT);
	require(syn_ack->flags == (TCP_FLAG_SYN | TCP_FLAG_ACK));
	peers[peer].seq++;
	peers[peer].ack = be32_get(syn_ack->seq) + 1;
	exchange(peer, TCP_FLAG_ACK);
}

static void streams_read(void)
{
	for (struct list *node; (node = list_take_first(&ready));) {
		struct stream *s = list_entry(node, struct stream, ready);
		s->events = 0;
		stream_consume(s, stream_readable(s));
	}
}

static void net_setup(void)
{
	if (tcp)
		return;
	port.caps = (struct nic_caps){
		.mac = {{2, 0, 0, 0, 0, 1}}, .mtu = 1500, .tx_segment_bytes = 1460};
	struct ip_options o = {.nic = &port,
			       .stats = &stats,
			       .address = address_of_ip4(OUR_IP),
			       .prefix_bits = 8};
	ip_init(&ip, &o);
	list_init(&ready);
	require(chunk_pool_init(&receive, CHUNK_BYTES, 1024) == 0);
	struct tcp_options t = {.ip = &ip,
				.stats = &stats,
				.ready = &ready,
				.receive = &receive,
				.scratch = scratch,
				.scratch_size = sizeof scratch,
				.connections_max = 2 * CONNECTIONS,
				.half_open_max = CONNECTIONS,
				.time_wait_max = CONNECTIONS,
				.receive_buffer_bytes = 256 << 10,
				.out_of_order_bytes = 64 << 10,
				.send_buffer_bytes = 256 << 10,
				.rto_min_ms = 200,
				.retransmit_timeout_ms = 100000,
				.keepalive_idle_ms = 300000,
				.keepalive_interval_ms = 30000,
				.keepalive_probes = 4,
				.time_wait_ms = 1000};
	tcp = tcp_create(&t, clock_now_ns());
	require(tcp);
	tcp_listen(tcp, PORT, 0);
	for (unsigned p = 0; p < CONNECTIONS; p++)
		peer_open(p);
	require(tcp_connections(tcp) == CONNECTIONS);
	streams_read();
}

static void frames_make(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned peer = next_peer = (next_peer + STRIDE) % CONNECTIONS;
		frame_bytes[i] = frame_make(frames[i], peer, TCP_FLAG_ACK | TCP_FLAG_PSH,
					    PAYLOAD_BYTES);
		peers[peer].seq += PAYLOAD_BYTES;
	}
	packets_offer(n);
}

static void run_ip(unsigned n)
{
	ip_input(&ip, &packets, &segments, &datagrams, 0);
}

static void settle_all(unsigned n)
{
	if (segments.count == 0)
		run_ip(n);
	tcp_input(tcp, &segments, clock_now_ns());
	streams_read();
	tcp_settle(tcp);
	tcp_output(tcp, clock_now_ns());
}

static void prepare_tcp_in(unsigned n)
{
	frames_make(n);
	run_ip(n);
	require(segments.count == n);
}

static void run_tcp_in(unsigned n)
{
	tcp_input(tcp, &segments, clock_now_ns());
}

static void settle_tcp_in(unsigned n)
{
	streams_read();
	tcp_settle(tcp);
	tcp_output(tcp, clock_now_ns());
}

static void prepare_tcp_out(unsigned n)
{
	prepare_tcp_in(n);
	run_tcp_in(n);
	streams_read();
}

static void run_tcp_out(unsigned n)
{
	tcp_settle(tcp);
	tcp_output(tcp, clock_now_ns());
}

static void settle_nothing(unsigned n)
{
}

const struct stage net_stages[] = {
	{"ip", "TCP packet of 450 B, checksums in software", net_setup, frames_make, run_ip,
	 settle_all},
	{"tcp_in", "segment of 450 B, in order, 1,024 connections", net_setup, prepare_tcp_in,
	 run_tcp_in, settle_tcp_in},
	{"tcp_out", "acknowledgement of one segment", net_setup, prepare_tcp_out, run_tcp_out,
	 settle_nothing},
	{0},
};
