/* registry_removing.c - a topic's directories in, none of them left; see registry_removing.h. */
#include "control/catalog/registry_removing.h"
#include "control/catalog/crew.h"
#include "control/catalog/partition_metadata.h"
#include "control/catalog/registry_dirs.h"
#include "control/catalog/registry_entry.h"
#include "control/catalog/registry_partitions.h"
#include "control/catalog/registry_say.h"
#include "control/catalog/registry_store.h"
#include "dataplane/base/require.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	/* Two, so that a small topic need not wait for a large one. Each has one piece of a file
	 * under way (FILE_PIECE_BYTES): more would hold up others' writes for longer. */
	REMOVALS_MAX = 2,
	/* At the end, for a thread: a piece takes milliseconds. */
	PATIENCE_MS = 1000,
};

/* A directory that may be there. */
struct place {
	const struct log_dir *dir;
	uint32_t number;        /* the partition's */
	const char *left_alone; /* why it is; or null */
};

struct removing {
	struct list node;  /* registry.removals */
	struct crew *crew; /* null: it has not begun, or needs none */
	const struct log_dir *dirs; /* all there are, */
	unsigned dir_count;
	uint32_t dir_bits;          /* and those that it has places in */
	const struct log_dir *first; /* where the topic's file lies; null: that stays */
	char topic[TOPIC_NAME_BYTES_MAX + 1];
	uint8_t id[UUID_BYTES];
	atomic_bool is_over; /* nobody waits for it any more */
	int error;           /* -errno, the first */
	uint32_t made;       /* its calls, as far as control knows */
	uint32_t count;
	struct place places[];
};

/* The places, one after the other; the names; the topic's file. */
static uint32_t calls_of(const struct removing *g)
{
	return g->count + 2;
}

static void note_error(struct removing *g, int error)
{
	g->error = g->error ? g->error : error;
}

/* ---- the calls: of any thread ------------------------------------------------------------- */

/* <topic>-<n>.<32 hex digits>-delete, the topic cut so that it fits a name: Kafka's way,
 * and Kafka finishes such a removal as we do. */
static void deleted_path(char out[PATH_MAX], const struct removing *g, const struct place *p)
{
	char tail[64];
	int size = snprintf(tail, sizeof tail, "-%u.", p->number);
	for (unsigned i = 0; i < UUID_BYTES; i++)
		size += snprintf(tail + size, sizeof tail - (size_t)size, "%02x", g->id[i]);
	size += snprintf(tail + size, sizeof tail - (size_t)size, "-delete");
	snprintf(out, PATH_MAX, "%s/%.*s%s", p->dir->path, NAME_MAX - size, g->topic, tail);
}

/* Out of sight first, so that a crash leaves nothing that looks like a partition. On a full
 * disk there may be no room for the longer name: the topic's file says what is going on. It says so
 * durably before the first file is cut, so that a start which finds one, by either name of the
 * directory, removes it and opens no log. */
static int remove_place(const struct removing *g, struct place *p)
{
	struct disk *disk = p->dir->disk;
	struct disk_place found;
	char directory[PATH_MAX], gone[PATH_MAX];
	uint8_t id[UUID_BYTES];
	snprintf(directory, sizeof directory, "%s/%s-%u", p->dir->path, g->topic, p->number);
	int error = disk_look(disk, directory, DISK_FLAG_LINK, &found);
	if (!error && !found.is_directory)
		p->left_alone = "is no directory";
	else if (!error && metadata_read(disk, directory, id) == 0 &&
		 memcmp(id, g->id, UUID_BYTES) != 0)
		p->left_alone = "is another topic's by its id";
	if (p->left_alone)
		return 0;
	deleted_path(gone, g, p);
	if (!error)
		error = file_rename(disk, directory, gone);
	if (store_is_full(error))
		return disk_remove_directory(disk, directory, &g->is_over);
	if (!error)
		error = disk_remove_directory(disk, gone, &g->is_over);
	return error == -ENOENT ? 0 : error;
}

/* Once, with the last of them: the topic's file, which goes after that, says until then what is to
 * go. */
static void sync_names(struct removing *g)
{
	for (const struct log_dir *d = g->dirs; d < g->dirs + g->dir_count; d++)
		if (g->dir_bits & dir_bit(d))
			note_error(g, log_dir_sync_names(d));
}

static void call(void *removing, uint32_t index)
{
	struct removing *g = removing;
	if (atomic_load_explicit(&g->is_over, memory_order_relaxed))
		note_error(g, -ECANCELED);
	else if (index < g->count)
		note_error(g, remove_place(g, &g->places[index]));
	else if (index == g->count)
		sync_names(g);
	else if (g->first && !g->error)
		note_error(g, store_forget(g->first, g->topic));
}

/* ---- the line: control's ------------------------------------------------------------------ */

static void add_place(struct removing *g, const struct log_dir *d, uint32_t number)
{
	if (d->is_lost)
		return;
	if (d->is_stuck)
		note_error(g, -ETIMEDOUT);
	else
		g->places[g->count++] = (struct place){.dir = d, .number = number};
	g->dir_bits |= d->is_stuck ? 0 : dir_bit(d);
}

/* Of one that is no more than a number by now every log directory is asked. The topic's file stays
 * while some of it may lie where nothing can be removed. */
struct removing *removing_new(struct registry *r, const struct entry *e, uint32_t first)
{
	uint32_t end = entry_directories(e);
	struct removing *g = calloc(1, sizeof *g + (end - first + 1ul) * r->dir_count *
						   sizeof g->places[0]);
	require(g && first <= end);
	g->dirs = r->dirs;
	g->dir_count = r->dir_count;
	g->first = first == 0 ? r->dir : NULL;
	snprintf(g->topic, sizeof g->topic, "%s", e->shown.topic.name);
	memcpy(g->id, e->shown.topic.id, sizeof g->id);
	for (uint32_t i = first; i < end; i++)
		for_each_dir(d, r)
			if (i >= e->partition_count || d == e->partitions[i]->dir)
				add_place(g, d, i);
	if (entry_lost_dir(r, e))
		note_error(g, -ESTALE);
	list_append(&r->removals, &g->node);
	return g;
}

static bool is_held_up(const struct registry *r, const struct removing *g)
{
	for_each_dir(d, r) if (d->is_stuck && g->dir_bits & dir_bit(d)) return true;
	return false;
}

static bool is_its_turn(const struct registry *r, const struct removing *g)
{
	unsigned before = 0;
	list_for_each(node, &r->removals) {
		const struct removing *other = list_entry(node, struct removing, node);
		if (other == g || before == REMOVALS_MAX)
			break;
		before += !is_held_up(r, other);
	}
	return before < REMOVALS_MAX;
}

void removing_run(struct removing *g)
{
	for (; g->made < calls_of(g); g->made++)
		call(g, g->made);
}

/* Where no thread can be had control makes the calls. */
static void begin(struct removing *g)
{
	struct crew_work work = {calls_of(g), call, g};
	int error;
	g->crew = crew_start(&work, 1, &error);
	if (!g->crew)
		removing_run(g);
}

bool removing_turn(struct registry *r, struct removing *g, bool *moved)
{
	uint32_t before = g->made;
	*moved = !g->crew && !r->is_stopping && is_its_turn(r, g);
	if (*moved)
		begin(g);
	if (!g->crew)
		return *moved;
	crew_turn(g->crew);
	while (g->made < calls_of(g) && crew_has_made(g->crew, g->made))
		g->made++;
	*moved |= g->made > before;
	return crew_is_idle(g->crew);
}

static void give(struct removing *g)
{
	if (g->crew)
		crew_end(g->crew);
	list_remove(&g->node);
	free(g);
}

int removing_end(struct registry *r, struct removing *g)
{
	int error = g->error;
	for (struct place *p = g->places; p < g->places + g->count; p++)
		if (p->left_alone)
			registry_say(r, "%s/%s-%u %s: left alone", p->dir->path, g->topic,
				     p->number, p->left_alone);
	give(g);
	return error;
}

void removing_leave(struct removing *g)
{
	atomic_store_explicit(&g->is_over, true, memory_order_relaxed);
	if (g->crew)
		crew_stop(g->crew);
}

static bool is_back(const struct registry *r, const struct removing *g)
{
	for (unsigned ms = 0; g->crew && !crew_is_idle(g->crew); ms++) {
		if (ms == PATIENCE_MS || is_held_up(r, g))
			return false;
		usleep(1000);
	}
	return true;
}

void removings_end(struct registry *r)
{
	list_for_each(node, &r->removals)
		removing_leave(list_entry(node, struct removing, node));
	for (struct list *node; (node = list_take_first(&r->removals));) {
		struct removing *g = list_entry(node, struct removing, node);
		if (is_back(r, g))
			give(g);
	}
}
