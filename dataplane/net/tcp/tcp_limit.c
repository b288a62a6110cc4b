/* tcp_limit.c - names of peers without a connection in, whether they are answered out. */
#include "dataplane/net/tcp/tcp_limit.h"
#include "dataplane/base/entropy.h"
#include "dataplane/net/tcp/tcp_conn.h"

/* What is hashed. */
struct limited {
	struct tcp_tuple peer; /* its ports are 0: the address alone */
	uint32_t second;
};
static_assert(sizeof(struct limited) == 24, "hashed as bytes: no padding");

void tcp_limit_init(struct tcp_limit *l)
{
	entropy_fill(&l->key, sizeof l->key);
}

/* The lot of a second is the hash of nobody's name in it. */
static void limit_begin(struct tcp_limit *l, uint32_t now_s)
{
	if (l->second == now_s)
		return;
	struct limited nobody = {.second = now_s};
	uint64_t lot = siphash(l->key, &nobody, sizeof nobody);
	l->second = now_s;
	l->resets_left = TCP_RESETS_PER_SECOND / 2 + (uint32_t)(lot % (TCP_RESETS_PER_SECOND + 1));
	memset(l->resets_to, 0, sizeof l->resets_to);
	memset(l->answers_to, 0, sizeof l->answers_to);
}

static uint8_t *limit_name(struct tcp_limit *l, const struct tcp_tuple *peer)
{
	struct limited name = {*peer, l->second};
	return &l->answers_to[siphash(l->key, &name, sizeof name) % TCP_LIMIT_NAMES];
}

static uint16_t *limit_address(struct tcp_limit *l, const struct tcp_tuple *peer)
{
	struct limited address = {.peer.peer.address = peer->peer.address, .second = l->second};
	return &l->resets_to[siphash(l->key, &address, sizeof address) % TCP_LIMIT_ADDRESSES];
}

bool tcp_limit_answer(struct tcp_limit *l, const struct tcp_tuple *peer, uint32_t now_s)
{
	limit_begin(l, now_s);
	uint8_t *answers = limit_name(l, peer);
	if (*answers >= TCP_ANSWERS_PER_SECOND)
		return false;
	++*answers;
	return true;
}

bool tcp_limit_reset(struct tcp_limit *l, const struct tcp_tuple *peer, uint32_t now_s)
{
	limit_begin(l, now_s);
	uint16_t *resets = limit_address(l, peer);
	if (*resets >= l->resets_left || !tcp_limit_answer(l, peer, now_s))
		return false;
	++*resets;
	l->resets_left--;
	return true;
}
