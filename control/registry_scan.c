/* registry_scan.c - the log directory at start: topic files and partition directories in,
 * entries with open logs out; what a crash left half done is completed or finished off.
 */
#include "control/registry_private.h"
#include "control/registry_lock.h"
#include "control/disk_files.h"
#include "dataplane/base/require.h"

#include <errno.h>
#include <stdlib.h>

/* A partition directory that is there. */
struct found {
	char topic[TOPIC_NAME_BYTES_MAX + 1];
	uint32_t partition;
};

struct listing {
	char *names;
	size_t bytes;
	struct found *found; /* sorted */
	size_t count;
};

#define for_each_name(name, listing)                                                     \
	for (const char *name = (listing)->names;                                        \
	     name && name < (listing)->names + (listing)->bytes;                         \
	     name += strlen(name) + 1)

static int compare_found(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	int order = strcmp(x->topic, y->topic);
	return order ? order
		     : (x->partition > y->partition) - (x->partition < y->partition);
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t size = strlen(name), suffix_size = strlen(suffix);
	return size > suffix_size && strcmp(name + size - suffix_size, suffix) == 0;
}

static int list_directory(struct registry *r, struct listing *l)
{
	int error =
		disk_list(r->options.disk, registry_directory(r), &l->names, &l->bytes);
	if (error)
		return error;
	size_t names = 0;
	for_each_name(name, l) names++;
	l->found = calloc(names + 1, sizeof *l->found);
	require(l->found);
	for_each_name(name, l)
	{
		struct found *f = &l->found[l->count];
		if (store_split_name(name, f->topic, &f->partition) &&
		    strcmp(f->topic, "__cluster_metadata") != 0)
			l->count++;
	}
	qsort(l->found, l->count, sizeof *l->found, compare_found);
	return 0;
}

static bool is_found(const struct listing *l, const char *topic, uint32_t partition)
{
	struct found key = {.partition = partition};
	snprintf(key.topic, sizeof key.topic, "%s", topic);
	return bsearch(&key, l->found, l->count, sizeof key, compare_found) != NULL;
}

/* Directories of removed partitions: the removal is taken up where it ended. */
static void remove_deleted(struct registry *r, const struct listing *l)
{
	for_each_name(name, l)
	{
		char path[PATH_MAX];
		if (!has_suffix(name, "-delete"))
			continue;
		int error = disk_remove_directory(
			r->options.disk, disk_path(path, registry_directory(r), name));
		if (error)
			registry_say(r, "%s cannot be removed: %s", path,
				     strerror(-error));
	}
}

/* Its directories are not a stranger's, whether they could be removed or not. */
static void listing_forget(struct listing *l, const char *topic)
{
	size_t kept = 0;
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->found[i].topic, topic) != 0)
			l->found[kept++] = l->found[i];
	l->count = kept;
}

static void finish_deletion(struct registry *r, struct listing *l, struct entry *e)
{
	listing_forget(l, e->shown.topic.name);
	int error = store_remove(r, e, 0, e->partition_count);
	if (!error)
		error = store_forget(r, e);
	registry_say(r, "topic %s: its deletion was under way; %s%s", e->shown.topic.name,
		     error ? "not finished: " : "finished",
		     error ? strerror(-error) : "");
	entry_free(r, e);
}

static int read_topic_files(struct registry *r, struct listing *l, char *message,
			    size_t message_size)
{
	for_each_name(name, l)
	{
		char reason[256];
		if (name[0] != '.' || !has_suffix(name, ".json"))
			continue;
		struct entry *e = store_read(r, name, reason, sizeof reason);
		if (!e) {
			snprintf(message, message_size,
				 "%s/%s: %s; restore the file, or remove it to have the "
				 "topic's "
				 "directories taken up with the gateway's settings",
				 registry_directory(r), name, reason);
			return -EBADMSG;
		}
		if (e->is_deleting)
			finish_deletion(r, l, e);
		else
			registry_insert(r, e);
	}
	return 0;
}

/* Data that was there once must be there still. */
static int check_present(struct registry *r, const struct listing *l,
			 const struct entry *e, char *message, size_t message_size)
{
	for (uint32_t i = 0; i < e->ready; i++) {
		if (is_found(l, e->shown.topic.name, i))
			continue;
		snprintf(message, message_size,
			 "%s is missing: restore it, or accept the loss of its records "
			 "by making an "
			 "empty directory of that name",
			 e->partitions[i]->directory);
		return -ENOENT;
	}
	return 0;
}

/* Directories without a topic file are Kafka's: its own id, all partitions up to the
 * last. */
static int adopt(struct registry *r, const struct found *f, uint32_t partitions)
{
	char directory[PATH_MAX];
	snprintf(directory, sizeof directory, "%s/%s-%u", registry_directory(r), f->topic,
		 f->partition);
	struct entry *e = entry_new(r, f->topic);
	if (store_read_id(r, directory, e->shown.topic.id) != 0)
		uuid_make(e->shown.topic.id);
	if (!entry_resize(r, e, partitions)) {
		entry_free(r, e);
		return -ENOSPC;
	}
	registry_insert(r, e);
	registry_say(r,
		     "topic %s: taken up with %u partitions; it came without settings of "
		     "its own",
		     f->topic, partitions);
	return store_write(r, e, partitions);
}

static int adopt_strangers(struct registry *r, const struct listing *l)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct found *f = &l->found[i];
		const struct entry *e = registry_entry(r, f->topic);
		if (e && f->partition < e->partition_count)
			continue;
		if (e) {
			registry_say(
				r, "%s/%s-%u is left alone: the topic has %u partitions",
				registry_directory(r), f->topic, f->partition,
				e->partition_count);
			continue;
		}
		size_t last = i;
		while (last + 1 < l->count &&
		       strcmp(l->found[last + 1].topic, f->topic) == 0)
			last++;
		int error = adopt(r, f, l->found[last].partition + 1);
		if (error)
			return error;
	}
	return 0;
}

/* Every log, then one sync for all: nobody is served before. */
static int open_all(struct registry *r)
{
	int error = 0;
	for (unsigned i = 0; !error && i < r->entry_count; i++)
		error = store_open(r, r->entries[i], 0, r->entries[i]->partition_count,
				   r->was_clean);
	if (!error)
		error = store_sync(r);
	for (unsigned i = 0; !error && i < r->entry_count; i++) {
		struct entry *e = r->entries[i];
		if (e->ready == e->partition_count)
			continue;
		e->ready = e->partition_count;
		error = store_write(r, e, e->partition_count);
	}
	return error;
}

static int scan(struct registry *r, struct listing *l, char *message, size_t message_size)
{
	int error = list_directory(r, l);
	if (error)
		return error;
	remove_deleted(r, l);
	error = read_topic_files(r, l, message, message_size);
	for (unsigned i = 0; !error && i < r->entry_count; i++)
		error = check_present(r, l, r->entries[i], message, message_size);
	if (!error)
		error = adopt_strangers(r, l);
	if (error)
		return error;
	checkpoint_read(r);
	return open_all(r);
}

int registry_scan(struct registry *r, char *message, size_t message_size)
{
	struct listing l = {0};
	int error = scan(r, &l, message, message_size);
	if (error && !message[0])
		snprintf(message, message_size, "log.dirs: %s cannot be used: %s",
			 registry_directory(r), registry_advice(error));
	free(l.names);
	free(l.found);
	return error;
}
