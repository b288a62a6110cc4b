/* test_gbt32960.c - frames cut from streams, and answers to them. */
#include "dataplane/wire/fleet/gbt32960.h"
#include "dataplane/base/clock.h"
#include "tests/unit/wire/fleet/gbt32960_sample.h"

#include <criterion/criterion.h>

#define for_each_sample(f)                                                               \
	for (const struct sample_frame *f = sample_frames()->frames,                     \
				       *f##_end = f + sample_frames()->count;            \
	     f < f##_end; f++)

static struct gbt32960_piece look(const void *data, size_t size)
{
	return gbt32960_look((struct bytes){data, size}, GBT32960_FRAME_BYTES_MAX);
}

Test(gbt32960, every_public_frame_is_one_piece)
{
	unsigned count_2016 = 0;
	for_each_sample(f) {
		struct gbt32960_piece p = look(f->data, f->size);
		cr_assert(p.kind == GBT32960_FRAME && p.size == f->size);
		count_2016 += f->is_2016;
	}
	cr_assert(count_2016 == 54 && sample_frames()->count == 71);
}

Test(gbt32960, every_beginning_of_a_frame_waits_for_more_but_never_for_too_much)
{
	for_each_sample(f) {
		for (size_t n = 0; n < f->size; n++) {
			struct gbt32960_piece p = look(f->data, n);
			cr_assert(p.kind == GBT32960_WAIT && p.size > n && p.size <= f->size);
		}
	}
}

Test(gbt32960, every_flipped_bit_behind_the_start_breaks_the_frame)
{
	enum { LENGTH_FROM = 22, LENGTH_TO = 24 }; /* may name another, whole frame */
	for_each_sample(f) {
		for (size_t bit = 16; bit < 8 * f->size; bit++) {
			if (bit == 8 * LENGTH_FROM)
				bit = 8 * LENGTH_TO;
			f->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			struct gbt32960_piece p = look(f->data, f->size);
			cr_assert(p.kind == GBT32960_BAD || p.kind == GBT32960_WAIT);
			f->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

Test(gbt32960, a_frame_longer_than_the_listener_takes_is_not_waited_for)
{
	uint8_t header[24] = "##\x02\xfe";
	header[22] = 4;
	struct bytes at = {header, sizeof header};
	cr_assert(gbt32960_look(at, 1049).kind == GBT32960_WAIT);
	cr_assert(gbt32960_look(at, 1048).cause == GBT32960_TOO_LONG);
	/* t.2: 65531 at most, whatever the listener takes. */
	header[22] = 0xff;
	header[23] = 0xfb;
	cr_assert(gbt32960_look(at, UINT32_MAX).kind == GBT32960_WAIT);
	header[23] = 0xfc;
	cr_assert(gbt32960_look(at, UINT32_MAX).cause == GBT32960_TOO_LONG);
}

/* A receiver in small: what has arrived, how much of it is cut, what it was cut into. */
struct receiver {
	const struct soup *stream;
	size_t arrived;
	size_t cut;
	bool in_run;
	struct expect got;
	uint32_t frame_bytes_max;
};

static void receiver_take(struct receiver *r, const struct gbt32960_piece *p)
{
	struct expect_piece *last = &r->got.pieces[r->got.count - 1];
	if (p->kind == GBT32960_BAD && r->in_run) {
		last->size += p->size;
	} else {
		static const enum expect_kind kinds[] = {
			[GBT32960_FRAME] = EXPECT_FRAME,
			[GBT32960_BAD] = EXPECT_RUN,
		};
		r->got.pieces[r->got.count++] = (struct expect_piece){
			.kind = kinds[p->kind],
			.cause = p->kind == GBT32960_BAD ? (enum expect_cause)p->cause : 0,
			.at = r->cut,
			.size = p->size,
		};
	}
	r->in_run = p->kind == GBT32960_BAD;
	r->cut += p->size;
}

/* Cuts what can be cut; everything when `is_end`. Returns the pieces taken. */
static unsigned receiver_cut(struct receiver *r, bool is_end)
{
	unsigned pieces = 0, before;
	do {
		before = pieces;
		size_t left = r->arrived - r->cut;
		size_t size = min_size(left, GBT32960_WINDOW_BYTES);
		struct gbt32960_scan scan;
		gbt32960_scan_init(&scan, (struct bytes){r->stream->data + r->cut, size},
				   is_end && size == left ? SIZE_MAX : 0, r->frame_bytes_max);
		struct gbt32960_piece p;
		while (gbt32960_scan_next(&scan, &p) && p.kind != GBT32960_WAIT) {
			receiver_take(r, &p);
			pieces++;
		}
	} while (pieces > before && r->cut < r->arrived);
	return pieces;
}

static struct receiver receiver_of(const struct soup *stream)
{
	return (struct receiver){
		.stream = stream,
		.got.pieces = calloc(stream->size + 1, sizeof(struct expect_piece)),
		.frame_bytes_max = GBT32960_FRAME_BYTES_MAX,
	};
}

static void receiver_check(struct receiver *r)
{
	struct expect want = expect_of(r->stream->data, r->stream->size, r->frame_bytes_max);
	cr_assert(r->got.count == want.count, "%zu pieces, not %zu", r->got.count, want.count);
	for (size_t i = 0; i < want.count; i++) {
		const struct expect_piece *g = &r->got.pieces[i], *w = &want.pieces[i];
		cr_assert(g->kind == w->kind && g->at == w->at && g->size == w->size &&
				  g->cause == w->cause,
			  "piece %zu: kind %d cause %d at %zu size %zu, not %d %d %zu %zu", i,
			  g->kind, g->cause, g->at, g->size, w->kind, w->cause, w->at,
			  w->size);
	}
	expect_free(&want);
	expect_free(&r->got);
}

Test(gbt32960, all_frames_back_to_back_come_out_whatever_the_cut)
{
	struct soup all = {0};
	for_each_sample(f)
		soup_add(&all, f->data, f->size);
	for (size_t split = 0; split <= all.size; split++) {
		struct receiver r = receiver_of(&all);
		r.arrived = split;
		receiver_cut(&r, false);
		r.arrived = all.size;
		receiver_cut(&r, false);
		cr_assert(r.got.count == sample_frames()->count && r.cut == all.size);
		expect_free(&r.got);
	}
	free(all.data);
}

Test(gbt32960, garbage_between_frames_is_one_run_each)
{
	struct soup s = {0};
	for_each_sample(f) {
		soup_add(&s, "noise $ # !", 11);
		soup_add(&s, f->data, f->size);
	}
	struct receiver r = receiver_of(&s);
	for (r.arrived = 1; r.arrived < s.size; r.arrived++)
		receiver_cut(&r, false);
	receiver_cut(&r, true);
	cr_assert(r.got.count == 2 * sample_frames()->count);
	for (size_t i = 0; i < r.got.count; i += 2)
		cr_assert(r.got.pieces[i].kind == EXPECT_RUN && r.got.pieces[i].size == 11 &&
			  r.got.pieces[i].cause == EXPECT_GARBAGE);
	receiver_check(&r);
	free(s.data);
}

Test(gbt32960, random_streams_are_cut_as_the_slow_resynchroniser_cuts_them)
{
	for (uint64_t seed = 1; seed <= 400; seed++) {
		struct dice d = {seed};
		struct soup s = soup_random(&d, 1 + dice_below(&d, 60));
		struct receiver r = receiver_of(&s);
		if (seed % 3 == 0)
			r.frame_bytes_max = 25 + dice_below(&d, 600);
		uint32_t step_max = 1 + dice_below(&d, seed % 2 ? 2000 : 20);
		while (r.arrived < s.size) {
			size_t step = 1 + dice_below(&d, step_max);
			r.arrived = min_size(r.arrived + step, s.size);
			receiver_cut(&r, false);
		}
		receiver_cut(&r, true);
		receiver_check(&r);
		free(s.data);
	}
}

/* A pattern whose every fourth byte begins a candidate of nearly 64 KiB that fails. */
static struct soup flood(size_t size)
{
	struct soup s = {0};
	while (s.size < size)
		soup_add(&s, "##\xff\xf0", 4);
	s.data[size / 2] ^= 1;
	return s;
}

Test(gbt32960, a_flood_of_beginnings_costs_time_linear_in_its_bytes)
{
	enum { SEGMENT = 1460 };
	struct soup s = flood(1 << 20);
	struct receiver r = receiver_of(&s);
	uint64_t start = clock_now_ns();
	while (r.arrived < s.size) {
		r.arrived = min_size(r.arrived + SEGMENT, s.size);
		receiver_cut(&r, false);
	}
	receiver_cut(&r, true);
	uint64_t spent_ms = (clock_now_ns() - start) / NS_PER_MS;
	/* Looking at every candidate's bytes would take minutes. */
	cr_assert(spent_ms < 3000, "%lu ms for 1 MiB", (unsigned long)spent_ms);
	cr_assert(r.cut == s.size);
	expect_free(&r.got);
	free(s.data);
}

Test(gbt32960, hash_signs_alone_are_frames_when_their_bcc_holds)
{
	/* Length 0x2323 and an odd number of '#': the standard has no way to tell. */
	struct soup s = {0};
	soup_add_byte(&s, '#', 64 << 10);
	struct receiver r = receiver_of(&s);
	r.arrived = s.size;
	receiver_cut(&r, true);
	cr_assert(r.got.pieces[0].kind == EXPECT_FRAME && r.got.pieces[0].size == 25 + 0x2323);
	receiver_check(&r);
	free(s.data);
}

/* The request that comes just before the answer `f`, or null. */
static const struct sample_frame *request_before(const struct sample_frame *f)
{
	if (f == sample_frames()->frames || f->data[GBT32960_FLAG_AT] != GBT32960_SUCCESS)
		return NULL;
	const struct sample_frame *request = f - 1;
	bool is_pair = request->is_2016 && f->is_2016 && !f->is_up &&
		       request->data[GBT32960_FLAG_AT] == GBT32960_COMMAND &&
		       request->data[2] == f->data[2] &&
		       memcmp(request->data + 4, f->data + 4, GBT32960_VIN_BYTES) == 0;
	return is_pair ? request : NULL;
}

Test(gbt32960, answers_are_those_of_a_live_platform_byte_for_byte)
{
	unsigned pairs = 0;
	for_each_sample(f) {
		const struct sample_frame *request = request_before(f);
		if (!request)
			continue;
		struct bytes frame = {request->data, request->size};
		struct bytes data = gbt32960_data_of(frame);
		data.size = min_size(data.size, GBT32960_TIME_BYTES);
		uint8_t header[GBT32960_HEADER_BYTES];
		uint8_t bcc = gbt32960_answer_emit(header, gbt32960_header_of(frame),
						   GBT32960_SUCCESS, data);
		cr_assert(f->size == sizeof header + data.size + 1);
		cr_assert(memcmp(f->data, header, sizeof header) == 0);
		cr_assert(memcmp(f->data + sizeof header, data.data, data.size) == 0);
		cr_assert(f->data[f->size - 1] == bcc);
		pairs++;
	}
	cr_assert(pairs >= 5, "%u pairs", pairs);
}

static void check_time(int64_t wall_s, const uint8_t want[6])
{
	uint8_t got[GBT32960_TIME_BYTES];
	gbt32960_time(got, wall_s * 1000 + 999);
	cr_assert(memcmp(got, want, 6) == 0, "%u-%u-%u %u:%u:%u", got[0], got[1], got[2],
		  got[3], got[4], got[5]);
}

Test(gbt32960, time_is_beijing_time)
{
	check_time(946684800, (const uint8_t[]){0, 1, 1, 8, 0, 0});       /* 2000-01-01 UTC */
	check_time(951839999, (const uint8_t[]){0, 2, 29, 23, 59, 59}); /* leap day */
	check_time(951840000, (const uint8_t[]){0, 3, 1, 0, 0, 0});
	check_time(1548258956, (const uint8_t[]){19, 1, 23, 23, 55, 56});
	check_time(1798732799, (const uint8_t[]){26, 12, 31, 23, 59, 59});
	check_time(1798732800, (const uint8_t[]){27, 1, 1, 0, 0, 0});
}
