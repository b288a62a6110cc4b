/* registry_watch.c - partitions whose disk failed while they were served: found by their
 * watermarks, and said once with the reason. The writer that saw it has no words. */
#include "control/registry_private.h"
#include "dataplane/base/clock.h"

static const uint64_t interval_ns = NS_PER_S;

static void look_at(struct registry *r, struct partition *p)
{
	struct log_marks marks;
	if (p->state != PARTITION_SERVED || p->is_suspect)
		return;
	marks_read(&r->options.marks[p->ref.slot], &marks);
	if (!marks.is_fenced)
		return;
	p->is_suspect = true;
	registry_say(r,
		     "%s: %s: the partition takes no more records; see to the disk, then "
		     "start the gateway again",
		     p->directory, strerror(-marks.fence_error));
}

void registry_watch(struct registry *r, uint64_t now_ns)
{
	if (now_ns < r->watch_at_ns)
		return;
	r->watch_at_ns = now_ns + interval_ns;
	for (unsigned i = 0; i < r->entry_count; i++)
		for (uint32_t p = 0; p < r->entries[i]->partition_count; p++)
			look_at(r, r->entries[i]->partitions[p]);
}
