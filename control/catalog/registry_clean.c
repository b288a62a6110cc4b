/* registry_clean.c - compacted logs in, rounds of the cleaner out; see registry_clean.h. */
#include "control/catalog/registry_clean.h"
#include "control/catalog/registry_checkpoint.h"
#include "control/catalog/registry_entry.h"
#include "control/catalog/registry_index.h"
#include "control/catalog/registry_jobs.h"
#include "control/catalog/registry_offline.h"
#include "control/catalog/registry_parts.h"
#include "control/catalog/registry_round.h"
#include "control/catalog/registry_say.h"
#include "control/catalog/registry_space.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"

#include <errno.h>
#include <stdlib.h>

enum {
	CLEAN_REST,
	CLEAN_LOOK,
	CLEAN_MAP,
	CLEAN_RUN,
	CLEAN_SWAP,
	CLEAN_UNDO,
	CLEAN_RESTING,
};

/* A log whose round has failed is left alone for so long. */
#define FAILED_NS (60 * NS_PER_S)

enum { PHASE_MEASURE, PHASE_LIST };

static void begin(struct registry *r, uint8_t state, enum clean_step step)
{
	struct cleaning *c = &r->cleaning;
	c->state = state;
	r->options.cleaner->begin(r->options.cleaner->owner, &c->round, step);
}

static void begin_run(struct registry *r)
{
	r->cleaning.round.kept_bytes = space_kept(r, r->cleaning.partition->dir);
	begin(r, CLEAN_RUN, CLEAN_STEP_RUN);
}

static void forget(struct cleaning *c)
{
	free(c->told);
	c->told = NULL;
	c->partition = NULL;
}

/* ---- which ------------------------------------------------------------------------------ */

static bool is_asked(const struct registry *r, const struct entry *e, const struct partition *p)
{
	return e->shown.settings.log.cleanup_policy & CLEANUP_COMPACT && !p->is_offline &&
	       !p->dir->is_lost && !p->dir->is_stuck && !p->is_uncleanable &&
	       p->clean_after_ns <= r->cleaning.now_ns;
}

/* The log may have been made anew behind what the checkpoint says of one of the same name. */
static int64_t first_dirty(const struct registry *r, const struct partition *p)
{
	struct log_marks marks;
	partition_marks(r, p, &marks);
	return p->cleaned_offset <= marks.log_end_offset ? max_i64(p->cleaned_offset, 0) : 0;
}

static void ask(const struct registry *r, struct job *j, struct partition *p)
{
	p->sealed = &j->told[j->asked_count];
	*p->sealed = (struct segments_told){.first_dirty = first_dirty(r, p),
					    .now_ms = clock_wall_ms()};
	part_ask(j, p);
}

/* One that a job adds is nobody's before it is shown. */
static bool look_start(struct registry *r, struct job *j)
{
	j->asked = calloc(r->slots_used + 1u, sizeof(struct partition *));
	j->told = calloc(r->slots_used + 1u, sizeof *j->told);
	require(j->asked && j->told);
	for (unsigned i = 0; i < r->entry_count; i++) {
		const struct entry *e = r->entries[i];
		for (uint32_t p = 0; p < e->shown.topic.partitions; p++)
			if (is_asked(r, e, e->partitions[p]))
				ask(r, j, e->partitions[p]);
	}
	if (j->asked_count == 0)
		return true;
	round_begin(&j->round, ADMIN_SEGMENTS, j->asked, j->asked_count);
	return false;
}

/* The share of a log that is dirty, in millionths; 0: it is clean enough. */
static uint64_t dirtiness(const struct partition *p)
{
	const struct segments_told *t = p->sealed;
	const struct log_options *o = &p->entry->shown.settings.log;
	uint64_t all = t->clean_bytes + t->dirty_bytes;
	if (t->is_busy || t->dirty_bytes == 0)
		return 0;
	uint64_t share = (uint64_t)((unsigned __int128)t->dirty_bytes * SETTING_RATIO_ONE / all);
	bool is_due = t->dirty_since_ms >= 0 &&
		      t->now_ms - t->dirty_since_ms > o->max_compaction_lag_ms;
	return is_due ? SETTING_RATIO_ONE + share
		      : share >= o->min_cleanable_dirty_ratio ? max_u64(share, 1) : 0;
}

/* A topic whose deletion has begun is not: its files are still there only because the deletion
 * waits for the end of this job. */
static bool is_there(const struct registry *r, const struct partition *p)
{
	return !p->is_offline && registry_entry(r, p->entry->shown.topic.name) == p->entry;
}

/* The place among those that were asked; asked_count: none is dirty. Who has not answered has told
 * of nothing that is. */
static uint32_t dirtiest(const struct registry *r, const struct job *j)
{
	uint32_t chosen = j->asked_count;
	uint64_t most = 0;
	for (uint32_t i = 0; i < j->asked_count; i++) {
		uint64_t share = is_there(r, j->asked[i]) ? dirtiness(j->asked[i]) : 0;
		if (share > most) {
			most = share;
			chosen = i;
		}
	}
	return chosen;
}

/* It comes first: the others are let go with it, at the end. */
static void list(struct job *j, uint32_t i)
{
	struct partition *p = j->asked[i];
	struct segments_told *t = &j->told[0];
	*t = *p->sealed;
	t->room = t->count;
	t->told = calloc(t->room + 1u, sizeof *t->told);
	require(t->told);
	p->sealed = t;
	j->asked[i] = j->asked[0];
	j->asked[0] = p;
	j->phase = PHASE_LIST;
	round_begin(&j->round, ADMIN_SEGMENTS, j->asked, 1);
}

static void start_round(struct registry *r, const struct job *j)
{
	struct cleaning *c = &r->cleaning;
	const struct segments_told *t = &j->told[0];
	const struct settings *s = r->options.settings;
	struct partition *p = j->asked[0];
	c->partition = p;
	c->told = t->told;
	c->round = (struct clean_round){
		.directory = p->directory,
		.options = p->entry->shown.settings.log,
		.segments = t->told,
		.count = min_u32(t->count, t->room),
		.end_offset = t->end_offset,
		.young_from = t->young_from,
		.first_dirty = t->first_dirty,
		.now_ms = t->now_ms,
		.producer_expiration_ms = s->writer.producer_expiration_ms,
		.io_bytes_per_second = s->log_cleaner_io_max_bytes_per_second,
	};
	begin(r, CLEAN_MAP, CLEAN_STEP_MAP);
}

/* What has come since it was measured is for the next round: a list that is longer than it was is
 * cut, and ends where its last place begins. */
static bool look_next(struct registry *r, struct job *j)
{
	if (j->phase == PHASE_MEASURE) {
		uint32_t i = dirtiest(r, j);
		if (i == j->asked_count || r->is_stopping)
			return true;
		list(j, i);
		return false;
	}
	struct segments_told *t = &j->told[0];
	if (j->round.error || t->count == 0 || t->count > t->room || r->is_stopping ||
	    !is_there(r, j->asked[0]))
		free(t->told);
	else
		start_round(r, j);
	return true;
}

const struct job_kind job_clean_look = {.start = look_start, .next = look_next};

static void looked(void *owner, const struct registry_result *result)
{
	struct registry *r = owner;
	if (r->cleaning.state == CLEAN_LOOK)
		r->cleaning.state = CLEAN_REST;
}

/* ---- a round ----------------------------------------------------------------------------- */

static const char *reason(int error)
{
	switch (error) {
	case -EBADMSG:
		return "a batch of it is damaged";
	case -EUCLEAN:
		return "files of a compaction are left, which the next start finishes or removes";
	case -ENOSPC:
		return "its disk has too little left beside penstock.disk.reserve.bytes";
	default:
		return strerror(-error);
	}
}

/* Said once for each log, until it was compacted: the next try may do better. */
static void say_failed(struct registry *r, struct partition *p, int error)
{
	p->clean_after_ns = r->cleaning.now_ns + FAILED_NS;
	p->is_uncleanable = error == -EBADMSG || error == -EUCLEAN;
	if (p->has_said_clean || error == -ECANCELED || error == -EAGAIN || error == -ESTALE)
		return;
	p->has_said_clean = true;
	registry_say(r, "%s: cannot be compacted%s: %s", p->directory,
		     p->is_uncleanable ? " until the next start" : " now", reason(error));
}

static void end_round(struct registry *r, int error)
{
	struct cleaning *c = &r->cleaning;
	struct partition *p = c->partition;
	if (p && error)
		say_failed(r, p, error);
	if (p && !error) {
		p->cleaned_offset = c->round.map_end;
		p->is_compacted = true;
		p->has_said_clean = false;
		if (!directory_is_here(r, p->dir) || checkpoint_write_cleaned(r, p->dir) != 0)
			registry_say(r, "%s: cleaner-offset-checkpoint cannot be written: what was "
					"compacted is looked at once more after the next start",
				     p->dir->path);
		/* Another log may be as dirty, or more of this one. */
		if (c->round.map_end > c->round.first_dirty)
			c->at_ns = c->now_ns;
	}
	forget(c);
	begin(r, CLEAN_RESTING, CLEAN_STEP_REST);
}

static void swapped(void *owner, const struct registry_result *result)
{
	struct registry *r = owner;
	struct cleaning *c = &r->cleaning;
	if (c->state != CLEAN_SWAP)
		return;
	c->error = result->error ? -ECANCELED : c->error;
	if (!c->partition || r->is_stopping) {
		forget(c);
		c->state = CLEAN_REST;
	} else if (c->error == 0) {
		begin_run(r);
	} else if (c->error == -EUCLEAN) {
		end_round(r, c->error); /* its files stand for some that are gone */
	} else {
		begin(r, CLEAN_UNDO, CLEAN_STEP_UNDO);
	}
}

static bool swap_start(struct registry *r, struct job *j)
{
	struct cleaning *c = &r->cleaning;
	c->error = -ECANCELED;
	if (!c->partition || c->partition->is_offline)
		return true;
	j->asked = calloc(1, sizeof(struct partition *));
	require(j->asked);
	part_ask(j, c->partition);
	round_begin(&j->round, ADMIN_SWAP, j->asked, 1);
	j->round.swap = &c->round.run;
	return false;
}

/* By the round: the partition may have had another message since its answer. */
static bool swap_next(struct registry *r, struct job *j)
{
	r->cleaning.error = j->round.error;
	return true;
}

const struct job_kind job_clean_swap = {.start = swap_start, .next = swap_next};

static void queue(struct registry *r, uint8_t state, const struct job_kind *kind,
		  registry_done done)
{
	r->cleaning.state = state;
	job_queue(r, kind, &(struct registry_request){.name = "", .done = done, .owner = r});
}

static void end_left(struct registry *r)
{
	struct cleaning *c = &r->cleaning;
	c->partition->entry->errands--;
	c->is_left = false;
	forget(c);
	c->state = CLEAN_REST;
	if (!r->is_stopping)
		begin(r, CLEAN_RESTING, CLEAN_STEP_REST);
}

/* A step of the cleaner's is over. */
static void step_over(struct registry *r, int error)
{
	struct cleaning *c = &r->cleaning;
	if (c->is_left) {
		end_left(r);
		return;
	}
	switch (c->state) {
	case CLEAN_MAP:
		if (error)
			end_round(r, error);
		else
			begin_run(r);
		return;
	case CLEAN_RUN:
		if (error || c->round.run.count == 0)
			end_round(r, error);
		else
			queue(r, CLEAN_SWAP, &job_clean_swap, swapped);
		return;
	case CLEAN_UNDO:
		end_round(r, error ? error : c->error);
		return;
	default:
		c->state = CLEAN_REST;
	}
}

static bool is_working(const struct cleaning *c)
{
	return c->state != CLEAN_REST && c->state != CLEAN_LOOK && c->state != CLEAN_SWAP;
}

bool clean_turn(struct registry *r, uint64_t now_ns)
{
	struct cleaning *c = &r->cleaning;
	const struct cleaner *cleaner = r->options.cleaner;
	int error;
	c->now_ns = now_ns;
	if (!cleaner || !r->is_ready)
		return false;
	bool found = is_working(c) && cleaner->is_over(cleaner->owner, &error);
	if (found)
		step_over(r, error);
	if (r->is_stopping || c->state != CLEAN_REST || now_ns < c->at_ns)
		return found;
	c->at_ns = now_ns + (uint64_t)r->options.settings->log_cleaner_backoff_ms * NS_PER_MS;
	queue(r, CLEAN_LOOK, &job_clean_look, looked);
	return true;
}

void clean_leave(struct registry *r, const struct entry *e)
{
	struct cleaning *c = &r->cleaning;
	if (!c->partition || c->is_left || (e && e != c->partition->entry))
		return;
	if (!is_working(c)) {
		forget(c);
		return;
	}
	r->options.cleaner->cancel(r->options.cleaner->owner);
	c->is_left = true;
	c->partition->entry->errands++;
}

void clean_finish(struct registry *r)
{
	struct cleaning *c = &r->cleaning;
	if (is_working(c))
		r->options.cleaner->finish(r->options.cleaner->owner);
	forget(c);
	c->state = CLEAN_REST;
}
