/* registry_making.h - the partitions of a topic that a job makes or enlarges.
 *
 *     a few directories and logs a step ─▶ one sync ─▶ .<topic>.json
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_MAKING_H
#define PENSTOCK_REGISTRY_MAKING_H

#include "control/catalog/registry_private.h"

/* The next step of a phase without messages: JOB_PARTITIONS_AT_ONCE more are made, or the last
 * of them synced; true when all are done, or the job has failed. */
bool job_make(struct registry *r, struct job *j);

#endif
