/* registry_sync.h - one sync of everything for all jobs that wait for one.
 *
 *     job: syncs_wait ─▶ waiting ─▶ a sync begins ─▶ covered ─▶ it is over: each has its error
 *
 * A sync makes durable what was done before it began, so whoever comes while one is under way
 * waits for the next. One begins when no job has anything else to do, or when the first of those
 * who wait has done so for SYNC_GATHER_MS: a job of many directories has something to do for long.
 * It has a disk of its own, in whose thread it runs, so control answers others meanwhile.
 *
 * The kernel tells a failed write back once: to the sync that is under way. What failed may have
 * been written by anybody, so every job that had begun by then is told, at its next sync.
 *
 * Core: control. Ownership: a job that waits is in one of the lists, and leaves it before it goes.
 */
#ifndef PENSTOCK_REGISTRY_SYNC_H
#define PENSTOCK_REGISTRY_SYNC_H

#include "control/catalog/registry_private.h"

/* 0 or -errno. */
int syncs_open(struct registry *r);
/* Waits for the one under way. */
void syncs_close(struct registry *r);

/* Nothing of the job is on the disk yet. */
void syncs_join(struct registry *r, struct job *j);
/* What was done so far is to last: the job goes on when it does, or when j->sync_error says why it
 * may not. */
void syncs_wait(struct registry *r, struct job *j);
/* A sync soon, that nobody waits for: what is left for the one that is waited for is less. */
void syncs_hasten(struct registry *r);
/* The job ends before its time. */
void syncs_leave(struct job *j);

/* True when one is over. */
bool syncs_reap(struct registry *r);
/* `is_idle`: no job has anything else to do. True when one has begun. */
bool syncs_begin(struct registry *r, uint64_t now_ns, bool is_idle);

#endif
