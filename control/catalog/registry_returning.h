/* registry_returning.h - one partition that has failed, on its way back to its writer.
 *
 *     returning_take ─▶ returning_hold ─▶ the writer gives its log back ─▶ returning_copy
 *     ─▶ returning_open, by a thread ─▶ returning_opened ─▶ a sync ─▶ returning_synced
 *     ─▶ the writer has it ─▶ returning_served
 *
 * A thread works on a copy of what control knows of the partition, so control goes on looking at
 * the partition itself. Whatever fails on the way leaves it offline, with the reason.
 *
 * Core: control, but for returning_open().
 */
#ifndef PENSTOCK_REGISTRY_RETURNING_H
#define PENSTOCK_REGISTRY_RETURNING_H

#include "control/catalog/registry_opening.h"
#include "dataplane/store/scan.h"

struct returning {
	struct registry *r;
	struct registry_part *part;
	struct partition *partition;   /* control's; null: it was refused */
	struct partition copy;         /* a thread's, until its call was made; */
	struct entry entry;            /* and what it has to know of the topic */
	struct scan_progress progress; /* is_over: nobody wants it any more */
	struct opened opened;
	char *message;                 /* what is told of it; or null */
	bool is_over;                  /* refused, failed, or served */
};

/* Is it offline, or fenced? */
bool partition_has_failed(const struct registry *r, const struct partition *p);
/* Which one `part` names; over at once when it is none that can come back. */
void returning_take(struct returning *t, struct registry *r, struct registry_part *part);
/* It is offline from now on: nobody else asks its writer for anything, and the cleaner leaves its
 * files alone. */
void returning_hold(struct returning *t);
/* Its writer has given its log back, if it had one: closed, and what it knew is kept. */
void returning_copy(struct returning *t);
/* Core: a thread's. */
void returning_open(struct returning *t);
void returning_opened(struct returning *t);
/* `error`: of the sync of its log directory. True: its log is there to be served. */
bool returning_synced(struct returning *t, int error);
void returning_served(struct returning *t);
/* Nobody goes on with it, for the reason given: it stays offline for the old one. */
void returning_end(struct returning *t, const char *why);
void returning_free(struct returning *t);

#endif
