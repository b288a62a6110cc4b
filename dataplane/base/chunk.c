/* chunk.c - chunk pools and chains; see chunk.h. */
#include "dataplane/base/chunk.h"
#include "dataplane/base/crc32c.h"
#include "dataplane/base/map.h"
#include "dataplane/base/owners.h"
#include "dataplane/base/require.h"

#include <errno.h>

int chunk_pool_init(struct chunk_pool *p, uint32_t chunk_bytes, uint32_t count)
{
	memset(p, 0, sizeof *p);
	p->chunk_bytes = chunk_bytes;
	p->count = count;
	p->chunks = map_take(sizeof(struct chunk) * (size_t)count);
	p->data = map_take((size_t)chunk_bytes * count);
	if (p->chunks && p->data)
		return 0;
	chunk_pool_fini(p);
	return -ENOMEM;
}

void chunk_pool_fini(struct chunk_pool *p)
{
	map_give(p->chunks, sizeof(struct chunk) * (size_t)p->count);
	map_give(p->data, (size_t)p->chunk_bytes * p->count);
	map_give(p->tags, sizeof *p->tags * (size_t)p->count);
	memset(p, 0, sizeof *p);
}

int chunk_pool_charge(struct chunk_pool *p, struct owners *owners)
{
	require(p->in_use == 0);
	p->tags = map_take(sizeof *p->tags * (size_t)p->count);
	p->owners = p->tags ? owners : NULL;
	return p->tags ? 0 : -ENOMEM;
}

/* The chunk that is taken next was given back long ago, when many are out: its descriptor and
 * the beginning of its data are on their way until then. */
static void fetch_next(const struct chunk_pool *p)
{
	if (!p->free)
		return;
	prefetch(p->free, sizeof *p->free);
	prefetch(p->data + (size_t)(p->free - p->chunks) * p->chunk_bytes, 1);
}

/* Chunks that nobody has had yet come last: the pool touches no more of its memory than was
 * ever out at one time. */
struct chunk *chunk_take(struct chunk_pool *p)
{
	struct chunk *c = p->free;
	if (c) {
		p->free = c->next;
		fetch_next(p);
	} else if (p->fresh < p->count) {
		c = &p->chunks[p->fresh];
		c->data = p->data + (size_t)p->fresh * p->chunk_bytes;
		c->pool = p;
		p->fresh++;
	} else {
		return NULL;
	}
	c->next = NULL;
	c->off = 0;
	c->len = 0;
	p->in_use++;
	if (p->owners)
		p->tags[c - p->chunks] = owners_charge(p->owners, p->chunk_bytes);
	return c;
}

/* What was given back last is taken first: it is likely to be in the cache still. */
void chunk_give(struct chunk *c)
{
	struct chunk_pool *p = c->pool;
	require(p->in_use > 0);
	c->next = p->free;
	p->free = c;
	p->in_use--;
	if (p->owners)
		owners_release(p->owners, p->tags[c - p->chunks], p->chunk_bytes);
}

void chain_push(struct chain *c, struct chunk *chunk)
{
	chunk->next = NULL;
	if (c->tail)
		c->tail->next = chunk;
	else
		c->head = chunk;
	c->tail = chunk;
	c->size += chunk->len;
}

void chain_join(struct chain *to, struct chain *from)
{
	if (!from->head)
		return;
	if (to->tail)
		to->tail->next = from->head;
	else
		to->head = from->head;
	to->tail = from->tail;
	to->size += from->size;
	*from = (struct chain){0};
}

/* Asked before anything is copied: a chain that cannot take all stays as it was. */
static bool chain_has_room(const struct chain *c, const struct chunk_pool *p, size_t size)
{
	size_t room = c->tail ? chunk_room(c->tail) : 0;
	return size <= room + (size_t)chunk_pool_left(p) * p->chunk_bytes;
}

bool chain_append_chunks(struct chain *c, struct chunk_pool *p, const void *data, size_t size)
{
	if (!chain_has_room(c, p, size))
		return false;
	const uint8_t *from = data;
	while (size > 0) {
		if (!c->tail || chunk_room(c->tail) == 0)
			chain_push(c, chunk_take(p));
		struct chunk *tail = c->tail;
		size_t n = min_size(size, chunk_room(tail));
		memcpy(tail->data + tail->off + tail->len, from, n);
		tail->len += (uint32_t)n;
		c->size += n;
		from += n;
		size -= n;
	}
	return true;
}

/* The room lies in one chunk, since the caller fills it in place: what is left of the last one
 * stays empty. */
uint8_t *chain_reserve(struct chain *c, struct chunk_pool *p, size_t size)
{
	require(size <= p->chunk_bytes);
	if (!c->tail || chunk_room(c->tail) < size) {
		struct chunk *fresh = chunk_take(p);
		if (!fresh)
			return NULL;
		chain_push(c, fresh);
	}
	uint8_t *room = c->tail->data + c->tail->off + c->tail->len;
	memset(room, 0, size);
	c->tail->len += (uint32_t)size;
	c->size += size;
	return room;
}

void chain_consume(struct chain *c, size_t size)
{
	require(size <= c->size);
	c->size -= size;
	while (c->head && size >= c->head->len) {
		struct chunk *head = c->head;
		size -= head->len;
		c->head = head->next;
		chunk_give(head);
	}
	if (c->head) {
		c->head->off += (uint32_t)size;
		c->head->len -= (uint32_t)size;
	} else {
		c->tail = NULL;
	}
}

void chain_give(struct chain *c)
{
	for (struct chunk *chunk = c->head; chunk;) {
		struct chunk *next = chunk->next;
		chunk_give(chunk);
		chunk = next;
	}
	*c = (struct chain){0};
}

/* The chunk that holds byte `*from`; `*from` becomes the place inside it. */
static struct chunk *chain_seek(const struct chain *c, size_t *from)
{
	struct chunk *chunk = c->head;
	while (chunk && *from >= chunk->len) {
		*from -= chunk->len;
		chunk = chunk->next;
	}
	return chunk;
}

/* From byte `from` of `chunk` on. */
static void copy_out(const struct chunk *chunk, size_t from, uint8_t *to, size_t size)
{
	while (size > 0) {
		size_t n = min_size(size, chunk->len - from);
		memcpy(to, chunk_at(chunk) + from, n);
		to += n;
		size -= n;
		from = 0;
		chunk = chunk->next;
	}
}

void chain_copy_out(const struct chain *c, size_t from, void *out, size_t size)
{
	require(from + size <= c->size);
	const struct chunk *chunk = chain_seek(c, &from);
	copy_out(chunk, from, out, size);
}

void chain_copy_on(const struct chain *c, struct chain_place *place, size_t from, void *out,
		   size_t size)
{
	require(size > 0 && from + size <= c->size);
	bool is_ahead = place->chunk && place->before <= from;
	struct chain_place at = is_ahead ? *place : (struct chain_place){.chunk = c->head};
	while (from - at.before >= at.chunk->len) {
		at.before += at.chunk->len;
		at.chunk = at.chunk->next;
	}
	copy_out(at.chunk, from - at.before, out, size);
	if (at.before >= place->before)
		*place = at;
}

void chain_patch(struct chain *c, size_t from, const void *data, size_t size)
{
	require(from + size <= c->size);
	const uint8_t *in = data;
	struct chunk *chunk = chain_seek(c, &from);
	while (size > 0) {
		size_t n = min_size(size, chunk->len - from);
		memcpy(chunk_at(chunk) + from, in, n);
		in += n;
		size -= n;
		from = 0;
		chunk = chunk->next;
	}
}

uint32_t chain_crc32c(const struct chain *c, size_t from)
{
	uint32_t crc = 0;
	for (struct chunk *chunk = chain_seek(c, &from); chunk; chunk = chunk->next) {
		crc = crc32c_extend(crc, chunk_at(chunk) + from, chunk->len - from);
		from = 0;
	}
	return crc;
}
