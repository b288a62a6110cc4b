/* test_offset_lookup.c - times looked up in segment files laid out as Kafka lays them out. */
#include "control/kafka/offset_lookup.h"
#include "dataplane/base/clock.h"
#include "dataplane/wire/record/record_batch.h"
#include "tests/unit/dataplane/slow_gzip.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <lz4frame.h>
#include <snappy-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { ROOM = 1 << 20, NO_LIMIT = 1 << 30 };

static char directory[] = "/tmp/penstock_lookup_XXXXXX";
static struct disk *disk;
static uint8_t batch[ROOM], records[ROOM];
static uint64_t open_ns_left;

static void begin(void)
{
	int error;
	cr_assert(mkdtemp(directory) != NULL);
	disk = disk_create("test", &error);
	cr_assert(disk != NULL);
	open_ns_left = 60 * NS_PER_S;
}

static void end(void)
{
	char command[128];
	disk_destroy(disk);
	snprintf(command, sizeof command, "rm -rf %s", directory);
	cr_assert(system(command) == 0);
}

TestSuite(offset_lookup, .init = begin, .fini = end);

static void append_to(int64_t segment, const char *suffix, const void *data, size_t size)
{
	char path[128];
	snprintf(path, sizeof path, "%s/%020ld%s", directory, (long)segment, suffix);
	FILE *f = fopen(path, "a");
	cr_assert(f && fwrite(data, 1, size, f) == size && fclose(f) == 0);
}

/* A batch of `count` records whose times are base_time, + step, ...; stored as `stream`
 * says, when there is one, with `codec`. Returns its size, in `batch`. */
static size_t make_batch(int64_t offset, uint32_t count, int64_t base_time, int64_t step,
			 size_t *records_bytes)
{
	struct emitter e = emitter_of(records, sizeof records);
	for (uint32_t i = 0; i < count; i++) {
		struct record_view r = {.timestamp_delta = step * i,
					.offset_delta = (int32_t)i,
					.value = {(const uint8_t *)"value", 5}};
		record_emit(&e, &r);
	}
	cr_assert(!e.bad);
	struct record_batch_header *h = (struct record_batch_header *)batch;
	record_batch_build(h, count, base_time, base_time + step * (count - 1));
	record_batch_place(h, offset, 0);
	*records_bytes = emitter_size(&e);
	return RECORD_BATCH_HEADER_BYTES + *records_bytes;
}

static size_t write_batch(int64_t segment, int64_t offset, uint32_t count, int64_t base_time)
{
	size_t bytes, size = make_batch(offset, count, base_time, 10, &bytes);
	memcpy(batch + RECORD_BATCH_HEADER_BYTES, records, bytes);
	record_batch_set_size((struct record_batch_header *)batch, (uint32_t)size);
	append_to(segment, ".log", batch, size);
	return size;
}

static void write_compressed(int64_t offset, enum record_codec codec, const void *stream,
			     size_t stream_bytes)
{
	struct record_batch_header *h = (struct record_batch_header *)batch;
	record_batch_set_codec(h, codec);
	record_batch_set_size(h, (uint32_t)(RECORD_BATCH_HEADER_BYTES + stream_bytes));
	append_to(0, ".log", batch, RECORD_BATCH_HEADER_BYTES);
	append_to(0, ".log", stream, stream_bytes);
}

static void write_time_entry(int64_t segment, int64_t time, uint32_t relative)
{
	uint8_t entry[12];
	be64_store(entry, (uint64_t)time);
	be32_store(entry + 8, relative);
	append_to(segment, ".timeindex", entry, sizeof entry);
}

static void write_offset_entry(int64_t segment, uint32_t relative, uint32_t position)
{
	uint8_t entry[8];
	be32_store(entry, relative);
	be32_store(entry + 4, position);
	append_to(segment, ".index", entry, sizeof entry);
}

static struct offset_found look_between(int64_t time, int64_t from, int64_t until)
{
	struct offset_found found;
	struct offset_query q = {.disk = disk, .directory = directory, .timestamp = time,
				 .from = from, .until = until,
				 .open_ns_left = &open_ns_left};
	cr_assert(offset_lookup(&q, &found) == 0);
	return found;
}

static bool finds(int64_t time, int64_t offset, int64_t found_time)
{
	struct offset_found f = look_between(time, 0, NO_LIMIT);
	return f.offset == offset && f.timestamp == found_time;
}

Test(offset_lookup, finds_the_first_record_that_is_not_older)
{
	write_batch(0, 0, 3, 1000); /* 1000 1010 1020 */
	write_batch(0, 3, 3, 2000); /* 2000 2010 2020 */
	cr_assert(finds(0, 0, 1000));
	cr_assert(finds(1000, 0, 1000));
	cr_assert(finds(1001, 1, 1010));
	cr_assert(finds(1020, 2, 1020));
	cr_assert(finds(1021, 3, 2000));
	cr_assert(finds(2015, 5, 2020));
	cr_assert(finds(2021, -1, -1));
}

Test(offset_lookup, an_empty_directory_holds_no_record)
{
	cr_assert(finds(0, -1, -1));
}

Test(offset_lookup, a_missing_directory_is_an_error)
{
	struct offset_found found;
	struct offset_query q = {.disk = disk, .directory = "/tmp/penstock_no_such",
				 .until = NO_LIMIT};
	cr_assert(offset_lookup(&q, &found) == -ENOENT);
}

Test(offset_lookup, times_need_not_rise)
{
	write_batch(0, 0, 1, 5000);
	write_batch(0, 1, 1, 1000);
	write_batch(0, 2, 1, 9000);
	cr_assert(finds(900, 0, 5000));
	cr_assert(finds(5001, 2, 9000));
}

Test(offset_lookup, records_above_the_high_watermark_do_not_exist)
{
	write_batch(0, 0, 3, 1000);
	write_batch(0, 3, 3, 2000);
	cr_assert(look_between(1500, 0, 3).offset == -1);
	cr_assert(look_between(1500, 0, 4).offset == 3);
}

Test(offset_lookup, records_below_the_log_start_do_not_exist)
{
	write_batch(0, 0, 3, 1000);
	write_batch(0, 3, 3, 2000);
	cr_assert(look_between(0, 2, NO_LIMIT).offset == 2);
	cr_assert(look_between(0, 3, NO_LIMIT).offset == 3);
}

Test(offset_lookup, preallocated_zeroes_are_no_batch)
{
	static const uint8_t zeroes[8192];
	write_batch(0, 0, 3, 1000);
	append_to(0, ".log", zeroes, sizeof zeroes);
	append_to(0, ".timeindex", zeroes, 1200);
	append_to(0, ".index", zeroes, 800);
	cr_assert(finds(1010, 1, 1010));
	cr_assert(finds(1021, -1, -1));
}

/* The index lies, and is believed: the newer record in the file is not found. */
Test(offset_lookup, a_sealed_segment_that_is_too_old_by_its_index_is_not_opened)
{
	write_batch(0, 0, 3, 1600);
	write_time_entry(0, 1020, 2);
	write_batch(3, 3, 3, 2000);
	cr_assert(finds(1500, 3, 2000));
}

/* What lies before the indexed position is damaged: a scan from the start would end there. */
Test(offset_lookup, the_indexes_say_where_to_begin)
{
	enum { JUNK = 5000 };
	uint8_t junk[JUNK];
	memset(junk, 0xee, sizeof junk);
	append_to(0, ".log", junk, sizeof junk);
	size_t size = write_batch(0, 100, 10, 3000);
	write_batch(0, 110, 10, 4000);
	write_time_entry(0, 3090, 109);
	write_offset_entry(0, 99, JUNK);
	write_offset_entry(0, 109, JUNK + (uint32_t)size);
	cr_assert(finds(3095, 110, 4000));
	cr_assert(finds(4050, 115, 4050));
}

Test(offset_lookup, an_index_that_leads_to_no_batch_is_not_believed)
{
	write_batch(0, 100, 10, 3000);
	size_t size = write_batch(0, 110, 10, 4000);
	write_time_entry(0, 3090, 109);
	write_offset_entry(0, 99, (uint32_t)size + 7);
	cr_assert(finds(3095, 110, 4000));
}

Test(offset_lookup, many_index_entries_are_searched_not_read)
{
	uint32_t position = 0;
	for (uint32_t i = 0; i < 500; i++) {
		write_time_entry(0, 1000 + 100 * i, 2 * i);
		if (i > 0)
			write_offset_entry(0, 2 * i + 1, position);
		position += (uint32_t)write_batch(0, 2 * i, 2, 1000 + 100 * i - 10);
	}
	for (uint32_t i = 0; i < 500; i++)
		cr_assert(finds(1000 + 100 * i - 15, 2 * i, 1000 + 100 * i - 10));
}

Test(offset_lookup, later_segments_are_looked_at_when_earlier_ones_have_nothing)
{
	write_batch(0, 0, 2, 1000);
	write_batch(2, 2, 2, 2000);
	write_batch(4, 4, 2, 3000);
	cr_assert(finds(2005, 3, 2010));
	cr_assert(finds(2011, 4, 3000));
	cr_assert(look_between(0, 3, NO_LIMIT).offset == 3);
}

Test(offset_lookup, the_newest_time_of_sealed_segments_is_in_their_indexes)
{
	struct offset_query q = {.disk = disk, .directory = directory};
	int64_t newest;
	write_batch(0, 0, 2, 1000);
	cr_assert(offset_lookup_newest(&q, &newest) == 0 && newest == -1);
	write_time_entry(0, 500, 0);
	write_time_entry(0, 7000, 1);
	write_batch(2, 2, 2, 2000);
	write_time_entry(2, 2010, 1);
	write_batch(4, 4, 2, 3000);
	write_time_entry(4, 9000, 1);
	cr_assert(offset_lookup_newest(&q, &newest) == 0 && newest == 7000);
}

/* It is below the log's start, and its writer has not got to it. */
Test(offset_lookup, the_newest_time_is_not_that_of_a_segment_that_is_to_go)
{
	int64_t newest;
	struct offset_query q = {.disk = disk, .directory = directory, .from = 100};
	for (int64_t base = 0; base <= 200; base += 100)
		write_batch(base, base, 1, 1000);
	write_time_entry(0, 9000, 0);
	write_time_entry(100, 1000, 0);
	cr_assert(offset_lookup_newest(&q, &newest) == 0 && newest == 1000);
}

/* Its name is there when the directory is listed, and not when it is opened. */
Test(offset_lookup, a_segment_that_goes_meanwhile_is_passed_over)
{
	char path[128];
	snprintf(path, sizeof path, "%s/%020d.log", directory, 0);
	cr_assert(symlink("nowhere", path) == 0);
	write_batch(100, 100, 1, 1000);
	cr_assert(finds(500, 100, 1000));
}

Test(offset_lookup, log_append_time_is_the_time_of_every_record)
{
	size_t bytes, size = make_batch(7, 3, 1000, 10, &bytes);
	memcpy(batch + RECORD_BATCH_HEADER_BYTES, records, bytes);
	struct record_batch_header *h = (struct record_batch_header *)batch;
	h->attributes = be16_of(RECORD_BATCH_LOG_APPEND_TIME);
	h->max_timestamp = be64_of(8000);
	record_batch_set_size(h, (uint32_t)size);
	append_to(0, ".log", batch, size);
	cr_assert(finds(5000, 7, 8000));
}

/* ---- compressed ----------------------------------------------------------------------- */

static size_t gzip(const uint8_t *in, size_t size, uint8_t *out)
{
	z_stream z = {.next_in = (uint8_t *)(uintptr_t)in, .avail_in = (uInt)size,
		      .next_out = out, .avail_out = ROOM};
	cr_assert(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, 0) == Z_OK);
	cr_assert(deflate(&z, Z_FINISH) == Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

static size_t snappy(const uint8_t *in, size_t size, uint8_t *out)
{
	size_t bytes = ROOM;
	cr_assert(snappy_compress((const char *)in, size, (char *)out, &bytes) == SNAPPY_OK);
	return bytes;
}

/* snappy-java's framing, in blocks of 100 bytes. */
static size_t snappy_java(const uint8_t *in, size_t size, uint8_t *out)
{
	struct emitter e = emitter_of(out, ROOM);
	emit_bytes(&e, "\x82SNAPPY\0\0\0\0\1\0\0\0\1", 16);
	for (size_t at = 0; at < size; at += 100) {
		uint8_t block[256];
		size_t bytes = sizeof block;
		snappy_compress((const char *)in + at, min_size(100, size - at),
				(char *)block, &bytes);
		emit_u32(&e, (uint32_t)bytes);
		emit_bytes(&e, block, bytes);
	}
	return emitter_size(&e);
}

static size_t lz4(const uint8_t *in, size_t size, uint8_t *out)
{
	return LZ4F_compressFrame(out, ROOM, in, size, NULL);
}

static size_t zstd(const uint8_t *in, size_t size, uint8_t *out)
{
	return ZSTD_compress(out, ROOM, in, size, 3);
}

Test(offset_lookup, looks_into_every_kind_of_compressed_batch)
{
	static const struct {
		enum record_codec codec;
		size_t (*compress)(const uint8_t *in, size_t size, uint8_t *out);
	} kinds[] = {{RECORD_CODEC_GZIP, gzip},
		     {RECORD_CODEC_SNAPPY, snappy},
		     {RECORD_CODEC_SNAPPY, snappy_java},
		     {RECORD_CODEC_LZ4, lz4},
		     {RECORD_CODEC_ZSTD, zstd}};
	static uint8_t stream[ROOM];
	for (unsigned i = 0; i < array_len(kinds); i++) {
		size_t bytes;
		int64_t base = 1000 * (i + 1);
		make_batch(100 * i, 100, base, 1, &bytes);
		write_compressed(100 * i, kinds[i].codec, stream,
				 kinds[i].compress(records, bytes, stream));
	}
	for (unsigned i = 0; i < array_len(kinds); i++)
		cr_assert(finds(1000 * (i + 1) + 42, 100 * i + 42, 1000 * (i + 1) + 42),
			  "kind %u", i);
}

Test(offset_lookup, a_batch_that_cannot_be_opened_is_answered_whole)
{
	for (int codec = RECORD_CODEC_GZIP; codec <= RECORD_CODEC_ZSTD; codec++) {
		size_t bytes;
		make_batch(10 * codec, 10, 1000 * codec, 1, &bytes);
		write_compressed(10 * codec, (enum record_codec)codec, "\x1f\x8b nonsense", 11);
	}
	for (int codec = RECORD_CODEC_GZIP; codec <= RECORD_CODEC_ZSTD; codec++)
		cr_assert(finds(1000 * codec + 5, 10 * codec, 1000 * codec + 9));
}

Test(offset_lookup, a_batch_is_answered_whole_when_there_is_no_time_to_open_it)
{
	static uint8_t stream[ROOM];
	size_t bytes;
	make_batch(0, 100, 1000, 1, &bytes);
	write_compressed(0, RECORD_CODEC_ZSTD, stream, zstd(records, bytes, stream));
	write_batch(0, 100, 3, 2000);
	uint64_t before = open_ns_left;
	cr_assert(finds(1042, 42, 1042) && open_ns_left < before, "what it took went off");
	open_ns_left = 0;
	cr_assert(finds(1042, 0, 1099));
	cr_assert(finds(2010, 101, 2010), "what is not compressed needs no opening");
}

/* Slow, and opens to nothing: no more is done than there is time for. */
Test(offset_lookup, a_slow_stream_is_not_opened_to_its_end)
{
	enum { LEFT_NS = 2000000 };
	static uint8_t stream[ROOM];
	struct timespec begin, end;
	size_t bytes;
	make_batch(0, 10, 1000, 1, &bytes);
	write_compressed(0, RECORD_CODEC_GZIP, stream, slow_gzip(stream, ROOM - 64));
	open_ns_left = LEFT_NS;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
	cr_assert(finds(1005, 0, 1009) && open_ns_left == 0);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
	uint64_t took = (uint64_t)(end.tv_sec - begin.tv_sec) * NS_PER_S +
			(uint64_t)(end.tv_nsec - begin.tv_nsec);
	cr_assert(took < 10 * LEFT_NS, "%lu us", (unsigned long)(took / 1000));
}

/* 256 MiB of zeroes in a few KiB: opened as far as the limit, then given up. */
Test(offset_lookup, a_compression_bomb_does_not_go_off)
{
	size_t bytes, bomb_bytes = 256 << 20;
	uint8_t *zeroes = calloc(1, bomb_bytes);
	static uint8_t stream[ROOM];
	size_t size = ZSTD_compress(stream, ROOM, zeroes, bomb_bytes, 1);
	cr_assert(!ZSTD_isError(size));
	free(zeroes);
	make_batch(0, 10, 1000, 1, &bytes);
	write_compressed(0, RECORD_CODEC_ZSTD, stream, size);
	cr_assert(finds(1005, 0, 1009));
}

Test(offset_lookup, records_that_contradict_their_header_are_answered_whole)
{
	size_t bytes, size = make_batch(0, 3, 1000, 10, &bytes);
	memset(batch + RECORD_BATCH_HEADER_BYTES, 0xff, bytes);
	record_batch_set_size((struct record_batch_header *)batch, (uint32_t)size);
	append_to(0, ".log", batch, size);
	cr_assert(finds(1015, 0, 1020));
}
