/* kafka_fetch_session.c - a request's list in, the session's list of partitions out, and back; see
 * kafka_fetch_session.h. */
#include "dataplane/kafka/kafka_fetch_session.h"
#include "dataplane/base/require.h"
#include "dataplane/batch/topics.h"
#include "dataplane/kafka/fetch_sessions.h"
#include "dataplane/kafka/kafka_fetch_answer.h"
#include "dataplane/kafka/kafka_fetch_parts.h"
#include "dataplane/session/ingest_parts.h"
#include "dataplane/wire/kafka/kafka_error.h"

enum {
	PARTS_PER_CHUNK = CHUNK_PARTS_BYTES / sizeof(struct fetch_part),
	/* What is forgotten leaves its topic's name behind: with so much of that it is over. */
	NAMES_LEFT_BYTES_MAX = 16384,
};

static void refuse(struct fetch *f, int16_t error)
{
	f->error = error;
	f->is_bare = true;
}

static uint32_t chunks_for(uint32_t partitions, size_t names)
{
	return partitions / PARTS_PER_CHUNK + (uint32_t)(names / CHUNK_PARTS_BYTES) + 2;
}

/* ---- lists ----------------------------------------------------------------------------- */

/* A part's copy at the end of a list; `name_at` is where its name lies there. */
static struct fetch_part *part_add(struct fetch *f, struct chunk_pool *pool,
				   const struct fetch_part *part, uint32_t name_at)
{
	struct fetch_part *copy = (void *)chain_reserve(&f->parts, pool, sizeof *copy);
	require(copy);
	*copy = *part;
	list_init(&copy->node);
	copy->fetch = f;
	copy->name_at = name_at;
	copy->topic_parts = 0;
	copy->told_high_watermark = copy->told_log_start = -1;
	f->partitions++;
	f->absent += part->is_absent;
	f->part_names += part->name_bytes;
	return copy;
}

/* Names are read in nearly the order in which they lie. */
struct names_read {
	const struct chain *chain;
	struct chain_place place;
	uint8_t *room; /* KAFKA_STRING_BYTES_MAX: for the one that was read last */
};

static struct bytes name_read(struct names_read *r, const struct fetch_part *part)
{
	if (part->name_bytes > 0)
		chain_copy_on(r->chain, &r->place, part->name_at, r->room, part->name_bytes);
	return (struct bytes){r->room, part->name_bytes};
}

/* Where the part's name, or its topic's id, lies in `names` now: at the end. */
static uint32_t name_add(struct chain *names, struct chunk_pool *pool, struct names_read *from,
			 const struct fetch_part *part)
{
	struct bytes name = name_read(from, part);
	uint32_t at = (uint32_t)names->size;
	bool fits = chain_append(names, pool, name.data, name.size);
	require(fits);
	return at;
}

/* ---- a full request -------------------------------------------------------------------- */

/* The list moves to the session's memory, and what the request took is anybody's again. */
static void list_move(struct fetch_sessions *fs, struct fetch *f)
{
	uint8_t room[KAFKA_STRING_BYTES_MAX];
	struct chain parts = f->parts, names = f->names;
	struct names_read read = {.chain = &names, .room = room};
	struct fetch_place from = {.chunk = parts.head};
	uint32_t at = 0, name_at = UINT32_MAX;
	f->parts = f->names = (struct chain){0};
	f->partitions = 0;
	f->part_names = 0;
	for (struct fetch_part *part; (part = fetch_part_at(&from)); fetch_next_part(&from)) {
		uint32_t topic_parts = part->topic_parts;
		if (part->name_at != name_at)
			at = name_add(&f->names, &fs->pool, &read, part);
		name_at = part->name_at;
		part_add(f, &fs->pool, part, at)->topic_parts = topic_parts;
	}
	chain_give(&parts);
	chain_give(&names);
}

static void session_make(const struct ingest *in, struct fetch_sessions *fs, struct fetch *f)
{
	struct fetch_session *s = fetch_session_take(
		fs, f->partitions, chunks_for(f->partitions, f->names.size), in->now.ns);
	if (!s)
		return;
	s->has_ids = fetch_has_ids(f);
	s->topics_version = f->topics_begun;
	s->fetch = f;
	f->kept_in = s;
	f->told_session_id = s->id;
	list_move(fs, f);
}

/* A request that begins anew ends the session that it names, whoever's that is. */
static void enter_full(const struct ingest *in, struct reading *rd, struct fetch *f)
{
	struct fetch_sessions *fs = rd->sessions;
	struct fetch_session *old = fs ? fetch_session_find(fs, f->session_id) : NULL;
	if (old)
		fetch_session_end(fs, old);
	bool may_have_one = fs && f->session_epoch == FETCH_SESSION_EPOCH_INITIAL &&
			    f->replica_id < 0 && f->absent == 0 && !f->error;
	if (may_have_one)
		session_make(in, fs, f);
}

/* ---- an incremental request ------------------------------------------------------------ */

static int16_t session_check(const struct fetch *f, const struct fetch_session *s)
{
	if (!s || f->replica_id >= 0)
		return KAFKA_ERROR_FETCH_SESSION_ID_NOT_FOUND;
	if (s->fetch || s->epoch != f->session_epoch)
		return KAFKA_ERROR_INVALID_FETCH_SESSION_EPOCH;
	if (s->has_ids != fetch_has_ids(f))
		return KAFKA_ERROR_FETCH_SESSION_TOPIC_ID_ERROR;
	return KAFKA_ERROR_NONE;
}

static void list_take(struct fetch *f, struct fetch_session *s)
{
	f->parts = s->parts;
	f->names = s->names;
	f->partitions = s->partitions;
	f->part_names = s->part_names;
	f->absent = 0;
	f->kept_in = s;
	s->parts = s->names = (struct chain){0};
	s->fetch = f;
}

/* In a circle from where the last answer had no room; what was left out has changed where that
 * is. */
static void list_begin(struct fetch *f, const struct fetch_session *s, bool has_gone)
{
	if (s->first && !has_gone)
		f->first = (struct fetch_place){.chunk = s->first, .index = s->first_index,
						.again = f->parts.head, .count = f->partitions};
}

/* As a request of nothing. */
static void list_drop(struct fetch *f)
{
	chain_give(&f->parts);
	chain_give(&f->names);
	f->partitions = f->absent = f->part_names = 0;
	f->is_incremental = false;
}

/* Each partition of the session's list is still what it was when it came there. */
static bool list_is_current(const struct topics *topics, const struct fetch *f,
			    const struct fetch_session *s)
{
	uint8_t room[KAFKA_STRING_BYTES_MAX];
	struct fetch_place at = {.chunk = s->parts.head};
	struct names_read read = {.chain = &s->names, .room = room};
	for (struct fetch_part *part; (part = fetch_part_at(&at)); fetch_next_part(&at)) {
		const struct topic *topic = fetch_topic_find(topics, f, name_read(&read, part));
		const struct partition_ref *ref =
			topic && (uint32_t)part->partition < topic->partitions
				? &topic->refs[part->partition]
				: NULL;
		if (!ref || ref->slot != part->ref.slot ||
		    ref->generation != part->ref.generation)
			return false;
	}
	return true;
}

/* What the request names and what the list has are of the same topics. Where they are not, one
 * partition could be there twice, as what it was and what it is. */
static bool topics_agree(const struct topics *topics, const struct fetch *f,
			 const struct fetch_session *s)
{
	return f->topics_begun == topics->version &&
	       (s->topics_version == topics->version || list_is_current(topics, f, s));
}

/* What a request changes, part by part. */
struct change {
	struct fetch *f;
	struct reading *rd;
	struct names_read names;     /* the request's */
	uint32_t name_from, name_at; /* the last name that was added, here and there */
	bool has_gone;
};

static uint32_t change_name(struct change *c, const struct fetch_part *part)
{
	if (c->name_from != part->name_at) {
		c->name_from = part->name_at;
		c->name_at = name_add(&c->f->names, &c->rd->sessions->pool, &c->names, part);
	}
	return c->name_at;
}

static void change_one(struct change *c, const struct fetch_part *asked)
{
	struct fetch_part *part = asked->is_absent ? NULL : fetch_marks_find(c->rd, asked);
	if (asked->is_forgotten) {
		if (part) {
			part->is_gone = true;
			c->has_gone = true;
		}
	} else if (part) {
		fetch_part_replace(part, asked);
	} else {
		part_add(c->f, &c->rd->sessions->pool, asked, change_name(c, asked));
	}
}

/* `asked` and what it names are the request's, and given back. */
static void list_change(struct reading *rd, struct fetch *f, struct chain *give_asked,
			struct chain *give_names)
{
	uint8_t room[KAFKA_STRING_BYTES_MAX];
	struct change c = {.f = f, .rd = rd, .names = {.chain = give_names, .room = room},
			   .name_from = UINT32_MAX};
	struct fetch_place at = {.chunk = give_asked->head};
	if (fetch_part_at(&at))
		fetch_marks_set(rd, f);
	for (struct fetch_part *asked; (asked = fetch_part_at(&at)); fetch_next_part(&at))
		change_one(&c, asked);
	if (c.has_gone)
		fetch_parts_leave_out(f);
	list_begin(f, f->kept_in, c.has_gone);
	chain_give(give_asked);
	chain_give(give_names);
}

/* False: the list would be too long, or there is no memory for what is added. */
static bool has_room(const struct fetch_sessions *fs, const struct fetch *f,
		     const struct fetch_session *s)
{
	uint32_t chunks = chunks_for(f->partitions, f->names.size);
	return s->partitions + f->partitions <= FETCH_SESSION_PARTITIONS_MAX &&
	       s->names.size <= s->part_names + NAMES_LEFT_BYTES_MAX &&
	       (f->partitions == 0 || chunk_pool_left(&fs->pool) >= chunks);
}

static void enter_incremental(const struct ingest *in, struct reading *rd, struct fetch *f)
{
	struct fetch_sessions *fs = rd->sessions;
	struct fetch_session *s = fs ? fetch_session_find(fs, f->session_id) : NULL;
	int16_t error = session_check(f, s);
	if (!error && !(topics_agree(in->topics, f, s) && has_room(fs, f, s))) {
		fetch_session_end(fs, s);
		error = KAFKA_ERROR_FETCH_SESSION_ID_NOT_FOUND;
	}
	if (error) {
		refuse(f, error);
		return;
	}
	struct chain asked = f->parts, names = f->names;
	list_take(f, s);
	f->is_incremental = true;
	s->topics_version = in->topics->version;
	list_change(rd, f, &asked, &names);
	if (!fetch_can_be_answered(&in->answers, f)) {
		fetch_session_end(fs, s);
		list_drop(f);
		refuse(f, KAFKA_ERROR_FETCH_SESSION_ID_NOT_FOUND);
		return;
	}
	f->told_session_id = f->absent == 0 ? s->id : 0;
	s->partitions = f->partitions;
	s->epoch = fetch_session_next_epoch(s->epoch);
	fetch_session_touch(fs, s, in->now.ns);
	if (f->partitions == 0)
		fetch_session_end(fs, s);
}

/* Only of a session something can be forgotten. */
static void drop_forgotten(struct fetch *f)
{
	fetch_rewind(f);
	for (struct fetch_part *part; (part = fetch_part_at(&f->place));
	     fetch_next_part(&f->place))
		part->is_gone = part->is_forgotten;
	fetch_parts_leave_out(f);
}

void fetch_session_enter(const struct ingest *in, struct reading *rd, struct fetch *f)
{
	bool is_full = f->session_epoch == FETCH_SESSION_EPOCH_INITIAL ||
		       f->session_epoch == FETCH_SESSION_EPOCH_FINAL;
	if (f->forgotten > 0 && (is_full || f->error))
		drop_forgotten(f);
	if (is_full)
		enter_full(in, rd, f);
	else if (!f->error)
		enter_incremental(in, rd, f);
}

/* ---- the answer ------------------------------------------------------------------------ */

/* Once it has news a part is told in whichever pass is answered: `is_due` until then. After an
 * error its watermark is news again. */
bool fetch_session_tells(const struct fetch *f, struct fetch_part *part,
			 const struct fetch_found *found)
{
	if (!f->kept_in && !f->is_incremental)
		return true;
	if (found->error || found->bytes.size > 0 ||
	    found->high_watermark != part->told_high_watermark ||
	    found->log_start_offset != part->told_log_start)
		part->is_due = true;
	part->told_high_watermark = found->high_watermark;
	part->told_log_start = found->log_start_offset;
	return part->is_due || !f->is_incremental;
}

/* As before any request: what was found for this one is not for the next. */
static void parts_renew(struct fetch *f)
{
	fetch_rewind(f);
	for (struct fetch_part *part; (part = fetch_part_at(&f->place));
	     fetch_next_part(&f->place)) {
		part->is_due = false;
		part->error = part->asked_error;
		part->high_watermark = -1;
	}
}

void fetch_session_leave(struct reading *rd, struct fetch *f)
{
	struct fetch_session *s = f->kept_in;
	if (!s)
		return;
	if (f->absent > 0) {
		fetch_session_end(rd->sessions, s);
		return;
	}
	parts_renew(f);
	s->first = f->starved.chunk;
	s->first_index = f->starved.index;
	s->parts = f->parts;
	s->names = f->names;
	s->partitions = f->partitions;
	s->part_names = f->part_names;
	s->fetch = NULL;
	f->parts = f->names = (struct chain){0};
	f->kept_in = NULL;
}

void fetch_session_break(struct reading *rd, struct fetch *f)
{
	if (f->kept_in)
		fetch_session_end(rd->sessions, f->kept_in);
}
