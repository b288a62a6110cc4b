/* registry_jobs.c - what jobs have in common: how they come to be and end, how they fail, and the
 * steps that several kinds of them take. When they take them is registry_line.c's. */
#include "control/catalog/registry_jobs.h"
#include "config/topic_name.h"
#include "control/catalog/registry_entry.h"
#include "control/catalog/registry_offline.h"
#include "control/catalog/registry_partitions.h"
#include "control/catalog/registry_removal.h"
#include "control/catalog/registry_round.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/kafka_error.h"

#include <stdarg.h>
#include <stdlib.h>

static char *copy_of(const char *text)
{
	char *copy = text ? strdup(text) : NULL;
	require(!text || copy);
	return copy;
}

static void copy_settings(struct job *j, const struct registry_request *request)
{
	j->setting_count = request->setting_count;
	j->settings = calloc(j->setting_count + 1u, sizeof *j->settings);
	require(j->settings);
	for (unsigned i = 0; i < j->setting_count; i++) {
		j->settings[i].key = copy_of(request->settings[i].key);
		j->settings[i].value = copy_of(request->settings[i].value);
	}
}

/* To the end of the line. The request is copied whole: its turn may come long after whoever asked
 * has gone on. */
struct job *job_queue(struct registry *r, const struct job_kind *kind,
		      const struct registry_request *request)
{
	struct job *j = calloc(1, sizeof *j);
	require(j);
	j->kind = kind;
	snprintf(j->name, sizeof j->name, "%s", request->name);
	j->has_id = request->id != NULL;
	if (j->has_id)
		memcpy(j->id, request->id, sizeof j->id);
	j->partitions = request->partitions;
	j->replication_factor = request->replication_factor;
	j->replaces = request->replaces;
	j->validate_only = request->validate_only;
	j->is_automatic = request->is_automatic;
	j->done = request->done;
	j->owner = request->owner;
	copy_settings(j, request);
	list_init(&j->behind);
	list_init(&j->topic_node);
	list_init(&j->sync_node);
	list_append(&r->jobs, &j->node);
	return j;
}

void job_end(struct job *j)
{
	for (uint32_t i = 0; i < j->asked_count; i++)
		j->asked[i]->entry->errands--;
	if (j->result.error)
		j->result.topic = NULL;
	j->done(j->owner, &j->result);
	for (unsigned i = 0; i < j->setting_count; i++) {
		free((void *)(uintptr_t)j->settings[i].key);
		free((void *)(uintptr_t)j->settings[i].value);
	}
	free(j->settings);
	free(j->parts);
	free(j->asked);
	free(j->piece);
	free(j->told);
	if (j->kind->free)
		j->kind->free(j);
	free(j);
}

bool job_fail(struct job *j, int16_t error, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	j->result.error = error;
	vsnprintf(j->result.message, sizeof j->result.message, format, args);
	va_end(args);
	return true;
}

static bool job_has(struct job *j, const struct log_dir *lost)
{
	if (!lost)
		return true;
	if (!lost->is_lost)
		return !job_fail(j, KAFKA_ERROR_KAFKA_STORAGE_ERROR,
				 "topic %s is left as it is: %s does not answer; ask again when it "
				 "does",
				 j->name, lost->path);
	return !job_fail(j, KAFKA_ERROR_KAFKA_STORAGE_ERROR,
			 "topic %s is left as it is: %s; bring it back and start the gateway "
			 "again",
			 j->name, lost->fault);
}

/* A new partition goes to none that has gone meanwhile. */
bool job_has_directory(struct registry *r, struct job *j)
{
	directories_are_here(r);
	return job_has(j, r->dir->is_lost || r->dir->is_stuck ? r->dir : NULL);
}

bool job_has_all(struct registry *r, struct job *j, const struct entry *e)
{
	return job_has(j, entry_lost_dir(r, e));
}

/* Of a topic of this name that is gone, or never came to be. */
static bool leftover_goes(struct registry *r, struct job *j)
{
	int error = removal_again(r, j->name);
	if (error)
		job_fail(j, KAFKA_ERROR_KAFKA_STORAGE_ERROR,
			 "topic %s: an earlier change of it has failed, and what it left in %s "
			 "cannot be removed yet: %s; see to the disk, then ask again",
			 j->name, r->dir->path, strerror(-error));
	return error == 0;
}

bool job_has_place(struct registry *r, struct job *j, uint32_t first)
{
	char path[PATH_MAX];
	if (removal_is_due(r, j->name) && (j->validate_only || !leftover_goes(r, j)))
		return j->validate_only;
	if (j->partitions <= 0 ||
	    !store_is_taken(r, j->name, first, (uint32_t)j->partitions, path))
		return true;
	return !job_fail(j, KAFKA_ERROR_KAFKA_STORAGE_ERROR,
			 "topic %s: something that is not the gateway's lies at its place, %s: "
			 "move it away, or take another name",
			 j->name, path);
}

bool job_is_written(struct registry *r, struct job *j, int error, const char *why)
{
	const struct log_dir *d = j->sync_error ? j->sync_dir : r->dir;
	if (error)
		job_fail(j, KAFKA_ERROR_KAFKA_STORAGE_ERROR,
			 "topic %s cannot be written to %s: %s", j->name,
			 why[0] ? "disk" : d->path, why[0] ? why : strerror(-error));
	return error == 0;
}

/* Some of the round may have been opened before one was refused: a round of its own closes
 * what is open. */
bool job_is_refused(struct job *j, uint32_t first)
{
	struct entry *e = j->entry;
	if (!j->round.error)
		return false;
	job_fail(j, KAFKA_ERROR_KAFKA_STORAGE_ERROR, "topic %s: its writer refused: %s",
		 j->name, strerror(-j->round.error));
	round_begin(&j->round, ADMIN_CLOSE, e->partitions + first, e->partition_count - first);
	return true;
}

/* Pollers reserve memory for one batch of the gateway's limit: what is larger would wait for
 * ever, so they refuse it whatever its topic says. */
static bool batches_fit(struct registry *r, struct job *j, const struct topic_settings *settings)
{
	uint32_t limit = r->live.started->poller.message_bytes_max;
	if (j->setting_count == 0 || settings->log.message_bytes_max <= limit)
		return true;
	job_fail(j, KAFKA_ERROR_INVALID_CONFIG,
		 "max.message.bytes %u is above the gateway's message.max.bytes %u: raise "
		 "that first, and restart",
		 settings->log.message_bytes_max, limit);
	return false;
}

/* A topic of the gateway's own may be told to keep its records, but for those whose key has later
 * ones, and does so anyway. */
static bool keeps_records(struct job *j, struct topic_settings *settings)
{
	const struct log_options *log = &settings->log;
	if (!topic_name_is_internal((struct bytes){(const uint8_t *)j->name, strlen(j->name)}))
		return true;
	if ((settings->is_set[TOPIC_SETTING_retention_ms] && log->retention_ms != -1) ||
	    (settings->is_set[TOPIC_SETTING_retention_bytes] && log->retention_bytes != -1))
		return !job_fail(j, KAFKA_ERROR_INVALID_CONFIG,
				 "topic %s is the gateway's own and keeps its records: "
				 "retention.ms and retention.bytes stay -1",
				 j->name);
	if (settings->is_set[TOPIC_SETTING_cleanup_policy] &&
	    log->cleanup_policy != CLEANUP_COMPACT)
		return !job_fail(j, KAFKA_ERROR_INVALID_CONFIG,
				 "topic %s is the gateway's own: cleanup.policy stays compact",
				 j->name);
	entry_keep_records(settings);
	return true;
}

bool job_settings(struct registry *r, struct job *j, struct topic_settings *settings)
{
	if (j->replaces)
		topic_settings_init(settings, r->options.settings);
	for (unsigned i = 0; i < j->setting_count; i++) {
		const struct registry_setting *s = &j->settings[i];
		if (!topic_settings_set(settings, r->options.settings, s->key, s->value,
					j->result.message, sizeof j->result.message)) {
			j->result.error = KAFKA_ERROR_INVALID_CONFIG;
			return false;
		}
	}
	return batches_fit(r, j, settings) && keeps_records(j, settings);
}

bool job_refuse(struct job *j)
{
	return job_fail(j, KAFKA_ERROR_BROKER_NOT_AVAILABLE,
			"the gateway is stopping; ask again when it runs");
}
