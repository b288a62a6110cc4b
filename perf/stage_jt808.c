/* stage_jt808.c - location reports of JT/T 808, 112 bytes on the wire: found in their bytes, read,
 * given a partition; and what is answered to each. Hot: 256 frames; cold: 262,144. */
#include "dataplane/base/map.h"
#include "dataplane/base/murmur2.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/fleet/jt808_answer.h"
#include "perf/bench.h"
#include "perf/bench_parts.h"

enum {
	FRAMES_HOT = 256,
	FRAMES_COLD = 262144,
	PARTITIONS_HOT = 16,
	PARTITIONS_COLD = 2048,
	FRAME_ROOM = 128,
	STRIDE = 389, /* coprime to all */
};

static uint8_t *frames;
static unsigned frame_count, next_frame, partitions;
static struct bytes chosen[BENCH_VECTOR_MAX];
static struct jt808_message messages[BENCH_VECTOR_MAX];
static uint8_t answer[JT808_GENERAL_ANSWER_BYTES_MAX];
static volatile uint32_t sink; /* results a compiler must not drop */

static void jt808_setup(void)
{
	if (frames)
		return;
	partitions = bench_set(PARTITIONS_HOT, PARTITIONS_COLD);
	frame_count = bench_set(FRAMES_HOT, FRAMES_COLD);
	frames = map_take((size_t)frame_count * FRAME_ROOM);
	require(frames != NULL);
	for (unsigned i = 0; i < frame_count; i++)
		bench_report_make(frames + (size_t)i * FRAME_ROOM, i, 0);
}

/* What is done with the bytes of a frame before it is a record. */
static uint32_t parse(struct bytes bytes, struct jt808_message *ret)
{
	struct jt808_scan scan;
	struct jt808_piece piece;
	char phone[JT808_PHONE_DIGITS_MAX];
	jt808_scan_init(&scan, bytes, false, JT808_WIRE_BYTES_MAX);
	if (!jt808_scan_next(&scan, &piece) || piece.kind != JT808_FRAME)
		return 0;
	*ret = jt808_read(piece.content);
	size_t digits = jt808_phone_text(phone, ret->phone, false);
	return partition_of_key((const uint8_t *)phone, digits, partitions);
}

/* Frames in an order that no prefetcher foresees: cold ones come from memory. */
static void prepare_frames(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		next_frame = (next_frame + STRIDE) % frame_count;
		chosen[i] = (struct bytes){frames + (size_t)next_frame * FRAME_ROOM,
					   BENCH_REPORT_BYTES};
	}
}

static void prepare_messages(unsigned n)
{
	prepare_frames(n);
	for (unsigned i = 0; i < n; i++)
		parse(chosen[i], &messages[i]);
}

static void run_parse(unsigned n)
{
	uint32_t found = 0;
	for (unsigned i = 0; i < n; i++)
		found += parse(chosen[i], &messages[i]);
	sink = found;
}

static void run_answer(unsigned n)
{
	uint32_t bytes = 0;
	for (unsigned i = 0; i < n; i++)
		bytes += (uint32_t)jt808_general_answer(answer, &messages[i], (uint16_t)i,
							JT808_DONE);
	sink = bytes;
}

static void settle_nothing(unsigned n)
{
}

const struct stage jt808_stages[] = {
	{"jt808_parse", "frame of 112 B: ends, check code, header, partition of its phone",
	 jt808_setup, prepare_frames, run_parse, settle_nothing},
	{"jt808_answer", "general answer of 20 B to a message that was read", jt808_setup,
	 prepare_messages, run_answer, settle_nothing},
	{0},
};
