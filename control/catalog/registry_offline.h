/* registry_offline.h - one partition that cannot be served, or all of a log directory.
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_OFFLINE_H
#define PENSTOCK_REGISTRY_OFFLINE_H

#include "control/catalog/registry_dirs.h"

/* It has failed, now unless it had before. */
void partition_note_failure(struct partition *p);
/* What an operator can do about one that has failed. */
void partition_way_out(const struct partition *p, char ret[REGISTRY_WAY_OUT_BYTES]);
/* The partition is not served, for the reason given; said. */
void partition_offline(struct registry *r, struct partition *p, const char *fault);
/* The same for those of a topic that `which` is true of, in one line. */
void partitions_offline(struct registry *r, struct entry *e, const bool *which,
			const char *fault);
/* Tells writers of partitions that went offline while they were served; true when it sent. */
bool fences_step(struct registry *r);
/* Is the log directory of use, and still at its path? When not, its partitions go offline, once. */
bool directory_is_here(struct registry *r, struct log_dir *d);
/* The same of all; true when one of them is. */
bool directories_are_here(struct registry *r);
/* A call in it has failed. When that is no matter of one file, it is given up; the last one is
 * asked again before (registry_probe.h), for the gateway ends with it. */
void directory_note_error(struct registry *r, struct log_dir *d, int error);
/* It was asked, and this is what it says. */
void directory_note_answer(struct registry *r, struct log_dir *d, int error);
/* It can be used again: it is not lost any more, but its partitions are offline until they are
 * reopened. */
void directory_take_back(struct registry *r, struct log_dir *d);
/* It cannot be used, for the reason given: it is lost, and its partitions with it. */
void directory_give_up(struct registry *r, struct log_dir *d, int error);

#endif
