/* unanswered.h - the last messages of a connection that are not answered yet, by their names, so
 * that one which is sent again is known.
 *
 *     session->answers: those of earlier turns ─┐
 *     what this turn's cut has found ───────────┴▶ names of the last UNANSWERED_MAX
 *
 * Nothing is kept for it between turns but what each answer has of its request: a connection that
 * waits for no answer costs nothing. Core: poller.
 */
#ifndef PENSTOCK_UNANSWERED_H
#define PENSTOCK_UNANSWERED_H

#include "dataplane/session/answer.h"

enum { UNANSWERED_MAX = 16 };

struct unanswered {
	unsigned count; /* that have been added */
	uint64_t names[UNANSWERED_MAX];
};

/* Those of the session's last UNANSWERED_MAX answers that have a name. */
void unanswered_init(struct unanswered *u, const struct session *s);

/* Adds a message behind the others. False: it is there, and stays the one that it is. */
static inline bool unanswered_add(struct unanswered *u, uint64_t name)
{
	bool is_there = false;
	for (unsigned i = 0; i < min_u32(u->count, UNANSWERED_MAX); i++)
		is_there |= u->names[i] == name;
	if (!is_there)
		u->names[u->count++ % UNANSWERED_MAX] = name;
	return !is_there;
}

#endif
