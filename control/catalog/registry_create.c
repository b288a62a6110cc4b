/* registry_create.c - job: a new topic. Checked, written to disk, opened by its writers,
 * published; or undone. */
#include "config/topic_name.h"
#include "control/catalog/registry_checkpoint.h"
#include "control/catalog/registry_entry.h"
#include "control/catalog/registry_index.h"
#include "control/catalog/registry_jobs.h"
#include "control/catalog/registry_making.h"
#include "control/catalog/registry_publish.h"
#include "control/catalog/registry_removal.h"
#include "control/catalog/registry_round.h"
#include "control/catalog/registry_store.h"
#include "dataplane/wire/kafka/kafka_error.h"

enum { PHASE_WRITING, PHASE_MAKING, PHASE_OPENING, PHASE_UNDOING };

/* Numbers as Kafka refuses them; -1 becomes the gateway's default. */
static bool counts_are_good(struct registry *r, struct job *j)
{
	const struct settings *s = r->options.settings;
	int32_t copies = j->replication_factor == -1 ? s->default_replication_factor
						     : j->replication_factor;
	if (j->partitions == -1)
		j->partitions = s->num_partitions;
	if (copies != 1)
		return !job_fail(j, KAFKA_ERROR_INVALID_REPLICATION_FACTOR,
				 "replication factor %d: only 1 broker is there, this "
				 "gateway, with one copy; use 1%s",
				 copies,
				 j->replication_factor == -1
					 ? " (default.replication.factor)"
					 : "");
	if (j->partitions < 1)
		return !job_fail(j, KAFKA_ERROR_INVALID_PARTITIONS,
				 "%d partitions: a topic has at least 1", j->partitions);
	if ((uint32_t)j->partitions > PARTITIONS_MAX - r->slots_used)
		return !job_fail(j, KAFKA_ERROR_INVALID_PARTITIONS,
				 "%d partitions: of %d in all, %u are left; use fewer or "
				 "delete a topic",
				 j->partitions, PARTITIONS_MAX,
				 PARTITIONS_MAX - r->slots_used);
	if (j->is_automatic && r->slots_used + (uint32_t)j->partitions >
				       PARTITIONS_MAX - PARTITIONS_KEPT)
		return !job_fail(j, KAFKA_ERROR_POLICY_VIOLATION,
				 "the last %d of %d partitions are for topics that an operator "
				 "creates; delete a topic",
				 PARTITIONS_KEPT, PARTITIONS_MAX);
	return true;
}

static bool name_is_good(struct registry *r, struct job *j)
{
	const char *fault = topic_name_fault(
		(struct bytes){(const uint8_t *)j->name, strlen(j->name)});
	if (fault[0])
		return !job_fail(j, KAFKA_ERROR_INVALID_TOPIC_EXCEPTION, "topic name: %s",
				 fault);
	if (registry_entry(r, j->name))
		return !job_fail(
			j, KAFKA_ERROR_TOPIC_ALREADY_EXISTS,
			"topic %s is there already; alter it, or take another name",
			j->name);
	unsigned topics = r->entry_count + r->entries_coming;
	const struct entry *like = registry_entry_like(r, j->name);
	if (like)
		return !job_fail(j, KAFKA_ERROR_INVALID_TOPIC_EXCEPTION,
				 "topic name: %s differs from %s, which is there, in '.' and '_' "
				 "only; take another name",
				 j->name, like->shown.topic.name);
	if (topics == TOPICS_MAX)
		return !job_fail(
			j, KAFKA_ERROR_POLICY_VIOLATION,
			"there are %d topics, as many as a gateway holds; delete one",
			TOPICS_MAX);
	if (j->is_automatic && topics >= TOPICS_MAX - TOPICS_KEPT)
		return !job_fail(j, KAFKA_ERROR_POLICY_VIOLATION,
				 "the last %d of %d topics are for an operator to create; "
				 "delete one",
				 TOPICS_KEPT, TOPICS_MAX);
	return true;
}

/* The file says that what is there is to go before any of it goes: what the disk does not let
 * the job remove, the stop or the next start removes, and takes nothing for a topic of Kafka's.
 * If not even the file can be written by then all stays, and the next start completes the
 * topic. */
static bool undo(struct registry *r, struct job *j)
{
	struct entry *e = j->entry;
	r->entries_coming--;
	entry_close_logs(r, e, 0);
	e->left = e->partition_count;
	entry_resize(r, e, 0);
	if (removal_run(r, e) == 0)
		entry_free(r, e);
	else
		removal_later(r, e);
	return true;
}

/* The topic's file, before anything of it is there. */
static bool write_file(struct registry *r, struct job *j)
{
	if (!job_write_file(r, j))
		return false;
	j->phase = PHASE_MAKING;
	return !job_is_written(r, j, j->error, "") && undo(r, j);
}

/* What can be refused is refused before there is an entry. From the topic's file on a failure
 * has something to undo. */
static bool start(struct registry *r, struct job *j)
{
	struct topic_settings settings;
	topic_settings_init(&settings, r->options.settings);
	if (!name_is_good(r, j) || !counts_are_good(r, j) ||
	    !job_settings(r, j, &settings) || !job_has_directory(r, j) ||
	    !job_has_place(r, j, 0))
		return true;
	j->result.partitions = j->partitions;
	j->result.settings = settings;
	if (j->validate_only)
		return true;
	struct entry *e = entry_new(r, j->name);
	j->entry = e;
	e->shown.settings = settings;
	entry_apply_settings(e);
	uuid_make(e->shown.topic.id);
	memcpy(j->result.id, e->shown.topic.id, sizeof j->result.id);
	r->entries_coming++;
	if (!entry_resize(r, e, (uint32_t)j->partitions) ||
	    !job_is_written(r, j, checkpoint_forget_deleted(r), ""))
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
	j->phase = PHASE_OPENING;
	round_begin(&j->round, ADMIN_OPEN, j->entry->partitions, j->entry->partition_count);
	return false;
}

/* The topic enters the snapshot when its writers serve it: nobody sends them its records
 * earlier. */
static bool publish(struct registry *r, struct job *j)
{
	if (job_is_refused(j, 0)) {
		j->phase = PHASE_UNDOING;
		return false;
	}
	j->entry->shown.topic.partitions = j->entry->partition_count;
	r->entries_coming--;
	registry_insert(r, j->entry);
	registry_publish_soon(r);
	j->result.topic = &j->entry->shown;
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
		return publish(r, j);
	default:
		return undo(r, j);
	}
}

const struct job_kind job_create = {.start = start, .next = next};
