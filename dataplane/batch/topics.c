/* topics.c - the read-only topic snapshot: built by control, found by name; see topics.h. */
#include "dataplane/batch/topics.h"
#include "dataplane/base/remainder.h"
#include "dataplane/base/require.h"

#include <stdlib.h>
#include <xxhash.h>

static uint32_t bucket_of(const struct topics *t, struct bytes name)
{
	return (uint32_t)XXH3_64bits(name.data, name.size) & t->bucket_mask;
}

static struct bytes name_of(const struct topic *topic)
{
	return (struct bytes){(const uint8_t *)topic->name, topic->name_bytes};
}

/* At most half full, so that a probe ends soon. */
static uint32_t bucket_count(uint32_t topics)
{
	uint32_t buckets = 2;
	while (buckets < 2 * topics)
		buckets *= 2;
	return buckets;
}

static size_t partitions_total(const struct topic *topics, uint32_t count)
{
	size_t total = 0;
	for (uint32_t i = 0; i < count; i++)
		total += topics[i].partitions;
	return total;
}

/* One block, so that a reader touches few pages and the snapshot is freed in one piece. */
struct topics *topics_build(const struct topic *topics, uint32_t count, uint64_t version)
{
	uint32_t buckets = bucket_count(count);
	size_t refs = partitions_total(topics, count);
	struct topics *t = calloc(1, sizeof *t + count * sizeof *topics +
					     refs * sizeof(struct partition_ref) +
					     buckets * sizeof(uint32_t));
	if (!t)
		return NULL;
	t->version = version;
	t->count = count;
	t->bucket_mask = buckets - 1;
	t->topics = (struct topic *)(t + 1);
	struct partition_ref *next_refs = (struct partition_ref *)(t->topics + count);
	t->buckets = (uint32_t *)(next_refs + refs);
	for (uint32_t i = 0; i < count; i++) {
		struct topic *topic = &t->topics[i];
		*topic = topics[i];
		topic->refs = next_refs;
		require(topic->partitions > 0);
		topic->partitions_magic = remainder_magic(topic->partitions);
		memcpy(next_refs, topics[i].refs, topic->partitions * sizeof *next_refs);
		next_refs += topic->partitions;
		uint32_t b = bucket_of(t, name_of(topic));
		while (t->buckets[b])
			b = (b + 1) & t->bucket_mask;
		t->buckets[b] = i + 1;
	}
	return t;
}

void topics_free(struct topics *t)
{
	free(t);
}

/* A bucket holds an index plus one: 0 is empty, and ends the probe. */
const struct topic *topics_find(const struct topics *t, struct bytes name)
{
	for (uint32_t b = bucket_of(t, name); t->buckets[b]; b = (b + 1) & t->bucket_mask) {
		const struct topic *topic = &t->topics[t->buckets[b] - 1];
		if (topic->name_bytes == name.size &&
		    memcmp(topic->name, name.data, name.size) == 0)
			return topic;
	}
	return NULL;
}
