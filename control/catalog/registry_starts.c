/* registry_starts.c - partitions with a new start in, the checkpoints of starts out; see
 * registry_starts.h. */
#include "control/catalog/registry_starts.h"
#include "control/catalog/registry_checkpoint.h"
#include "control/catalog/registry_dirs.h"
#include "control/catalog/registry_offline.h"
#include "control/catalog/registry_partitions.h"

/* A full disk is a reason to delete: what stands in the way then makes room, as for a topic that
 * goes (registry_removal.c). */
static int write_starts(struct registry *r, const struct log_dir *d)
{
	int error = checkpoint_write_starts(r, d);
	if (store_is_full(error) && checkpoint_make_room(d) == 0)
		error = checkpoint_write_starts(r, d);
	return error;
}

static bool is_any_in(struct partition *const *partitions, uint32_t count, const struct log_dir *d)
{
	for (uint32_t i = 0; i < count; i++)
		if (partitions[i]->dir == d)
			return true;
	return false;
}

static bool write_in(struct registry *r, struct log_dir *d)
{
	if (!directory_is_here(r, d) || d->is_stuck)
		return false;
	int error = write_starts(r, d);
	directory_note_error(r, d, error);
	return error == 0;
}

/* By log directory: one that cannot be written leaves the others' starts as they are to be. */
uint32_t starts_write(struct registry *r, struct partition **partitions, uint32_t count)
{
	bool is_written[LOG_DIRS_MAX];
	uint32_t written = 0;
	for_each_dir(d, r)
		is_written[d->number] =
			is_any_in(partitions, count, d) && write_in(r, d);
	for (uint32_t i = 0; i < count; i++) {
		struct partition *p = partitions[i];
		if (is_written[p->dir->number]) {
			p->log_start_offset = p->log_start_next;
			partitions[i] = partitions[written];
			partitions[written++] = p;
		}
		p->log_start_next = -1;
	}
	return written;
}
