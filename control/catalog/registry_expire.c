/* registry_expire.c - job: logs lose what is too old, or too much.
 *
 *     all ─ ADMIN_EXPIRE ─▶ where each could start ─▶ log-start-offset-checkpoint, synced
 *                           those that move ◀────────────────┘
 *                             └─ ADMIN_DELETE_RECORDS ─▶ over
 *
 * docs/decisions/0014-retention.md says why in this order. It is an errand to all partitions, so
 * one that was asked is still there when it is told; one that has had another message since then
 * is left to the next time. */
#include "control/catalog/registry_expire.h"
#include "control/catalog/registry_entry.h"
#include "control/catalog/registry_jobs.h"
#include "control/catalog/registry_parts.h"
#include "control/catalog/registry_round.h"
#include "control/catalog/registry_say.h"
#include "control/catalog/registry_starts.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"

#include <stdlib.h>

enum { PHASE_ASK, PHASE_TELL };

/* The first time comes soon after a start, as Kafka's: who starts often would never get to it. */
#define FIRST_MS UINT64_C(30000)
/* What is longer is never: a hundred years, which nanoseconds hold. */
#define INTERVAL_MS_MAX UINT64_C(3153600000000)

/* One that a job adds is nobody's before it is shown. */
static bool start(struct registry *r, struct job *j)
{
	j->asked = calloc(r->slots_used + 1u, sizeof(struct partition *));
	require(j->asked);
	for (unsigned i = 0; i < r->entry_count; i++) {
		const struct entry *e = r->entries[i];
		for (uint32_t p = 0; p < e->shown.topic.partitions; p++)
			if (!e->partitions[p]->is_offline)
				part_ask(j, e->partitions[p]);
	}
	round_begin(&j->round, ADMIN_EXPIRE, j->asked, j->asked_count);
	return false;
}

/* By its writer's answer; one that nobody serves has none. */
static bool has_moved(const struct registry *r, struct partition *p)
{
	struct log_marks marks;
	if (p->state != PARTITION_SERVED || p->admin.op != ADMIN_EXPIRE)
		return false;
	partition_marks(r, p, &marks);
	if (p->admin.log_start_offset <= marks.log_start_offset)
		return false;
	p->log_start_next = p->admin.log_start_offset;
	return true;
}

/* Those that move come first: the others are let go with them, at the end. */
static uint32_t sort_moved(const struct registry *r, struct job *j)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < j->asked_count; i++) {
		struct partition *p = j->asked[i];
		if (!has_moved(r, p))
			continue;
		j->asked[i] = j->asked[count];
		j->asked[count++] = p;
	}
	return count;
}

static bool next(struct registry *r, struct job *j)
{
	if (j->phase == PHASE_TELL)
		return true;
	j->phase = PHASE_TELL;
	uint32_t count = sort_moved(r, j);
	if (count == 0)
		return true;
	uint32_t written = starts_write(r, j->asked, count);
	if (written < count)
		registry_say(r, "log-start-offset-checkpoint cannot be written for %u partitions: "
				"nothing is deleted of them for its age until it can",
			     count - written);
	round_begin(&j->round, ADMIN_DELETE_RECORDS, j->asked, written);
	return written == 0;
}

const struct job_kind job_expire = {.of = JOBS_OF_STARTS, .start = start, .next = next};

static void expired(void *owner, const struct registry_result *result)
{
	struct registry *r = owner;
	r->is_expiring = false;
}

void expire_when_due(struct registry *r, uint64_t now_ns)
{
	uint64_t interval_ms =
		min_u64((uint64_t)r->options.settings->log_retention_check_interval_ms,
			INTERVAL_MS_MAX);
	if (!r->is_ready || r->is_stopping || r->is_expiring)
		return;
	if (r->expire_at_ns == 0)
		r->expire_at_ns = now_ns + min_u64(interval_ms, FIRST_MS) * NS_PER_MS;
	if (now_ns < r->expire_at_ns)
		return;
	r->expire_at_ns = now_ns + interval_ms * NS_PER_MS;
	r->is_expiring = true;
	job_queue(r, &job_expire,
		  &(struct registry_request){.name = "", .done = expired, .owner = r});
}
