/* vehicle_list.h - who may speak to a listener (`auth=list:FILE`): a read-only set, swapped whole
 * by control.
 *
 *     control reads files, builds, publishes (release) ──▶ poller reads the pointer once a turn
 *     control retires the old ones when every poller has passed a quiescent state (rte_rcu_qsbr)
 *
 * Of a name the set has a keyed hash of 64 bits, by a key of its own that nobody sees: of two
 * million names a stranger's is among them with a chance of 10^-13, and he cannot aim.
 *
 * Core: any may read during its turn; control builds and frees. Limits: VEHICLE_NAMES_MAX.
 */
#ifndef PENSTOCK_VEHICLE_LIST_H
#define PENSTOCK_VEHICLE_LIST_H

#include "config/bounds.h"
#include "dataplane/base/base.h"
#include "dataplane/base/siphash.h"

enum { VEHICLE_NAMES_MAX = 4 << 20 };

/* What of a name: a vehicle has none of an account's. */
enum vehicle_name { NAME_VEHICLE, NAME_ACCOUNT, NAME_KINDS };

struct vehicle_list {
	struct siphash_key key;
	uint32_t count[NAME_KINDS];
	uint32_t mask;
	uint64_t slots[]; /* open addressing; 0: empty, and ends the probe */
};

/* What all listeners have: null where anybody may speak. */
struct vehicle_lists {
	struct vehicle_list *of[LISTENERS_MAX];
};

/* With room for `names`; null: no memory. */
struct vehicle_list *vehicle_list_create(uint32_t names);
/* False: it is there already. */
bool vehicle_list_add(struct vehicle_list *l, enum vehicle_name kind, struct bytes name);
bool vehicle_list_has(const struct vehicle_list *l, enum vehicle_name kind, struct bytes name);
void vehicle_list_free(struct vehicle_list *l);

/* Frees all of them, too. */
void vehicle_lists_free(struct vehicle_lists *ls);

#endif
