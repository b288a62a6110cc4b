/* tcp_path.c - signs that a path holds less than the port in, smaller segments out (RFC 1191; RFC
 * 4821 for routers that say nothing).
 *
 *     ICMP "fragmentation needed" ─▶ quotes a segment in flight? ─▶ its MTU ─▶ paths, 10 minutes
 *     timeouts in a row, the first segment is long:                             ▲
 *       2nd, 3rd ─▶ 1,024, then 576 ─▶ trials, 10 s ─▶ full size ─▶ two again ──┘
 *       4th ──────▶ full size: nothing passes, whatever its size
 *
 * A path that is out for a while looks as one that swallows long segments, and everybody is on it:
 * so what timeouts say is tried only, and holds when it turns out a second time and nothing of the
 * full size has passed between.
 *
 * The full size of those that were made smaller lies in two rings, in the order of their time: all
 * in a ring wait equally long. When one is full the oldest gets its size back before its time, and
 * finds out again. */
#include "dataplane/net/tcp/tcp_path.h"
#include "dataplane/base/require.h"
#include "dataplane/net/tcp/tcp_cwnd.h"
#include "dataplane/net/tcp/tcp_extra.h"
#include "dataplane/net/tcp/tcp_flight.h"
#include "dataplane/net/tcp/tcp_rtt.h"

enum {
	/* What every host takes (RFC 791): less is believed of nobody, who could have answers made
	 * of headers (CVE-2019-11479). */
	PATH_MTU_MIN = 576,
	PATH_MTU_PROBED = 1024,       /* RFC 4821 7.2 */
	PATH_AGE_MS = 10 * 60 * 1000, /* RFC 1191 6.3 */
	PATH_TRIAL_MS = 10 * 1000,
	/* A second word of a router's takes one part of so many off, or more. */
	PATH_STEP_SHARE = 8,
	IP_AND_TCP_BYTES = 40,
};

static uint32_t path_mss(const struct tcp_conn *c, uint32_t mtu)
{
	uint32_t options = c->flags & CONN_TIMESTAMPS ? (uint32_t)TCP_TIMESTAMP_BYTES : 0;
	return max_u32(mtu, PATH_MTU_MIN) - IP_AND_TCP_BYTES - options;
}

/* One segment at least is always on its way, of whatever size. */
static void path_widen(struct tcp_conn *c, uint16_t mss)
{
	c->mss = mss;
	c->cwnd = max_u32(c->cwnd, mss);
	c->flags &= ~(uint32_t)CONN_PATH;
}

static struct tcp_path *paths_at(struct tcp_paths *p, unsigned i)
{
	return &p->ring[(p->first + i) % TCP_PATHS];
}

/* The connection of the oldest, which is in the ring no longer; null when it has ended. */
static struct tcp_conn *paths_take(struct tcp *t, struct tcp_paths *p, struct tcp_path *ret)
{
	require(p->count > 0);
	*ret = *paths_at(p, 0);
	p->first++;
	p->count--;
	return slab_get(&t->conns, ret->handle);
}

static void paths_put(struct tcp *t, struct tcp_paths *p, struct tcp_conn *c, uint16_t mss,
		      uint32_t age_ms)
{
	require(p->count < TCP_PATHS);
	*paths_at(p, p->count++) = (struct tcp_path){.handle = slab_handle(&t->conns, c),
						     .begin_ms = t->now_ms,
						     .end_ms = t->now_ms + age_ms,
						     .mss = mss};
}

static void path_end(struct tcp *t)
{
	struct tcp_path oldest;
	struct tcp_conn *c = paths_take(t, &t->paths, &oldest);
	if (!c)
		return;
	if (c->flags & CONN_PATH)
		path_widen(c, oldest.mss);
	c->flags &= ~(uint32_t)CONN_PATH_TRIED;
}

static void path_remember(struct tcp *t, struct tcp_conn *c, uint16_t mss)
{
	if (t->paths.count == TCP_PATHS)
		path_end(t);
	paths_put(t, &t->paths, c, mss, PATH_AGE_MS);
	c->flags &= ~(uint32_t)CONN_RTT_FULL;
	c->flags |= CONN_PATH_TRIED;
}

/* Nothing has passed since: it goes on. */
static void trial_end(struct tcp *t)
{
	struct tcp_path oldest;
	struct tcp_conn *c = paths_take(t, &t->trials, &oldest);
	if (!c || (c->flags & (CONN_PATH | CONN_PATH_TRIED)) != CONN_PATH)
		return;
	if (seq_lt(c->progress_ms, oldest.begin_ms)) {
		paths_put(t, &t->trials, c, oldest.mss, PATH_TRIAL_MS);
		return;
	}
	path_widen(c, oldest.mss);
	path_remember(t, c, oldest.mss);
}

/* False when all places are taken by others through which nothing passes. */
static bool trial_begin(struct tcp *t, struct tcp_conn *c)
{
	if (t->trials.count == TCP_PATHS)
		trial_end(t);
	if (t->trials.count == TCP_PATHS)
		return false;
	paths_put(t, &t->trials, c, c->mss, PATH_TRIAL_MS);
	return true;
}

/* Its place is nobody's then. A router's word stands, and what has been found twice. */
static void trial_fail(struct tcp *t, struct tcp_conn *c)
{
	uint64_t handle = slab_handle(&t->conns, c);
	if ((c->flags & (CONN_PATH | CONN_PATH_TRIED)) != CONN_PATH)
		return;
	for (unsigned i = 0; i < t->trials.count; i++) {
		struct tcp_path *trial = paths_at(&t->trials, i);
		if (trial->handle != handle)
			continue;
		path_widen(c, trial->mss);
		trial->handle = 0;
	}
}

static void path_narrow(struct tcp *t, struct tcp_conn *c, uint32_t mss)
{
	c->mss = (uint16_t)mss;
	c->flags |= CONN_PATH;
	tcp_count(t, STAT_tcp_paths_narrowed);
}

/* All in flight is as long as the one that was dropped, or behind it, and is sent again at once,
 * its timer anew: that is no sign of congestion, but no leave for a burst either. */
static void path_resend(struct tcp *t, struct tcp_conn *c)
{
	tcp_flight_end(t, c);
	c->snd_nxt = c->snd_una;
	tcp_extra_take(c)->recover = c->snd_max;
	c->dupacks = 0;
	c->cwnd = min_u32(c->cwnd, tcp_cwnd_first(c->mss));
	c->flags &= ~(uint32_t)(CONN_RECOVERY | CONN_RTT_RUNNING | CONN_RTX_ARMED);
	c->flags |= CONN_RECOVER_AHEAD;
	tcp_conn_mark(c);
}

/* RFC 5927 7: who does not see our segments does not know what is in flight. Who does could have
 * all of it sent again for each byte less: after the first word steps are large. */
static bool too_big_is_believed(struct tcp *t, const struct too_big *b)
{
	struct tcp_tuple tuple = {.peer = b->peer, .local_port = b->local_port};
	enum tcp_kind kind;
	struct tcp_conn *c = tcp_find(t, tcp_hash(t, &tuple), &tuple, &kind);
	if (!c || kind != TCP_KIND_CONN)
		return false;
	bool is_in_flight = seq_le(c->snd_una, b->seq) && seq_lt(b->seq, c->snd_max);
	uint32_t mss = path_mss(c, b->mtu);
	if (!is_in_flight || mss >= c->mss)
		return false;
	if (c->flags & CONN_PATH)
		mss = max_u32(min_u32(mss, c->mss - c->mss / PATH_STEP_SHARE),
			      path_mss(c, PATH_MTU_MIN));
	else if (!(c->flags & CONN_PATH_TRIED))
		path_remember(t, c, c->mss);
	path_narrow(t, c, mss);
	path_resend(t, c);
	return true;
}

void tcp_path_input(struct tcp *t)
{
	struct ip *ip = t->options.ip;
	for (unsigned i = 0; i < ip->too_big_count; i++) {
		bool is_believed = too_big_is_believed(t, &ip->too_big[i]);
		tcp_count(t, is_believed ? STAT_packets_consumed : STAT_packet_drop_icmp);
	}
	ip->too_big_count = 0;
}

/* Of a second timeout in a row its own wait is at most two thirds of the silence. */
static bool is_second_timeout(const struct tcp *t, const struct tcp_conn *c)
{
	uint64_t rto_ms = (uint64_t)tcp_rto_ms(t, c) << c->backoff;
	uint32_t waited_ms = (uint32_t)min_u64(rto_ms, TCP_RTO_MAX_MS);
	return c->backoff > 0 && t->now_ms - c->progress_ms >= waited_ms + waited_ms / 4;
}

void tcp_path_timed_out(struct tcp *t, struct tcp_conn *c)
{
	uint32_t lost = min_u32(c->mss, c->snd_max - c->snd_una);
	if (!is_second_timeout(t, c))
		return;
	uint32_t mss = path_mss(c, PATH_MTU_PROBED);
	if (lost <= mss)
		mss = path_mss(c, PATH_MTU_MIN);
	if (lost <= mss) {
		trial_fail(t, c);
		return;
	}
	bool is_first = !(c->flags & (CONN_PATH | CONN_PATH_TRIED));
	if (!is_first || trial_begin(t, c))
		path_narrow(t, c, mss);
}

/* Of full size: what was found before it was an outage. Its place in the ring stays, and gives back
 * a size that it has. */
void tcp_path_passed(struct tcp_conn *c)
{
	if (!(c->flags & CONN_PATH))
		c->flags &= ~(uint32_t)CONN_PATH_TRIED;
}

void tcp_path_timers(struct tcp *t)
{
	while (t->trials.count > 0 && seq_le(paths_at(&t->trials, 0)->end_ms, t->now_ms))
		trial_end(t);
	while (t->paths.count > 0 && seq_le(paths_at(&t->paths, 0)->end_ms, t->now_ms))
		path_end(t);
}
