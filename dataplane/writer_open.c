/* writer_open.c - compressed stream in, pieces of records out; see writer_open.h. */
#include "dataplane/writer_open.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"

#define ZSTD_STATIC_LINKING_ONLY
#include <isa-l/igzip_lib.h>
#include <lz4frame.h>
#include <snappy-c.h>
#include <zstd.h>

enum {
	/* As much as Kafka's own reader takes; a frame's window is touched as far as it is used. */
	ZSTD_WINDOW_LOG_MAX = 27,
	LZ4_FLAGS_AT = 4,
	LZ4_FLAG_INDEPENDENT = 1 << 5,
	LZ4_FRAME_HEADER_BYTES_MAX = 19,
	XERIAL_HEADER_BYTES = 16,
	/* What zstd's context has before its window: its own, and a block as it came. */
	ZSTD_BYTES_BEFORE_WINDOW = 1 << 20,
	/* What Snappy's largest block can need, if it does not shrink. */
	SNAPPY_IN_BYTES_MAX = 32 + OPEN_SNAPPY_BYTES_MAX + OPEN_SNAPPY_BYTES_MAX / 6,
};

/* Snappy's framings. */
enum snappy_framing { SNAPPY_UNKNOWN, SNAPPY_RAW, SNAPPY_XERIAL };

/* Mapped; touched from its beginning on. */
struct workspace {
	uint8_t *bytes;
	size_t size;
	size_t touched; /* at most */
};

struct opener {
	enum record_codec codec;
	/* The batch's bytes that were not taken yet. */
	const struct chunk *chunk;
	uint32_t at; /* in the chunk */
	size_t left;
	size_t take_max; /* of a call, where the codec knows halves */
	bool is_ended;   /* the stream said so */
	bool is_refused; /* without being opened */
	uint8_t *piece;
	struct inflate_state *gzip;
	LZ4F_dctx *lz4;
	ZSTD_DCtx *zstd; /* lies in zstd_space */
	struct workspace zstd_space;
	size_t opened; /* of this batch; zstd's only */
	/* Snappy: a block in one piece, and what it opens to; shown piece by piece. */
	enum snappy_framing framing;
	struct workspace snappy_in;
	struct workspace snappy_out;
	size_t snappy_shown;
	size_t snappy_size;
};

/* ---- the batch's bytes ----------------------------------------------------------------- */

/* What lies in one piece, and is not taken by looking at it. */
static struct bytes in_peek(struct opener *o)
{
	while (o->left > 0 && o->at == o->chunk->len) {
		o->chunk = o->chunk->next;
		o->at = 0;
	}
	if (o->left == 0)
		return (struct bytes){0};
	return (struct bytes){chunk_at(o->chunk) + o->at, o->chunk->len - o->at};
}

/* The same for a codec that knows halves. */
static struct bytes in_peek_some(struct opener *o)
{
	struct bytes in = in_peek(o);
	in.size = min_size(in.size, o->take_max);
	return in;
}

static void in_take(struct opener *o, size_t size)
{
	o->at += (uint32_t)size;
	o->left -= size;
}

/* The next bytes in one piece; there are so many. */
static void in_copy(struct opener *o, void *out, size_t size)
{
	uint8_t *to = out;
	while (size > 0) {
		struct bytes in = in_peek(o);
		size_t n = min_size(in.size, size);
		memcpy(to, in.data, n);
		in_take(o, n);
		to += n;
		size -= n;
	}
}

/* ---- workspaces ------------------------------------------------------------------------ */

static bool workspace_take(struct workspace *w, size_t size)
{
	w->size = size;
	w->bytes = map_take(size);
	return w->bytes != NULL;
}

static void workspace_touch(struct workspace *w, size_t size)
{
	w->touched = max_u64(w->touched, min_size(size, w->size));
}

/* From its end, a bit at a time: to give back a window of 128 MiB at once takes milliseconds. */
static bool workspace_rest(struct workspace *w)
{
	if (w->touched <= OPEN_BYTES_KEPT)
		return false;
	size_t from = round_down(w->touched - 1, OPEN_BYTES_PER_REST);
	map_forget(w->bytes + from, round_up(w->touched - from, CHUNK_BYTES));
	w->touched = from;
	return true;
}

/* ---- streams --------------------------------------------------------------------------- */

/* Each: `in` to the piece as far as there is room; takes what it used. False: not such a stream.
 * o->is_ended: it has come to its end. */
static bool next_gzip(struct opener *o, struct bytes in, size_t *ret_size)
{
	struct inflate_state *z = o->gzip;
	z->next_in = (uint8_t *)(uintptr_t)in.data;
	z->avail_in = (uint32_t)in.size;
	z->next_out = o->piece;
	z->avail_out = OPEN_PIECE_BYTES;
	int status = isal_inflate(z);
	/* It gives back what it read beyond the end: perhaps of the chunk before. */
	if (status < ISAL_DECOMP_OK || z->avail_in > in.size)
		return false;
	in_take(o, in.size - z->avail_in);
	*ret_size = OPEN_PIECE_BYTES - z->avail_out;
	o->is_ended = z->block_state == ISAL_BLOCK_FINISH;
	return true;
}

/* It is open: a batch that is to be compressed. */
static bool next_plain(struct opener *o, struct bytes in, size_t *ret_size)
{
	*ret_size = min_size(in.size, OPEN_PIECE_BYTES);
	if (*ret_size > 0)
		memcpy(o->piece, in.data, *ret_size);
	in_take(o, *ret_size);
	o->is_ended = o->left == 0;
	return true;
}

static bool next_lz4(struct opener *o, struct bytes in, size_t *ret_size)
{
	size_t used = in.size;
	*ret_size = OPEN_PIECE_BYTES;
	size_t hint = LZ4F_decompress(o->lz4, o->piece, ret_size, in.data, &used, NULL);
	if (LZ4F_isError(hint))
		return false;
	in_take(o, used);
	o->is_ended = hint == 0;
	return true;
}

static bool next_zstd(struct opener *o, struct bytes in, size_t *ret_size)
{
	ZSTD_inBuffer from = {in.data, in.size, 0};
	ZSTD_outBuffer to = {o->piece, OPEN_PIECE_BYTES, 0};
	size_t hint = ZSTD_decompressStream(o->zstd, &to, &from);
	if (ZSTD_isError(hint))
		return false;
	in_take(o, from.pos);
	*ret_size = to.pos;
	o->opened += to.pos;
	workspace_touch(&o->zstd_space, ZSTD_BYTES_BEFORE_WINDOW + o->opened);
	o->is_ended = hint == 0;
	return true;
}

typedef bool next_piece(struct opener *o, struct bytes in, size_t *ret_size);

/* A codec that neither takes nor gives wants bytes that are not there. */
static enum open_state next_of_stream(struct opener *o, next_piece *next, struct bytes *ret)
{
	size_t left = o->left, size = 0;
	if (o->is_ended)
		return left == 0 ? OPEN_END : OPEN_BAD;
	if (o->is_refused || !next(o, in_peek_some(o), &size))
		return OPEN_BAD;
	if (size == 0 && o->left == left && !o->is_ended)
		return OPEN_BAD;
	*ret = (struct bytes){o->piece, size};
	return OPEN_MORE;
}

/* ---- Snappy ---------------------------------------------------------------------------- */

/* By its magic, as every reader tells: a raw block would hardly begin with it. */
static enum snappy_framing snappy_framing_of(struct opener *o)
{
	static const uint8_t magic[8] = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
	struct bytes in = in_peek(o); /* as much as the first chunk has, which is behind a header */
	if (in.size < XERIAL_HEADER_BYTES || memcmp(in.data, magic, sizeof magic) != 0)
		return SNAPPY_RAW;
	in_take(o, XERIAL_HEADER_BYTES);
	return SNAPPY_XERIAL;
}

/* The size of the next block's bytes; false: they are not there. */
static bool snappy_block_size(struct opener *o, size_t *ret)
{
	struct be32 size;
	if (o->framing == SNAPPY_RAW) {
		*ret = o->left;
		return true;
	}
	if (o->left < sizeof size)
		return false;
	in_copy(o, &size, sizeof size);
	*ret = be32_get(size);
	return *ret <= o->left;
}

static enum open_state open_snappy_block(struct opener *o)
{
	size_t in, out;
	if (!snappy_block_size(o, &in))
		return OPEN_BAD;
	if (in > SNAPPY_IN_BYTES_MAX)
		return OPEN_LARGE;
	char *from = (char *)o->snappy_in.bytes, *to = (char *)o->snappy_out.bytes;
	workspace_touch(&o->snappy_in, in);
	in_copy(o, from, in);
	if (snappy_uncompressed_length(from, in, &out) != SNAPPY_OK)
		return OPEN_BAD;
	if (out > OPEN_SNAPPY_BYTES_MAX ||
	    out > max_u64(OPEN_SNAPPY_BYTES_FREE, OPEN_SNAPPY_RATIO_MAX * in))
		return OPEN_LARGE;
	workspace_touch(&o->snappy_out, out);
	if (snappy_uncompress(from, in, to, &out) != SNAPPY_OK)
		return OPEN_BAD;
	o->snappy_shown = 0;
	o->snappy_size = out;
	return OPEN_MORE;
}

static enum open_state next_snappy(struct opener *o, struct bytes *ret)
{
	if (o->framing == SNAPPY_UNKNOWN)
		o->framing = snappy_framing_of(o);
	if (o->snappy_shown == o->snappy_size) {
		if (o->left == 0)
			return OPEN_END;
		enum open_state s = open_snappy_block(o);
		if (s != OPEN_MORE)
			return s;
	}
	size_t size = min_size(o->snappy_size - o->snappy_shown, OPEN_PIECE_BYTES);
	*ret = (struct bytes){o->snappy_out.bytes + o->snappy_shown, size};
	o->snappy_shown += size;
	return OPEN_MORE;
}

/* ---- one batch ------------------------------------------------------------------------- */

/* Java's consumers read no other frames, and Kafka takes none. */
static bool is_lz4_for_all(const struct chain *batch)
{
	uint8_t flags = 0;
	if (batch->size > RECORD_BATCH_HEADER_BYTES + LZ4_FLAGS_AT)
		chain_copy_out(batch, RECORD_BATCH_HEADER_BYTES + LZ4_FLAGS_AT, &flags, 1);
	return flags & LZ4_FLAG_INDEPENDENT;
}

void opener_begin(struct opener *o, enum record_codec codec, const struct chain *batch)
{
	require(codec < RECORD_CODECS);
	o->codec = codec;
	o->chunk = batch->head;
	o->at = 0;
	o->left = batch->size;
	o->is_ended = o->is_refused = false;
	o->framing = SNAPPY_UNKNOWN;
	o->snappy_shown = o->snappy_size = o->opened = 0;
	struct record_batch_header h;
	in_copy(o, &h, sizeof h);
	if (codec == RECORD_CODEC_GZIP) {
		isal_inflate_reset(o->gzip);
		o->gzip->crc_flag = ISAL_GZIP;
	} else if (codec == RECORD_CODEC_LZ4) {
		LZ4F_resetDecompressionContext(o->lz4);
		o->is_refused = !is_lz4_for_all(batch);
	} else if (codec == RECORD_CODEC_ZSTD) {
		ZSTD_DCtx_reset(o->zstd, ZSTD_reset_session_only);
	}
}

enum open_state opener_next(struct opener *o, size_t take_max, struct bytes *ret,
			    size_t *ret_taken)
{
	static next_piece *const streams[RECORD_CODECS] = {
		[RECORD_CODEC_NONE] = next_plain,
		[RECORD_CODEC_GZIP] = next_gzip,
		[RECORD_CODEC_LZ4] = next_lz4,
		[RECORD_CODEC_ZSTD] = next_zstd,
	};
	size_t left = o->left;
	next_piece *stream = streams[o->codec];
	o->take_max = take_max;
	enum open_state s = stream ? next_of_stream(o, stream, ret) : next_snappy(o, ret);
	*ret_taken = left - o->left;
	return s;
}

bool opener_rest(struct opener *o)
{
	return workspace_rest(&o->zstd_space) || workspace_rest(&o->snappy_in) ||
	       workspace_rest(&o->snappy_out);
}

/* ---- memory ---------------------------------------------------------------------------- */

/* The library allocates what a frame's header asks for, and keeps the largest it ever had: it is
 * shown the header of the most demanding frame there is. */
static bool lz4_prepare(LZ4F_dctx *lz4)
{
	uint8_t header[LZ4_FRAME_HEADER_BYTES_MAX];
	LZ4F_preferences_t preferences = {
		.frameInfo = {.blockMode = LZ4F_blockLinked, .blockSizeID = LZ4F_max4MB},
	};
	LZ4F_cctx *c;
	if (LZ4F_isError(LZ4F_createCompressionContext(&c, LZ4F_VERSION)))
		return false;
	size_t in = LZ4F_compressBegin(c, header, sizeof header, &preferences), out = 0;
	LZ4F_freeCompressionContext(c);
	return !LZ4F_isError(in) &&
	       !LZ4F_isError(LZ4F_decompress(lz4, NULL, &out, header, &in, NULL));
}

static bool zstd_prepare(struct opener *o)
{
	struct workspace *w = &o->zstd_space;
	if (!workspace_take(w, ZSTD_estimateDStreamSize((size_t)1 << ZSTD_WINDOW_LOG_MAX)))
		return false;
	o->zstd = ZSTD_initStaticDCtx(w->bytes, w->size);
	return o->zstd && !ZSTD_isError(ZSTD_DCtx_setParameter(o->zstd, ZSTD_d_windowLogMax,
							       ZSTD_WINDOW_LOG_MAX));
}

struct opener *opener_create(void)
{
	struct opener *o = map_take(sizeof *o);
	if (!o)
		return NULL;
	o->piece = map_take(OPEN_PIECE_BYTES);
	o->gzip = map_take(sizeof *o->gzip);
	bool has_snappy = workspace_take(&o->snappy_in, SNAPPY_IN_BYTES_MAX) &&
			  workspace_take(&o->snappy_out, OPEN_SNAPPY_BYTES_MAX);
	bool has_lz4 = !LZ4F_isError(LZ4F_createDecompressionContext(&o->lz4, LZ4F_VERSION)) &&
		       lz4_prepare(o->lz4);
	if (o->gzip)
		isal_inflate_init(o->gzip);
	if (zstd_prepare(o) && has_lz4 && has_snappy && o->piece && o->gzip)
		return o;
	opener_destroy(o);
	return NULL;
}

void opener_destroy(struct opener *o)
{
	LZ4F_freeDecompressionContext(o->lz4);
	map_give(o->zstd_space.bytes, o->zstd_space.size);
	map_give(o->snappy_out.bytes, o->snappy_out.size);
	map_give(o->snappy_in.bytes, o->snappy_in.size);
	map_give(o->gzip, sizeof *o->gzip);
	map_give(o->piece, OPEN_PIECE_BYTES);
	map_give(o, sizeof *o);
}
