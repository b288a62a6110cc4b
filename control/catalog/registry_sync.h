/* registry_sync.h - one sync of everything in a log directory for all jobs that wait for one.
 *
 *     job: syncs_wait ─▶ awaited ─▶ a sync begins ─▶ begun ─▶ it is over
 *                          in each directory that the job names ─▶ in all of them: the job goes on
 *
 * A sync makes durable what was done before it began, so whoever comes while one is under way
 * waits for the next. One begins when no job has anything else to do, or when the first of those
 * who wait has done so for SYNC_GATHER_MS: a job of many directories has something to do for long.
 * Each log directory has a disk of its own, in whose thread its syncs run, so control answers
 * others meanwhile, and one that hangs keeps nobody waiting who has nothing there.
 *
 * The kernel tells a failed write back once: to the sync that is under way. What failed may have
 * been written by anybody, so every job that had begun by then is told, at its next sync of that
 * directory. A sync of one that is lost, or does not answer, has failed.
 *
 * Core: control. Ownership: a job that waits is in the list, and leaves it before it goes.
 */
#ifndef PENSTOCK_REGISTRY_SYNC_H
#define PENSTOCK_REGISTRY_SYNC_H

#include "control/catalog/registry_private.h"

/* 0 or -errno: of the first directory. Another one that cannot be opened is given up. */
int syncs_open(struct registry *r);
/* Waits for those under way, but where nothing answers: that is left to the end of the process. */
void syncs_close(struct registry *r);
/* Readable when one is over. */
unsigned syncs_wait_fds(const struct registry *r, int ret[LOG_DIRS_MAX]);

/* Nothing of the job is on a disk yet. */
void syncs_join(struct registry *r, struct job *j);
/* What was done so far in these directories is to last: the job goes on when it does, or when
 * j->sync_error says why it may not. */
void syncs_wait(struct registry *r, struct job *j, uint32_t dirs);
/* A sync soon, that nobody waits for: what is left for the one that is waited for is less. */
void syncs_hasten(struct registry *r, uint32_t dirs);
/* The job ends before its time. */
void syncs_leave(struct registry *r, struct job *j);

/* True when one is over. */
bool syncs_reap(struct registry *r);
/* `is_idle`: no job has anything else to do. True when one has begun. */
bool syncs_begin(struct registry *r, uint64_t now_ns, bool is_idle);

#endif
