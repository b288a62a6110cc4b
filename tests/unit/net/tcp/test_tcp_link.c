/* test_tcp_link.c - the stack as one who sends all he may, through a link of 1 Gbit/s and 20 ms
 * that is late or loses by a seed, to a peer that acknowledges as Linux does: how much of the link
 * is used. No processor's doing: time is the test's.
 *
 *     stack ─▶ queue of 20 ms ─▶ 10 ms, or 4 more ─▶ peer: every second segment, SACK, DSACK
 *       ◀───────────────────────── 10 ms, or 4 more ─────────┘
 */
#include "dataplane/base/require.h"
#include "dataplane/net/tcp/tcp_out.h"
#include "tests/unit/net/tcp/tcp_rig.h"

#include <criterion/criterion.h>

enum {
	MSS = 1448,
	OVERHEAD_BYTES = 66, /* of a frame: Ethernet, IP, TCP and its timestamp */
	NS_PER_BYTE = 8,     /* 1 Gbit/s */
	LINE_MAX = 1 << 13,
	EARLY_MAX = 512,
	BLOCKS_MAX = 3,
	CHUNKS = 2048,
	SEND_BUFFER_BYTES = 7 << 20,
	QUEUE_MS = 20,
	MILLION = 1000000,
};

#define ONE_WAY_NS (10 * NS_PER_MS)
#define LATE_NS    (4 * NS_PER_MS)
#define STEP_NS    (100 * NS_PER_US)
#define PATIENCE_NS NS_PER_MS /* the peer acknowledges a single segment then */

/* Of a million frames of either way so many are late, or lost. */
struct shape {
	uint32_t late_ppm, lost_ppm;
	uint32_t queue_ms; /* what waits there for longer is dropped */
	bool has_timestamps;
};

struct block {
	uint32_t from, to;
};

/* A segment, or an acknowledgement, on its way. */
struct frame {
	uint64_t due_ns;
	uint32_t seq, size; /* a segment's */
	uint32_t ack;       /* an acknowledgement's, and what it says more */
	uint32_t time;  /* a segment's, or the one that is answered */
	uint32_t stamp; /* an acknowledgement's own */
	unsigned count;
	struct block blocks[BLOCKS_MAX];
};

/* Frames in the order of their times. */
struct line {
	struct frame frames[LINE_MAX];
	unsigned first, count;
};

/* The peer: what has come, in order and behind gaps. */
struct peer {
	uint32_t rcv_nxt, told;
	uint32_t time; /* of the segment that its acknowledgement answers */
	unsigned owed; /* segments not acknowledged */
	uint64_t owed_ns;
	struct block early[EARLY_MAX]; /* in order */
	unsigned early_count;
	uint32_t recent; /* where what came last behind a gap begins */
	struct block twice;
	uint64_t received;
};

struct link {
	struct rig *r;
	struct tcp_conn *c;
	struct chunk_pool pool;
	struct shape shape;
	uint64_t random;
	uint64_t free_ns; /* the link has sent all before */
	unsigned overflown;
	struct line there[2], back[2]; /* in time, late */
	struct peer peer;
};

static bool happens(struct link *l, uint32_t ppm)
{
	l->random ^= l->random << 13;
	l->random ^= l->random >> 7;
	l->random ^= l->random << 17;
	return (l->random >> 20) % MILLION < ppm;
}

/* ---- the link ---------------------------------------------------------------------------- */

static void line_put(struct link *l, struct line lines[2], struct frame f)
{
	bool is_late = happens(l, l->shape.late_ppm);
	struct line *line = &lines[is_late];
	require(line->count < LINE_MAX);
	f.due_ns += ONE_WAY_NS + (is_late ? LATE_NS : 0);
	line->frames[(line->first + line->count++) % LINE_MAX] = f;
}

/* The next that has arrived, or null. */
static const struct frame *line_take(const struct link *l, struct line lines[2])
{
	struct line *next = NULL;
	uint64_t due_ns = l->r->now_ns + 1;
	for (unsigned i = 0; i < 2; i++) {
		struct line *line = &lines[i];
		if (line->count == 0 || line->frames[line->first].due_ns >= due_ns)
			continue;
		next = line;
		due_ns = line->frames[line->first].due_ns;
	}
	if (!next)
		return NULL;
	const struct frame *f = &next->frames[next->first];
	next->first = (next->first + 1) % LINE_MAX;
	next->count--;
	return f;
}

static void link_send(struct link *l, const struct sent *s)
{
	uint64_t now_ns = l->r->now_ns, begin_ns = max_u64(l->free_ns, now_ns);
	if (s->size == 0 || happens(l, l->shape.lost_ppm))
		return;
	if (begin_ns > now_ns + l->shape.queue_ms * NS_PER_MS) {
		l->overflown++;
		return;
	}
	l->free_ns = begin_ns + (s->size + OVERHEAD_BYTES) * (uint64_t)NS_PER_BYTE;
	line_put(l, l->there,
		 (struct frame){.due_ns = l->free_ns,
				.seq = s->h.seq,
				.size = s->size,
				.time = s->h.has_timestamps ? s->h.ts_value : 0});
}

/* ---- the peer ---------------------------------------------------------------------------- */

static void peer_acknowledge(struct link *l)
{
	struct peer *p = &l->peer;
	struct frame f = {.due_ns = l->r->now_ns,
			  .ack = p->rcv_nxt,
			  .time = p->time,
			  .stamp = (uint32_t)(l->r->now_ns / NS_PER_MS)};
	if (p->twice.from != p->twice.to)
		f.blocks[f.count++] = p->twice;
	for (unsigned i = 0; i < p->early_count && f.count < BLOCKS_MAX; i++)
		if (p->early[i].from <= p->recent && p->recent < p->early[i].to)
			f.blocks[f.count++] = p->early[i];
	for (unsigned i = p->early_count; i > 0 && f.count < BLOCKS_MAX; i--)
		if (p->early[i - 1].from > p->recent || p->recent >= p->early[i - 1].to)
			f.blocks[f.count++] = p->early[i - 1];
	p->twice = (struct block){0};
	p->told = p->rcv_nxt;
	p->owed = 0;
	if (!happens(l, l->shape.lost_ppm))
		line_put(l, l->back, f);
}

static void early_remove(struct peer *p, unsigned at)
{
	memmove(&p->early[at], &p->early[at + 1], (--p->early_count - at) * sizeof p->early[0]);
}

/* Joined with what it touches. */
static void early_add(struct peer *p, struct block b)
{
	unsigned at = 0;
	p->recent = b.from;
	while (at < p->early_count && p->early[at].to < b.from)
		at++;
	if (at < p->early_count && p->early[at].from <= b.from && b.to <= p->early[at].to)
		p->twice = b;
	while (at < p->early_count && p->early[at].from <= b.to) {
		b.from = min_u32(b.from, p->early[at].from);
		b.to = max_u32(b.to, p->early[at].to);
		early_remove(p, at);
	}
	require(p->early_count < EARLY_MAX);
	memmove(&p->early[at + 1], &p->early[at], (p->early_count - at) * sizeof p->early[0]);
	p->early[at] = b;
	p->early_count++;
}

/* Numbers do not wrap here: what is sent is less than four gigabytes, from 1 on. */
static void peer_take(struct link *l, const struct frame *f)
{
	struct peer *p = &l->peer;
	struct block b = {f->seq, f->seq + f->size};
	bool had_gap = p->early_count > 0;
	if (b.to <= p->rcv_nxt)
		p->twice = b;
	else if (b.from > p->rcv_nxt)
		early_add(p, b);
	if (b.from <= p->told && seq_lt(p->time, f->time))
		p->time = f->time;
	if (b.from <= p->rcv_nxt && p->rcv_nxt < b.to)
		p->rcv_nxt = b.to;
	while (p->early_count > 0 && p->early[0].from <= p->rcv_nxt) {
		p->rcv_nxt = max_u32(p->rcv_nxt, p->early[0].to);
		early_remove(p, 0);
	}
	p->owed_ns = p->owed++ == 0 ? l->r->now_ns : p->owed_ns;
	if (p->owed >= 2 || had_gap || p->early_count > 0 || p->twice.from != p->twice.to)
		peer_acknowledge(l);
}

/* ---- the stack --------------------------------------------------------------------------- */

static void give_acknowledgement(struct link *l, const struct frame *f)
{
	uint8_t options[40];
	unsigned size = 0;
	if (l->shape.has_timestamps) {
		memcpy(options, (uint8_t[]){1, 1, 8, 10}, 4);
		be32_store(options + 4, f->stamp);
		be32_store(options + 8, f->time);
		size = 12;
	}
	if (f->count > 0) {
		uint8_t bytes = (uint8_t)(2 + 8 * f->count);
		memcpy(options + size, (uint8_t[]){1, 1, 5, bytes}, 4);
		for (unsigned i = 0; i < f->count; i++) {
			be32_store(options + size + 4 + 8 * i, f->blocks[i].from);
			be32_store(options + size + 8 + 8 * i, f->blocks[i].to);
		}
		size += 4 + 8 * f->count;
	}
	struct seg s = rig_ack(l->r);
	s.ack = f->ack;
	s.options = options;
	s.options_bytes = (uint8_t)size;
	rig_put(l->r, s);
}

static void session_send(struct link *l)
{
	static const uint8_t text[CHUNK_BYTES];
	struct chain chain = {0};
	size_t room = stream_send_room(&l->c->stream) / CHUNK_BYTES;
	while (room-- > 0 && chain_append(&chain, &l->pool, text, sizeof text))
		;
	if (chain.size > 0)
		stream_send(&l->c->stream, &chain);
}

static void link_step(struct link *l)
{
	struct rig *r = l->r;
	r->now_ns += STEP_NS;
	for (const struct frame *f; (f = line_take(l, l->there));)
		peer_take(l, f);
	if (l->peer.owed > 0 && r->now_ns - l->peer.owed_ns >= PATIENCE_NS)
		peer_acknowledge(l);
	bool has_more;
	do {
		const struct frame *f = NULL;
		while (r->queued.count < PACKETS_PER_TURN && (f = line_take(l, l->back)))
			give_acknowledgement(l, f);
		has_more = f != NULL;
		session_send(l);
		rig_turn(r);
		for (unsigned i = 0; i < r->sent_count; i++)
			link_send(l, &r->sent[i]);
	} while (has_more || l->r->t->output.count > 0);
}

static struct link *link_new(struct shape shape)
{
	static const uint8_t plain[12] = {2, 4, 0x05, 0xb4, 1, 1, 4, 2, 1, 3, 3, 7};
	static const uint8_t stamped[20] = {2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0, 0,
					    0, 1, 0,    0,    0, 0, 1, 3,  3, 7};
	struct link *l = calloc(1, sizeof *l);
	struct tcp_options options = rig_options();
	require(l && chunk_pool_init(&l->pool, CHUNK_BYTES, CHUNKS) == 0);
	options.settings.send_buffer_bytes = SEND_BUFFER_BYTES;
	l->r = rig_new(options);
	l->shape = shape;
	l->random = 4711;
	l->c = shape.has_timestamps ? rig_open_with(l->r, 5000, stamped, sizeof stamped)
				    : rig_open_with(l->r, 5000, plain, sizeof plain);
	l->c->srtt_ms_x8 = 20 * 8;
	l->c->rttvar_ms_x4 = 20;
	l->c->snd_una = l->c->snd_nxt = l->c->snd_max = l->r->our_nxt = 1;
	l->peer.rcv_nxt = l->peer.told = 1;
	l->peer.time = tcp_ts_now(l->r->t, l->c->ts_offset);
	return l;
}

static void link_free(struct link *l)
{
	rig_free(l->r);
	require(l->pool.in_use == 0);
	chunk_pool_fini(&l->pool);
	free(l);
}

static void link_run(struct link *l, double seconds)
{
	uint64_t end_ns = l->r->now_ns + (uint64_t)(seconds * 1e9);
	while (l->r->now_ns < end_ns)
		link_step(l);
}

/* How much of what the link can take came in order in the next seconds. */
static double share_used(struct link *l, double seconds)
{
	uint32_t before = l->peer.rcv_nxt;
	link_run(l, seconds);
	double most = seconds * 1e9 / NS_PER_BYTE / (MSS + OVERHEAD_BYTES) * MSS;
	return (l->peer.rcv_nxt - before) / most;
}

/* In half a second. Without a look at round trips it loses more than three thousand segments. */
Test(tcp_link, slow_start_finds_what_the_link_holds_with_few_losses, .timeout = 120)
{
	for (unsigned i = 0; i < 2; i++) {
		struct link *l = link_new(
			(struct shape){.queue_ms = QUEUE_MS, .has_timestamps = i == 1});
		link_run(l, 0.5);
		double share = share_used(l, 2);
		cr_assert(l->overflown < 1200, "%u", l->overflown);
		cr_assert(share > 0.95, "%g", share);
		link_free(l);
	}
}

Test(tcp_link, a_queue_that_grows_ends_slow_start_though_it_holds_all, .timeout = 120)
{
	struct link *l = link_new((struct shape){.queue_ms = 100});
	link_run(l, 1);
	cr_assert((l->c->flags & CONN_SSTHRESH) && l->overflown == 0);
	cr_assert(l->c->cwnd < SEND_BUFFER_BYTES, "%u", l->c->cwnd);
	double share = share_used(l, 1);
	cr_assert(share > 0.98, "%g", share);
	link_free(l);
}

Test(tcp_link, a_link_that_is_late_with_some_is_used_all_the_same, .timeout = 120)
{
	for (unsigned i = 0; i < 2; i++) {
		struct shape shape = {
			.late_ppm = 10000, .queue_ms = QUEUE_MS, .has_timestamps = i == 1};
		struct link *l = link_new(shape);
		link_run(l, 1);
		double share = share_used(l, 2);
		cr_assert(share > 0.9, "%g", share);
		cr_assert(rig_stat(l->r, STAT_tcp_recoveries_undone) > 0);
		link_free(l);
	}
}
