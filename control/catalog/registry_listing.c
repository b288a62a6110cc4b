/* registry_listing.c - the names in the log directories: which may be partitions, which belong to
 * Kafka or to us, and which are somebody else's. */
#include "control/catalog/registry_listing.h"
#include "config/topic_name.h"
#include "control/catalog/flush_file.h"
#include "control/catalog/producer_id_file.h"
#include "control/catalog/registry_offline.h"
#include "control/catalog/registry_say.h"
#include "control/catalog/registry_store.h"
#include "dataplane/base/require.h"

#include <ctype.h>
#include <stdlib.h>

static const char topic_file_ending[] = ".json";

static int compare_found(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	int order = strcmp(x->topic, y->topic);
	if (!order)
		order = (x->partition > y->partition) - (x->partition < y->partition);
	return order ? order : (x->dir > y->dir) - (x->dir < y->dir);
}

/* What a file system has, and what a start makes before it looks. */
static bool is_of_any_start(const char *name)
{
	return strcmp(name, ".lock") == 0 || strcmp(name, "lost+found") == 0 ||
	       strncmp(name, FLUSH_FILE_NAME, sizeof FLUSH_FILE_NAME - 1) == 0 ||
	       strncmp(name, COMMIT_FILE_NAME, sizeof COMMIT_FILE_NAME - 1) == 0;
}

/* Files of a whole log directory, ours and Kafka's; no reason to speak of them. */
static bool is_known(const char *name)
{
	static const char *const known[] = {
		".kafka_cleanshutdown",
		PRODUCER_ID_FILE_NAME,
		".penstock-probe",
		".penstock.settings",
		".penstock.tmp",
		"__cluster_metadata-0",
		"bootstrap.checkpoint",
		"cleaner-offset-checkpoint",
		"log-start-offset-checkpoint",
		"meta.properties",
		"recovery-point-offset-checkpoint",
		"replication-offset-checkpoint",
	};
	for (unsigned i = 0; i < array_len(known); i++)
		if (strcmp(name, known[i]) == 0)
			return true;
	return mark_file_is_named(name) || store_is_staged_name(name) || is_of_any_start(name);
}

bool listing_is_empty(const struct log_dir *d)
{
	struct listing l = {0};
	bool is_empty = directory_list(d->disk, d->path, &l.names, &l.bytes) == 0;
	for_each_name(name, &l) is_empty &= is_of_any_start(name);
	free(l.names);
	return is_empty;
}

bool listing_topic_file(const char *name, char topic[TOPIC_NAME_BYTES_MAX + 1])
{
	size_t size = strlen(name), ending = sizeof topic_file_ending - 1;
	if (name[0] != '.' || size < ending + 2 ||
	    size - ending - 1 > TOPIC_NAME_BYTES_MAX ||
	    strcmp(name + size - ending, topic_file_ending) != 0)
		return false;
	struct bytes text = {(const uint8_t *)name + 1, size - ending - 1};
	snprintf(topic, TOPIC_NAME_BYTES_MAX + 1, "%.*s", (int)text.size, name + 1);
	return !topic_name_fault(text)[0];
}

void listing_note_foreign(struct listing *l, const char *name)
{
	size_t used = strlen(l->foreign);
	l->foreign_count++;
	/* Whole names only; those that find no room are counted. */
	if (used + strlen(name) + 3 >= sizeof l->foreign) {
		l->foreign_unnamed++;
		return;
	}
	snprintf(l->foreign + used, sizeof l->foreign - used, "%s%s", used ? ", " : "", name);
	for (char *c = l->foreign + used; *c; c++)
		if (iscntrl((unsigned char)*c))
			*c = '?'; /* somebody else's name in a line of ours */
}

static void say_foreign(struct registry *r, const struct log_dir *d, const struct listing *l)
{
	char more[32] = "";
	if (l->foreign_unnamed)
		snprintf(more, sizeof more, " and %u more", l->foreign_unnamed);
	if (l->foreign_count)
		registry_say(r,
			     "%s holds what is no partition of a topic, and is left alone: "
			     "%s%s; better kept elsewhere",
			     d->path, l->foreign, more);
}

void listings_say_foreign(struct registry *r, const struct listings *l)
{
	for_each_dir(d, r) say_foreign(r, d, &l->of[d->number]);
}

/* Into `found`, or noted as foreign, or passed over. */
static void take_name(struct listings *l, struct log_dir *d, const char *name)
{
	char topic[TOPIC_NAME_BYTES_MAX + 1];
	struct found *f = &l->found[l->count];
	/* Some of them end like a partition's directory. */
	if (is_known(name))
		return;
	f->dir = d;
	if (store_split_name(name, f->topic, &f->partition))
		l->count++;
	else if (!listing_topic_file(name, topic) &&
		 !store_is_deleted_name(name))
		listing_note_foreign(&l->of[d->number], name);
}

static int read_one(struct listings *l, struct log_dir *d)
{
	struct listing *of = &l->of[d->number];
	int error = directory_list(d->disk, d->path, &of->names, &of->bytes);
	if (error)
		return error;
	size_t names = 0;
	for_each_name(name, of) names++;
	l->found = realloc(l->found, (l->count + names + 1) * sizeof *l->found);
	require(l->found);
	for_each_name(name, of) take_name(l, d, name);
	return 0;
}

int listings_read(struct registry *r, struct listings *l)
{
	for_each_dir(d, r) {
		int error = d->is_lost ? 0 : read_one(l, d);
		if (error && d == r->dir)
			return error;
		if (error)
			directory_give_up(r, d, error);
	}
	qsort(l->found, l->count, sizeof *l->found, compare_found);
	return 0;
}

void listings_free(struct listings *l)
{
	for (unsigned i = 0; i < LOG_DIRS_MAX; i++)
		free(l->of[i].names);
	free(l->found);
}

static int compare_place(const void *a, const void *b)
{
	struct found x = *(const struct found *)a, y = *(const struct found *)b;
	x.dir = y.dir = NULL;
	return compare_found(&x, &y);
}

const struct found *listings_find(const struct listings *l, const char *topic,
				  uint32_t partition, unsigned *ret_places)
{
	struct found key = {.partition = partition};
	snprintf(key.topic, sizeof key.topic, "%s", topic);
	const struct found *end = l->found + l->count;
	const struct found *f =
		bsearch(&key, l->found, l->count, sizeof key, compare_place);
	*ret_places = 0;
	while (f && f > l->found && compare_place(f - 1, &key) == 0)
		f--;
	for (const struct found *at = f; at && at < end && compare_place(at, &key) == 0; at++)
		++*ret_places;
	return f;
}

/* Names are in order: the last one of the topic has the highest number. */
uint32_t listings_partitions(const struct listings *l, const char *topic)
{
	uint32_t partitions = 0;
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->found[i].topic, topic) == 0)
			partitions = l->found[i].partition + 1;
	return partitions;
}

void listings_forget(struct listings *l, const char *topic)
{
	size_t kept = 0;
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->found[i].topic, topic) != 0)
			l->found[kept++] = l->found[i];
	l->count = kept;
}
