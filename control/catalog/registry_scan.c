/* registry_scan.c - the log directories at start: topic files and partition directories in,
 * entries whose logs are to be opened out (registry_recover.c); what a crash left half done is
 * completed or finished off.
 */
#include "control/catalog/registry_scan.h"
#include "control/catalog/registry_checkpoint.h"
#include "control/catalog/registry_entry.h"
#include "control/catalog/registry_index.h"
#include "control/catalog/registry_listing.h"
#include "control/catalog/registry_marks.h"
#include "control/catalog/registry_offline.h"
#include "control/catalog/registry_partitions.h"
#include "control/catalog/registry_removal.h"
#include "control/catalog/registry_say.h"
#include "control/catalog/registry_store.h"
#include "dataplane/base/require.h"

#include <errno.h>
#include <stdlib.h>

/* Directories of removed partitions: the removal is taken up where it ended. One that holds
 * anything else than a partition does is somebody else's, whatever its name. */
static void remove_deleted(struct registry *r, const struct log_dir *d, struct listing *l)
{
	for_each_name(name, l)
	{
		char path[PATH_MAX];
		if (!store_is_deleted_name(name))
			continue;
		log_dir_path(path, d, name);
		if (!store_holds_partition(r, path, true)) {
			listing_note_foreign(l, name);
			continue;
		}
		int error = disk_remove_directory(d->disk, path, NULL);
		if (error)
			registry_say(r, "%s cannot be removed: %s", path,
				     strerror(-error));
	}
}

/* Files that a crash has kept from getting their names. */
static void remove_staged(struct registry *r, struct listing *l)
{
	for_each_name(name, l)
	{
		char path[PATH_MAX];
		if (store_is_staged_name(name))
			disk_remove_file(r->dir->disk, log_dir_path(path, r->dir, name));
	}
}

/* Each partition to where it was found. */
static void place_found(const struct listings *l, struct entry *e)
{
	for (uint32_t i = 0; i < e->partition_count; i++) {
		unsigned places;
		const struct found *f = listings_find(l, e->shown.topic.name, i, &places);
		e->partitions[i]->is_nowhere = !f;
		if (f)
			partition_place(e->partitions[i], f->topic, f->dir);
	}
}

/* Its directories are out of the listing first, or they would be taken for a topic without a
 * file. */
static void finish_deletion(struct registry *r, struct listings *l, struct entry *e)
{
	place_found(l, e);
	listings_forget(l, e->shown.topic.name);
	int error = removal_run(r, e);
	registry_say(r, "topic %s: its deletion was under way; %s%s", e->shown.topic.name,
		     error ? "not finished: " : "finished",
		     error ? strerror(-error) : "");
	if (error)
		removal_later(r, e);
	else
		entry_free(r, e);
}

static bool *flags_new(uint32_t count)
{
	bool *flags = calloc(count + 1u, sizeof *flags);
	require(flags);
	return flags;
}

/* The topic is there as far as its directories tell; none of it is served, none changed. */
static void take_unread(struct registry *r, const struct listings *l, const char *file,
			const char *topic, const char *why)
{
	uint32_t partitions = listings_partitions(l, topic);
	struct entry *e = entry_new(r, topic);
	if (!entry_resize(r, e, partitions)) {
		registry_say(r, "topic %s is not served: %s/%s: %s; and there are more than %d "
			     "partitions in all", topic, r->dir->path, file, why,
			     PARTITIONS_MAX);
		entry_free(r, e);
		return;
	}
	place_found(l, e);
	if (store_read_id(r, e->partitions[0]->directory, e->shown.topic.id) != 0)
		uuid_make(e->shown.topic.id);
	e->is_unread = true;
	char fault[512];
	snprintf(fault, sizeof fault,
		 "the topic's file %s: %s; restore the file, or remove it to have the topic's "
		 "directories taken up with the gateway's settings",
		 file, why);
	bool *all = flags_new(partitions);
	memset(all, true, partitions * sizeof *all);
	partitions_offline(r, e, all, fault);
	free(all);
	registry_insert(r, e);
}

/* A file that makes no sense is a topic's if directories of that name are there; else anybody
 * may have put it there. */
static void read_topic_files(struct registry *r, struct listings *l)
{
	struct listing *first = &l->of[r->dir->number];
	for_each_name(name, first)
	{
		char topic[TOPIC_NAME_BYTES_MAX + 1], why[256];
		if (!listing_topic_file(name, topic))
			continue;
		struct entry *e = store_read(r, name, why, sizeof why);
		if (!e && listings_partitions(l, topic) > 0)
			take_unread(r, l, name, topic, why);
		else if (!e)
			listing_note_foreign(first, name);
		else if (e->is_deleting)
			finish_deletion(r, l, e);
		else
			registry_insert(r, e);
	}
}

static const char missing_advice[] =
	"restore it, or accept the loss of its records by making an empty directory and taking its "
	"lines out of recovery-point- and log-start-offset-checkpoint, with the gateway stopped";

static const struct log_dir *new_dir(const struct registry *r)
{
	for_each_dir(d, r) if (d->is_new) return d;
	return NULL;
}

static void missing_offline(struct registry *r, struct entry *e, const bool *are_missing)
{
	const struct log_dir *lost = dirs_lost(r), *new = new_dir(r);
	char fault[1024];
	if (lost)
		snprintf(fault, sizeof fault,
			 "the directory is missing, and may lie in a log directory that is: %s",
			 lost->fault);
	else if (new)
		snprintf(fault, sizeof fault,
			 "the directory is missing, and %s was new at this start: mount what "
			 "belongs there, with the gateway stopped; if it is new, %s",
			 new->path, missing_advice);
	else
		snprintf(fault, sizeof fault, "the directory is missing: %s", missing_advice);
	partitions_offline(r, e, are_missing, fault);
}

static void twice_offline(struct registry *r, struct entry *e, const bool *are_twice)
{
	partitions_offline(r, e, are_twice,
			   "there is such a directory in more than one of log.dirs: move away "
			   "those that are not the partition's, with the gateway stopped");
}

/* Data that was there once must be there still, in one place. What may lie in a log directory that
 * is lost is not made anew in another. */
static void check_present(struct registry *r, const struct listings *l, struct entry *e)
{
	bool *are_missing = flags_new(e->partition_count);
	bool *are_twice = flags_new(e->partition_count);
	place_found(l, e);
	for (uint32_t i = 0; i < e->partition_count; i++) {
		unsigned places;
		listings_find(l, e->shown.topic.name, i, &places);
		are_missing[i] = places == 0 && (i < e->ready || dirs_lost(r));
		are_twice[i] = places > 1;
		e->partitions[i]->is_nowhere = are_missing[i];
	}
	missing_offline(r, e, are_missing);
	twice_offline(r, e, are_twice);
	free(are_missing);
	free(are_twice);
}

/* ---- directories without a topic file --------------------------------------------------- */

/* Those of one topic, next to each other in the listing. */
struct group {
	const struct found *first;
	size_t count;
	size_t partitions; /* that are Kafka's, by what they hold */
	uint32_t end;      /* one more than the highest of them */
	bool has_id;
	uint8_t id[UUID_BYTES];
};

/* Those from partition `end` on. */
static void note_foreign(struct listings *l, const struct group *g, uint32_t end)
{
	for (size_t i = 0; i < g->count; i++) {
		const struct found *f = &g->first[i];
		char name[NAME_MAX + 1];
		snprintf(name, sizeof name, "%s-%u", f->topic, f->partition);
		if (f->partition >= end)
			listing_note_foreign(&l->of[f->dir->number], name);
	}
}

/* A copy of a partition of ours says so by its id: it is no partition of its own. */
static bool is_partition_of_kafkas(struct registry *r, struct group *g, const struct found *f)
{
	char directory[PATH_MAX];
	uint8_t id[UUID_BYTES];
	snprintf(directory, sizeof directory, "%s/%s-%u", f->dir->path, f->topic,
		 f->partition);
	if (!store_holds_partition(r, directory, false))
		return false;
	if (store_read_id(r, directory, id) != 0)
		return true;
	if (registry_entry_of_id(r, id))
		return false;
	if (!g->has_id)
		memcpy(g->id, id, sizeof id);
	g->has_id = true;
	return true;
}

static void look_at_group(struct registry *r, struct group *g)
{
	for (size_t i = 0; i < g->count; i++) {
		const struct found *f = &g->first[i];
		if (!is_partition_of_kafkas(r, g, f))
			continue;
		g->partitions += g->end != f->partition + 1; /* it may be there twice */
		g->end = f->partition + 1;
	}
}

/* A topic of Kafka's: its own id, all partitions up to the last. Of a cluster other brokers
 * have some: they are missing here and not made, for nobody knows what they hold. */
static void adopt(struct registry *r, const struct listings *l, const struct group *g)
{
	const char *topic = g->first->topic;
	struct entry *e = entry_new(r, topic);
	if (!entry_resize(r, e, g->end)) {
		registry_say(r, "topic %s is left alone: its %u partitions and those of other "
			     "topics are more than %d", topic, g->end, PARTITIONS_MAX);
		entry_free(r, e);
		return;
	}
	if (g->has_id)
		memcpy(e->shown.topic.id, g->id, sizeof g->id);
	else
		uuid_make(e->shown.topic.id);
	e->ready = g->end;
	registry_insert(r, e);
	registry_say(r,
		     "topic %s: taken up with %u partitions; it came without settings of "
		     "its own",
		     topic, g->end);
	check_present(r, l, e);
	int error = store_write(r, e, g->end);
	if (error)
		registry_say(r, "topic %s: its file cannot be written: %s; the next start "
			     "tries again", topic, strerror(-error));
}

/* Without an id it is a topic only when it has all of its partitions: any name may end in a
 * number. */
static bool is_topic(const struct group *g)
{
	return g->partitions > 0 && (g->has_id || g->partitions == g->end);
}

static void take_group(struct registry *r, struct listings *l, struct group *g)
{
	const struct entry *e = registry_entry(r, g->first->topic);
	if (!e)
		look_at_group(r, g);
	bool is_new = !e && is_topic(g);
	note_foreign(l, g, e ? e->partition_count : is_new ? g->end : 0);
	if (is_new)
		adopt(r, l, g);
	else if (g->partitions > 0)
		registry_say(r, "%s/%s-%u looks like a partition of Kafka's, but has no topic "
			     "id, and lower partitions are missing; to have it taken up make "
			     "empty directories for them",
			     g->first->dir->path, g->first->topic, g->end - 1);
}

static void adopt_strangers(struct registry *r, struct listings *l)
{
	for (size_t i = 0; i < l->count;) {
		struct group g = {.first = &l->found[i]};
		while (i < l->count && strcmp(l->found[i].topic, g.first->topic) == 0) {
			g.count++;
			i++;
		}
		take_group(r, l, &g);
	}
}

/* Without the topics' files all would be taken up with the gateway's settings: they are looked for
 * before, where log.dirs may once have begun. */
static bool has_topics_elsewhere(const struct registry *r, const struct listings *l,
				 char *message, size_t message_size)
{
	for_each_dir(d, r) {
		const struct listing *of = &l->of[d->number];
		for_each_name(name, of)
		{
			char topic[TOPIC_NAME_BYTES_MAX + 1];
			if (d == r->dir || !listing_topic_file(name, topic) ||
			    listings_partitions(l, topic) == 0)
				continue;
			snprintf(message, message_size,
				 "log.dirs: %s holds files of topics (%s), which belong into the "
				 "first of log.dirs: name it first, or move them there",
				 d->path, name);
			return true;
		}
	}
	return false;
}

/* What is found may be what the kernel has of a process that was killed, and no disk yet: a mark
 * that sends directories away has to be there behind a power cut if they are not. That of a clean
 * stop is gone with it. */
static int sync_all(struct registry *r)
{
	for_each_dir(d, r) {
		int error = d->is_lost ? 0 : log_dir_sync_all(d);
		if (error && d == r->dir)
			return error;
		if (error)
			directory_give_up(r, d, error);
	}
	return 0;
}

/* Topics with a file come first, so that a directory is a stranger only when none of them has
 * it; checkpoints when all partitions are known whose lines they may hold. */
static int scan(struct registry *r, struct listings *l, char *message, size_t message_size)
{
	int error = sync_all(r);
	if (!error)
		error = listings_read(r, l);
	if (!error && has_topics_elsewhere(r, l, message, message_size))
		error = -EINVAL;
	if (error)
		return error;
	read_topic_files(r, l);
	remove_staged(r, &l->of[r->dir->number]);
	for_each_dir(d, r) remove_deleted(r, d, &l->of[d->number]);
	for (unsigned i = 0; i < r->entry_count; i++)
		check_present(r, l, r->entries[i]);
	adopt_strangers(r, l);
	listings_say_foreign(r, l);
	checkpoint_read(r);
	durable_marks_take(r);
	return 0;
}

int registry_scan(struct registry *r, struct listings *ret, char *message, size_t message_size)
{
	*ret = (struct listings){0};
	int error = scan(r, ret, message, message_size);
	if (error && !message[0])
		snprintf(message, message_size, "log.dirs: %s cannot be used: %s",
			 r->dir->path, registry_advice(error));
	return error;
}
