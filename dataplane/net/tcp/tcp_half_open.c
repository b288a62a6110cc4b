/* tcp_half_open.c - SYNs in; entries, in lines by the time that they wait, out; see
 * tcp_half_open.h. */
#include "dataplane/net/tcp/tcp_half_open.h"
#include "dataplane/base/require.h"

enum {
	/* Of so many entries one is kept back from ordinary SYNs. */
	KEPT_SHARE = 4,
	/* A source has at most one of so many. */
	SOURCE_SHARE = 8,
};

void tcp_half_open_init(struct tcp *t)
{
	for (unsigned i = 0; i < array_len(t->half_open_lines); i++)
		list_init(&t->half_open_lines[i]);
}

/* Where its entries are counted; sources of one slot share it, and get cookies a little earlier for
 * that. */
static uint32_t source_slot(const struct tcp *t, const struct address *from)
{
	return tcp_source(t, from) % TCP_SOURCE_SLOTS;
}

bool tcp_half_open_has_room(const struct tcp *t, const struct address *from)
{
	uint32_t all = t->half_open.count;
	return t->half_open.in_use < all - all / KEPT_SHARE &&
	       t->half_open_of[source_slot(t, from)] < all / SOURCE_SHARE;
}

static void line_append(struct tcp *t, struct tcp_half_open *half)
{
	half->sent_ms = t->now_ms;
	list_append(&t->half_open_lines[half->retries], &half->node);
}

struct tcp_half_open *tcp_half_open_take(struct tcp *t, const struct tcp_segment *syn)
{
	struct tcp_half_open *half = slab_take(&t->half_open);
	if (!half)
		return NULL;
	half->tuple = syn->tuple;
	half->way = syn->pkt->way;
	list_init(&half->node);
	line_append(t, half);
	t->half_open_of[source_slot(t, &half->tuple.peer.address)]++;
	tcp_table_insert(&t->table, syn->hash,
			 tcp_ref(TCP_KIND_HALF_OPEN, &t->half_open, half));
	return half;
}

void tcp_half_open_give(struct tcp *t, struct tcp_half_open *half)
{
	uint32_t *of_source = &t->half_open_of[source_slot(t, &half->tuple.peer.address)];
	require(*of_source > 0);
	--*of_source;
	tcp_table_remove(&t->table, tcp_hash(t, &half->tuple),
			 tcp_ref(TCP_KIND_HALF_OPEN, &t->half_open, half));
	list_remove(&half->node);
	slab_give(&t->half_open, half);
}

void tcp_half_open_repeat(struct tcp *t, struct tcp_half_open *half)
{
	require(half->retries < TCP_SYN_ACK_RETRIES);
	half->retries++;
	list_remove(&half->node);
	line_append(t, half);
}

/* Milliseconds from `now_ms` until the first of the line has waited for its time; INT32_MAX:
 * nobody is in it. */
static int32_t line_left_ms(const struct tcp *t, unsigned retries, uint32_t now_ms)
{
	const struct list *line = &t->half_open_lines[retries];
	if (list_is_empty(line))
		return INT32_MAX;
	const struct tcp_half_open *half =
		list_entry(line->next, struct tcp_half_open, node);
	return (int32_t)(half->sent_ms + ((uint32_t)TCP_RTO_INITIAL_MS << retries) - now_ms);
}

struct tcp_half_open *tcp_half_open_due(struct tcp *t)
{
	for (unsigned i = 0; i < array_len(t->half_open_lines); i++)
		if (line_left_ms(t, i, t->now_ms) <= 0)
			return list_entry(t->half_open_lines[i].next, struct tcp_half_open,
					  node);
	return NULL;
}

uint32_t tcp_half_open_idle_ms(const struct tcp *t, uint32_t now_ms, uint32_t limit_ms)
{
	for (unsigned i = 0; i < array_len(t->half_open_lines); i++) {
		int32_t left_ms = line_left_ms(t, i, now_ms);
		limit_ms = left_ms > 0 ? min_u32(limit_ms, (uint32_t)left_ms) : 0;
	}
	return limit_ms;
}
