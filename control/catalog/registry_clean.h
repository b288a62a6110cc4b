/* registry_clean.h - logs of compacted topics, cleaned one after the other.
 *
 *     REST ─ log.cleaner.backoff.ms ─▶ LOOK: each writer tells what is dirty; the dirtiest is
 *                                      chosen, and its segments are told
 *       ▲                               │
 *       │                               ▼
 *       │                              MAP ─▶ RUN ─▶ SWAP, by its writer ─▶ RUN ─▶ ...
 *       │                                      │ no more          │ refused
 *       │                                      ▼                  ▼
 *       ├──── cleaner-offset-checkpoint ◀──── REST of the tools ◀─ UNDO, unless it was begun
 *
 * LOOK and SWAP are errands to partitions among the registry's jobs, beside others: a topic that
 * goes waits for them, for the milliseconds that writers take to answer. The other steps are the
 * cleaner's (cleaner.h), for as long as they take, and nobody waits for them but the deletion of a
 * topic whose log is cleaned, which ends the round: as an errand to that topic's partition, beside
 * other jobs. What a round has done is good by itself, however it ends: until the checkpoint says
 * how far it came the next one does it again.
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_CLEAN_H
#define PENSTOCK_REGISTRY_CLEAN_H

#include "control/catalog/registry_private.h"

/* True when something moved. */
bool clean_turn(struct registry *r, uint64_t now_ns);
/* `e` goes, or null: everything does. Nobody is at its files when it has no errands any more. */
void clean_leave(struct registry *r, const struct entry *e);
/* Nobody is at any file when this returns; no turn comes behind it. */
void clean_finish(struct registry *r);

#endif
