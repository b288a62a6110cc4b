/* registry_removal.c - a topic's files go: its file says so, then the directories go, the file
 * last. What could not be removed is kept in mind, tried again when somebody wants the place and
 * at the stop, and else by the next start.
 *
 *     marked        the next start finishes the removal
 *     not marked    it would take what is there for a topic, half made or fenced as it may be:
 *                   then there is no mark of a clean shutdown
 */
#include "control/catalog/registry_removal.h"
#include "control/catalog/registry_checkpoint.h"
#include "control/catalog/registry_entry.h"
#include "control/catalog/registry_partitions.h"
#include "control/catalog/registry_removing.h"
#include "control/catalog/registry_store.h"

#include <errno.h>

/* A full disk is a reason to delete: it must not stand in the way. Where even writing over
 * what is there takes room (a file system that copies), a checkpoint that nothing here reads
 * back makes some. */
int removal_mark(struct registry *r, struct entry *e)
{
	e->is_deleting = true;
	int error = store_write(r, e, e->partition_count);
	if (store_is_full(error))
		error = store_mark_deleting(r, e);
	if (store_is_full(error) && checkpoint_make_room(r->dir) == 0)
		error = store_write(r, e, e->partition_count);
	e->is_deleting = !error;
	return error;
}

/* Nothing of a topic is made before its file is there. */
static bool was_begun(struct registry *r, const struct entry *e)
{
	char name[NAME_MAX + 1], path[PATH_MAX];
	struct disk_place place;
	log_dir_path(path, r->dir, store_file_name(name, e->shown.topic.name));
	return disk_look(r->dir->disk, path, DISK_FLAG_LINK, &place) != -ENOENT;
}

static int remove_from(struct registry *r, const struct entry *e, uint32_t first)
{
	struct removing *g = removing_new(r, e, first);
	removing_run(g);
	return removing_end(r, g);
}

int removal_run(struct registry *r, struct entry *e)
{
	int error = 0;
	if (!e->is_deleting) {
		if (!was_begun(r, e))
			return 0;
		error = removal_mark(r, e);
	}
	return error ? error : remove_from(r, e, 0);
}

/* One that may be there again keeps its partitions, and their offsets in the checkpoints. */
void removal_later(struct registry *r, struct entry *e)
{
	if (e->is_deleting) {
		e->left = entry_directories(e);
		entry_resize(r, e, 0);
	}
	e->is_left = true;
	list_append(&r->leftovers, &e->node);
}

static struct entry *leftover_of(const struct registry *r, const char *topic)
{
	for_each_leftover(e, r)
	{
		if (strcmp(e->shown.topic.name, topic) == 0)
			return e;
	}
	return NULL;
}

bool removal_is_due(const struct registry *r, const char *topic)
{
	return leftover_of(r, topic) != NULL;
}

static int run_again(struct registry *r, struct entry *e)
{
	int error = removal_run(r, e);
	if (error)
		return error;
	list_remove(&e->node);
	entry_free(r, e);
	return 0;
}

int removal_again(struct registry *r, const char *topic)
{
	return run_again(r, leftover_of(r, topic));
}

/* Nothing was appended to what goes, so that a log that a start finds cut is as empty as it was. */
int removal_of_growth(struct registry *r, struct entry *e)
{
	int error = store_write(r, e, e->left);
	if (!error)
		error = remove_from(r, e, e->partition_count);
	if (error)
		return error;
	e->left = 0;
	store_write(r, e, e->partition_count);
	return 0;
}

/* What is marked is left to the next start, which finishes it; what is not would be taken for a
 * topic then. */
bool removals_settle(struct registry *r)
{
	bool are_settled = true;
	for (struct list *node = r->leftovers.next, *next; node != &r->leftovers; node = next) {
		next = node->next;
		struct entry *e = list_entry(node, struct entry, node);
		if (!e->is_deleting && run_again(r, e) != 0)
			are_settled &= e->is_deleting;
	}
	for (unsigned i = 0; i < r->entry_count; i++)
		if (r->entries[i]->left > r->entries[i]->partition_count)
			are_settled &= removal_of_growth(r, r->entries[i]) == 0;
	return are_settled;
}
