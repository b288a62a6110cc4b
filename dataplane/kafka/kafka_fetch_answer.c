/* kafka_fetch_answer.c - what a pass has found in, the bytes of an answer out; see
 * kafka_fetch_answer.h. */
#include "dataplane/kafka/kafka_fetch_answer.h"
#include "dataplane/base/require.h"
#include "dataplane/kafka/kafka_step.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/kafka/kafka_header.h"

enum {
	/* Largest piece that is not records: a topic's name and its frame, and a result. */
	PIECE_BYTES_MAX = KAFKA_STRING_BYTES_MAX + 128,
	/* What a result, a topic's frame and the ends of the answer take at most. */
	RESULT_BYTES_MAX = 64,
	TOPIC_FRAME_BYTES_MAX = 16,
	ENDS_BYTES_MAX = 128,
};

/* ---- chunks ---------------------------------------------------------------------------- */

/* For what a batch leaves unused of the chunk before it, its read is promised one more. */
static uint64_t topics_bytes_max(const struct fetch *f)
{
	if (f->is_incremental)
		return f->part_names + (uint64_t)f->partitions * TOPIC_FRAME_BYTES_MAX;
	return f->names.size + (uint64_t)f->topics * TOPIC_FRAME_BYTES_MAX;
}

uint32_t fetch_pieces_max(const struct fetch *f)
{
	uint64_t bytes = ENDS_BYTES_MAX + topics_bytes_max(f) +
			 (uint64_t)f->partitions * RESULT_BYTES_MAX;
	uint32_t heads = f->is_incremental; /* in a chunk of its own */
	return (uint32_t)(bytes / CHUNK_BYTES) + 1 + heads;
}

/* With a batch of a block, that may begin anywhere in one, and its beginning. */
bool fetch_can_be_answered(const struct answers *as, const struct fetch *f)
{
	return fetch_pieces_max(f) + 3 <= answer_large_max(as);
}

bool fetch_promise(struct answers *as, struct fetch *f, uint32_t chunks)
{
	if (answer_large_left(as, f->region) < chunks)
		return false;
	as->promised[f->region] += chunks;
	f->promised += chunks;
	return true;
}

void fetch_promise_keep(struct answers *as, struct fetch *f, uint32_t keep)
{
	uint32_t excess = f->promised > keep ? f->promised - keep : 0;
	as->promised[f->region] -= excess;
	f->promised -= excess;
}

/* `chunks` of those that were promised have been taken. */
static void promise_use(struct answers *as, struct fetch *f, uint32_t chunks)
{
	require(f->promised >= chunks && as->promised[f->region] >= chunks);
	f->promised -= chunks;
	as->promised[f->region] -= chunks;
	f->chunks += chunks;
}

struct chunk *fetch_chunk_take(struct answers *as, struct fetch *f)
{
	promise_use(as, f, 1);
	answer_charge(as, &f->session->base);
	return chunk_take(&as->large[f->region]);
}

void fetch_chunks_give(struct answers *as, struct fetch *f, struct chain *give)
{
	uint32_t before = as->large[f->region].in_use;
	chain_give(give);
	uint32_t given = before - as->large[f->region].in_use;
	f->chunks -= given;
	f->promised += given;
	as->promised[f->region] += given;
}

/* ---- pieces ---------------------------------------------------------------------------- */

static void emit_piece(const struct fetch *f, struct emitter *e,
		       const struct kafka_message *m, const void *piece)
{
	kafka_encode(m, f->version, piece, e);
}

/* While it is small an answer takes small chunks; then those that it was promised. */
static void append(struct answers *as, struct fetch *f, const struct emitter *e)
{
	struct chain *bytes = &f->answer->bytes;
	struct chunk_pool *large = &as->large[f->region];
	uint32_t before = large->in_use;
	require(!e->bad);
	if (kafka_answer_append_small(as, &f->session->base, bytes, e->start, emitter_size(e)))
		return;
	bool fits = chain_append(bytes, large, e->start, emitter_size(e));
	uint32_t taken = large->in_use - before;
	require(fits);
	promise_use(as, f, taken);
	/* The head that is put before them keeps its own, whatever batches leave unused. */
	f->pieces -= min_u32(taken, f->pieces - f->is_incremental);
}

static void append_head(struct answers *as, struct fetch *f, uint32_t topics)
{
	uint8_t room[ENDS_BYTES_MAX];
	struct emitter e = emitter_of(room, sizeof room);
	struct fetch_answer_head head = {.error_code = f->error,
					 .session_id = f->told_session_id};
	kafka_response_header_emit(&e, f->correlation_id, f->is_flexible);
	emit_piece(f, &e, &fetch_answer_head, &head);
	kafka_length_emit(&e, f->is_flexible, topics);
	append(as, f, &e);
}

/* How much of an incremental answer there is to tell is known when all has been told. */
void fetch_answer_begin(struct answers *as, struct fetch *f)
{
	f->topics_told = 0;
	if (!f->is_incremental)
		append_head(as, f, f->is_bare ? 0 : f->topics);
}

static void prepend_head(struct answers *as, struct fetch *f)
{
	struct chain told = f->answer->bytes;
	f->answer->bytes = (struct chain){0};
	append_head(as, f, f->topics_told);
	chain_join(&f->answer->bytes, &told);
}

/* With so many parts. */
static void emit_topic(const struct fetch *f, struct emitter *e, const struct fetch_part *part,
		       uint32_t parts)
{
	uint8_t name[KAFKA_STRING_BYTES_MAX];
	chain_copy_out(&f->names, part->name_at, name, part->name_bytes);
	struct fetch_topic topic = {.name = {name, part->name_bytes}};
	if (fetch_has_ids(f))
		memcpy(topic.topic_id, name, sizeof topic.topic_id);
	emit_piece(f, e, &fetch_topic, &topic);
	kafka_length_emit(e, f->is_flexible, parts);
}

static void emit_result(const struct fetch *f, struct emitter *e,
			const struct fetch_part *part, const struct fetch_found *found)
{
	/* As Kafka, which looks at a log for all that it does not know to be absent. */
	bool wants_aborted = part->is_absent ||
			     (f->isolation == FETCH_READ_COMMITTED && !found->error);
	struct fetch_result result = {
		.partition = part->partition,
		.error_code = found->error,
		.high_watermark = found->high_watermark,
		.last_stable_offset = found->high_watermark, /* no transactions */
		.log_start_offset = found->log_start_offset,
		.aborted.count = wants_aborted ? 0 : -1,
		.preferred_read_replica = FETCH_NO_REPLICA,
	};
	emit_piece(f, e, &fetch_result, &result);
	/* Empty, never null: librdkafka takes a null for a broken message set. */
	kafka_length_emit(e, f->is_flexible, (int64_t)found->bytes.size);
}

void fetch_answer_part(struct answers *as, struct fetch *f, struct fetch_part *part,
		       struct fetch_found *found)
{
	uint8_t room[PIECE_BYTES_MAX];
	struct emitter e = emitter_of(room, sizeof room);
	struct fetch_tags tags = {0};
	f->has_error |= found->error != KAFKA_ERROR_NONE && !part->is_absent;
	if (f->is_incremental || part->topic_parts) {
		f->topic_left = f->is_incremental ? 1 : part->topic_parts;
		f->topics_told++;
		emit_topic(f, &e, part, f->topic_left);
	}
	emit_result(f, &e, part, found);
	append(as, f, &e);
	f->bytes += (uint32_t)found->bytes.size;
	chain_join(&f->answer->bytes, &found->bytes);
	e = emitter_of(room, sizeof room);
	emit_piece(f, &e, &fetch_tags, &tags);
	if (--f->topic_left == 0)
		emit_piece(f, &e, &fetch_tags, &tags);
	append(as, f, &e);
}

void fetch_answer_end(struct answers *as, struct fetch *f)
{
	uint8_t room[8];
	struct emitter e = emitter_of(room, sizeof room);
	struct fetch_tags tags = {0};
	emit_piece(f, &e, &fetch_tags, &tags);
	append(as, f, &e);
	if (f->is_incremental)
		prepend_head(as, f);
	kafka_answer_seal(f->answer);
	fetch_promise_keep(as, f, 0);
}

void fetch_answer_drop(struct answers *as, struct fetch *f)
{
	chain_give(&f->answer->bytes);
	fetch_promise_keep(as, f, 0);
	f->chunks = 0;
}
