/* fragments.c - fragments found, judged, kept; datagrams gathered or given up; see fragments.h. */
#include "dataplane/net/stack/fragments.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/entropy.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/net/ip4.h"
#include "dataplane/wire/net/udp_header.h"

#include <errno.h>

/* No counter: a datagram is whole, and its packet goes up. */
#define PASSED STAT_COUNT

/* Of nothing for so long its number may be a new datagram's. */
#define STALE_NS (2 * NS_PER_S)

enum {
	LARGE_SHARE = 8, /* a source that has one of so many of all that may be under way */
	GIVEN_UP_PER_TURN = 64,
	WHOLE_BYTES = (ASSEMBLY_BYTES_MAX + CACHE_LINE_BYTES) / CACHE_LINE_BYTES * CACHE_LINE_BYTES,
};

/* A datagram of which some fragments have come. A refused one holds nothing and keeps its
 * number. */
struct unfinished {
	struct list age;
	struct list progress; /* or its place among the refused */
	struct list of_source;
	struct unfinished *next; /* in the table */
	struct fragment_source *source;
	uint64_t number; /* source address, identification */
	uint64_t begun_ns;
	uint64_t progress_ns;
	enum stat_id refusal; /* what its fragments end as; PASSED: they are taken */
	struct assembly assembly;
};

static uint32_t table_size(const struct fragments *f)
{
	uint32_t size = 1;
	while (size < f->slab.count)
		size *= 2;
	return size;
}

static struct unfinished **bucket_of(const struct fragments *f, uint64_t number)
{
	uint64_t hash = siphash_table(f->key, &number, sizeof number);
	return &f->table[hash & (table_size(f) - 1)];
}

static struct unfinished *find(const struct fragments *f, uint64_t number)
{
	struct unfinished *u = *bucket_of(f, number);
	while (u && u->number != number)
		u = u->next;
	return u;
}

/* ---- sources ----------------------------------------------------------------------- */

/* Prefixes of one place share it, and give way a little earlier for that. */
static struct fragment_source *source_of(struct fragments *f, uint32_t address)
{
	uint32_t prefix = address & 0xffffff00u;
	return &f->sources[siphash_table(f->key, &prefix, sizeof prefix) % FRAGMENT_SOURCES];
}

static uint32_t large_share(const struct fragments *f)
{
	return f->slab.count / LARGE_SHARE;
}

static void source_add(struct fragments *f, struct unfinished *u)
{
	struct fragment_source *s = u->source;
	list_append(&s->unfinished, &u->of_source);
	if (++s->count == large_share(f))
		list_append(&f->large, &s->large);
}

static void source_remove(struct fragments *f, struct unfinished *u)
{
	struct fragment_source *s = u->source;
	list_remove(&u->of_source);
	if (s->count-- == large_share(f))
		list_remove(&s->large);
}

/* ---- beginning and end --------------------------------------------------------------- */

/* It gives back what it holds; its number is remembered for its time. */
static void refuse(struct fragments *f, struct unfinished *u, enum stat_id refusal)
{
	assembly_clear(&u->assembly);
	source_remove(f, u);
	list_remove(&u->progress);
	list_append(&f->refused, &u->progress);
	u->refusal = refusal;
}

static void forget(struct fragments *f, struct unfinished *u)
{
	struct unfinished **at = bucket_of(f, u->number);
	while (*at != u)
		at = &(*at)->next;
	*at = u->next;
	if (u->refusal == PASSED)
		source_remove(f, u);
	assembly_clear(&u->assembly);
	list_remove(&u->progress);
	list_remove(&u->age);
	slab_give(&f->slab, u);
}

/* A message that never was whole enters the ledger of frames and leaves it. */
static void count_end(struct fragments *f, enum stat_id end)
{
	stats_add(f->options.stats, STAT_frames_received, 1);
	stats_add(f->options.stats, end, 1);
}

static void give_up(struct fragments *f, struct unfinished *u, enum stat_id end)
{
	if (u->refusal == PASSED)
		count_end(f, end);
	forget(f, u);
}

/* Who has waited longest for a fragment: of the source with most, when that is much, or of
 * all. */
static struct unfinished *who_gives_way(const struct fragments *f)
{
	const struct fragment_source *most = NULL;
	list_for_each(node, &f->large) {
		const struct fragment_source *s =
			list_entry(node, struct fragment_source, large);
		if (!most || s->count > most->count)
			most = s;
	}
	if (most)
		return list_entry(most->unfinished.next, struct unfinished, of_source);
	return list_entry(f->by_progress.next, struct unfinished, progress);
}

static struct unfinished *begin(struct fragments *f, uint64_t number, uint32_t address)
{
	if (f->slab.in_use == f->slab.count && !list_is_empty(&f->refused))
		forget(f, list_entry(f->refused.next, struct unfinished, progress));
	else if (f->slab.in_use == f->slab.count)
		give_up(f, who_gives_way(f), STAT_frame_drop_fragments_room);
	struct unfinished *u = slab_take(&f->slab);
	struct unfinished **bucket = bucket_of(f, number);
	u->number = number;
	u->next = *bucket;
	*bucket = u;
	u->source = source_of(f, address);
	u->begun_ns = f->now_ns;
	u->progress_ns = f->now_ns;
	u->refusal = PASSED;
	list_append(&f->by_age, &u->age);
	list_append(&f->by_progress, &u->progress);
	source_add(f, u);
	return u;
}

/* Who got a fragment is the last to give way. */
static void note_progress(struct fragments *f, struct unfinished *u)
{
	u->progress_ns = f->now_ns;
	list_remove(&u->progress);
	list_append(&f->by_progress, &u->progress);
	list_remove(&u->of_source);
	list_append(&u->source->unfinished, &u->of_source);
}

static uint64_t ends_ns(const struct fragments *f, const struct unfinished *u)
{
	return u->begun_ns + f->options.timeout_ms * UINT64_C(1000000);
}

static void give_up_late(struct fragments *f)
{
	for (unsigned i = 0; i < GIVEN_UP_PER_TURN && !list_is_empty(&f->by_age); i++) {
		struct unfinished *u = list_entry(f->by_age.next, struct unfinished, age);
		if (ends_ns(f, u) > f->now_ns)
			return;
		give_up(f, u, STAT_frame_drop_fragments_late);
	}
}

/* ---- one fragment -------------------------------------------------------------------- */

/* PASSED: it is one that could belong to a datagram. */
static enum stat_id fragment_read(const struct pkt *p, struct fragment *ret)
{
	const struct ip4_wire *header = (const struct ip4_wire *)p->data;
	uint32_t header_bytes = ip4_header_bytes(header);
	uint16_t field = be16_get(header->fragment);
	ret->offset = (field & IP4_FRAGMENT_OFFSET_MASK) * (uint32_t)FRAGMENT_UNIT_BYTES;
	ret->bytes = (struct bytes){p->data + header_bytes, p->size - header_bytes};
	ret->is_last = !(field & IP4_MORE_FRAGMENTS);
	if (ret->bytes.size == 0 || ret->offset + ret->bytes.size > ASSEMBLY_BYTES_MAX)
		return STAT_packet_drop_fragment_header;
	if (ret->is_last)
		return PASSED;
	if (ret->bytes.size % FRAGMENT_UNIT_BYTES)
		return STAT_packet_drop_fragment_header;
	return ret->bytes.size < FRAGMENT_BYTES_MIN ? STAT_packet_drop_fragment_tiny : PASSED;
}

/* The first fragment has UDP's header: it is long enough. */
static bool is_wanted(const struct fragments *f, const struct fragment *fragment)
{
	const struct udp_wire *udp = (const struct udp_wire *)fragment->bytes.data;
	return fragment->offset > 0 || udp_listens(f->options.udp, be16_get(udp->destination));
}

static void put(struct fragments *f, struct unfinished *u, const struct fragment *fragment)
{
	note_progress(f, u);
	uint32_t needs = assembly_needs(&u->assembly, fragment);
	while (chunk_pool_left(&f->chunks) < needs) {
		struct unfinished *other = who_gives_way(f);
		require(other != u); /* the pool holds more than one */
		give_up(f, other, STAT_frame_drop_fragments_room);
	}
	assembly_put(&u->assembly, &f->chunks, fragment);
}

/* The packet becomes the whole datagram; a sum that the port has verified was of one fragment. */
static enum stat_id gather(struct fragments *f, struct unfinished *u, struct pkt *p)
{
	const struct ip4_wire *header = (const struct ip4_wire *)p->data;
	p->data = f->whole + f->whole_bytes;
	p->size = u->assembly.total;
	f->whole_bytes += WHOLE_BYTES;
	assembly_gather(&u->assembly, p->data);
	forget(f, u);
	return udp_sum_is_good(header, p->data, p->size) ? PASSED
							 : STAT_packet_drop_l4_checksum;
}

/* Overlapping fragments end their datagram, unless the number is an old one's. Null: it is
 * refused. */
static struct unfinished *resolve_conflict(struct fragments *f, struct unfinished *u,
					   uint32_t address)
{
	if (f->now_ns - u->progress_ns < STALE_NS) {
		count_end(f, STAT_frame_reject_fragments);
		refuse(f, u, STAT_packet_drop_fragment_overlap);
		return NULL;
	}
	uint64_t number = u->number;
	give_up(f, u, STAT_frame_drop_fragments_late);
	return begin(f, number, address);
}

static enum stat_id fragment_input(struct fragments *f, struct pkt *p)
{
	const struct ip4_wire *header = (const struct ip4_wire *)p->data;
	uint32_t address = be32_get(header->source);
	uint64_t number = (uint64_t)address << 16 | be16_get(header->id);
	struct fragment fragment;
	enum stat_id verdict = fragment_read(p, &fragment);
	if (verdict != PASSED)
		return verdict;
	if (f->options.udp->listeners == 0)
		return STAT_packet_drop_no_listener;
	if (f->is_stopped)
		return STAT_packet_drop_udp_shed;
	struct unfinished *u = find(f, number);
	u = u ? u : begin(f, number, address);
	if (u->refusal != PASSED)
		return u->refusal;
	if (!is_wanted(f, &fragment)) {
		refuse(f, u, STAT_packet_drop_no_listener);
		return u->refusal;
	}
	enum assembly_verdict fit = assembly_judge(&u->assembly, &fragment);
	if (fit == ASSEMBLY_AGAIN)
		return STAT_packets_duplicate;
	if (fit == ASSEMBLY_CONFLICT)
		u = resolve_conflict(f, u, address);
	if (!u)
		return STAT_packet_drop_fragment_overlap;
	put(f, u, &fragment);
	return assembly_is_whole(&u->assembly) ? gather(f, u, p) : STAT_packets_joined;
}

void fragments_work(struct fragments *f, const struct pkt_vec *fragments,
		    struct pkt_vec *datagrams, uint64_t now_ns)
{
	f->now_ns = now_ns;
	f->whole_bytes = 0;
	give_up_late(f);
	for (unsigned i = 0; i < fragments->count; i++) {
		struct pkt *p = fragments->pkts[i];
		enum stat_id verdict = fragment_input(f, p);
		if (verdict == PASSED)
			pkt_vec_push(datagrams, p);
		else
			stats_add(f->options.stats, verdict, 1);
	}
}

void fragments_stop(struct fragments *f)
{
	f->is_stopped = true;
	while (!list_is_empty(&f->by_age))
		give_up(f, list_entry(f->by_age.next, struct unfinished, age),
			STAT_frame_drop_shed);
}

uint64_t fragments_idle_ns(const struct fragments *f, uint64_t now_ns, uint64_t limit_ns)
{
	if (list_is_empty(&f->by_age))
		return limit_ns;
	uint64_t end_ns = ends_ns(f, list_entry(f->by_age.next, struct unfinished, age));
	return end_ns > now_ns ? min_u64(end_ns - now_ns, limit_ns) : 0;
}

/* ---- start and stop ------------------------------------------------------------------ */

static size_t sources_bytes(void)
{
	return FRAGMENT_SOURCES * sizeof(struct fragment_source);
}

static size_t table_bytes(const struct fragments *f)
{
	return table_size(f) * sizeof(struct unfinished *);
}

static size_t whole_bytes(void)
{
	return (size_t)PACKETS_PER_TURN * WHOLE_BYTES;
}

static bool memory_map(struct fragments *f)
{
	uint64_t memory = f->options.memory_bytes;
	if (slab_init(&f->slab, sizeof(struct unfinished),
		      (uint32_t)(memory / FRAGMENT_MEMORY_EACH)) != 0 ||
	    chunk_pool_init(&f->chunks, CHUNK_RECEIVE_BYTES,
			    (uint32_t)(memory / CHUNK_RECEIVE_BYTES)) != 0)
		return false;
	f->table = map_take(table_bytes(f));
	f->sources = map_take(sources_bytes());
	f->whole = map_take(whole_bytes());
	return f->table && f->sources && f->whole;
}

int fragments_init(struct fragments *f, const struct fragments_options *options)
{
	require(options->memory_bytes >= FRAGMENT_MEMORY_MIN);
	*f = (struct fragments){.options = *options};
	list_init(&f->large);
	list_init(&f->by_age);
	list_init(&f->by_progress);
	list_init(&f->refused);
	entropy_fill(&f->key, sizeof f->key);
	if (!memory_map(f)) {
		fragments_fini(f);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < FRAGMENT_SOURCES; i++) {
		list_init(&f->sources[i].unfinished);
		list_init(&f->sources[i].large);
	}
	return 0;
}

void fragments_fini(struct fragments *f)
{
	map_give(f->table, table_bytes(f));
	map_give(f->sources, sources_bytes());
	map_give(f->whole, whole_bytes());
	slab_fini(&f->slab);
	chunk_pool_fini(&f->chunks);
	*f = (struct fragments){0};
}
