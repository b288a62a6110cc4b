/* jt808_parts.c - parts kept, messages gathered, remembered or given up; see jt808_parts.h. */
#include "dataplane/fleet/jt808_parts.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/entropy.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"

#include <errno.h>

/* How long a message that was whole is remembered. */
#define REMEMBERED_NS (30 * NS_PER_S)

struct jt808_parts_source {
	struct list messages; /* that hold chunks; who got a part last is at the end */
	struct list large;
	uint32_t chunks;
};

struct jt808_message_parts {
	struct list waiting;   /* or among those that are remembered */
	struct list of_source; /* alone when it is remembered */
	struct jt808_message_parts *next; /* of its connection */
	struct session *session;
	struct jt808_own_parts *own;
	struct jt808_parts_source *source;
	uint64_t since_ns; /* its last part, or asking */
	uint64_t name;     /* remembered: of its last part */
	uint32_t body_bytes;
	uint16_t id, serial; /* of its first part */
	uint16_t parts, have;
	uint16_t chunks;
	uint8_t asked;
	uint8_t listener;
	bool is_whole, is_2019;
	uint8_t version, encryption;
	uint8_t phone_bytes;
	uint8_t phone[JT808_PHONE_BYTES_MAX];
	struct chunk *tables[JT808_TABLES];
};

/* ---- finding ---------------------------------------------------------------------------- */

static uint16_t first_serial(const struct jt808_message *m)
{
	return (uint16_t)(m->serial - (m->parts ? m->part - 1 : 0));
}

/* One that is remembered is not in the way of another. */
static bool is_part_of(const struct jt808_message *m, const struct jt808_message_parts *t)
{
	return t->id == m->id && t->serial == first_serial(m) &&
	       !(t->is_whole && t->parts != m->parts) && t->phone_bytes == m->phone.size &&
	       memcmp(t->phone, m->phone.data, m->phone.size) == 0;
}

struct jt808_message_parts *jt808_parts_find(const struct jt808_own_parts *own,
					     const struct jt808_message *m)
{
	struct jt808_message_parts *t = own->first;
	while (t && !is_part_of(m, t))
		t = t->next;
	return t;
}

/* Where its chunk's number is, and 1 more; null: there is no table for it yet. */
static uint32_t *place_of(const struct jt808_message_parts *t, unsigned part)
{
	struct chunk *table = t->tables[(part - 1) / JT808_TABLE_PARTS];
	return table ? (uint32_t *)(void *)table->data + (part - 1) % JT808_TABLE_PARTS : NULL;
}

static const struct chunk *chunk_of(const struct jt808_parts *p,
				    const struct jt808_message_parts *t, unsigned part)
{
	const uint32_t *place = place_of(t, part);
	return place && *place ? &p->chunks.chunks[*place - 1] : NULL;
}

enum jt808_part_verdict jt808_parts_judge(const struct jt808_message_parts *t,
				  const struct jt808_message *m)
{
	if (m->parts > JT808_PARTS_MAX)
		return JT808_PART_WRONG;
	if (!t)
		return JT808_PART_NEW;
	if (t->parts != m->parts || t->is_2019 != m->is_2019 || t->version != m->version ||
	    t->encryption != m->encryption)
		return JT808_PART_WRONG;
	const uint32_t *place = place_of(t, m->part);
	return t->is_whole || (place && *place) ? JT808_PART_AGAIN : JT808_PART_NEW;
}

unsigned jt808_parts_missing(const struct jt808_message_parts *t, const struct jt808_message *m)
{
	if (jt808_parts_judge(t, m) != JT808_PART_NEW)
		return 0;
	return t ? t->parts - t->have : m->parts;
}

struct session *jt808_parts_session(const struct jt808_message_parts *t)
{
	return t->session;
}

/* ---- sources ---------------------------------------------------------------------------- */

/* Sources of one place share it, and give way a little earlier for that. */
static struct jt808_parts_source *source_of(struct jt808_parts *p, const struct session *s)
{
	uint64_t prefix = address_source(&s->stream->peer.address);
	return &p->sources[siphash_table(p->key, &prefix, sizeof prefix) % JT808_PARTS_SOURCES];
}

static void source_count(struct jt808_parts *p, struct jt808_parts_source *s, int chunks)
{
	uint32_t large = p->chunks.count / JT808_SOURCE_SHARE;
	bool was_large = s->chunks >= large;
	s->chunks = (uint32_t)((int)s->chunks + chunks);
	bool is_large = s->chunks >= large;
	if (is_large && !was_large)
		list_append(&p->large, &s->large);
	else if (was_large && !is_large)
		list_remove(&s->large);
}

/* ---- an end ----------------------------------------------------------------------------- */

static void unlink_own(struct jt808_own_parts *own, struct jt808_message_parts *t)
{
	struct jt808_message_parts **at = &own->first;
	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	own->count--;
}

static void chunks_give(struct jt808_parts *p, struct jt808_message_parts *t)
{
	for (unsigned i = 1; i <= t->parts && t->chunks > 0; i++) {
		const struct chunk *c = chunk_of(p, t, i);
		if (c)
			chunk_give(&p->chunks.chunks[c - p->chunks.chunks]);
	}
	for (unsigned i = 0; i < JT808_TABLES; i++)
		if (t->tables[i])
			chunk_give(t->tables[i]);
	memset(t->tables, 0, sizeof t->tables);
	source_count(p, t->source, -(int)t->chunks);
	t->own->chunks = (uint16_t)(t->own->chunks - t->chunks);
	t->chunks = 0;
	list_remove(&t->of_source);
	list_remove(&t->waiting);
}

/* It was remembered, or nothing is. */
static void forget(struct jt808_parts *p, struct jt808_message_parts *t)
{
	unlink_own(t->own, t);
	list_remove(&t->waiting);
	slab_give(&p->slab, t);
}

void jt808_parts_give_up(struct jt808_parts *p, struct jt808_message_parts *t, enum stat_id end)
{
	stats_add(p->stats, STAT_records_received, 1);
	stats_add(p->stats, end, 1);
	chunks_give(p, t);
	forget(p, t);
}

void jt808_parts_close(struct jt808_parts *p, struct jt808_own_parts *own)
{
	while (own->first)
		if (own->first->is_whole)
			forget(p, own->first);
		else
			jt808_parts_give_up(p, own->first, STAT_record_drop_parts_connection);
}

/* Of 0 parts no message is: nothing finds it, until its time is over. */
void jt808_parts_forget(struct jt808_own_parts *own, uint64_t name)
{
	struct jt808_message_parts *t = own->first;
	while (t && !(t->is_whole && t->name == name))
		t = t->next;
	if (t)
		t->parts = 0;
}

/* ---- who gives way ---------------------------------------------------------------------- */

static struct jt808_message_parts *first_waiting(const struct list *l)
{
	return list_is_empty(l) ? NULL : list_entry(l->next, struct jt808_message_parts, waiting);
}

static struct jt808_message_parts *longest_waiting(const struct jt808_parts *p)
{
	struct jt808_message_parts *longest = NULL;
	for (unsigned i = 0; i < LISTENERS_MAX; i++) {
		struct jt808_message_parts *t = first_waiting(&p->waiting[i]);
		if (t && (!longest || t->since_ns < longest->since_ns))
			longest = t;
	}
	return longest;
}

/* Of a connection's own the oldest that is remembered, or that is not; null: there is none. */
static struct jt808_message_parts *own_oldest(const struct jt808_own_parts *own, bool is_whole)
{
	struct jt808_message_parts *t = own->first;
	while (t && t->is_whole != is_whole)
		t = t->next;
	return t;
}

static struct jt808_message_parts *who_gives_way(const struct jt808_parts *p,
						 const struct jt808_own_parts *own)
{
	const struct jt808_parts_source *most = NULL;
	if (own->chunks > p->chunks.count / JT808_WANT_SHARE)
		return own_oldest(own, false);
	list_for_each(node, &p->large) {
		const struct jt808_parts_source *s =
			list_entry(node, struct jt808_parts_source, large);
		if (!most || s->chunks > most->chunks)
			most = s;
	}
	if (most)
		return list_entry(most->messages.next, struct jt808_message_parts, of_source);
	return longest_waiting(p);
}

/* False: it was `*t` itself. */
static bool give_way(struct jt808_parts *p, struct jt808_message_parts *who,
		     struct jt808_message_parts **t)
{
	bool is_itself = who == *t;
	jt808_parts_give_up(p, who, STAT_record_drop_parts_room);
	if (is_itself)
		*t = NULL;
	return !is_itself;
}

static unsigned chunks_needed(const struct jt808_message_parts *t, const struct jt808_message *m)
{
	return t && place_of(t, m->part) ? 1 : 2;
}

/* One place more among its connection's messages. */
static void own_place(struct jt808_parts *p, struct jt808_own_parts *own)
{
	struct jt808_message_parts *remembered = own_oldest(own, true);
	if (own->count < JT808_UNDER_WAY_MAX)
		return;
	if (remembered)
		forget(p, remembered);
	else
		jt808_parts_give_up(p, own->first, STAT_record_drop_parts_room);
}

/* Where all places are taken somebody is remembered, or all chunks are taken, too: each message
 * under way has two. */
bool jt808_parts_room(struct jt808_parts *p, struct jt808_own_parts *own,
		      struct jt808_message_parts **t, const struct jt808_message *m)
{
	unsigned chunks = chunks_needed(*t, m);
	if (!*t)
		own_place(p, own);
	while (own->chunks + chunks > p->chunks.count / JT808_OWN_SHARE)
		if (!give_way(p, own_oldest(own, false), t))
			return false;
	while (chunk_pool_left(&p->chunks) < chunks)
		if (!give_way(p, who_gives_way(p, own), t))
			return false;
	if (!*t && p->slab.in_use == p->slab.count)
		forget(p, first_waiting(&p->remembered));
	return true;
}

/* ---- a part ----------------------------------------------------------------------------- */

static struct chunk *take(struct jt808_parts *p, struct jt808_message_parts *t)
{
	struct chunk *c = chunk_take(&p->chunks);
	require(c != NULL);
	t->chunks++;
	t->own->chunks++;
	source_count(p, t->source, 1);
	return c;
}

static struct jt808_message_parts *begin(struct jt808_parts *p, struct session *s,
					 struct jt808_own_parts *own,
					 const struct jt808_message *m)
{
	struct jt808_message_parts *t = slab_take(&p->slab);
	require(t != NULL);
	t->session = s;
	t->own = own;
	t->source = source_of(p, s);
	t->listener = s->stream->listener;
	t->id = m->id;
	t->serial = first_serial(m);
	t->parts = m->parts;
	t->is_2019 = m->is_2019;
	t->version = m->version;
	t->encryption = m->encryption;
	t->phone_bytes = (uint8_t)m->phone.size;
	memcpy(t->phone, m->phone.data, m->phone.size);
	list_init(&t->waiting);
	list_init(&t->of_source);
	struct jt808_message_parts **last = &own->first;
	while (*last)
		last = &(*last)->next;
	*last = t;
	own->count++;
	return t;
}

static void wait_anew(struct jt808_parts *p, struct jt808_message_parts *t)
{
	t->since_ns = p->now->ns;
	list_remove(&t->waiting);
	list_append(&p->waiting[t->listener], &t->waiting);
}

void jt808_parts_put(struct jt808_parts *p, struct session *s, struct jt808_own_parts *own,
		     struct jt808_message_parts *t, const struct jt808_message *m)
{
	t = t ? t : begin(p, s, own, m);
	struct chunk **table = &t->tables[(m->part - 1) / JT808_TABLE_PARTS];
	if (!*table) {
		*table = take(p, t);
		memset((*table)->data, 0, JT808_PART_CHUNK_BYTES);
	}
	struct chunk *c = take(p, t);
	memcpy(c->data, m->body.data, m->body.size);
	c->len = (uint32_t)m->body.size;
	*place_of(t, m->part) = (uint32_t)(c - p->chunks.chunks) + 1;
	t->have++;
	t->body_bytes += c->len;
	t->asked = 0;
	wait_anew(p, t);
	list_remove(&t->of_source);
	list_append(&t->source->messages, &t->of_source);
}

/* ---- the whole -------------------------------------------------------------------------- */

size_t jt808_parts_whole_bytes(const struct jt808_message_parts *t, const struct jt808_message *m)
{
	return jt808_whole_header_bytes(m) + (t ? t->body_bytes : 0) + m->body.size;
}

void jt808_parts_gather(const struct jt808_parts *p, const struct jt808_message_parts *t,
			const struct jt808_message *m, uint8_t *out)
{
	uint8_t *end = out + jt808_whole_header(out, m, first_serial(m));
	for (unsigned i = 1; i <= m->parts; i++) {
		const struct chunk *c = i == m->part ? NULL : chunk_of(p, t, i);
		struct bytes body = c ? (struct bytes){c->data, c->len} : m->body;
		memcpy(end, body.data, body.size);
		end += body.size;
	}
}

void jt808_parts_finish(struct jt808_parts *p, struct jt808_message_parts *t, uint64_t name)
{
	chunks_give(p, t);
	t->is_whole = true;
	t->name = name;
	t->since_ns = p->now->ns;
	list_append(&p->remembered, &t->waiting);
}

/* ---- time ------------------------------------------------------------------------------- */

static uint64_t due_ns(const struct jt808_message_parts *t, const struct listener *all)
{
	return t->since_ns + all[t->listener].parts_retry_ms * NS_PER_MS;
}

struct jt808_message_parts *jt808_parts_due(struct jt808_parts *p, const struct listener *all)
{
	struct jt808_message_parts *t;
	while ((t = first_waiting(&p->remembered)) && t->since_ns + REMEMBERED_NS <= p->now->ns)
		forget(p, t);
	for (unsigned i = 0; i < LISTENERS_MAX; i++) {
		t = first_waiting(&p->waiting[i]);
		if (t && due_ns(t, all) <= p->now->ns)
			return t;
	}
	return NULL;
}

void jt808_parts_wait(struct jt808_parts *p, struct jt808_message_parts *t)
{
	wait_anew(p, t);
}

void jt808_parts_ask(struct jt808_parts *p, struct jt808_message_parts *t)
{
	wait_anew(p, t);
	t->asked++;
}

unsigned jt808_parts_asked(const struct jt808_message_parts *t)
{
	return t->asked;
}

unsigned jt808_parts_list(const struct jt808_parts *p, const struct jt808_message_parts *t,
			  struct jt808_message *first, uint16_t *missing, unsigned max)
{
	const struct chunk *c = chunk_of(p, t, 1);
	unsigned count = 0;
	*first = (struct jt808_message){
		.id = t->id,
		.serial = t->serial,
		.parts = t->parts,
		.part = 1,
		.is_2019 = t->is_2019,
		.version = t->version,
		.encryption = t->encryption,
		.phone = {t->phone, t->phone_bytes},
		.body = {c ? c->data : NULL, c ? c->len : 0},
	};
	for (unsigned i = 1; i <= t->parts && count < max; i++)
		if (!chunk_of(p, t, i))
			missing[count++] = (uint16_t)i;
	return count;
}

uint64_t jt808_parts_idle_ns(const struct jt808_parts *p, const struct listener *all,
			     uint64_t now_ns, uint64_t limit_ns)
{
	uint64_t until = now_ns + limit_ns;
	for (unsigned i = 0; i < LISTENERS_MAX; i++) {
		const struct jt808_message_parts *t = first_waiting(&p->waiting[i]);
		if (t)
			until = min_u64(until, due_ns(t, all));
	}
	return until > now_ns ? until - now_ns : 0;
}

/* ---- start and stop --------------------------------------------------------------------- */

static const size_t sources_bytes = JT808_PARTS_SOURCES * sizeof(struct jt808_parts_source);

int jt808_parts_init(struct jt808_parts *p, uint64_t memory_bytes, struct stats *stats,
		     const struct moment *now)
{
	uint32_t chunks = (uint32_t)(memory_bytes / JT808_PART_CHUNK_BYTES);
	require(memory_bytes >= JT808_PARTS_MEMORY_MIN);
	*p = (struct jt808_parts){.stats = stats, .now = now};
	entropy_fill(&p->key, sizeof p->key);
	int error = chunk_pool_init(&p->chunks, JT808_PART_CHUNK_BYTES, chunks);
	error = error ? error
		      : slab_init(&p->slab, sizeof(struct jt808_message_parts), chunks / 2);
	p->sources = map_take(sources_bytes);
	list_init(&p->large);
	list_init(&p->remembered);
	for (unsigned i = 0; i < LISTENERS_MAX; i++)
		list_init(&p->waiting[i]);
	for (unsigned i = 0; p->sources && i < JT808_PARTS_SOURCES; i++) {
		list_init(&p->sources[i].messages);
		list_init(&p->sources[i].large);
	}
	return error ? error : p->sources ? 0 : -ENOMEM;
}

void jt808_parts_fini(struct jt808_parts *p)
{
	chunk_pool_fini(&p->chunks);
	slab_fini(&p->slab);
	map_give(p->sources, sources_bytes);
	*p = (struct jt808_parts){0};
}
