/* log_flush.c - logs of a group with written bytes in, a flush and a commit out, durable logs back;
 * see log_flush.h. */
#include "dataplane/store/log/log_flush.h"
#include "dataplane/base/require.h"
#include "dataplane/store/log/log_ahead.h"
#include "dataplane/store/log/log_due.h"
#include "dataplane/store/log/log_sync.h"

/* ---- submitting ------------------------------------------------------------------------- */

static bool may_submit(const struct log_service *s, const struct flush_lane *lane)
{
	return !lane->is_busy && log_service_has_room(s, 1);
}

static void submit(struct log_service *s, struct flush_lane *lane, struct disk_op op)
{
	lane->is_busy = true;
	lane->op = op;
	lane->op.tag = LOG_TAG_FLUSH;
	lane->op.owner = s;
	disk_submit(s->disk, &lane->op);
}

static void part_begin(const struct flush_part *part, bool is_commit)
{
	require(is_commit || (!part->are_zeroes && log_writes_are_overwrites(part->log)));
	if (part->are_zeroes)
		log_zeroes_commit(part->log);
	else
		log_sync_begin(part->log, is_commit);
}

/* Those that wait now, and no more: what is written after an operation was submitted is not
 * covered by it. */
static void cover(struct flush_lane *lane, struct list *waiting, bool is_commit)
{
	struct list *node;
	while ((node = list_take_first(waiting))) {
		const struct flush_part *part = list_entry(node, struct flush_part, node);
		part_begin(part, is_commit);
		part->log->operations++;
		list_append(&lane->covered, node);
	}
}

/* Small writes under way are waited for, until it would have been quicker not to. */
static bool flush_gathers(struct flush_group *g, uint64_t now_ns)
{
	if (g->gathering_ns == 0)
		g->gathering_ns = now_ns;
	uint64_t limit_ns = min_u64(g->flush_took_ns, FLUSH_GATHER_NS);
	return g->overwrites > 0 && now_ns - g->gathering_ns < limit_ns;
}

static void submit_flush(struct log_service *s)
{
	struct flush_group *g = &s->flush;
	if (list_is_empty(&g->flush.waiting)) {
		g->gathering_ns = 0;
		return;
	}
	if (!may_submit(s, &g->flush) || flush_gathers(g, s->now_ns))
		return;
	g->gathering_ns = 0;
	g->flushed_ns = s->now_ns;
	cover(&g->flush, &g->flush.waiting, false);
	submit(s, &g->flush, (struct disk_op){.kind = DISK_SYNC, .fd = g->file->fd});
	stats_add(s->stats, STAT_log_flushes, 1);
}

/* The size always differs from the one before: within a tick of the clock, times may not. */
static struct disk_op commit_of(struct flush_group *g)
{
	return (struct disk_op){
		.kind = DISK_COMMIT,
		.fd = g->file->commit_fd,
		.flags = g->rule->has_journal ? 0 : DISK_FLAG_ALL,
		.size = DISK_BLOCK_BYTES * (1 + ++g->commits % 2),
	};
}

static bool commit_is_wanted(const struct log_service *s)
{
	const struct flush_group *g = &s->flush;
	bool zeroes_are_due = !list_is_empty(&g->zeroes) && s->now_ns >= g->zeroes_due_ns;
	return !list_is_empty(&g->commit.waiting) || zeroes_are_due;
}

static void submit_commit(struct log_service *s)
{
	struct flush_group *g = &s->flush;
	if (!commit_is_wanted(s) || !may_submit(s, &g->commit))
		return;
	cover(&g->commit, &g->commit.waiting, true);
	cover(&g->commit, &g->zeroes, true);
	g->committed_ns = s->now_ns;
	submit(s, &g->commit, commit_of(g));
	stats_add(s->stats, STAT_log_commits, 1);
}

void log_flush_turn(struct log_service *s)
{
	submit_flush(s);
	submit_commit(s);
}

/* ---- completion ------------------------------------------------------------------------- */

/* Nobody can say whose bytes a flush that failed has lost. */
static void fence_members(struct flush_group *g, int error)
{
	list_for_each(node, &g->members)
	{
		log_fence(list_entry(node, struct log, group_node), error);
	}
}

static void part_end(const struct flush_part *part)
{
	if (part->are_zeroes)
		log_zeroes_committed(part->log);
	else
		log_sync_end(part->log);
}

static void uncover(struct flush_lane *lane)
{
	struct list *node;
	while ((node = list_take_first(&lane->covered))) {
		const struct flush_part *part = list_entry(node, struct flush_part, node);
		part->log->operations--;
		log_touch(part->log);
		part_end(part);
	}
}

/* Where it took long, somebody else's bytes took their time, and may go on to. */
static void note_commit(struct flush_group *g, uint64_t now_ns)
{
	uint64_t took_ns = now_ns - g->committed_ns;
	g->zeroes_due_ns = now_ns + ZEROES_WAIT_COMMITS * took_ns;
	if (!g->rule->has_journal && took_ns > COMMIT_SLOW_NS)
		g->paused_ns = now_ns + COMMIT_PAUSE_NS;
}

void log_flush_done(struct log_service *s, const struct disk_op *op)
{
	struct flush_group *g = &s->flush;
	struct flush_lane *lane = op == &g->commit.op ? &g->commit : &g->flush;
	lane->is_busy = false;
	if (op->result < 0)
		fence_members(g, (int)op->result);
	uncover(lane);
	if (lane == &g->commit)
		note_commit(g, s->now_ns);
	else
		g->flush_took_ns = s->now_ns - g->flushed_ns;
}
