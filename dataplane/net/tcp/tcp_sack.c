/* tcp_sack.c - SACK blocks in, runs of a flight that have come out. */
#include "dataplane/net/tcp/tcp_sack.h"

static bool lies_in(const struct tcp_sack *inner, const struct tcp_sack *outer)
{
	return seq_le(outer->from, inner->from) && seq_le(inner->to, outer->to);
}

/* RFC 2883 4: the first block speaks of what came twice when it is acknowledged already, or lies
 * in the second. */
static bool is_of_twice(const struct tcp_header *h, const struct tcp_sack *blocks)
{
	bool lies_in_next = h->sack_count > 1 && lies_in(&blocks[0], &blocks[1]);
	return seq_le(blocks[0].to, h->ack) || lies_in_next;
}

/* Of bytes that were sent, and no longer ago than a window. */
static bool was_sent(const struct tcp_conn *c, const struct tcp_sack *b)
{
	return seq_lt(b->from, b->to) && seq_le(b->to, c->snd_max) &&
	       seq_le(c->snd_una - c->snd_wnd_max, b->from);
}

void tcp_sack_take(struct tcp *t, const struct tcp_conn *c, const struct tcp_segment *s,
		   struct tcp_news *news)
{
	struct tcp_flight *f = tcp_flight_of(t, c);
	struct tcp_sack blocks[TCP_SACKS_MAX];
	const struct tcp_header *h = &s->h;
	tcp_header_sacks(h, s->pkt->data, blocks);
	for (unsigned i = 0; i < h->sack_count; i++) {
		struct tcp_sack *b = &blocks[i];
		bool is_believed = was_sent(c, b);
		if (is_believed && i == 0 && is_of_twice(h, blocks)) {
			news->twice += b->to - b->from;
			continue;
		}
		if (is_believed && seq_le(b->to, c->snd_una))
			continue; /* an old acknowledgement's: it is known */
		if (is_believed && seq_lt(b->from, c->snd_una))
			b->from = c->snd_una;
		if (!is_believed || !tcp_flight_sacked(f, b->from, b->to, news))
			tcp_count(t, STAT_tcp_sacks_refused);
	}
}
