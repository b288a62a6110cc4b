/* kafka_fetch_pass.c - a fetch from its request to its answer, step by step; see
 * kafka_fetch_pass.h. */
#include "dataplane/kafka/kafka_fetch_pass.h"
#include "dataplane/base/require.h"
#include "dataplane/kafka/kafka_fetch_answer.h"
#include "dataplane/kafka/kafka_fetch_park.h"
#include "dataplane/kafka/kafka_fetch_session.h"
#include "dataplane/kafka/kafka_fetch_window.h"
#include "dataplane/kafka/kafka_step.h"
#include "dataplane/session/answer_room.h"
#include "dataplane/session/ingest_parts.h"
#include "dataplane/wire/kafka/kafka_error.h"

enum {
	/* Parts of one fetch that a turn looks at; and of each in any case. */
	STEPS_EACH = 512,
	STEPS_MIN = 16,
	PARTS_PER_WINDOW = 256,
};

/* ---- the end of a pass ----------------------------------------------------------------- */

/* Gives the fetch and what it holds back; nothing is at a writer, nothing is parked. */
static void fetch_give(struct reading *rd, struct answers *as, struct fetch *f)
{
	fetch_window_drop(rd, as, f);
	fetch_promise_keep(as, f, 0);
	fetch_session_break(rd, f);
	chain_give(&f->parts);
	chain_give(&f->names);
	slab_give(&rd->fetches, f);
}

static void fetch_finish(struct reading *rd, struct answers *as, struct sessions *ss,
			 struct fetch *f)
{
	struct answer *a = f->answer;
	fetch_answer_end(as, f);
	a->is_error = f->has_error || f->error || f->absent > 0;
	f->session->fetch = NULL;
	session_disarm(ss, &f->session->base);
	session_watch(ss, &f->session->base);
	kafka_heard(ss, f->session);
	fetch_session_leave(rd, f);
	fetch_give(rd, as, f);
	answer_done(as, a);
}

/* A peer that sends no more waits for nothing: perhaps it is gone, and nobody would tell us. What
 * an answer has no room for is not waited for. */
static bool is_enough(const struct sessions *ss, const struct fetch *f)
{
	return f->bytes >= f->min_bytes || f->is_full || f->has_error || f->error ||
	       f->partitions == f->absent || ss->now->ns >= f->deadline_ns || ss->is_draining ||
	       f->session->base.has_ended;
}

/* What an earlier pass found does not count: the log may have moved on. */
static void pass_begin(const struct answers *as, struct fetch *f)
{
	f->state = FETCH_RUNNING;
	fetch_rewind(f);
	f->planned = 0;
	f->read_chunks = fetch_read_chunks(as, f);
	f->pieces = fetch_pieces_max(f);
	f->bytes = 0;
	f->has_error = false;
	f->is_full = false;
	f->is_promised = false;
	f->starved = (struct fetch_place){0};
}

/* Begins anew when there is memory for the first batch, too. */
static void pass_again(struct reading *rd, struct answers *as, struct fetch *f)
{
	fetch_window_drop(rd, as, f);
	fetch_answer_drop(as, f);
	pass_begin(as, f);
}

/* ---- a part ---------------------------------------------------------------------------- */

static void found_error(struct fetch_found *found, int16_t error)
{
	*found = (struct fetch_found){
		.error = error, .high_watermark = -1, .log_start_offset = -1};
}

static bool can_ever_hold(const struct answers *as, const struct fetch *f, uint32_t bytes)
{
	return bytes / CHUNK_BYTES + 3 + fetch_pieces_max(f) <= answer_large_max(as);
}

/* False: the first batch of the answer comes whole, at any size, and this read had no room for it.
 * A later one can wait. */
static bool found_read(const struct answers *as, struct fetch *f, struct fetch_part *part,
		       struct read_msg *r, struct fetch_found *found)
{
	if (r->error) {
		found_error(found, r->error);
		return true;
	}
	if (r->bytes_needed && f->bytes == 0) {
		f->bytes_needed = r->bytes_needed;
		if (can_ever_hold(as, f, f->bytes_needed))
			return false;
		found_error(found, KAFKA_ERROR_UNKNOWN_SERVER_ERROR);
		return true;
	}
	*found = (struct fetch_found){.high_watermark = r->high_watermark,
				      .log_start_offset = r->log_start_offset};
	part->high_watermark = r->high_watermark;
	/* A read brings a whole batch at least: one beyond a limit is not for a later part. */
	if (f->bytes == 0 ||
	    (r->bytes.size <= part->bytes_max && f->bytes + r->bytes.size <= f->max_bytes))
		chain_join(&found->bytes, &r->bytes);
	return true;
}

/* A part that was not read: without news, or the answer is full. */
static void found_news(struct reading *rd, const struct fetch_part *part,
		       struct fetch_found *found)
{
	struct partition_news news;
	if (part->error)
		found_error(found, part->error);
	else if (!fetch_part_news(rd, part, &news))
		found_error(found, fetch_part_refusal(part, &news));
	else if (part->offset < news.log_start_offset || part->offset > news.log_end_offset)
		found_error(found, KAFKA_ERROR_OFFSET_OUT_OF_RANGE);
	else if (part->is_negative && part->offset < news.high_watermark)
		found_error(found, KAFKA_ERROR_UNKNOWN_SERVER_ERROR);
	else
		*found = (struct fetch_found){.high_watermark = news.high_watermark,
					      .log_start_offset = news.log_start_offset};
}

static void part_step(struct reading *rd, struct answers *as, struct fetch *f,
		      struct fetch_part *part)
{
	struct read_msg *r = fetch_window_read(f, part);
	struct fetch_found found;
	if (!r) {
		found_news(rd, part, &found);
	} else if (!found_read(as, f, part, r, &found)) {
		pass_again(rd, as, f);
		return;
	}
	if (found.bytes.size > 0)
		f->bytes_needed = 0;
	else if (!f->starved.chunk && found.high_watermark > part->offset)
		f->starved = f->place;
	if (fetch_session_tells(f, part, &found))
		fetch_answer_part(as, f, part, &found);
	if (r)
		fetch_window_give(rd, as, f, r);
	fetch_next_part(&f->place);
}

/* ---- one step after the other ---------------------------------------------------------- */

/* False: the session waits, and holds nothing. */
static bool memory_take(struct answers *as, struct waits *w, struct fetch *f)
{
	struct session *s = &f->session->base;
	bool has_reads = f->partitions > f->absent && !f->error;
	uint32_t chunks = f->pieces + (has_reads ? fetch_first_chunks(as, f) : 0);
	if (answer_room(as, w, s, chunks, &f->region)) {
		bool is_promised = fetch_promise(as, f, chunks);
		require(is_promised); /* answer_room() */
		return true;
	}
	s->is_answering = true;
	return false;
}

static void pass_end(struct ingest *in, struct fetch *f)
{
	if (is_enough(&in->sessions, f)) {
		fetch_finish(&in->reading, &in->answers, &in->sessions, f);
		return;
	}
	fetch_answer_drop(&in->answers, f);
	f->lacking = f->min_bytes - f->bytes;
	fetch_look_begin(f);
}

/* False: the session waits. */
static bool pass_step(struct ingest *in, struct fetch *f)
{
	struct fetch_part *part = f->is_bare ? NULL : fetch_part_at(&f->place);
	if (!f->is_promised) {
		if (!memory_take(&in->answers, &in->waits, f))
			return false;
		f->is_promised = true;
		fetch_answer_begin(&in->answers, f);
	}
	if (!part)
		pass_end(in, f);
	else if (f->place.number == f->planned)
		return fetch_window_plan(&in->reading, &in->answers, &in->waits, f,
					 PARTS_PER_WINDOW) == FETCH_PLANNED;
	else
		part_step(&in->reading, &in->answers, f, part);
	return true;
}

/* Who parks while others wait for what it holds does not park for long. */
static void park(struct ingest *in, struct fetch *f)
{
	fetch_park(&in->sessions, f);
	if (f->kept_in || f->parts.size + f->names.size <= FETCH_SMALL_BYTES)
		return;
	list_append(&in->reading.large, &f->large);
	if (!list_is_empty(&in->waits.lines[WAIT_PARTS]) ||
	    !list_is_empty(&in->waits.lines[WAIT_PARTS_SMALL]))
		kafka_fetch_hurry(in);
}

static bool fetch_step(struct ingest *in, struct fetch *f)
{
	if (f->state != FETCH_LOOKING)
		return pass_step(in, f);
	if (!fetch_part_at(&f->place))
		park(in, f);
	else if (!fetch_look_step(&in->reading, &in->batching.lanes, f))
		pass_begin(&in->answers, f);
	return true;
}

/* How many steps the fetch may take in this turn. */
static uint32_t steps_take(const struct reading *rd)
{
	return min_u32(max_u32(rd->steps_left, STEPS_MIN), STEPS_EACH);
}

/* A fetch may end, park or wait for reads in any step: each leaves the state, or the session, so
 * that the loop ends. One with more parts than a turn can look at goes on in the next. */
static void fetch_run(struct ingest *in, struct fetch *f)
{
	struct kafka_session *ks = f->session;
	struct reading *rd = &in->reading;
	uint32_t steps = steps_take(rd), left = steps;
	bool goes_on = true;
	while (goes_on && left > 0 && ks->fetch == f && f->state != FETCH_READING &&
	       f->state != FETCH_PARKED) {
		goes_on = fetch_step(in, f);
		left--;
	}
	rd->steps_left -= min_u32(steps - left, rd->steps_left);
	if (goes_on && left == 0 && ks->fetch == f) {
		ks->base.is_answering = true;
		stream_wake(ks->base.stream, STREAM_READABLE);
	}
}

static void fetch_start(struct ingest *in, struct fetch *f)
{
	session_disarm(&in->sessions, &f->session->base);
	f->bytes = 0;
	f->has_error = false;
	f->is_full = false;
	if (is_enough(&in->sessions, f))
		pass_begin(&in->answers, f);
	else
		fetch_look_begin(f);
	fetch_run(in, f);
}

void kafka_fetch_begin(struct ingest *in, struct fetch *f)
{
	fetch_start(in, f);
}

void kafka_fetch_again(struct ingest *in, struct fetch *f)
{
	if (f->state != FETCH_PARKED && f->state != FETCH_LOOKING)
		return;
	fetch_unpark(f);
	fetch_start(in, f);
}

void kafka_fetch_hurry(struct ingest *in)
{
	struct list *node = list_take_first(&in->reading.large);
	if (!node)
		return;
	struct fetch *f = list_entry(node, struct fetch, large);
	f->deadline_ns = in->now.ns;
	session_arm(&in->sessions, &f->session->base, 0);
	stats_add(&in->stats, STAT_fetches_hurried, 1);
}

void kafka_fetch_resume(struct ingest *in, struct fetch *f)
{
	fetch_run(in, f);
}

void kafka_read_done(struct ingest *in, struct read_list *l)
{
	require(l->msg.kind == HANDOFF_READ);
	struct fetch *f = l->owner;
	slab_give(&in->reading.lists, l);
	if (--f->lists_out > 0)
		return;
	f->state = FETCH_RUNNING;
	fetch_window_back(&in->answers, f);
	if (f->session) {
		fetch_run(in, f);
		return;
	}
	/* The session went while reads were away. */
	answer_done(&in->answers, f->answer);
	fetch_give(&in->reading, &in->answers, f);
}

void kafka_watch_done(struct ingest *in, struct watch_msg *w)
{
	require(w->msg.kind == HANDOFF_WATCH && w->kind == WATCH_HIGH_WATERMARK);
	fetch_lane_fired(&in->reading, w->owner);
}

bool kafka_fetches_wake(struct ingest *in)
{
	const struct list *waking = &in->reading.waking;
	bool any = !list_is_empty(waking);
	for (unsigned left = FETCH_WAKES_PER_TURN; left > 0 && !list_is_empty(waking); left--) {
		struct lane *lane = list_entry(waking->next, struct lane, waking);
		struct fetch_part *part = fetch_lane_due(&in->reading, lane);
		if (!part)
			continue;
		/* A fenced partition fails every watch at once: its readers are told. */
		if (part->ref.generation == lane->watch.partition.generation)
			part->error = lane->watch.error;
		kafka_fetch_again(in, part->fetch);
	}
	return any;
}

void kafka_fetch_close(struct reading *rd, struct answers *as, struct kafka_session *ks)
{
	struct fetch *f = ks->fetch;
	if (!f)
		return;
	ks->fetch = NULL;
	f->session = NULL;
	if (f->state == FETCH_PARKED || f->state == FETCH_LOOKING)
		fetch_unpark(f);
	if (f->state == FETCH_READING)
		return; /* kafka_read_done() ends it; its answer is orphaned with the session */
	if (f->answer)
		kafka_answer_forget(as, f->answer);
	fetch_give(rd, as, f);
}
