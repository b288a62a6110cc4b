/* record_inflate.c - compressed stream in, at most `room` bytes of it out. */
#include "control/kafka/record_inflate.h"

#include <lz4frame.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

enum {
	GZIP_WINDOW_BITS = 15 + 16, /* zlib's way to say: a gzip header, 32 KiB window */
	ZSTD_WINDOW_LOG_MAX = 23,   /* 8 MiB: what RFC 8878 3.1.1.1.2 asks every reader to take */
	SNAPPY_JAVA_HEADER_BYTES = 16,
};

static int64_t inflate_gzip(struct bytes in, uint8_t *out, size_t room)
{
	z_stream z = {.next_in = (uint8_t *)(uintptr_t)in.data,
		      .avail_in = (uInt)in.size,
		      .next_out = out,
		      .avail_out = (uInt)room};
	if (inflateInit2(&z, GZIP_WINDOW_BITS) != Z_OK)
		return -1;
	int status = inflate(&z, Z_SYNC_FLUSH);
	inflateEnd(&z);
	if (status == Z_STREAM_END || (status == Z_OK && z.avail_out == 0) ||
	    (status == Z_BUF_ERROR && z.avail_out == 0))
		return (int64_t)z.total_out;
	return -1;
}

static int64_t inflate_snappy_block(struct bytes in, uint8_t *out, size_t room)
{
	size_t size = room;
	if (snappy_uncompress((const char *)in.data, in.size, (char *)out, &size) !=
	    SNAPPY_OK)
		return -1;
	return (int64_t)size;
}

static bool is_snappy_java(struct bytes in)
{
	static const uint8_t magic[8] = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
	return in.size >= SNAPPY_JAVA_HEADER_BYTES &&
	       memcmp(in.data, magic, sizeof magic) == 0;
}

static int64_t inflate_snappy(struct bytes in, uint8_t *out, size_t room)
{
	if (!is_snappy_java(in))
		return inflate_snappy_block(in, out, room);
	struct cursor c = cursor_of(in.data, in.size);
	cursor_take(&c, SNAPPY_JAVA_HEADER_BYTES);
	size_t size = 0;
	while (cursor_left(&c) > 0) {
		struct bytes block = {.size = cursor_u32(&c)};
		block.data = cursor_take(&c, block.size);
		if (!block.data)
			return -1;
		int64_t n = inflate_snappy_block(block, out + size, room - size);
		/* The room may simply be used up: blocks do not come in parts. */
		if (n < 0)
			return size > 0 ? (int64_t)size : -1;
		size += (size_t)n;
	}
	return (int64_t)size;
}

static int64_t inflate_lz4(struct bytes in, uint8_t *out, size_t room)
{
	LZ4F_dctx *ctx;
	if (LZ4F_isError(LZ4F_createDecompressionContext(&ctx, LZ4F_VERSION)))
		return -1;
	size_t used = 0, size = 0, hint = 1;
	while (hint > 0 && !LZ4F_isError(hint) && used < in.size && size < room) {
		size_t in_part = in.size - used, out_part = room - size;
		hint = LZ4F_decompress(ctx, out + size, &out_part, in.data + used, &in_part,
				       NULL);
		used += in_part;
		size += out_part;
	}
	LZ4F_freeDecompressionContext(ctx);
	bool is_whole = hint == 0 || size == room;
	return LZ4F_isError(hint) || !is_whole ? -1 : (int64_t)size;
}

static int64_t inflate_zstd(struct bytes in, uint8_t *out, size_t room)
{
	ZSTD_DCtx *ctx = ZSTD_createDCtx();
	if (!ctx)
		return -1;
	ZSTD_DCtx_setParameter(ctx, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
	ZSTD_inBuffer from = {in.data, in.size, 0};
	ZSTD_outBuffer to = {out, room, 0};
	size_t hint = 1, moved = 1;
	while (hint > 0 && !ZSTD_isError(hint) && moved > 0 && to.pos < room) {
		size_t before = from.pos + to.pos;
		hint = ZSTD_decompressStream(ctx, &to, &from);
		moved = from.pos + to.pos - before;
	}
	ZSTD_freeDCtx(ctx);
	bool is_whole = hint == 0 || to.pos == room;
	return ZSTD_isError(hint) || !is_whole ? -1 : (int64_t)to.pos;
}

int64_t record_inflate(enum record_codec codec, struct bytes in, uint8_t *out, size_t room)
{
	switch (codec) {
	case RECORD_CODEC_GZIP:
		return inflate_gzip(in, out, room);
	case RECORD_CODEC_SNAPPY:
		return inflate_snappy(in, out, room);
	case RECORD_CODEC_LZ4:
		return inflate_lz4(in, out, room);
	case RECORD_CODEC_ZSTD:
		return inflate_zstd(in, out, room);
	default:
		return -1;
	}
}
