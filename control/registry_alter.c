/* registry_alter.c - job: a topic gets more partitions, other settings, or both. */
#include "control/registry_private.h"
#include "dataplane/wire/kafka_error.h"

enum { PHASE_OPENING, PHASE_TELLING, PHASE_UNDOING };

static bool growth_is_good(struct registry *r, struct job *j)
{
	uint32_t now = j->entry->partition_count;
	if (j->partitions == -1)
		return true;
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
	store_close_logs(r, e, j->old_partitions);
	store_remove(r, e, j->old_partitions);
	entry_resize(r, e, j->old_partitions);
	store_write(r, e, j->old_partitions);
	return true;
}

static bool alter_on_disk(struct registry *r, struct job *j)
{
	struct entry *e = j->entry;
	int error = store_write(r, e, e->partition_count);
	if (!error && e->partition_count > j->old_partitions) {
		error = store_open(r, e, j->old_partitions, false);
		e->ready = error ? j->old_partitions : e->partition_count;
		if (!error)
			error = store_write(r, e, e->partition_count);
	}
	if (error) {
		e->ready = j->old_partitions;
		job_fail(j, KAFKA_ERROR_KAFKA_STORAGE_ERROR,
			 "topic %s cannot be written to %s: %s", j->name,
			 registry_directory(r), strerror(-error));
	}
	return error == 0;
}

static bool start(struct registry *r, struct job *j)
{
	struct entry *e = j->entry = registry_entry(r, j->name);
	if (!e)
		return job_fail(
			j, KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION,
			"there is no topic %s; `topic list` shows those there are",
			j->name);
	struct topic_settings before = e->shown.settings, after = before;
	if (!growth_is_good(r, j) || !job_settings(r, j, &after) || j->validate_only)
		return true;
	j->old_partitions = e->partition_count;
	e->shown.settings = after;
	if ((j->partitions != -1 && !entry_resize(r, e, (uint32_t)j->partitions)) ||
	    !alter_on_disk(r, j)) {
		e->shown.settings = before;
		return undo(r, j);
	}
	j->phase = PHASE_OPENING;
	round_begin(&j->round, ADMIN_OPEN, e->partitions + j->old_partitions,
		    e->partition_count - j->old_partitions);
	return false;
}

static void begin_telling(struct job *j)
{
	struct entry *e = j->entry;
	entry_apply_settings(e);
	for (uint32_t i = 0; i < j->old_partitions; i++)
		e->partitions[i]->admin.options = entry_log_options(e);
	j->phase = PHASE_TELLING;
	round_begin(&j->round, ADMIN_ALTER, e->partitions, j->old_partitions);
}

static bool next(struct registry *r, struct job *j)
{
	struct entry *e = j->entry;
	if (j->phase == PHASE_UNDOING)
		return undo(r, j);
	if (j->phase == PHASE_OPENING && j->round.error) {
		job_fail(j, KAFKA_ERROR_KAFKA_STORAGE_ERROR,
			 "topic %s: its writer refused: %s", j->name,
			 strerror(-j->round.error));
		e->ready = j->old_partitions;
		j->phase = PHASE_UNDOING;
		round_begin(&j->round, ADMIN_CLOSE, e->partitions + j->old_partitions,
			    e->partition_count - j->old_partitions);
		return false;
	}
	if (j->phase == PHASE_OPENING) {
		begin_telling(j);
		return false;
	}
	e->shown.topic.partitions = e->partition_count;
	registry_publish(r);
	j->result.topic = &e->shown;
	return true;
}

const struct job_kind job_alter = {start, next};
