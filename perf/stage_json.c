/* stage_json.c - realtime reports of GB/T 32960, 450 bytes with 148 cells and 36 probes, and
 * location reports of JT/T 808: written as JSON. Hot: 256 frames; cold: 65,536. */
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/fleet/check_code.h"
#include "dataplane/wire/fleet/gbt32960_json.h"
#include "dataplane/wire/fleet/jt808_json.h"
#include "perf/bench.h"

enum {
	FRAMES_HOT = 256,
	FRAMES_COLD = 65536,
	FRAME_BYTES = 450,
	FRAME_ROOM = 512,
	CELLS = 148,
	PROBES = 36,
	STRIDE = 389, /* coprime to both */
};

static uint8_t *frames;
static unsigned frame_count, next_frame;
static struct bytes chosen[BENCH_VECTOR_MAX];
static char text[GBT32960_JSON_BYTES(FRAME_BYTES)];
static volatile size_t sink; /* results a compiler must not drop */

static uint8_t *put(uint8_t *at, const void *data, size_t size)
{
	memcpy(at, data, size);
	return at + size;
}

/* The report of vehicle `number`: one motor, one pack, nothing wrong. */
static void frame_make(uint8_t *out, unsigned number)
{
	static const uint8_t head[] = "##\x02\xfe"
				      "LPENSTK0000000000"
				      "\x01\x01\xa9\x19\x0b\x1e\x0c\x00\x00";
	static const uint8_t units[] =
		"\x01\x01\x03\x01\x01\x2c\x00\x01\xe2\x40\x0e\x10\x27\xa3\x41"
		"\x01\x2e\x17\x70\x10\x00"
		"\x02\x01\x01\x01\x41\x54\x1a\x4f\x3c\x46\x0e\x11\x27\x58"
		"\x05\x00\x07\x3d\xb1\xee\x01\xdc\x4d\x26"
		"\x06\x01\x56\x0c\xe4\x01\x8e\x0c\xa8\x01\x1a\x46\x01\x23\x3f"
		"\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		"\x08\x01\x01\x0e\x10\x27\xa3\x00\x94\x00\x01\x94";
	uint8_t *at = put(out, head, sizeof head - 1);
	at = put(at, units, sizeof units - 1);
	for (unsigned i = 0; i < CELLS; i++, at += 2)
		be16_store(at, (uint16_t)(3200 + (number * 7 + i * 13) % 140));
	at = put(at, "\x09\x01\x01\x00\x24", 5);
	for (unsigned i = 0; i < PROBES; i++)
		*at++ = (uint8_t)(60 + (number + i) % 16);
	*at++ = gbt32960_bcc((struct gbt32960_header *)out,
			     (struct bytes){out + GBT32960_HEADER_BYTES, FRAME_BYTES - 25});
	require(at == out + FRAME_BYTES);
}

static void json_setup(void)
{
	size_t bytes;
	if (frames)
		return;
	frame_count = bench_set(FRAMES_HOT, FRAMES_COLD);
	frames = map_take((size_t)frame_count * FRAME_ROOM);
	require(frames != NULL);
	for (unsigned i = 0; i < frame_count; i++)
		frame_make(frames + (size_t)i * FRAME_ROOM, i);
	struct bytes frame = {frames, FRAME_BYTES};
	require(gbt32960_look(frame, GBT32960_FRAME_BYTES_MAX).kind == GBT32960_FRAME);
	require(gbt32960_json(frame, text, sizeof text, &bytes) == GBT32960_JSON_WHOLE);
}

/* In an order that no prefetcher foresees. */
static void prepare_frames(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		next_frame = (next_frame + STRIDE) % frame_count;
		chosen[i] = (struct bytes){frames + (size_t)next_frame * FRAME_ROOM, FRAME_BYTES};
	}
}

static void run_json(unsigned n)
{
	size_t bytes = 0;
	for (unsigned i = 0; i < n; i++) {
		size_t size;
		gbt32960_json(chosen[i], text, sizeof text, &size);
		bytes += size;
	}
	sink = bytes;
}

/* A public one, of 73 bytes, with seven items: the same each time, since nothing of its bytes but
 * where its items end decides what is done. */
static uint8_t location[] =
	"\x02\x00\x00\x3c\x01\x88\x76\x63\x89\x72\x00\xe5\x00\x00\x00\x00\x00\x04\x00\x00\x01\x31"
	"\x7a\x67\x06\x93\x68\x51\x00\x0e\x00\x00\x00\x27\x17\x10\x19\x19\x35\x38\x01\x04\x00\x00"
	"\x3f\xb2\x03\x02\x00\x00\x25\x04\x00\x00\x00\x00\x2a\x02\x00\x00\x2b\x04\x00\x00\x00\x00"
	"\x30\x01\x1f\x31\x01\x00\xab";

static void location_setup(void)
{
	size_t bytes;
	struct bytes message = {location, sizeof location - 1};
	require(check_code(message.data, message.size) == 0);
	require(jt808_json(message, text, sizeof text, &bytes) == JT808_JSON_WHOLE);
}

static void prepare_nothing(unsigned n)
{
}

static void run_location(unsigned n)
{
	size_t bytes = 0;
	for (unsigned i = 0; i < n; i++) {
		size_t size;
		jt808_json((struct bytes){location, sizeof location - 1}, text, sizeof text, &size);
		bytes += size;
	}
	sink = bytes;
}

static void settle_nothing(unsigned n)
{
}

const struct stage json_stages[] = {
	{"gbt32960_json", "report of 450 B with 148 cells: its JSON of 2.1 KB", json_setup,
	 prepare_frames, run_json, settle_nothing},
	{"jt808_json", "location report of 73 B with seven items: its JSON of 0.6 KB",
	 location_setup, prepare_nothing, run_location, settle_nothing},
	{0},
};
