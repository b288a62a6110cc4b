/* kafka_fetch_parts.c - the parts of a whole request in, those that are answered out; see
 * kafka_fetch_parts.h. */
#include "dataplane/kafka/kafka_fetch_parts.h"
#include "dataplane/batch/topics.h"
#include "dataplane/session/reading.h"
#include "dataplane/wire/kafka/kafka_error.h"

/* ---- topics ---------------------------------------------------------------------------- */

const struct topic *fetch_topic_find(const struct topics *topics, const struct fetch *f,
				     struct bytes name)
{
	return fetch_has_ids(f) ? topics_find_id(topics, name.data) : topics_find(topics, name);
}

int16_t fetch_absent_error(const struct fetch *f, const struct topic *topic)
{
	bool is_by_id = fetch_has_ids(f) && !topic;
	return is_by_id ? KAFKA_ERROR_UNKNOWN_TOPIC_ID : KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION;
}

/* ---- who asks, and how ----------------------------------------------------------------- */

static bool is_isolation(int8_t isolation)
{
	return isolation == FETCH_READ_UNCOMMITTED || isolation == FETCH_READ_COMMITTED;
}

/* Nobody follows us: Kafka has two ways to say so, and both make a broker ask again later. */
static int16_t follower_error(const struct fetch_part *part)
{
	return part->has_epoch ? KAFKA_ERROR_UNKNOWN_LEADER_EPOCH
			       : KAFKA_ERROR_NOT_LEADER_OR_FOLLOWER;
}

/* As Kafka: before version 13 the error of the request is that of all its parts, too, for clients
 * that know no other. */
static void refuse_all(struct fetch *f, int16_t error)
{
	f->error = error;
	f->is_bare = fetch_has_ids(f);
	fetch_rewind(f);
	for (struct fetch_part *part; (part = fetch_part_at(&f->place));
	     fetch_next_part(&f->place)) {
		part->error = error;
		part->is_absent = true;
	}
	f->absent = f->partitions;
}

static void refuse_follower(struct fetch *f)
{
	fetch_rewind(f);
	for (struct fetch_part *part; (part = fetch_part_at(&f->place)); fetch_next_part(&f->place))
		if (!part->error)
			part->error = follower_error(part);
}

void fetch_parts_check(struct fetch *f)
{
	if (f->error || f->absent == f->partitions)
		return;
	if (!is_isolation(f->isolation))
		refuse_all(f, KAFKA_ERROR_UNKNOWN_SERVER_ERROR);
	else if (f->replica_id >= 0)
		refuse_follower(f);
}

/* ---- each once ------------------------------------------------------------------------- */

void fetch_part_replace(struct fetch_part *part, const struct fetch_part *by)
{
	part->offset = by->offset;
	part->bytes_max = by->bytes_max;
	part->error = by->error;
	part->asked_error = by->asked_error;
	part->ref = by->ref;
	part->is_negative = by->is_negative;
	part->has_epoch = by->has_epoch;
}

void fetch_marks_set(struct reading *rd, struct fetch *f)
{
	uint64_t round = ++rd->round;
	fetch_rewind(f);
	for (struct fetch_part *part; (part = fetch_part_at(&f->place));
	     fetch_next_part(&f->place))
		rd->marks[part->ref.slot] = (struct fetch_mark){part, round};
}

struct fetch_part *fetch_marks_find(const struct reading *rd, const struct fetch_part *part)
{
	const struct fetch_mark *mark = &rd->marks[part->ref.slot];
	return mark->round == rd->round ? mark->part : NULL;
}

/* How many there are to leave out. */
static uint32_t find_repeated(struct reading *rd, struct fetch *f)
{
	uint64_t round = ++rd->round;
	uint32_t repeated = 0;
	fetch_rewind(f);
	for (struct fetch_part *part; (part = fetch_part_at(&f->place));
	     fetch_next_part(&f->place)) {
		if (part->is_absent || part->is_forgotten)
			continue;
		struct fetch_mark *mark = &rd->marks[part->ref.slot];
		if (mark->round == round) {
			fetch_part_replace(mark->part, part);
			part->is_gone = true;
			repeated++;
		} else {
			*mark = (struct fetch_mark){part, round};
		}
	}
	return repeated;
}

/* What lies from `place` on is given back. */
static void cut_at(struct chain *parts, const struct fetch_place *place)
{
	size_t kept = (size_t)place->number * sizeof(struct fetch_part);
	struct chain rest = {0};
	struct chain all = *parts;
	*parts = (struct chain){0};
	for (struct chunk *c = all.head, *next; c; c = next) {
		next = c->next;
		uint32_t most = (uint32_t)min_size(c->len, kept - parts->size);
		c->len = most;
		chain_push(most > 0 ? parts : &rest, c);
	}
	chain_give(&rest);
}

/* Moves those that stay to the front. A topic's number of parts stands in its first one. */
void fetch_parts_leave_out(struct fetch *f)
{
	struct fetch_place to = {.chunk = f->parts.head};
	struct fetch_part *first = NULL;
	f->topics = f->absent = f->forgotten = f->part_names = 0;
	f->first = (struct fetch_place){0};
	fetch_rewind(f);
	for (struct fetch_part *part; (part = fetch_part_at(&f->place));
	     fetch_next_part(&f->place)) {
		if (part->topic_parts > 0)
			first = NULL;
		if (part->is_gone)
			continue;
		struct fetch_part *kept = fetch_part_at(&to);
		*kept = *part;
		list_init(&kept->node);
		kept->topic_parts = 0;
		first = first ? first : kept;
		f->topics += first == kept;
		f->absent += kept->is_absent && !kept->is_forgotten;
		f->forgotten += kept->is_forgotten;
		f->part_names += kept->name_bytes;
		first->topic_parts++;
		fetch_next_part(&to);
	}
	f->partitions = to.number - f->forgotten;
	cut_at(&f->parts, &to);
}

void fetch_parts_once(struct reading *rd, struct fetch *f)
{
	if (f->partitions - f->absent > 1 && find_repeated(rd, f) > 0)
		fetch_parts_leave_out(f);
}
