/* test_gbt32960_session.c - one connection of a T-Box or a platform: what is stored, what is
 * refused and why, and when. */
#include "dataplane/base/clock.h"
#include "dataplane/base/murmur2.h"
#include "dataplane/wire/fleet/gbt32960.h"
#include "tests/unit/session/ingest_rig.h"

#include <criterion/criterion.h>

#define for_each_sample(f)                                                               \
	for (const struct sample_frame *f = sample_frames()->frames,                     \
				       *f##_end = f + sample_frames()->count;            \
	     f < f##_end; f++)

static const enum stat_id reasons[] = {
	[EXPECT_GARBAGE] = STAT_frame_reject_garbage,
	[EXPECT_BCC] = STAT_frame_reject_bcc,
	[EXPECT_TOO_LONG] = STAT_frame_reject_too_long,
	[EXPECT_INCOMPLETE] = STAT_frame_reject_truncated,
};

static void check_record(const struct rig_record *record, const uint8_t *frame, size_t size)
{
	cr_assert(record->value_size == size && memcmp(record->value, frame, size) == 0);
	cr_assert(record->key_size == 17 && memcmp(record->key, frame + 4, 17) == 0);
	cr_assert(record->slot == partition_of_key(frame + 4, 17, RIG_VEHICLE_PARTITIONS));
	cr_assert(record->level == ACK_DURABLE);
}

/* The records of one partition are in the order of the stream. */
static void check_stored(const struct rig *r, const struct soup *s, const struct expect *e)
{
	size_t next[RIG_SLOTS] = {0};
	size_t frames = 0;
	for (size_t i = 0; i < e->count; i++) {
		const struct expect_piece *p = &e->pieces[i];
		if (p->kind != EXPECT_FRAME)
			continue;
		const uint8_t *frame = s->data + p->at;
		uint32_t slot = partition_of_key(frame + 4, 17, RIG_VEHICLE_PARTITIONS);
		while (next[slot] < r->stored_count && r->stored[next[slot]].slot != slot)
			next[slot]++;
		cr_assert(next[slot] < r->stored_count);
		check_record(&r->stored[next[slot]++], frame, p->size);
		frames++;
	}
	cr_assert(frames == r->stored_count, "%zu frames, %zu stored", frames, r->stored_count);
	cr_assert(rig_stat(r, STAT_records_stored) == frames);
}

static void check_rejected(struct rig *r, const struct expect *e)
{
	uint64_t want[STAT_COUNT] = {0};
	static struct bad_frame kept[BAD_FRAMES_KEPT];
	unsigned kept_count = bad_frames_read(&r->in.bad_frames, kept, BAD_FRAMES_KEPT);
	unsigned bad = 0;
	for (size_t i = e->count; i-- > 0;) {
		const struct expect_piece *p = &e->pieces[i];
		if (p->kind == EXPECT_FRAME)
			continue;
		enum stat_id reason = reasons[p->cause];
		want[reason]++;
		if (bad >= BAD_FRAMES_KEPT)
			continue;
		const struct bad_frame *k = &kept[bad++];
		cr_assert(k->stream_offset == p->at && k->size == p->size &&
			  k->reason == reason && k->peer.port == 4000);
	}
	cr_assert(kept_count == bad);
	for (unsigned id = STAT_frame_reject_garbage; id <= STAT_frame_reject_edition; id++)
		cr_assert(r->in.stats.value[id] == want[id], "%s: %lu, not %lu",
			  stat_infos[id].name, (unsigned long)r->in.stats.value[id],
			  (unsigned long)want[id]);
}

/* Sends `s` in random steps over one connection that then ends; checks everything. */
static void check_stream(struct rig *r, const struct soup *s, struct dice *d, uint32_t step_max,
			 size_t scratch)
{
	struct wire *w = wire_open(r, RIG_TERMINAL);
	for (size_t at = 0; at < s->size;) {
		size_t step = min_size(1 + dice_below(d, step_max), s->size - at);
		wire_send(w, s->data + at, step);
		at += step;
		w->peek_left = scratch;
		if (dice_below(d, 4))
			rig_turn(r, 100);
		else
			rig_turn_without_writer(r, 100);
	}
	wire_end(w);
	for (unsigned turns = 0; turns < 1000 && !w->stream.is_closed; turns++) {
		w->peek_left = scratch;
		rig_turn(r, 1000);
	}
	cr_assert(w->stream.is_closed && !w->was_reset && w->consumed == s->size,
		  "consumed %zu of %zu", w->consumed, s->size);
	rig_settle(r); /* what is not answered is stored after its linger */
	struct expect e = expect_of(s->data, s->size,
				    r->in.listeners[RIG_TERMINAL].frame_bytes_max);
	check_stored(r, s, &e);
	check_rejected(r, &e);
	expect_free(&e);
	wire_free(w);
}

static void check_public_frames(enum editions editions)
{
	for_each_sample(f) {
		struct rig *r = rig_create(NULL);
		r->in.listeners[RIG_TERMINAL].editions = editions;
		struct wire *w = wire_open(r, RIG_TERMINAL);
		wire_send(w, f->data, f->size);
		rig_settle(r);
		bool is_taken = editions == EDITIONS_ALL ||
				(editions == EDITIONS_2016) == f->is_2016;
		cr_assert(r->stored_count == is_taken);
		cr_assert(rig_stat(r, STAT_frame_reject_edition) == !is_taken);
		if (is_taken)
			check_record(&r->stored[0], f->data, f->size);
		wire_end(w);
		rig_settle(r);
		cr_assert(w->stream.is_closed);
		cr_assert(rig_stat(r, STAT_frames_received) == 1);
		wire_free(w);
		rig_destroy(r);
	}
}

Test(gbt32960_session, every_public_frame_of_both_editions_is_stored)
{
	check_public_frames(EDITIONS_ALL);
}

Test(gbt32960_session, a_listener_of_one_edition_refuses_frames_of_the_other)
{
	check_public_frames(EDITIONS_2016);
	check_public_frames(EDITIONS_2025);
}

/* Each refused frame is one of the ledger, and the runs on its sides are two. */
Test(gbt32960_session, a_refused_frame_ends_a_run_and_hides_nothing)
{
	const struct sample_frame *newer = sample_frames()->frames;
	while (newer->is_2016)
		newer++;
	struct rig *r = rig_create(NULL);
	r->in.listeners[RIG_TERMINAL].editions = EDITIONS_2016;
	struct wire *w = wire_open(r, RIG_TERMINAL);
	wire_send(w, "noise", 5);
	wire_send(w, newer->data, newer->size);
	wire_send(w, newer->data, newer->size);
	wire_send(w, "noise", 5);
	wire_send(w, sample_login()->data, sample_login()->size);
	rig_settle(r);
	cr_assert(r->stored_count == 1);
	cr_assert(rig_stat(r, STAT_frame_reject_edition) == 2);
	cr_assert(rig_stat(r, STAT_frame_reject_garbage) == 2);
	cr_assert(rig_stat(r, STAT_frames_received) == 5);
	wire_end(w);
	rig_settle(r);
	wire_free(w);
	rig_destroy(r);
}

static struct soup all_frames(const char *between)
{
	struct soup s = {0};
	for_each_sample(f) {
		soup_add(&s, f->data, f->size);
		soup_add(&s, between, strlen(between));
	}
	return s;
}

Test(gbt32960_session, all_frames_in_a_row_are_stored_wherever_they_are_split)
{
	struct soup s = all_frames("");
	for (size_t split = 1; split < s.size; split += 3) {
		struct rig *r = rig_create(NULL);
		struct wire *w = wire_open(r, RIG_TERMINAL);
		wire_send(w, s.data, split);
		rig_turn(r, 100);
		wire_send(w, s.data + split, s.size - split);
		rig_turn(r, 100);
		rig_settle(r);
		cr_assert(w->consumed == s.size);
		cr_assert(r->stored_count == 71);
		cr_assert(rig_stat(r, STAT_frames_received) == 71);
		wire_lose(w);
		rig_settle(r);
		wire_free(w);
		rig_destroy(r);
	}
	free(s.data);
}

Test(gbt32960_session, every_frame_is_stored_when_it_comes_byte_by_byte)
{
	struct soup s = all_frames("\r\n");
	struct rig *r = rig_create(NULL);
	struct dice d = {1};
	check_stream(r, &s, &d, 1, SIZE_MAX);
	rig_destroy(r);
	free(s.data);
}

Test(gbt32960_session, random_streams_are_stored_and_counted_as_the_slow_resynchroniser_says)
{
	for (uint64_t seed = 1; seed <= 150; seed++) {
		struct dice d = {seed};
		struct soup s = soup_random(&d, 1 + dice_below(&d, 400));
		struct rig_options o = {.batch_bytes = 200 + dice_below(&d, 20000)};
		if (seed % 2)
			o.lane_credit_bytes = 3000 + dice_below(&d, 20000);
		if (seed % 3 == 0)
			o.answers_max = 1 + dice_below(&d, 20);
		if (seed % 5 == 0)
			o.appends_max = 9 + dice_below(&d, 20);
		struct rig *r = rig_create(&o);
		if (seed % 2)
			r->in.listeners[RIG_TERMINAL].frame_bytes_max = 1024;
		uint32_t step_max = 1 + dice_below(&d, seed % 7 ? 3000 : 60000);
		check_stream(r, &s, &d, step_max, seed % 11 ? SIZE_MAX : 70000);
		rig_destroy(r);
		free(s.data);
	}
}

Test(gbt32960_session, a_run_of_garbage_in_many_segments_counts_once_and_grows_its_entry)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_TERMINAL);
	for (unsigned i = 0; i < 50; i++) {
		wire_send(w, "0123456789", 10);
		rig_turn(r, 100);
		cr_assert(rig_stat(r, STAT_frame_reject_garbage) == 1);
		cr_assert(w->consumed == 10 * (i + 1));
	}
	struct bad_frame bad[2];
	cr_assert(bad_frames_read(&r->in.bad_frames, bad, 2) == 1);
	cr_assert(bad[0].size == 500 && memcmp(bad[0].bytes + 250, "012345", 6) == 0);
	const struct sample_frame *f = &sample_frames()->frames[2];
	wire_send(w, f->data, f->size);
	wire_send(w, "again", 5);
	rig_turn(r, 100);
	cr_assert(rig_stat(r, STAT_frame_reject_garbage) == 2);
	wire_end(w);
	rig_settle(r);
	wire_free(w);
	rig_destroy(r);
}

/* ---- time ------------------------------------------------------------------------------- */

Test(gbt32960_session, a_candidate_is_given_up_after_its_time_and_the_frames_inside_are_found)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_TERMINAL);
	uint8_t header[24] = "##\x02\xfe";
	header[22] = 0xf0;
	wire_send(w, header, sizeof header);
	wire_send(w, sample_login()->data, sample_login()->size);
	rig_turn(r, 1000);
	for (unsigned ms = 0; ms < RIG_FRAME_TIMEOUT_MS - 5; ms += 10)
		rig_turn(r, 10000);
	cr_assert(r->stored_count == 0 && w->consumed == 0);
	rig_turn(r, 20000);
	rig_settle(r);
	cr_assert(r->stored_count == 1);
	cr_assert(rig_stat(r, STAT_frame_reject_timeout) == 1);
	wire_end(w);
	rig_settle(r);
	wire_free(w);
	rig_destroy(r);
}

Test(gbt32960_session, candidates_that_came_together_are_given_up_together)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_TERMINAL);
	uint8_t header[24] = "##\x02\xfe";
	header[22] = 0xf0;
	for (unsigned i = 0; i < 100; i++)
		wire_send(w, header, sizeof header);
	rig_turn(r, 1000);
	rig_turn(r, (RIG_FRAME_TIMEOUT_MS + 2) * 1000);
	rig_turn(r, 1000);
	cr_assert(w->consumed == 2400);
	cr_assert(rig_stat(r, STAT_frame_reject_timeout) == 1);
	wire_end(w);
	rig_settle(r);
	wire_free(w);
	rig_destroy(r);
}

Test(gbt32960_session, a_slow_frame_that_is_whole_in_time_is_stored)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_TERMINAL);
	for (size_t i = 0; i < sample_login()->size; i++) {
		wire_send(w, sample_login()->data + i, 1);
		rig_turn(r, RIG_FRAME_TIMEOUT_MS * 900 / sample_login()->size);
	}
	rig_settle(r);
	cr_assert(r->stored_count == 1);
	wire_end(w);
	rig_settle(r);
	wire_free(w);
	rig_destroy(r);
}

/* Whole, given up, or gone with its connection. */
Test(gbt32960_session, who_waits_for_the_rest_of_a_frame_has_a_line_more_until_it_has_come)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_TERMINAL);
	const struct sample_frame *login = sample_login();
	for (unsigned i = 0; i < 3; i++) {
		wire_send(w, login->data, 30);
		rig_turn(r, 1000);
		cr_assert(r->in.sessions.places.in_use == 1);
		wire_send(w, login->data + 30, login->size - 30);
		rig_turn(r, 1000);
		cr_assert(r->in.sessions.places.in_use == 0);
	}
	wire_send(w, login->data, 30);
	rig_turn(r, 1000);
	rig_turn(r, (RIG_FRAME_TIMEOUT_MS + 2) * 1000);
	rig_turn(r, 1000);
	cr_assert(rig_stat(r, STAT_frame_reject_timeout) == 1);
	cr_assert(r->in.sessions.places.in_use == 0 && w->consumed == 3 * login->size + 30);
	wire_send(w, login->data, 30);
	rig_turn(r, 1000);
	cr_assert(r->in.sessions.places.in_use == 1);
	wire_lose(w);
	rig_settle(r);
	cr_assert(r->in.sessions.places.in_use == 0 && r->in.sessions.places.fresh == 1);
	wire_free(w);
	rig_destroy(r);
}

Test(gbt32960_session, the_time_of_a_candidate_runs_from_its_first_byte)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_TERMINAL);
	const struct sample_frame *f = sample_login();
	static const size_t parts[] = {1, 2, 24};
	for (unsigned i = 0; i < array_len(parts); i++) {
		wire_send(w, f->data + w->arrived.size, parts[i] - w->arrived.size);
		rig_turn(r, RIG_FRAME_TIMEOUT_MS * 400);
	}
	rig_turn(r, RIG_FRAME_TIMEOUT_MS * 400);
	rig_turn(r, 1000);
	cr_assert(rig_stat(r, STAT_frame_reject_timeout) == 1);
	wire_end(w);
	rig_settle(r);
	wire_free(w);
	rig_destroy(r);
}

Test(gbt32960_session, frames_across_the_end_of_a_window_survive_the_end_of_the_stream)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_TERMINAL);
	enum { DATA = 60000, FRAMES = 6 };
	uint8_t header[24] = "##\x02\xfe";
	header[22] = DATA >> 8;
	header[23] = DATA & 0xff;
	wire_send(w, "garbage", 7);
	for (unsigned i = 0; i < FRAMES; i++) {
		wire_send(w, header, sizeof header);
		soup_add_byte(&w->arrived, 'x', DATA);
		uint8_t bcc = 0x02 ^ 0xfe ^ header[22] ^ header[23];
		wire_send(w, &bcc, 1);
	}
	wire_end(w);
	rig_settle(r);
	cr_assert(r->stored_count == FRAMES && w->stream.is_closed);
	cr_assert(rig_stat(r, STAT_frames_received) == FRAMES + 1);
	wire_free(w);
	rig_destroy(r);
}

Test(gbt32960_session, a_candidate_behind_frames_without_credit_keeps_its_time)
{
	struct rig_options o = {.lane_credit_bytes = 2 * sample_login()->size + 250};
	struct rig *r = rig_create(&o);
	struct wire *w = wire_open(r, RIG_TERMINAL);
	for (unsigned i = 0; i < 5; i++)
		wire_send(w, sample_login()->data, sample_login()->size);
	wire_send(w, sample_login()->data, 30);
	rig_turn_without_writer(r, 1000);
	for (unsigned i = 0; i < 10; i++)
		rig_turn_without_writer(r, RIG_FRAME_TIMEOUT_MS * 1000);
	cr_assert(rig_stat(r, STAT_sessions_blocked) > 0);
	for (unsigned i = 0; i < 40; i++)
		rig_turn(r, 6000);
	wire_send(w, sample_login()->data + 30, sample_login()->size - 30);
	rig_settle(r);
	cr_assert(r->stored_count == 6 && rig_stat(r, STAT_frame_reject_timeout) == 0);
	wire_end(w);
	rig_settle(r);
	wire_free(w);
	rig_destroy(r);
}

/* ---- ends ------------------------------------------------------------------------------- */

Test(gbt32960_session, a_stream_that_ends_inside_a_frame_is_truncated)
{
	for (size_t n = 1; n < sample_login()->size; n++) {
		struct rig *r = rig_create(NULL);
		struct wire *w = wire_open(r, RIG_TERMINAL);
		wire_send(w, sample_login()->data, sample_login()->size);
		wire_send(w, sample_login()->data, n);
		wire_end(w);
		rig_settle(r);
		cr_assert(r->stored_count == 1 && w->stream.is_closed);
		cr_assert(rig_stat(r, STAT_frame_reject_truncated) == 1);
		cr_assert(w->sent.size == 31);
		wire_free(w);
		rig_destroy(r);
	}
}

Test(gbt32960_session, a_lost_connection_ends_its_frames_in_the_ledger)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_TERMINAL);
	wire_send(w, sample_login()->data, sample_login()->size);
	wire_send(w, sample_login()->data, 20);
	rig_turn_without_writer(r, 1000);
	wire_lose(w);
	rig_settle(r);
	cr_assert(r->stored_count == 1 && w->sent.size == 0);
	/* The one that waited for its answer, and the one begun. */
	cr_assert(rig_stat(r, STAT_frame_drop_connection) == 2);
	wire_free(w);
	rig_destroy(r);
}

/* ---- floods ----------------------------------------------------------------------------- */

static void check_flood(const struct soup *s)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_TERMINAL);
	uint64_t start = clock_now_ns();
	for (size_t at = 0; at < s->size; at += 1460) {
		wire_send(w, s->data + at, min_size(1460, s->size - at));
		rig_turn(r, 10);
	}
	wire_end(w);
	rig_settle(r);
	uint64_t spent_ms = (clock_now_ns() - start) / NS_PER_MS;
	cr_assert(spent_ms < 2000, "%lu ms", (unsigned long)spent_ms);
	cr_assert(w->consumed == s->size);
	struct expect e = expect_of(s->data, s->size, RIG_FRAME_BYTES_MAX);
	check_stored(r, s, &e);
	check_rejected(r, &e);
	expect_free(&e);
	wire_free(w);
	rig_destroy(r);
}

Test(gbt32960_session, sixty_four_kilobytes_of_start_bytes_take_bounded_time)
{
	struct soup s = {0};
	soup_add_byte(&s, '#', 64 << 10);
	check_flood(&s);
	s.size = 0;
	while (s.size < 128 << 10)
		soup_add(&s, "##\xff\xf0", 4);
	s.data[70000] ^= 1;
	check_flood(&s);
	/* A small good frame before each candidate, to lure the scanner out of its window. */
	s.size = 0;
	while (s.size < 128 << 10) {
		soup_add(&s, sample_frames()->frames[31].data, sample_frames()->frames[31].size);
		soup_add(&s, "##\x01\xfe 23456789012345678\xff\xf0", 24);
	}
	check_flood(&s);
	free(s.data);
}

Test(gbt32960_session, two_connections_of_one_vehicle_share_a_batch)
{
	struct rig *r = rig_create(NULL);
	struct wire *a = wire_open(r, RIG_TERMINAL), *b = wire_open(r, RIG_TERMINAL);
	wire_send(a, sample_login()->data, sample_login()->size);
	wire_send(b, sample_login()->data, sample_login()->size);
	rig_settle(r);
	cr_assert(r->stored_count == 2 && r->appends == 1);
	cr_assert(r->stored[1].value_size == sample_login()->size);
	cr_assert(a->sent.size == 31 && b->sent.size == 31);
	wire_lose(a);
	wire_end(b);
	rig_settle(r);
	wire_free(a);
	wire_free(b);
	rig_destroy(r);
}
