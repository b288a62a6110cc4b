/* stage_store.c - batches through the rings and into a log: handoff there and back, append
 * by a whole writer turn. The disk is the null disk: what is measured is ours. */
#include "dataplane/base/clock.h"
#include "dataplane/base/crc32c.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/record_batch.h"
#include "dataplane/writer.h"
#include "perf/bench.h"

enum { RECORDS = 163, BATCH_BYTES = 16 << 10, LANES = 8 };

static struct handoff to_writer, admin;
static struct wake wakes[2];
static struct stats_page page;
static struct writer *writer;
static struct disk *disk;
static struct chunk_pool pool;
static struct append appends[BENCH_VECTOR_MAX];
static unsigned next_lane;

static void rings_setup(void)
{
	if (to_writer.down)
		return;
	require(wake_init(&wakes[0]) == 0 && wake_init(&wakes[1]) == 0);
	require(handoff_init(&to_writer, &wakes[0], &wakes[1]) == 0);
	require(handoff_init(&admin, &wakes[0], &wakes[1]) == 0);
}

static void message_make(unsigned i)
{
	struct append *a = &appends[i];
	*a = (struct append){.msg = {.kind = HANDOFF_APPEND},
			     .level = ACK_DURABLE,
			     .partition = {next_lane++ % LANES, 1},
			     .records = RECORDS};
	list_init(&a->node);
}

static void prepare_messages(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		message_make(i);
}

static void run_handoff(unsigned n)
{
	struct handoff_msg *msgs[BENCH_VECTOR_MAX];
	for (unsigned i = 0; i < n; i++)
		handoff_send(&to_writer, &appends[i].msg);
	unsigned pulled = handoff_pull(&to_writer, msgs, BENCH_VECTOR_MAX);
	for (unsigned i = 0; i < pulled; i++)
		handoff_complete(&to_writer, msgs[i]);
	require(handoff_reap(&to_writer, msgs, BENCH_VECTOR_MAX) == n);
}

static void settle_nothing(unsigned n)
{
}

static void batch_make(unsigned i)
{
	static uint8_t bytes[BATCH_BYTES];
	struct record_batch_header *h = (struct record_batch_header *)bytes;
	record_batch_build(h, RECORDS, 1, 1);
	record_batch_set_size(h, BATCH_BYTES);
	record_batch_set_crc(h, crc32c(bytes + RECORD_BATCH_CRC_FROM,
				       BATCH_BYTES - RECORD_BATCH_CRC_FROM));
	require(chain_append(&appends[i].bytes, &pool, bytes, BATCH_BYTES));
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
	require(chunk_pool_init(&pool, CHUNK_BYTES, 4096) == 0);
	for (uint32_t slot = 0; slot < LANES; slot++)
		log_serve_slot(slot);
}

static void prepare_appends(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		message_make(i);
		batch_make(i);
		handoff_send(&to_writer, &appends[i].msg);
	}
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
		for (unsigned i = 0; i < got; i++) {
			struct append *a = container_of(done[i], struct append, msg);
			require(a->error == 0);
			chain_give(&a->bytes);
		}
		back += got;
	}
}

const struct stage store_stages[] = {
	{"handoff", "batch to the writer and its completion back", rings_setup, prepare_messages,
	 run_handoff, settle_nothing},
	{"append", "batch of 16 KiB (163 records): one writer turn, 8 partitions", writer_setup,
	 prepare_appends, run_append, settle_appends},
	{0},
};
