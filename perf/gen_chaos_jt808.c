/* gen_chaos_jt808.c - streams of terminals in, how their frames end out: docs/JT808.md,
 * "Resynchronisation", content by content and without the gateway's code; see gen_chaos.h. */
#include "dataplane/base/be.h"
#include "perf/gen_chaos.h"

enum {
	DELIMITER = 0x7e,
	ESCAPE = 0x7d,
	MESSAGE_BYTES_MIN = 13,
	CONTENT_BYTES_MAX = 2090,
	LENGTH = 0x03ff,
	IN_PARTS = 0x2000,
	VERSIONED = 0x4000,
};

/* A content without its escapes; false: one of them stands for nothing. */
static bool unescape(struct bytes content, uint8_t *out, size_t *size)
{
	*size = 0;
	for (size_t i = 0; i < content.size; i++) {
		uint8_t byte = content.data[i];
		if (byte == ESCAPE) {
			uint8_t next = i + 1 < content.size ? content.data[++i] : 0;
			if (next != 1 && next != 2)
				return false;
			byte = (uint8_t)(ESCAPE - 1 + next);
		}
		out[(*size)++] = byte;
	}
	return true;
}

/* The header's size, with the fields of a part; 0: it gives the body another length. */
static size_t header_bytes(const uint8_t *message, size_t size)
{
	uint16_t properties = be16_load(message + 2);
	size_t rest = (properties & LENGTH) + 1u, parts = properties & IN_PARTS ? 4 : 0;
	if (properties & VERSIONED && size == 17 + parts + rest)
		return 17 + parts;
	return size == 12 + parts + rest ? 12 + parts : 0;
}

static enum gen_end look(struct bytes content, uint8_t *message, size_t *size)
{
	uint8_t sum = 0;
	if (content.size > CONTENT_BYTES_MAX)
		return GEN_END_TOO_LONG;
	if (content.size < MESSAGE_BYTES_MIN)
		return GEN_END_GARBAGE;
	if (!unescape(content, message, size))
		return GEN_END_ESCAPE;
	if (*size < MESSAGE_BYTES_MIN)
		return GEN_END_GARBAGE;
	for (size_t i = 0; i < *size; i++)
		sum ^= message[i];
	if (sum)
		return GEN_END_BCC;
	size_t header = header_bytes(message, *size);
	if (!header)
		return GEN_END_HEADER;
	bool is_part = be16_load(message + 2) & IN_PARTS;
	const uint8_t *part = message + header - 2;
	if (is_part && (be16_load(part) == 0 || be16_load(part) > be16_load(part - 2)))
		return GEN_END_HEADER;
	return GEN_END_ACCEPTED;
}

/* One that is the same as the one before it comes while that waits for the disk. */
static void count(struct gen_reading *ret, const uint8_t *message, size_t size, struct bytes *last)
{
	static _Thread_local uint8_t before[CONTENT_BYTES_MAX];
	bool is_again = last->size == size && memcmp(before, message, size) == 0;
	ret->ends[is_again ? GEN_END_RESENT : GEN_END_ACCEPTED]++;
	ret->answered += !is_again;
	memcpy(before, message, size);
	*last = (struct bytes){before, size};
}

void gen_chaos_read_jt808(const struct gen_chaos *c, struct bytes stream, struct gen_reading *ret)
{
	bool is_in_run = false, is_open = false;
	struct bytes last = {0};
	for (size_t at = 0; at < stream.size;) {
		uint8_t message[CONTENT_BYTES_MAX];
		size_t end = at, size = 0;
		while (end < stream.size && stream.data[end] != DELIMITER)
			end++;
		struct bytes content = {stream.data + at, end - at};
		bool is_whole = end < stream.size;
		at = end + 1;
		if (content.size > 0) {
			enum gen_end how = look(content, message, &size);
			if (!is_open)
				how = GEN_END_GARBAGE;
			else if (!is_whole && how != GEN_END_TOO_LONG)
				how = GEN_END_TRUNCATED;
			bool is_frame = how == GEN_END_ACCEPTED;
			if (is_frame)
				count(ret, message, size, &last);
			else if (!is_in_run)
				ret->ends[how]++;
			is_in_run = !is_frame;
		}
		is_open = true;
	}
}
