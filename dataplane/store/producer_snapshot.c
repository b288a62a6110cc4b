/* producer_snapshot.c - producers in, the bytes of a .snapshot file out, and back; see
 * producer_snapshot.h. */
#include "dataplane/store/producer_snapshot.h"
#include "dataplane/base/crc32c.h"
#include "dataplane/base/require.h"
#include "dataplane/store/segment.h"

#include <stdio.h>

struct snapshot_header {
	struct be16 version;
	struct be32 crc;
	struct be32 count;
};

struct snapshot_entry {
	struct be64 producer_id;
	struct be16 epoch;
	struct be32 last_sequence;
	struct be64 last_offset;
	struct be32 offset_delta;
	struct be64 timestamp;
	struct be32 coordinator_epoch;
	struct be64 transaction_first_offset;
};

static_assert(sizeof(struct snapshot_header) == SNAPSHOT_HEADER_BYTES, "10");
static_assert(offsetof(struct snapshot_header, count) == SNAPSHOT_CRC_FROM, "the CRC is before");
static_assert(sizeof(struct snapshot_entry) == SNAPSHOT_ENTRY_BYTES, "46");

static void put_entry(uint8_t *out, const struct producer *p, const struct producer_batch *b)
{
	const struct snapshot_entry e = {
		.producer_id = be64_of((uint64_t)p->id),
		.epoch = be16_of((uint16_t)p->epoch),
		.last_sequence = be32_of((uint32_t)b->last_sequence),
		.last_offset = be64_of((uint64_t)b->last_offset),
		.offset_delta = be32_of((uint32_t)b->offset_delta),
		.timestamp = be64_of((uint64_t)b->timestamp),
		.coordinator_epoch = be32_of(UINT32_MAX),
		.transaction_first_offset = be64_of(UINT64_MAX),
	};
	memcpy(out, &e, sizeof e);
}

size_t snapshot_encode(const struct producers *t, uint32_t slot, uint8_t *out)
{
	struct snapshot_header h = {.version = be16_of(SNAPSHOT_VERSION)};
	uint32_t count = 0;
	for (const struct producer *p = producers_first(t, slot); p; p = producers_after(t, p))
		for (unsigned age = producer_is_awaited(p) ? 0 : p->count; age-- > 0;)
			put_entry(out + snapshot_bytes(count++), p, producer_batch(p, age));
	size_t size = snapshot_bytes(count);
	h.count = be32_of(count);
	memcpy(out, &h, sizeof h);
	h.crc = be32_of(crc32c(out + SNAPSHOT_CRC_FROM, size - SNAPSHOT_CRC_FROM));
	memcpy(out, &h, sizeof h);
	return size;
}

int64_t snapshot_check(struct bytes file)
{
	struct snapshot_header h;
	if (file.size < sizeof h)
		return -1;
	memcpy(&h, file.data, sizeof h);
	uint32_t count = be32_get(h.count);
	bool is_whole = be16_get(h.version) == SNAPSHOT_VERSION &&
			snapshot_bytes(count) == file.size &&
			crc32c(file.data + SNAPSHOT_CRC_FROM, file.size - SNAPSHOT_CRC_FROM) ==
				be32_get(h.crc);
	return is_whole ? (int64_t)count : -1;
}

bool snapshot_entry(struct bytes file, uint32_t i, struct producer *ret)
{
	struct snapshot_entry e;
	require(snapshot_bytes(i + 1) <= file.size);
	memcpy(&e, file.data + snapshot_bytes(i), sizeof e);
	*ret = (struct producer){
		.id = (int64_t)be64_get(e.producer_id),
		.epoch = (int16_t)be16_get(e.epoch),
		.count = 1,
		.batches = {{
			.last_offset = (int64_t)be64_get(e.last_offset),
			.timestamp = (int64_t)be64_get(e.timestamp),
			.last_sequence = (int32_t)be32_get(e.last_sequence),
			.offset_delta = (int32_t)be32_get(e.offset_delta),
		}},
	};
	const struct producer_batch *b = producer_newest(ret);
	return ret->id >= 0 && b->last_offset >= 0 && b->last_sequence >= 0 && b->offset_delta >= 0;
}

void snapshot_path(char *out, size_t size, const char *directory, int64_t offset)
{
	int n = snprintf(out, size, "%s/%020lld" SNAPSHOT_ENDING, directory, (long long)offset);
	require(n > 0 && (size_t)n < size);
}

bool snapshot_parse(const char *name, int64_t *ret_offset)
{
	const char *ending = segment_parse_offset(name, ret_offset);
	return ending && strcmp(ending, SNAPSHOT_ENDING) == 0;
}
