/* stage_net.c - the network stages: frames of a fleet through ip, TCP in and TCP out.
 *
 * The connections are opened through the real stack, 512 of them or (cold) 131,072; each round
 * sends one segment of 450 bytes on each of n, chosen by a stride that defeats locality. */
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/net/tcp_header.h"
#include "perf/bench.h"
#include "perf/bench_parts.h"
#include "perf/bench_wire.h"

enum {
	CONNECTIONS_HOT = 512,
	CONNECTIONS_COLD = 131072,
	STRIDE = 389, /* coprime to both */
	PORT = 32960,
};

static struct nic *port;
static struct stats stats;
static struct ip ip;
static struct tcp *tcp;
static struct list ready;
static struct chunk_pool receive;
static uint8_t scratch[1 << 16];
static uint8_t payload[BENCH_FRAME_BYTES];
static struct pkt_vec packets, segments, datagrams, fragments;
static unsigned connections, next_peer;

static void put(unsigned peer, uint8_t flags, uint32_t size)
{
	wire_put_segment(port, &(struct wire_segment){.peer = peer,
						      .port = PORT,
						      .flags = flags,
						      .data = payload,
						      .size = size});
}

/* A session that takes everything: nothing is left behind to be copied as a residue. */
static void streams_read(void)
{
	for (struct list *node; (node = list_take_first(&ready));) {
		struct stream *s = list_entry(node, struct stream, ready);
		s->events = 0;
		stream_consume(s, stream_readable(s));
	}
}

/* What a stage leaves undone of the turn its settle does, untimed, so that each round begins
 * as the last one did. */
static void run_ip(unsigned n)
{
	ip_input(&ip, &packets, &segments, &datagrams, &fragments, 0);
}

static void run_tcp_in(unsigned n)
{
	tcp_input(tcp, &segments, clock_now_ns());
}

static void run_tcp_out(unsigned n)
{
	tcp_settle(tcp);
	tcp_output(tcp, clock_now_ns());
}

static void settle_tcp_out(unsigned n)
{
	nic_release(port);
	wire_settle(port);
}

static void settle_tcp_in(unsigned n)
{
	streams_read();
	run_tcp_out(n);
	settle_tcp_out(n);
}

static void settle_ip(unsigned n)
{
	run_tcp_in(n);
	settle_tcp_in(n);
}

/* A turn that opens connections [first, end) by one step of their handshakes. */
static void handshake(unsigned first, unsigned end, uint8_t flags)
{
	for (unsigned peer = first; peer < end; peer++)
		put(peer, flags, 0);
	nic_rx(port, &packets);
	run_ip(end - first);
	settle_ip(end - first);
}

static void tcp_setup(void)
{
	struct tcp_options t = {.ip = &ip,
				.stats = &stats,
				.ready = &ready,
				.receive = &receive,
				.scratch = scratch,
				.scratch_size = sizeof scratch,
				.settings = wire_tcp_settings(connections)};
	tcp = tcp_create(&t, clock_now_ns());
	require(tcp);
	tcp_listen(tcp, PORT, 0, 0);
}

/* The stages share one set of connections: whoever comes first opens it. */
static void net_setup(void)
{
	if (tcp)
		return;
	connections = bench_set(CONNECTIONS_HOT, CONNECTIONS_COLD);
	port = wire_create(connections, false);
	nic_attach(port, &stats);
	struct ip_options o = {.nic = port,
			       .stats = &stats,
			       .address = address_of_ip4(WIRE_OUR_IP),
			       .prefix_bits = WIRE_PREFIX_BITS};
	ip_init(&ip, &o);
	list_init(&ready);
	require(chunk_pool_init(&receive, CHUNK_BYTES, 1024) == 0);
	tcp_setup();
	for (unsigned first = 0; first < connections; first += PACKETS_PER_TURN) {
		unsigned end = min_u32(first + PACKETS_PER_TURN, connections);
		handshake(first, end, TCP_FLAG_SYN);
		handshake(first, end, TCP_FLAG_ACK);
	}
	require(tcp_connections(tcp) == connections);
}

static void prepare_ip(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		next_peer = (next_peer + STRIDE) % connections;
		put(next_peer, TCP_FLAG_ACK | TCP_FLAG_PSH, BENCH_FRAME_BYTES);
	}
	nic_rx(port, &packets);
}

static void prepare_tcp_in(unsigned n)
{
	prepare_ip(n);
	run_ip(n);
	require(segments.count == n);
}

static void prepare_tcp_out(unsigned n)
{
	prepare_tcp_in(n);
	run_tcp_in(n);
	streams_read();
}

const struct stage net_stages[] = {
	{"ip", "TCP packet of 450 B, checksums in software", net_setup, prepare_ip, run_ip,
	 settle_ip},
	{"tcp_in", "segment of 450 B, in order", net_setup, prepare_tcp_in, run_tcp_in,
	 settle_tcp_in},
	{"tcp_out", "acknowledgement of one segment", net_setup, prepare_tcp_out, run_tcp_out,
	 settle_tcp_out},
	{0},
};
