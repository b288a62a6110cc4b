/* test_writer_dirs.c - a writer and two log directories: a partition's files are where it is said
 * to lie, and what one disk owes keeps nobody of the other waiting; a log whose disk has failed is
 * given back, and comes back. */
#include "dataplane/base/map.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/record/record_batch.h"
#include "dataplane/writer.h"
#include "tests/unit/store/disk/fake_disk.h"
#include "tests/unit/store/rig_files.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { DIRS = 2, BUFFERS = 32, DESCRIPTORS = 64 };

static const struct writer_settings writer_settings = {
	.buffers = BUFFERS, .buffer_bytes = 16384, .small_write_bytes = 16384,
	.producer_ids_max = 64, .producer_expiration_ms = 86400000, .producer_check_ms = 600000};
static const struct log_options log_options = {
	.segment_bytes = 1 << 20, .message_bytes_max = 100000, .index_interval_bytes = 4096,
	.segment_index_bytes = 10485760, .flush_messages = INT64_MAX, .flush_ms = INT64_MAX,
	.segment_ms = INT64_MAX, .retention_ms = -1, .retention_bytes = -1};

/* Partition `slot` lies in directory `slot`. */
static char roots[DIRS][64], directories[DIRS][160];

static struct rig {
	struct log_dir dirs[DIRS];
	struct disk *control;
	struct writer_options options;
	struct writer *writer;
	struct handoff data, admin;
	struct wake wake;
	struct stats_page *stats;
	struct chunk_pool pool;
	struct log *logs[DIRS];
} *r;

static struct handoff_msg *wait_for(struct handoff *h, unsigned turns)
{
	struct handoff_msg *m = NULL;
	for (unsigned i = 0; i < turns && !m; i++) {
		writer_turn(r->writer, false);
		handoff_reap(h, &m, 1);
	}
	return m;
}

static int ask(enum admin_op op, unsigned slot)
{
	struct admin_msg a = {.msg.kind = HANDOFF_ADMIN, .op = op, .dir = (uint8_t)slot,
			  .log = r->logs[slot], .partition = {slot, 1}};
	handoff_send(&r->admin, &a.msg);
	cr_assert(wait_for(&r->admin, 1000000) == &a.msg);
	return a.error;
}

static void open_dir(unsigned d)
{
	int error;
	struct log_recovery found;
	rig_directory_make(roots[d], sizeof roots[d]);
	r->dirs[d] = (struct log_dir){.path = roots[d], .number = d};
	snprintf(directories[d], sizeof directories[d], "%s/t-%u", roots[d], d);
	r->options.disks[d] = disk_create("writer", &error);
	fake_eager(r->options.disks[d], true, d);
	struct log_open_options opening = {.directory = directories[d], .log = log_options};
	r->logs[d] = log_open(r->control, &opening, &found, &error);
	cr_assert(r->logs[d] != NULL);
}

static void start(void)
{
	int error;
	r = map_take(sizeof *r);
	cr_assert(wake_init(&r->wake) == 0);
	cr_assert(handoff_init(&r->data, &r->wake, &r->wake) == 0);
	cr_assert(handoff_init(&r->admin, &r->wake, &r->wake) == 0);
	cr_assert(chunk_pool_init(&r->pool, CHUNK_BYTES, 1024) == 0);
	r->control = disk_create("control", &error);
	r->stats = calloc(1, sizeof *r->stats);
	r->options = (struct writer_options){
		.settings = writer_settings, .descriptors = DESCRIPTORS, .dirs = r->dirs,
		.dir_count = DIRS, .wake = &r->wake, .handoffs = {&r->data, &r->admin},
		.handoff_count = 2, .stats_page = r->stats,
		.marks = map_take(PARTITIONS_MAX * sizeof(struct marks_page)),
		.news = map_take(PARTITIONS_MAX * sizeof(struct news_page))};
	for (unsigned d = 0; d < DIRS; d++)
		open_dir(d);
	r->writer = writer_create(&r->options);
	cr_assert(r->writer != NULL);
	for (unsigned d = 0; d < DIRS; d++)
		cr_assert(ask(ADMIN_OPEN, d) == 0);
}

static void stop(void)
{
	for (unsigned d = 0; d < DIRS; d++) {
		struct log_marks marks;
		marks_read(&r->options.marks[d], &marks);
		cr_assert(ask(ADMIN_CLOSE, d) == (marks.is_fenced ? marks.fence_error : 0));
	}
	cr_assert(writer_is_idle(r->writer) && r->pool.in_use == 0);
	writer_destroy(r->writer);
	for (unsigned d = 0; d < DIRS; d++) {
		log_close(r->logs[d]);
		disk_destroy(r->options.disks[d]);
		rig_directory_remove(roots[d]);
	}
	disk_destroy(r->control);
	chunk_pool_fini(&r->pool);
	handoff_fini(&r->data);
	handoff_fini(&r->admin);
	wake_fini(&r->wake);
	map_give(r->options.marks, PARTITIONS_MAX * sizeof(struct marks_page));
	map_give(r->options.news, PARTITIONS_MAX * sizeof(struct news_page));
	free(r->stats);
	map_give(r, sizeof *r);
}

TestSuite(writer_dirs, .init = start, .fini = stop, .timeout = 60);

static void send_batch(struct append_msg *a, unsigned slot, size_t bytes)
{
	struct record_batch_header h;
	static const char zeroes[CHUNK_BYTES];
	*a = (struct append_msg){.msg = {.kind = HANDOFF_APPEND}, .level = ACK_DURABLE,
				 .origin = APPEND_BUILT, .partition = {slot, 1}, .records = 1};
	record_batch_build(&h, 1, 1000, 1000);
	cr_assert(chain_append(&a->bytes, &r->pool, &h, sizeof h));
	for (size_t n = 0; n < bytes; n += min_size(bytes - n, sizeof zeroes))
		cr_assert(chain_append(&a->bytes, &r->pool, zeroes,
				       min_size(bytes - n, sizeof zeroes)));
	handoff_send(&r->data, &a->msg);
}

/* Sends one and has it answered. */
static void store(unsigned slot)
{
	struct append_msg a;
	send_batch(&a, slot, 100);
	cr_assert(wait_for(&r->data, 1000000) == &a.msg);
	cr_assert(a.error == 0, "%d", a.error);
	chain_give(&a.bytes);
}

static bool is_there(unsigned dir, const char *name)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s", roots[dir], name);
	return access(path, F_OK) == 0;
}

Test(writer_dirs, each_directory_has_the_marks_of_its_own_partitions)
{
	for (unsigned slot = 0; slot < DIRS; slot++)
		store(slot);
	/* Marks are written a tenth of a second later. */
	for (unsigned i = 0; i < 100 && !is_there(1, ".penstock-durable-marks.0"); i++) {
		usleep(10000);
		writer_turn(r->writer, false);
	}
	cr_assert(is_there(0, ".penstock-durable-marks.0"));
	cr_assert(is_there(1, ".penstock-durable-marks.0"));
}

/* It has all that it may have; the other goes on, and is served what it asks for. */
Test(writer_dirs, a_disk_that_hangs_keeps_the_other_directory_served)
{
	enum { STUCK = 40 };
	struct append_msg stuck[STUCK];
	store(0);
	store(1);
	fake_eager(r->options.disks[1], false, 0);
	for (unsigned i = 0; i < STUCK; i++)
		send_batch(&stuck[i], 1, 20000);
	cr_assert(wait_for(&r->data, 10000) == NULL, "it is not durable");
	cr_assert(disk_outstanding(r->options.disks[1]) > 0);
	for (unsigned i = 0; i < 100; i++)
		store(0);
	cr_assert(!writer_is_idle(r->writer));
	fake_eager(r->options.disks[1], true, 0);
	for (unsigned i = 0; i < STUCK; i++) {
		struct handoff_msg *m = wait_for(&r->data, 1000000);
		cr_assert(m == &stuck[i].msg && stuck[i].error == 0);
		chain_give(&stuck[i].bytes);
	}
}

Test(writer_dirs, a_disk_that_fails_fences_its_own_partitions_alone)
{
	struct append_msg a;
	struct log_marks marks;
	store(0);
	store(1);
	fake_fail_at(r->options.disks[1], DISK_WRITE, 1, -EIO);
	send_batch(&a, 1, 100);
	cr_assert(wait_for(&r->data, 1000000) == &a.msg && a.error != 0);
	chain_give(&a.bytes);
	marks_read(&r->options.marks[1], &marks);
	cr_assert(marks.is_fenced && marks.fence_error == -EIO);
	store(0);
	marks_read(&r->options.marks[0], &marks);
	cr_assert(!marks.is_fenced && marks.high_watermark == 2);
}

/* ---- a log whose disk is well again --------------------------------------------------------- */

/* Batches one by one: what is under way when the disk fails is not acknowledged. */
static void fail_second(void)
{
	struct append_msg a;
	store(1);
	fake_fail_at(r->options.disks[1], DISK_WRITE, 1, -EIO);
	send_batch(&a, 1, 100);
	cr_assert(wait_for(&r->data, 1000000) == &a.msg && a.error != 0);
	chain_give(&a.bytes);
}

static int16_t refusal_of(unsigned slot)
{
	struct partition_news news;
	news_read(&r->options.news[slot], &news);
	return news.is_open ? 0 : news.refusal;
}

/* What the partition answers to whoever asks it. */
static int16_t answer_of(unsigned slot)
{
	struct append_msg a;
	struct watch_msg w = {.msg.kind = HANDOFF_WATCH, .partition = {slot, 1}, .offset = 7};
	send_batch(&a, slot, 100);
	cr_assert(wait_for(&r->data, 1000000) == &a.msg);
	chain_give(&a.bytes);
	handoff_send(&r->data, &w.msg);
	cr_assert(wait_for(&r->data, 1000000) == &w.msg);
	cr_assert(w.error == a.error && refusal_of(slot) == a.error);
	return a.error;
}

static void recover(unsigned slot)
{
	int error;
	struct log_recovery found;
	struct log_open_options opening = {.directory = directories[slot], .log = log_options,
					   .recovery_point = 1, .durable_mark = 1};
	log_close(r->logs[slot]);
	r->logs[slot] = log_open(r->control, &opening, &found, &error);
	cr_assert(r->logs[slot] && !found.is_corrupt, "%s", found.message);
}

/* Whoever asks meanwhile is told that the partition is offline, and not that there is none. */
Test(writer_dirs, a_log_that_has_failed_goes_on_where_its_recovery_has_ended)
{
	struct append_msg a;
	fail_second();
	cr_assert(ask(ADMIN_RETURN, 1) == 0);
	cr_assert(answer_of(1) == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	recover(1);
	cr_assert(answer_of(1) == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	cr_assert(ask(ADMIN_REOPEN, 1) == 0 && refusal_of(1) == 0);
	send_batch(&a, 1, 100);
	cr_assert(wait_for(&r->data, 1000000) == &a.msg && a.error == 0);
	cr_assert(a.base_offset >= 1, "the first one was acknowledged");
	chain_give(&a.bytes);
	store(0);
}

/* Control may ask for one that still takes records: that ends first. */
Test(writer_dirs, a_log_that_is_returned_takes_nothing_more)
{
	struct append_msg a;
	struct log_marks marks;
	store(1);
	send_batch(&a, 1, 100);
	cr_assert(ask(ADMIN_RETURN, 1) == 0);
	cr_assert(wait_for(&r->data, 1000000) == &a.msg);
	cr_assert(a.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	chain_give(&a.bytes);
	log_get_marks(r->logs[1], &marks);
	cr_assert(marks.is_fenced && marks.high_watermark == 1);
	cr_assert(ask(ADMIN_RETURN, 1) == 0, "there is none to return any more");
	recover(1);
	cr_assert(ask(ADMIN_REOPEN, 1) == 0);
}

/* What a producer's batch of one record is answered. */
static int16_t produce(unsigned slot, int32_t sequence)
{
	struct record_batch_header h;
	struct append_msg a = {.msg = {.kind = HANDOFF_APPEND}, .level = ACK_DURABLE,
			       .origin = APPEND_CLIENT, .partition = {slot, 1}, .records = 1};
	static const char record[RECORD_BYTES_MIN] = {12};
	record_batch_build(&h, 1, 1000, 1000);
	h.length = be32_of(sizeof h + sizeof record - RECORD_BATCH_LENGTH_END);
	h.producer_id = be64_of(4711);
	h.producer_epoch = be16_of(0);
	h.base_sequence = be32_of((uint32_t)sequence);
	cr_assert(chain_append(&a.bytes, &r->pool, &h, sizeof h));
	cr_assert(chain_append(&a.bytes, &r->pool, record, sizeof record));
	handoff_send(&r->data, &a.msg);
	cr_assert(wait_for(&r->data, 1000000) == &a.msg);
	chain_give(&a.bytes);
	return a.error;
}

/* Refused by a fenced log, or by no log: it is the one that comes next. */
Test(writer_dirs, behind_a_batch_that_was_refused_no_later_one_is_taken_when_its_log_is_back)
{
	fail_second();
	cr_assert(produce(1, 7) == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	cr_assert(ask(ADMIN_RETURN, 1) == 0);
	cr_assert(produce(1, 8) == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	recover(1);
	cr_assert(ask(ADMIN_REOPEN, 1) == 0);
	cr_assert(produce(1, 8) == KAFKA_ERROR_OUT_OF_ORDER_SEQUENCE_NUMBER);
	cr_assert(produce(1, 7) == 0 && produce(1, 8) == 0);
}

Test(writer_dirs, so_it_is_with_a_batch_that_comes_while_there_is_no_log)
{
	fail_second();
	cr_assert(ask(ADMIN_RETURN, 1) == 0);
	cr_assert(produce(1, 7) == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	recover(1);
	cr_assert(ask(ADMIN_REOPEN, 1) == 0);
	cr_assert(produce(1, 8) == KAFKA_ERROR_OUT_OF_ORDER_SEQUENCE_NUMBER);
	cr_assert(produce(1, 7) == 0);
	cr_assert(produce(0, 8) == 0, "elsewhere it may begin with any");
}
