/* loop_port.c - see loop_port.h. */
#include "tests/unit/perf/loop_port.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/net/ip4.h"
#include "dataplane/wire/net/tcp_header.h"

/* ---- the clock --------------------------------------------------------------------- */

static uint64_t clock_ns = NS_PER_S;

uint64_t clock_now_ns(void)
{
	return clock_ns += LOOP_TICK_NS;
}

uint64_t clock_cycles(void)
{
	return clock_ns;
}

/* ---- the load ---------------------------------------------------------------------- */

static uint32_t loop_size(const struct gen_load *l, uint32_t conn, uint32_t message)
{
	return LOOP_MESSAGE_BYTES;
}

static void loop_fill(const struct gen_load *l, uint32_t conn, uint32_t message,
		      uint32_t at, uint32_t size, uint8_t *out)
{
	memset(out, (int)message, size);
}

static uint32_t loop_answer_bytes(const struct gen_load *l, struct bytes at)
{
	return LOOP_ANSWER_BYTES;
}

static enum gen_verdict loop_check(const struct gen_load *l, uint32_t conn,
				   uint32_t message, struct bytes answer)
{
	return be32_load(answer.data) == message ? GEN_ACCEPTED : GEN_STRANGE;
}

struct gen_load loop_load(void)
{
	return (struct gen_load){
		.is_answered = true,
		.records = 1,
		.message_bytes = LOOP_MESSAGE_BYTES,
		.size = loop_size,
		.fill = loop_fill,
		.answer_bytes = loop_answer_bytes,
		.check = loop_check,
	};
}

/* ---- the target -------------------------------------------------------------------- */

static struct loop_port *loop_of(const struct gen_port *p)
{
	return (struct loop_port *)(uintptr_t)container_of(p, struct loop_port, port);
}

static void queue(struct loop_port *l, uint32_t conn, uint8_t flags, uint64_t due_ns)
{
	struct loop_peer *peer = &l->peers[conn];
	require(l->count < LOOP_ANSWERS_MAX);
	l->answers[(l->first + l->count++) % LOOP_ANSWERS_MAX] = (struct loop_answer){
		.due_ns = due_ns,
		.conn = conn,
		.seq = peer->next,
		.ack = peer->expected,
		.flags = flags,
	};
}

static uint64_t answer_time_ns(const struct loop_port *l)
{
	uint64_t due = clock_ns + l->delay_ns, start = gen_gate_start_ns(l->gate);
	bool is_stalled = start && due >= start + l->stall_from_ns &&
			  due < start + l->stall_to_ns;
	return is_stalled ? start + l->stall_to_ns : due;
}

static void data_input(struct loop_port *l, uint32_t conn, uint32_t bytes)
{
	struct loop_peer *peer = &l->peers[conn];
	peer->expected += bytes;
	for (peer->bytes += bytes; peer->bytes >= LOOP_MESSAGE_BYTES;
	     peer->bytes -= LOOP_MESSAGE_BYTES) {
		queue(l, conn, TCP_FLAG_ACK, answer_time_ns(l));
		struct loop_answer *a =
			&l->answers[(l->first + l->count - 1) % LOOP_ANSWERS_MAX];
		a->has_data = true;
		a->number = peer->messages++;
		peer->next += LOOP_ANSWER_BYTES;
		l->in_flight_max =
			max_u32(l->in_flight_max, peer->messages - peer->given);
	}
}

static void segment_input(struct loop_port *l, uint32_t conn, struct bytes segment)
{
	struct tcp_header h;
	require(tcp_header_parse(segment, &h) && conn < LOOP_CONNECTIONS_MAX);
	struct loop_peer *peer = &l->peers[conn];
	if (h.flags & TCP_FLAG_SYN) {
		*peer = (struct loop_peer){.expected = h.seq + 1, .next = 1};
		queue(l, conn,
		      l->is_refusing ? TCP_FLAG_RST | TCP_FLAG_ACK
				     : TCP_FLAG_SYN | TCP_FLAG_ACK,
		      clock_ns);
		peer->next++;
		return;
	}
	if (h.seq != peer->expected)
		return;
	data_input(l, conn, (uint32_t)segment.size - h.header_bytes);
	if (h.flags & TCP_FLAG_FIN) {
		peer->expected++;
		queue(l, conn, TCP_FLAG_FIN | TCP_FLAG_ACK, clock_ns);
	}
}

/* ---- the port ---------------------------------------------------------------------- */

void loop_port_init(struct loop_port *l, const struct gen_gate *gate)
{
	*l = (struct loop_port){
		.port = {.net = gen_net_of(0x0a000000, 24, 0x0a000001), .is_resolved = true},
		.gate = gate,
		.delay_ns = 300 * NS_PER_US,
	};
}

bool gen_port_is_up(const struct gen_port *p)
{
	return !loop_of(p)->is_down;
}

void gen_port_ask(struct gen_port *p)
{
}

uint32_t gen_port_mtu(const struct gen_port *p)
{
	return 1500;
}

bool gen_port_has_room(struct gen_port *p)
{
	return p->tx_count < GEN_TX_BATCH;
}

uint8_t *gen_port_take(struct gen_port *p, uint32_t size)
{
	return gen_port_has_room(p) ? loop_of(p)->frame : NULL;
}

void gen_port_push(struct gen_port *p, uint32_t source, const struct gen_l4 *l4)
{
	struct loop_port *l = loop_of(p);
	p->tx_count++;
	if (l4->protocol == IP_PROTOCOL_TCP)
		segment_input(l, gen_net_index(&p->net, source),
			      (struct bytes){l->frame, l4->size});
	else
		l->datagrams++;
}

void gen_port_flush(struct gen_port *p)
{
	if (loop_of(p)->is_full)
		return;
	p->packets_sent += p->tx_count;
	p->tx_count = 0;
}

static uint32_t answer_emit(struct loop_port *l, const struct loop_answer *a, uint8_t *out)
{
	struct tcp_header h = {
		.seq = a->seq,
		.ack = a->ack,
		.source_port = LOOP_TARGET_PORT,
		.destination_port = GEN_FIRST_PORT,
		.window = UINT16_MAX,
		.flags = a->flags,
	};
	uint32_t size = tcp_header_emit(&h, out);
	if (!a->has_data)
		return size;
	be32_store(out + size, a->number);
	l->peers[a->conn].given++;
	return size + LOOP_ANSWER_BYTES;
}

unsigned gen_port_rx(struct gen_port *p, struct gen_packet *ret, unsigned max)
{
	struct loop_port *l = loop_of(p);
	unsigned count = 0;
	while (count < PACKETS_PER_TURN && l->count &&
	       l->answers[l->first].due_ns <= clock_ns) {
		const struct loop_answer *a = &l->answers[l->first];
		ret[count] = (struct gen_packet){
			.to = gen_net_host(&p->net, a->conn),
			.protocol = IP_PROTOCOL_TCP,
			.l4 = l->received[count],
			.size = answer_emit(l, a, l->received[count]),
		};
		count++;
		l->first = (l->first + 1) % LOOP_ANSWERS_MAX;
		l->count--;
	}
	return count;
}

void gen_port_release(struct gen_port *p)
{
}
