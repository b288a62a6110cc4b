/* record_deflate.c - records in, a compressed stream out; see record_deflate.h. */
#include "perf/record_deflate.h"
#include "dataplane/base/require.h"

#include <lz4frame.h>
#include <snappy-c.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum {
	GZIP_WINDOW_BITS = 15 + 16, /* zlib: with a gzip header */
	GZIP_MEMORY_LEVEL = 8,
	SNAPPY_BLOCK_BYTES = 32768,
	ZSTD_LEVEL = 3,
	ROOM_SPARE_BYTES = 4096,
};

static const char *const names[RECORD_CODECS] = {
	[RECORD_CODEC_NONE] = "none", [RECORD_CODEC_GZIP] = "gzip",
	[RECORD_CODEC_SNAPPY] = "snappy", [RECORD_CODEC_LZ4] = "lz4",
	[RECORD_CODEC_ZSTD] = "zstd",
};

bool record_codec_of_name(const char *name, enum record_codec *ret)
{
	for (unsigned i = 0; i < RECORD_CODECS; i++) {
		if (strcmp(name, names[i]) != 0)
			continue;
		*ret = (enum record_codec)i;
		return true;
	}
	return false;
}

/* Snappy promises the least: 32 + size + size / 6 of each block. */
size_t record_deflate_room(size_t size)
{
	return size + size / 4 + ROOM_SPARE_BYTES;
}

static size_t deflate_none(struct bytes in, uint8_t *out, size_t room)
{
	memcpy(out, in.data, in.size);
	return in.size;
}

/* The level is zlib's default, as that of Kafka's producer. */
static size_t deflate_gzip(struct bytes in, uint8_t *out, size_t room)
{
	z_stream z = {.next_in = (uint8_t *)(uintptr_t)in.data,
		      .avail_in = (uInt)in.size,
		      .next_out = out,
		      .avail_out = (uInt)room};
	require(deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW_BITS,
			     GZIP_MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK);
	require(deflate(&z, Z_FINISH) == Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

/* The framing of snappy-java, which Kafka's clients write: raw Snappy in blocks, each behind
 * its size. */
static size_t deflate_snappy(struct bytes in, uint8_t *out, size_t room)
{
	/* Magic, version 1, readable from version 1 on. */
	static const uint8_t header[] = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0,
					 0,    0,   0,   1,   0,   0,   0,   1};
	struct emitter e = emitter_of(out, room);
	emit_bytes(&e, header, sizeof header);
	for (size_t at = 0; at < in.size; at += SNAPPY_BLOCK_BYTES) {
		size_t size = min_size(in.size - at, SNAPPY_BLOCK_BYTES);
		size_t block = room - (size_t)(e.at - out) - sizeof(uint32_t);
		char *to = (char *)e.at + sizeof(uint32_t);
		require(snappy_compress((const char *)in.data + at, size, to, &block) ==
			SNAPPY_OK);
		emit_u32(&e, (uint32_t)block);
		e.at += block;
	}
	return (size_t)(e.at - out);
}

/* As Java's producer does, whose reader takes independent blocks only. */
static size_t deflate_lz4(struct bytes in, uint8_t *out, size_t room)
{
	LZ4F_preferences_t preferences = {
		.frameInfo = {.blockMode = LZ4F_blockIndependent,
			      .blockSizeID = LZ4F_max64KB},
	};
	size_t size = LZ4F_compressFrame(out, room, in.data, in.size, &preferences);
	require(!LZ4F_isError(size));
	return size;
}

/* The level is zstd's default, as that of Kafka's producer. */
static size_t deflate_zstd(struct bytes in, uint8_t *out, size_t room)
{
	size_t size = ZSTD_compress(out, room, in.data, in.size, ZSTD_LEVEL);
	require(!ZSTD_isError(size));
	return size;
}

size_t record_deflate(enum record_codec codec, struct bytes in, uint8_t *out)
{
	static size_t (*const codecs[RECORD_CODECS])(struct bytes, uint8_t *, size_t) = {
		[RECORD_CODEC_NONE] = deflate_none, [RECORD_CODEC_GZIP] = deflate_gzip,
		[RECORD_CODEC_SNAPPY] = deflate_snappy, [RECORD_CODEC_LZ4] = deflate_lz4,
		[RECORD_CODEC_ZSTD] = deflate_zstd,
	};
	require(codec < RECORD_CODECS);
	return codecs[codec](in, out, record_deflate_room(in.size));
}
