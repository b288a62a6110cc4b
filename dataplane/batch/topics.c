/* topics.c - the read-only topic snapshot: built by control, found by name; see topics.h. */
#include "dataplane/batch/topics.h"
#include "dataplane/base/remainder.h"
#include "dataplane/base/require.h"

#include <stdlib.h>
#include <xxhash.h>

static uint32_t bucket_of(const struct topics *t, struct bytes key)
{
	return (uint32_t)XXH3_64bits(key.data, key.size) & t->bucket_mask;
}

static struct bytes name_of(const struct topic *topic)
{
	return (struct bytes){(const uint8_t *)topic->name, topic->name_bytes};
}

static struct bytes id_of(const struct topic *topic)
{
	return (struct bytes){topic->id, TOPIC_ID_BYTES};
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

/* A bucket holds an index plus one: 0 is empty, and ends the probe. */
static void bucket_add(const struct topics *t, uint32_t *buckets, struct bytes key, uint32_t index)
{
	uint32_t b = bucket_of(t, key);
	while (buckets[b])
		b = (b + 1) & t->bucket_mask;
	buckets[b] = index + 1;
}

/* One block, so that a reader touches few pages and the snapshot is freed in one piece. */
struct topics *topics_build(const struct topic *topics, uint32_t count, uint64_t version)
{
	uint32_t buckets = bucket_count(count);
	size_t refs = partitions_total(topics, count);
	struct topics *t = calloc(1, sizeof *t + count * sizeof *topics +
					     refs * sizeof(struct partition_ref) +
					     2 * buckets * sizeof(uint32_t));
	if (!t)
		return NULL;
	t->version = version;
	t->count = count;
	t->bucket_mask = buckets - 1;
	t->topics = (struct topic *)(t + 1);
	struct partition_ref *next_refs = (struct partition_ref *)(t->topics + count);
	t->by_name = (uint32_t *)(next_refs + refs);
	t->by_id = t->by_name + buckets;
	for (uint32_t i = 0; i < count; i++) {
		struct topic *topic = &t->topics[i];
		*topic = topics[i];
		topic->refs = next_refs;
		require(topic->partitions > 0);
		topic->partitions_magic = remainder_magic(topic->partitions);
		memcpy(next_refs, topics[i].refs, topic->partitions * sizeof *next_refs);
		next_refs += topic->partitions;
		bucket_add(t, t->by_name, name_of(topic), i);
		bucket_add(t, t->by_id, id_of(topic), i);
	}
	return t;
}

void topics_free(struct topics *t)
{
	free(t);
}

const struct topic *topics_find(const struct topics *t, struct bytes name)
{
	for (uint32_t b = bucket_of(t, name); t->by_name[b]; b = (b + 1) & t->bucket_mask) {
		const struct topic *topic = &t->topics[t->by_name[b] - 1];
		if (topic->name_bytes == name.size &&
		    memcmp(topic->name, name.data, name.size) == 0)
			return topic;
	}
	return NULL;
}

const struct topic *topics_find_id(const struct topics *t, const uint8_t id[TOPIC_ID_BYTES])
{
	uint32_t b = bucket_of(t, (struct bytes){id, TOPIC_ID_BYTES});
	for (; t->by_id[b]; b = (b + 1) & t->bucket_mask) {
		const struct topic *topic = &t->topics[t->by_id[b] - 1];
		if (memcmp(topic->id, id, TOPIC_ID_BYTES) == 0)
			return topic;
	}
	return NULL;
}
