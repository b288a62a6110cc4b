/* kafka_fetch_parts.c - the parts of a whole request in, those that are answered out; see
 * kafka_fetch_parts.h. */
#include "dataplane/kafka/kafka_fetch_parts.h"
#include "dataplane/session/reading.h"
#include "dataplane/wire/kafka/kafka_error.h"

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

/* Both parts are the same partition's: what was said later holds. */
static void part_replace(struct fetch_part *part, const struct fetch_part *by)
{
	part->offset = by->offset;
	part->bytes_max = by->bytes_max;
	part->error = by->error;
	part->is_negative = by->is_negative;
	part->has_epoch = by->has_epoch;
}

/* How many there are to leave out. */
static uint32_t find_repeated(struct reading *rd, struct fetch *f)
{
	uint64_t round = ++rd->round;
	uint32_t repeated = 0;
	fetch_rewind(f);
	for (struct fetch_part *part; (part = fetch_part_at(&f->place));
	     fetch_next_part(&f->place)) {
		if (part->is_absent)
			continue;
		struct fetch_mark *mark = &rd->marks[part->ref.slot];
		if (mark->round == round) {
			part_replace(mark->part, part);
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
static void leave_out(struct fetch *f)
{
	struct fetch_place to = {.chunk = f->parts.head};
	struct fetch_part *first = NULL;
	f->topics = 0;
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
		first->topic_parts++;
		fetch_next_part(&to);
	}
	f->partitions = to.number;
	cut_at(&f->parts, &to);
}

void fetch_parts_once(struct reading *rd, struct fetch *f)
{
	if (f->partitions - f->absent > 1 && find_repeated(rd, f) > 0)
		leave_out(f);
}
