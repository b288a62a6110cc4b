/* stage_inspect.c - is a producer's batch what its header says? Uncompressed, as a poller walks it;
 * compressed, as a writer opens it, with the line it waits in. */
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/record/record_walk.h"
#include "dataplane/writer_inspect.h"
#include "perf/bench.h"
#include "perf/produce_request.h"

#include <stdlib.h>

enum {
	RECORDS = 163,
	RECORD_BYTES = 100,
	APPENDS_HOT = BENCH_VECTOR_MAX,
	APPENDS_COLD = 4096,
	STRIDE = 389, /* coprime to both */
	BATCH_CHUNKS = 5,
	BATCH_BEHIND = 8, /* a partition's number and a size, before its batch */
};

static struct chunk_pool pool;
static struct append_msg *appends;
static unsigned append_count, next_append;
static struct inspector *inspector;
static struct stats stats;

/* The batch of a request as a producer sends it, without what stands before the batch. */
static void append_make(struct append_msg *ret, enum record_codec codec)
{
	struct produce_shape shape = {.topic = "bench", .record_bytes = RECORD_BYTES,
				      .records = RECORDS, .codec = codec, .now_ms = 1000};
	struct produce_body body = produce_body_build(&shape);
	const uint8_t *batch = body.data + body.partition_at + BATCH_BEHIND;
	*ret = (struct append_msg){.msg = {.kind = HANDOFF_APPEND},
				   .codec = (uint8_t)codec,
				   .time_max = INT64_MAX};
	list_init(&ret->node);
	require(chain_append(&ret->bytes, &pool, batch,
			     body.size - body.partition_at - BATCH_BEHIND));
	free(body.data);
}

/* One set of batches for all stages: those of the codec before go back first. */
static void setup_codec(enum record_codec codec)
{
	if (!inspector) {
		append_count = bench_set(APPENDS_HOT, APPENDS_COLD);
		appends = map_take(append_count * sizeof *appends);
		inspector = inspector_create(&stats);
		require(appends && inspector && chunk_pool_init(&pool, CHUNK_BYTES,
								append_count * BATCH_CHUNKS) == 0);
	}
	for (unsigned i = 0; i < append_count; i++) {
		chain_give(&appends[i].bytes);
		append_make(&appends[i], codec);
	}
}

static void setup_none(void)
{
	setup_codec(RECORD_CODEC_NONE);
}

static void setup_gzip(void)
{
	setup_codec(RECORD_CODEC_GZIP);
}

static void setup_snappy(void)
{
	setup_codec(RECORD_CODEC_SNAPPY);
}

static void setup_lz4(void)
{
	setup_codec(RECORD_CODEC_LZ4);
}

static void setup_zstd(void)
{
	setup_codec(RECORD_CODEC_ZSTD);
}

/* Batches in an order that no prefetcher foresees: cold ones come from memory. */
static struct append_msg *append_next(void)
{
	next_append = (next_append + STRIDE) % append_count;
	return &appends[next_append];
}

static void prepare_nothing(unsigned n)
{
}

static void run_walk(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct append_msg *a = append_next();
		struct record_times times;
		require(record_walk_batch(&a->bytes,
					  record_batch_header_of(chunk_at(a->bytes.head)), &times));
	}
}

static void prepare_opening(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		require(inspector_take(inspector, append_next()));
}

/* Until the line is empty: one turn ends when its time is up, with batches left over. */
static void run_opening(unsigned n)
{
	while (inspector_turn(inspector, false))
		continue;
}

/* A batch that was refused would have been quick: each has to be found good. */
static void settle_opening(unsigned n)
{
	struct append_msg *a;
	unsigned through = 0;
	for (; (a = inspector_next(inspector)); through++)
		require(a->error == 0);
	require(through == n);
}

const struct stage inspect_stages[] = {
	{"walk", "batch of 163 records of 100 B, uncompressed: every record checked", setup_none,
	 prepare_nothing, run_walk, prepare_nothing},
	{"open_gzip", "the same, gzip: opened, every record checked", setup_gzip, prepare_opening,
	 run_opening, settle_opening},
	{"open_snappy", "the same, snappy-java", setup_snappy, prepare_opening, run_opening,
	 settle_opening},
	{"open_lz4", "the same, lz4", setup_lz4, prepare_opening, run_opening, settle_opening},
	{"open_zstd", "the same, zstd", setup_zstd, prepare_opening, run_opening, settle_opening},
	{0},
};
