/* bench_writer.c - a writer, its logs and batches for it; see bench_writer.h. */
#include "perf/bench_writer.h"
#include "control/catalog/flush_file.h"
#include "control/catalog/flush_rule.h"
#include "dataplane/base/crc32c.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/record/record_batch.h"
#include "tests/unbounded_log.h"

#include <errno.h>
#include <stdio.h>

enum {
	/* As in config/settings.def. */
	BUFFERS = 1024,
	BUFFER_BYTES = 64 << 10,
	SMALL_WRITE_BYTES = 64 << 10,
	PRODUCER_IDS = 1 << 18,
	DESCRIPTORS = 8 * BENCH_PARTITIONS_MAX,
	GENERATION = 1,
};

static const struct log_options log_options = {
	UNBOUNDED_LOG, .segment_bytes = 1u << 30, .message_bytes_max = 2 << 20};

/* ---- batches ---------------------------------------------------------------------------- */

/* Bytes that no disk compresses. */
static void fill(uint8_t *to, size_t size)
{
	uint64_t state = 0x9e3779b97f4a7c15u;
	for (size_t i = 0; i < size; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		to[i] = (uint8_t)(state >> 56);
	}
}

/* As a poller hands over a producer's batch: size and CRC are right, and what follows the
 * header is noise, for a writer does not look at the records of what is not compressed. */
bool bench_append_make(struct append_msg *ret, struct chunk_pool *pool, uint32_t bytes,
		       uint32_t records)
{
	uint8_t *batch = map_take(bytes);
	struct record_batch_header *h = (struct record_batch_header *)batch;
	require(batch && bytes > RECORD_BATCH_HEADER_BYTES);
	fill(batch, bytes);
	record_batch_build(h, records, 1, 1);
	record_batch_set_size(h, bytes);
	record_batch_set_crc(h, crc32c(batch + RECORD_BATCH_CRC_FROM,
				       bytes - RECORD_BATCH_CRC_FROM));
	*ret = (struct append_msg){.msg = {.kind = HANDOFF_APPEND},
			       .level = ACK_DURABLE,
			       .partition = {0, GENERATION},
			       .records = records};
	list_init(&ret->node);
	bool fits = chain_append(&ret->bytes, pool, batch, bytes);
	map_give(batch, bytes);
	return fits;
}

/* ---- the writer ------------------------------------------------------------------------- */

/* There is one thread: the writer turns here until it has answered. */
static void admin_run(struct bench_writer *w, struct admin_msg *a)
{
	struct handoff_msg *done;
	handoff_send(&w->admin, &a->msg);
	while (handoff_reap(&w->admin, &done, 1) == 0)
		writer_turn(w->writer, false);
}

/* Control opens a log, on a disk that is not the writer's, and gives it to its writer, as in
 * the gateway. */
static int serve(struct bench_writer *w, const char *directory, uint32_t slot)
{
	struct log_recovery recovery;
	int error;
	char path[4096];
	snprintf(path, sizeof path, "%s/bench-%u", directory, slot);
	struct log_open_options opening = {
		.directory = path, .log = log_options, .is_clean = true};
	struct log *log = log_open(w->control, &opening, &recovery, &error);
	if (!log) {
		fprintf(stderr, "bench: %s: %s\n", path, strerror(-error));
		return error;
	}
	struct admin_msg open = {.msg = {.kind = HANDOFF_ADMIN},
			     .op = ADMIN_OPEN,
			     .partition = {slot, GENERATION},
			     .log = log,
			     .options = log_options};
	admin_run(w, &open);
	require(open.error == 0);
	w->partitions++;
	return 0;
}

int bench_writer_start(struct bench_writer *w, const char *directory, unsigned partitions)
{
	require(partitions <= BENCH_PARTITIONS_MAX);
	*w = (struct bench_writer){.marks = map_take(PARTITIONS_MAX * sizeof *w->marks),
				   .news = map_take(PARTITIONS_MAX * sizeof *w->news)};
	int error;
	w->disk = disk_create("bench", &error);
	w->control = w->disk ? disk_create("control", &error) : NULL;
	if (!w->control)
		return error;
	char line[512];
	error = log_dir_open(&w->dir, w->control, directory);
	if (error) {
		fprintf(stderr, "bench: %s: %s\n", directory, strerror(-error));
		return error;
	}
	flush_rule_find(directory, &w->dir.rule);
	flush_file_open(&w->dir, 0, line, sizeof line);
	fprintf(stderr, "bench: %s\n", line);
	require(w->marks && w->news);
	require(wake_init(&w->wakes[0]) == 0 && wake_init(&w->wakes[1]) == 0);
	require(handoff_init(&w->appends, &w->wakes[0], &w->wakes[1]) == 0);
	require(handoff_init(&w->admin, &w->wakes[0], &w->wakes[1]) == 0);
	struct writer_options o = {
		.settings = {.buffers = BUFFERS,
			     .buffer_bytes = BUFFER_BYTES,
			     .small_write_bytes = SMALL_WRITE_BYTES,
			     .producer_ids_max = PRODUCER_IDS,
			     .producer_expiration_ms = 86400000,
			     .producer_check_ms = 600000},
		.descriptors = DESCRIPTORS,
		.dirs = &w->dir,
		.dir_count = 1,
		.disks = {w->disk},
		.wake = &w->wakes[1],
		.handoffs = {&w->appends, &w->admin},
		.handoff_count = 2,
		.stats_page = &w->page,
		.marks = w->marks,
		.news = w->news,
	};
	w->writer = writer_create(&o);
	require(w->writer);
	for (uint32_t slot = 0; slot < partitions; slot++)
		if ((error = serve(w, directory, slot)) < 0)
			return error;
	return 0;
}

/* The writer gives a log back in the answer; closing is its opener's. */
void bench_writer_stop(struct bench_writer *w)
{
	for (uint32_t slot = 0; slot < w->partitions; slot++) {
		struct admin_msg close = {.msg = {.kind = HANDOFF_ADMIN},
				      .op = ADMIN_CLOSE,
				      .partition = {slot, GENERATION}};
		admin_run(w, &close);
		log_close(close.log);
	}
	writer_destroy(w->writer);
	flush_file_close(&w->dir, 0);
	log_dir_close(&w->dir);
	disk_destroy(w->disk);
	disk_destroy(w->control);
	handoff_fini(&w->appends);
	handoff_fini(&w->admin);
	wake_fini(&w->wakes[0]);
	wake_fini(&w->wakes[1]);
	map_give(w->marks, PARTITIONS_MAX * sizeof *w->marks);
	map_give(w->news, PARTITIONS_MAX * sizeof *w->news);
}
