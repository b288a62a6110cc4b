/* tcp_table.c - hash to reference; see tcp_table.h. */
#include "dataplane/net/tcp/tcp_table.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"

#include <errno.h>

/* Half full at most, which keeps probes short. */
int tcp_table_init(struct tcp_table *tt, uint32_t count)
{
	uint32_t slots = 16;
	while (slots < count * 2ull)
		slots *= 2;
	memset(tt, 0, sizeof *tt);
	tt->slots = map_take(sizeof *tt->slots * (size_t)slots);
	tt->mask = slots - 1;
	tt->used_max = slots / 2;
	return tt->slots ? 0 : -ENOMEM;
}

void tcp_table_fini(struct tcp_table *tt)
{
	map_give(tt->slots, sizeof *tt->slots * ((size_t)tt->mask + 1));
	memset(tt, 0, sizeof *tt);
}

uint32_t tcp_table_find(const struct tcp_table *tt, uint32_t hash, uint32_t *probe)
{
	for (;;) {
		const struct tcp_slot *slot = &tt->slots[(hash + *probe) & tt->mask];
		++*probe;
		if (slot->ref == 0 || slot->signature == hash)
			return slot->ref;
	}
}

void tcp_table_insert(struct tcp_table *tt, uint32_t hash, uint32_t ref)
{
	require(tt->used < tt->used_max && ref != 0);
	uint32_t at = hash & tt->mask;
	while (tt->slots[at].ref)
		at = (at + 1) & tt->mask;
	tt->slots[at] = (struct tcp_slot){.signature = hash, .ref = ref};
	tt->used++;
}

void tcp_table_remove(struct tcp_table *tt, uint32_t hash, uint32_t ref)
{
	uint32_t hole = hash & tt->mask;
	while (tt->slots[hole].ref != ref) {
		require(tt->slots[hole].ref != 0);
		hole = (hole + 1) & tt->mask;
	}
	/* A follower may move into the hole unless its home lies behind the hole. */
	for (uint32_t at = (hole + 1) & tt->mask; tt->slots[at].ref;
	     at = (at + 1) & tt->mask) {
		uint32_t home = tt->slots[at].signature & tt->mask;
		if (((at - home) & tt->mask) < ((at - hole) & tt->mask))
			continue;
		tt->slots[hole] = tt->slots[at];
		hole = at;
	}
	tt->slots[hole] = (struct tcp_slot){0};
	tt->used--;
}
