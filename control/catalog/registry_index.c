/* registry_index.c - the registry's topics by name, by id, and by name without its signs: arrays in
 * order. */
#include "control/catalog/registry_index.h"
#include "dataplane/base/require.h"

#include <stdlib.h>

/* As memcmp(): an entry, and what is looked for. */
typedef int entry_order(const struct entry *e, const void *key);

/* Where the first that is not before `key` is, or would be, in an array in that order. */
static unsigned first_from(struct entry *const *entries, unsigned count, entry_order *order,
			   const void *key)
{
	unsigned low = 0, high = count;
	while (low < high) {
		unsigned middle = (low + high) / 2;
		if (order(entries[middle], key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int name_order(const struct entry *e, const void *name)
{
	return strcmp(e->shown.topic.name, name);
}

static unsigned entry_index(const struct registry *r, const char *name)
{
	return first_from(r->entries, r->entry_count, name_order, name);
}

struct entry *registry_entry(const struct registry *r, const char *name)
{
	unsigned i = entry_index(r, name);
	if (i < r->entry_count && strcmp(r->entries[i]->shown.topic.name, name) == 0)
		return r->entries[i];
	return NULL;
}

static int id_order(const struct entry *e, const void *id)
{
	return memcmp(e->shown.topic.id, id, UUID_BYTES);
}

static unsigned id_index(const struct registry *r, const uint8_t id[UUID_BYTES])
{
	return first_from(r->by_id, r->entry_count, id_order, id);
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

/* Of names in which '.' and '_' are the same. */
static int like_order(const struct entry *e, const void *name)
{
	const char *a = e->shown.topic.name, *b = name;
	for (; *a && without_dot(*a) == without_dot(*b); a++)
		b++;
	return (unsigned char)without_dot(*a) - (unsigned char)without_dot(*b);
}

static unsigned like_index(const struct registry *r, const char *name)
{
	return first_from(r->by_like, r->entry_count, like_order, name);
}

/* A directory of Kafka's may hold several that are like each other. */
const struct entry *registry_entry_like(const struct registry *r, const char *name)
{
	for (unsigned i = like_index(r, name); i < r->entry_count; i++) {
		const struct entry *other = r->by_like[i];
		if (like_order(other, name) != 0)
			break;
		if (name_order(other, name) != 0)
			return other;
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
