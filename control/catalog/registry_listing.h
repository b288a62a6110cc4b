/* registry_listing.h - the names in a log directory: what is ours, what is left alone.
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
};

struct listing {
	char *names; /* NUL after each */
	size_t bytes;
	struct found *found; /* sorted */
	size_t count;
	/* What is left alone, for one line. */
	char foreign[512];
	unsigned foreign_count;
	unsigned foreign_unnamed;
};

#define for_each_name(name, listing)                                                     \
	for (const char *name = (listing)->names;                                        \
	     name && name < (listing)->names + (listing)->bytes;                         \
	     name += strlen(name) + 1)

int listing_read(struct registry *r, struct listing *l);
void listing_free(struct listing *l);
bool listing_has(const struct listing *l, const char *topic, uint32_t partition);
/* One more than the highest partition of a topic that was found. */
uint32_t listing_partitions(const struct listing *l, const char *topic);
void listing_forget(struct listing *l, const char *topic);
/* Something that is not ours: never opened, never changed. */
void listing_note_foreign(struct listing *l, const char *name);
void listing_say_foreign(struct registry *r, const struct listing *l);
/* `.<topic>.json` to `topic`; false when the name is not of that form. */
bool listing_topic_file(const char *name, char topic[TOPIC_NAME_BYTES_MAX + 1]);

#endif
