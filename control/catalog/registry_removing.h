/* registry_removing.h - a topic's directories go, by a thread that may block, or at once.
 *
 *     removing_new ─▶ its turn comes ─▶ a thread: directory after directory, the names synced, the
 *                                       topic's file ─▶ removing_end
 *
 * What a thread works on is all its own, so that one that does not come back is left behind: paths
 * are made of copies, and of log directories it reads what stays as it was opened. Before it all
 * the topic's file says, durably, that the topic goes; whatever is left the next start removes.
 *
 * Core: control, but for the calls of a crew (crew.h): one thread for each removal.
 * Limits: REMOVALS_MAX at a time, in the order in which they came. One that waits for a log
 * directory that does not answer is not counted.
 */
#ifndef PENSTOCK_REGISTRY_REMOVING_H
#define PENSTOCK_REGISTRY_REMOVING_H

#include "control/catalog/registry_private.h"

struct removing;

/* Of partitions from `first` on; with all of them goes the topic's file. It stands in line. */
struct removing *removing_new(struct registry *r, const struct entry *e, uint32_t first);
/* Begins it when its turn has come. True when it is over; *moved: some of it has gone since. */
bool removing_turn(struct registry *r, struct removing *g, bool *moved);
/* All of it here and now. */
void removing_run(struct removing *g);
/* What was found is said; -errno of what was not removed. Gives it. */
int removing_end(struct registry *r, struct removing *g);
/* Nobody waits for it any more: it ends between two pieces of a file, and is given at the end. */
void removing_leave(struct removing *g);
/* Those that are left. A thread that does not come back is left: the process ends with it. */
void removings_end(struct registry *r);

#endif
