/* stage_store.c - batches through the rings and into a log: handoff there and back, append
 * by a whole writer turn; and the check of batches read. The disk is the null disk: what is
 * measured is ours. */
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/record/record_batch.h"
#include "perf/bench.h"
#include "perf/bench_writer.h"

enum {
	RECORDS = 163,
	BATCH_BYTES = 16 << 10,
	LANES = 8,
	APPENDS_HOT = BENCH_VECTOR_MAX,
	APPENDS_COLD = 4096, /* 64 MiB */
	STRIDE = 389,        /* coprime to both */
	PRODUCERS = 16,      /* of each lane */
};

static struct bench_writer served;
static struct chunk_pool pool;
static struct append_msg *appends;
static unsigned append_count, next_append, next_lane;
static volatile uint32_t sink; /* results a compiler must not drop */
static int32_t sequences[LANES][PRODUCERS];

static void appends_make(void)
{
	append_count = bench_set(APPENDS_HOT, APPENDS_COLD);
	appends = map_take(append_count * sizeof *appends);
	require(appends);
	uint32_t chunks = append_count * (BATCH_BYTES / CHUNK_BYTES);
	require(chunk_pool_init(&pool, CHUNK_BYTES, chunks) == 0);
	for (unsigned i = 0; i < append_count; i++)
		require(bench_append_make(&appends[i], &pool, BATCH_BYTES, RECORDS));
}

static void setup(void)
{
	if (served.writer)
		return;
	appends_make();
	require(bench_writer_start(&served, "/null", LANES) == 0);
}

/* The next in a ring of appends whose batches were made once. */
static struct append_msg *append_next(void)
{
	next_append = (next_append + STRIDE) % append_count;
	struct append_msg *a = &appends[next_append];
	a->partition.slot = next_lane++ % LANES;
	a->error = 0;
	return a;
}

static void prepare_nothing(unsigned n)
{
}

/* Both cores' parts on one core: what the rings themselves cost, without a cache line that
 * travels. */
static void run_handoff(unsigned n)
{
	struct handoff_msg *msgs[BENCH_VECTOR_MAX];
	for (unsigned i = 0; i < n; i++)
		handoff_send(&served.appends, &append_next()->msg);
	unsigned pulled = handoff_pull(&served.appends, msgs, BENCH_VECTOR_MAX);
	for (unsigned i = 0; i < pulled; i++)
		handoff_complete(&served.appends, msgs[i]);
	require(handoff_reap(&served.appends, msgs, BENCH_VECTOR_MAX) == n);
}

static void settle_nothing(unsigned n)
{
}

/* What a writer does with a batch before it gives it: the bytes lie in chunks. */
static void run_check(unsigned n)
{
	uint32_t crc = 0;
	for (unsigned i = 0; i < n; i++)
		crc ^= chain_crc32c(&append_next()->bytes, RECORD_BATCH_CRC_FROM);
	sink = crc;
}

static void prepare_appends(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		handoff_send(&served.appends, &append_next()->msg);
}

/* As an idempotent producer's next. */
static void append_number(struct append_msg *a)
{
	unsigned producer = next_append % PRODUCERS;
	int32_t *sequence = &sequences[a->partition.slot][producer];
	struct record_batch_header h;
	chain_copy_out(&a->bytes, 0, &h, sizeof h);
	h.producer_id = be64_of(producer);
	h.producer_epoch = be16_of(0);
	h.base_sequence = be32_of((uint32_t)*sequence);
	chain_patch(&a->bytes, 0, &h, sizeof h);
	*sequence = (int32_t)((uint32_t)(*sequence + RECORDS) & INT32_MAX);
}

static void prepare_numbered(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct append_msg *a = append_next();
		append_number(a);
		handoff_send(&served.appends, &a->msg);
	}
}

/* One turn of a writer: it pulls the batches, and its logs copy and write as far as one turn
 * goes. */
static void run_append(unsigned n)
{
	writer_turn(served.writer, false);
}

/* Until all are durable, so that no round pays for the one before. */
static void settle_appends(unsigned n)
{
	struct handoff_msg *done[BENCH_VECTOR_MAX];
	for (unsigned back = 0; back < n;) {
		writer_turn(served.writer, false);
		unsigned got = handoff_reap(&served.appends, done, BENCH_VECTOR_MAX);
		for (unsigned i = 0; i < got; i++)
			require(container_of(done[i], struct append_msg, msg)->error == 0);
		back += got;
	}
}

const struct stage store_stages[] = {
	{"handoff", "batch to the writer and its completion back", setup, prepare_nothing,
	 run_handoff, settle_nothing},
	{"check", "batch of 16 KiB read: its CRC, over four chunks", setup, prepare_nothing,
	 run_check, settle_nothing},
	{"append", "batch of 16 KiB (163 records): one writer turn, 8 partitions", setup,
	 prepare_appends, run_append, settle_appends},
	/* The last one: what has a number keeps it. */
	{"append-idempotent", "the same, of 16 producers in each partition, its sequence checked",
	 setup, prepare_numbered, run_append, settle_appends},
	{0},
};
