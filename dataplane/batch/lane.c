/* lane.c - per-partition credits and waiting lists of a poller; see lane.h. */
#include "dataplane/batch/lane.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/batch/topics.h"

#include <errno.h>

/* Chunks that cover every credit: the bytes themselves, and for each append one chunk that
 * is only begun and one whose end is left over. */
static uint64_t batch_chunks(unsigned writers, uint64_t writer_credit_bytes)
{
	uint64_t credit = CREDIT_KINDS * writer_credit_bytes;
	uint64_t bytes = writers * (credit + 2ull * HANDOFF_APPENDS_MAX * CHUNK_BYTES);
	return bytes / CHUNK_BYTES + 1;
}

int lanes_init(struct lanes *l, unsigned writers, uint64_t writer_credit_bytes,
	       uint64_t lane_credit_bytes, uint32_t incoming_chunks)
{
	memset(l, 0, sizeof *l);
	l->writers = writers;
	l->writer_credit_bytes = writer_credit_bytes;
	l->lane_credit_bytes = lane_credit_bytes;
	for (unsigned i = 0; i < WRITERS_MAX; i++)
		for (unsigned kind = 0; kind < CREDIT_KINDS; kind++)
			list_init(&l->relieved[i][kind]);
	uint64_t chunks = batch_chunks(writers, writer_credit_bytes) + incoming_chunks;
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

static void lane_begin(struct lane *lane)
{
	for (unsigned kind = 0; kind < CREDIT_KINDS; kind++) {
		list_init(&lane->credit[kind].blocked);
		list_init(&lane->credit[kind].relieved);
	}
	list_init(&lane->open_node);
	list_init(&lane->parked);
	list_init(&lane->due);
	list_init(&lane->waking);
}

static bool has_begun(const struct lane *lane)
{
	return lane->parked.next != NULL;
}

/* First use, or the slot belongs to another partition now. What is still reserved, open or
 * parked belongs to the old one and ends with its completions. */
static void lane_renew(const struct lanes *l, struct lane *lane, struct partition_ref partition)
{
	if (!has_begun(lane))
		lane_begin(lane);
	lane->partition = partition;
	lane->writer = (uint8_t)writer_of_slot(partition.slot, l->writers);
}

/* A lane with an open batch is not renewed, for its records belong to the old partition: the
 * caller closes the batch first. */
struct lane *lanes_get(struct lanes *l, struct partition_ref partition)
{
	require(partition.slot < PARTITIONS_MAX);
	struct lane *lane = &l->lanes[partition.slot];
	if (unlikely(!has_begun(lane) ||
		     (lane->partition.generation != partition.generation && !lane->open)))
		lane_renew(l, lane, partition);
	return lane;
}

bool lane_reserve(struct lanes *l, struct lane *lane, enum credit_kind kind, uint32_t bytes)
{
	uint64_t *of_writer = &l->reserved[lane->writer][kind];
	uint32_t *of_lane = &lane->credit[kind].reserved_bytes;
	if (*of_writer + bytes > l->writer_credit_bytes ||
	    (uint64_t)*of_lane + bytes > l->lane_credit_bytes)
		return false;
	*of_writer += bytes;
	*of_lane += bytes;
	return true;
}

/* The lane gets into its writer's line only once, however many of its batches come back in a
 * turn. */
void lane_release(struct lanes *l, struct lane *lane, enum credit_kind kind, uint32_t bytes)
{
	uint64_t *reserved = &l->reserved[lane->writer][kind];
	struct lane_credit *credit = &lane->credit[kind];
	require(*reserved >= bytes && credit->reserved_bytes >= bytes);
	*reserved -= bytes;
	credit->reserved_bytes -= bytes;
	if (!list_is_empty(&credit->blocked) && list_is_empty(&credit->relieved))
		list_append(&l->relieved[lane->writer][kind], &credit->relieved);
}
