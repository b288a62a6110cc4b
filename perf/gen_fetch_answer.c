/* gen_fetch_answer.c - bytes of an answer in, events out; see gen_fetch_answer.h. */
#include "perf/gen_fetch_answer.h"
#include "dataplane/base/crc32c.h"

enum {
	HEAD_BYTES = 22,
	HEAD_BEYOND_SIZE_BYTES = HEAD_BYTES - 4,
	NAME_SIZE_BYTES = 2,
	COUNT_BYTES = 4,
	RESULT_BYTES = 34, /* up to the number of aborted transactions */
	RESULT_END_BYTES = 8,
	ABORTED_BYTES = 16,
};

static_assert(GEN_TOPIC_BYTES_MAX + COUNT_BYTES <= GEN_GATHER_BYTES_MAX, "the longest piece");

/* Not an event: the next stage goes on with what is there. */
enum { ON = GEN_FETCH_BAD + 1 };

enum stage { HEAD, TOPIC, NAME, RESULT, ABORTED, RESULT_END, HEADER, FRONT, BODY, CUT, STAGES };

/* The answer's own count goes with what is taken. Before its size is known it says nothing. */
static const uint8_t *gather(struct gen_fetch_answer *a, struct bytes *at, uint32_t size)
{
	size_t before = at->size;
	const uint8_t *piece = gen_gather(&a->gather, at, size);
	a->left -= (uint32_t)(before - at->size);
	return piece;
}

/* Is the answer as long as the piece that comes next? */
static bool has_left(const struct gen_fetch_answer *a, uint32_t size)
{
	return a->left >= size - a->gather.have;
}

static void drop(struct gen_fetch_answer *a, struct bytes *at, uint32_t size)
{
	gen_drop(at, size);
	a->left -= size;
}

static int head_stage(struct gen_fetch_answer *a, struct bytes *at)
{
	const uint8_t *piece = gather(a, at, HEAD_BYTES);
	if (!piece)
		return GEN_FETCH_MORE;
	struct cursor c = cursor_of(piece, HEAD_BYTES);
	uint32_t size = cursor_u32(&c);
	a->correlation = cursor_u32(&c);
	cursor_u32(&c); /* throttle time */
	a->error = (int16_t)cursor_u16(&c);
	a->session_id = cursor_u32(&c);
	a->topics_left = cursor_u32(&c);
	if (size < HEAD_BEYOND_SIZE_BYTES || size > INT32_MAX)
		return GEN_FETCH_BAD;
	a->left = size - HEAD_BEYOND_SIZE_BYTES;
	a->stage = TOPIC;
	return GEN_FETCH_HEAD;
}

static int topic_stage(struct gen_fetch_answer *a, struct bytes *at)
{
	if (a->topics_left == 0) {
		a->stage = HEAD;
		return a->left ? GEN_FETCH_BAD : GEN_FETCH_END;
	}
	if (!has_left(a, NAME_SIZE_BYTES))
		return GEN_FETCH_BAD;
	const uint8_t *piece = gather(a, at, NAME_SIZE_BYTES);
	if (!piece)
		return GEN_FETCH_MORE;
	a->name_bytes = be16_load(piece);
	a->topics_left--;
	a->stage = NAME;
	return a->name_bytes == a->topic.size ? ON : GEN_FETCH_BAD;
}

static int name_stage(struct gen_fetch_answer *a, struct bytes *at)
{
	if (!has_left(a, a->name_bytes + COUNT_BYTES))
		return GEN_FETCH_BAD;
	const uint8_t *piece = gather(a, at, a->name_bytes + COUNT_BYTES);
	if (!piece)
		return GEN_FETCH_MORE;
	a->partitions_left = be32_load(piece + a->name_bytes);
	a->stage = RESULT;
	return memcmp(piece, a->topic.data, a->name_bytes) == 0 ? ON : GEN_FETCH_BAD;
}

static int result_stage(struct gen_fetch_answer *a, struct bytes *at)
{
	if (a->partitions_left == 0) {
		a->stage = TOPIC;
		return ON;
	}
	if (!has_left(a, RESULT_BYTES))
		return GEN_FETCH_BAD;
	const uint8_t *piece = gather(a, at, RESULT_BYTES);
	if (!piece)
		return GEN_FETCH_MORE;
	struct cursor c = cursor_of(piece, RESULT_BYTES);
	a->partition = cursor_u32(&c);
	a->partition_error = (int16_t)cursor_u16(&c);
	a->high_watermark = (int64_t)cursor_u64(&c);
	cursor_u64(&c); /* last stable offset */
	cursor_u64(&c); /* log start offset */
	int32_t aborted = (int32_t)cursor_u32(&c);
	a->partitions_left--;
	if (aborted > 0 && (uint32_t)aborted > a->left / ABORTED_BYTES)
		return GEN_FETCH_BAD;
	a->skip = aborted > 0 ? (uint32_t)aborted * ABORTED_BYTES : 0;
	a->stage = ABORTED;
	return ON;
}

/* `skip` bytes, which nobody looks at. True: that was the last of them. */
static bool is_skipped(struct gen_fetch_answer *a, struct bytes *at)
{
	uint32_t taken = (uint32_t)min_size(a->skip, at->size);
	drop(a, at, taken);
	a->skip -= taken;
	return a->skip == 0;
}

static int aborted_stage(struct gen_fetch_answer *a, struct bytes *at)
{
	if (!is_skipped(a, at))
		return GEN_FETCH_MORE;
	a->stage = RESULT_END;
	return ON;
}

static int result_end_stage(struct gen_fetch_answer *a, struct bytes *at)
{
	if (!has_left(a, RESULT_END_BYTES))
		return GEN_FETCH_BAD;
	const uint8_t *piece = gather(a, at, RESULT_END_BYTES);
	if (!piece)
		return GEN_FETCH_MORE;
	int32_t size = (int32_t)be32_load(piece + 4); /* behind the preferred replica */
	a->records_bytes = a->records_left = size > 0 ? (uint32_t)size : 0;
	a->stage = HEADER;
	return a->records_left <= a->left ? GEN_FETCH_PARTITION : GEN_FETCH_BAD;
}

/* What is left of a partition's records is not a whole batch. */
static int cut_off(struct gen_fetch_answer *a, uint32_t left)
{
	a->cut++;
	a->skip = left;
	a->records_left = 0;
	a->stage = CUT;
	return ON;
}

static int cut_stage(struct gen_fetch_answer *a, struct bytes *at)
{
	if (!is_skipped(a, at))
		return GEN_FETCH_MORE;
	a->stage = RESULT;
	return ON;
}

static int header_stage(struct gen_fetch_answer *a, struct bytes *at)
{
	if (a->records_left == 0) {
		a->stage = RESULT;
		return ON;
	}
	if (a->records_left < RECORD_BATCH_HEADER_BYTES)
		return cut_off(a, a->records_left);
	const uint8_t *piece = gather(a, at, RECORD_BATCH_HEADER_BYTES);
	if (!piece)
		return GEN_FETCH_MORE;
	memcpy(a->front, piece, RECORD_BATCH_HEADER_BYTES);
	int64_t size = record_batch_bytes(gen_fetch_answer_batch(a));
	if (size < RECORD_BATCH_HEADER_BYTES || size > a->records_left)
		return cut_off(a, a->records_left - RECORD_BATCH_HEADER_BYTES);
	a->records_left -= (uint32_t)size;
	a->batch_left = (uint32_t)size - RECORD_BATCH_HEADER_BYTES;
	a->front_bytes = min_u32((uint32_t)size, GEN_FRONT_BYTES_MAX);
	a->stage = FRONT;
	return ON;
}

/* The first bytes behind the header are kept, too. */
static int front_stage(struct gen_fetch_answer *a, struct bytes *at)
{
	uint32_t size = a->front_bytes - RECORD_BATCH_HEADER_BYTES;
	const uint8_t *piece = gather(a, at, size);
	if (!piece)
		return GEN_FETCH_MORE;
	if (size)
		memcpy(a->front + RECORD_BATCH_HEADER_BYTES, piece, size);
	a->batch_left -= size;
	a->crc = crc32c(a->front + RECORD_BATCH_CRC_FROM, a->front_bytes - RECORD_BATCH_CRC_FROM);
	a->stage = BODY;
	return ON;
}

static int body_stage(struct gen_fetch_answer *a, struct bytes *at)
{
	uint32_t size = (uint32_t)min_size(a->batch_left, at->size);
	a->crc = crc32c_extend(a->crc, at->data, size);
	a->batch_left -= size;
	drop(a, at, size);
	if (a->batch_left)
		return GEN_FETCH_MORE;
	const struct record_batch_header *h = gen_fetch_answer_batch(a);
	a->is_sound = record_batch_check(h, INT32_MAX) == RECORD_BATCH_GOOD &&
		      be32_get(h->crc) == a->crc;
	a->stage = HEADER;
	return GEN_FETCH_BATCH;
}

void gen_fetch_answer_init(struct gen_fetch_answer *a, struct bytes topic)
{
	*a = (struct gen_fetch_answer){.topic = topic};
}

enum gen_fetch_event gen_fetch_answer_next(struct gen_fetch_answer *a, struct bytes *at)
{
	static int (*const stages[STAGES])(struct gen_fetch_answer *, struct bytes *) = {
		[HEAD] = head_stage,	     [TOPIC] = topic_stage,
		[NAME] = name_stage,	     [RESULT] = result_stage,
		[ABORTED] = aborted_stage,   [RESULT_END] = result_end_stage,
		[HEADER] = header_stage,     [FRONT] = front_stage,
		[BODY] = body_stage,	     [CUT] = cut_stage,
	};
	int event;
	do
		event = stages[a->stage](a, at);
	while (event == ON);
	return (enum gen_fetch_event)event;
}
