/* registry_alter.c - job: a topic gets more partitions, other settings, or both. */
#include "control/catalog/registry_entry.h"
#include "control/catalog/registry_index.h"
#include "control/catalog/registry_jobs.h"
#include "control/catalog/registry_making.h"
#include "control/catalog/registry_publish.h"
#include "control/catalog/registry_removal.h"
#include "control/catalog/registry_round.h"
#include "control/catalog/registry_store.h"
#include "dataplane/wire/kafka/kafka_error.h"

enum { PHASE_WRITING, PHASE_MAKING, PHASE_OPENING, PHASE_TELLING, PHASE_UNDOING };

/* Kafka's rule: fewer partitions would lose the records of those that go. */
static bool growth_is_good(struct registry *r, struct job *j)
{
	uint32_t now = j->entry->partition_count;
	if (j->partitions == -1)
		return true;
	if (j->entry->shown.topic.is_internal)
		return !job_fail(j, KAFKA_ERROR_INVALID_TOPIC_EXCEPTION,
				 "topic %s keeps its %u partitions: they say where a group is "
				 "stored",
				 j->name, now);
	if (j->partitions <= (int64_t)now)
		return !job_fail(j, KAFKA_ERROR_INVALID_PARTITIONS,
				 "topic %s has %u partitions and can only grow: ask for "
				 "more than %u",
				 j->name, now, now);
	if ((uint32_t)j->partitions - now > PARTITIONS_MAX - r->slots_used)
		return !job_fail(j, KAFKA_ERROR_INVALID_PARTITIONS,
				 "%d partitions: of %d in all, %u are left; use fewer or "
				 "delete a topic",
				 j->partitions, PARTITIONS_MAX,
				 PARTITIONS_MAX - r->slots_used);
	return true;
}

/* The new partitions are gone again; what was there is untouched. */
static bool undo(struct registry *r, struct job *j)
{
	struct entry *e = j->entry;
	entry_close_logs(r, e, j->old_partitions);
	e->ready = j->old_partitions;
	e->shown.settings = j->old_settings;
	e->left = entry_directories(e);
	entry_resize(r, e, j->old_partitions);
	removal_of_growth(r, e);
	return true;
}

static void begin_opening(struct job *j)
{
	struct entry *e = j->entry;
	j->phase = PHASE_OPENING;
	round_begin(&j->round, ADMIN_OPEN, e->partitions + j->old_partitions,
		    e->partition_count - j->old_partitions);
}

/* The file says what shall be, before anything of it is there. */
static bool write_file(struct registry *r, struct job *j)
{
	if (!job_write_file(r, j))
		return false;
	if (!job_is_written(r, j, j->error, ""))
		return undo(r, j);
	if (j->entry->partition_count > j->old_partitions)
		j->phase = PHASE_MAKING;
	else
		begin_opening(j);
	return false;
}

/* What an earlier growth could not remove lies where its partitions were made; those of the next
 * one may be made in another log directory, and no partition lies in two. */
static bool is_settled(struct registry *r, struct job *j)
{
	struct entry *e = j->entry;
	bool is_due = j->partitions != -1 && e->left > e->partition_count;
	int error = is_due ? removal_of_growth(r, e) : 0;
	return !error || !job_fail(j, KAFKA_ERROR_KAFKA_STORAGE_ERROR,
				   "topic %s: an earlier growth of it has failed, and what it left "
				   "cannot be removed yet: %s; see to the disk, then ask again",
				   j->name, strerror(-error));
}

/* The entry is changed in place, and pollers go on with their snapshot, which is a copy: they
 * hear of the change from tell() and publish() on. */
static bool start(struct registry *r, struct job *j)
{
	struct entry *e = j->entry = registry_entry(r, j->name);
	if (!e)
		return job_fail(
			j, KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION,
			"there is no topic %s; `topic list` shows those there are",
			j->name);
	struct topic_settings after = e->shown.settings;
	if (e->is_unread)
		return job_fail(j, KAFKA_ERROR_KAFKA_STORAGE_ERROR,
				"topic %s: its file cannot be read, so it is not changed: %s",
				j->name, e->partitions[0]->fault);
	if (!growth_is_good(r, j) || !job_settings(r, j, &after) ||
	    !job_has_directory(r, j) || !job_has_place(r, j, entry_directories(e)) ||
	    j->validate_only || !is_settled(r, j))
		return true;
	j->old_partitions = j->at = e->partition_count;
	j->old_settings = e->shown.settings;
	e->shown.settings = after;
	if (j->partitions != -1 && !entry_resize(r, e, (uint32_t)j->partitions))
		return undo(r, j);
	j->phase = PHASE_WRITING;
	return write_file(r, j);
}

static bool make(struct registry *r, struct job *j)
{
	if (!job_make(r, j))
		return false;
	if (j->error)
		return undo(r, j);
	begin_opening(j);
	return false;
}

/* The new settings reach pollers and writers only when the new partitions are served: until
 * then an undo has nothing to take back from them. */
static bool tell(struct registry *r, struct job *j)
{
	struct entry *e = j->entry;
	if (job_is_refused(j, j->old_partitions)) {
		j->phase = PHASE_UNDOING;
		return false;
	}
	entry_apply_settings(e);
	for (uint32_t i = 0; i < j->old_partitions; i++)
		e->partitions[i]->admin.options = e->shown.settings.log;
	j->phase = PHASE_TELLING;
	round_begin(&j->round, ADMIN_ALTER, e->partitions, j->old_partitions);
	return false;
}

/* Last of all: a poller that sees a partition may send to it at once. */
static bool publish(struct registry *r, struct job *j)
{
	struct entry *e = j->entry;
	e->shown.topic.partitions = e->partition_count;
	registry_publish_soon(r);
	j->result.topic = &e->shown;
	return true;
}

static bool next(struct registry *r, struct job *j)
{
	switch (j->phase) {
	case PHASE_WRITING:
		return write_file(r, j);
	case PHASE_MAKING:
		return make(r, j);
	case PHASE_OPENING:
		return tell(r, j);
	case PHASE_TELLING:
		return publish(r, j);
	default:
		return undo(r, j);
	}
}

const struct job_kind job_alter = {.start = start, .next = next};
