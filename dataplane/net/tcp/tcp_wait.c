/* tcp_wait.c - connections both sides have closed in, TIME-WAIT entries out; segments for them in,
 * the last ACK again, or room for a new connection, out (RFC 9293 3.10.7.4, RFC 1337). All wait
 * equally long, so the list in order of entry is in order of expiry. */
#include "dataplane/net/tcp/tcp_wait.h"
#include "dataplane/base/require.h"
#include "dataplane/net/tcp/tcp_out.h"

static void wait_free(struct tcp *t, struct tcp_wait *w)
{
	uint32_t hash = tcp_hash(t, &w->tuple);
	tcp_table_remove(&t->table, hash, tcp_ref(TCP_KIND_WAIT, &t->waits, w));
	list_remove(&w->node);
	slab_give(&t->waits, w);
}

/* A free entry; when all are taken the oldest gives way. */
static struct tcp_wait *wait_take(struct tcp *t)
{
	if (t->waits.in_use == t->options.settings.time_wait_max)
		wait_free(t, list_entry(t->wait_list.next, struct tcp_wait, node));
	return slab_take(&t->waits);
}

static void wait_ack(struct tcp *t, const struct tcp_wait *w)
{
	struct tcp_header h = {
		.seq = w->snd_nxt,
		.ack = w->rcv_nxt,
		.flags = TCP_FLAG_ACK,
		.has_timestamps = w->has_timestamps,
		.ts_value = tcp_ts_now(t, w->ts_offset),
		.ts_echo = w->ts_recent,
	};
	tcp_reply(t, &(struct tcp_reply){&w->way, &w->tuple, &h});
}

static void wait_restart(struct tcp *t, struct tcp_wait *w)
{
	w->end_ms = t->now_ms + t->options.settings.time_wait_ms;
	list_remove(&w->node);
	list_append(&t->wait_list, &w->node);
}

/* The connection leaves the table first: its entry has the same addresses. */
void tcp_wait_enter(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_wait *w = wait_take(t);
	require(w);
	list_init(&w->node);
	w->tuple = tcp_conn_tuple(c);
	w->way = tcp_conn_way(c);
	w->has_timestamps = c->flags & CONN_TIMESTAMPS;
	w->snd_nxt = c->snd_max;
	w->rcv_nxt = c->rcv_nxt;
	w->ts_recent = c->ts_recent;
	w->ts_offset = c->ts_offset;
	wait_restart(t, w);
	tcp_conn_lose(t, c, false);
	tcp_table_insert(&t->table, tcp_hash(t, &w->tuple),
			 tcp_ref(TCP_KIND_WAIT, &t->waits, w));
	wait_ack(t, w);
}

/* MAY-2 and RFC 6191: this SYN cannot be an old one. */
static bool syn_is_newer(const struct tcp_wait *w, const struct tcp_segment *s)
{
	if (w->has_timestamps && s->h.has_timestamps &&
	    seq_lt(w->ts_recent, s->h.ts_value))
		return true;
	return seq_lt(w->rcv_nxt, s->h.seq);
}

/* What may come again: the peer's FIN, whose acknowledgement was lost. */
static bool is_last_fin(const struct tcp_wait *w, const struct tcp_segment *s)
{
	uint32_t fin_seq = s->h.seq + (uint32_t)s->payload.size;
	bool is_syn = s->h.flags & TCP_FLAG_SYN;
	return (s->h.flags & TCP_FLAG_FIN) && !is_syn && fin_seq + 1 == w->rcv_nxt;
}

/* The acknowledgement may have gone to a router that is no more. Who knows one number does not know
 * both: whatever he sends is answered the peer's way. */
static void way_follow(struct tcp_wait *w, const struct tcp_segment *s)
{
	if ((s->h.flags & TCP_FLAG_ACK) && s->h.ack == w->snd_nxt)
		w->way = s->pkt->way;
}

/* A reset does not end the wait (RFC 1337). A new connection's numbers begin behind the old
 * one's. */
bool tcp_wait_segment(struct tcp *t, struct tcp_wait *w, struct tcp_segment *s, uint32_t *iss_min)
{
	bool is_syn = (s->h.flags & (TCP_FLAG_SYN | TCP_FLAG_ACK | TCP_FLAG_RST)) ==
		      TCP_FLAG_SYN;
	if (s->h.flags & TCP_FLAG_RST) {
		tcp_count(t, STAT_packet_drop_tcp_unacceptable);
		return false;
	}
	if (is_syn && syn_is_newer(w, s)) {
		*iss_min = w->snd_nxt + 1;
		wait_free(t, w);
		return true;
	}
	tcp_count(t, STAT_packets_duplicate);
	if (is_last_fin(w, s)) {
		wait_restart(t, w);
		way_follow(w, s);
	}
	bool has_length = s->payload.size > 0 || (s->h.flags & (TCP_FLAG_FIN | TCP_FLAG_SYN));
	if (has_length && tcp_may_answer(t, &w->tuple))
		wait_ack(t, w);
	return false;
}

void tcp_wait_timers(struct tcp *t)
{
	for (unsigned i = 0; i < TCP_TIMERS_PER_TURN && !list_is_empty(&t->wait_list);
	     i++) {
		struct tcp_wait *w = list_entry(t->wait_list.next, struct tcp_wait, node);
		if (seq_lt(t->now_ms, w->end_ms))
			return;
		wait_free(t, w);
	}
}
