/* tcp_listen.c - segments for no connection in; LISTEN, SYN-RECEIVED and RST: SYN-ACKs,
 * resets and opened connections out (RFC 9293 3.10.7.1, .2 and SYN-RECEIVED of .4). */
#include "dataplane/net/tcp/tcp_listen.h"
#include "dataplane/base/require.h"
#include "dataplane/net/tcp/tcp_cookie.h"
#include "dataplane/net/tcp/tcp_evict.h"
#include "dataplane/net/tcp/tcp_half_open.h"
#include "dataplane/net/tcp/tcp_quota.h"
#include "dataplane/net/tcp/tcp_out.h"

static int listener_index(const struct tcp *t, uint16_t port)
{
	for (unsigned i = 0; i < t->listener_count; i++)
		if (t->listen_ports[i] == port)
			return t->listeners[i];
	return -1;
}

/* RFC 9293 3.10.7.1: the reset that the peer will find acceptable. */
static void segment_reset(struct tcp *t, const struct tcp_segment *s)
{
	struct tcp_header h = {.flags = TCP_FLAG_RST, .seq = s->h.ack};
	if (!tcp_limit_reset(&t->limit, &s->tuple, t->now_s)) {
		tcp_count(t, STAT_tcp_answers_withheld);
		return;
	}
	if (!(s->h.flags & TCP_FLAG_ACK)) {
		h.flags |= TCP_FLAG_ACK;
		h.seq = 0;
		h.ack = s->h.seq + (uint32_t)s->payload.size +
			(s->h.flags & TCP_FLAG_SYN ? 1u : 0u) +
			(s->h.flags & TCP_FLAG_FIN ? 1u : 0u);
	}
	tcp_reply(t, &(struct tcp_reply){&s->pkt->way, &s->tuple, &h});
}

/* RFC 6528: a 4 us clock and a keyed function of the connection's name. */
static uint32_t initial_number(const struct tcp *t, const struct tcp_tuple *tuple,
			       const uint32_t *iss_min)
{
	uint32_t iss = (uint32_t)tcp_name_hash(t, tuple) +
		       (uint32_t)(t->now_ns / (4 * NS_PER_US));
	return iss_min && seq_lt(iss, *iss_min) ? *iss_min : iss;
}

static void syn_ack_send(struct tcp *t, const struct tcp_half_open *half, uint32_t ts_value)
{
	bool is_scaled = half->snd_scale != TCP_SCALE_NONE;
	struct tcp_header h = {
		.seq = half->iss,
		.ack = half->irs + 1,
		.flags = TCP_FLAG_SYN | TCP_FLAG_ACK,
		.window = (uint16_t)t->window_first,
		.has_mss = true,
		.mss = t->local_mss,
		.has_window_scale = is_scaled,
		.window_scale = is_scaled ? t->local_scale : 0,
		.has_sack_permitted = half->has_sack,
		.has_timestamps = half->has_timestamps,
		.ts_value = ts_value,
		.ts_echo = half->ts_recent,
	};
	tcp_reply(t, &(struct tcp_reply){&half->way, &half->tuple, &h});
}

static void half_open_answer(struct tcp *t, const struct tcp_half_open *half)
{
	syn_ack_send(t, half, tcp_ts_now(t, tcp_ts_offset(t, &half->tuple)));
}

/* A peer that offers a few bytes would have answers made of headers: less than TCP_MSS_MIN is
 * not believed. */
static uint16_t peer_mss(const struct tcp_header *h)
{
	if (!h->has_mss || h->mss == 0)
		return TCP_MSS_DEFAULT;
	return (uint16_t)max_u32(h->mss, TCP_MSS_MIN);
}

/* Windows are scaled when both sides say so, or not at all (RFC 7323 2.2). */
static void half_open_offer(struct tcp_half_open *half, const struct tcp_header *h)
{
	half->irs = h->seq;
	half->peer_mss = peer_mss(h);
	half->snd_scale = h->has_window_scale ? h->window_scale & TCP_SCALE_NONE
					      : (unsigned)TCP_SCALE_NONE;
	half->has_timestamps = h->has_timestamps;
	half->has_sack = h->has_sack_permitted;
	half->ts_recent = h->ts_value;
}

/* Nothing is kept: all that the last step needs is in the numbers. */
static void listen_cookie(struct tcp *t, const struct tcp_segment *s)
{
	struct tcp_half_open half = {.tuple = s->tuple, .way = s->pkt->way};
	uint32_t ts_value;
	half_open_offer(&half, &s->h);
	half.has_sack = false; /* a cookie cannot say it */
	tcp_cookie_make(t, &half, &ts_value);
	syn_ack_send(t, &half, ts_value);
	tcp_count(t, STAT_tcp_cookies_sent);
	tcp_count(t, STAT_packets_consumed);
}

/* Whether one gives way is another thing for who is kept out of a listener. */
static int evict_from(enum tcp_quota limit, uint8_t listener)
{
	return limit == TCP_QUOTA_LISTENER ? listener : TCP_EVICT_ANY;
}

/* Kafka lets such a peer in and closes: he learns at once that it is no use. */
static void refuse_address(struct tcp *t, const struct tcp_segment *s)
{
	tcp_count(t, STAT_packet_drop_tcp_per_ip);
	segment_reset(t, s);
}

/* A SYN for a listener. Without room it is dropped, never reset: the peer's own retransmission is
 * the queue. Data on it is not taken, it comes again. */
static void listen_syn(struct tcp *t, const struct tcp_segment *s, uint8_t listener,
		       const uint32_t *iss_min)
{
	const struct address *from = &s->tuple.peer.address;
	enum tcp_quota limit = tcp_quota_reached(t, listener, from);
	if (limit == TCP_QUOTA_ADDRESS) {
		refuse_address(t, s);
		return;
	}
	bool is_full = limit && !tcp_evict_is_likely(t, from, evict_from(limit, listener));
	bool has_room = iss_min || tcp_half_open_has_room(t, from);
	if (!is_full && !has_room) {
		listen_cookie(t, s);
		return;
	}
	struct tcp_half_open *half = is_full ? NULL : tcp_half_open_take(t, s);
	if (!half) {
		tcp_count(t, STAT_packet_drop_tcp_connections);
		return;
	}
	half->listener = listener;
	half_open_offer(half, &s->h);
	half->iss = initial_number(t, &s->tuple, iss_min);
	half_open_answer(t, half);
	tcp_count(t, STAT_packets_consumed);
}

/* The handshake's last step; null, and the segment dropped, when all connections are taken and none
 * gives way: it comes again. Whose address has all it may have is reset. */
static struct tcp_conn *handshake_complete(struct tcp *t, const struct tcp_half_open *half,
					   struct tcp_segment *s)
{
	const struct address *from = &half->tuple.peer.address;
	enum tcp_quota limit = tcp_quota_reached(t, half->listener, from);
	struct tcp_conn *c = NULL;
	if (limit == TCP_QUOTA_ADDRESS) {
		refuse_address(t, s);
		return NULL;
	}
	if (!limit || tcp_evict(t, from, evict_from(limit, half->listener)))
		c = tcp_conn_open(t, half);
	if (!c)
		tcp_count(t, STAT_packet_drop_tcp_connections);
	s->is_news = c;
	return c;
}

static struct tcp_conn *cookie_complete(struct tcp *t, struct tcp_half_open *half,
					uint8_t listener, struct tcp_segment *s)
{
	half->listener = listener;
	struct tcp_conn *c = handshake_complete(t, half, s);
	if (!c)
		return NULL;
	tcp_cookie_spend(t, half);
	tcp_table_insert(&t->table, s->hash, tcp_ref(TCP_KIND_CONN, &t->conns, c));
	tcp_count(t, STAT_tcp_cookies_accepted);
	return c;
}

struct tcp_conn *tcp_listen_segment(struct tcp *t, struct tcp_segment *s,
				    const uint32_t *iss_min)
{
	int listener = t->is_refusing ? -1 : listener_index(t, s->tuple.local_port);
	uint8_t kind = s->h.flags & (TCP_FLAG_SYN | TCP_FLAG_ACK | TCP_FLAG_RST);
	struct tcp_half_open half;
	if (kind == TCP_FLAG_SYN && listener >= 0) {
		listen_syn(t, s, (uint8_t)listener, iss_min);
		return NULL;
	}
	if (kind == TCP_FLAG_ACK && listener >= 0 && tcp_cookie_open(t, s, &half))
		return cookie_complete(t, &half, (uint8_t)listener, s);
	/* A stranger's SYN-ACK, too: the peer would believe our reset. */
	bool is_reset = kind & TCP_FLAG_RST;
	if ((kind & TCP_FLAG_ACK) && !is_reset && listener >= 0 && tcp_cookie_is_early(t, s)) {
		tcp_count(t, STAT_packet_drop_tcp_early);
		return NULL;
	}
	tcp_count(t, STAT_packet_drop_no_listener);
	bool is_lone_fin = kind == 0 && listener >= 0;
	if (!is_reset && !is_lone_fin)
		segment_reset(t, s);
	return NULL;
}

static struct tcp_conn *half_open_complete(struct tcp *t, struct tcp_half_open *half,
					   struct tcp_segment *s)
{
	struct tcp_conn *c = handshake_complete(t, half, s);
	if (!c)
		return NULL;
	tcp_half_open_give(t, half);
	tcp_table_insert(&t->table, s->hash, tcp_ref(TCP_KIND_CONN, &t->conns, c));
	return c;
}

static void half_open_ack(struct tcp *t, const struct tcp_half_open *half)
{
	if (!tcp_may_answer(t, &half->tuple))
		return;
	uint8_t scale = half->snd_scale != TCP_SCALE_NONE ? t->local_scale : 0;
	struct tcp_header h = {
		.seq = half->iss + 1,
		.ack = half->irs + 1,
		.flags = TCP_FLAG_ACK,
		.window = (uint16_t)(t->window_first >> scale),
		.has_timestamps = half->has_timestamps,
		.ts_value = tcp_ts_now(t, tcp_ts_offset(t, &half->tuple)),
		.ts_echo = half->ts_recent,
	};
	tcp_reply(t, &(struct tcp_reply){&half->way, &half->tuple, &h});
}

/* A SYN again: the same one gets the same answer. Another is a peer that started anew, when our
 * SYN-ACK has been without an answer for so long that it was sent again; before that it may be a
 * stranger's, who would end a handshake that is all but complete: it is challenged (RFC 5961 4). */
static void half_open_syn(struct tcp *t, struct tcp_half_open *half,
			  struct tcp_segment *s)
{
	if (s->h.seq == half->irs) {
		half->way = s->pkt->way;
		tcp_count(t, STAT_packets_duplicate);
		if (tcp_may_answer(t, &half->tuple))
			half_open_answer(t, half);
		return;
	}
	if (half->retries == 0) {
		tcp_count(t, STAT_packet_drop_tcp_blind);
		half_open_ack(t, half);
		return;
	}
	tcp_half_open_give(t, half);
	tcp_listen_segment(t, s, NULL);
}

/* RFC 5961 3.2: the exact number ends it, one in the window is asked back. */
static void half_open_reset(struct tcp *t, struct tcp_half_open *half, bool in_window,
			    bool is_exact)
{
	if (is_exact) {
		tcp_half_open_give(t, half);
		tcp_count(t, STAT_packets_consumed);
	} else if (in_window) {
		half_open_ack(t, half);
		tcp_count(t, STAT_packet_drop_tcp_blind);
	} else {
		tcp_count(t, STAT_packet_drop_tcp_unacceptable);
	}
}

/* A SYN that came twice may have been answered with a cookie and with an entry: what says that the
 * peer has seen the cookie's answer is no fault of his. The entry goes, unless the segment is not
 * the cookie's first. */
static struct tcp_conn *half_open_mismatch(struct tcp *t, struct tcp_half_open *half,
					   struct tcp_segment *s)
{
	struct tcp_half_open by_cookie;
	if (tcp_cookie_open(t, s, &by_cookie)) {
		tcp_half_open_give(t, half);
		return tcp_listen_segment(t, s, NULL);
	}
	if (tcp_cookie_is_early(t, s)) {
		tcp_count(t, STAT_packet_drop_tcp_early);
		return NULL;
	}
	tcp_count(t, STAT_packet_drop_tcp_unacceptable);
	segment_reset(t, s);
	return NULL;
}

/* While the gateway drains, a handshake that completes is refused as a new one is. */
struct tcp_conn *tcp_half_open_segment(struct tcp *t, struct tcp_half_open *half,
				       struct tcp_segment *s)
{
	uint32_t rcv_nxt = half->irs + 1;
	uint32_t ahead = s->h.seq - rcv_nxt;
	bool in_window = ahead <= t->window_first;
	if (s->h.flags & TCP_FLAG_RST) {
		half_open_reset(t, half, in_window, ahead == 0);
	} else if ((s->h.flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) == TCP_FLAG_SYN) {
		half_open_syn(t, half, s);
	} else if (!in_window) {
		half_open_ack(t, half);
		tcp_count(t, STAT_packet_drop_tcp_unacceptable);
	} else if ((s->h.flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) != TCP_FLAG_ACK) {
		tcp_count(t, STAT_packet_drop_tcp_unacceptable);
	} else if (s->h.ack != half->iss + 1) {
		return half_open_mismatch(t, half, s);
	} else if (t->is_refusing) {
		tcp_half_open_give(t, half);
		tcp_listen_segment(t, s, NULL);
	} else {
		return half_open_complete(t, half, s);
	}
	return NULL;
}

/* Whoever does not answer after the last repetition is forgotten without a word: perhaps he
 * never asked. */
void tcp_half_open_timers(struct tcp *t)
{
	for (unsigned i = 0; i < TCP_TIMERS_PER_TURN; i++) {
		struct tcp_half_open *half = tcp_half_open_due(t);
		if (!half)
			return;
		if (half->retries == TCP_SYN_ACK_RETRIES) {
			tcp_half_open_give(t, half);
			continue;
		}
		tcp_half_open_repeat(t, half);
		tcp_count(t, STAT_tcp_retransmits);
		half_open_answer(t, half);
	}
}
