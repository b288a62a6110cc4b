/* log_turn.c - what logs do in a turn of their writer; see log.h. */
#include "dataplane/store/log/log.h"
#include "dataplane/store/log/log_ahead.h"
#include "dataplane/store/log/log_append.h"
#include "dataplane/store/log/log_due.h"
#include "dataplane/store/log/log_end.h"
#include "dataplane/store/log/log_flush.h"
#include "dataplane/store/log/log_index.h"
#include "dataplane/store/log/log_read.h"
#include "dataplane/store/log/log_sync.h"
#include "dataplane/store/log/log_tasks.h"
#include "dataplane/store/log/log_trim.h"
#include "dataplane/store/log/log_writing.h"

struct log *log_next_active(struct list *active)
{
	struct list *node = list_take_first(active);
	return node ? list_entry(node, struct log, node) : NULL;
}

/* In the order of a batch's way, so that what is copied in this turn is written in it, and what
 * was reaped before it is synced. */
static void advance_writing(struct log *log)
{
	log_copy(log);
	log_submit_writes(log);
	log_prepare_ahead(log);
	log_submit_index(log);
	log_submit_sync(log);
}

void log_advance(struct log *log)
{
	log->is_starved = false;
	if (!log->is_fenced)
		advance_writing(log);
	log_tasks_advance(log);
	if (log_has_ended(log))
		descriptors_drop(&log->files);
	else if (log->is_starved)
		log_touch(log);
}

/* Soonest first: behind one that is not due none is. */
static void touch_due(struct list *dues, uint64_t now_ns)
{
	list_for_each(node, dues)
	{
		struct log_deadline *d = list_entry(node, struct log_deadline, node);
		if (d->at_ns > now_ns)
			return;
		log_touch(d->log);
	}
}

void log_service_flush(struct log_service *s)
{
	log_flush_turn(s);
}

/* There is time: what is left is looked at in the next turn. */
static void expire_producers(struct log_service *s)
{
	if (s->now_ns < s->producers_due_ns || s->now_ns < s->producers_kept_ns)
		return;
	unsigned n = producers_expire(&s->producers, s->now_ns - s->producers_kept_ns,
				      PRODUCERS_EXPIRED_PER_TURN);
	if (n < PRODUCERS_EXPIRED_PER_TURN)
		s->producers_due_ns = s->now_ns + s->producers_check_ns;
}

static void see_room(struct log_service *s)
{
	unsigned looks = atomic_load_explicit(&s->dir->looks, memory_order_acquire);
	s->is_short = atomic_load_explicit(&s->dir->is_short, memory_order_relaxed);
	if (looks == s->looks)
		return;
	s->looks = looks;
	s->room_bytes = atomic_load_explicit(&s->dir->room_bytes, memory_order_relaxed);
}

void log_service_turn(struct log_service *s, uint64_t now_ns)
{
	s->now_ns = now_ns;
	see_room(s);
	expire_producers(s);
	touch_due(&s->write_dues, s->is_core_busy ? now_ns : UINT64_MAX);
	touch_due(&s->sync_dues, now_ns);
	log_trim_turn(s);
	mark_file_turn(&s->marks, now_ns);
	log_reads_turn(s);
	log_scrub_turn(s);
}

static uint64_t first_due_ns(const struct list *dues)
{
	return list_is_empty(dues) ? UINT64_MAX
				   : list_entry(dues->next, struct log_deadline, node)->at_ns;
}

uint64_t log_service_idle_ns(const struct log_service *s, uint64_t now_ns, uint64_t limit_ns)
{
	uint64_t due_ns = min_u64(first_due_ns(&s->sync_dues), mark_file_due_ns(&s->marks));
	due_ns = min_u64(due_ns, log_scrub_due_ns(s));
	return due_ns <= now_ns ? 0 : min_u64(due_ns - now_ns, limit_ns);
}
