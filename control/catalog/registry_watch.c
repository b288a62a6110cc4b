/* registry_watch.c - what happens to partitions while they are served: disks that failed and
 * batches that they damaged, by the watermarks (the writer that saw it has no words), and
 * directories and segments that went, by a look at their paths (an open file goes on taking
 * records when its name is gone). Said once. */
#include "control/catalog/registry_watch.h"
#include "control/catalog/registry_damage.h"
#include "control/catalog/registry_offline.h"
#include "control/catalog/registry_say.h"
#include "control/catalog/registry_segments.h"
#include "control/catalog/registry_space.h"
#include "dataplane/base/clock.h"

enum {
	WATCH_INTERVAL_MS = 100,
	/* All are looked at within a second. */
	SLOTS_AT_ONCE = (PARTITIONS_MAX + 9) / 10,
};

/* The same for all partitions of a writer: once is enough. */
static void say_mark_error(struct registry *r, struct log_dir *d, int error)
{
	if (!error || d->has_said_marks)
		return;
	d->has_said_marks = true;
	registry_say(r,
		     "%s: a writer's durable marks cannot be written: %s; records are taken as "
		     "before, but after a crash damage is told from a torn tail by older marks and "
		     "the recovery points",
		     d->path, strerror(-error));
}

/* Whether more has failed than one log is shown by a checkpoint of its log directory. */
static void look_at(struct registry *r, struct partition *p)
{
	struct log_marks marks;
	struct disk_place now;
	char lost[SEGMENT_NAME_BYTES];
	if (p->state != PARTITION_SERVED || p->is_offline || p->dir->is_stuck)
		return;
	if (disk_place_is_lost(r->dir->disk, p->directory, &p->place, &now)) {
		partition_offline(r, p,
				  "its directory was removed or replaced while it was "
				  "served; bring it back, then reopen the partition");
		return;
	}
	if (!segments_are_here(r, p, &now, lost)) {
		char fault[256];
		snprintf(fault, sizeof fault,
			 "its segment %s was removed or replaced while it was served; bring "
			 "it back, then reopen the partition",
			 lost + 1);
		partition_offline(r, p, fault);
		return;
	}
	marks_read(&r->options.marks[p->ref.slot], &marks);
	say_mark_error(r, p->dir, marks.mark_error);
	registry_damage_look(r, p, &marks);
	if (!marks.is_fenced || p->is_suspect)
		return;
	char way_out[REGISTRY_WAY_OUT_BYTES];
	p->is_suspect = true;
	partition_note_failure(p);
	log_dir_checkpoint_hasten(p->dir);
	partition_way_out(p, way_out);
	registry_say(r, "%s: %s: the partition takes no more records; %s", p->directory,
		     strerror(-marks.fence_error), way_out);
}

/* The first time in the first turn: before a topic is shown to anybody, who then finds room for his
 * records, or hears that there is none. */
void registry_watch(struct registry *r, uint64_t now_ns)
{
	if (now_ns < r->watch_at_ns || r->recovering || r->is_stopped)
		return;
	r->watch_at_ns = now_ns + WATCH_INTERVAL_MS * NS_PER_MS;
	bool are_here = directories_are_here(r);
	space_look(r);
	for (uint32_t i = 0; are_here && i < SLOTS_AT_ONCE; i++) {
		if (r->slots[r->watch_slot])
			look_at(r, r->slots[r->watch_slot]);
		r->watch_slot = (r->watch_slot + 1) % PARTITIONS_MAX;
	}
}
