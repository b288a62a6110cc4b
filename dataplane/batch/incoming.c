/* incoming.c - chunks in, charged to batches, sources, listeners and lanes; who gives way out; see
 * incoming.h. */
#include "dataplane/batch/incoming.h"
#include "dataplane/base/entropy.h"
#include "dataplane/base/require.h"
#include "dataplane/batch/lane.h"

enum {
	/* Regions beside the common one, and who holds little, in parts of the credit. */
	REGION_PART = 16,
	SHARE_PART = 16,
	/* Slow ones matter when they hold more than so much of it. */
	SLOW_PART = 16,
	/* A batch of no more than so many chunks is small. */
	SMALL_CHUNKS = 16,
	/* Time of its own after which a batch that is not whole may be slow: */
	SLOW_MS = 1000,
	SAMPLE = 64,
};

static uint32_t chunks_for(uint64_t bytes)
{
	return (uint32_t)((bytes + CHUNK_BYTES - 1) / CHUNK_BYTES);
}

uint32_t incoming_init(struct incoming *m, uint64_t credit_bytes, uint32_t batch_bytes_max)
{
	uint32_t credit = chunks_for(credit_bytes), largest = chunks_for(batch_bytes_max);
	uint32_t all = 0;
	list_init(&m->batches);
	entropy_fill(&m->key, sizeof m->key);
	m->batch_bytes_max = batch_bytes_max;
	m->piecemeal = credit / 2;
	m->share = credit / SHARE_PART;
	m->slow_max = credit / SLOW_PART;
	for (unsigned i = 0; i < INCOMING_REGIONS; i++) {
		uint32_t part = i == INCOMING_COMMON ? credit : credit / REGION_PART;
		m->limit[i] = part + largest;
		all += m->limit[i];
	}
	return all;
}

/* Sources are counted by a hash with a key of this start: two may share a count, and nobody
 * can choose with whom. */
void incoming_attach(const struct incoming *m, struct incoming_batch *b, struct session *session,
		     uint64_t source, uint8_t listener)
{
	list_init(&b->node);
	b->session = session;
	b->listener = listener;
	b->source = (uint16_t)(siphash_table(m->key, &source, sizeof source) %
			       INCOMING_SOURCES);
}

void incoming_half_begin(struct list *halves, struct incoming_batch *b, uint32_t now_ms)
{
	b->bytes = 0;
	b->began_ms = peer_clock_ms(&b->clock, now_ms);
	list_append(halves, &b->node);
}

void incoming_begin(struct incoming *m, struct incoming_batch *b, struct lane *lane,
		    uint32_t now_ms)
{
	b->lane = lane;
	incoming_half_begin(&m->batches, b, now_ms);
}

enum incoming_region incoming_region_of(const struct incoming *m,
					const struct incoming_batch *b, uint32_t bytes)
{
	if (m->of_listener[b->listener] < m->share)
		return INCOMING_LISTENER;
	if (m->of_source[b->source] < m->share)
		return INCOMING_SOURCE;
	bool is_small = chunks_for((uint64_t)b->bytes + bytes) <= SMALL_CHUNKS;
	return is_small || b->lane->incoming_chunks < m->share ? INCOMING_SMALL
							       : INCOMING_COMMON;
}

void incoming_charge(struct incoming *m, struct incoming_batch *b, enum incoming_region region,
		     uint32_t chunks)
{
	require(chunks <= incoming_room(m, region));
	m->used[region] += chunks;
	b->chunks[region] += chunks;
	m->unwhole += chunks;
	m->of_source[b->source] += chunks;
	m->of_listener[b->listener] += chunks;
	b->lane->incoming_chunks += chunks;
}

static uint32_t batch_chunks(const struct incoming_batch *b)
{
	uint32_t sum = 0;
	for (unsigned i = 0; i < INCOMING_REGIONS; i++)
		sum += b->chunks[i];
	return sum;
}

void incoming_end(struct incoming *m, struct incoming_batch *b)
{
	if (list_is_empty(&b->node))
		return;
	list_remove(&b->node);
	m->unwhole -= batch_chunks(b);
}

void incoming_release(struct incoming *m, struct incoming_batch *b)
{
	uint32_t chunks = batch_chunks(b);
	require(list_is_empty(&b->node));
	if (chunks == 0)
		return;
	for (unsigned i = 0; i < INCOMING_REGIONS; i++) {
		m->used[i] -= b->chunks[i];
		b->chunks[i] = 0;
	}
	m->of_source[b->source] -= chunks;
	m->of_listener[b->listener] -= chunks;
	b->lane->incoming_chunks -= chunks;
}

/* What the oldest hold, and the slow ones of them. */
struct sample {
	uint64_t chunks, slow_chunks;
	struct incoming_batch *slowest;
	uint32_t slowest_ms;
};

/* By bytes in its own time; compared crosswise, since that time may be of any length. */
static bool is_slower(const struct sample *than, const struct incoming_batch *b, uint32_t own_ms)
{
	return !than->slowest || (uint64_t)than->slowest->bytes * own_ms >
					 (uint64_t)b->bytes * than->slowest_ms;
}

static void sample_add(struct sample *sample, struct incoming_batch *b, uint32_t now_ms)
{
	uint32_t own_ms = peer_clock_ms(&b->clock, now_ms) - b->began_ms;
	uint32_t chunks = batch_chunks(b);
	sample->chunks += chunks;
	if (own_ms < SLOW_MS || (chunks == 0 && b->bytes == 0))
		return;
	sample->slow_chunks += chunks;
	if (!is_slower(sample, b, own_ms))
		return;
	sample->slowest = b;
	sample->slowest_ms = own_ms;
}

static struct sample sample_take(const struct list *list, uint32_t now_ms)
{
	struct sample sample = {0};
	struct list *node = list->next;
	for (unsigned i = 0; i < SAMPLE && node != list; i++, node = node->next)
		sample_add(&sample, list_entry(node, struct incoming_batch, node), now_ms);
	return sample;
}

/* Who is slow stays, and so is among the oldest. What slow ones hold in all is reckoned from what
 * they hold of these. */
struct incoming_batch *incoming_slowest(struct incoming *m, uint32_t now_ms)
{
	struct sample sample = sample_take(&m->batches, now_ms);
	bool matters = sample.slow_chunks * m->unwhole >= sample.chunks * m->slow_max;
	return matters ? sample.slowest : NULL;
}

struct incoming_batch *incoming_half_slowest(const struct list *halves, uint32_t now_ms)
{
	return sample_take(halves, now_ms).slowest;
}

struct incoming_batch *incoming_half_newest(const struct list *halves)
{
	const struct list *node = halves->next;
	for (unsigned i = 0; i < SAMPLE && node != halves; i++, node = node->next)
		if (list_entry(node, struct incoming_batch, node)->clock.runs)
			return NULL;
	return list_is_empty(halves) ? NULL
				     : list_entry(halves->prev, struct incoming_batch, node);
}
