/* group_table.c - a hash in, the nodes that have it out; see group_table.h. */
#include "control/coordinator/groups/group_table.h"
#include "dataplane/base/require.h"

enum { BUCKETS_FIRST = 64, BUCKETS_MAX = 1 << 24 };

bool group_table_init(struct group_table *t)
{
	*t = (struct group_table){.bucket_count = BUCKETS_FIRST};
	t->buckets = calloc(BUCKETS_FIRST, sizeof(*t->buckets));
	return t->buckets != NULL;
}

void group_table_fini(struct group_table *t)
{
	free(t->buckets);
	*t = (struct group_table){0};
}

static struct group_node **bucket_of(const struct group_table *t, uint64_t hash)
{
	return &t->buckets[hash & (t->bucket_count - 1)];
}

static void put(struct group_table *t, struct group_node *node)
{
	struct group_node **bucket = bucket_of(t, node->hash);
	node->next = *bucket;
	*bucket = node;
}

static void grow(struct group_table *t)
{
	struct group_table larger = {.bucket_count = 2 * t->bucket_count, .count = t->count};
	larger.buckets = calloc(larger.bucket_count, sizeof(*larger.buckets));
	if (!larger.buckets)
		return;
	for (uint32_t i = 0; i < t->bucket_count; i++)
		for (struct group_node *node = t->buckets[i], *next; node; node = next) {
			next = node->next;
			put(&larger, node);
		}
	free(t->buckets);
	*t = larger;
}

void group_table_add(struct group_table *t, struct group_node *node, uint64_t hash)
{
	if (t->count >= t->bucket_count && t->bucket_count < BUCKETS_MAX)
		grow(t);
	node->hash = hash;
	put(t, node);
	t->count++;
}

void group_table_remove(struct group_table *t, struct group_node *node)
{
	struct group_node **at = bucket_of(t, node->hash);
	while (*at && *at != node)
		at = &(*at)->next;
	require(*at == node);
	*at = node->next;
	node->next = NULL;
	t->count--;
}

static struct group_node *with_hash(struct group_node *node, uint64_t hash)
{
	while (node && node->hash != hash)
		node = node->next;
	return node;
}

struct group_node *group_table_first(const struct group_table *t, uint64_t hash)
{
	return with_hash(*bucket_of(t, hash), hash);
}

struct group_node *group_table_next(const struct group_node *node)
{
	return with_hash(node->next, node->hash);
}
