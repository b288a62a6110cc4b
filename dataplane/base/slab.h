/* slab.h - a fixed number of equal objects, mapped at start, named by index and generation.
 *
 *     free list ──▶ [7] ──▶ [2] ──▶ [9]         handle = generation << 32 | index
 *
 * A handle outlives its object harmlessly: slab_get() gives null once the object has been
 * given back, even when its place is in use again. The caller's struct needs nothing: the
 * generations lie beside the objects, and a free one holds the index of the next.
 *
 * Core: the owner's only. Memory: mmap at slab_init(), MADV_HUGEPAGE; pages of objects never
 * used are never touched. Running out is a designed event: slab_take() gives null.
 */
#ifndef PENSTOCK_SLAB_H
#define PENSTOCK_SLAB_H

#include "dataplane/base/base.h"

struct slab {
	uint8_t *objects;
	uint32_t *generations; /* by index; odd while in use */
	uint32_t object_size;
	uint32_t count;
	uint32_t in_use;
	uint32_t free_head;
	uint32_t fresh; /* indexes from here on were never taken */
};

/* Maps room for `count` objects of `object_size` bytes (rounded up to a cache line when
 * 64 or more, to 8 otherwise). -errno when there is no memory. */
int slab_init(struct slab *s, size_t object_size, uint32_t count);
void slab_fini(struct slab *s);

/* A zeroed object, or null when all are taken. */
void *slab_take(struct slab *s);
void slab_give(struct slab *s, void *object);

uint32_t slab_index(const struct slab *s, const void *object);
uint64_t slab_handle(const struct slab *s, const void *object);

/* The object the handle names, or null when it has been given back. */
void *slab_get(const struct slab *s, uint64_t handle);

/* Walks the objects in use: the first at or after *index, *index moved behind it; null at
 * the end. Giving the object back while walking is fine. */
void *slab_next(const struct slab *s, uint32_t *index);

/* The object at `index`; it must be in use, for all but the slab itself. */
static inline void *slab_at(const struct slab *s, uint32_t index)
{
	return s->objects + (size_t)index * s->object_size;
}

#endif
