/* writer_inspect.c - appends in, opened and judged, appends out; see writer_inspect.h. */
#include "dataplane/writer_inspect.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/record/record_walk.h"
#include "dataplane/writer_open.h"

/* A partition's appends that wait; one of all zeroes is empty, too. */
struct inspect_line {
	struct list appends; /* struct append_msg.node */
	struct list node;    /* inspector.waiting */
};

struct inspector {
	struct stats *stats;
	struct opener *opener;
	struct inspect_line *lines; /* by partition slot */
	struct list waiting;        /* those that are not empty, in turn */
	struct list passed;         /* struct append_msg.node */
	/* The first of the first line, when it has been begun. */
	struct append_msg *open;
	struct record_walk walk;
	uint64_t opened_bytes;
};

static struct append_msg *line_first(const struct inspect_line *l)
{
	return list_entry(l->appends.next, struct append_msg, node);
}

static bool line_is_empty(const struct inspect_line *l)
{
	return !l->appends.next || list_is_empty(&l->appends);
}

bool inspector_take(struct inspector *i, struct append_msg *a)
{
	struct inspect_line *l = &i->lines[a->partition.slot];
	bool is_first = line_is_empty(l);
	if (likely(is_first && a->codec == RECORD_CODEC_NONE))
		return false;
	if (is_first) {
		list_init(&l->appends);
		list_append(&i->waiting, &l->node);
	}
	a->error = KAFKA_ERROR_NONE;
	list_append(&l->appends, &a->node);
	return true;
}

/* ---- one batch ------------------------------------------------------------------------- */

static void open_begin(struct inspector *i, struct append_msg *a)
{
	struct record_batch_header h;
	chain_copy_out(&a->bytes, 0, &h, sizeof h);
	opener_begin(i->opener, a->codec, &a->bytes);
	record_walk_begin(&i->walk, &h, true);
	i->open = a;
	i->opened_bytes = 0;
	stats_add(i->stats, STAT_batches_opened, 1);
}

static bool is_bomb(const struct inspector *i)
{
	return i->opened_bytes > max_u64(INSPECT_BYTES_FREE,
					 INSPECT_RATIO_MAX * (uint64_t)i->open->bytes.size);
}

static bool are_times_good(const struct append_msg *a, const struct record_times *t)
{
	return !t->any || (t->earliest >= a->time_min && t->latest <= a->time_max);
}

/* Of a batch that was opened to its end. The header's time is made the records'. */
static int16_t judge(const struct inspector *i, struct append_msg *a)
{
	if (!record_walk_is_whole(&i->walk))
		return KAFKA_ERROR_INVALID_RECORD;
	if (!are_times_good(a, &i->walk.times))
		return KAFKA_ERROR_INVALID_TIMESTAMP;
	struct record_batch_header h;
	int64_t latest = record_times_latest(&i->walk.times);
	chain_copy_out(&a->bytes, 0, &h, sizeof h);
	if (record_batch_max_timestamp(&h) != latest)
		record_batch_set_create_time(&a->bytes, latest);
	a->found = i->walk.seen;
	return KAFKA_ERROR_NONE;
}

/* One piece of the open batch; true: it is through, and its error says how. */
static bool open_step(struct inspector *i, int64_t *cost)
{
	struct append_msg *a = i->open;
	struct bytes piece = {0};
	size_t taken;
	enum open_state s = opener_next(i->opener, &piece, &taken);
	i->opened_bytes += piece.size;
	*cost -= (int64_t)(piece.size + taken * INSPECT_COST_OF_IN);
	stats_add(i->stats, STAT_batches_opened_bytes, piece.size);
	a->error = KAFKA_ERROR_INVALID_RECORD;
	if (s == OPEN_LARGE || is_bomb(i)) {
		a->error = KAFKA_ERROR_MESSAGE_TOO_LARGE;
		stats_add(i->stats, STAT_batches_too_dense, 1);
		return true;
	}
	if (s == OPEN_END)
		a->error = judge(i, a);
	return s != OPEN_MORE || !record_walk_take(&i->walk, piece);
}

/* ---- a turn ---------------------------------------------------------------------------- */

static void pass(struct inspector *i, struct append_msg *a)
{
	list_remove(&a->node);
	list_append(&i->passed, &a->node);
}

/* Its first is through. Those behind it that need not be opened are, too; then it is the next
 * partition's turn. */
static void line_goes_on(struct inspector *i, struct inspect_line *l)
{
	pass(i, line_first(l));
	while (!line_is_empty(l) && line_first(l)->codec == RECORD_CODEC_NONE)
		pass(i, line_first(l));
	list_remove(&l->node);
	if (!line_is_empty(l))
		list_append(&i->waiting, &l->node);
}

bool inspector_turn(struct inspector *i)
{
	int64_t cost = INSPECT_COST_PER_TURN;
	if (list_is_empty(&i->waiting))
		return false;
	while (cost > 0 && !list_is_empty(&i->waiting)) {
		struct inspect_line *l =
			list_entry(i->waiting.next, struct inspect_line, node);
		if (!i->open) {
			open_begin(i, line_first(l));
			cost -= INSPECT_COST_OF_BATCH;
		}
		if (!open_step(i, &cost))
			continue;
		i->open = NULL;
		line_goes_on(i, l);
	}
	return true;
}

struct append_msg *inspector_next(struct inspector *i)
{
	struct list *node = list_take_first(&i->passed);
	return node ? list_entry(node, struct append_msg, node) : NULL;
}

bool inspector_is_idle(const struct inspector *i)
{
	return list_is_empty(&i->waiting) && list_is_empty(&i->passed);
}

struct inspector *inspector_create(struct stats *stats)
{
	struct inspector *i = map_take(sizeof *i);
	if (!i)
		return NULL;
	i->stats = stats;
	list_init(&i->waiting);
	list_init(&i->passed);
	i->lines = map_take(PARTITIONS_MAX * sizeof *i->lines);
	i->opener = opener_create();
	if (i->lines && i->opener)
		return i;
	inspector_destroy(i);
	return NULL;
}

void inspector_destroy(struct inspector *i)
{
	if (i->opener)
		opener_destroy(i->opener);
	map_give(i->lines, PARTITIONS_MAX * sizeof *i->lines);
	map_give(i, sizeof *i);
}
