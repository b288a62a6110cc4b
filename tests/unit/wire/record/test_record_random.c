/* test_record_random.c - vehicles' frames as records, then damaged at random: both readers of
 * records, the one that has them in one piece and the one that has them in pieces, say the same,
 * and neither reads beyond them. */
#include "dataplane/wire/record/record_walk.h"
#include "tests/unit/wire/fleet/gbt32960_sample.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum {
	ROUNDS = 60000,
	RECORDS_MAX = 12,
	DAMAGES_MAX = 4,
	HEADERS_MAX = 3,
	CHUNK_MAX = 300,
	ROOM = 64 << 10,
};

static uint8_t room[ROOM];

static struct dice dice;

static uint32_t below(uint32_t limit)
{
	return dice_below(&dice, limit);
}

/* Deltas of all lengths, and of both signs. */
static int64_t any_number(void)
{
	uint64_t v = (uint64_t)below(UINT32_MAX) << 32 | below(UINT32_MAX);
	return zigzag_decode(v >> below(64));
}

static struct bytes any_frame(void)
{
	const struct sample_frames *all = sample_frames();
	const struct sample_frame *f = &all->frames[below((uint32_t)all->count)];
	return below(8) ? (struct bytes){f->data, f->size} : (struct bytes){0};
}

static void put_span(struct emitter *e, struct bytes b)
{
	emit_varint(e, record_span_size(b));
	emit_bytes(e, b.data, b.size);
}

static void put_headers(struct emitter *e)
{
	uint32_t count = below(4) ? 0 : below(HEADERS_MAX + 1);
	emit_varint(e, count);
	for (uint32_t i = 0; i < count; i++) {
		put_span(e, (struct bytes){(const uint8_t *)"edition", 7});
		put_span(e, any_frame());
	}
}

static void put_record(struct emitter *e, uint32_t number)
{
	static uint8_t body[ROOM];
	struct emitter b = emitter_of(body, sizeof body);
	emit_u8(&b, 0);
	emit_varint(&b, any_number());
	emit_varint(&b, below(16) ? number : below(UINT16_MAX));
	put_span(&b, below(2) ? (struct bytes){(const uint8_t *)"HAUV4BGN6S5002219", 17}
			      : (struct bytes){0});
	put_span(&b, any_frame());
	put_headers(&b);
	cr_assert(!b.bad);
	emit_varint(e, (int64_t)emitter_size(&b));
	emit_bytes(e, body, emitter_size(&b));
}

/* Returns the batch's size, in `room`. */
static size_t make_batch(void)
{
	uint32_t count = 1 + below(RECORDS_MAX);
	struct emitter e = emitter_of(room + RECORD_BATCH_HEADER_BYTES,
				      ROOM - RECORD_BATCH_HEADER_BYTES);
	record_batch_build((struct record_batch_header *)room, count, any_number(), 0);
	for (uint32_t i = 0; i < count; i++)
		put_record(&e, i);
	cr_assert(!e.bad);
	return RECORD_BATCH_HEADER_BYTES + emitter_size(&e);
}

/* One of: a bit, a byte, a cut, a count that lies, bytes that are there twice. */
static size_t damage(size_t size)
{
	struct record_batch_header *h = (struct record_batch_header *)room;
	size_t at = RECORD_BATCH_HEADER_BYTES +
		    below((uint32_t)(size - RECORD_BATCH_HEADER_BYTES) + 1);
	size_t n = min_size(1 + below(40), size - at);
	switch (below(5)) {
	case 0:
		room[at] ^= (uint8_t)(1 << below(8));
		return size;
	case 1:
		room[at] = (uint8_t)below(256);
		return size;
	case 2:
		return at;
	case 3:
		h->count = be32_of(below(2) ? below(RECORDS_MAX + 2) : below(UINT32_MAX));
		return size;
	default:
		memmove(room + at + n, room + at, size - at);
		return size + n;
	}
}

struct reading {
	bool is_good;
	struct record_times times;
};

static void note_time(struct record_times *t, int64_t time)
{
	if (time == RECORD_NO_TIMESTAMP)
		return;
	t->earliest = !t->any || time < t->earliest ? time : t->earliest;
	t->latest = !t->any || time > t->latest ? time : t->latest;
	t->any = true;
}

static bool lies_within(struct bytes b, const uint8_t *batch, size_t size)
{
	return !b.data || (b.data >= batch && b.size <= (size_t)(batch + size - b.data));
}

static struct reading read_whole(const uint8_t *batch, size_t size)
{
	const struct record_batch_header *h = record_batch_header_of(batch);
	struct record_iterator it = record_iterate(batch, size);
	struct reading found = {0};
	struct record_view r;
	while (record_next(&it, &r)) {
		cr_assert(lies_within(r.key, batch, size) && lies_within(r.value, batch, size) &&
			  lies_within(r.headers, batch, size));
		note_time(&found.times, (int64_t)(be64_get(h->base_timestamp) +
						  (uint64_t)r.timestamp_delta));
	}
	found.is_good = !it.at.bad && it.left == 0 && cursor_left(&it.at) == 0;
	return found;
}

/* In pieces of memory of their own, so that a sanitizer sees what is read beyond one. */
static struct reading read_pieces(const uint8_t *batch, size_t size)
{
	struct reading found = {0};
	struct record_walk w;
	record_walk_begin(&w, record_batch_header_of(batch), false);
	size_t at = RECORD_BATCH_HEADER_BYTES;
	bool is_fine = true;
	while (at < size && is_fine) {
		size_t n = min_size(1 + below(CHUNK_MAX), size - at);
		uint8_t *piece = malloc(n);
		memcpy(piece, batch + at, n);
		is_fine = record_walk_take(&w, (struct bytes){piece, n});
		free(piece);
		at += n;
	}
	found.is_good = record_walk_is_whole(&w);
	found.times = w.times;
	return found;
}

static void compare(uint32_t round, size_t size)
{
	uint8_t *batch = malloc(size);
	memcpy(batch, room, size);
	struct reading whole = read_whole(batch, size), pieces = read_pieces(batch, size);
	free(batch);
	cr_assert(whole.is_good == pieces.is_good, "round %u: %s", round,
		  whole.is_good ? "good in one piece only" : "good in pieces only");
	if (!whole.is_good)
		return;
	cr_assert(whole.times.any == pieces.times.any, "round %u", round);
	cr_assert(!whole.times.any || (whole.times.earliest == pieces.times.earliest &&
				       whole.times.latest == pieces.times.latest),
		  "round %u", round);
}

Test(record_random, what_is_good_is_good_to_both)
{
	for (uint32_t round = 0; round < ROUNDS / 4; round++) {
		dice = (struct dice){round};
		size_t size = make_batch();
		cr_assert(read_whole(room, size).is_good, "round %u", round);
		compare(round, size);
	}
}

Test(record_random, what_is_damaged_is_the_same_to_both)
{
	unsigned good = 0;
	for (uint32_t round = 0; round < ROUNDS; round++) {
		dice = (struct dice){round};
		size_t size = make_batch();
		for (uint32_t n = 1 + below(DAMAGES_MAX); n > 0; n--)
			size = damage(size);
		compare(round, size);
		good += read_whole(room, size).is_good;
	}
	cr_assert(good > ROUNDS / 20 && good < ROUNDS / 2, "%u of %u", good, ROUNDS);
}
