/* registry_dirs.c - partitions in, the log directories they lie in out; see registry_dirs.h. */
#include "control/catalog/registry_dirs.h"
#include "dataplane/base/require.h"

#include <errno.h>
#include <stdlib.h>

void dirs_init(struct registry *r, struct log_dir *dirs, unsigned count)
{
	r->dirs = r->dir = dirs;
	r->dir_count = count;
	dirs_note_deleted(r); /* for all that is known of the files */
	for_each_dir(d, r) d->partitions = 0;
}

/* With all of them lost or stuck nothing is made: whoever asks finds the first so before. */
struct log_dir *dirs_emptiest(const struct registry *r)
{
	struct log_dir *best = NULL;
	for_each_dir(d, r)
		if (!d->is_lost && !d->is_stuck &&
		    (!best || d->partitions < best->partitions))
			best = d;
	return best ? best : r->dir;
}

const struct log_dir *dirs_lost(const struct registry *r)
{
	for_each_dir(d, r) if (d->is_lost) return d;
	return NULL;
}

bool dirs_are_all_lost(const struct registry *r)
{
	for_each_dir(d, r) if (!d->is_lost) return false;
	return true;
}

void partition_displace(struct partition *p)
{
	if (p->dir)
		p->dir->partitions--;
	p->dir = NULL;
	free(p->directory);
	p->directory = NULL;
}

void partition_place(struct partition *p, const char *topic, struct log_dir *d)
{
	partition_displace(p);
	p->dir = d;
	d->partitions++;
	require(asprintf(&p->directory, "%s/%s-%u", d->path, topic, p->number) > 0);
}

const struct log_dir *entry_lost_dir(const struct registry *r, const struct entry *e)
{
	bool is_somewhere = e->left > e->partition_count;
	for (uint32_t i = 0; i < e->partition_count; i++) {
		const struct partition *p = e->partitions[i];
		is_somewhere |= p->is_nowhere;
		if (p->dir->is_lost || p->dir->is_stuck)
			return p->dir;
	}
	return is_somewhere ? dirs_lost(r) : NULL;
}

uint32_t dirs_made_in(const struct job *j)
{
	uint32_t dirs = 0;
	for (uint32_t i = j->old_partitions; i < j->at; i++)
		dirs |= dir_bit(j->entry->partitions[i]->dir);
	return dirs;
}

void dirs_note_deleted(struct registry *r)
{
	for_each_dir(d, r) d->names_deleted = true;
}
