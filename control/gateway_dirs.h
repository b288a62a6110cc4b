/* gateway_dirs.h - log.dirs in, locked and open log directories out; see gateway.h.
 *
 *     named ─▶ locked, before all else ─▶ opened, each with its rule ─▶ flush files of every writer
 *
 * The first one holds what is the gateway's own: without it there is no start. Another one that
 * cannot be used is lost for this run, which is said, and the gateway starts without it. One that
 * is in use by somebody else stops the start, whichever it is: that is a mistake, and no failure.
 *
 * Core: control, at start and stop.
 */
#ifndef PENSTOCK_GATEWAY_DIRS_H
#define PENSTOCK_GATEWAY_DIRS_H

#include "control/gateway.h"

/* Steps of the start, for struct boot_step. */
int gateway_dirs_lock(void *gateway);
void gateway_dirs_unlock(void *gateway);

/* Through control's disk: 0, or an error as a step's. */
int gateway_dirs_open(struct gateway *g);
void gateway_dirs_close(struct gateway *g);

#endif
