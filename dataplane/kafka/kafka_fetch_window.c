/* kafka_fetch_window.c - parts in, lists of reads at their writers out; see
 * kafka_fetch_window.h. */
#include "dataplane/kafka/kafka_fetch_window.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "dataplane/kafka/kafka_fetch_answer.h"
#include "dataplane/kafka/kafka_fetch_park.h"
#include "dataplane/session/answer_room.h"
#include "dataplane/session/ingest_parts.h"

enum {
	/* A read of less is not worth its trip. */
	READ_CHUNKS_MIN = 16,
	READS_PER_WINDOW = 64,
	FEW_READS = 4,
	/* A pass that has found something reads on for so long, whatever `max_wait` says. */
	READ_ON_MS = 100,
};

/* A window that is being planned. */
struct window {
	struct reading *rd;
	struct answers *as;
	const struct waits *waits;
	struct fetch *f;
	struct read_list *lists[WRITERS_MAX];
	uint32_t reads;
	uint64_t bytes; /* its reads may bring, at most */
	enum wait_for lacks; /* what the session waits for, or WAIT_NOTHING */
};

/* A batch begins anywhere in its first block, and leaves the chunk before it unfinished. */
static uint32_t chunks_of(uint32_t bytes)
{
	return bytes / CHUNK_BYTES + 2;
}

uint32_t fetch_first_chunks(const struct answers *as, const struct fetch *f)
{
	uint32_t wanted = f->bytes_needed ? chunks_of(f->bytes_needed) : READ_CHUNKS_MIN;
	uint32_t most = answer_large_max(as);
	return min_u32(wanted, most - min_u32(f->pieces + 1, most)) + 1;
}

uint32_t fetch_read_chunks(const struct answers *as, const struct fetch *f)
{
	uint32_t some = answer_large_max(as) / FETCH_POOL_SHARE / FEW_READS;
	return f->partitions == 1 ? UINT32_MAX : max_u32(READ_CHUNKS_MIN, some - min_u32(some, 2));
}

/* Is there a reason to read no more, once something has been found? */
static bool is_over(const struct answers *as, const struct fetch *f)
{
	const struct session *s = &f->session->base;
	uint64_t read_on_ns = f->started_ns + READ_ON_MS * NS_PER_MS;
	return f->bytes >= f->max_bytes || as->now->ns >= max_u64(f->deadline_ns, read_on_ns) ||
	       s->has_ended || s->is_closing;
}

/* Bytes the part may still bring. */
static uint32_t part_budget(const struct window *w, const struct fetch_part *part)
{
	uint64_t used = w->f->bytes + w->bytes;
	uint32_t left = w->f->max_bytes > used ? w->f->max_bytes - (uint32_t)used : 0;
	return min_u32(min_u32(part->bytes_max, left), FETCH_READ_BYTES_MAX);
}

/* Others wait for chunks, or would if the region were not kept for such: they have what is left
 * over. */
static bool is_shared(const struct window *w)
{
	return w->f->region != ANSWER_COMMON ||
	       answer_room_is_wanted(w->waits, &w->f->session->base);
}

/* What the fetch may still take, of what it was promised and of what is free. */
static uint32_t chunks_room(const struct window *w)
{
	const struct fetch *f = w->f;
	uint32_t share = answer_large_max(w->as) / FETCH_POOL_SHARE;
	uint32_t own = f->promised - min_u32(f->pieces, f->promised);
	uint32_t free = is_shared(w) ? 0 : answer_large_left(w->as, w->f->region);
	uint32_t more = share > f->chunks + own ? share - f->chunks - own : 0;
	uint32_t room = own + min_u32(free, more);
	return room > w->reads ? room - w->reads : 0; /* one for each batch's beginning */
}

/* How many the part's read gets; 0: there are too few left. */
static uint32_t chunks_for(const struct window *w, uint32_t budget)
{
	const struct fetch *f = w->f;
	bool is_first = f->bytes == 0 && w->reads == 0;
	uint32_t room = chunks_room(w);
	uint32_t wanted = min_u32(chunks_of(budget), f->read_chunks);
	uint32_t least = min_u32(wanted, READ_CHUNKS_MIN);
	if (is_first && f->bytes_needed)
		wanted = least = chunks_of(f->bytes_needed);
	/* The first has what the pass was promised, if that is all there is. */
	if (is_first && room > 1)
		least = min_u32(least, room - 1);
	return room > least ? min_u32(wanted, room - 1) : 0;
}

/* Null: no place to read, and `lacks` says which. */
static struct read_msg *read_take(struct window *w, unsigned writer)
{
	enum wait_for what = WAIT_READ + writer;
	const struct session *s = &w->f->session->base;
	/* A pass that begins goes behind those who wait; what one under way holds they wait for. */
	bool is_begun = w->f->bytes > 0 || w->reads > 0;
	bool may_read = is_begun || waiting_is_turn(w->waits, s, what);
	bool is_crowded = w->reads > 0 && !list_is_empty(&w->waits->lines[what]);
	if (may_read && !is_crowded && !w->lists[writer] &&
	    handoff_has_room(w->rd->writers[writer], HANDOFF_READ)) {
		w->lists[writer] = slab_take(&w->rd->lists);
		if (w->lists[writer])
			read_list_init(w->lists[writer], w->rd->poller);
	}
	struct read_msg *r = may_read && !is_crowded && w->lists[writer] ? slab_take(&w->rd->reads)
								     : NULL;
	if (!r)
		w->lacks = what;
	return r;
}

static bool read_add(struct window *w, struct fetch_part *part, uint32_t budget, uint32_t chunks)
{
	unsigned writer = writer_of_slot(part->ref.slot, w->rd->writer_count);
	struct read_msg *r = read_take(w, writer);
	if (!r)
		return false;
	struct fetch *f = w->f;
	uint32_t own = f->promised - min_u32(f->pieces, f->promised);
	uint32_t needed = chunks + 1 + w->reads;
	bool is_promised = own >= needed || fetch_promise(w->as, f, needed - own);
	require(is_promised); /* chunks_room() */
	r->partition = part->ref;
	r->offset = part->offset;
	r->bytes_max = budget;
	r->owner = part;
	for (uint32_t i = 0; i < chunks; i++)
		chain_push(&r->bytes, fetch_chunk_take(w->as, f));
	read_list_add(w->lists[writer], r);
	list_append(&f->reads, &r->of_request);
	w->bytes += min_u32(max_u32(budget, f->bytes_needed), chunks * CHUNK_BYTES);
	w->reads++;
	return true;
}

/* Is the part to be read? Without news its watermark is known. */
static bool part_is_read(struct window *w, struct fetch_part *part)
{
	struct partition_news news;
	if (part->error || w->f->is_full)
		return false;
	if (!fetch_part_news(w->rd, part, &news))
		return true; /* its writer knows what to say */
	part->high_watermark = news.high_watermark;
	part->bytes = (uint32_t)news.bytes;
	return !part->is_negative && part->offset >= news.log_start_offset &&
	       news.high_watermark > part->offset;
}

/* False: the window ends before this part. */
static bool plan_part(struct window *w, struct fetch_part *part)
{
	struct fetch *f = w->f;
	if (!part_is_read(w, part))
		return true;
	bool is_first = f->bytes == 0 && w->reads == 0;
	if (part->bytes_max == 0 && !is_first)
		return true;
	uint32_t budget = part_budget(w, part);
	uint32_t chunks = chunks_for(w, budget);
	bool is_enough = f->bytes > 0 && (is_over(w->as, f) || chunks == 0);
	if (w->reads == 0 && is_enough) {
		f->is_full = true;
		return true;
	}
	if (w->reads > 0 && (chunks == 0 || budget == 0))
		return false;
	require(chunks > 0);
	return read_add(w, part, budget, chunks);
}

static void window_send(struct window *w)
{
	for (unsigned i = 0; i < w->rd->writer_count; i++) {
		struct read_list *l = w->lists[i];
		if (!l)
			continue;
		if (list_is_empty(&l->reads)) {
			slab_give(&w->rd->lists, l);
			continue;
		}
		l->owner = w->f;
		w->f->lists_out++;
		handoff_send(w->rd->writers[i], &l->msg);
	}
	if (w->reads > 0)
		w->f->state = FETCH_READING;
}

enum fetch_planned fetch_window_plan(struct reading *rd, struct answers *as, struct waits *waits,
				     struct fetch *f, uint32_t parts)
{
	struct window w = {.rd = rd, .as = as, .waits = waits, .f = f};
	struct fetch_place ahead = f->place;
	for (struct fetch_part *part; parts > 0 && (part = fetch_part_at(&ahead)); parts--) {
		if (w.reads == READS_PER_WINDOW || !plan_part(&w, part))
			break;
		fetch_next_part(&ahead);
		f->planned = ahead.number;
	}
	window_send(&w);
	if (w.reads > 0 || f->planned > f->place.number)
		return FETCH_PLANNED;
	f->session->base.is_answering = true;
	session_wait(waits, &f->session->base, w.lacks);
	return FETCH_WAITS_TO_READ;
}

/* ---- what came back -------------------------------------------------------------------- */

/* Keeps the chunks with bytes in them; the others are promised again. */
static uint32_t chunks_sort(struct answers *as, struct fetch *f, struct read_msg *r)
{
	struct chain used = {0}, empty = {0};
	uint32_t count = 0;
	for (struct chunk *c = r->bytes.head, *next; c; c = next) {
		next = c->next;
		bool is_used = c->len > 0 && !r->error && !r->bytes_needed;
		chain_push(is_used ? &used : &empty, c);
		count += is_used;
	}
	r->bytes = used;
	fetch_chunks_give(as, f, &empty);
	return count;
}

void fetch_window_back(struct answers *as, struct fetch *f)
{
	uint32_t most = 0, joins = 0;
	list_for_each(node, &f->reads)
	{
		struct read_msg *r = list_entry(node, struct read_msg, of_request);
		uint32_t used = chunks_sort(as, f, r);
		most = max_u32(most, r->bytes_needed ? chunks_of(r->bytes_needed) : used);
		joins += used > 0;
	}
	f->read_chunks = max_u32(2 * most, READ_CHUNKS_MIN);
	/* Who found nothing at all keeps what its first read needs. */
	if (joins > 0)
		fetch_promise_keep(as, f, f->pieces + joins);
}

struct read_msg *fetch_window_read(const struct fetch *f, const struct fetch_part *part)
{
	if (list_is_empty(&f->reads))
		return NULL;
	struct read_msg *r = list_entry(f->reads.next, struct read_msg, of_request);
	return r->owner == part ? r : NULL;
}

void fetch_window_give(struct reading *rd, struct answers *as, struct fetch *f,
		       struct read_msg *r)
{
	fetch_chunks_give(as, f, &r->bytes);
	list_remove(&r->of_request);
	slab_give(&rd->reads, r);
}

void fetch_window_drop(struct reading *rd, struct answers *as, struct fetch *f)
{
	while (!list_is_empty(&f->reads))
		fetch_window_give(rd, as, f,
				  list_entry(f->reads.next, struct read_msg, of_request));
}
