/* kafka_fetch.c - a fetch request's pieces in, its list of partitions out; see
 * kafka_fetch.h. */
#include "dataplane/kafka/kafka_fetch.h"
#include "dataplane/base/clock.h"
#include "dataplane/batch/topics.h"
#include "dataplane/kafka/kafka_fetch_answer.h"
#include "dataplane/kafka/kafka_fetch_parts.h"
#include "dataplane/kafka/kafka_fetch_pass.h"
#include "dataplane/kafka/kafka_fetch_session.h"
#include "dataplane/kafka/kafka_step.h"
#include "dataplane/session/ingest_parts.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/kafka/kafka_header.h"
#include "dataplane/wire/kafka/leader_epoch.h"

static enum kafka_progress topic_step(struct ingest *in, struct kafka_session *ks);
static enum kafka_progress partition_step(struct ingest *in, struct kafka_session *ks);
static enum kafka_progress topic_end_step(struct ingest *in, struct kafka_session *ks);
static enum kafka_progress forgotten_step(struct ingest *in, struct kafka_session *ks);
static enum kafka_progress forgotten_topic_step(struct ingest *in, struct kafka_session *ks);
static enum kafka_progress forgotten_part_step(struct ingest *in, struct kafka_session *ks);
static enum kafka_progress forgotten_end_step(struct ingest *in, struct kafka_session *ks);
static enum kafka_progress end_step(struct ingest *in, struct kafka_session *ks);

/* A client cannot mean a limit below nothing: it counts as 0. */
static uint32_t natural(int32_t v)
{
	return v < 0 ? 0 : (uint32_t)v;
}

static void set_limits(const struct answers *as, uint32_t wait_max_ms, struct fetch *f,
		       const struct fetch_head *head)
{
	uint64_t share = (uint64_t)answer_large_max(as) * CHUNK_BYTES / FETCH_POOL_SHARE;
	uint32_t limit = (uint32_t)min_u64(share, FETCH_BYTES_MAX);
	f->max_bytes = min_u32(natural(head->max_bytes), limit);
	/* What cannot be sent cannot be waited for. */
	f->min_bytes = min_u32(natural(head->min_bytes), f->max_bytes);
	f->started_ns = as->now->ns;
	f->deadline_ns = as->now->ns + min_u32(natural(head->max_wait_ms), wait_max_ms) * NS_PER_MS;
	f->isolation = head->isolation_level;
	f->replica_id = head->replica_id;
	f->is_negative = head->max_bytes < 0;
	f->session_id = head->session_id;
	f->session_epoch = head->session_epoch;
}

/* Taken with the head of the request, for its parts are kept as they are read; who finds none
 * has read nothing yet. */
static struct fetch *fetch_take(struct waits *w, struct reading *rd, struct kafka_session *ks)
{
	bool is_turn = waiting_is_turn(w, &ks->base, WAIT_FETCH);
	struct fetch *f = is_turn ? slab_take(&rd->fetches) : NULL;
	if (!f)
		return NULL;
	list_init(&f->reads);
	list_init(&f->large);
	f->session = ks;
	f->correlation_id = ks->correlation_id;
	f->version = ks->version;
	f->is_flexible = ks->is_flexible;
	ks->fetch = f;
	return f;
}

enum kafka_progress kafka_fetch_head(struct ingest *in, struct kafka_session *ks)
{
	struct cursor c = kafka_peek(ks);
	const uint8_t *start = c.at;
	struct fetch_head head;
	bool whole = kafka_read_piece(ks, &fetch_request_head, &c, &head);
	int64_t topics = kafka_length_read(&c, ks->is_flexible);
	if (!whole || c.bad)
		return KAFKA_CUT;
	uint32_t used = (uint32_t)(c.at - start);
	if (topics < 0 ||
	    (uint64_t)topics > (ks->left - used) / fetch_topic_bytes_min(ks->version))
		return KAFKA_REJECT;
	struct fetch *f = fetch_take(&in->waits, &in->reading, ks);
	if (!f)
		return kafka_wait(&in->waits, ks, WAIT_FETCH);
	set_limits(&in->answers, in->settings.fetch_wait_max_ms, f, &head);
	f->topics_left = (uint32_t)topics;
	f->topics_begun = in->topics->version;
	kafka_consume(ks, used);
	ks->step = topics ? topic_step : forgotten_step;
	return KAFKA_GO;
}

/* Is there room for so many bytes more in parts or names? False: the session waits. */
static bool parts_room(struct ingest *in, struct kafka_session *ks, const struct chain *c,
		       uint32_t bytes)
{
	const struct fetch *f = ks->fetch;
	const struct chunk_pool *p = &in->reading.parts;
	bool is_large = f->parts.size + f->names.size > FETCH_SMALL_BYTES;
	enum wait_for what = is_large ? WAIT_PARTS : WAIT_PARTS_SMALL;
	uint32_t left = is_large ? chunk_pool_left_large(p) : chunk_pool_left(p);
	bool fits = c->tail && chunk_room(c->tail) >= bytes;
	if (fits || (waiting_is_turn(&in->waits, &ks->base, what) &&
		     bytes <= (uint64_t)left * CHUNK_PARTS_BYTES)) {
		if (is_large)
			kafka_half_note(in, ks, &in->reading.halves, bytes);
		return true;
	}
	session_wait_bytes(&in->waits, &ks->base, what, bytes);
	kafka_fetch_hurry(in);
	return false;
}

/* The topic's name, or id, is kept, and what it is now. False: the session waits. */
static bool keep_topic(struct ingest *in, struct kafka_session *ks, const struct fetch_topic *topic)
{
	struct fetch *f = ks->fetch;
	struct bytes name = fetch_has_ids(f) ? (struct bytes){topic->topic_id, KAFKA_UUID_BYTES}
					     : topic->name;
	if (!parts_room(in, ks, &f->names, (uint32_t)name.size))
		return false;
	chain_append(&f->names, &in->reading.parts, name.data, name.size);
	f->name_bytes = (uint16_t)name.size;
	f->topic = fetch_topic_find(in->topics, f, name);
	f->topics_version = in->topics->version;
	return true;
}

/* A topic's head and how many partitions follow it, each of so many bytes at the least, to
 * topic_left. */
static enum kafka_progress read_topic(struct ingest *in, struct kafka_session *ks,
				      size_t part_bytes_min)
{
	struct fetch *f = ks->fetch;
	struct cursor c = kafka_peek(ks);
	const uint8_t *start = c.at;
	struct fetch_topic topic;
	bool whole = kafka_read_piece(ks, &fetch_topic, &c, &topic);
	int64_t parts = kafka_length_read(&c, ks->is_flexible);
	if (!whole || c.bad)
		return KAFKA_CUT;
	uint32_t used = (uint32_t)(c.at - start);
	if (parts < 0 || (uint64_t)parts > (ks->left - used) / part_bytes_min ||
	    f->partitions + f->forgotten + parts > KAFKA_REQUEST_PARTITIONS_MAX)
		return KAFKA_REJECT;
	if (!keep_topic(in, ks, &topic))
		return KAFKA_WAIT;
	f->topic_left = (uint32_t)parts;
	kafka_consume(ks, used);
	return KAFKA_GO;
}

/* The tagged fields behind its partitions. */
static enum kafka_progress read_topic_end(struct kafka_session *ks)
{
	struct cursor c = kafka_peek(ks);
	const uint8_t *start = c.at;
	struct fetch_tags tags;
	if (!kafka_read_piece(ks, &fetch_tags, &c, &tags))
		return KAFKA_CUT;
	kafka_consume(ks, (uint32_t)(c.at - start));
	ks->fetch->topics_left--;
	return KAFKA_GO;
}

static enum kafka_progress topic_step(struct ingest *in, struct kafka_session *ks)
{
	struct fetch *f = ks->fetch;
	enum kafka_progress progress =
		read_topic(in, ks, fetch_partition_bytes_min(ks->version, ks->is_flexible));
	if (progress != KAFKA_GO)
		return progress;
	f->topics += f->topic_left > 0;
	f->partitions += f->topic_left;
	f->topic_parts = f->topic_left;
	ks->step = f->topic_left ? partition_step : topic_end_step;
	return KAFKA_GO;
}

/* A snapshot newer than the topic's: its name is the last one kept. */
static const struct topic *topic_now(const struct topics *topics, struct fetch *f)
{
	uint8_t name[TOPIC_NAME_BYTES_MAX];
	if (f->topics_version != topics->version && f->name_bytes <= sizeof name) {
		chain_copy_out(&f->names, f->names.size - f->name_bytes, name, f->name_bytes);
		f->topic = fetch_topic_find(topics, f, (struct bytes){name, f->name_bytes});
		f->topics_version = topics->version;
	}
	return f->topic;
}

/* An epoch below zero is none, as to Kafka: nobody is behind us who says it. */
static int16_t epochs_check(const struct fetch_partition *asked)
{
	if (asked->current_leader_epoch > LEADER_EPOCH)
		return KAFKA_ERROR_UNKNOWN_LEADER_EPOCH;
	/* Nothing that he read was ever here: he has to look for his place anew. */
	if (asked->last_fetched_epoch > LEADER_EPOCH)
		return KAFKA_ERROR_OFFSET_OUT_OF_RANGE;
	return KAFKA_ERROR_NONE;
}

static void part_fill(const struct topics *topics, struct fetch *f, struct fetch_part *part,
		      const struct fetch_partition *asked)
{
	const struct topic *topic = topic_now(topics, f);
	list_init(&part->node);
	part->fetch = f;
	part->offset = asked->fetch_offset;
	part->high_watermark = part->told_high_watermark = part->told_log_start = -1;
	part->partition = asked->partition;
	part->bytes_max = natural(asked->partition_max_bytes);
	part->is_negative = f->is_negative || asked->partition_max_bytes < 0;
	part->has_epoch = asked->current_leader_epoch >= 0;
	part->name_at = (uint32_t)f->names.size - f->name_bytes;
	part->name_bytes = f->name_bytes;
	part->topic_parts = f->topic_parts;
	f->topic_parts = 0;
	if (!topic || (uint32_t)asked->partition >= topic->partitions) {
		part->error = fetch_absent_error(f, topic);
		part->is_absent = true;
		f->absent++;
		return;
	}
	part->ref = topic->refs[asked->partition];
	part->asked_error = part->error = epochs_check(asked);
}

/* At the end of the list; null: the session waits. */
static struct fetch_part *part_take(struct ingest *in, struct kafka_session *ks)
{
	struct fetch *f = ks->fetch;
	if (!parts_room(in, ks, &f->parts, sizeof(struct fetch_part)))
		return NULL;
	return (void *)chain_reserve(&f->parts, &in->reading.parts, sizeof(struct fetch_part));
}

/* A part is only reserved once its piece was read whole: a step that waits is taken again from
 * its first byte. */
static enum kafka_progress partition_step(struct ingest *in, struct kafka_session *ks)
{
	struct fetch *f = ks->fetch;
	struct cursor c = kafka_peek(ks);
	const uint8_t *start = c.at;
	struct fetch_partition asked;
	if (!kafka_read_piece(ks, &fetch_partition, &c, &asked))
		return KAFKA_CUT;
	struct fetch_part *part = part_take(in, ks);
	if (!part)
		return KAFKA_WAIT;
	part_fill(in->topics, f, part, &asked);
	kafka_consume(ks, (uint32_t)(c.at - start));
	ks->step = --f->topic_left ? partition_step : topic_end_step;
	return KAFKA_GO;
}

static enum kafka_progress topic_end_step(struct ingest *in, struct kafka_session *ks)
{
	enum kafka_progress progress = read_topic_end(ks);
	if (progress == KAFKA_GO)
		ks->step = ks->fetch->topics_left ? topic_step : forgotten_step;
	return progress;
}

/* ---- what a session shall have no longer ------------------------------------------------ */

static enum kafka_progress forgotten_step(struct ingest *in, struct kafka_session *ks)
{
	struct cursor c = kafka_peek(ks);
	const uint8_t *start = c.at;
	int64_t topics = 0;
	if (ks->version >= FETCH_SESSIONS_SINCE)
		topics = kafka_length_read(&c, ks->is_flexible);
	if (c.bad)
		return KAFKA_CUT;
	uint32_t used = (uint32_t)(c.at - start);
	if (topics < 0 ||
	    (uint64_t)topics > (ks->left - used) / fetch_topic_bytes_min(ks->version))
		return KAFKA_REJECT;
	kafka_consume(ks, used);
	ks->fetch->topics_left = (uint32_t)topics;
	ks->step = topics ? forgotten_topic_step : end_step;
	return KAFKA_GO;
}

/* They stand behind those that are asked for, in the same list. */
static enum kafka_progress forgotten_topic_step(struct ingest *in, struct kafka_session *ks)
{
	enum kafka_progress progress = read_topic(in, ks, sizeof(int32_t));
	if (progress == KAFKA_GO)
		ks->step = ks->fetch->topic_left ? forgotten_part_step : forgotten_end_step;
	return progress;
}

static enum kafka_progress forgotten_part_step(struct ingest *in, struct kafka_session *ks)
{
	struct fetch *f = ks->fetch;
	struct cursor c = kafka_peek(ks);
	struct fetch_partition asked = {.partition = (int32_t)cursor_u32(&c)};
	if (c.bad)
		return KAFKA_CUT;
	struct fetch_part *part = part_take(in, ks);
	if (!part)
		return KAFKA_WAIT;
	part_fill(in->topics, f, part, &asked);
	f->absent -= part->is_absent;
	part->is_forgotten = true;
	f->forgotten++;
	kafka_consume(ks, sizeof(int32_t));
	ks->step = --f->topic_left ? forgotten_part_step : forgotten_end_step;
	return KAFKA_GO;
}

static enum kafka_progress forgotten_end_step(struct ingest *in, struct kafka_session *ks)
{
	enum kafka_progress progress = read_topic_end(ks);
	if (progress == KAFKA_GO)
		ks->step = ks->fetch->topics_left ? forgotten_topic_step : end_step;
	return progress;
}

/* ---- the end --------------------------------------------------------------------------- */

/* The answer is taken last: a malformed request must not leave one in the queue. */
static enum kafka_progress end_step(struct ingest *in, struct kafka_session *ks)
{
	struct fetch *f = ks->fetch;
	struct cursor c = kafka_peek(ks);
	const uint8_t *start = c.at;
	struct fetch_tail tail;
	if (!kafka_read_piece(ks, &fetch_request_tail, &c, &tail))
		return KAFKA_CUT;
	if ((uint32_t)(c.at - start) < ks->left)
		return KAFKA_REJECT;
	if (!fetch_can_be_answered(&in->answers, f))
		return KAFKA_REJECT;
	bool is_turn = waiting_is_turn(&in->waits, &ks->base, WAIT_ANSWER);
	f->answer = is_turn ? answer_take(&in->answers, &ks->base, false) : NULL;
	if (!f->answer)
		return kafka_wait(&in->waits, ks, WAIT_ANSWER);
	f->answer->waiting = 1;
	f->answer->frames = 1;
	f->answer->may_wait = true;
	kafka_consume(ks, ks->left);
	list_remove(&ks->incoming.node);
	ks->is_begun = false;
	ks->is_alone = true;
	ks->step = NULL;
	if (ks->version >= FETCH_REPLICA_IN_TAIL_SINCE)
		f->replica_id = tail.replica_id;
	fetch_parts_check(f);
	fetch_parts_once(&in->reading, f);
	fetch_session_enter(in, &in->reading, f);
	kafka_fetch_begin(in, f);
	return KAFKA_GO;
}
