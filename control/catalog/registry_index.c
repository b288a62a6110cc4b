/* registry_index.c - the registry's topics by name, by id, and by name without its signs: arrays in
 * order. */
#include "control/catalog/registry_index.h"
#include "dataplane/base/require.h"

#include <stdlib.h>

/* Where `name` is, or would be. */
static unsigned entry_index(const struct registry *r, const char *name)
{
	unsigned low = 0, high = r->entry_count;
	while (low < high) {
		unsigned middle = (low + high) / 2;
		if (strcmp(r->entries[middle]->shown.topic.name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct entry *registry_entry(const struct registry *r, const char *name)
{
	unsigned i = entry_index(r, name);
	if (i < r->entry_count && strcmp(r->entries[i]->shown.topic.name, name) == 0)
		return r->entries[i];
	return NULL;
}

/* Where `id` is, or would be, among the same entries by their ids. */
static unsigned id_index(const struct registry *r, const uint8_t id[UUID_BYTES])
{
	unsigned low = 0, high = r->entry_count;
	while (low < high) {
		unsigned middle = (low + high) / 2;
		if (memcmp(r->by_id[middle]->shown.topic.id, id, UUID_BYTES) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct entry *registry_entry_of_id(const struct registry *r, const uint8_t id[UUID_BYTES])
{
	unsigned i = id_index(r, id);
	if (i < r->entry_count && memcmp(r->by_id[i]->shown.topic.id, id, UUID_BYTES) == 0)
		return r->by_id[i];
	return NULL;
}

static char without_dot(char c)
{
	return c == '.' ? '_' : c;
}

/* As strcmp(), of names in which '.' and '_' are the same. */
static int like_order(const char *a, const char *b)
{
	for (; *a && without_dot(*a) == without_dot(*b); a++)
		b++;
	return (unsigned char)without_dot(*a) - (unsigned char)without_dot(*b);
}

/* Where the first that is like `name` is, or would be. */
static unsigned like_index(const struct registry *r, const char *name)
{
	unsigned low = 0, high = r->entry_count;
	while (low < high) {
		unsigned middle = (low + high) / 2;
		if (like_order(r->by_like[middle]->shown.topic.name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A directory of Kafka's may hold several that are like each other. */
const struct entry *registry_entry_like(const struct registry *r, const char *name)
{
	for (unsigned i = like_index(r, name); i < r->entry_count; i++) {
		const char *other = r->by_like[i]->shown.topic.name;
		if (like_order(other, name) != 0)
			break;
		if (strcmp(other, name) != 0)
			return r->by_like[i];
	}
	return NULL;
}

static void put(struct entry **at, unsigned behind, struct entry *e)
{
	memmove(at + 1, at, behind * sizeof *at);
	*at = e;
}

static void cut(struct entry **at, unsigned behind)
{
	memmove(at, at + 1, behind * sizeof *at);
}

static struct entry **grown(struct entry **entries, unsigned count)
{
	entries = realloc(entries, count * sizeof *entries);
	require(entries);
	return entries;
}

/* Topics are looked up for each that a request names and change rarely, so a change may move
 * up to TOPICS_MAX pointers, three times. */
void registry_insert(struct registry *r, struct entry *e)
{
	unsigned n = entry_index(r, e->shown.topic.name), i = id_index(r, e->shown.topic.id);
	unsigned l = like_index(r, e->shown.topic.name);
	r->entries = grown(r->entries, r->entry_count + 1);
	r->by_id = grown(r->by_id, r->entry_count + 1);
	r->by_like = grown(r->by_like, r->entry_count + 1);
	put(&r->entries[n], r->entry_count - n, e);
	put(&r->by_id[i], r->entry_count - i, e);
	put(&r->by_like[l], r->entry_count - l, e);
	r->entry_count++;
}

/* Directories that were copied may give one id to two topics. */
void registry_take(struct registry *r, struct entry *e)
{
	unsigned n = entry_index(r, e->shown.topic.name), i = id_index(r, e->shown.topic.id);
	unsigned l = like_index(r, e->shown.topic.name);
	while (r->by_id[i] != e)
		i++;
	while (r->by_like[l] != e)
		l++;
	require(i < r->entry_count && l < r->entry_count && r->entries[n] == e);
	r->entry_count--;
	cut(&r->entries[n], r->entry_count - n);
	cut(&r->by_id[i], r->entry_count - i);
	cut(&r->by_like[l], r->entry_count - l);
}
