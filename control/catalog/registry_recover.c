/* registry_recover.c - partitions that the scan has found in, their logs open out; see
 * registry_recover.h. */
#include "control/catalog/registry_recover.h"
#include "control/catalog/crew.h"
#include "control/catalog/registry_jobs.h"
#include "control/catalog/registry_lock.h"
#include "control/catalog/registry_marks.h"
#include "control/catalog/registry_offline.h"
#include "control/catalog/registry_opening.h"
#include "control/catalog/registry_say.h"
#include "control/catalog/registry_store.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "dataplane/store/scan.h"

#include <errno.h>
#include <stdlib.h>

/* How often the operator is told how far it is, and what a step settles. */
#define SAID_EVERY_NS NS_PER_S
enum { SETTLED_AT_ONCE = 64 };

struct recovering {
	struct registry *r; /* threads only read it */
	struct crew *crew;  /* null: it has not begun */
	bool is_syncing;    /* all logs are open: its calls are the syncs */
	int sync_errors[LOG_DIRS_MAX]; /* by log directory */
	unsigned synced; /* those before it */
	struct scan_progress progress;
	atomic_uint opened;
	uint32_t settled; /* those before it */
	int error;        /* first -errno that ends the start */
	uint64_t begun_ns;
	uint64_t said_ns;
	struct listings listings;
	uint32_t count;
	struct recovering_log {
		const struct entry *entry;
		struct partition *partition;
		struct opened opened;
	} logs[];
};

/* An offline partition has a reason already, and its log stays closed, this time. */
struct recovering *recovering_new(struct registry *r, struct listings *take)
{
	struct recovering *rc = calloc(1, sizeof *rc + r->slots_used * sizeof rc->logs[0]);
	require(rc);
	rc->r = r;
	rc->listings = *take;
	*take = (struct listings){0};
	for_each_dir(d, r) d->needs_start = d->is_lost;
	for (unsigned i = 0; i < r->entry_count; i++) {
		const struct entry *e = r->entries[i];
		for (uint32_t p = 0; p < e->partition_count; p++)
			if (e->partitions[p]->is_offline)
				e->partitions[p]->needs_start = true;
			else
				rc->logs[rc->count++] = (struct recovering_log){
					.entry = e, .partition = e->partitions[p]};
	}
	return rc;
}

void recovering_free(struct recovering *rc)
{
	if (!rc)
		return;
	atomic_store(&rc->progress.is_over, true);
	if (rc->crew)
		crew_end(rc->crew);
	for (uint32_t i = 0; i < rc->count; i++)
		opened_free(&rc->logs[i].opened);
	listings_free(&rc->listings);
	free(rc);
}

/* ---- the crew's calls ------------------------------------------------------------------- */

static void open_one(void *recovering, uint32_t index)
{
	struct recovering *rc = recovering;
	struct recovering_log *l = &rc->logs[index];
	partition_open(rc->r, l->entry, l->partition, l->partition->dir->was_clean, &rc->progress,
		       &l->opened);
	atomic_fetch_add_explicit(&rc->opened, 1, memory_order_relaxed);
}

static void sync_all(void *recovering, uint32_t index)
{
	struct recovering *rc = recovering;
	const struct log_dir *d = &rc->r->dirs[index];
	rc->sync_errors[index] = d->is_lost ? 0 : log_dir_sync_all(d);
}

/* ---- control's side --------------------------------------------------------------------- */

static void begin_crew(struct recovering *rc, const struct crew_work *work, unsigned threads)
{
	if (rc->crew)
		crew_end(rc->crew);
	rc->crew = crew_start(work, threads, &rc->error);
}

/* Only want of memory stops the start: it is not the partition's fault. */
static void settle(struct recovering *rc, struct recovering_log *l)
{
	struct opened *o = &l->opened;
	opened_say(rc->r, o);
	if (o->error == -ENOMEM)
		rc->error = o->error;
	else if (o->error)
		partition_offline(rc->r, l->partition, o->why);
}

static bool has_next(const struct recovering *rc)
{
	return rc->settled < rc->count && crew_has_made(rc->crew, rc->settled);
}

static bool has_synced(const struct recovering *rc)
{
	return rc->is_syncing && rc->synced < rc->r->dir_count &&
	       crew_has_made(rc->crew, rc->synced);
}

static void settle_some(struct recovering *rc)
{
	for (unsigned n = 0; n < SETTLED_AT_ONCE && has_next(rc) && !rc->error; n++)
		settle(rc, &rc->logs[rc->settled++]);
}

/* No log is begun, and those under way end soon, with -ECANCELED. */
static void give_up(struct recovering *rc)
{
	atomic_store(&rc->progress.is_over, true);
	if (rc->crew)
		crew_stop(rc->crew);
}

/* A topic whose making was interrupted has now all of its directories. */
static void finish_making(struct registry *r, struct entry *e)
{
	uint32_t was = e->ready;
	for (uint32_t i = was; i < e->partition_count; i++)
		if (e->partitions[i]->is_offline)
			return;
	e->ready = e->partition_count;
	int error = was == e->ready ? 0 : store_write(r, e, e->partition_count);
	if (error)
		registry_say(r, "topic %s: its file cannot be written: %s; the next start "
			     "tries again", e->shown.topic.name, strerror(-error));
}

static void finish(struct registry *r, struct recovering *rc)
{
	durable_marks_begin(r, &rc->listings);
	for (unsigned i = 0; i < r->entry_count; i++)
		finish_making(r, r->entries[i]);
	r->is_recovered = true;
}

static void say_progress(struct recovering *rc)
{
	uint64_t now_ns = clock_now_ns();
	if (now_ns - rc->said_ns < SAID_EVERY_NS)
		return;
	rc->said_ns = now_ns;
	char line[REGISTRY_PROGRESS_BYTES];
	registry_say(rc->r, "%s", recovering_text(rc, line));
}

/* ---- the job ---------------------------------------------------------------------------- */

static bool recover_start(struct registry *r, struct job *j)
{
	struct recovering *rc = r->recovering;
	struct crew_work work = {rc->count, open_one, rc};
	rc->begun_ns = rc->said_ns = clock_now_ns();
	unsigned threads = (unsigned)r->options.settings->recovery_threads * r->dir_count;
	begin_crew(rc, &work, min_u32(threads, CREW_THREADS_MAX));
	return false;
}

/* Something is to be settled, or nobody is at work any more. */
static bool recover_may_go_on(struct registry *r, const struct job *j)
{
	struct recovering *rc = r->recovering;
	if (r->is_stopping || rc->error)
		give_up(rc);
	if (!rc->crew)
		return true;
	crew_turn(rc->crew);
	say_progress(rc);
	return has_next(rc) || has_synced(rc) || crew_is_idle(rc->crew);
}

/* With an error the start has failed; not recovered without one, it was broken off. */
static bool recover_end(struct registry *r, int error)
{
	if (error)
		snprintf(r->fault, sizeof r->fault, "log.dirs: %s cannot be used: %s",
			 r->dir->path, registry_advice(error));
	recovering_free(r->recovering);
	r->recovering = NULL;
	return true;
}

/* Every log, then one sync for all: nobody is served before. */
static bool recover_next(struct registry *r, struct job *j)
{
	struct recovering *rc = r->recovering;
	if (!rc->error && !r->is_stopping)
		settle_some(rc);
	rc->synced += has_synced(rc);
	if (rc->crew && !crew_is_idle(rc->crew))
		return false;
	if (rc->error || r->is_stopping)
		return recover_end(r, rc->error);
	if (rc->settled < rc->count)
		return false;
	if (!rc->is_syncing) {
		struct crew_work work = {r->dir_count, sync_all, rc};
		rc->is_syncing = true;
		begin_crew(rc, &work, r->dir_count);
		return false;
	}
	rc->error = rc->sync_errors[r->dir->number];
	for_each_dir(d, r) if (rc->sync_errors[d->number] && d != r->dir)
		directory_give_up(r, d, rc->sync_errors[d->number]);
	if (!rc->error)
		finish(r, rc);
	return recover_end(r, rc->error);
}

const struct job_kind job_recover = {
	.is_alone = true,
	.start = recover_start,
	.next = recover_next,
	.may_go_on = recover_may_go_on,
};

void recovering_progress(const struct recovering *rc, struct recovery_progress *ret)
{
	*ret = (struct recovery_progress){
		.partitions = rc->count,
		.opened = atomic_load_explicit(&rc->opened, memory_order_relaxed),
		.bytes_read = atomic_load_explicit(&rc->progress.bytes_read,
						   memory_order_relaxed),
		.since_ns = rc->begun_ns ? clock_now_ns() - rc->begun_ns : 0,
		.is_syncing = rc->is_syncing,
	};
}

const char *recovering_text(const struct recovering *rc, char ret[REGISTRY_PROGRESS_BYTES])
{
	struct recovery_progress p;
	recovering_progress(rc, &p);
	snprintf(ret, REGISTRY_PROGRESS_BYTES,
		 "recovering: %u of %u partitions, %.1f GB read, %llu s so far%s", p.opened,
		 p.partitions, (double)p.bytes_read / 1e9,
		 (unsigned long long)(p.since_ns / NS_PER_S),
		 p.is_syncing ? "; the disk is synced" : "");
	return ret;
}
