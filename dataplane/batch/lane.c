/* lane.c - per-partition credits and waiting lists of a poller; see lane.h. */
#include "dataplane/batch/lane.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/batch/topics.h"

#include <errno.h>

/* Chunks that cover every credit: the bytes themselves, and for each append one chunk that
 * is only begun and one whose end is left over. */
static uint64_t batch_chunks(unsigned writers, uint64_t writer_credit_bytes, uint32_t reserve)
{
	uint64_t bytes = writers * (writer_credit_bytes + 2ull * HANDOFF_APPENDS_MAX * CHUNK_BYTES);
	return (bytes + writers * (uint64_t)reserve) / CHUNK_BYTES + 1;
}

int lanes_init(struct lanes *l, unsigned writers, uint64_t writer_credit_bytes,
	       uint64_t lane_credit_bytes, uint32_t reserve_bytes)
{
	memset(l, 0, sizeof *l);
	l->writers = writers;
	l->writer_credit_bytes = writer_credit_bytes;
	l->lane_credit_bytes = lane_credit_bytes;
	l->reserve_bytes = (uint32_t)round_up(reserve_bytes, CHUNK_BYTES) + CHUNK_BYTES;
	for (unsigned i = 0; i < WRITERS_MAX; i++)
		list_init(&l->relieved[i]);
	uint64_t chunks = batch_chunks(writers, writer_credit_bytes, l->reserve_bytes);
	if (chunks > UINT32_MAX)
		return -EINVAL;
	l->lanes = map_take(sizeof(struct lane) * PARTITIONS_MAX);
	if (!l->lanes)
		return -ENOMEM;
	return chunk_pool_init(&l->batch_pool, CHUNK_BYTES, (uint32_t)chunks);
}

void lanes_fini(struct lanes *l)
{
	map_give(l->lanes, sizeof(struct lane) * PARTITIONS_MAX);
	chunk_pool_fini(&l->batch_pool);
}

/* First use, or the slot belongs to another partition now. What is still reserved, open or
 * parked belongs to the old one and ends with its completions. */
static void lane_renew(const struct lanes *l, struct lane *lane, struct partition_ref partition)
{
	if (!lane->blocked.next) {
		list_init(&lane->blocked);
		list_init(&lane->relieved);
		list_init(&lane->open_node);
		list_init(&lane->parked);
	}
	lane->partition = partition;
	lane->writer = (uint8_t)writer_of_slot(partition.slot, l->writers);
}

/* A lane with an open batch is not renewed, for its records belong to the old partition: the
 * caller closes the batch first. */
struct lane *lanes_get(struct lanes *l, struct partition_ref partition)
{
	require(partition.slot < PARTITIONS_MAX);
	struct lane *lane = &l->lanes[partition.slot];
	if (unlikely(!lane->blocked.next ||
		     (lane->partition.generation != partition.generation && !lane->open)))
		lane_renew(l, lane, partition);
	return lane;
}

bool lane_has_credit(const struct lanes *l, const struct lane *lane, uint32_t bytes,
		     bool may_use_reserve)
{
	uint64_t extra = may_use_reserve ? l->reserve_bytes : 0;
	return l->reserved[lane->writer] + bytes <= l->writer_credit_bytes + extra &&
	       lane->reserved_bytes + bytes <= l->lane_credit_bytes + extra;
}

bool lane_reserve(struct lanes *l, struct lane *lane, uint32_t bytes, bool may_use_reserve)
{
	if (!lane_has_credit(l, lane, bytes, may_use_reserve))
		return false;
	l->reserved[lane->writer] += bytes;
	lane->reserved_bytes += bytes;
	return true;
}

/* The lane gets into its writer's line only once, however many of its batches come back in a
 * turn. */
void lane_release(struct lanes *l, struct lane *lane, uint32_t bytes)
{
	uint64_t *reserved = &l->reserved[lane->writer];
	require(*reserved >= bytes && lane->reserved_bytes >= bytes);
	*reserved -= bytes;
	lane->reserved_bytes -= bytes;
	if (!list_is_empty(&lane->blocked) && list_is_empty(&lane->relieved))
		list_append(&l->relieved[lane->writer], &lane->relieved);
}
