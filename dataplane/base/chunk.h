/* chunk.h - the unit of payload memory: fixed blocks from a pool, linked into chains.
 *
 *     chain: head ─▶ [####....] ─▶ [########] ─▶ [##......] ◀─ tail      size = Σ len
 *                     │off│len│
 *
 * A chunk's descriptor lies apart from its data, so the data of a 4 KiB chunk is a 4 KiB
 * aligned page: batches go to O_DIRECT reads and are filled by them as they are. Every pool
 * is reserved for one purpose (receive, control, batch, answers): none can starve another.
 *
 * Core: a pool belongs to one core; only that core takes and gives. A chain may be lent to
 * another core through the handoff; while lent, the owner does not touch it.
 * Limits: a pool never grows. chunk_take() gives null when it is empty. A pool that strangers
 * share says who holds how much of it (owners.h).
 */
#ifndef PENSTOCK_CHUNK_H
#define PENSTOCK_CHUNK_H

#include "dataplane/base/base.h"

struct owners;
struct owner_tag;

enum {
	CHUNK_BYTES = 4096,      /* batches, reads, large answers */
	CHUNK_RECEIVE_BYTES = 512, /* what waits to be read: a vehicle's is a frame, mostly */
	CHUNK_PARTS_BYTES = 512, /* partitions of a fetch: most have a few */
	CHUNK_SMALL_BYTES = 256, /* answers of a frame or of one produce request */
};

struct chunk {
	struct chunk *next;
	uint8_t *data; /* start of the block; bytes in use are data[off .. off + len) */
	struct chunk_pool *pool;
	uint32_t off;
	uint32_t len;
};
static_assert(sizeof(struct chunk) == 32, "two to a cache line, none in two");

struct chunk_pool {
	struct chunk *chunks;
	uint8_t *data;
	struct chunk *free;
	uint32_t chunk_bytes;
	uint32_t count;
	uint32_t in_use;
	uint32_t fresh;
	struct owners *owners;  /* null: nobody is charged */
	struct owner_tag *tags; /* of each chunk that is out: whose it is */
};

struct chain {
	struct chunk *head;
	struct chunk *tail;
	size_t size;
};

/* Maps `count` chunks of `chunk_bytes`; -errno when there is no memory. */
int chunk_pool_init(struct chunk_pool *p, uint32_t chunk_bytes, uint32_t count);
void chunk_pool_fini(struct chunk_pool *p);
/* From now on each chunk is charged to somebody; none is out. -errno when there is no memory. */
int chunk_pool_charge(struct chunk_pool *p, struct owners *owners);

static inline uint32_t chunk_pool_left(const struct chunk_pool *p)
{
	return p->count - p->in_use;
}

/* The same, but for a quarter of all: what the large may have, so that the small find some. */
static inline uint32_t chunk_pool_left_large(const struct chunk_pool *p)
{
	uint32_t left = chunk_pool_left(p), kept = p->count / 4;
	return left > kept ? left - kept : 0;
}

/* An empty chunk, or null. */
struct chunk *chunk_take(struct chunk_pool *p);
void chunk_give(struct chunk *c);

static inline uint8_t *chunk_at(const struct chunk *c)
{
	return c->data + c->off;
}

/* Room left behind the bytes in use. */
static inline uint32_t chunk_room(const struct chunk *c)
{
	return c->pool->chunk_bytes - c->off - c->len;
}

static inline bool chain_is_empty(const struct chain *c)
{
	return c->size == 0;
}

/* Links `chunk` at the end; the chain owns it now. */
void chain_push(struct chain *c, struct chunk *chunk);

/* Moves all of `from` behind `to`; `from` is empty afterwards. */
void chain_join(struct chain *to, struct chain *from);

/* Appends `size` bytes, to be filled by the caller, in the room left in the last chunk; null
 * when they do not fit there. */
static inline uint8_t *chain_extend(struct chain *c, size_t size)
{
	struct chunk *tail = c->tail;
	if (!tail || chunk_room(tail) < size)
		return NULL;
	uint8_t *room = chunk_at(tail) + tail->len;
	tail->len += (uint32_t)size;
	c->size += size;
	return room;
}

/* chain_append() of what the last chunk has no room for. */
bool chain_append_chunks(struct chain *c, struct chunk_pool *p, const void *data, size_t size);

/* Copies `size` bytes to the end, taking chunks as needed. False (and nothing appended) when
 * the pool cannot hold them. */
static inline bool chain_append(struct chain *c, struct chunk_pool *p, const void *data,
				size_t size)
{
	uint8_t *room = chain_extend(c, size);
	if (!room)
		return chain_append_chunks(c, p, data, size);
	if (size)
		memcpy(room, data, size);
	return true;
}

/* Appends `size` bytes of zeroes that are contiguous in one chunk (size <= the pool's chunk)
 * and returns them to be filled in place; null when the pool is empty. */
uint8_t *chain_reserve(struct chain *c, struct chunk_pool *p, size_t size);

/* Drops `size` bytes (at most c->size) from the front, giving emptied chunks back. */
void chain_consume(struct chain *c, size_t size);

/* Gives every chunk back; the chain is empty afterwards. */
void chain_give(struct chain *c);

/* Copies bytes [from, from + size) out; they must be there. */
void chain_copy_out(const struct chain *c, size_t from, void *out, size_t size);

/* How far a chain has been read; all zeroes: not at all. */
struct chain_place {
	struct chunk *chunk;
	size_t before; /* bytes of the chain before this chunk */
};

/* The same, of at least a byte, for those who read on: what lies before `place` is walked only by
 * who wants something of it. */
void chain_copy_on(const struct chain *c, struct chain_place *place, size_t from, void *out,
		   size_t size);

/* The place is the same when `size` bytes have been dropped from the front of its chain. */
static inline void chain_place_consume(struct chain_place *p, size_t size)
{
	*p = p->before >= size ? (struct chain_place){p->chunk, p->before - size}
			       : (struct chain_place){0};
}

/* Overwrites bytes [from, from + size) in place; they must be there. */
void chain_patch(struct chain *c, size_t from, const void *data, size_t size);

/* CRC-32C of bytes [from, c->size). */
uint32_t chain_crc32c(const struct chain *c, size_t from);

#endif
