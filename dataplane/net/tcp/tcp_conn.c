/* tcp_conn.c - handshakes and addresses in; connections opened, found, lost and freed out. */
#include "dataplane/net/tcp/tcp_conn.h"
#include "dataplane/base/require.h"
#include "dataplane/net/tcp/tcp_cwnd.h"
#include "dataplane/net/tcp/tcp_extra.h"
#include "dataplane/net/tcp/tcp_flight.h"
#include "dataplane/net/tcp/tcp_quota.h"
#include "dataplane/net/tcp/tcp_ooo.h"
#include "dataplane/net/tcp/tcp_rtt.h"
#include "dataplane/net/tcp/tcp_send.h"

enum {
	IP4_PREFIX_OCTETS = 15, /* a /24 of ::ffff:a.b.c.d */
	IP6_PREFIX_OCTETS = 8,
};

uint32_t tcp_hash(const struct tcp *t, const struct tcp_tuple *tuple)
{
	return (uint32_t)siphash_table(t->table_key, tuple, sizeof *tuple);
}

/* By prefix: who has one address has its neighbours' as well, or can. */
uint32_t tcp_source(const struct tcp *t, const struct address *from)
{
	static const uint8_t ip4_mapped[12] = {[10] = 0xff, [11] = 0xff};
	bool is_ip4 = memcmp(from->octets, ip4_mapped, sizeof ip4_mapped) == 0;
	size_t octets = is_ip4 ? IP4_PREFIX_OCTETS : IP6_PREFIX_OCTETS;
	return (uint32_t)siphash_table(t->table_key, from->octets, octets);
}

/* With a key of its own: these numbers are sent to anybody, and must not tell of places in the
 * table. */
uint64_t tcp_name_hash(const struct tcp *t, const struct tcp_tuple *tuple)
{
	return siphash(t->isn_key, tuple, sizeof *tuple);
}

uint32_t tcp_ref(enum tcp_kind kind, const struct slab *slab, const void *object)
{
	return (uint32_t)kind << TCP_REF_KIND_SHIFT | slab_index(slab, object);
}

struct tcp_tuple tcp_conn_tuple(const struct tcp_conn *c)
{
	struct tcp_tuple tuple = {.local_port = c->stream.local_port};
	memcpy(&tuple.peer, &c->stream.peer, sizeof tuple.peer);
	return tuple;
}

static bool tuple_is(const struct tcp_tuple *a, const struct tcp_tuple *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

static_assert(offsetof(struct stream, local_port) - offsetof(struct stream, peer) ==
		      offsetof(struct tcp_tuple, local_port),
	      "a stream names its peer as a tuple does");

/* The object behind `ref` when it is the tuple's, else null. */
static void *ref_match(struct tcp *t, uint32_t ref, const struct tcp_tuple *tuple)
{
	uint32_t index = ref & TCP_REF_INDEX_MASK;
	if (ref >> TCP_REF_KIND_SHIFT == TCP_KIND_CONN) {
		struct tcp_conn *c = slab_at(&t->conns, index);
		return tuple_is((const void *)&c->stream.peer, tuple) ? c : NULL;
	}
	if (ref >> TCP_REF_KIND_SHIFT == TCP_KIND_HALF_OPEN) {
		struct tcp_half_open *half = slab_at(&t->half_open, index);
		return tuple_is(&half->tuple, tuple) ? half : NULL;
	}
	struct tcp_wait *w = slab_at(&t->waits, index);
	return tuple_is(&w->tuple, tuple) ? w : NULL;
}

void *tcp_find(struct tcp *t, uint32_t hash, const struct tcp_tuple *tuple,
	       enum tcp_kind *kind)
{
	uint32_t probe = 0;
	for (uint32_t ref; (ref = tcp_table_find(&t->table, hash, &probe));) {
		void *object = ref_match(t, ref, tuple);
		*kind = (enum tcp_kind)(ref >> TCP_REF_KIND_SHIFT);
		if (object)
			return object;
	}
	return NULL;
}

/* The first object of this hash will do: a wrong one costs a prefetch, comparing addresses
 * would cost the cache miss that this is to hide. */
const struct tcp_conn *tcp_prefetch(const struct tcp *t, uint32_t hash)
{
	uint32_t probe = 0;
	uint32_t ref = tcp_table_find(&t->table, hash, &probe);
	if (ref >> TCP_REF_KIND_SHIFT != TCP_KIND_CONN)
		return NULL;
	const struct tcp_conn *conn = slab_at(&t->conns, ref & TCP_REF_INDEX_MASK);
	prefetch(conn, STREAM_FETCH_BYTES);
	return conn;
}

void tcp_prefetch_behind(const struct tcp_conn *c, bool has_text)
{
	if (!c)
		return;
	if (has_text && c->stream.session)
		prefetch(c->stream.session, 1);
	if (c->flags & CONN_SEND)
		prefetch(&c->send, 1);
}

void tcp_clock(struct tcp *t, uint64_t now_ns)
{
	t->now_ns = now_ns;
	t->now_tick = now_ns / WHEEL_TICK_NS;
	t->now_ms = (uint32_t)(now_ns / NS_PER_MS);
	t->now_s = (uint32_t)(now_ns / NS_PER_S);
}

void tcp_conn_mark(struct tcp_conn *c)
{
	if (c->flags & CONN_DIRTY)
		return;
	c->flags |= CONN_DIRTY;
	tcp_line_push(&tcp_of(c)->dirty, tcp_conn_index(c));
}

static void conn_open_stream(struct tcp *t, struct tcp_conn *c,
			     const struct tcp_half_open *half)
{
	struct stream *s = &c->stream;
	uint64_t handle = slab_handle(&t->conns, c);
	s->transport = &t->transport;
	list_init(&s->ready);
	s->handle = handle | (uint64_t)t->options.poller << TCP_HANDLE_POLLER_SHIFT;
	memcpy(&s->peer, &half->tuple.peer, sizeof s->peer);
	s->local_port = half->tuple.local_port;
	s->listener = half->listener;
}

/* Numbers as the SYN and the SYN-ACK left them. */
static void conn_open_sequence(struct tcp *t, struct tcp_conn *c,
			       const struct tcp_half_open *half)
{
	c->rcv_nxt = half->irs + 1;
	c->rcv_adv = c->rcv_nxt + t->window_first;
	c->round_seq = c->rcv_nxt;
	c->round_ms = (uint16_t)t->now_ms;
	c->last_ack = c->rcv_nxt;
	c->snd_una = half->iss + 1;
	c->snd_nxt = c->snd_una;
	c->snd_max = c->snd_una;
	c->snd_wl1 = half->irs; /* the window comes with the last step's segment */
	bool is_scaled = half->snd_scale != TCP_SCALE_NONE;
	c->snd_scale = is_scaled ? half->snd_scale : 0;
	c->rcv_scale = is_scaled ? t->local_scale : 0;
	c->ts_recent = half->ts_recent;
	c->ts_recent_at = (uint16_t)(t->now_s / TCP_PAWS_UNIT_S);
	c->ts_offset = tcp_ts_offset(t, &half->tuple);
	uint32_t mss = min_u32(half->peer_mss, t->local_mss);
	c->mss = (uint16_t)(mss -
			    (half->has_timestamps ? (uint32_t)TCP_TIMESTAMP_BYTES : 0u));
	if (half->has_timestamps)
		c->flags |= CONN_TIMESTAMPS;
	if (half->has_sack)
		c->flags |= CONN_SACK;
}

/* A handshake that had to be repeated gives no sample of the round trip (Karn's rule), and its
 * connection begins with one segment (RFC 5681 3.1). Nor does one by cookie: nobody knows when its
 * SYN-ACK was sent. */
struct tcp_conn *tcp_conn_open(struct tcp *t, const struct tcp_half_open *half)
{
	struct tcp_conn *c = slab_take(&t->conns);
	if (!c)
		return NULL;
	c->state = TCP_STATE_ESTABLISHED;
	c->span_first = TCP_SPAN_NONE;
	tcp_conn_way_set(c, &half->way);
	timer_init(&c->timer);
	conn_open_stream(t, c, half);
	conn_open_sequence(t, c, half);
	c->cwnd = half->retries ? c->mss : tcp_cwnd_first(c->mss);
	c->heard_ms = t->now_ms;
	c->progress_ms = t->now_ms;
	if (half->is_cookie)
		tcp_rtt_sample(c, TCP_RTT_UNKNOWN_MS);
	else if (!half->retries)
		tcp_rtt_sample(c, t->now_ms - half->sent_ms);
	tcp_quota_take(t, c);
	tcp_count(t, STAT_tcp_accepted);
	stream_wake(&c->stream, STREAM_OPENED);
	tcp_conn_mark(c);
	return c;
}

/* The addresses are free at once; the object is freed when its last words are out and its
 * session knows (closed_output). */
void tcp_conn_lose(struct tcp *t, struct tcp_conn *c, bool with_reset)
{
	struct tcp_tuple tuple = tcp_conn_tuple(c);
	require(c->state != TCP_STATE_CLOSED);
	tcp_table_remove(&t->table, tcp_hash(t, &tuple),
			 tcp_ref(TCP_KIND_CONN, &t->conns, c));
	c->state = TCP_STATE_CLOSED;
	tcp_quota_give(t, c);
	wheel_cancel(&t->wheel, &c->timer);
	delay_drop(&t->ack_delay, tcp_conn_index(c));
	delay_drop(&t->rtx_delay, tcp_conn_index(c));
	tcp_send_give(c);
	tcp_ooo_give(c);
	tcp_flight_end(t, c);
	if (with_reset)
		c->flags |= CONN_RST_DUE;
	if (!c->stream.is_closed)
		stream_wake(&c->stream, STREAM_LOST);
	tcp_conn_mark(c);
}

void tcp_conn_free(struct tcp *t, struct tcp_conn *c)
{
	require(c->state == TCP_STATE_CLOSED && !(c->flags & (CONN_DIRTY | CONN_OUTPUT)));
	require(c->span_first == TCP_SPAN_NONE);
	if (c->flags & CONN_EXTRA) {
		chain_give(&tcp_extra(c)->residue);
		tcp_extra_give(c);
	}
	list_remove(&c->stream.ready);
	slab_give(&t->conns, c);
}
