/* fuzz_units.c - a vehicle's frame of any bytes, as JSON.
 *
 *     input: how 1 | room 2 | frame
 *
 * `how` names protocol and edition, and whether the frame is a report whose units the rest is. The
 * object has to be valid, no key twice, within the room that is promised; in `room` bytes it is the
 * same, or there is none.
 */
#include "tests/fuzz/fuzz.h"
#include "dataplane/wire/fleet/gbt32960_json.h"
#include "dataplane/wire/fleet/jt808_body.h"
#include "dataplane/wire/fleet/jt808_json.h"

#include <jansson.h>

enum { FRAME_BYTES_MAX = 4096, IS_2025 = 1, IS_REPORT = 2, IS_JT808 = 4, IS_WHOLE = 8 };

static void check_object(const char *text, size_t bytes)
{
	json_t *object = json_loadb(text, bytes, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	require(object != NULL);
	json_decref(object);
}

/* Either codec's writer. */
typedef int write_json(struct bytes frame, void *out, size_t room, size_t *bytes);

static int write_gbt32960(struct bytes frame, void *out, size_t room, size_t *bytes)
{
	return gbt32960_json(frame, out, room, bytes) == GBT32960_JSON_NO_ROOM;
}

static int write_jt808(struct bytes message, void *out, size_t room, size_t *bytes)
{
	return jt808_json(message, out, room, bytes) == JT808_JSON_NO_ROOM;
}

static void check_frame(write_json *write, struct bytes frame, size_t room, size_t small_room)
{
	size_t bytes, again;
	char *text = malloc(room), *small = malloc(small_room);
	require(text && (small || small_room == 0));
	require(!write(frame, text, room, &bytes) && bytes <= room);
	check_object(text, bytes);
	if (write(frame, small, small_room, &again))
		require(again == 0 && small_room < room);
	else
		require(again == bytes && memcmp(small, text, bytes) == 0);
	free(small);
	free(text);
}

static void make_report(uint8_t *frame, size_t size)
{
	static const uint8_t head[] = "##\x02\xfeLPENSTK0000000001\x01";
	memcpy(frame, head, sizeof head - 1);
	be16_store(frame + sizeof head - 1, (uint16_t)(size - GBT32960_FRAME_BYTES_MIN));
}

static void check_gbt32960(uint8_t how, struct bytes given, size_t small_room)
{
	size_t head = how & IS_REPORT ? GBT32960_HEADER_BYTES : 0;
	size_t frame_bytes = given.size + head;
	if (frame_bytes < GBT32960_FRAME_BYTES_MIN)
		return;
	uint8_t *frame = malloc(frame_bytes);
	require(frame != NULL);
	memcpy(frame + head, given.data, given.size);
	if (how & IS_REPORT)
		make_report(frame, frame_bytes);
	frame[0] = frame[1] = how & IS_2025 ? GBT32960_2025 : GBT32960_2016;
	check_frame(write_gbt32960, (struct bytes){frame, frame_bytes},
		    GBT32960_JSON_BYTES(frame_bytes), small_room);
	free(frame);
}

/* A message that begins with a header of 2013, whose length is made right, or one that was put
 * together of its parts. */
static void check_jt808(uint8_t how, struct bytes given, size_t small_room)
{
	struct jt808_header_2013 *h;
	if (given.size < JT808_MESSAGE_BYTES_MIN ||
	    given.size > JT808_MESSAGE_BYTES_MIN + JT808_BODY_BYTES_MAX)
		return;
	uint8_t *message = fuzz_copy(given);
	h = (struct jt808_header_2013 *)message;
	h->properties = be16_of((uint16_t)(given.size - JT808_MESSAGE_BYTES_MIN));
	if (how & IS_WHOLE)
		h->properties = be16_of(0);
	if (how & IS_REPORT)
		h->id = be16_of(how & IS_2025 ? JT808_BATCH : JT808_LOCATION);
	check_frame(write_jt808, (struct bytes){message, given.size},
		    JT808_JSON_BYTES(given.size), small_room);
	free(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_of(data, size);
	uint8_t how = fuzz_u8(&c);
	uint16_t small_room = fuzz_u16(&c);
	struct bytes given = fuzz_take(&c, FRAME_BYTES_MAX);
	if (how & IS_JT808)
		check_jt808(how, given, small_room);
	else
		check_gbt32960(how, given, small_room);
	return 0;
}
