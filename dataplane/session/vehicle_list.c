/* vehicle_list.c - names in, whether they are there out; see vehicle_list.h. */
#include "dataplane/session/vehicle_list.h"
#include "dataplane/base/entropy.h"
#include "dataplane/base/require.h"

#include <stdlib.h>

struct vehicle_list *vehicle_list_create(uint32_t names)
{
	uint32_t slots = 2;
	require(names <= VEHICLE_NAMES_MAX);
	while (slots < 2 * names) /* at most half full, so that a probe ends soon */
		slots *= 2;
	struct vehicle_list *l = calloc(1, sizeof *l + slots * sizeof l->slots[0]);
	if (!l)
		return NULL;
	l->mask = slots - 1;
	entropy_fill(&l->key, sizeof l->key);
	return l;
}

void vehicle_list_free(struct vehicle_list *l)
{
	free(l);
}

void vehicle_lists_free(struct vehicle_lists *ls)
{
	for (unsigned i = 0; i < LISTENERS_MAX; i++)
		vehicle_list_free(ls->of[i]);
	free(ls);
}

/* Kinds do not meet: what an account hashes to is turned round. */
static uint64_t hash_of(const struct vehicle_list *l, enum vehicle_name kind, struct bytes name)
{
	uint64_t hash = siphash_table(l->key, name.data, name.size);
	hash = kind == NAME_ACCOUNT ? ~hash : hash;
	return hash ? hash : 1;
}

/* Where it is, or would be. */
static uint32_t slot_of(const struct vehicle_list *l, uint64_t hash)
{
	uint32_t slot = (uint32_t)hash & l->mask;
	while (l->slots[slot] && l->slots[slot] != hash)
		slot = (slot + 1) & l->mask;
	return slot;
}

bool vehicle_list_add(struct vehicle_list *l, enum vehicle_name kind, struct bytes name)
{
	uint64_t hash = hash_of(l, kind, name);
	uint32_t slot = slot_of(l, hash);
	if (l->slots[slot])
		return false;
	require(2 * (l->count[NAME_VEHICLE] + l->count[NAME_ACCOUNT]) <= l->mask);
	l->slots[slot] = hash;
	l->count[kind]++;
	return true;
}

bool vehicle_list_has(const struct vehicle_list *l, enum vehicle_name kind, struct bytes name)
{
	return l->slots[slot_of(l, hash_of(l, kind, name))] != 0;
}
