/* registry_reopen.h - job: partitions that have failed are recovered and served again.
 *
 *     writer ─ ADMIN_RETURN ─▶ log closed ─▶ crew: sync ─▶ partition_open_again() ─▶ sync
 *            ◀─ ADMIN_REOPEN ─────────────────────────────────────────────────────────┘
 *
 * Until the end they are offline, and everybody is answered KAFKA_STORAGE_ERROR. What becomes of
 * one of them is registry_returning.h's; docs/decisions/0022-reopen.md says who owns what.
 *
 * Core: control; threads of a crew (crew.h) make the calls that block.
 * Limits: one such job at a time, of REOPEN_THREADS threads.
 */
#ifndef PENSTOCK_REGISTRY_REOPEN_H
#define PENSTOCK_REGISTRY_REOPEN_H

#include "control/catalog/registry_private.h"

void reopening_progress(const struct reopening *rp, struct recovery_progress *ret);

#endif
