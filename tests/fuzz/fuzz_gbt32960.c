/* fuzz_gbt32960.c - a vehicle's stream of any bytes, cut anywhere, against a second reader.
 *
 *     input: how 1 | cut 1 | stream
 *
 * `how` names the listener, and whether the block check characters of what looks like frames are
 * made right; `cut` is the length of the pieces that the stream comes in. What is stored and what
 * is refused has to be what the slow resynchroniser of the unit tests (gbt32960_sample.h) says.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/session/ingest_rig.h"

enum { RIGHT_BCC = 0x80, STREAM_BYTES_MAX = 16384, BODY_AT = 2, SIZE_AT = 22, HEADER = 24 };

static void put_right(uint8_t *stream, size_t size)
{
	for (size_t at = 0; at + HEADER < size; at++) {
		if ((stream[at] != '#' && stream[at] != '$') || stream[at + 1] != stream[at])
			continue;
		size_t end = at + HEADER + be16_load(stream + at + SIZE_AT);
		if (end >= size)
			continue;
		uint8_t bcc = 0;
		for (size_t i = at + BODY_AT; i < end; i++)
			bcc ^= stream[i];
		stream[end] = bcc;
		at = end;
	}
}

static void send_pieces(struct rig *r, struct wire *w, struct bytes stream, size_t cut)
{
	for (size_t at = 0; at < stream.size && !w->stream.is_closed;) {
		size_t piece = min_size(cut, stream.size - at);
		wire_send(w, stream.data + at, piece);
		at += piece;
		rig_turn(r, 100);
	}
	if (!w->stream.is_closed)
		wire_end(w);
	for (unsigned turns = 0; turns < 1000 && !w->stream.is_closed; turns++)
		rig_turn(r, 1000);
	require(w->stream.is_closed && !w->was_reset && w->consumed == stream.size);
	rig_settle(r);
}

static void check(const struct rig *r, struct bytes stream, const struct listener *listener)
{
	static const enum stat_id reasons[] = {
		[EXPECT_GARBAGE] = STAT_frame_reject_garbage,
		[EXPECT_BCC] = STAT_frame_reject_bcc,
		[EXPECT_TOO_LONG] = STAT_frame_reject_too_long,
		[EXPECT_INCOMPLETE] = STAT_frame_reject_truncated,
	};
	uint64_t want[STAT_COUNT] = {0};
	size_t frames = 0;
	struct expect e = expect_of(stream.data, stream.size, listener->frame_bytes_max);
	for (size_t i = 0; i < e.count; i++) {
		const struct expect_piece *p = &e.pieces[i];
		frames += p->kind == EXPECT_FRAME;
		if (p->kind == EXPECT_RUN)
			want[reasons[p->cause]]++;
	}
	expect_free(&e);
	require(r->stored_count == frames);
	for (unsigned id = STAT_frame_reject_garbage; id <= STAT_frame_reject_edition; id++)
		require(rig_stat(r, (enum stat_id)id) == want[id]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_of(data, size);
	uint8_t how = fuzz_u8(&c), listener = how % 3;
	size_t cut = 1 + fuzz_u8(&c) * 4u;
	struct bytes given = fuzz_take(&c, STREAM_BYTES_MAX);
	uint8_t *stream = fuzz_copy(given);
	if (how & RIGHT_BCC)
		put_right(stream, given.size);
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, listener);
	send_pieces(r, w, (struct bytes){stream, given.size}, cut);
	check(r, (struct bytes){stream, given.size}, &r->in.listeners[listener]);
	wire_free(w);
	rig_destroy(r);
	free(stream);
	return 0;
}
