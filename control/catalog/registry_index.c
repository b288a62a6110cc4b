/* registry_index.c - the registry's topics by name: an array in order. */
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

struct entry *registry_entry_of_id(const struct registry *r, const uint8_t id[UUID_BYTES])
{
	for (unsigned i = 0; i < r->entry_count; i++)
		if (memcmp(r->entries[i]->shown.topic.id, id, UUID_BYTES) == 0)
			return r->entries[i];
	return NULL;
}

static bool is_like(const char *a, const char *b)
{
	while (*a && (*a == *b || (strchr("._", *a) && *b && strchr("._", *b)))) {
		a++;
		b++;
	}
	return *a == *b;
}

const struct entry *registry_entry_like(const struct registry *r, const char *name)
{
	if (!strpbrk(name, "._"))
		return NULL;
	for (unsigned i = 0; i < r->entry_count; i++) {
		const char *other = r->entries[i]->shown.topic.name;
		if (is_like(other, name) && strcmp(other, name) != 0)
			return r->entries[i];
	}
	return NULL;
}

/* Topics are looked up for each that a request names and change rarely, so a change may move
 * up to TOPICS_MAX pointers. */
void registry_insert(struct registry *r, struct entry *e)
{
	unsigned i = entry_index(r, e->shown.topic.name);
	r->entries = realloc(r->entries, (r->entry_count + 1) * sizeof(struct entry *));
	require(r->entries);
	memmove(&r->entries[i + 1], &r->entries[i],
		(r->entry_count - i) * sizeof(struct entry *));
	r->entries[i] = e;
	r->entry_count++;
}

void registry_take(struct registry *r, struct entry *e)
{
	unsigned i = entry_index(r, e->shown.topic.name);
	require(r->entries[i] == e);
	r->entry_count--;
	memmove(&r->entries[i], &r->entries[i + 1],
		(r->entry_count - i) * sizeof(struct entry *));
}
