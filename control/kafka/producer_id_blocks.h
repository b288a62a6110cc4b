/* producer_id_blocks.h - the coordinator's wish for producer ids in, a block of them out.
 *
 *     id_blocks_is_wished ─▶ producer_id_file_take ─▶ id_blocks_grant ─▶ ten milliseconds' rest
 *                                                 └─▶ said why not    ─▶ a second's
 *
 * Core: control (blocks, for two syncs). Limits: a block at a time, one in
 * PRODUCER_ID_BLOCK_PAUSE_MS: what producer_id_file.h begins a lost count with leans on it.
 */
#ifndef PENSTOCK_PRODUCER_ID_BLOCKS_H
#define PENSTOCK_PRODUCER_ID_BLOCKS_H

#include "control/calls/id_blocks.h"
#include "control/catalog/producer_id_file.h"

struct producer_id_blocks {
	struct id_blocks *blocks; /* null: nobody wishes for any */
	struct producer_id_file file;
	uint64_t rest_until_ns;
	int error; /* -errno of the last try, which has been said */
	/* One line for the operator; null: nobody hears it. */
	void (*say)(void *say_owner, const char *line);
	void *say_owner;
};

/* True when it found work. */
bool producer_id_blocks_turn(struct producer_id_blocks *p, uint64_t now_ns);
/* Would it find a wish? Asked before control sleeps. */
bool producer_id_blocks_has_wish(const struct producer_id_blocks *p);
/* Is there one that will be granted in a moment? */
bool producer_id_blocks_is_busy(const struct producer_id_blocks *p);

#endif
