/* stage_ingest.c - frames of 450 bytes: found in their bytes, given a partition, encoded
 * into the open batch of their lane. 16 partitions, batches of 64 KiB. */
#include "dataplane/base/crc32c.h"
#include "dataplane/base/murmur2.h"
#include "dataplane/base/require.h"
#include "dataplane/ingest/batch.h"
#include "dataplane/wire/gbt32960.h"
#include "perf/bench.h"

#include <stdio.h>

enum { FRAME_BYTES = 450, PARTITIONS = 16, VINS = 4096, BATCH_BYTES = 16 << 10 };

static struct ingest in;
static struct handoff to_writer;
static struct wake wakes[2];
static uint8_t frames[VINS][FRAME_BYTES];
static unsigned next_vin;
static struct bytes chosen[BENCH_VECTOR_MAX];
static struct record_vec records;
static struct partition_ref refs[PARTITIONS];
static struct topic topic = {.name = "bench",
			     .name_bytes = 5,
			     .partitions = PARTITIONS,
			     .batch_bytes = 64 << 10,
			     .linger_us = 5000,
			     .refs = refs};
static uint8_t batch[BENCH_VECTOR_MAX][BATCH_BYTES];
static volatile uint32_t sink; /* results a compiler must not drop */

static void frame_make(uint8_t *frame, unsigned vin)
{
	char text[32];
	snprintf(text, sizeof text, "LPENSTOCK%08u", vin);
	memset(frame, (int)(vin & 0x1f), FRAME_BYTES);
	struct gbt32960_header *h = (struct gbt32960_header *)frame;
	*h = (struct gbt32960_header){.start = {'#', '#'},
				      .command = GBT32960_REALTIME,
				      .flag = GBT32960_COMMAND,
				      .encryption = GBT32960_PLAIN};
	memcpy(h->vin, text, sizeof h->vin);
	h->data_bytes = be16_of(FRAME_BYTES - GBT32960_FRAME_BYTES_MIN);
	struct bytes data = {frame + GBT32960_HEADER_BYTES,
			     FRAME_BYTES - GBT32960_FRAME_BYTES_MIN};
	frame[FRAME_BYTES - 1] = gbt32960_bcc(h, data);
}

static void ingest_setup(void)
{
	if (in.appends.objects)
		return;
	for (unsigned v = 0; v < VINS; v++)
		frame_make(frames[v], v);
	for (unsigned i = 0; i < LISTENERS_MAX; i++)
		list_init(&in.open_lanes[i]);
	list_init(&in.finished);
	require(wake_init(&wakes[0]) == 0 && wake_init(&wakes[1]) == 0);
	require(handoff_init(&to_writer, &wakes[0], &wakes[1]) == 0);
	in.writers[0] = &to_writer;
	in.writer_count = 1;
	require(lanes_init(&in.lanes, 1, 64 << 20, 16 << 20, 1 << 20) == 0);
	require(slab_init(&in.appends, sizeof(struct append), HANDOFF_APPENDS_MAX) == 0);
	for (uint32_t p = 0; p < PARTITIONS; p++)
		refs[p] = (struct partition_ref){.slot = p, .generation = 1};
	for (unsigned i = 0; i < BENCH_VECTOR_MAX; i++)
		memset(batch[i], (int)i, BATCH_BYTES);
}

static void prepare_frames(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		next_vin = (next_vin + 389) % VINS;
		chosen[i] = (struct bytes){frames[next_vin], FRAME_BYTES};
	}
}

static void run_parse(unsigned n)
{
	uint32_t found = 0;
	for (unsigned i = 0; i < n; i++) {
		struct gbt32960_piece piece = gbt32960_look(chosen[i], FRAME_BYTES);
		found += piece.kind == GBT32960_FRAME;
		found += partition_of_key(gbt32960_header_of(chosen[i])->vin,
					  GBT32960_VIN_BYTES, PARTITIONS);
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
		uint32_t partition = partition_of_key(key.data, key.size, PARTITIONS);
		struct lane *lane = lanes_get(&in.lanes, refs[partition]);
		require(lane_reserve(&in.lanes, lane, record_reserve_bytes(key, chosen[i]),
				     false));
		records.records[records.count++] = (struct record){.lane = lane,
								   .topic = &topic,
								   .key = key,
								   .value = chosen[i]};
	}
}

static void run_accumulate(unsigned n)
{
	batch_input(&in, &records);
}

/* Full batches are dropped where a writer would give them back. */
static void settle_accumulate(unsigned n)
{
	for (struct list *node; (node = list_take_first(&in.finished));)
		append_give(&in, list_entry(node, struct append, node));
}

static void prepare_nothing(unsigned n)
{
}

static void run_crc(unsigned n)
{
	uint32_t crc = 0;
	for (unsigned i = 0; i < n; i++)
		crc ^= crc32c(batch[i], BATCH_BYTES);
	sink = crc;
}

const struct stage ingest_stages[] = {
	{"gbt32960_parse", "frame of 450 B: length, BCC, partition of its VIN", ingest_setup,
	 prepare_frames, run_parse, settle_nothing},
	{"accumulate", "record of 450 B into the open batch, 16 partitions", ingest_setup,
	 prepare_records, run_accumulate, settle_accumulate},
	{"crc", "batch of 16 KiB (163 records of 100 B)", ingest_setup, prepare_nothing, run_crc,
	 settle_nothing},
	{0},
};
