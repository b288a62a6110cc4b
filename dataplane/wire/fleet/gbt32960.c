/* gbt32960.c - windows of a stream in, pieces out; answers; see gbt32960.h. */
#include "dataplane/wire/fleet/gbt32960.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/fleet/calendar.h"
#include "dataplane/wire/fleet/check_code.h"

static bool is_start(uint8_t byte)
{
	return byte == GBT32960_2016 || byte == GBT32960_2025;
}

/* The piece at `at` as far as its header tells: a frame's BCC is not looked at. */
static struct gbt32960_piece look_at_header(struct bytes at, uint32_t frame_bytes_max)
{
	struct gbt32960_piece wait = {.kind = GBT32960_WAIT};
	struct gbt32960_piece bad = {.kind = GBT32960_BAD, .size = 1};
	if (at.size > 0 && !is_start(at.data[0]))
		return bad;
	if (at.size > 1 && at.data[1] != at.data[0])
		return bad;
	wait.size = at.size < 2 ? 2 : GBT32960_HEADER_BYTES;
	if (at.size < wait.size)
		return wait;
	const struct gbt32960_header *h = gbt32960_header_of(at);
	uint32_t size = GBT32960_FRAME_BYTES_MIN + be16_get(h->data_bytes);
	if (size > min_u32(frame_bytes_max, GBT32960_FRAME_BYTES_MAX)) {
		bad.cause = GBT32960_TOO_LONG;
		return bad;
	}
	wait.size = size;
	if (at.size < size)
		return wait;
	return (struct gbt32960_piece){.kind = GBT32960_FRAME, .size = size};
}

/* Only the first byte is given up: the length of a damaged frame is as doubtful as the rest of
 * it, and the next frame may begin inside. */
static struct gbt32960_piece bad_bcc(void)
{
	return (struct gbt32960_piece){GBT32960_BAD, GBT32960_BCC, 1};
}

struct gbt32960_piece gbt32960_look(struct bytes at, uint32_t frame_bytes_max)
{
	struct gbt32960_piece piece = look_at_header(at, frame_bytes_max);
	if (piece.kind == GBT32960_FRAME && check_code(at.data + 2, piece.size - 2) != 0)
		return bad_bcc();
	return piece;
}

void gbt32960_scan_init(struct gbt32960_scan *s, struct bytes window, size_t abandon_before,
			uint32_t frame_bytes_max)
{
	require(window.size <= GBT32960_WINDOW_BYTES);
	s->window = window;
	s->at = 0;
	s->abandon_before = abandon_before;
	s->frame_bytes_max = frame_bytes_max;
	s->blocks_summed = 0;
	s->sums[0] = 0;
}

/* XOR of window[0 .. n): whole blocks are summed once, when first asked for. */
static uint8_t xor_before(struct gbt32960_scan *s, size_t n)
{
	const uint8_t *data = s->window.data;
	size_t blocks = n / GBT32960_BLOCK_BYTES;
	for (; s->blocks_summed < blocks; s->blocks_summed++) {
		size_t b = s->blocks_summed;
		s->sums[b + 1] = s->sums[b] ^ check_code(data + b * GBT32960_BLOCK_BYTES,
						     GBT32960_BLOCK_BYTES);
	}
	size_t rest = blocks * GBT32960_BLOCK_BYTES;
	return s->sums[blocks] ^ check_code(data + rest, n - rest);
}

static struct gbt32960_piece piece_at(struct gbt32960_scan *s)
{
	struct bytes at = {s->window.data + s->at, s->window.size - s->at};
	struct gbt32960_piece piece = look_at_header(at, s->frame_bytes_max);
	switch ((enum gbt32960_kind)piece.kind) {
	case GBT32960_FRAME:
		if (xor_before(s, s->at + 2) != xor_before(s, s->at + piece.size))
			return bad_bcc();
		break;
	case GBT32960_WAIT:
		if (s->at < s->abandon_before)
			return (struct gbt32960_piece){GBT32960_BAD, GBT32960_INCOMPLETE, 1};
		break;
	case GBT32960_BAD:
		while (piece.size < at.size && !is_start(at.data[piece.size]))
			piece.size++;
	}
	return piece;
}

/* Bad pieces that touch are one piece to the caller, with the cause of the first: one fault is
 * counted once, however many bytes the search for the next frame takes. */
bool gbt32960_scan_next(struct gbt32960_scan *s, struct gbt32960_piece *ret)
{
	size_t start = s->at;
	while (s->at < s->window.size) {
		struct gbt32960_piece piece = piece_at(s);
		if (piece.kind == GBT32960_BAD) {
			if (s->at == start)
				*ret = piece;
			s->at += piece.size;
			continue;
		}
		if (s->at > start)
			break;
		*ret = piece;
		if (piece.kind != GBT32960_WAIT)
			s->at += piece.size;
		return true;
	}
	if (s->at == start)
		return false;
	ret->size = s->at - start;
	return true;
}

uint8_t gbt32960_bcc(const struct gbt32960_header *h, struct bytes data)
{
	uint8_t of_header = check_code_fixed(&h->command, GBT32960_HEADER_BYTES - 2);
	if (likely(data.size == GBT32960_TIME_BYTES))
		return of_header ^ check_code_fixed(data.data, GBT32960_TIME_BYTES);
	return of_header ^ check_code(data.data, data.size);
}

static uint8_t xor_be16(struct be16 v)
{
	return v.raw[0] ^ v.raw[1];
}

/* The BCC comes from the request's bytes and what is changed in them: to read together what was
 * just written piece by piece would wait for the pieces. */
uint8_t gbt32960_answer_emit(uint8_t out[GBT32960_HEADER_BYTES],
			     const struct gbt32960_header *request, uint8_t flag,
			     struct bytes data)
{
	struct be16 data_bytes = be16_of((uint16_t)data.size);
	uint8_t changed = request->flag ^ flag ^ xor_be16(request->data_bytes) ^
			  xor_be16(data_bytes);
	struct gbt32960_header *h = (struct gbt32960_header *)out;
	*h = *request;
	h->flag = flag;
	h->data_bytes = data_bytes;
	return gbt32960_bcc(request, data) ^ changed;
}

void gbt32960_time(uint8_t out[GBT32960_TIME_BYTES], int64_t wall_ms)
{
	static_assert(GBT32960_TIME_BYTES == (int)CALENDAR_FIELDS, "t.5");
	calendar_of(out, wall_ms / 1000 + CALENDAR_BEIJING_S);
}
