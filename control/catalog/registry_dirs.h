/* registry_dirs.h - the log directories of a registry: where partitions lie, and which are lost.
 *
 * A new partition goes where the fewest are, of those that are neither lost nor stuck; one that
 * was found stays where it was found. What changes topics needs the first directory, where their
 * files lie.
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_DIRS_H
#define PENSTOCK_REGISTRY_DIRS_H

#include "control/catalog/registry_private.h"

/* Lost ones are among them. */
#define for_each_dir(d, r)                                                               \
	for (struct log_dir *d = (r)->dirs; d < (r)->dirs + (r)->dir_count; d++)

/* One of several in a word. */
static inline uint32_t dir_bit(const struct log_dir *d)
{
	return UINT32_C(1) << d->number;
}

void dirs_init(struct registry *r, struct log_dir *dirs, unsigned count);
/* Where the next new partition goes. */
struct log_dir *dirs_emptiest(const struct registry *r);
/* The first that is lost, or null. */
const struct log_dir *dirs_lost(const struct registry *r);
bool dirs_are_all_lost(const struct registry *r);
/* The partition is of topic `topic`, and lies in `d`, until it is told otherwise. */
void partition_place(struct partition *p, const char *topic, struct log_dir *d);
/* It lies in none any more. */
void partition_displace(struct partition *p);
/* Where a part of the topic lies, or may, that nobody can get at; or null. */
const struct log_dir *entry_lost_dir(const struct registry *r, const struct entry *e);
/* Those in which the job has made partitions so far, by dir_bit(). */
uint32_t dirs_made_in(const struct job *j);
/* The checkpoints may name a topic that has gone. */
void dirs_note_deleted(struct registry *r);

#endif
