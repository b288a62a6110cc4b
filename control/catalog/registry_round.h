/* registry_round.h - one admin message to each of many partitions, all replies awaited.
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_ROUND_H
#define PENSTOCK_REGISTRY_ROUND_H

#include "control/catalog/registry_private.h"

void round_begin(struct round *round, enum admin_op op, struct partition **partitions,
		 uint32_t count);
/* Sends what there is room for, passing over partitions that nobody serves; true when every
 * reply is here. */
bool round_step(struct registry *r, struct round *round);
/* Takes replies from all writers; true when there were any. */
bool rounds_reap(struct registry *r);

#endif
