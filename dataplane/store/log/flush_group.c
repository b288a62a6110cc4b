/* flush_group.c - who may share a flush, and who waits for one; see flush_group.h. */
#include "dataplane/store/log/flush_group.h"
#include "dataplane/store/log/log_private.h"

void flush_group_init(struct flush_group *g, const struct flush_file *file)
{
	*g = (struct flush_group){.file = *file};
	list_init(&g->members);
	list_init(&g->waiting);
	list_init(&g->covered);
}

bool flush_group_takes(const struct flush_group *g, const struct disk_op *traits)
{
	return traits->result > 0 && traits->offset == g->file.device;
}

bool flush_group_covers(const struct flush_group *g, bool are_overwrites)
{
	return g->file.may_commit || (g->file.may_flush && are_overwrites);
}

void flush_group_join(struct flush_group *g, struct log *log)
{
	list_append(&g->waiting, &log->flush_node);
}
