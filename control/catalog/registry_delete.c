/* registry_delete.c - job: a topic goes. Marked, out of the snapshot, given back by its
 * writers, removed; a crash in between is finished off at the next start. */
#include "control/catalog/registry_clean.h"
#include "control/catalog/registry_entry.h"
#include "control/catalog/registry_index.h"
#include "control/catalog/registry_jobs.h"
#include "control/catalog/registry_publish.h"
#include "control/catalog/registry_removal.h"
#include "control/catalog/registry_removing.h"
#include "control/catalog/registry_round.h"
#include "control/catalog/registry_say.h"
#include "control/catalog/registry_store.h"
#include "dataplane/wire/kafka/kafka_error.h"

enum { PHASE_LEAVING, PHASE_CLOSING, PHASE_REMOVING };

/* A call may have failed behind the one that wrote the mark: the next start would delete what
 * is acknowledged until then. False: the file may say so, whatever was tried. */
static bool unmark(struct registry *r, struct entry *e)
{
	return !store_may_be_deleting(r, e) || store_write(r, e, e->partition_count) == 0;
}

/* False, and the job failed: there is none. A topic that is named by its id is called by its name
 * from here on. */
static bool find(struct registry *r, struct job *j, struct entry **ret)
{
	*ret = j->has_id ? registry_entry_of_id(r, j->id) : registry_entry(r, j->name);
	if (!*ret && j->has_id)
		return !job_fail(j, KAFKA_ERROR_UNKNOWN_TOPIC_ID, "there is no topic of this id");
	if (!*ret)
		return !job_fail(j, KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION,
				 "there is no topic %s; `topic list` shows those there are",
				 j->name);
	const struct topic *topic = &(*ret)->shown.topic;
	memcpy(j->result.id, topic->id, sizeof j->result.id);
	memcpy(j->result.name, topic->name, sizeof j->result.name);
	snprintf(j->name, sizeof j->name, "%s", topic->name);
	return true;
}

/* The topic leaves the snapshot before its writers close it: what pollers have under way by
 * then is refused by the writers. */
static bool start(struct registry *r, struct job *j)
{
	struct entry *e;
	if (!r->options.settings->delete_topic_enable)
		return job_fail(j, KAFKA_ERROR_TOPIC_DELETION_DISABLED,
				"topics cannot be deleted: delete.topic.enable is false");
	if (!find(r, j, &e))
		return true;
	if (e->shown.topic.is_internal)
		return job_fail(j, KAFKA_ERROR_INVALID_TOPIC_EXCEPTION,
				"topic %s is the gateway's own, and is not deleted", j->name);
	if (!job_has_directory(r, j) || !job_has_all(r, j, e) || j->validate_only)
		return true;
	int error = removal_mark(r, e);
	bool is_unsure = error && !unmark(r, e);
	if (error)
		job_fail(j, KAFKA_ERROR_KAFKA_STORAGE_ERROR,
			 "topic %s cannot be marked as deleted in %s%s: %s", j->name,
			 r->dir->path,
			 is_unsure ? ", nor be told from one that is: it is served no more, "
				     "the next start deletes it or has it again"
				   : "",
			 strerror(-error));
	if (error && !is_unsure)
		return true;
	j->entry = e;
	clean_leave(r, e);
	registry_take(r, e);
	registry_publish_soon(r);
	if (error)
		removal_later(r, e);
	j->phase = PHASE_LEAVING;
	return false;
}

/* Errands that are under way to its partitions come to their end first. */
static bool leave(struct registry *r, struct job *j)
{
	struct entry *e = j->entry;
	j->is_waiting = r->is_unpublished || e->errands > 0;
	if (j->is_waiting)
		return false;
	j->phase = PHASE_CLOSING;
	round_begin(&j->round, ADMIN_CLOSE, e->partitions, e->partition_count);
	return false;
}

/* Its files are nobody's: they stand in line to be removed. */
static bool close_logs(struct registry *r, struct job *j)
{
	struct entry *e = j->entry;
	entry_close_logs(r, e, 0);
	if (j->result.error)
		return true;
	j->removing = removing_new(r, e, 0);
	j->phase = PHASE_REMOVING;
	return false;
}

/* What is left is marked, and the next start's. */
static bool leave_rest(struct registry *r, struct entry *e, const char *why)
{
	registry_say(r, "topic %s: not all of it could be removed: %s; the next start tries again",
		     e->shown.topic.name, why);
	removal_later(r, e);
	return true;
}

/* A thread does it, for as long as it takes: control looks how far it is. A stop does not wait. */
static bool remove_files(struct registry *r, struct job *j)
{
	bool has_moved, is_over = removing_turn(r, j->removing, &has_moved);
	j->is_waiting = !has_moved;
	if (!is_over && r->is_stopping) {
		removing_leave(j->removing);
		return leave_rest(r, j->entry, "the gateway is stopping");
	}
	if (!is_over)
		return false;
	int error = removing_end(r, j->removing);
	if (error)
		return leave_rest(r, j->entry, strerror(-error));
	entry_free(r, j->entry);
	return true;
}

static bool next(struct registry *r, struct job *j)
{
	static bool (*const steps[])(struct registry *r, struct job *j) = {
		[PHASE_LEAVING] = leave,
		[PHASE_CLOSING] = close_logs,
		[PHASE_REMOVING] = remove_files,
	};
	return steps[j->phase](r, j);
}

const struct job_kind job_delete = {.start = start, .next = next};
