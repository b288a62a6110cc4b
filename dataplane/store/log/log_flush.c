/* log_flush.c - logs of a group with written bytes in, one flush out, durable logs back; see
 * log_flush.h. */
#include "dataplane/store/log/log_flush.h"
#include "dataplane/base/require.h"
#include "dataplane/store/log/log_due.h"
#include "dataplane/store/log/log_sync.h"

static struct log *log_in(const struct list *node)
{
	return list_entry(node, struct log, flush_node);
}

static bool needs_commit(const struct flush_group *g)
{
	if (!g->file.may_flush)
		return true;
	list_for_each(node, &g->waiting)
	{
		if (!log_writes_are_overwrites(log_in(node)))
			return true;
	}
	return false;
}

/* The size always differs from the one before: within a tick of the clock, times may not. */
static struct disk_op commit_of(struct flush_group *g)
{
	return (struct disk_op){.kind = DISK_COMMIT,
				.size = DISK_BLOCK_BYTES * (1 + ++g->commits % 2)};
}

void log_flush_turn(struct log_service *s)
{
	struct flush_group *g = &s->flush;
	if (g->is_flushing || list_is_empty(&g->waiting) || !log_service_has_room(s, 1))
		return;
	bool is_commit = needs_commit(g);
	struct list *node;
	while ((node = list_take_first(&g->waiting))) {
		struct log *log = log_in(node);
		require(flush_group_covers(g, log_writes_are_overwrites(log)));
		log_sync_begin(log, is_commit);
		log->operations++;
		list_append(&g->covered, &log->flush_node);
	}
	g->is_flushing = true;
	g->op = is_commit ? commit_of(g) : (struct disk_op){.kind = DISK_SYNC};
	g->op.fd = g->file.fd;
	g->op.tag = LOG_TAG_FLUSH;
	g->op.owner = s;
	disk_submit(s->disk, &g->op);
	stats_add(s->stats, is_commit ? STAT_log_commits : STAT_log_flushes, 1);
}

static void fence_members(struct flush_group *g, int error)
{
	list_for_each(node, &g->members)
	{
		log_fence(list_entry(node, struct log, group_node), error);
	}
}

void log_flush_done(struct log_service *s)
{
	struct flush_group *g = &s->flush;
	g->is_flushing = false;
	if (g->op.result < 0)
		fence_members(g, (int)g->op.result);
	struct list *node;
	while ((node = list_take_first(&g->covered))) {
		struct log *log = log_in(node);
		log->operations--;
		log_touch(log);
		log_sync_end(log);
	}
}
