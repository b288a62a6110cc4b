/* stage_ingest.c - frames of 450 bytes: found in their bytes, given a partition, encoded
 * into the open batch of their lane. Hot: 256 frames, 16 partitions, batches of 16 KiB; cold:
 * 262,144 frames, 2,048 partitions. */
#include "dataplane/base/clock.h"
#include "dataplane/base/crc32c.h"
#include "dataplane/base/map.h"
#include "dataplane/base/murmur2.h"
#include "dataplane/base/require.h"
#include "dataplane/batch/batch.h"
#include "dataplane/batch/ingest.h"
#include "dataplane/batch/topics.h"
#include "dataplane/session/answer.h"
#include "dataplane/wire/fleet/gbt32960.h"
#include "perf/bench.h"
#include "perf/bench_parts.h"

enum {
	FRAMES_HOT = 256,
	FRAMES_COLD = 262144,
	PARTITIONS_HOT = 16,
	PARTITIONS_COLD = 2048,
	BATCH_BYTES = 16 << 10,
	BATCHES_HOT = BENCH_VECTOR_MAX,
	BATCHES_COLD = 8192,
	STRIDE = 389, /* coprime to them all */
};

static struct stats stats;
static struct moment now;
static struct batching batching;
static struct answers answers;
static uint8_t *frames;
static unsigned frame_count, next_frame;
static struct bytes chosen[BENCH_VECTOR_MAX];
static struct record_vec records;
static struct partition_ref refs[PARTITIONS_COLD];
static struct topic topic = {.name = "bench",
			     .name_bytes = 5,
			     .options = {.batch_bytes = BATCH_BYTES, .linger_ms = 5},
			     .refs = refs};
static uint8_t *batches;
static unsigned batch_count, next_batch;
static volatile uint32_t sink; /* results a compiler must not drop */

/* The stages share one set of frames and batches: whoever comes first makes it. */
static void ingest_setup(void)
{
	static const struct batching_bounds bounds = {.writers = 1,
						      .appends = HANDOFF_APPENDS_MAX,
						      .writer_credit_bytes = 256 << 20,
						      .lane_credit_bytes = 16 << 20,
						      .message_bytes_max = 1 << 20};
	if (batching.appends.objects)
		return;
	topic.partitions = bench_set(PARTITIONS_HOT, PARTITIONS_COLD);
	frame_count = bench_set(FRAMES_HOT, FRAMES_COLD);
	batch_count = bench_set(BATCHES_HOT, BATCHES_COLD);
	frames = map_take((size_t)frame_count * BENCH_FRAME_BYTES);
	batches = map_take((size_t)batch_count * BATCH_BYTES);
	require(frames && batches);
	for (unsigned i = 0; i < frame_count; i++)
		bench_frame_make(frames + (size_t)i * BENCH_FRAME_BYTES, i);
	require(batching_init(&batching, &bounds, &stats, &now) == 0);
	for (uint32_t p = 0; p < topic.partitions; p++)
		refs[p] = (struct partition_ref){.slot = p, .generation = 1};
	for (unsigned i = 0; i < batch_count; i++)
		memset(batches + (size_t)i * BATCH_BYTES, (int)i, BATCH_BYTES);
}

/* Frames in an order that no prefetcher foresees: cold ones come from memory. */
static void prepare_frames(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		next_frame = (next_frame + STRIDE) % frame_count;
		chosen[i] = (struct bytes){frames + (size_t)next_frame * BENCH_FRAME_BYTES,
					   BENCH_FRAME_BYTES};
	}
}

/* What is done with the bytes of a frame before it is a record. */
static void run_parse(unsigned n)
{
	uint32_t found = 0;
	for (unsigned i = 0; i < n; i++) {
		struct gbt32960_piece piece = gbt32960_look(chosen[i], BENCH_FRAME_BYTES);
		found += piece.kind == GBT32960_FRAME;
		found += partition_of_key(gbt32960_header_of(chosen[i])->vin,
					  GBT32960_VIN_BYTES, topic.partitions);
	}
	sink = found;
}

static void settle_nothing(unsigned n)
{
}

static void prepare_records(unsigned n)
{
	prepare_frames(n);
	records.count = 0;
	for (unsigned i = 0; i < n; i++) {
		const struct gbt32960_header *h = gbt32960_header_of(chosen[i]);
		struct bytes key = {h->vin, GBT32960_VIN_BYTES};
		uint32_t partition = partition_of_key(key.data, key.size, topic.partitions);
		struct lane *lane = lanes_get(&batching.lanes, refs[partition]);
		struct record *r = &records.records[records.count++];
		*r = (struct record){.lane = lane,
				     .kind = CREDIT_FRAMES,
				     .topic = &topic,
				     .key = key,
				     .value = chosen[i],
				     .timestamp_ms = now.wall_ms,
				     .reserve_bytes =
					     record_reserve_bytes(key.size + chosen[i].size)};
		require(lane_reserve(&batching.lanes, lane, CREDIT_FRAMES, r->reserve_bytes));
	}
}

static void run_accumulate(unsigned n)
{
	batch_input(&batching, &answers, &records);
}

/* Full batches are dropped where a writer would give them back. */
static void settle_accumulate(unsigned n)
{
	for (struct list *node; (node = list_take_first(&batching.finished));)
		append_give(&batching, list_entry(node, struct append_msg, node));
}

static void prepare_nothing(unsigned n)
{
}

/* The sums end up in one that is kept, so that none of them is optimised away. */
static void run_crc(unsigned n)
{
	uint32_t crc = 0;
	for (unsigned i = 0; i < n; i++) {
		next_batch = (next_batch + STRIDE) % batch_count;
		crc ^= crc32c(batches + (size_t)next_batch * BATCH_BYTES, BATCH_BYTES);
	}
	sink = crc;
}

const struct stage ingest_stages[] = {
	{"gbt32960_parse", "frame of 450 B: length, BCC, partition of its VIN", ingest_setup,
	 prepare_frames, run_parse, settle_nothing},
	{"accumulate", "record of 450 B into the open batch of its partition", ingest_setup,
	 prepare_records, run_accumulate, settle_accumulate},
	{"crc", "batch of 16 KiB (163 records of 100 B)", ingest_setup, prepare_nothing, run_crc,
	 settle_nothing},
	{0},
};
