/* writer_build.c - records in, one compressed stream, size and CRC out; see writer_build.h. */
#include "dataplane/writer_build.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/record/record_batch.h"

#define ZSTD_STATIC_LINKING_ONLY
#include <lz4frame.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

enum {
	ZSTD_LEVEL = 3, /* Kafka's default */
	GZIP_WINDOW_BITS = 15 + 16, /* zlib: with a gzip header */
	GZIP_MEMORY_LEVEL = 8,
	/* Room for what any codec makes of bytes that do not shrink. */
	OUT_BYTES = BUILD_RECORD_BYTES_MAX + (BUILD_RECORD_BYTES_MAX >> 2) + 4096,
};

struct builder {
	uint8_t *records;
	uint8_t *out;
	z_stream gzip;
	bool has_gzip;
	ZSTD_CCtx *zstd; /* lies in zstd_memory: no heap while compressing */
	void *zstd_memory;
	size_t zstd_bytes;
};

/* Each codec: bytes in out, or 0 when it cannot. */
static size_t compress_gzip(struct builder *b, size_t size)
{
	z_stream *z = &b->gzip;
	deflateReset(z);
	z->next_in = b->records;
	z->avail_in = (uInt)size;
	z->next_out = b->out;
	z->avail_out = OUT_BYTES;
	return deflate(z, Z_FINISH) == Z_STREAM_END ? OUT_BYTES - z->avail_out : 0;
}

static size_t compress_snappy(struct builder *b, size_t size)
{
	size_t out = OUT_BYTES;
	snappy_status status =
		snappy_compress((const char *)b->records, size, (char *)b->out, &out);
	return status == SNAPPY_OK ? out : 0;
}

/* Independent blocks of 64 KiB, as Kafka's own producers make them. */
static size_t compress_lz4(struct builder *b, size_t size)
{
	LZ4F_preferences_t preferences = {
		.frameInfo = {.blockMode = LZ4F_blockIndependent,
			      .blockSizeID = LZ4F_max64KB},
	};
	size_t out = LZ4F_compressFrame(b->out, OUT_BYTES, b->records, size, &preferences);
	return LZ4F_isError(out) ? 0 : out;
}

static size_t compress_zstd(struct builder *b, size_t size)
{
	size_t out = ZSTD_compressCCtx(b->zstd, b->out, OUT_BYTES, b->records, size,
				       ZSTD_LEVEL);
	return ZSTD_isError(out) ? 0 : out;
}

static size_t (*const codecs[RECORD_CODECS])(struct builder *b, size_t size) = {
	[RECORD_CODEC_NONE] = NULL,
	[RECORD_CODEC_GZIP] = compress_gzip,
	[RECORD_CODEC_SNAPPY] = compress_snappy,
	[RECORD_CODEC_LZ4] = compress_lz4,
	[RECORD_CODEC_ZSTD] = compress_zstd,
};

/* Ends the chain after `size` bytes; the chunks behind stay in it, for their owner. */
static void chain_cut(struct chain *c, size_t size)
{
	size_t left = size;
	for (struct chunk *chunk = c->head; chunk; chunk = chunk->next) {
		chunk->len = (uint32_t)min_size(chunk->len, left);
		left -= chunk->len;
	}
	c->size = size;
}

/* Puts the compressed records into the chain; false: they did not get smaller. */
static bool compress_records(struct builder *b, struct append_msg *a)
{
	size_t size = a->bytes.size - RECORD_BATCH_HEADER_BYTES;
	if (!codecs[a->codec] || size == 0 || size > BUILD_RECORD_BYTES_MAX)
		return false;
	chain_copy_out(&a->bytes, RECORD_BATCH_HEADER_BYTES, b->records, size);
	size_t out = codecs[a->codec](b, size);
	if (out == 0 || out >= size)
		return false;
	chain_patch(&a->bytes, RECORD_BATCH_HEADER_BYTES, b->out, out);
	chain_cut(&a->bytes, RECORD_BATCH_HEADER_BYTES + out);
	return true;
}

/* The CRC covers the attributes: they are in the chain before it is taken. */
void builder_finish(struct builder *b, struct append_msg *a)
{
	require(a->origin == APPEND_BUILT && a->codec < RECORD_CODECS &&
		a->bytes.size >= RECORD_BATCH_HEADER_BYTES);
	bool is_smaller = compress_records(b, a);
	struct record_batch_header h;
	chain_copy_out(&a->bytes, 0, &h, sizeof h);
	if (a->is_append_time)
		record_batch_stamp(&h, a->log_append_time);
	record_batch_set_codec(&h, is_smaller ? a->codec : RECORD_CODEC_NONE);
	record_batch_set_size(&h, (uint32_t)a->bytes.size);
	chain_patch(&a->bytes, 0, &h, sizeof h);
	record_batch_set_crc(&h, chain_crc32c(&a->bytes, RECORD_BATCH_CRC_FROM));
	chain_patch(&a->bytes, 0, &h, sizeof h);
}

struct builder *builder_create(void)
{
	struct builder *b = map_take(sizeof *b);
	if (!b)
		return NULL;
	ZSTD_compressionParameters parameters =
		ZSTD_getCParams(ZSTD_LEVEL, BUILD_RECORD_BYTES_MAX, 0);
	/* Smaller input may choose tables of another shape: take room for any level below. */
	b->zstd_bytes = ZSTD_estimateCCtxSize(ZSTD_LEVEL);
	b->zstd_bytes += ZSTD_estimateCCtxSize_usingCParams(parameters);
	b->records = map_take(BUILD_RECORD_BYTES_MAX);
	b->out = map_take(OUT_BYTES);
	b->zstd_memory = map_take(b->zstd_bytes);
	if (b->zstd_memory)
		b->zstd = ZSTD_initStaticCCtx(b->zstd_memory, b->zstd_bytes);
	b->has_gzip = deflateInit2(&b->gzip, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
				   GZIP_WINDOW_BITS, GZIP_MEMORY_LEVEL,
				   Z_DEFAULT_STRATEGY) == Z_OK;
	if (b->records && b->out && b->zstd && b->has_gzip)
		return b;
	builder_destroy(b);
	return NULL;
}

void builder_destroy(struct builder *b)
{
	if (b->has_gzip)
		deflateEnd(&b->gzip);
	map_give(b->zstd_memory, b->zstd_bytes);
	map_give(b->out, OUT_BYTES);
	map_give(b->records, BUILD_RECORD_BYTES_MAX);
	map_give(b, sizeof *b);
}
