/* offsets_waits.c - ends that are awaited in, requests whose ends have come out; see
 * offsets_waits.h. */
#include "control/kafka/offsets_waits.h"

#include "dataplane/base/clock.h"

void offsets_waits_init(struct offsets_waits *w, struct registry *registry,
			struct parking *parking)
{
	*w = (struct offsets_waits){.registry = registry, .parking = parking};
	list_init(&w->all);
}

bool offsets_wait(struct offsets_waits *w, const struct kafka_request *r,
		  const struct offsets_end *ends, uint32_t count)
{
	size_t head = sizeof(struct offsets_wait) + count * sizeof *ends;
	struct offsets_wait *o = kafka_waiting_take(w->parking, r, head);
	if (!o)
		return false;
	o->deadline_ns = clock_now_ns() + OFFSETS_WAIT_MS_MAX * NS_PER_MS;
	o->count = count;
	for (uint32_t i = 0; i < count; i++) {
		o->ends[i] = ends[i];
		o->ends[i].topic = kafka_waiting_name(&o->waiting, r, ends[i].topic);
	}
	list_append(&w->all, &o->waiting.node);
	return true;
}

/* A partition that has gone, or was made again, is waited for no longer than any other. */
static bool has_passed(const struct offsets_waits *w, const struct offsets_end *end)
{
	const struct registry_topic *topic = registry_find(w->registry, end->topic);
	struct log_marks marks;
	if (!topic || (uint32_t)end->partition >= topic->topic.partitions)
		return true;
	registry_marks(w->registry, topic, (uint32_t)end->partition, &marks);
	return marks.high_watermark >= end->offset || marks.is_fenced;
}

static bool is_over(const struct offsets_waits *w, struct offsets_wait *o, uint64_t now_ns)
{
	if (o->passed < o->count && has_passed(w, &o->ends[o->passed]))
		o->passed++;
	return o->passed == o->count || now_ns >= o->deadline_ns;
}

/* Who waits on goes behind the others. */
struct kafka_waiting *offsets_waits_next(struct offsets_waits *w, uint64_t now_ns,
					 unsigned *looks)
{
	while (*looks > 0 && !list_is_empty(&w->all)) {
		struct offsets_wait *o = list_entry(list_take_first(&w->all), struct offsets_wait,
						    waiting.node);
		(*looks)--;
		if (is_over(w, o, now_ns))
			return &o->waiting;
		list_append(&w->all, &o->waiting.node);
	}
	return NULL;
}
