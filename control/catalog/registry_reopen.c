/* registry_reopen.c - partitions that have failed in, logs that writers serve again out; see
 * registry_reopen.h. */
#include "control/catalog/registry_reopen.h"
#include "control/catalog/crew.h"
#include "control/catalog/registry_index.h"
#include "control/catalog/registry_jobs.h"
#include "control/catalog/registry_offline.h"
#include "control/catalog/registry_parts.h"
#include "control/catalog/registry_probe.h"
#include "control/catalog/registry_returning.h"
#include "control/catalog/registry_round.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/kafka_error.h"

#include <errno.h>
#include <stdlib.h>

/* Those who are served wait for the same disks. */
enum { REOPEN_THREADS = 2 };

enum { PHASE_ASK, PHASE_RETURN, PHASE_FLUSH, PHASE_OPEN, PHASE_SYNC, PHASE_SERVE };

struct reopening {
	struct registry *r; /* threads only read it */
	struct crew *crew;  /* null: no call was begun */
	struct log_dir *recalled; /* is it what it was? or null */
	int ask_error;
	uint32_t dirs;      /* of the partitions, by dir_bit() */
	int sync_errors[LOG_DIRS_MAX];
	atomic_uint opened;
	uint64_t begun_ns;
	struct partition **served; /* those that writers are to serve */
	uint32_t served_count;
	uint32_t count;
	struct returning logs[];
};

#define for_each_left(t, rp)                                                             \
	for (struct returning *t = (rp)->logs; t < (rp)->logs + (rp)->count; t++)        \
		if (!t->is_over)

static struct reopening *reopening_new(struct registry *r, const struct job *j)
{
	struct reopening *rp = calloc(1, sizeof *rp + j->part_count * sizeof rp->logs[0]);
	require(rp);
	rp->r = r;
	rp->begun_ns = clock_now_ns();
	rp->count = j->part_count;
	rp->served = calloc(rp->count + 1ul, sizeof(struct partition *));
	require(rp->served);
	return rp;
}

/* No log is begun any more, and those under way stop at their next read. */
static void give_up(struct reopening *rp)
{
	for_each_left(t, rp) atomic_store(&t->progress.is_over, true);
	if (rp->crew)
		crew_stop(rp->crew);
}

/* Waits for threads that are at work. */
static void reopening_free(struct reopening *rp)
{
	give_up(rp);
	if (rp->crew)
		crew_end(rp->crew);
	for (uint32_t i = 0; i < rp->count; i++)
		returning_free(&rp->logs[i]);
	free(rp->served);
	free(rp);
}

/* ---- the crew's calls ------------------------------------------------------------------- */

/* What was opened of it is open still, and keeps its file system: whatever has the same device and
 * inode is the same directory on the same disk. */
static void ask_directory(void *reopening, uint32_t index)
{
	struct reopening *rp = reopening;
	const struct log_dir *d = rp->recalled;
	struct disk_place now;
	bool is_lost = disk_place_is_lost(d->disk, d->path, &d->place, &now);
	rp->ask_error = is_lost ? -ESTALE : probe_ask(d);
}

static void sync_directory(void *reopening, uint32_t index)
{
	struct reopening *rp = reopening;
	const struct log_dir *d = &rp->r->dirs[index];
	rp->sync_errors[index] = rp->dirs & dir_bit(d) ? log_dir_sync_all(d) : 0;
}

static void open_one(void *reopening, uint32_t index)
{
	struct reopening *rp = reopening;
	struct returning *t = &rp->logs[index];
	if (t->is_over)
		return;
	returning_open(t);
	atomic_fetch_add_explicit(&rp->opened, 1, memory_order_relaxed);
}

/* ---- the job ---------------------------------------------------------------------------- */

static bool end(struct registry *r)
{
	r->reopening = NULL;
	return true;
}

static bool end_all(struct reopening *rp, const char *why)
{
	for_each_left(t, rp) returning_end(t, why);
	return end(rp->r);
}

static bool has_left(const struct reopening *rp)
{
	uint32_t i = 0;
	while (i < rp->count && rp->logs[i].is_over)
		i++;
	return i < rp->count;
}

/* The crew makes a call for each partition, or for each log directory. */
static bool begin_phase(struct job *j, uint8_t phase)
{
	struct reopening *rp = j->reopening;
	struct crew_work work = {rp->r->dir_count, sync_directory, rp};
	int error;
	if (phase == PHASE_OPEN)
		work = (struct crew_work){rp->count, open_one, rp};
	if (rp->crew)
		crew_end(rp->crew);
	rp->crew = NULL;
	if (!has_left(rp))
		return end(rp->r);
	j->phase = phase;
	rp->crew = crew_start(&work, REOPEN_THREADS, &error);
	return !rp->crew && end_all(rp, "there is no thread to recover it");
}

static bool take_parts(struct registry *r, struct job *j)
{
	struct reopening *rp = j->reopening = reopening_new(r, j);
	for (uint32_t i = 0; i < rp->count; i++) {
		struct returning *t = &rp->logs[i];
		returning_take(t, r, &j->parts[i]);
		if (!t->partition)
			continue;
		returning_hold(t);
		rp->dirs |= dir_bit(t->partition->dir);
		part_ask(j, t->partition);
	}
	if (j->asked_count == 0)
		return true;
	r->reopening = rp;
	j->phase = PHASE_RETURN;
	round_begin(&j->round, ADMIN_RETURN, j->asked, j->asked_count);
	return false;
}

/* ---- a log directory and all that has failed in it ---------------------------------------- */

/* As they are now: what was asked for may have waited in line. */
static bool take_all_in(struct registry *r, struct job *j, const struct log_dir *d)
{
	parts_make(j, r->slots_used);
	j->part_count = 0;
	for (unsigned i = 0; i < r->entry_count; i++) {
		const struct entry *e = r->entries[i];
		for (uint32_t p = 0; p < e->shown.topic.partitions; p++) {
			if (e->partitions[p]->dir != d ||
			    !partition_has_failed(r, e->partitions[p]))
				continue;
			struct registry_part *part = &j->parts[j->part_count++];
			part->partition = p;
			memcpy(part->topic_id, e->shown.topic.id, sizeof part->topic_id);
		}
	}
	j->result.parts = j->parts;
	j->result.part_count = j->part_count;
	return take_parts(r, j);
}

static bool recall(struct registry *r, struct job *j)
{
	struct log_dir *d = j->recalled;
	if (d->is_stuck || d->needs_start)
		return job_fail(j, KAFKA_ERROR_KAFKA_STORAGE_ERROR, "%s%s",
				d->is_stuck ? d->path : d->fault,
				d->is_stuck ? " does not answer"
					    : "; bring it back and start the gateway again");
	struct reopening *rp = j->reopening = reopening_new(r, j);
	struct crew_work work = {1, ask_directory, rp};
	int error;
	rp->recalled = d;
	j->phase = PHASE_ASK;
	rp->crew = crew_start(&work, 1, &error);
	return !rp->crew && job_fail(j, KAFKA_ERROR_KAFKA_STORAGE_ERROR,
				     "there is no thread to ask %s", d->path);
}

/* Its reason stays when it is not what it was. */
static bool recalled(struct registry *r, struct job *j)
{
	struct reopening *rp = j->reopening;
	struct log_dir *d = rp->recalled;
	int error = rp->ask_error;
	j->reopening = NULL;
	reopening_free(rp);
	if (r->is_stopping)
		return job_refuse(j);
	if (error)
		return job_fail(j, KAFKA_ERROR_KAFKA_STORAGE_ERROR, "%s: %s", d->path,
				error == -ESTALE ? "it is not there, or not the one that was"
						 : registry_advice(error));
	if (d->is_lost)
		directory_take_back(r, d);
	return take_all_in(r, j, d);
}

static bool reopen_start(struct registry *r, struct job *j)
{
	struct log_dir *d = j->recalled;
	if (!d)
		return take_parts(r, j);
	return d->is_lost ? recall(r, j) : take_all_in(r, j, d);
}

/* ---- the way of a job --------------------------------------------------------------------- */

/* A disk that has failed may tell that once more to the first sync, and the recovery looks at what
 * came of it: only the sync behind it counts. */
static bool serve(struct registry *r, struct job *j)
{
	struct reopening *rp = j->reopening;
	for_each_left(t, rp) {
		struct partition *p = t->partition;
		if (returning_synced(t, rp->sync_errors[p->dir->number]))
			rp->served[rp->served_count++] = p;
	}
	for_each_dir(d, r) directory_note_error(r, d, rp->sync_errors[d->number]);
	if (rp->served_count == 0)
		return end(r);
	j->phase = PHASE_SERVE;
	round_begin(&j->round, ADMIN_REOPEN, rp->served, rp->served_count);
	return false;
}

/* A stop comes behind the writers' answers, for what they have given back is closed here. */
static bool reopen_next(struct registry *r, struct job *j)
{
	struct reopening *rp = j->reopening;
	if (j->phase == PHASE_ASK)
		return recalled(r, j);
	if (j->phase == PHASE_RETURN)
		for_each_left(t, rp) returning_copy(t);
	if (r->is_stopping && j->phase != PHASE_SERVE)
		return end_all(rp, "the gateway is stopping");
	switch (j->phase) {
	case PHASE_RETURN:
		return begin_phase(j, PHASE_FLUSH);
	case PHASE_FLUSH:
		return begin_phase(j, PHASE_OPEN);
	case PHASE_OPEN:
		for_each_left(t, rp) returning_opened(t);
		return begin_phase(j, PHASE_SYNC);
	case PHASE_SYNC:
		return serve(r, j);
	default:
		for_each_left(t, rp) returning_served(t);
		return end(r);
	}
}

static bool is_being_deleted(const struct registry *r, const struct partition *p)
{
	return registry_entry(r, p->entry->shown.topic.name) != p->entry;
}

/* The cleaner was told to leave, and does when its disk lets it. */
static bool is_being_cleaned(const struct registry *r, struct reopening *rp)
{
	for_each_left(t, rp) if (t->partition == r->cleaning.partition) return true;
	return false;
}

static bool reopen_may_go_on(struct registry *r, const struct job *j)
{
	struct reopening *rp = j->reopening;
	if (!rp->crew)
		return r->is_stopping || !is_being_cleaned(r, rp);
	if (r->is_stopping)
		give_up(rp);
	for_each_left(t, rp)
		if (is_being_deleted(r, t->partition))
			atomic_store(&t->progress.is_over, true);
	crew_turn(rp->crew);
	return crew_is_idle(rp->crew);
}

/* Who asked has heard of it. One that is abandoned is under way. */
static void reopen_free(struct job *j)
{
	struct reopening *rp = j->reopening;
	if (rp && rp->r->reopening == rp)
		end(rp->r);
	if (rp)
		reopening_free(rp);
}

const struct job_kind job_reopen = {
	.of = "partitions that come back", /* no topic can have this name */
	.start = reopen_start,
	.next = reopen_next,
	.may_go_on = reopen_may_go_on,
	.free = reopen_free,
};

void reopening_progress(const struct reopening *rp, struct recovery_progress *ret)
{
	*ret = (struct recovery_progress){
		.opened = atomic_load_explicit(&rp->opened, memory_order_relaxed),
		.since_ns = clock_now_ns() - rp->begun_ns,
	};
	for (uint32_t i = 0; i < rp->count; i++) {
		const struct returning *t = &rp->logs[i];
		ret->partitions += t->partition != NULL;
		ret->bytes_read += atomic_load_explicit(&t->progress.bytes_read,
							memory_order_relaxed);
	}
}
