/* cursor.h - bounds-checked reading and writing of big-endian bytes with a sticky error.
 *
 * Read (or write) every field straight through, then look at `bad` once:
 *
 *     out->api_key     = cursor_u16(c);
 *     out->api_version = cursor_u16(c);
 *     return !c->bad;
 *
 * After the first overrun every read gives zero and moves nothing. No allocation, no copies:
 * spans point into the input. A count read from the wire must pass cursor_count(), which
 * rejects more items than the bytes that remain could hold (CVE-2026-111108's class).
 */
#ifndef PENSTOCK_CURSOR_H
#define PENSTOCK_CURSOR_H

#include "dataplane/base/be.h"
#include "dataplane/base/varint.h"

struct cursor {
	const uint8_t *at;
	const uint8_t *end;
	bool bad;
};

static inline struct cursor cursor_of(const void *data, size_t size)
{
	const uint8_t *p = data;
	/* Nothing may be added to null, not even nothing. */
	return (struct cursor){.at = p, .end = size ? p + size : p};
}

static inline size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->at);
}

/* `size` bytes in place, or null (and bad) when fewer are left. */
static inline const uint8_t *cursor_take(struct cursor *c, size_t size)
{
	if (c->bad || cursor_left(c) < size) {
		c->bad = true;
		return NULL;
	}
	const uint8_t *p = c->at;
	c->at += size;
	return p;
}

/* As Kafka writes what may be null: a size of -1 and nothing; any other below 0 is bad. */
static inline struct bytes cursor_nullable(struct cursor *c, int64_t size)
{
	if (size < 0) {
		c->bad |= size != -1;
		return (struct bytes){0};
	}
	const uint8_t *p = cursor_take(c, (size_t)size);
	return (struct bytes){.data = p, .size = p ? (size_t)size : 0};
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 1);
	return p ? *p : 0;
}

static inline uint16_t cursor_u16(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 2);
	return p ? be16_load(p) : 0;
}

static inline uint32_t cursor_u32(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 4);
	return p ? be32_load(p) : 0;
}

static inline uint64_t cursor_u64(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 8);
	return p ? be64_load(p) : 0;
}

static inline uint64_t cursor_uvarint(struct cursor *c, unsigned bytes_max)
{
	uint64_t v = 0;
	unsigned used = c->bad ? 0 : uvarint_get(c->at, c->end, bytes_max, &v);
	if (used == 0) {
		c->bad = true;
		return 0;
	}
	c->at += used;
	return v;
}

static inline int64_t cursor_varint(struct cursor *c, unsigned bytes_max)
{
	return zigzag_decode(cursor_uvarint(c, bytes_max));
}

/* A declared count of items of at least `item_bytes_min` each: itself, or 0 and bad. */
static inline uint32_t cursor_count(struct cursor *c, uint64_t declared,
				    size_t item_bytes_min)
{
	if (!c->bad && declared > cursor_left(c) / item_bytes_min)
		c->bad = true;
	return c->bad ? 0 : (uint32_t)declared;
}

/* The writing side. `bad` means the room was too small; nothing past `end` is touched. */
struct emitter {
	uint8_t *start;
	uint8_t *at;
	uint8_t *end;
	bool bad;
};

static inline struct emitter emitter_of(void *data, size_t size)
{
	uint8_t *p = data;
	return (struct emitter){.start = p, .at = p, .end = p + size};
}

static inline size_t emitter_size(const struct emitter *e)
{
	return (size_t)(e->at - e->start);
}

/* Room for `size` bytes, or null (and bad). */
static inline uint8_t *emit_room(struct emitter *e, size_t size)
{
	if (e->bad || (size_t)(e->end - e->at) < size) {
		e->bad = true;
		return NULL;
	}
	uint8_t *p = e->at;
	e->at += size;
	return p;
}

static inline void emit_u8(struct emitter *e, uint8_t v)
{
	uint8_t *p = emit_room(e, 1);
	if (p)
		*p = v;
}

static inline void emit_u16(struct emitter *e, uint16_t v)
{
	uint8_t *p = emit_room(e, 2);
	if (p)
		be16_store(p, v);
}

static inline void emit_u32(struct emitter *e, uint32_t v)
{
	uint8_t *p = emit_room(e, 4);
	if (p)
		be32_store(p, v);
}

static inline void emit_u64(struct emitter *e, uint64_t v)
{
	uint8_t *p = emit_room(e, 8);
	if (p)
		be64_store(p, v);
}

static inline void emit_bytes(struct emitter *e, const void *data, size_t size)
{
	uint8_t *p = emit_room(e, size);
	if (p && size)
		memcpy(p, data, size);
}

static inline void emit_uvarint(struct emitter *e, uint64_t v)
{
	uint8_t *p = emit_room(e, uvarint_size(v));
	if (p)
		uvarint_put(p, v);
}

static inline void emit_varint(struct emitter *e, int64_t v)
{
	emit_uvarint(e, zigzag_encode(v));
}

#endif
