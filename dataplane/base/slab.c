/* slab.c - fixed objects with generation-tagged handles; see slab.h. */
#include "dataplane/base/slab.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"

#include <errno.h>

enum { SLAB_END = UINT32_MAX };

/* What a free object holds. */
struct slab_free {
	uint32_t next; /* index, or SLAB_END */
};

/* A generation counts takes and gives: it is odd while the object is out. */
static bool is_in_use(const struct slab *s, uint32_t index)
{
	return index < s->fresh && s->generations[index] % 2 == 1;
}

/* An object of a cache line or more begins with one: none shares a line with the next. */
int slab_init(struct slab *s, size_t object_size, uint32_t count)
{
	size_t align = object_size >= CACHE_LINE_BYTES ? CACHE_LINE_BYTES : 8;
	require(object_size >= sizeof(struct slab_free));
	memset(s, 0, sizeof *s);
	s->object_size = (uint32_t)round_up(object_size, align);
	s->count = count;
	s->free_head = SLAB_END;
	s->objects = map_take((size_t)s->object_size * count);
	s->generations = map_take(sizeof(uint32_t) * (size_t)count);
	if (s->objects && s->generations)
		return 0;
	slab_fini(s);
	return -ENOMEM;
}

void slab_fini(struct slab *s)
{
	map_give(s->objects, (size_t)s->object_size * s->count);
	map_give(s->generations, sizeof(uint32_t) * (size_t)s->count);
	memset(s, 0, sizeof *s);
}

/* The object that is taken next was given back long ago, when many are out: it is on its way
 * until then. */
static void fetch_next(const struct slab *s)
{
	if (s->free_head != SLAB_END)
		prefetch(slab_at(s, s->free_head), s->object_size);
}

/* Objects that nobody has had yet come last: the slab touches no more of its memory than was
 * ever out at one time. */
void *slab_take(struct slab *s)
{
	uint32_t index = s->free_head;
	if (index != SLAB_END) {
		s->free_head = ((struct slab_free *)slab_at(s, index))->next;
		fetch_next(s);
	} else if (s->fresh < s->count) {
		index = s->fresh++;
	} else {
		return NULL;
	}
	s->generations[index]++;
	s->in_use++;
	void *object = slab_at(s, index);
	memset(object, 0, s->object_size);
	return object;
}

void slab_give(struct slab *s, void *object)
{
	uint32_t index = slab_index(s, object);
	require(is_in_use(s, index));
	s->generations[index]++;
	*(struct slab_free *)object = (struct slab_free){s->free_head};
	s->free_head = index;
	s->in_use--;
}

uint32_t slab_index(const struct slab *s, const void *object)
{
	return (uint32_t)((size_t)((const uint8_t *)object - s->objects) / s->object_size);
}

uint64_t slab_handle(const struct slab *s, const void *object)
{
	uint32_t index = slab_index(s, object);
	return (uint64_t)s->generations[index] << 32 | index;
}

void *slab_get(const struct slab *s, uint64_t handle)
{
	uint32_t index = (uint32_t)handle;
	if (!is_in_use(s, index) || s->generations[index] != handle >> 32)
		return NULL;
	return slab_at(s, index);
}

void *slab_next(const struct slab *s, uint32_t *index)
{
	while (*index < s->fresh) {
		uint32_t at = (*index)++;
		if (is_in_use(s, at))
			return slab_at(s, at);
	}
	return NULL;
}
