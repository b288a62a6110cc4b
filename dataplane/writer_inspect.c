/* writer_inspect.c - appends in, opened and judged, appends out; see writer_inspect.h. */
#include "dataplane/writer_inspect.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/entropy.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/base/siphash.h"
#include "dataplane/base/slab.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/record/record_walk.h"
#include "dataplane/writer_open.h"
#include "dataplane/writer_pack.h"

enum {
	LINE_BUCKETS = 4096,
	SOURCES = 1024, /* slots; who shares one takes turns as one */
	LINES_MAX = POLLERS_MAX * HANDOFF_APPENDS_MAX, /* one for each append, at most */
	/* Bytes of a stream that a piece is made of: at least, and at first for a while after one
	 * was slow. */
	TAKE_LEAST = 64,
	TAKE_WARY = 256,
};

/* One of those that take turns. */
struct share {
	struct list node; /* among those that wait for the same */
	int64_t debt;     /* cost beyond its share; below 0: what is left of it */
};

/* What a connection sends to a partition; there while it is not empty. */
struct inspect_line {
	uint64_t connection;
	uint32_t slot;       /* the partition's */
	struct list node;    /* its bucket */
	struct list appends; /* struct append_msg.node */
	struct share share;
};

struct inspect_source {
	struct list lines; /* struct inspect_line.share.node: those that are not empty */
	struct share share;
};

struct inspector {
	struct stats *stats;
	struct opener *opener;
	struct packer *packer;
	struct siphash_key key;
	struct slab lines;                 /* struct inspect_line */
	struct list buckets[LINE_BUCKETS]; /* struct inspect_line.node */
	struct inspect_source *sources;
	struct list waiting; /* struct inspect_source.share.node: those with a line */
	struct list passed;  /* struct append_msg.node */
	/* The first of its line, when it has been begun. */
	struct append_msg *open;
	struct inspect_line *open_line;
	struct inspect_source *open_source;
	int64_t open_cost;
	struct record_walk walk;
	struct bytes unpacked; /* of the last piece, where the batch is compressed anew */
	uint64_t opened_bytes;
	size_t take_max; /* bytes of the stream for the next piece */
	size_t taken;    /* by the last one: fewer at a chunk's end */
	uint64_t wary_until; /* clock_cycles(); the same below */
	uint64_t idle_since_ns; /* 0: it has not been looked at since there was work */
	bool is_rested;
};

static struct append_msg *line_first(const struct inspect_line *l)
{
	return list_entry(l->appends.next, struct append_msg, node);
}

/* Nothing is to be done with it. */
static bool append_is_plain(const struct append_msg *a)
{
	return a->codec == RECORD_CODEC_NONE && !a->is_repacked;
}

/* ---- who is next ----------------------------------------------------------------------- */

static struct list *bucket_of(struct inspector *i, const struct append_msg *a)
{
	uint64_t way[] = {a->connection, a->partition.slot};
	return &i->buckets[siphash_table(i->key, way, sizeof way) % LINE_BUCKETS];
}

/* Null: nothing waits that came by the same way. */
static struct inspect_line *line_find(struct inspector *i, const struct append_msg *a)
{
	const struct list *bucket = bucket_of(i, a);
	list_for_each(node, bucket) {
		struct inspect_line *l = list_entry(node, struct inspect_line, node);
		if (l->connection == a->connection && l->slot == a->partition.slot)
			return l;
	}
	return NULL;
}

static struct inspect_source *source_of(const struct inspector *i, const struct append_msg *a)
{
	uint64_t hash = siphash_table(i->key, &a->source, sizeof a->source);
	return &i->sources[hash % SOURCES];
}

/* Comes to those that wait; what it once had left is no longer its. */
static void share_join(struct share *s, struct list *waiting)
{
	s->debt = s->debt > 0 ? s->debt : 0;
	list_append(waiting, &s->node);
}

static void share_pay(struct share *s, int64_t cost)
{
	s->debt += cost;
	if (s->debt > INSPECT_DEBT_MAX)
		s->debt = INSPECT_DEBT_MAX;
}

/* Whose turn it is; null: there was no time to find out. Debts count only while others wait. */
static struct share *share_next(struct list *waiting, int64_t *cost)
{
	for (;;) {
		struct share *s = list_entry(waiting->next, struct share, node);
		if (s->node.next == waiting)
			s->debt = s->debt < 0 ? s->debt : 0;
		if (s->debt <= 0)
			return s;
		if (*cost <= 0)
			return NULL;
		*cost -= INSPECT_COST_OF_TURN;
		s->debt -= INSPECT_SHARE;
		list_remove(&s->node);
		list_append(waiting, &s->node);
	}
}

/* Begins with this one. */
static void line_open(struct inspector *i, struct append_msg *a)
{
	struct inspect_line *l = slab_take(&i->lines);
	struct inspect_source *s = source_of(i, a);
	require(l != NULL);
	*l = (struct inspect_line){.connection = a->connection, .slot = a->partition.slot};
	list_init(&l->appends);
	list_append(&l->appends, &a->node);
	list_append(bucket_of(i, a), &l->node);
	if (!s->lines.next)
		list_init(&s->lines);
	if (list_is_empty(&s->lines))
		share_join(&s->share, &i->waiting);
	share_join(&l->share, &s->lines);
}

static void line_close(struct inspector *i, struct inspect_source *s, struct inspect_line *l)
{
	list_remove(&l->share.node);
	list_remove(&l->node);
	slab_give(&i->lines, l);
	if (list_is_empty(&s->lines))
		list_remove(&s->share.node);
}

/* The good path ends at the first question: nobody waits, and there is nothing to open. */
bool inspector_take(struct inspector *i, struct append_msg *a)
{
	bool is_plain = append_is_plain(a);
	if (likely(is_plain && list_is_empty(&i->waiting)))
		return false;
	struct inspect_line *l = line_find(i, a);
	if (is_plain && !l)
		return false;
	a->error = KAFKA_ERROR_NONE;
	if (l)
		list_append(&l->appends, &a->node);
	else
		line_open(i, a);
	return true;
}

/* ---- one batch ------------------------------------------------------------------------- */

static void open_begin(struct inspector *i, struct append_msg *a, uint64_t now)
{
	struct record_batch_header h;
	chain_copy_out(&a->bytes, 0, &h, sizeof h);
	opener_begin(i->opener, a->codec, &a->bytes);
	/* Kafka asks for offsets one by one where they were compressed. */
	record_walk_begin(&i->walk, &h, a->codec != RECORD_CODEC_NONE);
	if (a->is_repacked)
		packer_begin(i->packer, (enum record_codec)a->wants, &h);
	i->unpacked = (struct bytes){0};
	i->open = a;
	i->open_cost = INSPECT_COST_OF_BATCH;
	i->opened_bytes = 0;
	i->take_max = now < i->wary_until ? TAKE_WARY : CHUNK_BYTES;
	stats_add(i->stats, STAT_batches_opened, 1);
}

static bool is_bomb(const struct inspector *i)
{
	return i->opened_bytes > record_batch_open_bytes_max(i->open->bytes.size);
}

static bool are_times_good(const struct append_msg *a, const struct record_times *t)
{
	return !t->any || (t->earliest >= a->time_min && t->latest <= a->time_max);
}

/* What came stays the requester's, and goes back to it (inspector_restore). */
static int16_t repack_end(struct inspector *i, struct append_msg *a, int64_t latest)
{
	struct chain packed;
	if (!packer_end(i->packer, latest, &packed))
		return KAFKA_ERROR_MESSAGE_TOO_LARGE;
	a->lent = a->bytes;
	a->bytes = packed;
	stats_add(i->stats, STAT_batches_repacked, 1);
	return KAFKA_ERROR_NONE;
}

/* Of a batch that was opened to its end. The header's time is made the records'. */
static int16_t judge(struct inspector *i, struct append_msg *a)
{
	if (!record_walk_is_whole(&i->walk) || (a->asks_keys && i->walk.has_keyless))
		return KAFKA_ERROR_INVALID_RECORD;
	if (!are_times_good(a, &i->walk.times))
		return KAFKA_ERROR_INVALID_TIMESTAMP;
	struct record_batch_header h;
	int64_t latest = record_times_latest(&i->walk.times);
	a->found = i->walk.seen;
	if (a->is_repacked)
		return repack_end(i, a, latest);
	chain_copy_out(&a->bytes, 0, &h, sizeof h);
	if (!a->is_append_time && record_batch_max_timestamp(&h) != latest)
		record_batch_set_create_time(&a->bytes, latest);
	return KAFKA_ERROR_NONE;
}

/* Some of a piece that was opened: what takes longest in a piece is to compress it. */
static bool pack_step(struct inspector *i)
{
	size_t size = min_size(i->unpacked.size, INSPECT_PACKED_PER_STEP);
	bool fits = packer_put(i->packer, (struct bytes){i->unpacked.data, size});
	i->unpacked.data += size;
	i->unpacked.size -= size;
	i->open_cost += (int64_t)size * INSPECT_COST_OF_PACKED;
	i->open->error = KAFKA_ERROR_MESSAGE_TOO_LARGE;
	return !fits;
}

static bool walk_piece(struct inspector *i, struct bytes piece)
{
	return i->open->asks_keys ? record_walk_take_keys(&i->walk, piece)
				  : record_walk_take(&i->walk, piece);
}

/* One piece of the open batch; true: it is through, and its error says how. */
static bool open_step(struct inspector *i)
{
	i->taken = 0;
	if (i->unpacked.size > 0)
		return pack_step(i);
	struct append_msg *a = i->open;
	struct bytes piece = {0};
	enum open_state s = opener_next(i->opener, i->take_max, &piece, &i->taken);
	i->opened_bytes += piece.size;
	i->open_cost += (int64_t)(piece.size + i->taken * INSPECT_COST_OF_IN);
	stats_add(i->stats, STAT_batches_opened_bytes, piece.size);
	a->error = KAFKA_ERROR_INVALID_RECORD;
	if (s == OPEN_LARGE || is_bomb(i)) {
		a->error = KAFKA_ERROR_MESSAGE_TOO_LARGE;
		stats_add(i->stats, STAT_batches_too_dense, 1);
		return true;
	}
	if (s == OPEN_END)
		a->error = judge(i, a);
	if (s != OPEN_MORE || !walk_piece(i, piece))
		return true;
	if (a->is_repacked)
		i->unpacked = piece;
	return false;
}

/* ---- a turn ---------------------------------------------------------------------------- */

/* False: there was no time to find out who is next. */
static bool begin_next(struct inspector *i, int64_t *cost, uint64_t now)
{
	struct share *source = share_next(&i->waiting, cost);
	if (!source)
		return false;
	struct inspect_source *s = container_of(source, struct inspect_source, share);
	struct share *line = share_next(&s->lines, cost);
	if (!line)
		return false;
	i->open_source = s;
	i->open_line = container_of(line, struct inspect_line, share);
	open_begin(i, line_first(i->open_line), now);
	return true;
}

static void pass(struct inspector *i, struct append_msg *a)
{
	list_remove(&a->node);
	list_append(&i->passed, &a->node);
}

/* The open batch is through, and those behind it that need not be opened. */
static void line_goes_on(struct inspector *i)
{
	struct inspect_line *l = i->open_line;
	share_pay(&l->share, i->open_cost);
	share_pay(&i->open_source->share, i->open_cost);
	i->open = NULL;
	packer_drop(i->packer);
	pass(i, line_first(l));
	while (!list_is_empty(&l->appends) && append_is_plain(line_first(l)))
		pass(i, line_first(l));
	if (list_is_empty(&l->appends))
		line_close(i, i->open_source, l);
}

/* Where a piece took longer than its bytes say, its source pays for the time, and those that follow
 * are smaller, those of the next batches, too. They grow again behind a quick one that was as large
 * as it may be: what is left of a chunk is quick because it is little. */
static void note_time(struct inspector *i, int64_t cost, uint64_t began, uint64_t now)
{
	uint64_t took = now - began;
	int64_t of_time = (int64_t)(took / INSPECT_CYCLES_OF_COST);
	i->open_cost += of_time > cost ? of_time - cost : 0;
	if (of_time > cost && took > INSPECT_CYCLES_PER_PIECE) {
		i->take_max = max_u64(i->take_max / 2, TAKE_LEAST);
		i->wary_until = now + INSPECT_WARY_CYCLES;
	} else if (i->taken == i->take_max) {
		i->take_max = min_size(i->take_max * 2, CHUNK_BYTES);
	}
}

static void work(struct inspector *i, uint64_t limit)
{
	int64_t cost = INSPECT_COST_PER_TURN;
	uint64_t began = clock_cycles(), now = began;
	while (cost > 0 && now - began < limit && !list_is_empty(&i->waiting)) {
		if (!i->open && !begin_next(i, &cost, now))
			break;
		if (i->open->is_repacked && !packer_has_room(i->packer))
			break; /* until a log gives back what it was given */
		int64_t before = i->open_cost;
		uint64_t piece = now;
		bool is_through = open_step(i);
		int64_t spent = i->open_cost - before;
		if (spent > 0) {
			now = clock_cycles();
			note_time(i, spent, piece, now);
			cost -= spent;
		}
		if (is_through) {
			cost -= INSPECT_COST_OF_BATCH;
			line_goes_on(i);
		}
	}
}

/* Nobody has sent anything for a while: some of the memory is the host's again. */
static bool rest(struct inspector *i)
{
	if (likely(i->is_rested))
		return false;
	uint64_t now_ns = clock_now_ns();
	if (!i->idle_since_ns)
		i->idle_since_ns = now_ns;
	if (now_ns - i->idle_since_ns < INSPECT_REST_NS)
		return false;
	i->is_rested = !opener_rest(i->opener);
	return !i->is_rested;
}

bool inspector_turn(struct inspector *i, bool is_core_busy)
{
	if (list_is_empty(&i->waiting))
		return !is_core_busy && rest(i);
	i->is_rested = false;
	i->idle_since_ns = 0;
	work(i, is_core_busy ? INSPECT_CYCLES_PER_BUSY_TURN : INSPECT_CYCLES_PER_TURN);
	return true;
}

struct append_msg *inspector_next(struct inspector *i)
{
	struct list *node = list_take_first(&i->passed);
	return node ? list_entry(node, struct append_msg, node) : NULL;
}

void inspector_restore(struct append_msg *a)
{
	if (likely(chain_is_empty(&a->lent)))
		return;
	chain_give(&a->bytes);
	a->bytes = a->lent;
	a->lent = (struct chain){0};
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
	for (unsigned n = 0; n < LINE_BUCKETS; n++)
		list_init(&i->buckets[n]);
	i->is_rested = true;
	entropy_fill(&i->key, sizeof i->key);
	int error = slab_init(&i->lines, sizeof(struct inspect_line), LINES_MAX);
	i->sources = map_take(SOURCES * sizeof *i->sources);
	i->opener = opener_create();
	i->packer = packer_create();
	if (!error && i->sources && i->opener && i->packer)
		return i;
	inspector_destroy(i);
	return NULL;
}

void inspector_destroy(struct inspector *i)
{
	if (i->opener)
		opener_destroy(i->opener);
	if (i->packer)
		packer_destroy(i->packer);
	map_give(i->sources, SOURCES * sizeof *i->sources);
	slab_fini(&i->lines);
	map_give(i, sizeof *i);
}
