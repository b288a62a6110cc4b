/* key_map.c - keys and offsets in, of each key the last offset out; see key_map.h. */
#include "dataplane/clean/key_map.h"
#include "dataplane/base/entropy.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"

#include <errno.h>

enum { PAGE_BYTES = 4096 };

int key_map_init(struct key_map *m, size_t bytes, double load_factor)
{
	require(bytes >= KEY_MAP_BYTES_MIN && load_factor > 0 && load_factor <= 1);
	*m = (struct key_map){.bytes = (size_t)round_up(bytes, PAGE_BYTES)};
	m->entries = map_take(m->bytes);
	if (!m->entries)
		return -ENOMEM;
	m->places = bytes / KEY_MAP_ENTRY_BYTES;
	/* A search ends at a free place: there is always one. */
	uint64_t filled = (uint64_t)((double)m->places * load_factor);
	m->count_max = min_u64(max_u64(filled, 1), m->places - 1);
	entropy_fill(m->keys, sizeof m->keys);
	return 0;
}

void key_map_fini(struct key_map *m)
{
	map_give(m->entries, m->bytes);
	*m = (struct key_map){0};
}

void key_map_clear(struct key_map *m)
{
	map_forget(m->entries, m->bytes);
	m->count = 0;
}

/* Where the key is, or a free place where it would be. */
static struct key_entry *place_of(const struct key_map *m, struct bytes key, uint64_t hash[2])
{
	hash[0] = siphash(m->keys[0], key.data, key.size);
	hash[1] = siphash(m->keys[1], key.data, key.size);
	uint64_t at = (uint64_t)((unsigned __int128)hash[0] * m->places >> 64);
	for (;;) {
		struct key_entry *e = &m->entries[at];
		if (e->behind == 0 || (e->hash[0] == hash[0] && e->hash[1] == hash[1]))
			return e;
		at = at + 1 < m->places ? at + 1 : 0;
	}
}

bool key_map_put(struct key_map *m, struct bytes key, int64_t offset)
{
	uint64_t hash[2];
	struct key_entry *e = place_of(m, key, hash);
	if (e->behind == 0) {
		if (m->count == m->count_max)
			return false;
		m->count++;
		*e = (struct key_entry){.hash = {hash[0], hash[1]}};
	}
	e->behind = max_i64(e->behind, offset + 1);
	return true;
}

int64_t key_map_find(const struct key_map *m, struct bytes key)
{
	uint64_t hash[2];
	return place_of(m, key, hash)->behind - 1;
}
