/* key_map.h - of each key the last offset, for as many keys as there is memory.
 *
 *     key ─ keyed hash, 128 bits ─▶ place ─▶ [ hash 16 | offset 8 ] ─ taken by another ─▶ the next
 *
 * The key itself is not kept: two keys of one hash would be one, and the older record of the two
 * would go. Of 128 bits that does not happen by chance. Nor by intent: the hash is SipHash twice,
 * with keys that nobody sees and that are new with each map. (Kafka's is MD5, of which anybody can
 * make two keys with one hash.)
 *
 * Core: whose it is. Memory: mapped at creation, touched as keys come, given back when it is
 * cleared.
 */
#ifndef PENSTOCK_KEY_MAP_H
#define PENSTOCK_KEY_MAP_H

#include "dataplane/base/siphash.h"

enum { KEY_MAP_ENTRY_BYTES = 24, KEY_MAP_BYTES_MIN = 4096 };

struct key_entry {
	uint64_t hash[2];
	int64_t behind; /* the offset, and one; 0: the place is free */
};
static_assert(sizeof(struct key_entry) == KEY_MAP_ENTRY_BYTES, "as is said above");

struct key_map {
	struct siphash_key keys[2];
	struct key_entry *entries;
	size_t bytes;
	uint64_t places;
	uint64_t count;
	uint64_t count_max;
};

/* `bytes`, KEY_MAP_BYTES_MIN at least, of which `load_factor` of the places are filled at most;
 * -ENOMEM. */
int key_map_init(struct key_map *m, size_t bytes, double load_factor);
void key_map_fini(struct key_map *m);
/* Knows nothing any more. */
void key_map_clear(struct key_map *m);

/* The later of two offsets counts. False: the key is new, and there is no room for it. */
bool key_map_put(struct key_map *m, struct bytes key, int64_t offset);
/* -1: the key is not known. */
int64_t key_map_find(const struct key_map *m, struct bytes key);

#endif
