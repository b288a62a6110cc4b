/* test_bad_frames.c - the last broken frames, kept for the operator. */
#include "dataplane/session/bad_frames.h"

#include <criterion/criterion.h>

static struct bad_frames frames;

static uint64_t add(uint64_t offset, const char *text)
{
	struct bad_frame frame = {.stream_offset = offset, .reason = 7, .listener = 3};
	return bad_frames_add(&frames, &frame,
			      (struct bytes){(const uint8_t *)text, strlen(text)});
}

static void extend(uint64_t ticket, const char *text)
{
	bad_frames_extend(&frames, ticket, (struct bytes){(const uint8_t *)text, strlen(text)});
}

Test(bad_frames, nothing_is_kept_at_first)
{
	struct bad_frame ret[1];
	cr_assert(bad_frames_read(&frames, ret, 1) == 0);
}

Test(bad_frames, the_newest_come_first_and_the_oldest_are_overwritten)
{
	static struct bad_frame ret[2 * BAD_FRAMES_KEPT];
	for (uint64_t i = 0; i < BAD_FRAMES_KEPT + 10; i++)
		add(i, "bytes");
	cr_assert(bad_frames_read(&frames, ret, 2 * BAD_FRAMES_KEPT) == BAD_FRAMES_KEPT);
	for (uint64_t i = 0; i < BAD_FRAMES_KEPT; i++)
		cr_assert(ret[i].stream_offset == BAD_FRAMES_KEPT + 9 - i);
	cr_assert(ret[0].reason == 7 && ret[0].listener == 3 && ret[0].size == 5);
	cr_assert(memcmp(ret[0].bytes, "bytes", 5) == 0);
	cr_assert(bad_frames_read(&frames, ret, 3) == 3);
}

Test(bad_frames, a_run_grows_its_entry_until_it_is_overwritten)
{
	struct bad_frame ret[1];
	uint64_t ticket = add(0, "one");
	extend(ticket, "two");
	cr_assert(bad_frames_read(&frames, ret, 1) == 1);
	cr_assert(ret[0].size == 6 && memcmp(ret[0].bytes, "onetwo", 6) == 0);
	for (unsigned i = 0; i < BAD_FRAMES_KEPT; i++)
		add(100, "other");
	extend(ticket, "three");
	for (unsigned i = 0; i < BAD_FRAMES_KEPT; i++)
		cr_assert(frames.entries[i].frame.size == 5);
}

Test(bad_frames, a_long_run_keeps_its_first_bytes_and_its_size)
{
	static char text[BAD_FRAME_BYTES];
	memset(text, 'x', sizeof text - 1);
	uint64_t ticket = add(0, text);
	extend(ticket, "yz and what follows");
	struct bad_frame ret[1];
	cr_assert(bad_frames_read(&frames, ret, 1) == 1);
	cr_assert(ret[0].size == BAD_FRAME_BYTES - 1 + 19);
	cr_assert(ret[0].bytes[BAD_FRAME_BYTES - 2] == 'x');
	cr_assert(ret[0].bytes[BAD_FRAME_BYTES - 1] == 'y');
}
