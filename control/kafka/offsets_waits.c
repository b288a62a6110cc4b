/* offsets_waits.c - ends that are awaited in, requests whose ends have come out; see
 * offsets_waits.h. */
#include "control/kafka/offsets_waits.h"

#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"

void offsets_waits_init(struct offsets_waits *w, struct registry *registry,
			struct parking *parking)
{
	*w = (struct offsets_waits){.registry = registry, .parking = parking};
	list_init(&w->all);
}

/* The same bytes, in the copy that is kept. */
static struct bytes kept(const struct kafka_request *r, const uint8_t *copy, struct bytes name)
{
	require(name.data >= r->bytes.data &&
		name.data + name.size <= r->bytes.data + r->bytes.size);
	return (struct bytes){copy + (name.data - r->bytes.data), name.size};
}

bool offsets_wait(struct offsets_waits *w, const struct kafka_request *r,
		  const struct offsets_end *ends, uint32_t count)
{
	size_t head = sizeof(struct offsets_wait) + count * sizeof *ends;
	struct offsets_wait *o = parking_take(w->parking, r->call, head + r->bytes.size);
	if (!o)
		return false;
	uint8_t *copy = (uint8_t *)o + head;
	memcpy(copy, r->bytes.data, r->bytes.size);
	o->request = (struct bytes){copy, r->bytes.size};
	o->listener = r->listener;
	o->deadline_ns = clock_now_ns() + OFFSETS_WAIT_MS_MAX * NS_PER_MS;
	o->count = count;
	for (uint32_t i = 0; i < count; i++) {
		o->ends[i] = ends[i];
		o->ends[i].topic = kept(r, copy, ends[i].topic);
	}
	list_append(&w->all, &o->node);
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
struct offsets_wait *offsets_waits_next(struct offsets_waits *w, uint64_t now_ns, unsigned *looks)
{
	while (*looks > 0 && !list_is_empty(&w->all)) {
		struct offsets_wait *o = list_entry(list_take_first(&w->all), struct offsets_wait,
						    node);
		(*looks)--;
		if (is_over(w, o, now_ns))
			return o;
		list_append(&w->all, &o->node);
	}
	return NULL;
}
