/* flush_group.c - who may share a flush or a commit, and who waits for which; see flush_group.h. */
#include "dataplane/store/log/flush_group.h"
#include "dataplane/store/log/log_private.h"

static const struct log_service *service_of(const struct flush_group *g)
{
	return container_of(g, struct log_service, flush);
}

static void lane_init(struct flush_lane *lane)
{
	list_init(&lane->waiting);
	list_init(&lane->covered);
}

void flush_group_init(struct flush_group *g, const struct log_dir *dir, unsigned writer)
{
	*g = (struct flush_group){.rule = &dir->rule, .file = &dir->flush[writer]};
	list_init(&g->members);
	lane_init(&g->flush);
	lane_init(&g->commit);
	list_init(&g->zeroes);
}

void flush_part_init(struct flush_part *part, struct log *log, bool are_zeroes)
{
	*part = (struct flush_part){.log = log, .are_zeroes = are_zeroes};
	list_init(&part->node);
}

/* Of the file as it was opened, not of its path: a partition may be a link to another disk,
 * which this one's flush says nothing of. */
bool flush_group_takes(const struct flush_group *g, const struct disk_op *traits)
{
	return traits->result > 0 && traits->offset == g->rule->device;
}

static bool may_commit(const struct flush_group *g)
{
	return g->file->may_commit && service_of(g)->now_ns >= g->paused_ns;
}

bool flush_group_covers(const struct flush_group *g, bool are_overwrites)
{
	return (g->file->may_flush && are_overwrites) || may_commit(g);
}

void flush_group_join(struct flush_group *g, struct log *log, bool are_overwrites)
{
	bool is_flushed = g->file->may_flush && are_overwrites;
	list_append(is_flushed ? &g->flush.waiting : &g->commit.waiting, &log->written_part.node);
}

void flush_group_join_zeroes(struct flush_group *g, struct log *log)
{
	bool is_waiting = !list_is_empty(&log->zeroes_part.node);
	if (may_commit(g) && !is_waiting && log->active->joins == SEGMENT_JOINS)
		list_append(&g->zeroes, &log->zeroes_part.node);
}
