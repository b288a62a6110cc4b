/* registry_making.h - the file of a topic that a job makes or changes, and the partitions that it
 * makes.
 *
 *     .<topic>.json ─▶ sync ─▶ a few directories and logs a step ─▶ .<topic>.json again ─▶ sync
 *
 * Both are the next step of what takes some, with syncs that are shared (registry_sync.h); true
 * when it is over: done, or j->error says why not.
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_MAKING_H
#define PENSTOCK_REGISTRY_MAKING_H

#include "control/catalog/registry_private.h"

/* The topic's file is replaced. */
bool job_write_file(struct registry *r, struct job *j);
/* JOB_PARTITIONS_AT_ONCE more are made; behind the last of them the topic's file says so. With an
 * error the job's result is filled in. */
bool job_make(struct registry *r, struct job *j);

#endif
