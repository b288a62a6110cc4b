/* kafka_fetch_pass.c - a list of partitions in, reads and watches at the writers, the answer
 * out; see kafka_fetch_pass.h. */
#include "dataplane/kafka/kafka_fetch_pass.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "dataplane/kafka/kafka_step.h"
#include "dataplane/session/ingest_parts.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/kafka/kafka_header.h"

enum {
	/* Largest part of an answer that is not records: a topic's name and its frame. */
	PIECE_BYTES_MAX = KAFKA_STRING_BYTES_MAX + 128,
	PIECE_CHUNKS_MAX = PIECE_BYTES_MAX / CHUNK_BYTES + 2,
	/* A read of less is not worth its trip. */
	READ_CHUNKS_MIN = 16,
	/* A parked fetch for which something has come already goes on after this. */
	AGAIN_MS = 1,
};

static void fetch_run(struct ingest *in, struct fetch *f);

/* ---- the answer ------------------------------------------------------------------------ */

/* Room for any piece: what begins to append a part can finish it. */
static bool has_room(const struct answers *as)
{
	return chunk_pool_left(&as->large) >= 2 * PIECE_CHUNKS_MAX;
}

static void emit_piece(const struct fetch *f, struct emitter *e,
		       const struct kafka_message *m, const void *piece)
{
	kafka_encode(m, f->version, piece, e);
}

static void append(struct answers *as, struct fetch *f, const struct emitter *e)
{
	require(!e->bad);
	bool fits = kafka_answer_append(as, &f->answer->bytes, e->start, emitter_size(e));
	require(fits); /* has_room() */
}

static void answer_begin(struct answers *as, struct fetch *f)
{
	uint8_t room[128];
	struct emitter e = emitter_of(room, sizeof room);
	struct fetch_answer_head head = {.error_code = f->error};
	kafka_response_header_emit(&e, f->correlation_id, f->is_flexible);
	emit_piece(f, &e, &fetch_answer_head, &head);
	kafka_length_emit(&e, f->is_flexible, f->error ? 0 : f->topics);
	append(as, f, &e);
}

static void emit_topic(const struct fetch *f, struct emitter *e, const struct fetch_part *part)
{
	uint8_t name[KAFKA_STRING_BYTES_MAX];
	chain_copy_out(&f->names, part->name_at, name, part->name_bytes);
	struct fetch_topic topic = {.name = {name, part->name_bytes}};
	emit_piece(f, e, &fetch_topic, &topic);
	kafka_length_emit(e, f->is_flexible, part->topic_parts);
}

static void emit_result(const struct fetch *f, struct emitter *e,
			const struct fetch_part *part)
{
	const struct fetch_found *found = &f->found;
	bool wants_aborted = f->isolation == FETCH_READ_COMMITTED && !found->error;
	struct fetch_result result = {
		.partition = part->partition,
		.error_code = found->error,
		.high_watermark = found->high_watermark,
		.last_stable_offset = found->high_watermark, /* no transactions */
		.log_start_offset = found->log_start_offset,
		.aborted.count = wants_aborted ? 0 : -1,
		.preferred_read_replica = FETCH_NO_REPLICA,
	};
	emit_piece(f, e, &fetch_result, &result);
	/* Empty, never null: librdkafka takes a null for a broken message set. */
	kafka_length_emit(e, f->is_flexible, (int64_t)found->bytes.size);
}

/* The part's place in the answer, its batches joined to it as they are. */
static void answer_part(struct answers *as, struct fetch *f, struct fetch_part *part)
{
	uint8_t room[PIECE_BYTES_MAX];
	struct emitter e = emitter_of(room, sizeof room);
	struct fetch_tags tags = {0};
	if (part->topic_parts) {
		f->topic_left = part->topic_parts;
		emit_topic(f, &e, part);
	}
	emit_result(f, &e, part);
	append(as, f, &e);
	f->bytes += (uint32_t)f->found.bytes.size;
	f->has_error |= f->found.error != KAFKA_ERROR_NONE;
	chain_join(&f->answer->bytes, &f->found.bytes);
	e = emitter_of(room, sizeof room);
	emit_piece(f, &e, &fetch_tags, &tags);
	if (--f->topic_left == 0)
		emit_piece(f, &e, &fetch_tags, &tags);
	append(as, f, &e);
	part->high_watermark = f->found.high_watermark;
	f->found = (struct fetch_found){0};
	f->bytes_needed = 0;
}

/* What an earlier pass found does not count: the log may have moved on. */
static void pass_begin(struct fetch *f)
{
	fetch_rewind(f);
	f->bytes = 0;
	f->has_error = false;
}

static bool is_at_start(const struct fetch *f)
{
	return f->chunk == f->parts.head && f->index == 0;
}

/* A pass that begins goes behind those who wait; one under way goes on: what it holds, they
 * wait for. */
static bool is_turn(const struct waits *w, const struct fetch *f, enum wait_for what)
{
	const struct session *s = &f->session->base;
	return !is_at_start(f) || waiting_is_turn(w, s, what);
}

/* The pass begins anew when there is memory again: what waits for it holds none. */
static void pass_drop(struct answers *as, struct waits *w, struct fetch *f)
{
	uint32_t chunks = f->bytes_needed ? f->bytes_needed / CHUNK_BYTES + 2 : READ_CHUNKS_MIN;
	chunks = min_u32(chunks + 2 * PIECE_CHUNKS_MAX, as->large.count);
	chain_give(&f->answer->bytes);
	chain_give(&f->found.bytes);
	f->found = (struct fetch_found){0};
	pass_begin(f);
	f->session->base.is_answering = true;
	session_wait_bytes(w, &f->session->base, WAIT_LARGE, chunks * CHUNK_BYTES);
}

/* ---- reads ----------------------------------------------------------------------------- */

/* Bytes the part may still bring; with none left its read asks for the watermark only. */
static uint32_t part_budget(const struct fetch *f, const struct fetch_part *part)
{
	uint32_t left = f->max_bytes > f->bytes ? f->max_bytes - f->bytes : 0;
	return min_u32(min_u32(part->bytes_max, left), FETCH_READ_BYTES_MAX);
}

/* Chunks for the read: a batch begins anywhere in its first block. 0 with *starved: there
 * are too few now. */
static uint32_t chunks_for(struct answers *as, struct waits *w, const struct fetch *f,
			   uint32_t budget, bool *starved)
{
	uint32_t left = chunk_pool_left(&as->large);
	uint32_t spare = 2 * PIECE_CHUNKS_MAX;
	uint32_t usable = left > spare ? left - spare : 0;
	uint32_t bytes = max_u32(budget, f->bytes_needed);
	uint32_t wanted = bytes / CHUNK_BYTES + 2;
	/* A first look may be short; a batch that must come needs all of its chunks. */
	uint32_t least = f->bytes_needed ? wanted : min_u32(wanted, READ_CHUNKS_MIN);
	/* An answer with batches does not wait for more: what it holds, others wait for. */
	*starved = f->bytes == 0 && usable < least;
	if (usable < least || (f->bytes > 0 && budget == 0))
		return 0;
	/* What is left over the least goes to those who wait, or were admitted together. */
	bool is_shared = f->session->base.admitted == WAIT_LARGE ||
			 !list_is_empty(&w->lines[WAIT_LARGE]);
	return is_shared ? least : min_u32(wanted, usable);
}

static bool can_ever_hold(const struct answers *as, uint32_t bytes)
{
	return bytes / CHUNK_BYTES + 2 + 2 * PIECE_CHUNKS_MAX <= as->large.count;
}

static void read_wait(struct waits *w, struct fetch *f, enum wait_for what)
{
	f->session->base.is_answering = true;
	session_wait(w, &f->session->base, what);
}

/* False: it waits for memory, or for its turn to read. */
static bool read_send(struct reading *rd, struct answers *as, struct waits *w, struct fetch *f,
		      struct fetch_part *part)
{
	unsigned writer = writer_of_slot(part->ref.slot, rd->writer_count);
	struct handoff *h = rd->writers[writer];
	uint32_t budget = part_budget(f, part);
	bool starved;
	uint32_t chunks = chunks_for(as, w, f, budget, &starved);
	if (starved) {
		pass_drop(as, w, f);
		return false;
	}
	if (chunks == 0)
		f->min_bytes = 0; /* what cannot be held is not waited for */
	bool may_read = is_turn(w, f, WAIT_READ + writer) && handoff_has_room(h, HANDOFF_READ);
	struct read_msg *r = may_read ? slab_take(&rd->reads) : NULL;
	if (!r) {
		read_wait(w, f, WAIT_READ + writer);
		return false;
	}
	r->msg = (struct handoff_msg){.kind = HANDOFF_READ, .sender = rd->poller};
	r->partition = part->ref;
	r->offset = part->offset;
	r->bytes_max = budget;
	r->owner = f;
	for (uint32_t i = 0; i < chunks; i++)
		chain_push(&r->bytes, chunk_take(&as->large));
	f->state = FETCH_READING;
	handoff_send(h, &r->msg);
	return true;
}

/* The chunks with bytes in them; the others go back. */
static struct chain chunks_used(struct chain *give)
{
	struct chain used = {0};
	for (struct chunk *c = give->head, *next; c; c = next) {
		next = c->next;
		c->next = NULL;
		if (c->len)
			chain_push(&used, c);
		else
			chunk_give(c);
	}
	*give = (struct chain){0};
	return used;
}

static void found_error(struct fetch *f, int16_t error)
{
	f->found = (struct fetch_found){
		.is_ready = true,
		.error = error,
		.high_watermark = -1,
		.log_start_offset = -1,
	};
}

/* What the read has found; or that it must be repeated with more room. */
static void found_take(struct answers *as, struct fetch *f, struct read_msg *r)
{
	struct chain bytes = chunks_used(&r->bytes);
	if (r->error) {
		chain_give(&bytes);
		found_error(f, r->error);
		return;
	}
	/* The first batch of the answer comes whole, at any size; a later one can wait. */
	if (r->bytes_needed && f->bytes == 0) {
		chain_give(&bytes);
		f->bytes_needed = r->bytes_needed;
		if (!can_ever_hold(as, f->bytes_needed))
			found_error(f, KAFKA_ERROR_UNKNOWN_SERVER_ERROR);
		return;
	}
	f->found = (struct fetch_found){
		.is_ready = true,
		.high_watermark = r->high_watermark,
		.log_start_offset = r->log_start_offset,
		.bytes = bytes,
	};
}

void kafka_read_done(struct ingest *in, struct read_msg *r)
{
	require(r->msg.kind == HANDOFF_READ);
	struct fetch *f = r->owner;
	f->state = FETCH_RUNNING;
	found_take(&in->answers, f, r);
	slab_give(&in->reading.reads, r);
	if (f->session) {
		fetch_run(in, f);
		return;
	}
	/* The session went while the read was away. */
	answer_done(&in->answers, f->answer);
	kafka_fetch_give(&in->reading, f);
}

/* ---- waiting --------------------------------------------------------------------------- */

/* One watch per lane: for the earliest that a parked fetch waits for. There is always room for
 * it (bounds.h). */
static void lane_watch(struct reading *rd, struct lane *lane)
{
	if (lane->is_watching || list_is_empty(&lane->parked))
		return;
	struct fetch_part *first = list_entry(lane->parked.next, struct fetch_part, node);
	struct handoff *h = rd->writers[writer_of_slot(first->ref.slot, rd->writer_count)];
	int64_t offset = first->high_watermark;
	list_for_each(node, &lane->parked)
	{
		int64_t other = list_entry(node, struct fetch_part, node)->high_watermark;
		offset = other < offset ? other : offset;
	}
	lane->watch = (struct watch_msg){
		.msg = {.kind = HANDOFF_WATCH, .sender = rd->poller},
		.kind = WATCH_HIGH_WATERMARK,
		.partition = first->ref,
		.offset = offset,
		.owner = lane,
	};
	lane->is_watching = true;
	handoff_send(h, &lane->watch.msg);
}

static void fetch_arm(struct sessions *ss, struct fetch *f, uint64_t after_ms)
{
	uint64_t left_ms = 0;
	if (f->deadline_ns > ss->now->ns)
		left_ms = (f->deadline_ns - ss->now->ns + NS_PER_MS - 1) / NS_PER_MS;
	session_arm(ss, &f->session->base, min_u64(left_ms, after_ms));
}

static void fetch_park(struct reading *rd, struct lanes *lanes, struct sessions *ss,
		       struct fetch *f)
{
	bool is_due = false;
	chain_give(&f->answer->bytes);
	f->state = FETCH_PARKED;
	fetch_rewind(f);
	for (struct fetch_part *part; (part = fetch_part_at(f)); fetch_next_part(f)) {
		struct lane *lane = lanes_get(lanes, part->ref);
		list_append(&lane->parked, &part->node);
		lane_watch(rd, lane);
		/* A watch beyond what this part saw: what it waits for has come already. */
		is_due |= lane->watch.offset > part->high_watermark;
	}
	fetch_arm(ss, f, is_due ? AGAIN_MS : UINT64_MAX);
}

/* All parts leave their lanes at once, whichever of them was due: a pass asks every one of them
 * again. */
static void fetch_unpark(struct fetch *f)
{
	f->state = FETCH_RUNNING;
	fetch_rewind(f);
	for (struct fetch_part *part; (part = fetch_part_at(f)); fetch_next_part(f))
		list_remove(&part->node);
}

/* ---- a pass ---------------------------------------------------------------------------- */

static void fetch_finish(struct reading *rd, struct answers *as, struct sessions *ss,
			 struct fetch *f)
{
	struct answer *a = f->answer;
	uint8_t room[8];
	struct emitter e = emitter_of(room, sizeof room);
	struct fetch_tags tags = {0};
	emit_piece(f, &e, &fetch_tags, &tags);
	append(as, f, &e);
	kafka_answer_seal(a);
	a->is_error = f->has_error || f->error;
	f->session->fetch = NULL;
	session_disarm(ss, &f->session->base);
	session_watch(ss, &f->session->base);
	kafka_heard(ss, f->session);
	kafka_fetch_give(rd, f);
	answer_done(as, a);
}

/* A peer that sends no more waits for nothing: perhaps it is gone, and nobody would tell us. */
static bool is_enough(const struct sessions *ss, const struct fetch *f)
{
	return f->bytes >= f->min_bytes || f->has_error || f->error || f->partitions == 0 ||
	       ss->now->ns >= f->deadline_ns || ss->is_draining ||
	       f->session->base.has_ended;
}

/* Goes on where the pass is; false: the session waits. */
static bool pass_step(struct ingest *in, struct fetch *f)
{
	struct fetch_part *part = f->error ? NULL : fetch_part_at(f);
	bool begins = chain_is_empty(&f->answer->bytes);
	if (!has_room(&in->answers) || (begins && !is_turn(&in->waits, f, WAIT_LARGE))) {
		pass_drop(&in->answers, &in->waits, f);
		return false;
	}
	if (begins)
		answer_begin(&in->answers, f);
	if (!part) {
		if (is_enough(&in->sessions, f))
			fetch_finish(&in->reading, &in->answers, &in->sessions, f);
		else
			fetch_park(&in->reading, &in->batching.lanes, &in->sessions, f);
		return true;
	}
	if (!f->found.is_ready && part->error)
		found_error(f, part->error);
	if (!f->found.is_ready)
		return read_send(&in->reading, &in->answers, &in->waits, f, part);
	answer_part(&in->answers, f, part);
	fetch_next_part(f);
	return true;
}

/* A fetch may end, park or wait for a read in any step: each leaves the state, or the session,
 * so that the loop ends. */
static void fetch_run(struct ingest *in, struct fetch *f)
{
	struct kafka_session *ks = f->session;
	while (ks->fetch == f && f->state == FETCH_RUNNING)
		if (!pass_step(in, f))
			return;
}

void kafka_fetch_begin(struct ingest *in, struct fetch *f)
{
	f->state = FETCH_RUNNING;
	session_disarm(&in->sessions, &f->session->base);
	pass_begin(f);
	fetch_run(in, f);
}

/* Again from the first part, with what is there now. */
static void fetch_again(struct ingest *in, struct fetch *f)
{
	fetch_unpark(f);
	session_disarm(&in->sessions, &f->session->base);
	pass_begin(f);
	fetch_run(in, f);
}

void kafka_fetch_resume(struct ingest *in, struct fetch *f)
{
	fetch_run(in, f);
}

void kafka_fetch_expire(struct ingest *in, struct fetch *f)
{
	if (f->state == FETCH_PARKED)
		fetch_again(in, f);
}

/* A parked part that the watch was for: its watermark has passed, or its partition is not
 * what it was. */
static struct fetch_part *part_due(const struct lane *lane, const struct watch_msg *w)
{
	list_for_each(node, &lane->parked)
	{
		struct fetch_part *part = list_entry(node, struct fetch_part, node);
		if (w->error || part->high_watermark <= w->offset ||
		    part->ref.generation != w->partition.generation)
			return part;
	}
	return NULL;
}

void kafka_watch_done(struct ingest *in, struct watch_msg *w)
{
	require(w->msg.kind == HANDOFF_WATCH && w->kind == WATCH_HIGH_WATERMARK);
	struct lane *lane = w->owner;
	lane->is_watching = false;
	for (struct fetch_part *part; (part = part_due(lane, w));) {
		/* A fenced partition fails every watch at once: its readers are told. */
		if (part->ref.generation == w->partition.generation)
			part->error = w->error;
		fetch_again(in, part->fetch);
	}
	lane_watch(&in->reading, lane);
}

/* ---- the end --------------------------------------------------------------------------- */

void kafka_fetch_give(struct reading *rd, struct fetch *f)
{
	chain_give(&f->parts);
	chain_give(&f->names);
	chain_give(&f->found.bytes);
	slab_give(&rd->fetches, f);
}

void kafka_fetch_close(struct reading *rd, struct answers *as, struct kafka_session *ks)
{
	struct fetch *f = ks->fetch;
	if (!f)
		return;
	ks->fetch = NULL;
	f->session = NULL;
	if (f->state == FETCH_PARKED)
		fetch_unpark(f);
	if (f->state == FETCH_READING)
		return; /* kafka_read_done() ends it; its answer is orphaned with the session */
	if (f->answer)
		kafka_answer_forget(as, f->answer);
	kafka_fetch_give(rd, f);
}
