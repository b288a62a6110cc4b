/* test_writer.c - a writer over the real disk, spoken to through its rings. */
#include "dataplane/writer.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/crc32c.h"
#include "dataplane/base/map.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/record/record_batch.h"
#include "tests/unbounded_log.h"
#include "tests/unit/dataplane/inspect_rig.h"
#include "tests/unit/store/rig_files.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <lz4frame.h>
#include <snappy-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

struct rig {
	char root[64];
	struct log_dir dir;
	char directory[128];
	struct disk *control;
	struct writer *writer;
	struct writer_options options;
	struct handoff poller;
	struct handoff keyed; /* the coordinator's */
	struct handoff admin;
	struct wake poller_wake;
	struct wake writer_wake;
	struct stats_page *stats_page;
	struct marks_page *marks;
	struct news_page *news;
	struct chunk_pool pool;
	struct log *log;
};

static const struct writer_settings writer_settings = {
	.buffers = 32, .buffer_bytes = 16384, .small_write_bytes = 16384,
	.producer_ids_max = 64, .producer_expiration_ms = 86400000, .producer_check_ms = 600000};
static const struct log_options log_options = {
	UNBOUNDED_LOG, .segment_bytes = 1 << 20, .message_bytes_max = 100000};

static struct handoff_msg *wait_for(struct rig *r, struct handoff *h)
{
	struct handoff_msg *m;
	while (handoff_reap(h, &m, 1) == 0)
		writer_turn(r->writer, false);
	return m;
}

static int run_admin(struct rig *r, enum admin_op op, uint32_t slot, uint32_t generation,
		     const struct log_options *options)
{
	struct admin_msg a = {.msg.kind = HANDOFF_ADMIN, .op = op, .log = r->log,
			  .partition = {slot, generation}};
	if (options)
		a.options = *options;
	handoff_send(&r->admin, &a.msg);
	cr_assert(wait_for(r, &r->admin) == &a.msg);
	return a.error;
}

static struct rig *open_rig(void)
{
	int error;
	struct log_recovery found;
	struct rig *r = calloc(1, sizeof *r);
	rig_directory_make(r->root, sizeof r->root);
	r->dir.path = r->root;
	snprintf(r->directory, sizeof r->directory, "%s/topic-0", r->root);
	wake_init(&r->poller_wake);
	wake_init(&r->writer_wake);
	handoff_init(&r->poller, &r->poller_wake, &r->writer_wake);
	handoff_init(&r->keyed, &r->poller_wake, &r->writer_wake);
	handoff_init(&r->admin, &r->poller_wake, &r->writer_wake);
	r->stats_page = calloc(1, sizeof *r->stats_page);
	r->marks = calloc(PARTITIONS_MAX, sizeof *r->marks);
	r->news = map_take(PARTITIONS_MAX * sizeof *r->news);
	r->control = disk_create("control", &error);
	r->options = (struct writer_options){
		.settings = writer_settings,
		.disks = {disk_create("writer", &error)},
		.descriptors = 64,
		.dirs = &r->dir,
		.dir_count = 1,
		.wake = &r->writer_wake,
		.handoffs = {&r->poller, &r->keyed, &r->admin},
		.handoff_count = 3,
		.stats_page = r->stats_page,
		.marks = r->marks,
		.news = r->news,
	};
	r->writer = writer_create(&r->options);
	cr_assert(r->writer && chunk_pool_init(&r->pool, CHUNK_BYTES, 1024) == 0);
	struct log_open_options opening = {.directory = r->directory, .log = log_options};
	r->log = log_open(r->control, &opening, &found, &error);
	cr_assert(r->log != NULL);
	cr_assert(run_admin(r, ADMIN_OPEN, 7, 3, NULL) == 0);
	return r;
}

static void close_rig(struct rig *r)
{
	if (r->log) {
		cr_assert(run_admin(r, ADMIN_CLOSE, 7, 3, NULL) == 0);
		log_close(r->log);
	}
	cr_assert(writer_is_idle(r->writer) && r->pool.in_use == 0);
	writer_destroy(r->writer);
	disk_destroy(r->options.disks[0]);
	disk_destroy(r->control);
	handoff_fini(&r->poller);
	handoff_fini(&r->keyed);
	handoff_fini(&r->admin);
	wake_fini(&r->poller_wake);
	wake_fini(&r->writer_wake);
	chunk_pool_fini(&r->pool);
	free(r->stats_page);
	free(r->marks);
	map_give(r->news, PARTITIONS_MAX * sizeof *r->news);
	rig_directory_remove(r->root);
	free(r);
}

/* A batch as batch.c leaves it: no size, no CRC. */
static struct append_msg built(struct rig *r, enum record_codec codec, const void *records,
			   size_t size)
{
	struct append_msg a = {.msg.kind = HANDOFF_APPEND, .level = ACK_DURABLE,
			       .origin = APPEND_BUILT,
			   .codec = codec, .partition = {7, 3}, .records = 1};
	struct record_batch_header h;
	record_batch_build(&h, 1, 1000, 1000);
	cr_assert(chain_append(&a.bytes, &r->pool, &h, sizeof h));
	cr_assert(chain_append(&a.bytes, &r->pool, records, size));
	return a;
}

static void run_append(struct rig *r, struct append_msg *a)
{
	handoff_send(&r->poller, &a->msg);
	cr_assert(wait_for(r, &r->poller) == &a->msg);
}

/* Reads the batch at `offset`; to be freed. */
static uint8_t *read_batch(struct rig *r, int64_t offset, size_t *ret_size)
{
	struct read_msg read = {.partition = {7, 3}, .offset = offset, .bytes_max = 1};
	struct read_list list;
	read_list_init(&list, 0);
	read_list_add(&list, &read);
	for (unsigned i = 0; i < 64; i++)
		chain_push(&read.bytes, chunk_take(&r->pool));
	handoff_send(&r->poller, &list.msg);
	cr_assert(wait_for(r, &r->poller) == &list.msg);
	cr_assert(read.error == 0 && read.bytes.size > 0);
	*ret_size = read.bytes.size;
	uint8_t *batch = malloc(*ret_size);
	chain_copy_out(&read.bytes, 0, batch, *ret_size);
	chain_give(&read.bytes);
	return batch;
}

static size_t inflate_all(const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
	z_stream z = {.next_in = (uint8_t *)in, .avail_in = (uInt)size, .next_out = out,
		      .avail_out = (uInt)room};
	inflateInit2(&z, 15 + 16);
	cr_assert(inflate(&z, Z_FINISH) == Z_STREAM_END);
	inflateEnd(&z);
	return room - z.avail_out;
}

static size_t expand(unsigned codec, const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
	size_t used = size;
	LZ4F_dctx *lz4;
	switch (codec) {
	case RECORD_CODEC_GZIP:
		return inflate_all(in, size, out, room);
	case RECORD_CODEC_SNAPPY:
		cr_assert(snappy_uncompress((const char *)in, size, (char *)out, &room) ==
			  SNAPPY_OK);
		return room;
	case RECORD_CODEC_LZ4:
		LZ4F_createDecompressionContext(&lz4, LZ4F_VERSION);
		cr_assert(LZ4F_decompress(lz4, out, &room, in, &used, NULL) == 0);
		LZ4F_freeDecompressionContext(lz4);
		return room;
	case RECORD_CODEC_ZSTD:
		return ZSTD_decompress(out, room, in, size);
	default:
		memcpy(out, in, size);
		return size;
	}
}

Test(writer, built_batches_are_compressed_checked_and_read_back)
{
	static uint8_t records[60000], out[sizeof records + 1];
	struct rig *r = open_rig();
	for (size_t i = 0; i < sizeof records; i++)
		records[i] = (uint8_t)("temperature"[i % 11] + i / 5000);
	for (unsigned codec = 0; codec < RECORD_CODECS; codec++) {
		size_t size;
		struct append_msg a = built(r, codec, records, sizeof records);
		run_append(r, &a);
		cr_assert(a.error == 0 && a.base_offset == codec);
		chain_give(&a.bytes);
		uint8_t *batch = read_batch(r, codec, &size);
		const struct record_batch_header *h = record_batch_header_of(batch);
		cr_assert(record_batch_check_all(batch, size) == RECORD_BATCH_GOOD);
		cr_assert(record_batch_codec(h) == codec);
		cr_assert(codec == 0 || size < sizeof records / 2);
		cr_assert(expand(codec, batch + 61, size - 61, out, sizeof out) ==
			  sizeof records);
		cr_assert(memcmp(out, records, sizeof records) == 0);
		free(batch);
	}
	close_rig(r);
}

Test(writer, a_batch_that_does_not_shrink_stays_as_it_is)
{
	uint8_t records[500];
	uint32_t noise = 1;
	struct rig *r = open_rig();
	for (size_t i = 0; i < sizeof records; i++)
		records[i] = (uint8_t)((noise = noise * 1664525 + 1013904223) >> 24);
	for (unsigned codec = 0; codec < RECORD_CODECS; codec++) {
		size_t size;
		struct append_msg a = built(r, codec, records, sizeof records);
		run_append(r, &a);
		chain_give(&a.bytes);
		uint8_t *batch = read_batch(r, codec, &size);
		cr_assert(record_batch_check_all(batch, size) == RECORD_BATCH_GOOD);
		cr_assert(size == 61 + sizeof records);
		cr_assert(record_batch_codec(record_batch_header_of(batch)) == 0);
		free(batch);
	}
	close_rig(r);
}

/* ---- whose time it is ---------------------------------------------------------------------- */

static void expect_append_time(struct rig *r, struct append_msg *a, int64_t base_timestamp)
{
	size_t size;
	int64_t before = clock_wall_ms();
	a->is_append_time = true;
	run_append(r, a);
	cr_assert(a->error == 0 && a->log_append_time >= before);
	cr_assert(a->log_append_time <= clock_wall_ms());
	uint8_t *batch = read_batch(r, a->base_offset, &size);
	const struct record_batch_header *h = record_batch_header_of(batch);
	cr_assert(record_batch_check_all(batch, size) == RECORD_BATCH_GOOD);
	cr_assert(be16_get(h->attributes) & RECORD_BATCH_LOG_APPEND_TIME);
	cr_assert(record_batch_max_timestamp(h) == a->log_append_time);
	cr_assert((int64_t)be64_get(h->base_timestamp) == base_timestamp);
	free(batch);
}

Test(writer, a_batch_of_any_kind_gets_the_time_of_its_append)
{
	static uint8_t records[2000];
	struct rig *r = open_rig();
	for (unsigned codec = 0; codec < RECORD_CODECS; codec++) {
		struct append_msg a = built(r, codec, records, sizeof records);
		expect_append_time(r, &a, 1000);
		chain_give(&a.bytes);
		struct batch_spec s = {.codec = codec, .records = 100, .value_bytes = 200,
				       .noise = 30, .base_time = 4000};
		struct append_msg *of_client = append_make(&r->pool, &s, 7);
		expect_append_time(r, of_client, 4000);
		append_free(of_client);
	}
	close_rig(r);
}

/* ---- what producers compressed ----------------------------------------------------------- */

static struct append_msg *compressed(struct rig *r, enum record_codec codec, uint32_t claims)
{
	struct batch_spec s = {.codec = codec, .records = 100, .value_bytes = 200, .noise = 30,
			       .base_time = 1000, .claimed_count = claims};
	return append_make(&r->pool, &s, 7);
}

/* A lie takes no offset, and those who come behind it are stored where they would be without. */
Test(writer, a_batch_whose_header_lies_moves_no_offset)
{
	struct rig *r = open_rig();
	for (unsigned codec = 1; codec < RECORD_CODECS; codec++) {
		struct append_msg *lie = compressed(r, (enum record_codec)codec, 1000000);
		struct append_msg *truth = compressed(r, (enum record_codec)codec, 0);
		handoff_send(&r->poller, &lie->msg);
		handoff_send(&r->poller, &truth->msg);
		cr_assert(wait_for(r, &r->poller) == &lie->msg);
		cr_assert(lie->error == KAFKA_ERROR_INVALID_RECORD && lie->base_offset == -1);
		cr_assert(wait_for(r, &r->poller) == &truth->msg);
		cr_assert(truth->error == 0 && truth->base_offset == 100 * (codec - 1));
		append_free(lie);
		append_free(truth);
	}
	close_rig(r);
}

/* Vehicles do not wait for what strangers compressed, not even in the same partition. */
Test(writer, a_built_batch_does_not_wait_for_one_that_is_opened)
{
	struct rig *r = open_rig();
	struct batch_spec large = {.codec = RECORD_CODEC_GZIP, .records = 400,
				   .value_bytes = 2000, .noise = 10, .base_time = 1000};
	struct append_msg *opened = append_make(&r->pool, &large, 7);
	struct append_msg frames = built(r, RECORD_CODEC_NONE, "abc", 3);
	handoff_send(&r->poller, &opened->msg);
	handoff_send(&r->poller, &frames.msg);
	cr_assert(!writer_may_sleep(r->writer));
	writer_turn(r->writer, false);
	cr_assert(!writer_is_idle(r->writer) && !writer_may_sleep(r->writer));
	for (unsigned back = 0; back < 2; back++)
		wait_for(r, &r->poller);
	cr_assert(frames.base_offset == 0 && opened->error == 0 && opened->base_offset == 1);
	chain_give(&frames.bytes);
	append_free(opened);
	close_rig(r);
}

Test(writer, what_is_being_opened_while_its_partition_closes_is_refused)
{
	struct rig *r = open_rig();
	struct batch_spec large = {.codec = RECORD_CODEC_GZIP, .records = 400,
				   .value_bytes = 2000, .noise = 10, .base_time = 1000};
	struct append_msg *a = append_make(&r->pool, &large, 7);
	handoff_send(&r->poller, &a->msg);
	writer_turn(r->writer, false);
	cr_assert(run_admin(r, ADMIN_CLOSE, 7, 3, NULL) == 0);
	cr_assert(wait_for(r, &r->poller) == &a->msg);
	cr_assert(a->error == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	append_free(a);
	log_close(r->log);
	r->log = NULL;
	close_rig(r);
}

/* It asks as a poller does, and is not given what a poller asked for. */
Test(writer, the_coordinator_is_answered_on_its_own_ring)
{
	struct rig *r = open_rig();
	struct append_msg polled = built(r, RECORD_CODEC_NONE, "a", 1);
	struct append_msg keyed = built(r, RECORD_CODEC_NONE, "b", 1);
	keyed.msg.sender = 1;
	handoff_send(&r->poller, &polled.msg);
	handoff_send(&r->keyed, &keyed.msg);
	cr_assert(wait_for(r, &r->keyed) == &keyed.msg && keyed.error == 0);
	cr_assert(wait_for(r, &r->poller) == &polled.msg && polled.error == 0);
	cr_assert(keyed.base_offset + polled.base_offset == 1, "each has an offset");
	chain_give(&polled.bytes);
	chain_give(&keyed.bytes);
	close_rig(r);
}

Test(writer, limits_and_stale_generations_have_their_errors)
{
	static uint8_t records[200000];
	struct rig *r = open_rig();
	struct append_msg a = built(r, RECORD_CODEC_NONE, records, sizeof records);
	run_append(r, &a);
	cr_assert(a.error == KAFKA_ERROR_MESSAGE_TOO_LARGE && a.base_offset == -1);
	struct log_options roomy = log_options;
	roomy.message_bytes_max = 1 << 20;
	roomy.segment_bytes = 150000;
	cr_assert(run_admin(r, ADMIN_ALTER, 7, 3, &roomy) == 0);
	run_append(r, &a);
	cr_assert(a.error == KAFKA_ERROR_RECORD_LIST_TOO_LARGE);
	a.partition.generation = 2;
	run_append(r, &a);
	cr_assert(a.error == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	chain_give(&a.bytes);
	struct watch_msg w = {.msg.kind = HANDOFF_WATCH, .partition = {8, 1}};
	handoff_send(&r->poller, &w.msg);
	cr_assert(wait_for(r, &r->poller) == &w.msg);
	cr_assert(w.error == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	cr_assert(run_admin(r, ADMIN_CLOSE, 9, 1, NULL) < 0);
	close_rig(r);
}

Test(writer, close_answers_what_is_outstanding_first)
{
	struct rig *r = open_rig();
	struct append_msg a = built(r, RECORD_CODEC_NONE, "abc", 3);
	struct watch_msg w = {.msg.kind = HANDOFF_WATCH, .partition = {7, 3}, .offset = 5};
	struct handoff_msg *m[4];
	handoff_send(&r->poller, &w.msg);
	handoff_send(&r->poller, &a.msg);
	writer_turn(r->writer, false);
	cr_assert(!writer_is_idle(r->writer));
	cr_assert(run_admin(r, ADMIN_CLOSE, 7, 3, NULL) == 0);
	cr_assert(handoff_reap(&r->poller, m, 4) == 2);
	cr_assert(a.error == 0 && w.error == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	chain_give(&a.bytes);
	log_close(r->log);
	r->log = NULL;
	a = built(r, RECORD_CODEC_NONE, "abc", 3);
	run_append(r, &a);
	cr_assert(a.error == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	chain_give(&a.bytes);
	close_rig(r);
}

Test(writer, what_comes_while_a_partition_closes_is_refused)
{
	struct rig *r = open_rig();
	struct append_msg a = built(r, RECORD_CODEC_NONE, "abc", 3);
	struct append_msg late = built(r, RECORD_CODEC_NONE, "abc", 3);
	struct admin_msg closing = {
		.msg.kind = HANDOFF_ADMIN, .op = ADMIN_CLOSE, .partition = {7, 3}};
	struct handoff_msg *m[4];
	handoff_send(&r->poller, &a.msg);
	handoff_send(&r->admin, &closing.msg);
	writer_turn(r->writer, false);
	handoff_send(&r->poller, &late.msg);
	cr_assert(wait_for(r, &r->admin) == &closing.msg && closing.error == 0);
	cr_assert(handoff_reap(&r->poller, m, 4) == 2);
	cr_assert(a.error == 0 && late.error == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	chain_give(&a.bytes);
	chain_give(&late.bytes);
	log_close(r->log);
	r->log = NULL;
	close_rig(r);
}

static int16_t ask(struct rig *r, enum handoff_kind kind, struct partition_ref p)
{
	struct append_msg a = built(r, RECORD_CODEC_NONE, "abc", 3);
	struct read_msg read = {.partition = p};
	struct read_list list;
	struct watch_msg w = {.msg.kind = HANDOFF_WATCH, .partition = p, .offset = 100};
	struct handoff_msg *m = kind == HANDOFF_APPEND ? &a.msg
				: kind == HANDOFF_READ ? &list.msg
						       : &w.msg;
	a.partition = p;
	read_list_init(&list, 0);
	read_list_add(&list, &read);
	handoff_send(&r->poller, m);
	cr_assert(wait_for(r, &r->poller) == m);
	chain_give(&a.bytes);
	cr_assert(kind != HANDOFF_APPEND || a.error == 0 || a.base_offset == -1);
	return kind == HANDOFF_APPEND ? a.error : kind == HANDOFF_READ ? read.error : w.error;
}

static void all_answer(struct rig *r, struct partition_ref p, int16_t error)
{
	cr_assert(ask(r, HANDOFF_APPEND, p) == error);
	cr_assert(ask(r, HANDOFF_READ, p) == error);
	cr_assert(ask(r, HANDOFF_WATCH, p) == error);
}

Test(writer, a_partition_without_a_log_is_offline)
{
	struct rig *r = open_rig();
	struct log *log = r->log;
	r->log = NULL;
	cr_assert(run_admin(r, ADMIN_OPEN, 8, 1, NULL) == 0);
	all_answer(r, (struct partition_ref){8, 1}, KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	struct partition_news news;
	news_read(&r->news[8], &news);
	cr_assert(!news.is_open && news.generation == 1);
	cr_assert(news.refusal == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	all_answer(r, (struct partition_ref){8, 2}, KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	cr_assert(ask(r, HANDOFF_APPEND, (struct partition_ref){7, 3}) == 0);
	cr_assert(run_admin(r, ADMIN_ALTER, 8, 1, &log_options) == 0);
	cr_assert(run_admin(r, ADMIN_CLOSE, 8, 1, NULL) == 0);
	all_answer(r, (struct partition_ref){8, 1}, KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	cr_assert(run_admin(r, ADMIN_CLOSE, 8, 1, NULL) < 0);
	r->log = log;
	close_rig(r);
}

Test(writer, a_fence_fails_what_is_outstanding_and_what_comes)
{
	struct rig *r = open_rig();
	cr_assert(ask(r, HANDOFF_APPEND, (struct partition_ref){7, 3}) == 0);
	struct append_msg a = built(r, RECORD_CODEC_NONE, "abc", 3);
	struct watch_msg w = {.msg.kind = HANDOFF_WATCH, .partition = {7, 3}, .offset = 5};
	struct admin_msg fence = {.msg.kind = HANDOFF_ADMIN, .op = ADMIN_FENCE,
			      .partition = {7, 3}, .error = -ESTALE};
	struct handoff_msg *m[4];
	struct log_marks marks;
	struct partition_news news;
	handoff_send(&r->poller, &w.msg);
	handoff_send(&r->poller, &a.msg);
	handoff_send(&r->admin, &fence.msg);
	cr_assert(wait_for(r, &r->admin) == &fence.msg && fence.error == 0);
	cr_assert(handoff_reap(&r->poller, m, 4) == 2);
	cr_assert(a.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	cr_assert(w.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	chain_give(&a.bytes);
	all_answer(r, (struct partition_ref){7, 3}, KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	marks_read(&r->marks[7], &marks);
	cr_assert(marks.is_fenced && marks.fence_error == -ESTALE && marks.high_watermark == 1);
	news_read(&r->news[7], &news);
	cr_assert(!news.is_open && news.refusal == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	cr_assert(run_admin(r, ADMIN_CLOSE, 7, 3, NULL) == -ESTALE);
	log_close(r->log);
	r->log = NULL;
	close_rig(r);
}

Test(writer, producers_are_told_of_a_partition_that_somebody_is_let_at)
{
	struct rig *r = open_rig();
	struct append_msg a = built(r, RECORD_CODEC_NONE, "abc", 3);
	static struct producers_piece piece;
	struct admin_msg tell = {.msg.kind = HANDOFF_ADMIN, .op = ADMIN_PRODUCERS,
				 .partition = {7, 3}, .piece = &piece};
	piece.after = -1;
	run_append(r, &a);
	chain_give(&a.bytes);
	handoff_send(&r->admin, &tell.msg);
	cr_assert(wait_for(r, &r->admin) == &tell.msg && tell.error == 0);
	cr_assert(!piece.is_offline && piece.is_last && piece.count == 0);
	tell.partition.generation = 2;
	handoff_send(&r->admin, &tell.msg);
	cr_assert(wait_for(r, &r->admin) == &tell.msg && tell.error == 0);
	cr_assert(piece.is_offline);
	close_rig(r);
}

Test(writer, records_that_are_deleted_are_given_no_more_and_everybody_sees_it)
{
	struct rig *r = open_rig();
	struct log_marks marks;
	struct partition_news news;
	for (unsigned i = 0; i < 3; i++) {
		struct append_msg a = built(r, RECORD_CODEC_NONE, "abc", 3);
		run_append(r, &a);
		chain_give(&a.bytes);
	}
	struct admin_msg a = {.msg.kind = HANDOFF_ADMIN, .op = ADMIN_DELETE_RECORDS,
			      .partition = {7, 3}, .log_start_offset = 2};
	handoff_send(&r->admin, &a.msg);
	cr_assert(wait_for(r, &r->admin) == &a.msg && a.error == 0);
	marks_read(&r->marks[7], &marks);
	news_read(&r->news[7], &news);
	cr_assert(marks.log_start_offset == 2 && news.log_start_offset == 2);
	cr_assert(marks.size_bytes == 3 * 64, "segments stay");
	struct read_msg read = {.partition = {7, 3}, .offset = 1, .bytes_max = 1};
	struct read_list list;
	read_list_init(&list, 0);
	read_list_add(&list, &read);
	handoff_send(&r->poller, &list.msg);
	cr_assert(wait_for(r, &r->poller) == &list.msg);
	cr_assert(read.error == KAFKA_ERROR_OFFSET_OUT_OF_RANGE && read.log_start_offset == 2);
	struct append_msg next = built(r, RECORD_CODEC_NONE, "abc", 3);
	run_append(r, &next);
	chain_give(&next.bytes);
	cr_assert(next.base_offset == 3 && next.log_start_offset == 2);
	a.log_start_offset = 1;
	handoff_send(&r->admin, &a.msg);
	cr_assert(wait_for(r, &r->admin) == &a.msg);
	marks_read(&r->marks[7], &marks);
	cr_assert(marks.log_start_offset == 2, "a start never goes back");
	close_rig(r);
}

/* Segments that have given way, to files that are not there. */
Test(writer, a_swap_that_cannot_be_finished_is_not_to_be_undone)
{
	static char records[90000];
	struct rig *r = open_rig();
	struct segment_told sealed[4];
	struct segments_told told = {.room = 4, .told = sealed};
	struct admin_msg a = {.msg.kind = HANDOFF_ADMIN, .op = ADMIN_SEGMENTS,
			      .partition = {7, 3}, .sealed = &told};
	for (unsigned i = 0; i < 30; i++) {
		struct append_msg one = built(r, RECORD_CODEC_NONE, records, sizeof records);
		run_append(r, &one);
		chain_give(&one.bytes);
	}
	do {
		handoff_send(&r->admin, &a.msg);
		cr_assert(wait_for(r, &r->admin) == &a.msg && a.error == 0);
	} while (told.count < 2);
	const struct segment_swap swap = {.count = 1, .end_offset = sealed[1].base_offset};
	a.op = ADMIN_SWAP;
	a.swap = &swap;
	handoff_send(&r->admin, &a.msg);
	cr_assert(wait_for(r, &r->admin) == &a.msg && a.error == -EUCLEAN, "%d", a.error);
	handoff_send(&r->admin, &a.msg);
	cr_assert(wait_for(r, &r->admin) == &a.msg && a.error == -EIO, "it had not begun");
	cr_assert(run_admin(r, ADMIN_CLOSE, 7, 3, NULL) == -ENOENT);
	log_close(r->log);
	r->log = NULL;
	close_rig(r);
}

Test(writer, marks_and_counters_can_be_read_from_outside)
{
	struct rig *r = open_rig();
	struct append_msg a = built(r, RECORD_CODEC_NONE, "abc", 3);
	struct log_marks marks;
	struct stats stats;
	run_append(r, &a);
	chain_give(&a.bytes);
	struct partition_news news;
	marks_read(&r->marks[7], &marks);
	cr_assert(marks.high_watermark == 1 && marks.log_end_offset == 1);
	news_read(&r->news[7], &news);
	cr_assert(news.high_watermark == 1 && news.log_end_offset == 1 && news.is_open);
	cr_assert(marks.max_timestamp == 1000 && marks.size_bytes == 64 && news.bytes == 64);
	cr_assert(!marks.is_fenced);
	while (!writer_may_sleep(r->writer) || !writer_is_idle(r->writer))
		writer_turn(r->writer, false);
	stats_read(r->stats_page, &stats);
	cr_assert(stats.value[STAT_turns] > 0);
	close_rig(r);
}
