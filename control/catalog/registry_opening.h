/* registry_opening.h - one partition's directory: made if it is missing, told whose it is, its log
 * opened.
 *
 * Core: control, or a thread of its crew (crew.h) to which the partition is lent: of the registry
 * an opening changes nothing else, and it does not speak. What the operator is to be told comes
 * back with what became of it.
 */
#ifndef PENSTOCK_REGISTRY_OPENING_H
#define PENSTOCK_REGISTRY_OPENING_H

#include "control/catalog/registry_private.h"

struct scan_progress;

/* What became of an opening. Texts are from malloc. */
struct opened {
	int error; /* -errno; */
	char *why; /* and the reason, for the operator; or null */
	char *lines[2]; /* what else he is to be told */
	unsigned line_count;
};

/* Durable after a log_dir_sync_all(). What cannot be opened is left as it was. `progress`: null, or
 * where what is read is counted. */
void partition_open(const struct registry *r, const struct entry *e, struct partition *p,
		    bool is_clean, struct scan_progress *progress, struct opened *ret);
/* The same of one that was served, and has failed: it is there, with all that is known of it, or it
 * is not opened. */
void partition_open_again(const struct registry *r, const struct entry *e, struct partition *p,
			  struct scan_progress *progress, struct opened *ret);
void opened_say(struct registry *r, const struct opened *o);
void opened_free(struct opened *o);

#endif
