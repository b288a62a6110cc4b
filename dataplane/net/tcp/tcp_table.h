/* tcp_table.h - from a 4-tuple's hash to what holds it: open addressing, linear probing,
 * at most half full. A slot is a signature and a reference; the object has the tuple
 * itself.
 *
 *     hash ─▶ [sig│ref] [sig│ref] [  -  ] ...      ref = kind << 30 | index in its slab
 *
 * Removal shifts the followers back: no tombstones, the length of a probe does not age.
 * 16 bytes per object. Core: the owner's only.
 */
#ifndef PENSTOCK_TCP_TABLE_H
#define PENSTOCK_TCP_TABLE_H

#include "dataplane/base/base.h"

struct tcp_slot {
	uint32_t signature; /* the hash: its low bits are the slot at home */
	uint32_t ref;       /* 0: empty */
};

struct tcp_table {
	struct tcp_slot *slots;
	uint32_t mask;
	uint32_t used;
	uint32_t used_max;
};

/* Maps room for `count` objects; -errno when there is no memory. */
int tcp_table_init(struct tcp_table *tt, uint32_t count);
void tcp_table_fini(struct tcp_table *tt);

/* The next reference whose signature is `hash`, or 0. `*probe` counts the slots looked
 * at: 0 at first. */
uint32_t tcp_table_find(const struct tcp_table *tt, uint32_t hash, uint32_t *probe);

void tcp_table_insert(struct tcp_table *tt, uint32_t hash, uint32_t ref);
/* `ref` must be there. */
void tcp_table_remove(struct tcp_table *tt, uint32_t hash, uint32_t ref);

static inline void tcp_table_prefetch(const struct tcp_table *tt, uint32_t hash)
{
	__builtin_prefetch(&tt->slots[hash & tt->mask]);
}

#endif
