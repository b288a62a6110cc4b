/* stage_store.c - batches through the rings and into a log: handoff there and back, append
 * by a whole writer turn. The disk is the null disk: what is measured is ours. */
#include "dataplane/base/clock.h"
#include "dataplane/base/crc32c.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/record_batch.h"
#include "dataplane/writer.h"
#include "perf/bench.h"

enum {
	RECORDS = 163,
	BATCH_BYTES = 16 << 10,
	LANES = 8,
	APPENDS_HOT = BENCH_VECTOR_MAX,
	APPENDS_COLD = 4096, /* 64 MiB */
	STRIDE = 389,        /* coprime to both */
};

static struct handoff to_writer, admin;
static struct wake wakes[2];
static struct stats_page page;
static struct writer *writer;
static struct disk *disk;
static struct chunk_pool pool;
static struct append *appends;
static unsigned append_count, next_append, next_lane;

static void batch_make(struct append *a)
{
	static uint8_t bytes[BATCH_BYTES];
	struct record_batch_header *h = (struct record_batch_header *)bytes;
	record_batch_build(h, RECORDS, 1, 1);
	record_batch_set_size(h, BATCH_BYTES);
	record_batch_set_crc(h, crc32c(bytes + RECORD_BATCH_CRC_FROM,
				       BATCH_BYTES - RECORD_BATCH_CRC_FROM));
	require(chain_append(&a->bytes, &pool, bytes, BATCH_BYTES));
}

static void appends_make(void)
{
	append_count = bench_set(APPENDS_HOT, APPENDS_COLD);
	appends = map_take(append_count * sizeof *appends);
	require(appends);
	uint32_t chunks = append_count * (BATCH_BYTES / CHUNK_BYTES);
	require(chunk_pool_init(&pool, CHUNK_BYTES, chunks) == 0);
	for (unsigned i = 0; i < append_count; i++) {
		struct append *a = &appends[i];
		*a = (struct append){.msg = {.kind = HANDOFF_APPEND},
				     .level = ACK_DURABLE,
				     .records = RECORDS};
		list_init(&a->node);
		batch_make(a);
	}
}

static void rings_setup(void)
{
	if (to_writer.down)
		return;
	appends_make();
	require(wake_init(&wakes[0]) == 0 && wake_init(&wakes[1]) == 0);
	require(handoff_init(&to_writer, &wakes[0], &wakes[1]) == 0);
	require(handoff_init(&admin, &wakes[0], &wakes[1]) == 0);
}

/* The next in a ring of appends whose batches were made once. */
static struct append *append_next(void)
{
	next_append = (next_append + STRIDE) % append_count;
	struct append *a = &appends[next_append];
	a->partition = (struct partition_ref){next_lane++ % LANES, 1};
	a->error = 0;
	return a;
}

static void prepare_nothing(unsigned n)
{
}

static void run_handoff(unsigned n)
{
	struct handoff_msg *msgs[BENCH_VECTOR_MAX];
	for (unsigned i = 0; i < n; i++)
		handoff_send(&to_writer, &append_next()->msg);
	unsigned pulled = handoff_pull(&to_writer, msgs, BENCH_VECTOR_MAX);
	for (unsigned i = 0; i < pulled; i++)
		handoff_complete(&to_writer, msgs[i]);
	require(handoff_reap(&to_writer, msgs, BENCH_VECTOR_MAX) == n);
}

static void settle_nothing(unsigned n)
{
}

static void log_serve_slot(uint32_t slot)
{
	struct log_options o = {.segment_bytes = 1u << 30,
				.message_bytes_max = 1 << 20,
				.index_interval_bytes = 4096};
	struct log_recovery recovery;
	int error;
	char directory[32];
	snprintf(directory, sizeof directory, "/null/bench-%u", slot);
	struct log_open_options opening = {.directory = directory, .log = o, .is_clean = true};
	struct log *log = log_open(disk, &opening, &recovery, &error);
	require(log);
	struct admin open = {.msg = {.kind = HANDOFF_ADMIN},
			     .op = ADMIN_OPEN,
			     .partition = {slot, 1},
			     .log = log,
			     .options = o};
	struct handoff_msg *done;
	handoff_send(&admin, &open.msg);
	while (handoff_reap(&admin, &done, 1) == 0)
		writer_turn(writer);
	require(open.error == 0);
}

static void writer_setup(void)
{
	rings_setup();
	if (writer)
		return;
	int error;
	disk = disk_create("null", &error);
	struct writer_options o = {
		.buffers = 64,
		.buffer_bytes = 1 << 20,
		.small_write_bytes = 64 << 10,
		.descriptors = 8 * LANES,
		.disk = disk,
		.wake = &wakes[1],
		.handoffs = {&to_writer, &admin},
		.handoff_count = 2,
		.stats_page = &page,
		.marks = map_take(PARTITIONS_MAX * sizeof(struct marks_page)),
	};
	writer = writer_create(&o);
	require(writer && o.marks);
	for (uint32_t slot = 0; slot < LANES; slot++)
		log_serve_slot(slot);
}

static void prepare_appends(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		handoff_send(&to_writer, &append_next()->msg);
}

static void run_append(unsigned n)
{
	writer_turn(writer);
}

static void settle_appends(unsigned n)
{
	struct handoff_msg *done[BENCH_VECTOR_MAX];
	for (unsigned back = 0; back < n;) {
		writer_turn(writer);
		unsigned got = handoff_reap(&to_writer, done, BENCH_VECTOR_MAX);
		for (unsigned i = 0; i < got; i++)
			require(container_of(done[i], struct append, msg)->error == 0);
		back += got;
	}
}

const struct stage store_stages[] = {
	{"handoff", "batch to the writer and its completion back", rings_setup, prepare_nothing,
	 run_handoff, settle_nothing},
	{"append", "batch of 16 KiB (163 records): one writer turn, 8 partitions", writer_setup,
	 prepare_appends, run_append, settle_appends},
	{0},
};
