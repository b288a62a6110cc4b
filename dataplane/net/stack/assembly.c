/* assembly.c - fragments in, a datagram's bytes out; see assembly.h. */
#include "dataplane/net/stack/assembly.h"
#include "dataplane/base/require.h"

enum { WORD_BITS = 64 };

static uint32_t end_of(const struct fragment *f)
{
	return f->offset + (uint32_t)f->bytes.size;
}

/* ---- which bytes are there --------------------------------------------------------- */

/* The units a fragment lies in, word by word. */
struct units {
	uint32_t at, end;
};

static struct units units_of(const struct fragment *f)
{
	return (struct units){f->offset / FRAGMENT_UNIT_BYTES,
			      (end_of(f) + FRAGMENT_UNIT_BYTES - 1) / FRAGMENT_UNIT_BYTES};
}

/* The bits of the next word; `*word` is its number. False: there are no more. */
static bool units_next(struct units *u, uint32_t *word, uint64_t *mask)
{
	if (u->at >= u->end)
		return false;
	uint32_t first = u->at % WORD_BITS;
	uint32_t count = min_u32(u->end - u->at, WORD_BITS - first);
	*word = u->at / WORD_BITS;
	*mask = UINT64_MAX >> (WORD_BITS - count) << first;
	u->at += count;
	return true;
}

/* Whether any of the fragment's units have come; `*all`: whether all have. */
static bool has_come(const struct assembly *a, const struct fragment *f, bool *all)
{
	struct units u = units_of(f);
	uint32_t word;
	uint64_t mask;
	bool any = false;
	*all = true;
	while (units_next(&u, &word, &mask)) {
		uint64_t there = a->came[word] & mask;
		any |= there != 0;
		*all &= there == mask;
	}
	return any;
}

static void note(struct assembly *a, const struct fragment *f)
{
	struct units u = units_of(f);
	uint32_t word;
	uint64_t mask;
	while (units_next(&u, &word, &mask))
		a->came[word] |= mask;
}

/* ---- the bytes --------------------------------------------------------------------- */

/* The part of a fragment that lies in one chunk. */
struct part {
	uint32_t at; /* in the fragment */
	uint32_t chunk, in_chunk, size;
};

static bool part_next(const struct fragment *f, struct part *p)
{
	p->at += p->size;
	if (p->at == f->bytes.size)
		return false;
	uint32_t place = f->offset + p->at;
	p->chunk = place / CHUNK_RECEIVE_BYTES;
	p->in_chunk = place % CHUNK_RECEIVE_BYTES;
	p->size = min_u32((uint32_t)f->bytes.size - p->at, CHUNK_RECEIVE_BYTES - p->in_chunk);
	return true;
}

/* All of its units have come. */
static bool is_same(const struct assembly *a, const struct fragment *f)
{
	for (struct part p = {0}; part_next(f, &p);)
		if (memcmp(a->chunks[p.chunk]->data + p.in_chunk, f->bytes.data + p.at, p.size))
			return false;
	return true;
}

static bool agrees_on_end(const struct assembly *a, const struct fragment *f)
{
	if (a->total)
		return f->is_last ? end_of(f) == a->total : end_of(f) < a->total;
	return !f->is_last || end_of(f) >= a->extent;
}

enum assembly_verdict assembly_judge(const struct assembly *a, const struct fragment *f)
{
	bool all;
	if (!agrees_on_end(a, f))
		return ASSEMBLY_CONFLICT;
	if (!has_come(a, f, &all))
		return ASSEMBLY_FITS;
	/* Its end is the datagram's, or it would have said so the first time. */
	bool is_end_known = !f->is_last || a->total;
	return all && is_end_known && is_same(a, f) ? ASSEMBLY_AGAIN : ASSEMBLY_CONFLICT;
}

uint32_t assembly_needs(const struct assembly *a, const struct fragment *f)
{
	uint32_t count = 0;
	for (struct part p = {0}; part_next(f, &p);)
		count += !a->chunks[p.chunk];
	return count;
}

void assembly_put(struct assembly *a, struct chunk_pool *pool, const struct fragment *f)
{
	require(end_of(f) <= ASSEMBLY_BYTES_MAX);
	for (struct part p = {0}; part_next(f, &p);) {
		struct chunk **chunk = &a->chunks[p.chunk];
		if (!*chunk)
			*chunk = chunk_take(pool);
		require(*chunk);
		memcpy((*chunk)->data + p.in_chunk, f->bytes.data + p.at, p.size);
	}
	note(a, f);
	a->held += (uint32_t)f->bytes.size;
	a->extent = max_u32(a->extent, end_of(f));
	if (f->is_last)
		a->total = end_of(f);
}

void assembly_gather(const struct assembly *a, uint8_t *ret)
{
	require(assembly_is_whole(a));
	for (uint32_t at = 0; at < a->total; at += CHUNK_RECEIVE_BYTES)
		memcpy(ret + at, a->chunks[at / CHUNK_RECEIVE_BYTES]->data,
		       min_u32(a->total - at, CHUNK_RECEIVE_BYTES));
}

void assembly_clear(struct assembly *a)
{
	uint32_t end = (uint32_t)round_up(a->extent, CHUNK_RECEIVE_BYTES) / CHUNK_RECEIVE_BYTES;
	for (uint32_t i = 0; i < end; i++)
		if (a->chunks[i])
			chunk_give(a->chunks[i]);
	memset(a, 0, sizeof *a);
}
