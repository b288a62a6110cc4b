/* tcp_in.c - segments in, connections changed: RFC 9293 3.10.7.4, one function per step.
 *
 *     PAWS ─▶ 1 sequence ─▶ 2 RST ─▶ 4 SYN ─▶ 5 ACK ─▶ (6 URG: none) ─▶ 7 text ─▶ 8 FIN
 *
 * A step that gives false has ended the segment: it has counted it, and marked what is to
 * be answered. Nothing of a connection is sent from here. */
#include "dataplane/base/require.h"
#include "dataplane/net/tcp/tcp_ack.h"
#include "dataplane/net/tcp/tcp_conn.h"
#include "dataplane/net/tcp/tcp_data.h"
#include "dataplane/net/tcp/tcp_extra.h"
#include "dataplane/net/tcp/tcp_listen.h"
#include "dataplane/net/tcp/tcp_ooo.h"
#include "dataplane/net/tcp/tcp_out.h"
#include "dataplane/net/tcp/tcp_path.h"
#include "dataplane/net/tcp/tcp_timer.h"
#include "dataplane/net/tcp/tcp_wait.h"

/* Flag combinations no stack sends, and LAND: source and destination the same. */
static bool segment_is_sane(const struct tcp_segment *s)
{
	uint8_t flags =
		s->h.flags & (TCP_FLAG_SYN | TCP_FLAG_RST | TCP_FLAG_FIN | TCP_FLAG_ACK);
	if (flags == 0 || s->h.source_port == 0 || s->h.destination_port == 0)
		return false;
	if ((flags & TCP_FLAG_SYN) && (flags & (TCP_FLAG_FIN | TCP_FLAG_RST)))
		return false;
	return s->h.source_port != s->h.destination_port ||
	       memcmp(&s->pkt->from.address, &s->pkt->to.address,
		      sizeof(struct address)) != 0;
}

static bool segment_read(const struct pkt *p, struct tcp_segment *ret)
{
	*ret = (struct tcp_segment){.pkt = p};
	if (!tcp_header_parse((struct bytes){p->data, p->size}, &ret->h))
		return false;
	ret->payload.data = p->data + ret->h.header_bytes;
	ret->payload.size = p->size - ret->h.header_bytes;
	ret->tuple.peer.address = p->from.address;
	ret->tuple.peer.port = ret->h.source_port;
	ret->tuple.local_port = ret->h.destination_port;
	return segment_is_sane(ret);
}

/* Sequence space it takes. */
static uint32_t segment_length(const struct tcp_segment *s)
{
	return (uint32_t)s->payload.size + (s->h.flags & TCP_FLAG_SYN ? 1u : 0u) +
	       (s->h.flags & TCP_FLAG_FIN ? 1u : 0u);
}

/* RFC 7323 5.3 R1. After 24 days of silence the stored value means nothing. */
static bool check_timestamp(struct tcp *t, struct tcp_conn *c,
			    const struct tcp_segment *s)
{
	if (!(c->flags & CONN_TIMESTAMPS) || !s->h.has_timestamps ||
	    (s->h.flags & TCP_FLAG_RST) || !seq_lt(s->h.ts_value, c->ts_recent) ||
	    (uint16_t)(t->now_s / TCP_PAWS_UNIT_S - c->ts_recent_at) > TCP_PAWS_IDLE)
		return true;
	tcp_count(t, STAT_packet_drop_tcp_paws);
	tcp_challenge(t, c);
	return false;
}

/* The table of 3.10.7.4, first step; a segment without length is also taken at the right
 * edge itself: its acknowledgement must get through a closed window. */
static bool sequence_is_acceptable(const struct tcp_conn *c, const struct tcp_segment *s)
{
	uint32_t length = segment_length(s);
	uint32_t last = s->h.seq + length - 1;
	if (s->h.seq - c->rcv_nxt <= tcp_conn_window(c))
		return true;
	return length > 0 && tcp_conn_window(c) > 0 &&
	       last - c->rcv_nxt < tcp_conn_window(c);
}

/* No farther from what is expected than a window can be: where the peer's own data is that comes
 * again. A stranger who guesses a number rarely hits it. */
static bool is_near_window(const struct tcp *t, const struct tcp_conn *c, uint32_t seq)
{
	uint32_t farthest = t->options.settings.receive_buffer_bytes;
	return seq - (c->rcv_nxt - farthest) <= 2 * farthest;
}

/* The answer to what comes again goes the way it came: the first one may have gone to a router
 * that is no more. Who guesses one number has not guessed both. */
static void note_way_again(const struct tcp *t, struct tcp_conn *c, const struct tcp_segment *s)
{
	bool is_near = is_near_window(t, c, s->h.seq);
	bool is_acked = seq_le(c->snd_una - c->snd_wnd_max, s->h.ack) &&
			seq_le(s->h.ack, c->snd_max);
	if ((s->h.flags & TCP_FLAG_ACK) && is_near && is_acked)
		tcp_conn_way_set(c, &s->pkt->way);
}

/* First step: an unacceptable reset is dropped in silence, any other segment is answered with
 * the number that is expected. */
static bool check_sequence(struct tcp *t, struct tcp_conn *c, const struct tcp_segment *s)
{
	if (sequence_is_acceptable(c, s))
		return true;
	if (s->h.flags & TCP_FLAG_RST) {
		tcp_count(t, STAT_packet_drop_tcp_unacceptable);
		return false;
	}
	note_way_again(t, c, s);
	bool is_old = seq_le(s->h.seq + segment_length(s), c->rcv_nxt);
	tcp_count(t, is_old ? STAT_packets_duplicate : STAT_packet_drop_tcp_unacceptable);
	if (is_old && is_near_window(t, c, s->h.seq))
		tcp_twice_note(t, c, s->h.seq, s->h.seq + (uint32_t)s->payload.size);
	if (s->payload.size > 0 && is_near_window(t, c, s->h.seq))
		tcp_ack_again(t, c);
	else
		tcp_challenge(t, c);
	return false;
}

/* Second step, RFC 5961 3.2. */
static bool check_rst(struct tcp *t, struct tcp_conn *c, const struct tcp_segment *s)
{
	if (!(s->h.flags & TCP_FLAG_RST))
		return true;
	if (s->h.seq != c->rcv_nxt) {
		tcp_count(t, STAT_packet_drop_tcp_blind);
		tcp_challenge(t, c);
		return false;
	}
	tcp_count(t, STAT_packets_consumed);
	tcp_count(t, STAT_tcp_resets_received);
	tcp_conn_lose(t, c, false);
	return false;
}

/* A device that rebooted and uses its old port insists with one SYN. True: it is
 * believed, after several of them, over some time, without a sign of life between. From the second
 * on each that counts asks for one: a live peer, whose SYN was forged, answers a keepalive probe.
 * However many a stranger sends, they count no faster than its peer is asked, and no challenges
 * that he had used up before keep the question back. */
static bool peer_started_anew(struct tcp *t, struct tcp_conn *c,
			      const struct tcp_segment *s)
{
	struct tcp_extra *e = tcp_extra_take(c);
	if (c->syn_count == 0 || e->syn_seq != s->h.seq) {
		e->syn_seq = s->h.seq;
		e->syn_ms = (uint16_t)t->now_ms;
		c->syn_count = 0;
	}
	uint32_t insists_ms = (uint16_t)(t->now_ms - e->syn_ms);
	if (c->syn_count >= TCP_REUSE_SYNS && insists_ms >= TCP_REUSE_MS)
		return true;
	if (insists_ms < c->syn_count * (uint32_t)TCP_REUSE_GAP_MS)
		return false;
	c->flags |= CONN_IN_DOUBT;
	if (c->syn_count++ > 0) {
		c->flags |= CONN_KEEPALIVE_DUE;
		tcp_conn_mark(c);
	}
	return false;
}

/* Fourth step, RFC 5961 4.2: whatever its number, a SYN is challenged. */
static bool check_syn(struct tcp *t, struct tcp_conn *c, struct tcp_segment *s)
{
	if (!(s->h.flags & TCP_FLAG_SYN))
		return true;
	bool is_plain = !(s->h.flags & (TCP_FLAG_ACK | TCP_FLAG_RST));
	if (is_plain && peer_started_anew(t, c, s)) {
		uint32_t iss_min = c->snd_max + 1;
		tcp_count(t, STAT_tcp_restarts);
		tcp_conn_lose(t, c, false);
		tcp_listen_segment(t, s, &iss_min);
		return false;
	}
	tcp_count(t, STAT_packet_drop_tcp_blind);
	tcp_challenge(t, c);
	return false;
}

/* Fifth step, RFC 5961 5.2: what acknowledges less than the largest window before snd_una is
 * somebody's guess, and is challenged; so is what acknowledges bytes that were never sent. */
static bool check_ack(struct tcp *t, struct tcp_conn *c, const struct tcp_segment *s)
{
	uint32_t ack = s->h.ack;
	if (!(s->h.flags & TCP_FLAG_ACK) || seq_lt(c->snd_max, ack)) {
		tcp_count(t, STAT_packet_drop_tcp_unacceptable);
		if (s->h.flags & TCP_FLAG_ACK)
			tcp_challenge(t, c);
		return false;
	}
	if (seq_lt(ack, c->snd_una) && seq_lt(ack, c->snd_una - c->snd_wnd_max)) {
		tcp_count(t, STAT_packet_drop_tcp_blind);
		tcp_challenge(t, c);
		return false;
	}
	return true;
}

/* It lives. Its next silence begins now, and may end before what the timer is armed for. */
static void doubt_end(struct tcp_conn *c)
{
	c->syn_count = 0;
	c->keepalives_sent = 0;
	c->flags &= ~(uint32_t)(CONN_IN_DOUBT | CONN_WATCHED);
	tcp_extra_rest(c);
}

/* RFC 7323 4.3 (2), and the signs of life. Only of a segment that has passed every check: who does
 * not know both sides' numbers would set a time that makes all that the peer sends look old. */
static void note_peer(struct tcp *t, struct tcp_conn *c, const struct tcp_segment *s)
{
	if (c->flags & CONN_IN_DOUBT)
		doubt_end(c);
	if (c->state != TCP_STATE_FIN_WAIT_2)
		c->heard_ms = t->now_ms;
	tcp_conn_way_set(c, &s->pkt->way);
	if (!(c->flags & CONN_TIMESTAMPS) || !s->h.has_timestamps)
		return;
	if (seq_le(s->h.seq, c->last_ack)) {
		c->ts_recent = s->h.ts_value;
		c->ts_recent_at = (uint16_t)(t->now_s / TCP_PAWS_UNIT_S);
	}
}

/* Not the RFC's order in one thing: a SYN is challenged whatever its number (RFC 5961 4.2), so
 * that it comes before the first step. */
static void conn_segment(struct tcp *t, struct tcp_conn *c, struct tcp_segment *s)
{
	require(c->state != TCP_STATE_CLOSED);
	bool is_syn_or_rst = s->h.flags & (TCP_FLAG_SYN | TCP_FLAG_RST);
	if (!is_syn_or_rst && !check_timestamp(t, c, s))
		return;
	if ((s->h.flags & TCP_FLAG_SYN) && !check_syn(t, c, s))
		return;
	if (!check_sequence(t, c, s) || !check_rst(t, c, s) || !check_ack(t, c, s))
		return;
	note_peer(t, c, s);
	if (tcp_take_ack(t, c, s))
		tcp_segment_text(t, c, s);
}

/* The connection that the segment is for, or that it opens. Null when the segment was another
 * state's, and has ended there. */
static struct tcp_conn *segment_conn(struct tcp *t, struct tcp_segment *s)
{
	enum tcp_kind kind;
	uint32_t iss_min;
	void *object = tcp_find(t, s->hash, &s->tuple, &kind);
	if (object && kind == TCP_KIND_CONN)
		return object;
	if (object && kind == TCP_KIND_HALF_OPEN)
		return tcp_half_open_segment(t, object, s);
	if (!object)
		return tcp_listen_segment(t, s, NULL);
	return tcp_wait_segment(t, object, s, &iss_min) ? tcp_listen_segment(t, s, &iss_min)
							: NULL;
}

static void segment_arrives(struct tcp *t, struct tcp_segment *s)
{
	struct tcp_conn *c = segment_conn(t, s);
	if (c)
		conn_segment(t, c, s);
}

/* Four walks over the segments: the table's lines, the connections and what lies behind these
 * are on their way into the cache before the first one is changed. */
void tcp_input(struct tcp *t, const struct pkt_vec *segments, uint64_t now_ns)
{
	struct tcp_segment read[PACKETS_PER_TURN];
	const struct tcp_conn *likely_meant[PACKETS_PER_TURN];
	unsigned count = 0;
	require(t->span_count == 0);
	tcp_clock(t, now_ns);
	t->scratch_used = 0;
	t->cursor.conn = NULL;
	for (unsigned i = 0; i < segments->count; i++) {
		struct tcp_segment *s = &read[count];
		if (!segment_read(segments->pkts[i], s)) {
			tcp_count(t, STAT_packet_drop_tcp_header);
			continue;
		}
		s->hash = tcp_hash(t, &s->tuple);
		tcp_table_prefetch(&t->table, s->hash);
		count++;
	}
	for (unsigned i = 0; i < count; i++)
		likely_meant[i] = tcp_prefetch(t, read[i].hash);
	for (unsigned i = 0; i < count; i++)
		tcp_prefetch_behind(likely_meant[i], read[i].payload.size > 0);
	for (unsigned i = 0; i < count; i++)
		segment_arrives(t, &read[i]);
	if (unlikely(t->options.ip->too_big_count > 0))
		tcp_path_input(t);
	tcp_timers(t);
	tcp_path_timers(t);
	tcp_half_open_timers(t);
	tcp_wait_timers(t);
	tcp_ooo_age(t);
}
