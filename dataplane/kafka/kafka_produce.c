/* kafka_produce.c - a produce request's pieces in, batches received, its answer encoded along
 * the way; see kafka_produce.h. */
#include "dataplane/kafka/kafka_produce.h"
#include "dataplane/batch/batch.h"
#include "dataplane/kafka/kafka_receive.h"
#include "dataplane/kafka/kafka_step.h"
#include "dataplane/kafka/kafka_topic.h"
#include "dataplane/news.h"
#include "dataplane/session/ingest_parts.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/kafka/kafka_header.h"
#include "dataplane/wire/kafka/msg_produce.h"

enum {
	/* The largest piece of an answer: a topic's name, or an outcome with its text. */
	PIECE_BYTES_MAX = KAFKA_STRING_BYTES_MAX + 16,
	/* An outcome's index stands before what the writer decides. */
	OUTCOME_PATCH_FROM = 4,
	NO_COUNT = -2,
};

static enum kafka_progress topic_step(struct ingest *in, struct kafka_session *ks);
static enum kafka_progress partition_step(struct ingest *in, struct kafka_session *ks);
static enum kafka_progress batch_step(struct ingest *in, struct kafka_session *ks);
static enum kafka_progress outcome_step(struct ingest *in, struct kafka_session *ks);
static enum kafka_progress partition_end_step(struct ingest *in, struct kafka_session *ks);
static enum kafka_progress topic_end_step(struct ingest *in, struct kafka_session *ks);
static enum kafka_progress end_step(struct ingest *in, struct kafka_session *ks);

/* Appends one piece of the answer, and a count where one follows. With acks=0 too: nobody
 * will send it, but the topic's name is kept there. False: the session waits for memory. */
static bool answer_piece(struct answers *as, struct waits *w, struct kafka_session *ks,
			 const struct kafka_message *m, const void *piece, int64_t count)
{
	uint8_t room[PIECE_BYTES_MAX];
	struct emitter e = emitter_of(room, sizeof room);
	kafka_encode(m, ks->version, piece, &e);
	if (count != NO_COUNT)
		kafka_length_emit(&e, ks->is_flexible, count);
	return kafka_answer_take(as, w, &ks->base, &ks->produce.answer->bytes, room,
				 emitter_size(&e));
}

/* ---- head ------------------------------------------------------------------------------ */

/* An answer that waits for its own request, outside the queue until that has been read. */
static struct answer *answer_begin(struct answers *as, struct kafka_session *ks, int16_t acks)
{
	struct answer *a = answer_take(as, &ks->base, acks == PRODUCE_ACKS_NONE);
	if (!a)
		return NULL;
	list_remove(&a->node);
	ks->base.answers_count--;
	a->waiting = 1;
	a->frames = 1;
	ks->is_begun = false;
	return a;
}

static bool answer_head(struct answers *as, struct waits *w, struct kafka_session *ks,
			int64_t topics)
{
	uint8_t room[KAFKA_RESPONSE_HEADER_BYTES_MAX + VARINT32_BYTES_MAX];
	struct emitter e = emitter_of(room, sizeof room);
	kafka_response_header_emit(&e, ks->correlation_id, ks->is_flexible);
	kafka_length_emit(&e, ks->is_flexible, topics);
	return kafka_answer_take(as, w, &ks->base, &ks->produce.answer->bytes, room,
				 emitter_size(&e));
}

enum kafka_progress kafka_produce_head(struct ingest *in, struct kafka_session *ks)
{
	struct kafka_produce *p = &ks->produce;
	struct cursor c = kafka_peek(ks);
	const uint8_t *start = c.at;
	struct produce_head head;
	bool whole = kafka_read_piece(ks, &produce_request_head, &c, &head);
	int64_t topics = kafka_length_read(&c, ks->is_flexible);
	if (!whole || c.bad)
		return KAFKA_CUT;
	uint32_t used = (uint32_t)(c.at - start);
	if (topics < 0 || (uint64_t)topics > (ks->left - used) /
						     produce_topic_bytes_min(ks->is_flexible))
		return KAFKA_REJECT;
	if (!p->answer && waiting_is_turn(&in->waits, &ks->base, WAIT_ANSWER))
		p->answer = answer_begin(&in->answers, ks, head.acks);
	if (!p->answer)
		return kafka_wait(&in->waits, ks, WAIT_ANSWER);
	if (!answer_head(&in->answers, &in->waits, ks, topics))
		return KAFKA_WAIT;
	p->acks = head.acks;
	p->number = ++in->batching.requests;
	p->topics_left = (uint32_t)topics;
	p->partitions = 0;
	kafka_consume(ks, used);
	ks->step = topics ? topic_step : end_step;
	return KAFKA_GO;
}

/* ---- topic ----------------------------------------------------------------------------- */

static uint32_t count_bytes(const struct kafka_session *ks, int64_t count)
{
	return ks->is_flexible ? uvarint_size((uint64_t)count + 1) : 4;
}

/* A count that the rest of the request cannot hold is refused before anything is done with it.
 * The topic's name or id goes into the answer, where kafka_topic.c finds it again. */
static enum kafka_progress topic_step(struct ingest *in, struct kafka_session *ks)
{
	struct kafka_produce *p = &ks->produce;
	struct cursor c = kafka_peek(ks);
	const uint8_t *start = c.at;
	struct produce_topic topic;
	bool whole = kafka_read_piece(ks, &produce_topic, &c, &topic);
	int64_t partitions = kafka_length_read(&c, ks->is_flexible);
	if (!whole || c.bad)
		return KAFKA_CUT;
	uint32_t used = (uint32_t)(c.at - start);
	if (partitions < 0 || (uint64_t)partitions > (ks->left - used) /
					produce_partition_bytes_min(ks->is_flexible) ||
	    p->partitions + partitions > KAFKA_REQUEST_PARTITIONS_MAX)
		return KAFKA_REJECT;
	if (!answer_piece(&in->answers, &in->waits, ks, &produce_topic, &topic, partitions))
		return KAFKA_WAIT;
	struct bytes name = topic.name;
	if (ks->version >= PRODUCE_TOPIC_ID_SINCE)
		name = (struct bytes){topic.topic_id, sizeof topic.topic_id};
	p->name_bytes = (uint32_t)name.size;
	p->name_end = (uint32_t)p->answer->bytes.size - count_bytes(ks, partitions);
	kafka_topic_look_up(in->topics, ks, name);
	p->partitions_left = p->named = (uint32_t)partitions;
	p->repeated = 0;
	p->partitions += (uint32_t)partitions;
	kafka_consume(ks, used);
	ks->step = partitions ? partition_step : topic_end_step;
	return KAFKA_GO;
}

static struct bytes text_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, text ? strlen(text) : 0};
}

/* ---- partition ------------------------------------------------------------------------- */

/* Kafka stores one batch for a partition, and answers for one: here it is the first, for the
 * second comes when that is on its way. Should another request on this poller name the partition
 * in between, the second is stored, too. */
static bool is_repeated(struct lanes *lanes, const struct topics *topics,
			struct kafka_session *ks)
{
	struct kafka_produce *p = &ks->produce;
	const struct topic *topic = kafka_topic(topics, ks);
	if (!topic)
		return false;
	struct lane *lane = lanes_get(lanes, topic->refs[p->partition]);
	bool is_known = lane->named_by == p->number;
	lane->named_by = p->number;
	p->repeated += is_known;
	return is_known;
}

static enum kafka_progress partition_step(struct ingest *in, struct kafka_session *ks)
{
	struct kafka_produce *p = &ks->produce;
	struct cursor c = kafka_peek(ks);
	const uint8_t *start = c.at;
	struct produce_partition partition;
	bool whole = kafka_read_piece(ks, &produce_partition, &c, &partition);
	int64_t bytes = kafka_length_read(&c, ks->is_flexible);
	if (!whole || c.bad)
		return KAFKA_CUT;
	uint32_t used = (uint32_t)(c.at - start);
	if (bytes > ks->left - used)
		return KAFKA_REJECT;
	p->partition = partition.index;
	bool repeated = is_repeated(&in->batching.lanes, in->topics, ks);
	kafka_receive_begin(&p->receive, repeated ? BATCH_BAD_REPEATED : BATCH_GOOD,
			    bytes < 0 ? 0 : (uint32_t)bytes);
	kafka_consume(ks, used);
	ks->step = batch_step;
	return KAFKA_GO;
}

static enum kafka_progress batch_step(struct ingest *in, struct kafka_session *ks)
{
	enum kafka_progress p = kafka_receive(in, ks);
	if (p == KAFKA_GO)
		ks->step = outcome_step;
	return p;
}

/* Where the partition's log starts, as far as is known; -1: there is none. */
static int64_t log_start_of(struct news_page *news, const struct topics *topics,
			    struct kafka_session *ks)
{
	const struct topic *topic = kafka_topic(topics, ks);
	if (!topic)
		return -1;
	struct partition_ref ref = topic->refs[ks->produce.partition];
	struct partition_news n;
	news_read(&news[ref.slot], &n);
	return n.is_open && n.generation == ref.generation ? n.log_start_offset : -1;
}

/* The partition's part of the answer; for a good batch the writer will fill it in. False: the
 * session waits for memory. */
static bool answer_piece_of_batch(struct ingest *in, struct kafka_session *ks)
{
	const struct kafka_receive *r = &ks->produce.receive;
	const struct batch_verdict_row *row = &batch_verdicts[r->verdict];
	struct produce_record_error of_record = {
		.batch_index = (int32_t)r->bad_record,
		.message = text_of(row->of_record),
	};
	struct produce_outcome outcome = {
		.index = ks->produce.partition,
		.error_code = row->error,
		.base_offset = -1,
		.log_append_time = -1,
		.log_start_offset = -1,
		.error_message = text_of(row->text),
	};
	if (row->of_record) {
		outcome.record_errors.items = &of_record;
		outcome.record_errors.count = 1;
	}
	if (row->has_log_start)
		outcome.log_start_offset = log_start_of(in->reading.news, in->topics, ks);
	return answer_piece(&in->answers, &in->waits, ks, &produce_outcome, &outcome, NO_COUNT);
}

/* False: the session waits. */
static bool answer_outcome(struct ingest *in, struct kafka_session *ks)
{
	struct kafka_produce *p = &ks->produce;
	struct answers *as = &in->answers;
	struct answer *a = p->answer;
	bool is_good = p->receive.verdict == BATCH_GOOD;
	bool is_turn = !a->first_in_use || waiting_is_turn(&in->waits, &ks->base, WAIT_WAITER);
	struct waiter *waiter =
		is_good && is_turn ? answer_wait(as, a, p->receive.append) : NULL;
	if (is_good && !waiter) {
		kafka_wait(&in->waits, ks, WAIT_WAITER);
		return false;
	}
	uint32_t at = (uint32_t)a->bytes.size;
	if (!answer_piece_of_batch(in, ks)) {
		if (waiter)
			answer_unwait(as, p->receive.append);
		return false;
	}
	if (waiter) {
		waiter->tag = (uint8_t)ks->version;
		waiter->patch_at = at + OUTCOME_PATCH_FROM;
	} else {
		a->is_error = true;
		a->closes = a->is_silent;
	}
	return true;
}

/* The answer first: it has to wait for the batch before that is handed on, for the outcome is
 * written into it. */
static enum kafka_progress outcome_step(struct ingest *in, struct kafka_session *ks)
{
	bool is_answered = ks->produce.receive.verdict != BATCH_BAD_REPEATED;
	if (is_answered && !answer_outcome(in, ks))
		return KAFKA_WAIT;
	kafka_receive_end(&in->batching, ks);
	ks->step = partition_end_step;
	return KAFKA_GO;
}

/* ---- ends ------------------------------------------------------------------------------ */

/* Reads the tags that end a structure of the request; the answer's are `m`'s. */
static enum kafka_progress end_piece(struct answers *as, struct waits *w,
				     struct kafka_session *ks, const struct kafka_message *m,
				     const void *piece)
{
	struct cursor c = kafka_peek(ks);
	const uint8_t *start = c.at;
	struct produce_tags tags;
	if (!kafka_read_piece(ks, &produce_tags, &c, &tags))
		return KAFKA_CUT;
	if (m && !answer_piece(as, w, ks, m, piece, NO_COUNT))
		return KAFKA_WAIT;
	kafka_consume(ks, (uint32_t)(c.at - start));
	return KAFKA_GO;
}

static enum kafka_progress partition_end_step(struct ingest *in, struct kafka_session *ks)
{
	enum kafka_progress p = end_piece(&in->answers, &in->waits, ks, NULL, NULL);
	if (p == KAFKA_GO)
		ks->step = --ks->produce.partitions_left ? partition_step : topic_end_step;
	return p;
}

/* Partitions that came again have no answer of their own. The count keeps its width: a varint may
 * be longer than it need be. */
static void answer_count_correct(struct kafka_session *ks)
{
	struct kafka_produce *p = &ks->produce;
	uint8_t room[VARINT32_BYTES_MAX];
	uint32_t width = count_bytes(ks, p->named);
	uint32_t count = p->named - p->repeated + ks->is_flexible;
	if (!ks->is_flexible)
		be32_store(room, count);
	for (uint32_t i = 0; ks->is_flexible && i < width; i++)
		room[i] = (uint8_t)((count >> (7 * i) & 0x7f) | (i + 1 < width ? 0x80 : 0));
	chain_patch(&p->answer->bytes, p->name_end, room, width);
}

static enum kafka_progress topic_end_step(struct ingest *in, struct kafka_session *ks)
{
	const struct produce_tags tags = {0};
	if (ks->produce.repeated > 0)
		answer_count_correct(ks);
	enum kafka_progress p = end_piece(&in->answers, &in->waits, ks, &produce_tags, &tags);
	if (p == KAFKA_GO)
		ks->step = --ks->produce.topics_left ? topic_step : end_step;
	return p;
}

/* Until here the answer has waited for its own request, outside the queue; now it may be sent. */
static enum kafka_progress end_step(struct ingest *in, struct kafka_session *ks)
{
	const struct produce_tail tail = {0};
	enum kafka_progress p = end_piece(&in->answers, &in->waits, ks, &produce_tail, &tail);
	if (p != KAFKA_GO)
		return p;
	struct answer *a = ks->produce.answer;
	if (ks->left > 0)
		return KAFKA_REJECT;
	kafka_answer_seal(a);
	ks->produce.answer = NULL;
	ks->step = NULL;
	answer_queue(&ks->base, a);
	answer_done(&in->answers, a);
	return KAFKA_GO;
}

/* ---- later ----------------------------------------------------------------------------- */

/* Of what the log has refused for its records' sake Kafka says where the log starts, too. */
static bool has_log_start(int16_t error)
{
	return error == KAFKA_ERROR_NONE || error == KAFKA_ERROR_INVALID_RECORD ||
	       error == KAFKA_ERROR_INVALID_TIMESTAMP;
}

/* With acks=0 nobody reads the outcome: an error closes the connection, which is how Kafka
 * tells. */
void kafka_produce_resolve(struct waiter *w, const struct append_msg *done)
{
	struct answer *a = w->answer;
	if (a->is_silent) {
		a->closes |= done->error != KAFKA_ERROR_NONE;
		return;
	}
	bool is_stored = done->error == KAFKA_ERROR_NONE;
	struct produce_outcome outcome = {
		.error_code = done->error,
		.base_offset = is_stored ? done->base_offset : -1,
		.log_append_time = is_stored ? done->log_append_time : -1,
		.log_start_offset = has_log_start(done->error) ? done->log_start_offset : -1,
	};
	uint8_t bytes[PRODUCE_PATCH_BYTES_MAX];
	size_t size = produce_patch(bytes, w->tag, &outcome);
	chain_patch(&a->bytes, w->patch_at, bytes, size);
}

/* The unfinished answer is forgotten, but batches before it keep their waiters in it until they
 * are back. */
void kafka_produce_close(struct batching *b, struct answers *as, struct kafka_session *ks,
			 bool is_rejected)
{
	struct kafka_produce *p = &ks->produce;
	kafka_receive_drop(b, ks);
	if (!p->answer)
		return;
	if (is_rejected)
		p->answer->frames = 0;
	kafka_answer_forget(as, p->answer);
	p->answer = NULL;
}
