/* fuzz_units.c - a vehicle's frame of any bytes, as JSON.
 *
 *     input: how 1 | room 2 | frame
 *
 * `how` names the edition, and whether the frame is a report whose units the rest is. The object
 * has to be valid, no key twice, within the room that is promised; in `room` bytes it is the same,
 * or there is none.
 */
#include "tests/fuzz/fuzz.h"
#include "dataplane/wire/fleet/gbt32960_json.h"

#include <jansson.h>

enum { FRAME_BYTES_MAX = 4096, IS_2025 = 1, IS_REPORT = 2 };

static void check_object(const char *text, size_t bytes)
{
	json_t *object = json_loadb(text, bytes, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	require(object != NULL);
	json_decref(object);
}

static void check_frame(struct bytes frame, size_t small_room)
{
	size_t room = GBT32960_JSON_BYTES(frame.size), bytes, again;
	char *text = malloc(room), *small = malloc(small_room);
	require(text && (small || small_room == 0));
	enum gbt32960_json outcome = gbt32960_json(frame, text, room, &bytes);
	require(outcome != GBT32960_JSON_NO_ROOM && bytes <= room);
	check_object(text, bytes);
	if (gbt32960_json(frame, small, small_room, &again) != GBT32960_JSON_NO_ROOM)
		require(again == bytes && memcmp(small, text, bytes) == 0);
	else
		require(again == 0 && small_room < room);
	free(small);
	free(text);
}

static void make_report(uint8_t *frame, size_t size)
{
	static const uint8_t head[] = "##\x02\xfeLPENSTK0000000001\x01";
	memcpy(frame, head, sizeof head - 1);
	be16_store(frame + sizeof head - 1, (uint16_t)(size - GBT32960_FRAME_BYTES_MIN));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_of(data, size);
	uint8_t how = fuzz_u8(&c);
	uint16_t small_room = fuzz_u16(&c);
	struct bytes given = fuzz_take(&c, FRAME_BYTES_MAX);
	size_t head = how & IS_REPORT ? GBT32960_HEADER_BYTES : 0;
	size_t frame_bytes = given.size + head;
	if (frame_bytes < GBT32960_FRAME_BYTES_MIN)
		return 0;
	uint8_t *frame = malloc(frame_bytes);
	require(frame != NULL);
	memcpy(frame + head, given.data, given.size);
	if (how & IS_REPORT)
		make_report(frame, frame_bytes);
	frame[0] = frame[1] = how & IS_2025 ? GBT32960_2025 : GBT32960_2016;
	check_frame((struct bytes){frame, frame_bytes}, small_room);
	free(frame);
	return 0;
}
