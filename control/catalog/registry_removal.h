/* registry_removal.h - a topic's files go, or wait for it.
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_REMOVAL_H
#define PENSTOCK_REGISTRY_REMOVAL_H

#include "control/catalog/registry_private.h"

#define for_each_leftover(e, r)                                                          \
	for (struct entry *e = list_entry((r)->leftovers.next, struct entry, node);      \
	     &(e)->node != &(r)->leftovers;                                              \
	     e = list_entry((e)->node.next, struct entry, node))

/* The topic's file says durably that it is deleted, and so does `e`. */
int removal_mark(struct registry *r, struct entry *e);
/* All of it: marked if it is not yet, removed, forgotten. Its logs are closed. */
int removal_run(struct registry *r, struct entry *e);
/* Gives an entry whose files could not be removed, or not be marked. */
void removal_later(struct registry *r, struct entry *e);
/* Is there one of this name? It is tried again. */
bool removal_is_due(const struct registry *r, const char *topic);
int removal_again(struct registry *r, const char *topic);
/* What an undone growth has left. The file says that it may be missing before it is: a start
 * that comes in between, or on what could not be removed, completes it. */
int removal_of_growth(struct registry *r, struct entry *e);
/* At the stop: false when something is left that the next start would take for a topic's. */
bool removals_settle(struct registry *r);

#endif
