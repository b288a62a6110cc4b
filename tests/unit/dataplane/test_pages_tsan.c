/* test_pages_tsan.c - what one core writes and others read behind a sequence lock (counters,
 * watermarks, broken frames), under ThreadSanitizer: every copy is whole, none is older than
 * the one before, and what its writer did first is seen by whoever reads it. A plain main:
 * Criterion aborts under TSan. */
#include "dataplane/base/require.h"
#include "dataplane/base/stats.h"
#include "dataplane/session/bad_frames.h"
#include "dataplane/writer_marks.h"

#include <pthread.h>
#include <stdio.h>

enum { ROUNDS = 100000 };

/* The log of this test: as many records as there were rounds. */
struct log {
	int64_t round;
};

static struct stats_page stats_page;
static struct marks_page marks_page;
static struct bad_frames frames;
/* Plain, each element written once, before the copy that tells of it. */
static uint32_t witness[ROUNDS + 1];

void log_get_marks(const struct log *log, struct log_marks *ret)
{
	*ret = (struct log_marks){.log_start_offset = log->round,
				  .high_watermark = log->round,
				  .size_bytes = (uint64_t)log->round};
}

static void *write_stats(void *argument)
{
	static struct stats s;
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		witness[round] = ~round;
		for (unsigned i = 0; i < STAT_COUNT; i++)
			s.value[i] = round;
		for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
			s.answer_latency_us[i] = round;
		stats_publish(&stats_page, &s);
	}
	return NULL;
}

static uint32_t read_stats(void)
{
	static struct stats s;
	stats_read(&stats_page, &s);
	uint32_t round = (uint32_t)s.value[0];
	for (unsigned i = 0; i < STAT_COUNT; i++)
		require(s.value[i] == round);
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		require(s.answer_latency_us[i] == round);
	return round;
}

static void *write_marks(void *argument)
{
	struct log log;
	struct log_marks marks;
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		witness[round] = ~round;
		log.round = round;
		log_get_marks(&log, &marks);
		marks_write(&marks_page, &marks);
	}
	return NULL;
}

static uint32_t read_marks(void)
{
	struct log_marks marks;
	marks_read(&marks_page, &marks);
	require(marks.log_start_offset == marks.high_watermark);
	require(marks.size_bytes == (uint64_t)marks.high_watermark);
	return (uint32_t)marks.high_watermark;
}

/* Each frame in two pieces: all of its bytes say its round. */
static void *write_frames(void *argument)
{
	uint8_t half[BAD_FRAME_BYTES / 2];
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		struct bad_frame frame = {.stream_offset = round, .wall_ms = round};
		struct bytes bytes = {half, sizeof half};
		witness[round] = ~round;
		memset(half, (uint8_t)round, sizeof half);
		uint64_t ticket = bad_frames_add(&frames, &frame, bytes);
		bad_frames_extend(&frames, ticket, bytes);
	}
	return NULL;
}

static uint32_t read_frames(void)
{
	static struct bad_frame kept[BAD_FRAMES_KEPT];
	unsigned count = bad_frames_read(&frames, kept, BAD_FRAMES_KEPT);
	for (unsigned i = 0; i < count; i++) {
		const struct bad_frame *f = &kept[i];
		require(f->wall_ms == (int64_t)f->stream_offset);
		require(f->size == BAD_FRAME_BYTES || f->size == BAD_FRAME_BYTES / 2);
		for (unsigned at = 0; at < f->size; at++)
			require(f->bytes[at] == (uint8_t)f->stream_offset);
		require(witness[f->stream_offset] == ~(uint32_t)f->stream_offset);
	}
	/* The newest may have been passed over because it was being written. */
	static uint32_t newest;
	return newest = count ? max_u32(newest, (uint32_t)kept[0].stream_offset) : newest;
}

static void readers_see_whole_copies(const char *what, void *(*write)(void *),
				     uint32_t (*read)(void))
{
	pthread_t writer;
	uint32_t last = 0, copies = 0;
	memset(witness, 0, sizeof witness);
	require(pthread_create(&writer, NULL, write, NULL) == 0);
	while (last < ROUNDS) {
		uint32_t round = read();
		require(round >= last && (round == 0 || witness[round] == ~round));
		copies += round > last;
		last = round;
	}
	require(pthread_join(writer, NULL) == 0);
	printf("%s: %u copies of %u\n", what, copies, ROUNDS);
}

int main(void)
{
	readers_see_whole_copies("counters", write_stats, read_stats);
	readers_see_whole_copies("watermarks", write_marks, read_marks);
	readers_see_whole_copies("broken frames", write_frames, read_frames);
	return 0;
}
