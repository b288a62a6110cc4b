/* registry_starts.c - partitions with a new start in, the checkpoint of starts out; see
 * registry_starts.h. */
#include "control/catalog/registry_starts.h"
#include "control/catalog/registry_checkpoint.h"
#include "control/catalog/registry_offline.h"
#include "control/catalog/registry_partitions.h"

/* A full disk is a reason to delete: what stands in the way then makes room, as for a topic that
 * goes (registry_removal.c). */
static int write_starts(struct registry *r)
{
	int error = checkpoint_write_starts(r);
	if (store_is_full(error) && checkpoint_make_room(r) == 0)
		error = checkpoint_write_starts(r);
	return error;
}

bool starts_write(struct registry *r, struct partition *const *partitions, uint32_t count)
{
	bool is_written = directory_is_here(r) && write_starts(r) == 0;
	for (uint32_t i = 0; i < count; i++) {
		struct partition *p = partitions[i];
		if (is_written)
			p->log_start_offset = p->log_start_next;
		p->log_start_next = -1;
	}
	return is_written;
}
