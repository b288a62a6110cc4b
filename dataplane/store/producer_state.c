/* producer_state.c - batches with a producer id in, whether they come next out; see
 * producer_state.h. */
#include "dataplane/store/producer_state.h"
#include "dataplane/base/entropy.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"

#include <errno.h>

static struct producer *producer_at(const struct producers *t, uint32_t place)
{
	return &t->places[place];
}

static uint32_t place_of(const struct producers *t, const struct producer *p)
{
	return (uint32_t)(p - t->places);
}

/* Ids are the clients' to choose: who does not know the key cannot aim at a bucket. One product,
 * because every batch of a producer pays for it. */
static uint32_t *bucket_of(const struct producers *t, uint32_t slot, int64_t id)
{
	uint64_t a = (uint64_t)id ^ t->key.k0;
	uint64_t b = ((uint64_t)slot << 32 | slot) ^ t->key.k1;
	unsigned __int128 product = (unsigned __int128)a * b;
	return &t->buckets[((uint64_t)product ^ (uint64_t)(product >> 64)) & t->bucket_mask];
}

static struct producer *find(const struct producers *t, uint32_t slot, int64_t id)
{
	uint32_t place = *bucket_of(t, slot, id);
	while (place && (producer_at(t, place)->id != id || producer_at(t, place)->slot != slot))
		place = producer_at(t, place)->of_bucket;
	return place ? producer_at(t, place) : NULL;
}

/* ---- who wrote last -------------------------------------------------------------------- */

static void age_unlink(struct producers *t, const struct producer *p)
{
	producer_at(t, p->older)->newer = p->newer;
	producer_at(t, p->newer)->older = p->older;
}

static void age_link(struct producers *t, struct producer *p)
{
	uint32_t place = place_of(t, p);
	p->newer = 0;
	p->older = t->places[0].older;
	producer_at(t, p->older)->newer = place;
	t->places[0].older = place;
}

static void wrote(struct producers *t, struct producer *p, uint64_t now_ns)
{
	p->written_ns = now_ns;
	if (p->newer == 0)
		return;
	age_unlink(t, p);
	age_link(t, p);
}

/* ---- places ---------------------------------------------------------------------------- */

static void slot_link(struct producers *t, struct producer *p)
{
	struct producer_list *list = &t->lists[p->slot];
	p->of_slot_before = 0;
	p->of_slot = list->first;
	if (list->first)
		producer_at(t, list->first)->of_slot_before = place_of(t, p);
	list->first = place_of(t, p);
	list->count++;
}

static void slot_unlink(struct producers *t, const struct producer *p)
{
	struct producer_list *list = &t->lists[p->slot];
	if (p->of_slot)
		producer_at(t, p->of_slot)->of_slot_before = p->of_slot_before;
	if (p->of_slot_before)
		producer_at(t, p->of_slot_before)->of_slot = p->of_slot;
	else
		list->first = p->of_slot;
	list->count--;
}

static void forget(struct producers *t, struct producer *p)
{
	uint32_t place = place_of(t, p), *at = bucket_of(t, p->slot, p->id);
	while (*at != place)
		at = &producer_at(t, *at)->of_bucket;
	*at = p->of_bucket;
	slot_unlink(t, p);
	age_unlink(t, p);
	p->of_bucket = t->free;
	t->free = place;
	t->count--;
}

static uint32_t take_place(struct producers *t)
{
	if (t->count == t->ids_max)
		forget(t, producer_at(t, t->places[0].newer));
	uint32_t place = t->free;
	if (place)
		t->free = producer_at(t, place)->of_bucket;
	else
		place = t->fresh++;
	t->count++;
	return place;
}

/* Knows no batch yet: its caller adds one. */
static struct producer *begin(struct producers *t, uint32_t slot, int64_t id)
{
	struct producer *p = producer_at(t, take_place(t));
	uint32_t *bucket = bucket_of(t, slot, id);
	*p = (struct producer){.id = id, .slot = slot, .of_bucket = *bucket};
	*bucket = place_of(t, p);
	slot_link(t, p);
	age_link(t, p);
	return p;
}

/* ---- batches --------------------------------------------------------------------------- */

/* Sequences have 31 bits. */
static int32_t sequence_add(int32_t sequence, uint32_t n)
{
	return (int32_t)(((uint32_t)sequence + n) & INT32_MAX);
}

static int64_t id_of(const struct record_batch_header *h)
{
	return (int64_t)be64_get(h->producer_id);
}

static int16_t epoch_of(const struct record_batch_header *h)
{
	return (int16_t)be16_get(h->producer_epoch);
}

static int32_t first_sequence_of(const struct record_batch_header *h)
{
	return (int32_t)be32_get(h->base_sequence);
}

static int32_t last_sequence_of(const struct record_batch_header *h)
{
	return sequence_add(first_sequence_of(h), be32_get(h->last_offset_delta));
}

static void begin_epoch(struct producer *p, int16_t epoch)
{
	p->epoch = epoch;
	p->count = 0;
}

static void add_batch(struct producer *p, const struct producer_batch *b)
{
	if (p->count > 0 && producer_is_awaited(p))
		p->count = 0;
	p->newest = p->newest == PRODUCER_BATCHES - 1 ? 0 : p->newest + 1;
	p->count = p->count == PRODUCER_BATCHES ? p->count : p->count + 1;
	p->batches[p->newest] = *b;
}

/* The one with these sequences, or null. */
static const struct producer_batch *find_batch(const struct producer *p,
					       const struct record_batch_header *h)
{
	int32_t last = last_sequence_of(h);
	for (unsigned i = 0; i < p->count; i++) {
		const struct producer_batch *b = producer_batch(p, i);
		if (b->last_sequence == last &&
		    b->offset_delta == (int32_t)be32_get(h->last_offset_delta))
			return b;
	}
	return NULL;
}

/* Five batches have not the bytes for 2^31 records: what comes next is none of them again. */
static enum producer_verdict judge(const struct producer *p, const struct record_batch_header *h,
				   struct producer_batch *ret)
{
	int16_t epoch = epoch_of(h);
	if (unlikely(epoch != p->epoch)) {
		if (epoch < p->epoch)
			return PRODUCER_FENCED;
		return first_sequence_of(h) == 0 ? PRODUCER_NEXT : PRODUCER_OUT_OF_ORDER;
	}
	if (likely(first_sequence_of(h) == sequence_add(producer_newest(p)->last_sequence, 1)))
		return PRODUCER_NEXT;
	const struct producer_batch *before = find_batch(p, h);
	if (!before)
		return PRODUCER_OUT_OF_ORDER;
	*ret = *before;
	return PRODUCER_DUPLICATE;
}

static void note(struct producers *t, uint32_t slot, struct producer *p,
		 const struct record_batch_header *h, uint64_t now_ns)
{
	const struct producer_batch b = {
		.last_offset = record_batch_last_offset(h),
		.timestamp = record_batch_max_timestamp(h),
		.last_sequence = last_sequence_of(h),
		.offset_delta = (int32_t)be32_get(h->last_offset_delta),
	};
	if (!p)
		p = begin(t, slot, id_of(h));
	if (p->epoch != epoch_of(h))
		begin_epoch(p, epoch_of(h));
	add_batch(p, &b);
	wrote(t, p, now_ns);
}

enum producer_verdict producers_take(struct producers *t, uint32_t slot,
				     const struct record_batch_header *h, uint64_t now_ns,
				     struct producer_batch *ret)
{
	require(slot < t->slots && id_of(h) >= 0);
	struct producer *p = find(t, slot, id_of(h));
	enum producer_verdict v = p ? judge(p, h, ret) : PRODUCER_NEXT;
	if (v == PRODUCER_NEXT)
		note(t, slot, p, h, now_ns);
	return v;
}

void producers_note(struct producers *t, uint32_t slot, const struct record_batch_header *h,
		    uint64_t now_ns)
{
	require(slot < t->slots && id_of(h) >= 0);
	note(t, slot, find(t, slot, id_of(h)), h, now_ns);
}

/* What is awaited stands behind this. */
static void await_from(struct producer *p, int32_t sequence)
{
	const struct producer_batch none = {.last_offset = -1,
					    .timestamp = -1,
					    .last_sequence = sequence_add(sequence, UINT32_MAX),
					    .offset_delta = -1};
	p->count = 0;
	add_batch(p, &none);
}

/* Whoever is known is awaited with what comes behind that. */
void producers_await(struct producers *t, uint32_t slot, const struct record_batch_header *h,
		     uint64_t now_ns)
{
	require(slot < t->slots && id_of(h) >= 0);
	if (find(t, slot, id_of(h)))
		return;
	struct producer *p = begin(t, slot, id_of(h));
	begin_epoch(p, epoch_of(h));
	await_from(p, first_sequence_of(h));
	wrote(t, p, now_ns);
}

void producers_suspend(struct producers *t, uint32_t slot, int64_t durable)
{
	struct producer *p, *next;
	require(slot < t->slots);
	for (uint32_t at = t->lists[slot].first; at; at = next ? place_of(t, next) : 0) {
		p = producer_at(t, at);
		next = p->of_slot ? producer_at(t, p->of_slot) : NULL;
		const struct producer_batch *oldest = producer_batch(p, p->count - 1u);
		if (producer_is_awaited(p))
			continue;
		if (oldest->last_offset < durable)
			forget(t, p);
		else
			await_from(p, sequence_add(oldest->last_sequence,
						   0u - (uint32_t)oldest->offset_delta));
	}
}

void producers_put(struct producers *t, uint32_t slot, const struct producer *from,
		   uint64_t now_ns)
{
	require(slot < t->slots && from->count > 0);
	struct producer *p = find(t, slot, from->id);
	if (!p)
		p = begin(t, slot, from->id);
	if (p->epoch != from->epoch)
		begin_epoch(p, from->epoch);
	for (unsigned age = from->count; age-- > 0;) {
		const struct producer_batch *b = producer_batch(from, age);
		if (p->count == 0 || b->last_offset > producer_newest(p)->last_offset)
			add_batch(p, b);
	}
	wrote(t, p, now_ns);
}

void producers_put_all(struct producers *t, uint32_t slot, const struct producers *from,
		       uint64_t now_ns)
{
	if (from->count == 0)
		return;
	for (uint32_t i = from->places[0].newer; i; i = producer_at(from, i)->newer)
		producers_put(t, slot, producer_at(from, i), now_ns);
}

void producers_forget(struct producers *t, uint32_t slot)
{
	require(slot < t->slots);
	while (t->lists[slot].first)
		forget(t, producer_at(t, t->lists[slot].first));
}

unsigned producers_expire(struct producers *t, uint64_t before_ns, unsigned max)
{
	unsigned n = 0;
	while (n < max && t->count > 0) {
		struct producer *oldest = producer_at(t, t->places[0].newer);
		if (oldest->written_ns >= before_ns)
			break;
		forget(t, oldest);
		n++;
	}
	return n;
}

const struct producer *producers_find(const struct producers *t, uint32_t slot, int64_t id)
{
	require(slot < t->slots);
	return find(t, slot, id);
}

const struct producer *producers_first(const struct producers *t, uint32_t slot)
{
	uint32_t place = t->lists[slot].first;
	return place ? producer_at(t, place) : NULL;
}

const struct producer *producers_after(const struct producers *t, const struct producer *p)
{
	return p->of_slot ? producer_at(t, p->of_slot) : NULL;
}

/* ---- start and stop -------------------------------------------------------------------- */

static size_t places_bytes(const struct producers *t)
{
	return ((size_t)t->ids_max + 1) * sizeof *t->places;
}

static size_t buckets_bytes(const struct producers *t)
{
	return ((size_t)t->bucket_mask + 1) * sizeof *t->buckets;
}

int producers_init(struct producers *t, uint32_t ids_max, uint32_t slots)
{
	require(ids_max > 0 && ids_max <= PRODUCER_IDS_MAX);
	uint32_t buckets = 1;
	while (buckets < ids_max)
		buckets *= 2;
	*t = (struct producers){
		.ids_max = ids_max, .slots = slots, .fresh = 1, .bucket_mask = buckets - 1};
	t->places = map_take(places_bytes(t));
	t->buckets = map_take(buckets_bytes(t));
	t->lists = map_take(slots * sizeof *t->lists);
	entropy_fill(&t->key, sizeof t->key);
	if (t->places && t->buckets && t->lists)
		return 0;
	producers_fini(t);
	return -ENOMEM;
}

void producers_fini(struct producers *t)
{
	if (t->ids_max == 0)
		return;
	map_give(t->lists, t->slots * sizeof *t->lists);
	map_give(t->buckets, buckets_bytes(t));
	map_give(t->places, places_bytes(t));
	*t = (struct producers){0};
}
