/* topic_wish.h - a topic that the coordinator needs, and only control can make.
 *
 *     coordinator: topic_wish_make ─▶ flag, wake ─▶ control: topic_wish_take ─▶ registry
 *                                       coordinator: finds it in the snapshot, some turns later
 *
 * One flag is enough: there is one such topic, and whoever finds it missing wishes again.
 *
 * Core: made by the coordinator, taken by control. Barriers: both sides are sequentially
 * consistent, so that a wish is seen before a sleep or wakes from it (base/wake.h).
 */
#ifndef PENSTOCK_TOPIC_WISH_H
#define PENSTOCK_TOPIC_WISH_H

#include "dataplane/base/wake.h"

struct topic_wish {
	atomic_bool is_made;
	struct wake *control;
};

static inline void topic_wish_make(struct topic_wish *w)
{
	if (!atomic_exchange(&w->is_made, true))
		wake_post(w->control);
}

static inline bool topic_wish_is_made(const struct topic_wish *w)
{
	return atomic_load(&w->is_made);
}

static inline bool topic_wish_take(struct topic_wish *w)
{
	return atomic_exchange(&w->is_made, false);
}

#endif
