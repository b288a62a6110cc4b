/* recent.c - blocks in, kept as long as there is room, and out; see recent.h. */
#include "dataplane/store/recent.h"
#include "dataplane/base/map.h"
#include "dataplane/store/disk/disk.h"

#include <errno.h>

struct recent_page {
	struct recent_key key;
	uint32_t next; /* of its bucket, + 1 */
	bool is_read;  /* since the hand came by */
};

static size_t memory_bytes(const struct recent *r)
{
	return (size_t)r->count * DISK_BLOCK_BYTES;
}

static size_t buckets_bytes(const struct recent *r)
{
	return ((size_t)r->bucket_mask + 1) * sizeof *r->buckets;
}

int recent_init(struct recent *r, uint64_t bytes)
{
	*r = (struct recent){.count = (uint32_t)min_u64(bytes / DISK_BLOCK_BYTES, INT32_MAX)};
	if (r->count == 0)
		return 0;
	uint32_t buckets = 1;
	while (buckets < r->count)
		buckets *= 2;
	r->bucket_mask = buckets - 1;
	r->memory = map_take(memory_bytes(r));
	r->pages = map_take(r->count * sizeof *r->pages);
	r->buckets = map_take(buckets_bytes(r));
	if (r->memory && r->pages && r->buckets)
		return 0;
	recent_fini(r);
	return -ENOMEM;
}

void recent_fini(struct recent *r)
{
	if (r->count == 0)
		return;
	map_give(r->buckets, buckets_bytes(r));
	map_give(r->pages, r->count * sizeof *r->pages);
	map_give(r->memory, memory_bytes(r));
	*r = (struct recent){0};
}

/* Blocks that follow each other lie in buckets that do. */
static uint32_t *bucket_of(const struct recent *r, const struct recent_key *key)
{
	uint64_t of_segment = (key->log * UINT64_C(0x9e3779b97f4a7c15)) ^
			      ((uint64_t)key->base_offset * UINT64_C(0xc2b2ae3d27d4eb4f));
	return &r->buckets[((of_segment >> 32) + key->block) & r->bucket_mask];
}

static bool is_same(const struct recent_key *a, const struct recent_key *b)
{
	return a->log == b->log && a->base_offset == b->base_offset && a->block == b->block;
}

static struct recent_page *find(const struct recent *r, const struct recent_key *key)
{
	if (r->count == 0)
		return NULL;
	uint32_t at = *bucket_of(r, key);
	while (at > 0 && !is_same(&r->pages[at - 1].key, key))
		at = r->pages[at - 1].next;
	return at > 0 ? &r->pages[at - 1] : NULL;
}

static void unlink_page(struct recent *r, uint32_t page)
{
	uint32_t *link = bucket_of(r, &r->pages[page].key);
	while (*link != page + 1)
		link = &r->pages[*link - 1].next;
	*link = r->pages[page].next;
}

/* One that was never taken, or the next that was not read since the hand came by. */
static uint32_t take_page(struct recent *r)
{
	if (r->used < r->count)
		return r->used++;
	while (r->pages[r->hand].is_read) {
		r->pages[r->hand].is_read = false;
		r->hand = (r->hand + 1) % r->count;
	}
	uint32_t page = r->hand;
	r->hand = (r->hand + 1) % r->count;
	unlink_page(r, page);
	return page;
}

static uint8_t *bytes_of(const struct recent *r, const struct recent_page *page)
{
	return r->memory + (size_t)(page - r->pages) * DISK_BLOCK_BYTES;
}

void recent_put(struct recent *r, const struct recent_key *key, const uint8_t *block)
{
	if (r->count == 0)
		return;
	struct recent_page *p = find(r, key);
	if (!p) {
		p = &r->pages[take_page(r)];
		uint32_t *bucket = bucket_of(r, key);
		*p = (struct recent_page){.key = *key, .next = *bucket};
		*bucket = (uint32_t)(p - r->pages) + 1;
	}
	memcpy(bytes_of(r, p), block, DISK_BLOCK_BYTES);
}

void recent_renew(struct recent *r, const struct recent_key *key, const uint8_t *block)
{
	const struct recent_page *p = find(r, key);
	if (p)
		memcpy(bytes_of(r, p), block, DISK_BLOCK_BYTES);
}

bool recent_has(const struct recent *r, const struct recent_key *key)
{
	return find(r, key);
}

bool recent_get(struct recent *r, const struct recent_key *key, uint8_t *ret_block)
{
	struct recent_page *p = find(r, key);
	if (!p)
		return false;
	p->is_read = true;
	memcpy(ret_block, bytes_of(r, p), DISK_BLOCK_BYTES);
	return true;
}
