/* registry_line.c - which job runs when; see registry_line.h. What a job does is in
 * the file of its kind: registry_create.c, _alter.c, _expire.c and others. */
#include "control/catalog/registry_line.h"
#include "control/catalog/registry_entry.h"
#include "control/catalog/registry_index.h"
#include "control/catalog/registry_jobs.h"
#include "control/catalog/registry_publish.h"
#include "control/catalog/registry_round.h"
#include "control/catalog/registry_sync.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/kafka_error.h"

#include <stdlib.h>
#include <xxhash.h>

enum {
	/* More than requests of thousands may have, so that others run beside them. */
	JOBS_RUNNING_MAX = 4096,
	/* Those that end in one turn share a snapshot, which costs the more, the more topics
	 * there are. */
	STEPS_PER_TURN = 128,
	/* A step may wait for the disk, some of them for long; who has waited so much already
	 * leaves the next one to the next turn. */
	STEPS_NS_PER_TURN = 2000000,
};

void line_init(struct registry *r)
{
	list_init(&r->jobs);
	list_init(&r->running);
	list_init(&r->over);
	for (unsigned i = 0; i < JOB_BUCKETS; i++)
		list_init(&r->by_topic[i]);
}

bool line_is_busy(const struct registry *r)
{
	return r->running_count > 0 || !list_is_empty(&r->jobs);
}

/* ---- one job of a topic at a time -------------------------------------------------------- */

/* The name that stands for its topic here; "": it is of none, or of one that is not there. */
static void topic_of_job(const struct registry *r, struct job *j)
{
	const struct entry *e = j->has_id ? registry_entry_of_id(r, j->id) : NULL;
	const char *name = j->has_id ? e ? e->shown.topic.name : "" : j->name;
	name = j->kind->of ? j->kind->of : name;
	snprintf(j->topic, sizeof j->topic, "%s", name);
	for (char *c = j->topic; *c; c++)
		*c = *c == '.' ? '_' : *c;
}

static struct list *bucket_of(struct registry *r, const struct job *j)
{
	return &r->by_topic[XXH3_64bits(j->topic, strlen(j->topic)) % JOB_BUCKETS];
}

static struct job *running_of_topic(struct registry *r, const struct job *j)
{
	list_for_each(node, bucket_of(r, j)) {
		struct job *other = list_entry(node, struct job, topic_node);
		if (strcmp(other->topic, j->topic) == 0)
			return other;
	}
	return NULL;
}

static void job_run(struct registry *r, struct job *j)
{
	if (j->topic[0])
		list_append(bucket_of(r, j), &j->topic_node);
	list_append(&r->running, &j->node);
	r->running_count++;
}

/* The next of its topic runs now, and the others wait behind that. */
static void job_leave(struct registry *r, struct job *j)
{
	list_remove(&j->topic_node);
	r->running_count--;
	struct list *first = list_take_first(&j->behind);
	if (!first)
		return;
	struct job *next = list_entry(first, struct job, node);
	list_splice(&next->behind, &j->behind);
	job_run(r, next);
}

static bool has_alone(const struct registry *r)
{
	return r->running_count == 1 && !list_is_empty(&r->running) &&
	       list_entry(r->running.next, struct job, node)->kind->is_alone;
}

/* The first of the line, if it may leave it. */
static struct job *next_of_line(struct registry *r)
{
	if (list_is_empty(&r->jobs) || r->running_count >= JOBS_RUNNING_MAX || has_alone(r))
		return NULL;
	struct job *j = list_entry(r->jobs.next, struct job, node);
	return j->kind->is_alone && r->running_count > 0 ? NULL : j;
}

static void take_from_line(struct registry *r)
{
	for (struct job *j; (j = next_of_line(r));) {
		list_remove(&j->node);
		topic_of_job(r, j);
		struct job *before = j->topic[0] ? running_of_topic(r, j) : NULL;
		if (before)
			list_append(&before->behind, &j->node);
		else
			job_run(r, j);
	}
}

/* ---- steps -------------------------------------------------------------------------------- */

/* Who asks when the stop has begun stands behind it in the line, and is refused out of a turn as
 * everybody is. */
static bool job_begin(struct registry *r, struct job *j)
{
	j->has_begun = true;
	syncs_join(r, j);
	return r->is_stopping && j->kind != &job_stop ? job_refuse(j) : j->kind->start(r, j);
}

static bool may_go_on(struct registry *r, struct job *j)
{
	return !j->is_syncing && round_step(r, &j->round) &&
	       (!j->kind->may_go_on || j->kind->may_go_on(r, j));
}

/* Begins it, or goes on when what it waits for is over. False: it has nothing to do. */
static bool job_step(struct registry *r, struct job *j)
{
	if (j->has_begun && !may_go_on(r, j))
		return false;
	j->is_waiting = false;
	bool is_over = j->has_begun ? j->kind->next(r, j) : job_begin(r, j);
	if (is_over) {
		list_remove(&j->node);
		list_append(&r->over, &j->node);
	}
	return !j->is_waiting;
}

/* Each that runs once, the first of them at any time; they keep their order, those who have had
 * their turn last. */
static unsigned step_each(struct registry *r, unsigned steps_max, uint64_t until_ns)
{
	unsigned steps = 0;
	unsigned count = r->running_count;
	for (unsigned i = 0; i < count && steps < steps_max; i++) {
		struct list *node = r->running.next;
		if (node == &r->running || (i > 0 && clock_now_ns() >= until_ns))
			break;
		list_remove(node);
		list_append(&r->running, node);
		steps += job_step(r, list_entry(node, struct job, node));
	}
	return steps;
}

/* Pollers know of all that is over before anybody hears of it: he may use it at once. */
static bool end_those_over(struct registry *r)
{
	if (r->is_unpublished)
		registry_publish(r);
	bool has_ended = !list_is_empty(&r->over);
	for (struct list *node; (node = list_take_first(&r->over));) {
		struct job *j = list_entry(node, struct job, node);
		job_leave(r, j);
		job_end(j);
	}
	return has_ended;
}

/* What others than writers and the disk do meanwhile is asked for once a turn. */
static bool one_waits_for_others(const struct registry *r)
{
	return has_alone(r) && list_entry(r->running.next, struct job, node)->kind->may_go_on;
}

/* A bounded number of steps, and of time but for the last of them: control's other work waits
 * meanwhile. One is taken however late it is, or nobody would know that there is more to do. */
bool jobs_step(struct registry *r)
{
	uint64_t until_ns = clock_now_ns() + STEPS_NS_PER_TURN;
	unsigned steps = 0, more;
	do {
		take_from_line(r);
		more = step_each(r, STEPS_PER_TURN - steps, until_ns);
		steps += more;
	} while (more > 0 && steps < STEPS_PER_TURN && clock_now_ns() < until_ns &&
		 !one_waits_for_others(r));
	return end_those_over(r) || steps > 0;
}

/* ---- the end ------------------------------------------------------------------------------ */

static void cancel_all(struct list *jobs)
{
	for (struct list *node; (node = list_take_first(jobs));) {
		struct job *j = list_entry(node, struct job, node);
		job_refuse(j);
		job_end(j);
	}
}

/* Who hears of it may ask again: that is refused when its turn comes. */
void jobs_cancel(struct registry *r)
{
	list_for_each(node, &r->running)
		cancel_all(&list_entry(node, struct job, node)->behind);
	cancel_all(&r->jobs);
}

/* An entry that the table of topics does not hold, or holds no longer, goes with its job. */
static void job_abandon(struct registry *r, struct job *j)
{
	bool is_kept = !j->entry || j->entry->is_left ||
		       registry_entry(r, j->entry->shown.topic.name) == j->entry;
	if (!is_kept)
		entry_abandon(r, j->entry);
	if (j->kind->is_alone)
		free(j->round.partitions);
	syncs_leave(r, j);
	job_fail(j, KAFKA_ERROR_BROKER_NOT_AVAILABLE, "the gateway has stopped");
}

void jobs_abandon(struct registry *r)
{
	for (struct list *node; (node = list_take_first(&r->running));) {
		struct job *j = list_entry(node, struct job, node);
		job_abandon(r, j);
		job_leave(r, j);
		job_end(j);
	}
}
