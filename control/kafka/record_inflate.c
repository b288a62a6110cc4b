/* record_inflate.c - compressed stream in, at most `room` bytes of it out. */
#include "control/kafka/record_inflate.h"
#include "dataplane/base/clock.h"

#include <lz4frame.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

enum {
	GZIP_WINDOW_BITS = 15 + 16, /* zlib's way to say: a gzip header, 32 KiB window */
	ZSTD_WINDOW_LOG_MAX = 23,   /* 8 MiB: what RFC 8878 3.1.1.1.2 asks every reader to take */
	SNAPPY_JAVA_HEADER_BYTES = 16,
	PIECE_IN_BYTES = 2048,
	PIECE_OUT_BYTES = 256 << 10,
};

/* What had come out when the room or the time was over is given, and may be enough to find a
 * record in. A stream that ends too early is bad. */
static bool is_late(uint64_t until_ns)
{
	return clock_now_ns() >= until_ns;
}

static int64_t inflate_gzip(struct bytes in, uint8_t *out, size_t room, uint64_t until_ns)
{
	z_stream z = {.next_in = (uint8_t *)(uintptr_t)in.data, .next_out = out};
	if (inflateInit2(&z, GZIP_WINDOW_BITS) != Z_OK)
		return -1;
	int status = Z_OK;
	bool is_out_of_time = false;
	while (status == Z_OK && z.total_in < in.size && z.total_out < room && !is_out_of_time) {
		z.avail_in = (uInt)min_size(in.size - z.total_in, PIECE_IN_BYTES);
		z.avail_out = (uInt)min_size(room - z.total_out, PIECE_OUT_BYTES);
		status = inflate(&z, Z_NO_FLUSH);
		is_out_of_time = is_late(until_ns);
	}
	inflateEnd(&z);
	bool is_cut = status == Z_OK && (z.total_out == room || is_out_of_time);
	return status == Z_STREAM_END || is_cut ? (int64_t)z.total_out : -1;
}

/* A block comes out whole or not at all, and the library asks no clock on the way: its room is
 * what bounds it. */
static int64_t inflate_snappy_block(struct bytes in, uint8_t *out, size_t room)
{
	size_t size = room;
	if (snappy_uncompress((const char *)in.data, in.size, (char *)out, &size) !=
	    SNAPPY_OK)
		return -1;
	return (int64_t)size;
}

/* Java's producers cut a batch into blocks behind this header, most others send one bare
 * block; the batch does not say which. */
static bool is_snappy_java(struct bytes in)
{
	static const uint8_t magic[8] = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
	return in.size >= SNAPPY_JAVA_HEADER_BYTES &&
	       memcmp(in.data, magic, sizeof magic) == 0;
}

static int64_t inflate_snappy(struct bytes in, uint8_t *out, size_t room, uint64_t until_ns)
{
	if (!is_snappy_java(in))
		return inflate_snappy_block(in, out, room);
	struct cursor c = cursor_of(in.data, in.size);
	cursor_take(&c, SNAPPY_JAVA_HEADER_BYTES);
	size_t size = 0;
	while (cursor_left(&c) > 0 && !is_late(until_ns)) {
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

static int64_t inflate_lz4(struct bytes in, uint8_t *out, size_t room, uint64_t until_ns)
{
	LZ4F_dctx *ctx;
	if (LZ4F_isError(LZ4F_createDecompressionContext(&ctx, LZ4F_VERSION)))
		return -1;
	size_t used = 0, size = 0, hint = 1;
	bool is_out_of_time = false;
	while (hint > 0 && !LZ4F_isError(hint) && used < in.size && size < room &&
	       !is_out_of_time) {
		size_t in_part = min_size(in.size - used, PIECE_IN_BYTES);
		size_t out_part = min_size(room - size, PIECE_OUT_BYTES);
		hint = LZ4F_decompress(ctx, out + size, &out_part, in.data + used, &in_part,
				       NULL);
		used += in_part;
		size += out_part;
		is_out_of_time = is_late(until_ns);
	}
	LZ4F_freeDecompressionContext(ctx);
	bool is_whole = hint == 0 || size == room || is_out_of_time;
	return LZ4F_isError(hint) || !is_whole ? -1 : (int64_t)size;
}

/* A step that moves nothing waits for input that the batch does not have. */
static int64_t inflate_zstd(struct bytes in, uint8_t *out, size_t room, uint64_t until_ns)
{
	ZSTD_DCtx *ctx = ZSTD_createDCtx();
	if (!ctx)
		return -1;
	ZSTD_DCtx_setParameter(ctx, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
	ZSTD_inBuffer from = {in.data, 0, 0};
	ZSTD_outBuffer to = {out, 0, 0};
	size_t hint = 1, moved = 1;
	bool is_out_of_time = false;
	while (hint > 0 && !ZSTD_isError(hint) && moved > 0 && to.pos < room && !is_out_of_time) {
		size_t before = from.pos + to.pos;
		from.size = min_size(in.size, from.pos + PIECE_IN_BYTES);
		to.size = min_size(room, to.pos + PIECE_OUT_BYTES);
		hint = ZSTD_decompressStream(ctx, &to, &from);
		moved = from.pos + to.pos - before;
		is_out_of_time = is_late(until_ns);
	}
	ZSTD_freeDCtx(ctx);
	bool is_whole = hint == 0 || to.pos == room || is_out_of_time;
	return ZSTD_isError(hint) || !is_whole ? -1 : (int64_t)to.pos;
}

int64_t record_inflate(enum record_codec codec, struct bytes in, uint8_t *out, size_t room,
		       uint64_t until_ns)
{
	switch (codec) {
	case RECORD_CODEC_GZIP:
		return inflate_gzip(in, out, room, until_ns);
	case RECORD_CODEC_SNAPPY:
		return inflate_snappy(in, out, room, until_ns);
	case RECORD_CODEC_LZ4:
		return inflate_lz4(in, out, room, until_ns);
	case RECORD_CODEC_ZSTD:
		return inflate_zstd(in, out, room, until_ns);
	default:
		return -1;
	}
}
