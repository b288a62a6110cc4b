/* writer_pack.c - pieces of records in, a compressed batch out; see writer_pack.h. */
#include "dataplane/writer_pack.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/writer_open.h"

#define ZSTD_STATIC_LINKING_ONLY
#include <lz4frame.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

enum {
	ZSTD_LEVEL = 3, /* Kafka's default */
	GZIP_WINDOW_BITS = 15 + 16, /* zlib: with a gzip header */
	GZIP_MEMORY_LEVEL = 8,
	LZ4_BLOCK_BYTES = 64 << 10,
	SNAPPY_BLOCK_BYTES = 32 << 10,
	/* A codec's output, until it is in chunks: LZ4 asks for most, a block that does not
	 * shrink. */
	OUT_BYTES = 128 << 10,
};

struct packer {
	struct chunk_pool pool;
	enum record_codec codec;
	struct chain batch;
	bool is_bad; /* it became too long */
	uint8_t *out;
	z_stream gzip;
	bool has_gzip;
	LZ4F_cctx *lz4;
	ZSTD_CCtx *zstd; /* lies in zstd_memory: no heap while compressing */
	void *zstd_memory;
	size_t zstd_bytes;
	uint8_t *block; /* Snappy's or LZ4's, as far as it is filled; room for LZ4's */
	size_t block_size;
};

static void emit(struct packer *p, const void *data, size_t size)
{
	p->is_bad |= p->batch.size + size > PACK_BATCH_BYTES_MAX;
	if (!p->is_bad)
		require(chain_append(&p->batch, &p->pool, data, size));
}

/* ---- codecs ---------------------------------------------------------------------------- */

/* Each: takes all of a piece; an empty one at the end. */
static void put_none(struct packer *p, struct bytes piece, bool is_end)
{
	emit(p, piece.data, piece.size);
}

static void put_gzip(struct packer *p, struct bytes piece, bool is_end)
{
	z_stream *z = &p->gzip;
	z->next_in = (uint8_t *)(uintptr_t)piece.data;
	z->avail_in = (uInt)piece.size;
	do {
		z->next_out = p->out;
		z->avail_out = OUT_BYTES;
		int status = deflate(z, is_end ? Z_FINISH : Z_NO_FLUSH);
		require(status != Z_STREAM_ERROR);
		emit(p, p->out, OUT_BYTES - z->avail_out);
	} while (z->avail_out == 0 && !p->is_bad);
}

static void put_zstd(struct packer *p, struct bytes piece, bool is_end)
{
	ZSTD_inBuffer in = {piece.data, piece.size, 0};
	size_t left;
	do {
		ZSTD_outBuffer out = {p->out, OUT_BYTES, 0};
		left = ZSTD_compressStream2(p->zstd, &out, &in,
					    is_end ? ZSTD_e_end : ZSTD_e_continue);
		require(!ZSTD_isError(left));
		emit(p, p->out, out.pos);
	} while ((in.pos < in.size || (is_end && left > 0)) && !p->is_bad);
}

static void snappy_block_end(struct packer *p)
{
	struct be32 head;
	size_t size = OUT_BYTES;
	snappy_status status = snappy_compress((const char *)p->block, p->block_size,
					       (char *)p->out, &size);
	require(status == SNAPPY_OK);
	head = be32_of((uint32_t)size);
	emit(p, &head, sizeof head);
	emit(p, p->out, size);
	p->block_size = 0;
}

static void lz4_block_end(struct packer *p)
{
	size_t size = LZ4F_compressUpdate(p->lz4, p->out, OUT_BYTES, p->block, p->block_size,
					  NULL);
	require(!LZ4F_isError(size));
	emit(p, p->out, size);
	p->block_size = 0;
}

/* Gathers blocks of the size that a codec has, the last one of what is left. */
static void put_blocks(struct packer *p, struct bytes piece, bool is_end, size_t block_bytes,
		       void (*block_end)(struct packer *p))
{
	while (piece.size > 0) {
		size_t n = min_size(piece.size, block_bytes - p->block_size);
		memcpy(p->block + p->block_size, piece.data, n);
		p->block_size += n;
		piece.data += n;
		piece.size -= n;
		if (p->block_size == block_bytes)
			block_end(p);
	}
	if (is_end && p->block_size > 0)
		block_end(p);
}

static void put_snappy(struct packer *p, struct bytes piece, bool is_end)
{
	put_blocks(p, piece, is_end, SNAPPY_BLOCK_BYTES, snappy_block_end);
}

static void put_lz4(struct packer *p, struct bytes piece, bool is_end)
{
	put_blocks(p, piece, is_end, LZ4_BLOCK_BYTES, lz4_block_end);
	if (!is_end)
		return;
	size_t size = LZ4F_compressEnd(p->lz4, p->out, OUT_BYTES, NULL);
	require(!LZ4F_isError(size));
	emit(p, p->out, size);
}

static void (*const puts_of[RECORD_CODECS])(struct packer *p, struct bytes piece, bool is_end) = {
	[RECORD_CODEC_NONE] = put_none,
	[RECORD_CODEC_GZIP] = put_gzip,
	[RECORD_CODEC_SNAPPY] = put_snappy,
	[RECORD_CODEC_LZ4] = put_lz4,
	[RECORD_CODEC_ZSTD] = put_zstd,
};

/* It is given whole blocks and keeps none: for a block of its own the library takes memory from the
 * heap with every frame, since the end of a frame makes it forget that it has some. */
static void begin_lz4(struct packer *p)
{
	static const LZ4F_preferences_t preferences = {
		.frameInfo = {.blockMode = LZ4F_blockIndependent, .blockSizeID = LZ4F_max64KB},
		.autoFlush = 1,
	};
	size_t size = LZ4F_compressBegin(p->lz4, p->out, OUT_BYTES, &preferences);
	require(!LZ4F_isError(size));
	emit(p, p->out, size);
}

/* ---- one batch ------------------------------------------------------------------------- */

bool packer_has_room(const struct packer *p)
{
	return chunk_pool_left(&p->pool) >= PACK_BYTES_PER_PIECE / CHUNK_BYTES;
}

void packer_begin(struct packer *p, enum record_codec codec,
		  const struct record_batch_header *header)
{
	static const uint8_t xerial[] = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0,
					 0,    0,   0,   1,   0,   0,   0,   1};
	packer_drop(p);
	p->codec = codec;
	p->is_bad = false;
	p->block_size = 0;
	emit(p, header, sizeof *header);
	if (codec == RECORD_CODEC_GZIP)
		deflateReset(&p->gzip);
	else if (codec == RECORD_CODEC_SNAPPY)
		emit(p, xerial, sizeof xerial);
	else if (codec == RECORD_CODEC_LZ4)
		begin_lz4(p);
	else if (codec == RECORD_CODEC_ZSTD)
		ZSTD_CCtx_reset(p->zstd, ZSTD_reset_session_only);
}

bool packer_put(struct packer *p, struct bytes piece)
{
	require(piece.size <= OPEN_PIECE_BYTES);
	if (!p->is_bad && piece.size > 0)
		puts_of[p->codec](p, piece, false);
	return !p->is_bad;
}

bool packer_end(struct packer *p, int64_t latest, struct chain *ret)
{
	struct record_batch_header h;
	if (!p->is_bad)
		puts_of[p->codec](p, (struct bytes){0}, true);
	if (p->is_bad)
		return false;
	chain_copy_out(&p->batch, 0, &h, sizeof h);
	record_batch_set_codec(&h, p->codec);
	record_batch_set_size(&h, (uint32_t)p->batch.size);
	chain_patch(&p->batch, 0, &h, sizeof h);
	record_batch_set_create_time(&p->batch, latest);
	*ret = p->batch;
	p->batch = (struct chain){0};
	return true;
}

void packer_drop(struct packer *p)
{
	chain_give(&p->batch);
}

/* ---- memory ---------------------------------------------------------------------------- */

/* The library allocates what its first frame needs, and later ones no more. */
static bool lz4_prepare(struct packer *p)
{
	if (LZ4F_isError(LZ4F_createCompressionContext(&p->lz4, LZ4F_VERSION)))
		return false;
	packer_begin(p, RECORD_CODEC_LZ4, &(struct record_batch_header){0});
	packer_drop(p);
	return true;
}

static bool zstd_prepare(struct packer *p)
{
	p->zstd_bytes = ZSTD_estimateCStreamSize(ZSTD_LEVEL);
	p->zstd_memory = map_take(p->zstd_bytes);
	p->zstd = p->zstd_memory ? ZSTD_initStaticCCtx(p->zstd_memory, p->zstd_bytes) : NULL;
	return p->zstd && !ZSTD_isError(ZSTD_CCtx_setParameter(
				  p->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL));
}

struct packer *packer_create(void)
{
	struct packer *p = map_take(sizeof *p);
	if (!p)
		return NULL;
	bool has_pool = chunk_pool_init(&p->pool, CHUNK_BYTES, PACK_BYTES / CHUNK_BYTES) == 0;
	p->out = map_take(OUT_BYTES);
	p->block = map_take(LZ4_BLOCK_BYTES);
	p->has_gzip = deflateInit2(&p->gzip, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
				   GZIP_WINDOW_BITS, GZIP_MEMORY_LEVEL,
				   Z_DEFAULT_STRATEGY) == Z_OK;
	if (has_pool && p->out && p->block && p->has_gzip && zstd_prepare(p) && lz4_prepare(p))
		return p;
	packer_destroy(p);
	return NULL;
}

void packer_destroy(struct packer *p)
{
	packer_drop(p);
	if (p->has_gzip)
		deflateEnd(&p->gzip);
	LZ4F_freeCompressionContext(p->lz4);
	map_give(p->zstd_memory, p->zstd_bytes);
	map_give(p->block, LZ4_BLOCK_BYTES);
	map_give(p->out, OUT_BYTES);
	chunk_pool_fini(&p->pool);
	map_give(p, sizeof *p);
}
