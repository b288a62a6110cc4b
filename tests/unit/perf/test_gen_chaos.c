/* test_gen_chaos.c - the reference resynchroniser against streams written by hand, and the
 * broken streams against themselves. Rule numbers are those of docs/GBT32960.md. */
#include "dataplane/wire/fleet/gbt32960.h"
#include "perf/gen_chaos.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { STREAM_BYTES = 1024, FRAME_BYTES = 40, CONNECTIONS = 3, MESSAGES = 200 };

struct stream {
	size_t size;
	uint8_t bytes[STREAM_BYTES];
};

static void add(struct stream *s, const void *data, size_t size)
{
	cr_assert(s->size + size <= sizeof s->bytes);
	memcpy(s->bytes + s->size, data, size);
	s->size += size;
}

/* A frame with `start` twice in front; its data unit holds no start of a frame. */
static void add_frame_of(struct stream *s, uint8_t start, uint8_t command, uint8_t flag)
{
	uint8_t frame[FRAME_BYTES] = {start, start, command, flag};
	memcpy(frame + 4, "LPENSTK0000000001", 17);
	frame[21] = GBT32960_PLAIN;
	frame[23] = FRAME_BYTES - 25;
	for (unsigned i = 2; i < FRAME_BYTES - 1; i++)
		frame[FRAME_BYTES - 1] ^= frame[i];
	add(s, frame, sizeof frame);
}

static void add_frame(struct stream *s)
{
	add_frame_of(s, '#', GBT32960_REALTIME, GBT32960_COMMAND);
}

static struct gen_reading read_link(const struct stream *s, bool is_terminal)
{
	static struct gen_fleet fleet;
	static struct gen_chaos chaos;
	struct gen_reading reading = {0};
	struct gen_fleet_options o = {.frame_bytes = 100, .is_terminal = is_terminal};
	gen_fleet_init(&fleet, &o);
	gen_chaos_init(&chaos, &fleet, 0);
	gen_chaos_read(&chaos, (struct bytes){s->bytes, s->size}, &reading);
	return reading;
}

/* The ends in the order of enum gen_end, and the answers. */
static void expect(const struct stream *s, const uint64_t ends[GEN_ENDS], uint64_t answered)
{
	struct gen_reading reading = read_link(s, false);
	for (unsigned i = 0; i < GEN_ENDS; i++)
		cr_assert(reading.ends[i] == ends[i], "%s: %lu, not %lu", gen_end_names[i],
			  reading.ends[i], ends[i]);
	cr_assert(reading.answered == answered, "%lu answered", reading.answered);
}

#define ENDS(...) ((const uint64_t[GEN_ENDS]){__VA_ARGS__})

Test(gen_chaos, good_frames_are_accepted_and_answered)
{
	struct stream s = {0};
	expect(&s, ENDS(0), 0);
	add_frame(&s);
	add_frame(&s);
	expect(&s, ENDS([GEN_END_ACCEPTED] = 2), 2);
}

Test(gen_chaos, rule_1_a_run_of_garbage_counts_once)
{
	struct stream s = {0};
	add(&s, "garbage # $ more", 16);
	add_frame(&s);
	add(&s, "x", 1);
	add_frame(&s);
	expect(&s, ENDS([GEN_END_ACCEPTED] = 2, [GEN_END_GARBAGE] = 2), 2);
}

Test(gen_chaos, rule_1_a_lone_sign_at_the_end_is_waited_for)
{
	struct stream s = {0};
	add_frame(&s);
	add(&s, "#", 1);
	expect(&s, ENDS([GEN_END_ACCEPTED] = 1, [GEN_END_TRUNCATED] = 1), 1);
	add(&s, "x", 1);
	expect(&s, ENDS([GEN_END_ACCEPTED] = 1, [GEN_END_GARBAGE] = 1), 1);
}

Test(gen_chaos, rule_2_a_length_beyond_all_is_too_long)
{
	struct stream s = {0};
	add_frame(&s);
	memset(s.bytes + 22, 0xff, 2);
	add_frame(&s);
	expect(&s, ENDS([GEN_END_ACCEPTED] = 1, [GEN_END_TOO_LONG] = 1), 1);
	/* 25 + 65,531 is the longest frame: it may still come. */
	s.bytes[22] = 65531 >> 8;
	s.bytes[23] = 65531 & 0xff;
	expect(&s, ENDS([GEN_END_ACCEPTED] = 1, [GEN_END_TRUNCATED] = 1), 1);
	s.bytes[23]++;
	expect(&s, ENDS([GEN_END_ACCEPTED] = 1, [GEN_END_TOO_LONG] = 1), 1);
	s.size = 24; /* enough to know */
	expect(&s, ENDS([GEN_END_TOO_LONG] = 1), 0);
}

Test(gen_chaos, rule_3_a_changed_byte_breaks_its_frame_and_no_other)
{
	struct stream s = {0};
	add_frame(&s);
	add_frame(&s);
	add_frame(&s);
	s.bytes[FRAME_BYTES + 30] ^= 1;
	expect(&s, ENDS([GEN_END_ACCEPTED] = 2, [GEN_END_BCC] = 1), 2);
}

Test(gen_chaos, rule_3_a_cut_frame_swallows_the_start_of_the_next_and_hides_it_not)
{
	struct stream s = {0};
	add_frame(&s);
	s.size = 30; /* the rest of what it claims is the next frame's */
	add_frame(&s);
	add_frame(&s);
	expect(&s, ENDS([GEN_END_ACCEPTED] = 2, [GEN_END_BCC] = 1), 2);
}

Test(gen_chaos, rule_4_what_never_came_is_truncated)
{
	struct stream s = {0};
	add_frame(&s);
	add_frame(&s);
	s.size--;
	expect(&s, ENDS([GEN_END_ACCEPTED] = 1, [GEN_END_TRUNCATED] = 1), 1);
	s.size = FRAME_BYTES + 23; /* not even its length */
	expect(&s, ENDS([GEN_END_ACCEPTED] = 1, [GEN_END_TRUNCATED] = 1), 1);
	s.size = FRAME_BYTES + 2;
	expect(&s, ENDS([GEN_END_ACCEPTED] = 1, [GEN_END_TRUNCATED] = 1), 1);
}

Test(gen_chaos, frames_of_2025_are_accepted_beside_those_of_2016)
{
	struct stream s = {0};
	add_frame_of(&s, '$', GBT32960_REALTIME, GBT32960_COMMAND);
	add_frame_of(&s, '$', GBT32960_REALTIME, GBT32960_COMMAND);
	add_frame(&s);
	expect(&s, ENDS([GEN_END_ACCEPTED] = 3), 3);
	s.bytes[1] = '#';
	expect(&s, ENDS([GEN_END_ACCEPTED] = 2, [GEN_END_GARBAGE] = 1), 2);
}

Test(gen_chaos, activation_and_key_exchange_are_of_2025)
{
	struct stream s = {0};
	for (uint8_t command = GBT32960_ACTIVATION; command <= 0x0C; command++) {
		add_frame_of(&s, '#', command, GBT32960_COMMAND);
		add_frame_of(&s, '$', command, GBT32960_COMMAND);
	}
	expect(&s, ENDS([GEN_END_ACCEPTED] = 8), 2);
}

Test(gen_chaos, a_frame_inside_a_broken_one_is_found)
{
	struct stream s = {0};
	add(&s, "##", 2);
	add_frame(&s);
	/* The outer length, bytes 22 and 23, is the inner VIN: beyond all, or never whole. */
	expect(&s, ENDS([GEN_END_ACCEPTED] = 1, [GEN_END_TRUNCATED] = 1), 1);
}

Test(gen_chaos, only_commands_that_ask_are_answered)
{
	struct stream s = {0};
	add_frame_of(&s, '#', GBT32960_LOGIN, GBT32960_COMMAND);
	add_frame_of(&s, '#', GBT32960_TIME_SYNC, GBT32960_COMMAND);
	add_frame_of(&s, '#', GBT32960_REISSUE, GBT32960_COMMAND);
	add_frame_of(&s, '#', GBT32960_LOGIN, GBT32960_SUCCESS); /* an answer itself */
	add_frame_of(&s, '#', GBT32960_TIME_SYNC + 1, GBT32960_COMMAND);
	add_frame_of(&s, '#', 0, GBT32960_COMMAND);
	expect(&s, ENDS([GEN_END_ACCEPTED] = 6), 3);
	struct gen_reading terminal = read_link(&s, true);
	cr_assert(terminal.answered == 2, "no reports on a terminal link");
}

/* ---- the broken streams ------------------------------------------------------------ */

struct chaos_rig {
	struct gen_fleet fleet;
	struct gen_chaos chaos;
	struct gen_tcp tcp;
	struct gen_conn conns[CONNECTIONS];
};

static struct chaos_rig *chaos_rig(double share, uint32_t frame_bytes)
{
	struct chaos_rig *r = calloc(1, sizeof *r);
	cr_assert(r);
	gen_fleet_init(&r->fleet, &(struct gen_fleet_options){.frame_bytes = frame_bytes});
	gen_chaos_init(&r->chaos, &r->fleet, share);
	r->tcp.options.connections = CONNECTIONS;
	r->tcp.conns = r->conns;
	for (unsigned i = 0; i < CONNECTIONS; i++)
		r->conns[i].begun = MESSAGES;
	return r;
}

Test(gen_chaos, without_a_share_nothing_goes_wrong)
{
	struct chaos_rig *r = chaos_rig(0, 0);
	struct gen_reading reading = {0};
	cr_assert(gen_chaos_predict(&r->chaos, &r->tcp, &reading));
	cr_assert(reading.ends[GEN_END_ACCEPTED] == CONNECTIONS * MESSAGES);
	cr_assert(reading.answered == CONNECTIONS * MESSAGES);
	for (unsigned i = GEN_END_GARBAGE; i < GEN_ENDS; i++)
		cr_assert(reading.ends[i] == 0);
	free(r);
}

Test(gen_chaos, about_as_many_go_wrong_as_are_to)
{
	struct chaos_rig *r = chaos_rig(0.25, 450);
	struct gen_reading reading = {0};
	cr_assert(gen_chaos_predict(&r->chaos, &r->tcp, &reading));
	uint64_t bad = 0, all = CONNECTIONS * MESSAGES;
	for (unsigned i = GEN_END_GARBAGE; i < GEN_ENDS; i++)
		bad += reading.ends[i];
	/* A quarter is harmed, of those two fifths lose frames and one is doubled. */
	cr_assert(bad > all / 20 && bad < all / 5, "%lu of %lu", bad, all);
	cr_assert(reading.ends[GEN_END_ACCEPTED] > all * 3 / 4);
	free(r);
}

Test(gen_chaos, a_message_in_pieces_is_the_message_and_a_doubled_one_is_it_twice)
{
	struct chaos_rig *r = chaos_rig(1, 0);
	const struct gen_load *l = &r->chaos.load;
	static uint8_t whole[2 * GEN_FLEET_FRAME_BYTES_MAX], piece[sizeof whole];
	unsigned doubled = 0;
	for (uint32_t m = 1; m < MESSAGES; m++) {
		uint32_t size = l->size(l, 1, m), half = size / 2;
		l->fill(l, 1, m, 0, size, whole);
		l->fill(l, 1, m, half, size - half, piece + half);
		l->fill(l, 1, m, 0, half, piece);
		cr_assert(memcmp(whole, piece, size) == 0, "%u", m);
		if (size != 2 * r->fleet.load.size(&r->fleet.load, 1, m))
			continue;
		cr_assert(memcmp(whole, whole + half, half) == 0, "%u", m);
		doubled++;
	}
	cr_assert(doubled > MESSAGES / 10);
	free(r);
}
