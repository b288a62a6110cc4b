/* errands.c - partitions that requests name in, jobs of the registry one after the other, answers
 * out; see errands.h. */
#include "control/kafka/errands.h"

#include "control/kafka/kafka_handlers.h"
#include "dataplane/base/require.h"

#include <stdlib.h>

void errands_init(struct errands *s, struct registry *registry, struct parking *parking)
{
	*s = (struct errands){.registry = registry, .parking = parking};
	list_init(&s->line);
	list_init(&s->over);
}

static struct errand *first_of(struct list *list)
{
	return list_is_empty(list) ? NULL
				   : list_entry(list->next, struct errand, waiting.node);
}

void errand_forget(struct errand *e)
{
	for (uint32_t i = 0; i < e->count; i++)
		free(e->parts[i].producers);
}

/* The requests are the parking's, which frees them. */
void errands_fini(struct errands *s)
{
	require(list_is_empty(&s->line));
	for (struct errand *e; (e = first_of(&s->over));) {
		list_remove(&e->waiting.node);
		errand_forget(e);
	}
}

/* ---- the first in line ------------------------------------------------------------------ */

static void send_next(struct errands *s);

static void take_part(struct errand *e, const struct registry_part *part, int16_t error)
{
	struct registry_part *kept = &e->parts[e->at++];
	*kept = *part;
	e->told += part->producer_count;
	if (error && !kept->error)
		kept->error = error;
}

/* A whole job is refused when the gateway stops, or the disk does not take what it has to. */
static void job_done(void *owner, const struct registry_result *result)
{
	struct errands *s = owner;
	struct errand *e = first_of(&s->line);
	require(e && e->at + result->part_count <= e->count);
	for (uint32_t i = 0; i < result->part_count; i++)
		take_part(e, &result->parts[i], result->error);
	send_next(s);
}

static void send(struct errands *s, struct errand *e)
{
	uint32_t count = e->kind == REGISTRY_PRODUCERS ? 1 : e->count - e->at;
	e->parts[e->at].producers_max = ERRAND_PRODUCERS_MAX - e->told;
	registry_send(s->registry, e->kind, &e->parts[e->at], count, job_done, s);
}

/* Passes over what is refused already. */
static void send_next(struct errands *s)
{
	for (struct errand *e; (e = first_of(&s->line));) {
		while (e->at < e->count && e->parts[e->at].error)
			e->at++;
		if (e->at < e->count) {
			send(s, e);
			return;
		}
		list_remove(&e->waiting.node);
		list_append(&s->over, &e->waiting.node);
	}
}

struct kafka_waiting *errands_next(struct errands *s)
{
	struct errand *e = first_of(&s->over);
	if (!e)
		return NULL;
	list_remove(&e->waiting.node);
	return &e->waiting;
}

/* ---- one request ------------------------------------------------------------------------ */

static int by_partition(const struct errand_asked *a, const struct errand_asked *b)
{
	int order = kafka_name_order(a->topic, b->topic);
	return order ? order : (a->partition > b->partition) - (a->partition < b->partition);
}

static int by_partition_and_place(const void *left, const void *right)
{
	const struct errand_asked *a = left, *b = right;
	int order = by_partition(a, b);
	return order ? order : (a->place > b->place) - (a->place < b->place);
}

static uint32_t sort_once(struct errand_asked *asked, uint32_t count)
{
	uint32_t kept = 0;
	qsort(asked, count, sizeof *asked, by_partition_and_place);
	for (uint32_t i = 0; i < count; i++)
		if (i + 1 == count || by_partition(&asked[i], &asked[i + 1]) != 0)
			asked[kept++] = asked[i];
	return kept;
}

static struct registry_part part_of(const struct registry *registry, const struct errand_asked *a)
{
	const struct registry_topic *topic = registry_find(registry, a->topic);
	struct registry_part part = {.partition = (uint32_t)a->partition, .offset = a->offset,
				     .log_start_offset = -1};
	if (!topic || a->partition < 0 || part.partition >= topic->topic.partitions)
		part.error = KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION;
	else
		memcpy(part.topic_id, topic->topic.id, sizeof part.topic_id);
	return part;
}

/* False: as much is parked as may be. */
static bool park(struct errands *s, const struct kafka_request *r, enum registry_errand kind,
		 const struct registry_part *parts, uint32_t count)
{
	bool is_first = list_is_empty(&s->line);
	struct errand *e = kafka_waiting_take(s->parking, r,
					      sizeof *e + count * sizeof *parts);
	if (!e)
		return false;
	e->waiting.errand = e;
	e->kind = kind;
	e->count = count;
	memcpy(e->parts, parts, count * sizeof *parts);
	list_append(&s->line, &e->waiting.node);
	if (is_first)
		send_next(s);
	return true;
}

enum kafka_outcome errand_ask(struct kafka_request *r, enum registry_errand kind,
			      struct errand_asked *asked, uint32_t *count,
			      const struct registry_part **ret)
{
	*count = sort_once(asked, *count);
	if (r->errand) {
		require(r->errand->count == *count);
		*ret = r->errand->parts;
		return KAFKA_ANSWERED;
	}
	struct registry_part *parts = kafka_request_take(r, *count, sizeof *parts);
	if (!parts)
		return KAFKA_CLOSE;
	for (uint32_t i = 0; i < *count; i++)
		parts[i] = part_of(r->options->registry, &asked[i]);
	if (park(r->errands, r, kind, parts, *count))
		return KAFKA_PARKED;
	for (uint32_t i = 0; i < *count; i++)
		parts[i].error = KAFKA_ERROR_REQUEST_TIMED_OUT; /* come again */
	*ret = parts;
	return KAFKA_ANSWERED;
}
