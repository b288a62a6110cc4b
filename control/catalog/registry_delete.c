/* registry_delete.c - job: a topic goes. Marked, out of the snapshot, given back by its
 * writers, removed; a crash in between is finished off at the next start. */
#include "control/catalog/registry_clean.h"
#include "control/catalog/registry_entry.h"
#include "control/catalog/registry_index.h"
#include "control/catalog/registry_jobs.h"
#include "control/catalog/registry_partitions.h"
#include "control/catalog/registry_publish.h"
#include "control/catalog/registry_removal.h"
#include "control/catalog/registry_round.h"
#include "control/catalog/registry_say.h"
#include "control/catalog/registry_store.h"
#include "dataplane/wire/kafka/kafka_error.h"

enum { PHASE_LEAVING, PHASE_REMOVING };

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
	j->phase = PHASE_REMOVING;
	round_begin(&j->round, ADMIN_CLOSE, e->partitions, e->partition_count);
	return false;
}

/* Some more of the directories, then the file. */
static bool remove_some(struct registry *r, struct job *j)
{
	struct entry *e = j->entry;
	if (j->at == 0)
		entry_close_logs(r, e, 0);
	if (j->result.error)
		return true;
	uint32_t count = entry_directories(e);
	uint32_t end = min_u32(j->at + JOB_PARTITIONS_AT_ONCE, count);
	int error = store_remove(r, e, j->at, end);
	j->error = j->error ? j->error : error;
	j->at = end;
	if (end < count)
		return false;
	if (!j->error)
		j->error = store_forget(r, e);
	if (!j->error) {
		entry_free(r, e);
		return true;
	}
	registry_say(r, "topic %s: not all of it could be removed: %s; the next start tries again",
		     j->name, strerror(-j->error));
	removal_later(r, e);
	return true;
}

static bool next(struct registry *r, struct job *j)
{
	return j->phase == PHASE_LEAVING ? leave(r, j) : remove_some(r, j);
}

const struct job_kind job_delete = {.start = start, .next = next};
