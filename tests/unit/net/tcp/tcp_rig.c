/* tcp_rig.c - a test's segments in, what the stack sends out; see tcp_rig.h. */
#include "tests/unit/net/tcp/tcp_rig.h"
#include "dataplane/base/require.h"

#include <criterion/criterion.h>

const struct nic_caps *nic_caps(const struct nic *n)
{
	return &n->caps;
}

uint8_t *ip_tx_take(struct ip *ip, const struct ip_route *route, uint32_t l4_size)
{
	struct rig *r = container_of(ip, struct rig, ip);
	r->buffers_refused += r->buffers_left == 0;
	if (r->buffers_left == 0)
		return NULL;
	r->buffers_left--;
	require(l4_size <= sizeof r->frame);
	memset(r->frame, 0xAA, l4_size);
	r->frame_bytes = l4_size;
	return r->frame;
}

/* The blocks of a SACK option. */
static void sack_read(struct sent *s, const uint8_t *header)
{
	for (unsigned at = TCP_HEADER_BYTES; at < s->h.header_bytes;) {
		const uint8_t *option = header + at;
		at += option[0] == 1 ? 1 : option[1];
		if (option[0] != 5)
			continue;
		s->sack_count = (uint8_t)((option[1] - 2) / 8);
		cr_assert(option[1] == 2 + 8 * s->sack_count && s->sack_count <= TCP_SACKS_MAX);
		for (unsigned i = 0; i < s->sack_count; i++)
			s->sack[i] = (struct tcp_sack){be32_load(option + 2 + 8 * i),
						       be32_load(option + 6 + 8 * i)};
	}
}

void ip_tx_push(struct ip *ip, const struct ip_route *route, uint8_t protocol,
		uint32_t l4_size, uint8_t tcp_header_bytes, uint16_t segment_bytes)
{
	struct rig *r = container_of(ip, struct rig, ip);
	require(l4_size == r->frame_bytes && protocol == 6);
	require(r->sent_count < RIG_SENT_MAX);
	struct sent *s = &r->sent[r->sent_count++];
	memset(s, 0, sizeof *s);
	require(tcp_header_parse((struct bytes){r->frame, l4_size}, &s->h));
	require(s->h.header_bytes == tcp_header_bytes);
	sack_read(s, r->frame);
	s->to = route->to;
	s->way = route->way;
	s->size = l4_size - tcp_header_bytes;
	s->segment_bytes = segment_bytes;
	require((segment_bytes ? segment_bytes : s->size) + tcp_header_bytes <=
		RIG_MTU - 20);
	memcpy(s->payload, r->frame + tcp_header_bytes,
	       min_size(s->size, sizeof s->payload));
}

struct tcp_options rig_options(void)
{
	return (struct tcp_options){
		.poller = 3,
		.settings = {.connections_max = 64,
			     .half_open_max = 16,
			     .time_wait_max = 8,
			     .receive_buffer_bytes = 65535,
			     .out_of_order_bytes = 16 * CHUNK_BYTES,
			     .send_buffer_bytes = 65536,
			     .rto_min_ms = 200,
			     .retransmit_timeout_ms = 100000,
			     .keepalive_probes = 3,
			     .keepalive_interval_ms = 10000,
			     .time_wait_ms = 60000,
			     .max_connections = INT32_MAX,
			     .max_connections_per_ip = INT32_MAX},
	};
}

struct rig *rig_new(struct tcp_options options)
{
	struct rig *r = calloc(1, sizeof *r);
	require(r);
	r->now_ns = 1000 * NS_PER_S;
	r->nic.caps.mtu = RIG_MTU;
	r->nic.caps.tx_segment_bytes = RIG_MTU - 40;
	r->ip.nic = &r->nic;
	r->ip.address = (struct address){{[10] = 0xff, 0xff, 10, 0, 0, 1}};
	list_init(&r->ready);
	require(chunk_pool_init(&r->receive, CHUNK_RECEIVE_BYTES, 8192) == 0);
	require(chunk_pool_init(&r->answers, CHUNK_SMALL_BYTES, 4096) == 0);
	options.ip = &r->ip;
	options.stats = &r->stats;
	options.ready = &r->ready;
	options.receive = &r->receive;
	options.scratch = r->scratch;
	options.scratch_size = sizeof r->scratch;
	r->options = options;
	r->t = tcp_create(&options, r->now_ns);
	require(r->t);
	tcp_listen(r->t, RIG_PORT, 5, 0);
	r->buffers_left = UINT32_MAX;
	r->peer_port = RIG_PEER_PORT;
	r->consumes = true;
	return r;
}

void rig_take_chunks(struct chunk_pool *pool, uint32_t left, struct chain *others)
{
	while (chunk_pool_left(pool) > left)
		chain_push(others, chunk_take(pool));
}

void rig_free(struct rig *r)
{
	tcp_reset_all(r->t);
	for (unsigned i = 0; i < 3; i++)
		rig_turn(r);
	rig_wait_ms(r, 300 * 1000);
	cr_assert(r->receive.in_use == 0, "%u receive chunks left", r->receive.in_use);
	cr_assert(r->answers.in_use == 0, "%u answer chunks left", r->answers.in_use);
	cr_assert(r->t->conns.in_use == 0 && r->t->extras.in_use == 0);
	cr_assert(r->t->half_open.in_use == 0);
	cr_assert(r->t->waits.in_use == 0 && r->t->table.used == 0);
	cr_assert(r->t->wheel.armed == 0 );
	tcp_destroy(r->t);
	chunk_pool_fini(&r->receive);
	chunk_pool_fini(&r->answers);
	free(r);
}

void rig_put(struct rig *r, struct seg s)
{
	struct tcp_header h = {
		.source_port = s.peer_port ? s.peer_port : r->peer_port,
		.destination_port = s.local_port ? s.local_port : RIG_PORT,
		.seq = s.seq,
		.ack = s.ack,
		.flags = s.flags,
		.window = s.window,
	};
	uint32_t header_bytes = TCP_HEADER_BYTES + s.options_bytes;
	uint8_t *data = malloc(header_bytes + s.size);
	require(data && r->queued.count < PACKETS_PER_TURN);
	tcp_header_emit(&h, data);
	data[12] = (uint8_t)(header_bytes / 4 << 4);
	if (s.options_bytes)
		memcpy(data + TCP_HEADER_BYTES, s.options, s.options_bytes);
	if (s.size)
		memcpy(data + header_bytes, s.data, s.size);
	struct pkt *p = &r->pkts[r->queued.count];
	*p = (struct pkt){.data = data, .size = header_bytes + s.size, .buffer = data};
	p->from.address = (struct address){{[10] = 0xff, 0xff, 10, 0, 0, 2}};
	p->to.address = r->ip.address;
	p->way = r->way;
	pkt_vec_push(&r->queued, p);
}

void rig_input(struct rig *r)
{
	r->sent_count = 0;
	r->packets_put += r->queued.count;
	tcp_input(r->t, &r->queued, r->now_ns);
}

static void rig_read(struct rig *r, struct stream *s)
{
	while (stream_readable(s) > 0) {
		struct bytes b = stream_peek(s, 0, 1 << 12);
		cr_assert(b.size > 0 && r->received_bytes + b.size <= RIG_RECEIVED_MAX);
		memcpy(r->received + r->received_bytes, b.data, b.size);
		r->received_bytes += b.size;
		stream_consume(s, b.size);
	}
}

void rig_session(struct rig *r)
{
	for (struct list *n; (n = list_take_first(&r->ready));) {
		struct stream *s = list_entry(n, struct stream, ready);
		if (s->events & STREAM_OPENED)
			r->stream = s;
		r->events |= s->events;
		s->events = 0;
		if (r->consumes)
			rig_read(r, s);
	}
}

static uint64_t rig_ends(const struct rig *r)
{
	uint64_t ends = 0;
	for (unsigned i = 0; i < STAT_COUNT; i++)
		if (stat_infos[i].ledger == LEDGER_packet &&
		    stat_infos[i].role == STAT_ROLE_end)
			ends += r->stats.value[i];
	return ends;
}

void rig_finish(struct rig *r)
{
	tcp_settle(r->t);
	tcp_output(r->t, r->now_ns);
	for (unsigned i = 0; i < r->queued.count; i++)
		free(r->pkts[i].buffer);
	r->queued.count = 0;
	cr_assert(rig_ends(r) == r->packets_put, "ledger: %lu in, %lu out",
		  r->packets_put, rig_ends(r));
}

void rig_turn(struct rig *r)
{
	rig_input(r);
	rig_session(r);
	rig_finish(r);
}

void rig_give(struct rig *r, struct seg s)
{
	rig_put(r, s);
	rig_turn(r);
}

void rig_wait_ms(struct rig *r, uint64_t ms)
{
	uint64_t end_ns = r->now_ns + ms * NS_PER_MS;
	unsigned sent = 0;
	while (r->now_ns < end_ns) {
		uint64_t left_ns = min_u64(end_ns - r->now_ns, 100 * NS_PER_MS);
		uint64_t idle_ns = tcp_idle_ns(r->t, r->now_ns, left_ns);
		r->now_ns +=
			max_u64(min_u64(idle_ns, left_ns), min_u64(left_ns, NS_PER_MS));
		/* What was sent since the wait began stays to be looked at. */
		unsigned before = sent;
		r->sent_count = before;
		r->packets_put += r->queued.count;
		tcp_input(r->t, &r->queued, r->now_ns);
		rig_session(r);
		rig_finish(r);
		sent = r->sent_count < RIG_SENT_MAX - 8 ? r->sent_count : 0;
	}
}

struct tcp_conn *rig_open_with(struct rig *r, uint32_t isn, const uint8_t *options,
			       uint8_t options_bytes)
{
	rig_give(r, (struct seg){.flags = TCP_FLAG_SYN,
				 .seq = isn,
				 .window = 65535,
				 .options = options,
				 .options_bytes = options_bytes});
	const struct sent *syn_ack = rig_last(r);
	cr_assert(syn_ack && syn_ack->h.flags == (TCP_FLAG_SYN | TCP_FLAG_ACK));
	cr_assert(syn_ack->h.ack == isn + 1);
	r->peer_nxt = isn + 1;
	r->our_nxt = syn_ack->h.seq + 1;
	r->events = 0;
	r->stream = NULL;
	rig_give(r, rig_ack(r));
	cr_assert(r->stream != NULL && (r->events & STREAM_OPENED));
	r->events = 0;
	return tcp_conn_of(r->stream);
}

struct tcp_conn *rig_open(struct rig *r)
{
	static const uint8_t mss_1460[4] = {2, 4, 0x05, 0xb4};
	return rig_open_with(r, 5000, mss_1460, sizeof mss_1460);
}

struct seg rig_ack(struct rig *r)
{
	return (struct seg){.flags = TCP_FLAG_ACK,
			    .seq = r->peer_nxt,
			    .ack = r->our_nxt,
			    .window = 65535};
}

struct seg rig_data(struct rig *r, const void *data, uint32_t size)
{
	struct seg s = rig_ack(r);
	s.flags |= TCP_FLAG_PSH;
	s.data = data;
	s.size = size;
	r->peer_nxt += size;
	return s;
}

struct seg rig_to_time_wait(struct rig *r, struct tcp_conn *c)
{
	stream_close(&c->stream, STREAM_CLOSE_FLUSH);
	rig_turn(r);
	r->our_nxt++;
	struct seg fin = rig_ack(r);
	fin.flags |= TCP_FLAG_FIN;
	rig_give(r, fin);
	cr_assert(r->t->waits.in_use == 1);
	return fin;
}

uint8_t rig_pattern(uint32_t at)
{
	return (uint8_t)(at * 7 + (at >> 8));
}

void rig_send(struct rig *r, struct stream *s, uint32_t size, uint32_t from)
{
	struct chain chain = {0};
	for (uint32_t i = 0; i < size; i++) {
		uint8_t byte = rig_pattern(from + i);
		require(chain_append(&chain, &r->answers, &byte, 1));
	}
	stream_send(s, &chain);
}

struct tcp_conn *rig_open_and_send(struct rig *r, uint32_t bytes)
{
	struct tcp_conn *c = rig_open(r);
	rig_send(r, &c->stream, bytes, 0);
	rig_turn(r);
	return c;
}

void rig_give_ack(struct rig *r, uint32_t bytes, uint16_t window)
{
	r->our_nxt += bytes;
	struct seg s = rig_ack(r);
	s.window = window;
	rig_give(r, s);
}

uint32_t rig_offset(const struct rig *r, unsigned i)
{
	return r->sent[i].h.seq - r->our_nxt;
}

void rig_check_payload(const struct sent *s, uint32_t from)
{
	for (uint32_t i = 0; i < s->size; i++)
		cr_assert(s->payload[i] == rig_pattern(from + i), "byte %u", from + i);
}
