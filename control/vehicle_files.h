/* vehicle_files.h - the files of `auth=list:FILE`: read at start, and again when they are asked for
 * (SIGHUP, listener.reload); pollers see all of them change at once, or none.
 *
 *     files ─▶ vehicle_files_reload ─ all are right ─▶ published ─▶ pollers, from the next turn
 *                      └─ one is not: said, what was there stays    └─▶ the old ones retired
 *
 * A line is a name: a VIN of 17 characters, or the digits of a phone number; its leading zeroes do
 * not count. `account NAME PASSWORD` is a platform's. Blank lines and what is behind a # are
 * passed over.
 *
 * Core: control.
 */
#ifndef PENSTOCK_VEHICLE_FILES_H
#define PENSTOCK_VEHICLE_FILES_H

#include "config/settings.h"
#include "dataplane/base/list.h"
#include "dataplane/session/vehicle_list.h"

#include <stdatomic.h>

struct rte_rcu_qsbr;

struct vehicle_files {
	const struct settings *settings;
	struct rte_rcu_qsbr *rcu;
	struct vehicle_lists *_Atomic lists; /* where pollers look; null before the first reading */
	struct list retired;                 /* struct retired_lists.node, oldest first */
};

void vehicle_files_init(struct vehicle_files *v, const struct settings *settings,
			struct rte_rcu_qsbr *rcu);
/* No poller looks any more. */
void vehicle_files_fini(struct vehicle_files *v);

/* Reads all files. False: one is not right, which is in `message`, and nothing has changed. */
bool vehicle_files_reload(struct vehicle_files *v, char *message, size_t size);
/* Frees what no poller uses any more. */
void vehicle_files_turn(struct vehicle_files *v);

#endif
