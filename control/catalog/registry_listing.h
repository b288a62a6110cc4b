/* registry_listing.h - the names in the log directories: what is ours, what is left alone.
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_LISTING_H
#define PENSTOCK_REGISTRY_LISTING_H

#include "control/catalog/registry_private.h"

/* A name of a partition's form; what lies there is looked at by whoever wants it. */
struct found {
	char topic[TOPIC_NAME_BYTES_MAX + 1];
	uint32_t partition;
	struct log_dir *dir;
};

/* The names in one directory. */
struct listing {
	char *names; /* NUL after each */
	size_t bytes;
	/* What is left alone, for one line. */
	char foreign[512];
	unsigned foreign_count;
	unsigned foreign_unnamed;
};

/* Those in all log directories that are not lost. */
struct listings {
	struct listing of[LOG_DIRS_MAX]; /* by log directory */
	struct found *found; /* sorted: by topic, partition, log directory */
	size_t count;
};

#define for_each_name(name, listing)                                                     \
	for (const char *name = (listing)->names;                                        \
	     name && name < (listing)->names + (listing)->bytes;                         \
	     name += strlen(name) + 1)

/* One that cannot be read is lost; -errno: the first is. */
int listings_read(struct registry *r, struct listings *l);
void listings_free(struct listings *l);
/* The first place where it was found, and in how many; null: in none. */
const struct found *listings_find(const struct listings *l, const char *topic,
				  uint32_t partition, unsigned *ret_places);
/* One more than the highest partition of a topic that was found. */
uint32_t listings_partitions(const struct listings *l, const char *topic);
void listings_forget(struct listings *l, const char *topic);
/* Something that is not ours: never opened, never changed. */
void listing_note_foreign(struct listing *l, const char *name);
void listings_say_foreign(struct registry *r, const struct listings *l);
/* Does it hold nothing but what a file system has, and what a start makes before it looks? */
bool listing_is_empty(const struct log_dir *d);
/* `.<topic>.json` to `topic`; false when the name is not of that form. */
bool listing_topic_file(const char *name, char topic[TOPIC_NAME_BYTES_MAX + 1]);

#endif
