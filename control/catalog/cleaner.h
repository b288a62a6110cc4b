/* cleaner.h - who compacts logs beside control, as the registry sees him.
 *
 *     begin(step) ─▶ ... ─▶ is_over ─▶ begin(next step) ─▶ ...
 *
 * One step of one round at a time (dataplane/clean/clean_log.h), which may take minutes; control
 * asks whether it is over in its turns. Until then the round is his, with all that it points to.
 * A disk may hold him for as long as it likes: only the end of the process waits for that.
 *
 * Core: control calls these. How he does it is his: on a thread of his own (cleaner_thread.c), or,
 * in tests, at once.
 */
#ifndef PENSTOCK_CLEANER_H
#define PENSTOCK_CLEANER_H

#include "dataplane/clean/clean_log.h"

enum clean_step { CLEAN_STEP_MAP, CLEAN_STEP_RUN, CLEAN_STEP_UNDO, CLEAN_STEP_REST, CLEAN_STEPS };

struct cleaner {
	void *owner;
	void (*begin)(void *owner, struct clean_round *round, enum clean_step step);
	/* *error: 0 or -errno, once. */
	bool (*is_over)(void *owner, int *error);
	/* The step under way ends as soon as its disk lets it; is_over() tells when. */
	void (*cancel)(void *owner);
	/* The same, and it is over when this returns: before memory that it uses is freed. */
	void (*finish)(void *owner);
};

/* What a step is. */
static inline int clean_step_do(struct clean_tools *t, struct clean_round *round,
				enum clean_step step)
{
	switch (step) {
	case CLEAN_STEP_MAP:
		return clean_map(t, round);
	case CLEAN_STEP_RUN:
		return clean_run(t, round);
	case CLEAN_STEP_UNDO:
		return clean_undo(t, round);
	case CLEAN_STEP_REST:
	case CLEAN_STEPS:
		break;
	}
	clean_rest(t);
	return 0;
}

#endif
