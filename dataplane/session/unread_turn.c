/* unread_turn.c - readers in, those who do not take what they were sent out; see unread_turn.h. */
#include "dataplane/session/unread_turn.h"
#include "dataplane/session/answer_room.h"
#include "dataplane/session/ingest_parts.h"

enum {
	READERS_PER_LOOK = 64,
	LOOK_WANTED_MS = 10,   /* between looks, while others wait, */
	LOOK_HALF_MS = 100,    /* while half of the memory is out, */
	LOOK_MS = 1000,        /* and else */
	/* How long a peer may take nothing, or hardly anything: when he says that he has no room,
	 * and when what he says may have been lost on the way. */
	SHUT_MS = 250,
	OPEN_MS = 2000,
	/* A rate is measured anew after so many times as long. */
	RATE_TIMES = 4,
};

/* A look: over some of the readers. */
struct look {
	uint32_t now_ms;
	uint32_t timeout_ms;
	uint32_t rate_min;
	bool is_wanted;  /* others wait, */
	bool was_wanted; /* and did at the last look */
	bool found;      /* somebody has taken all, or ends */
	struct reader *slowest;
	uint64_t slowest_kib, slowest_ms, slowest_took_kib;
};

/* Somebody waits for memory for an answer, or would soon. */
static bool others_wait(const struct ingest *in)
{
	return answer_small_is_short(&in->answers) || answer_room_has_line(&in->waits);
}

static bool half_is_out(const struct answers *as)
{
	return answer_large_left(as, ANSWER_COMMON) < answer_large_max(as) / 2 ||
	       answer_chunks_left(as) < as->small.count / 2;
}

static void reader_end(struct ingest *in, struct look *k, struct reader *r, enum stat_id why)
{
	struct answers *as = &in->answers;
	answer_charge(as, r->session);
	unread_note_fault(&as->unread, owners_source(&as->owners), k->now_ms);
	stats_add(&in->stats, why, 1);
	session_reset(in, r->session);
	k->found = true;
}

static void rate_begin(struct reader *r, const struct stream_sending *now, uint32_t now_ms)
{
	r->rate_ms = now_ms;
	r->rate_taken = now->taken;
}

/* Time and bytes since the last look, if others waited all the while. */
static void note_want(struct reader *r, const struct look *k, const struct stream_sending *now)
{
	if (k->is_wanted && k->was_wanted && !now->is_ours) {
		r->want_ms += k->now_ms - r->looked_ms;
		r->want_bytes += now->taken - r->taken;
	}
	r->looked_ms = k->now_ms;
	r->taken = now->taken;
}

/* Over a stall timeout of want; then it begins anew. */
static bool is_below_rate(struct reader *r, const struct look *k)
{
	if (r->want_ms < k->timeout_ms)
		return false;
	bool is_below = r->want_bytes < (uint64_t)k->rate_min * r->want_ms / 1000;
	r->want_ms = r->want_bytes = 0;
	return is_below;
}

/* Would what it holds, at the rate it has, take longer than a stall timeout? Compares who would
 * with the slowest so far, crosswise. */
static void compare(struct ingest *in, struct look *k, struct reader *r,
		    const struct stream_sending *now)
{
	uint32_t least_ms = now->is_shut ? SHUT_MS : OPEN_MS;
	uint32_t own_ms = k->now_ms - r->rate_ms, took = now->taken - r->rate_taken;
	if (now->still_ms >= least_ms) {
		own_ms = now->still_ms;
		took = 0;
	}
	if (own_ms < least_ms)
		return;
	bool is_slow = (uint64_t)now->held * own_ms > (uint64_t)took * k->timeout_ms;
	if (!is_slow || own_ms > RATE_TIMES * least_ms)
		rate_begin(r, now, k->now_ms);
	uint64_t kib = answer_bytes_held(&in->answers, r->session) / 1024 + 1;
	uint64_t took_kib = took / 1024 + 1;
	if (!is_slow || (k->slowest && kib * own_ms * k->slowest_took_kib <=
					       k->slowest_kib * k->slowest_ms * took_kib))
		return;
	k->slowest = r;
	k->slowest_kib = kib;
	k->slowest_ms = own_ms;
	k->slowest_took_kib = took_kib;
}

/* The first of those that were looked at longest ago. */
static void look_next(struct ingest *in, struct look *k)
{
	struct unread *u = &in->answers.unread;
	struct reader *r = list_entry(u->readers.next, struct reader, node);
	struct stream_sending now = stream_sending(r->session->stream);
	list_remove(&r->node);
	if (now.held == 0) {
		u->count--;
		k->found = true;
		return;
	}
	list_append(&u->readers, &r->node);
	note_want(r, k, &now);
	if (now.is_ours)
		rate_begin(r, &now, k->now_ms);
	else if (now.still_ms >= k->timeout_ms)
		reader_end(in, k, r, STAT_sessions_unread);
	else if (is_below_rate(r, k))
		reader_end(in, k, r, STAT_sessions_read_slowly);
	else
		compare(in, k, r, &now);
}

static uint32_t pause_ms(const struct ingest *in, const struct look *k)
{
	if (k->found)
		return 0;
	if (k->is_wanted)
		return LOOK_WANTED_MS;
	return half_is_out(&in->answers) ? LOOK_HALF_MS
					 : min_u32(LOOK_MS, max_u32(k->timeout_ms / 4, 1));
}

/* How long until the next look is due; a want that has begun since the last brings it forward. */
static uint32_t look_after_ms(const struct ingest *in, uint32_t now_ms)
{
	const struct unread *u = &in->answers.unread;
	int32_t after_ms = (int32_t)(u->look_ms - now_ms);
	if (after_ms > 0 && !u->was_wanted && others_wait(in))
		return 0;
	return after_ms > 0 ? (uint32_t)after_ms : 0;
}

void unread_turn(struct ingest *in)
{
	struct unread *u = &in->answers.unread;
	uint32_t now_ms = (uint32_t)(in->now.ns / NS_PER_MS);
	if (likely(u->count == 0) || look_after_ms(in, now_ms) > 0)
		return;
	struct look k = {.now_ms = now_ms,
			 .timeout_ms = in->settings.answer_timeout_ms,
			 .rate_min = in->settings.answer_rate_min,
			 .is_wanted = others_wait(in),
			 .was_wanted = u->was_wanted};
	for (uint32_t left = min_u32(u->count, READERS_PER_LOOK); left > 0 && u->count > 0; left--)
		look_next(in, &k);
	if (k.is_wanted && k.slowest && k.slowest->session)
		reader_end(in, &k, k.slowest, STAT_sessions_read_last);
	u->was_wanted = k.is_wanted;
	u->look_ms = now_ms + pause_ms(in, &k);
}

uint64_t unread_idle_ns(const struct ingest *in, uint64_t now_ns, uint64_t limit_ns)
{
	if (in->answers.unread.count == 0)
		return limit_ns;
	return min_u64(limit_ns,
		       look_after_ms(in, (uint32_t)(now_ns / NS_PER_MS)) * (uint64_t)NS_PER_MS);
}
