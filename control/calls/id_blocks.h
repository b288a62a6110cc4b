/* id_blocks.h - producer ids by the block, from control, who has them durable, to the coordinator,
 * who gives them out.
 *
 *     coordinator                               control
 *     id_blocks_wish:  NONE ─▶ WISHED, wake ──▶ id_blocks_is_wished
 *                                               the file says that the block is taken; then
 *     id_blocks_take:  NONE ◀── its first id ◀── id_blocks_grant, wake
 *
 * One word says all of it, and one side at a time may change it: control while it is WISHED, the
 * coordinator otherwise. So a wish is one block, and a block that was granted lies here, in
 * reserve, until the one before it is used up.
 *
 * Core: as drawn. Barriers: both sides are sequentially consistent, so that a wish or a block is
 * seen before a sleep or wakes from it (base/wake.h).
 */
#ifndef PENSTOCK_ID_BLOCKS_H
#define PENSTOCK_ID_BLOCKS_H

#include "config/bounds.h"
#include "dataplane/base/wake.h"

enum { ID_BLOCKS_NONE = -1, ID_BLOCKS_WISHED = -2 };

struct id_blocks {
	_Atomic int64_t state; /* the first id of a block, or one of these */
	int32_t block_ids;     /* of each block: PRODUCER_ID_BLOCK, in tests fewer */
	struct wake *control, *coordinator;
};

/* Before either side runs. */
static inline void id_blocks_init(struct id_blocks *b, int32_t block_ids, struct wake *control,
				  struct wake *coordinator)
{
	atomic_init(&b->state, ID_BLOCKS_NONE);
	b->block_ids = block_ids;
	b->control = control;
	b->coordinator = coordinator;
}

/* Nothing, if one is wished for or lies there. */
static inline void id_blocks_wish(struct id_blocks *b)
{
	if (atomic_load(&b->state) != ID_BLOCKS_NONE)
		return;
	atomic_store(&b->state, ID_BLOCKS_WISHED);
	wake_post(b->control);
}

static inline bool id_blocks_is_wished(const struct id_blocks *b)
{
	return atomic_load(&b->state) == ID_BLOCKS_WISHED;
}

/* Of a wish: `first` and what follows it are nobody else's, for good. */
static inline void id_blocks_grant(struct id_blocks *b, int64_t first)
{
	atomic_store(&b->state, first);
	wake_post(b->coordinator);
}

static inline bool id_blocks_is_granted(const struct id_blocks *b)
{
	return atomic_load(&b->state) >= 0;
}

/* Its first id; ID_BLOCKS_NONE: none was granted. */
static inline int64_t id_blocks_take(struct id_blocks *b)
{
	int64_t first = atomic_load(&b->state);
	if (first < 0)
		return ID_BLOCKS_NONE;
	atomic_store(&b->state, ID_BLOCKS_NONE);
	return first;
}

#endif
