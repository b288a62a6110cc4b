/* tcp_evict.c - a newcomer's address in, the connection that gives way out; see tcp_evict.h. */
#include "dataplane/net/tcp/tcp_evict.h"

enum {
	IDLE_MS = 60000,
	SHARE_MIN = TCP_SAMPLE / 8,
};

/* The golden ratio of 2^32: multiples of it are spread evenly, however many. */
#define SPREAD 2654435769u

static void sample_add(struct tcp *t, struct tcp_sample *sample, struct tcp_conn *c, int listener)
{
	if (!c || c->state == TCP_STATE_CLOSED)
		return;
	if (listener != TCP_EVICT_ANY && listener != c->stream.listener)
		return;
	sample->seen[sample->count++] = (struct tcp_seen){
		.conn = c,
		.source = tcp_source(t, &c->stream.peer.address),
		.silent_ms = t->now_ms - c->heard_ms,
	};
}

static unsigned sample_count(const struct tcp_sample *sample, uint32_t source)
{
	unsigned count = 0;
	for (unsigned i = 0; i < sample->count; i++)
		count += sample->seen[i].source == source;
	return count;
}

static void sample_take(struct tcp *t, struct tcp_sample *ret, int listener)
{
	uint32_t index = 0;
	bool is_whole = t->conns_live <= TCP_SAMPLE;
	ret->count = 0;
	ret->is_whole = is_whole;
	for (struct tcp_conn *c; is_whole && (c = slab_next(&t->conns, &index));)
		sample_add(t, ret, c, listener);
	for (unsigned i = 0; i < TCP_SAMPLE && !is_whole; i++) {
		t->sample_place += SPREAD;
		index = (uint32_t)((uint64_t)t->sample_place * t->conns.count >> 32);
		sample_add(t, ret, slab_next(&t->conns, &index), listener);
	}
	for (unsigned i = 0; i < ret->count; i++)
		ret->seen[i].of_source = sample_count(ret, ret->seen[i].source);
}

/* More than this is too much beside a source that has `own`: an estimate has to be sure, and with
 * exact numbers one less here and one more there still must not be the other way round. */
static unsigned fair_share(const struct tcp_sample *sample, unsigned own)
{
	return sample->is_whole ? own + 1 : 2 * own;
}

/* Whether it may be asked to give way to one whose source has `own`. Who is silent gives way to
 * nobody who has more: else a source that has most would go on taking what others have. */
static bool gives_way(const struct tcp_sample *sample, const struct tcp_seen *seen, unsigned own)
{
	if (seen->of_source >= SHARE_MIN && seen->of_source > fair_share(sample, own))
		return true;
	return seen->silent_ms >= IDLE_MS && seen->of_source >= own;
}

/* Whether `a` is to give way rather than `b`: the larger share when it is one that binds, then the
 * longer silence. */
static bool is_before(const struct tcp_seen *a, const struct tcp_seen *b)
{
	unsigned a_share = a->of_source >= SHARE_MIN ? a->of_source : 0;
	unsigned b_share = b->of_source >= SHARE_MIN ? b->of_source : 0;
	return a_share != b_share ? a_share > b_share : a->silent_ms > b->silent_ms;
}

/* Null when nobody gives way to `from`. */
static struct tcp_conn *sample_find(struct tcp *t, const struct tcp_sample *sample,
				    const struct address *from)
{
	unsigned own = sample_count(sample, tcp_source(t, from));
	const struct tcp_seen *first = NULL;
	for (unsigned i = 0; i < sample->count; i++)
		if (gives_way(sample, &sample->seen[i], own) &&
		    (!first || is_before(&sample->seen[i], first)))
			first = &sample->seen[i];
	return first ? first->conn : NULL;
}

bool tcp_evict_is_likely(struct tcp *t, const struct address *from, int listener)
{
	if (t->sample_ms != t->now_ms || t->sample_listener != listener || t->sample.count == 0) {
		t->sample_ms = t->now_ms;
		t->sample_listener = listener;
		sample_take(t, &t->sample, listener);
	}
	return sample_find(t, &t->sample, from);
}

bool tcp_evict(struct tcp *t, const struct address *from, int listener)
{
	struct tcp_sample sample;
	if (t->conns.in_use == t->conns.count)
		return false;
	sample_take(t, &sample, listener);
	struct tcp_conn *c = sample_find(t, &sample, from);
	if (!c)
		return false;
	tcp_count(t, STAT_tcp_evicted);
	tcp_conn_lose(t, c, true);
	return true;
}
