/* registry_serve.c - jobs of start and stop: every partition to its writer, and back. */
#include "control/catalog/registry_checkpoint.h"
#include "control/catalog/registry_entry.h"
#include "control/catalog/registry_index.h"
#include "control/catalog/registry_jobs.h"
#include "control/catalog/registry_marks.h"
#include "control/catalog/registry_offline.h"
#include "control/catalog/registry_partitions.h"
#include "control/catalog/registry_publish.h"
#include "control/catalog/registry_removal.h"
#include "control/catalog/registry_round.h"
#include "control/catalog/registry_say.h"
#include "dataplane/base/require.h"

#include <errno.h>
#include <stdlib.h>

/* One round for all partitions: all writers take theirs over at once. Of a start that has failed
 * none are served. */
static bool serve_start(struct registry *r, struct job *j)
{
	uint32_t count;
	if (!r->is_recovered)
		return true;
	struct partition **all = entry_all_partitions(r, &count);
	round_begin(&j->round, ADMIN_OPEN, all, count);
	return false;
}

/* A listener without its topic has nowhere to put what it takes: the gateway is ready when the
 * last of these topics is there. */
static void listener_topic_done(void *owner, const struct registry_result *result)
{
	struct registry *r = owner;
	if (result->error && !r->is_stopping)
		snprintf(r->fault, sizeof r->fault, "a listener's topic: %s",
			 result->message);
	r->listener_topics--;
	r->is_ready = r->listener_topics == 0 && !r->fault[0];
}

/* The topic of a listener's class, by one number; null: that of a Kafka listener. */
static const char *topic_at(const struct settings *s, unsigned number)
{
	const struct listener *l = &s->listener[number / RECORD_CLASSES];
	return l->protocol == PROTOCOL_KAFKA ? NULL
					     : listener_topic(l, number % RECORD_CLASSES);
}

/* Classes may share a topic, and listeners: it is asked for once. */
static bool is_first_of_topic(const struct settings *s, unsigned number)
{
	for (unsigned i = 0; i < number; i++) {
		const char *topic = topic_at(s, i);
		if (topic && strcmp(topic, topic_at(s, number)) == 0)
			return false;
	}
	return true;
}

static void queue_listener_topics(struct registry *r)
{
	const struct settings *s = r->options.settings;
	for (unsigned i = 0; i < s->listener_count * RECORD_CLASSES; i++) {
		const char *topic = topic_at(s, i);
		if (!topic || registry_entry(r, topic) || !is_first_of_topic(s, i))
			continue;
		r->listener_topics++;
		job_queue(r, &job_create,
			  &(struct registry_request){.name = topic,
						     .partitions = -1,
						     .replication_factor = -1,
						     .done = listener_topic_done,
						     .owner = r});
	}
}

/* The topics of the directory enter the snapshot together, when writers serve all of them. */
static bool serve_next(struct registry *r, struct job *j)
{
	free(j->round.partitions);
	if (j->round.error) {
		snprintf(r->fault, sizeof r->fault,
			 "%u partitions were refused by their writers: %s",
			 j->round.failed, strerror(-j->round.error));
		return true;
	}
	for (unsigned i = 0; i < r->entry_count; i++)
		r->entries[i]->shown.topic.partitions = r->entries[i]->partition_count;
	registry_publish(r);
	queue_listener_topics(r);
	r->is_ready = r->listener_topics == 0;
	return true;
}

const struct job_kind job_serve = {.is_alone = true, .start = serve_start, .next = serve_next};

static bool stop_start(struct registry *r, struct job *j)
{
	uint32_t count;
	struct partition **all = entry_all_partitions(r, &count);
	round_begin(&j->round, ADMIN_CLOSE, all, count);
	return false;
}

/* A log that failed is scanned at the next start, and with it all others of its log directory: the
 * mark speaks for the whole of it. */
static bool all_are_sound(const struct registry *r, const struct log_dir *d)
{
	bool sound = true;
	for (unsigned i = 0; i < r->entry_count; i++) {
		for (uint32_t p = 0; p < r->entries[i]->partition_count; p++) {
			const struct partition *partition = r->entries[i]->partitions[p];
			struct log_marks marks = {.is_fenced = !partition->log};
			if (partition->dir != d)
				continue;
			if (partition->log)
				log_get_marks(partition->log, &marks);
			sound &= !partition->is_suspect && !marks.is_fenced;
		}
	}
	return sound;
}

/* Of a start that was broken off not all logs are known: what was written down of them before
 * holds. */
static bool stop_unrecovered(struct registry *r)
{
	for (unsigned i = 0; i < r->entry_count; i++)
		entry_close_logs(r, r->entries[i], 0);
	registry_say(r, "%s: the start was broken off, so the next one scans the logs",
		     r->dir->path);
	r->is_stopped = true;
	return true;
}

/* How a log directory is left. */
struct leaving {
	bool is_sound;
	int error;
};

/* What the logs wrote at their end, once for all of a log directory; into no other than theirs. */
static struct leaving write_down(struct registry *r, struct log_dir *d)
{
	struct leaving l = {.is_sound = all_are_sound(r, d) && !r->fault[0]};
	l.error = directory_is_here(r, d) && !d->is_stuck ? log_dir_sync_all(d) : -ESTALE;
	if (!l.error) {
		l.error = checkpoint_write(r, d);
		durable_marks_write(r, d);
	}
	return l;
}

static void mark_clean(struct registry *r, const struct log_dir *d, struct leaving l,
		       bool is_settled)
{
	if (!l.error && l.is_sound && is_settled)
		l.error = checkpoint_mark_clean(d);
	if (l.error)
		registry_say(r, "%s: the mark of a clean shutdown cannot be written: %s",
			     d->path, strerror(-l.error));
	else if (!l.is_sound)
		registry_say(
			r, "%s: a partition has failed, so the next start scans the logs",
			d->path);
	else if (!is_settled)
		registry_say(r, "%s: what a change that failed has left cannot be removed, so the "
				"next start scans the logs", d->path);
}

/* All logs are with control again. What they wrote is synced before checkpoints speak of it, the
 * checkpoints ask the logs before those are closed, and the mark of a clean shutdown comes last:
 * it makes the next start believe the rest. */
static bool stop_next(struct registry *r, struct job *j)
{
	struct leaving leaving[LOG_DIRS_MAX];
	free(j->round.partitions);
	if (!r->is_recovered)
		return stop_unrecovered(r);
	bool is_settled = directory_is_here(r, r->dir) && removals_settle(r);
	for_each_dir(d, r) leaving[d->number] = write_down(r, d);
	for (unsigned i = 0; i < r->entry_count; i++)
		entry_close_logs(r, r->entries[i], 0);
	for_each_dir(d, r) mark_clean(r, d, leaving[d->number], is_settled);
	r->is_stopped = true;
	return true;
}

const struct job_kind job_stop = {.is_alone = true, .start = stop_start, .next = stop_next};
