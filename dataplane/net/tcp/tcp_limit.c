/* tcp_limit.c - names of peers without a connection in, whether they are answered out. */
#include "dataplane/net/tcp/tcp_limit.h"
#include "dataplane/base/entropy.h"
#include "dataplane/net/tcp/tcp_conn.h"

/* What is hashed of a peer. */
struct limited {
	struct tcp_tuple peer; /* its ports are 0: the address alone */
	uint32_t second;
};
static_assert(sizeof(struct limited) == 24, "hashed as bytes: no padding");

void tcp_limit_init(struct tcp_limit *l)
{
	entropy_fill(&l->key, sizeof l->key);
}

static void limit_begin(struct tcp_limit *l, uint32_t now_s)
{
	if (l->second == now_s)
		return;
	l->second = now_s;
	memset(l->answered, 0, sizeof l->answered);
}

/* The one of `count` counters in which the peer is counted during this second. */
static uint32_t limit_place(const struct tcp_limit *l, const struct tcp_tuple *peer,
			    uint32_t count)
{
	struct limited name = {*peer, l->second};
	return (uint32_t)(siphash(l->key, &name, sizeof name) % count);
}

/* Each counter has a lot of its own in each second. */
static bool limit_take(struct tcp_limit *l, uint32_t place, uint32_t average)
{
	const uint32_t of[2] = {place, l->second};
	uint32_t lot = (uint32_t)(siphash(l->key, of, sizeof of) % (average + 1));
	if (l->answered[place] >= average / 2 + lot)
		return false;
	l->answered[place]++;
	return true;
}

bool tcp_limit_answer(struct tcp_limit *l, const struct tcp_tuple *peer, uint32_t now_s)
{
	limit_begin(l, now_s);
	return limit_take(l, limit_place(l, peer, TCP_LIMIT_NAMES), TCP_ANSWERS_PER_SECOND);
}

/* The name first: one that has had its answers uses up nothing of its address's. */
bool tcp_limit_reset(struct tcp_limit *l, const struct tcp_tuple *peer, uint32_t now_s)
{
	if (!tcp_limit_answer(l, peer, now_s))
		return false;
	struct tcp_tuple address = {.peer.address = peer->peer.address};
	uint32_t place = limit_place(l, &address, TCP_LIMIT_ADDRESSES);
	return limit_take(l, TCP_LIMIT_NAMES + place, TCP_RESETS_PER_SECOND);
}
