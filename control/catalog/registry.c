/* registry.c - the topics of this gateway: opened, turned, looked up, closed. */
#include "control/catalog/registry.h"
#include "control/catalog/registry_checkpoint.h"
#include "control/catalog/registry_clean.h"
#include "control/catalog/registry_dirs.h"
#include "control/catalog/registry_entry.h"
#include "control/catalog/registry_expire.h"
#include "control/catalog/registry_index.h"
#include "control/catalog/registry_jobs.h"
#include "control/catalog/registry_line.h"
#include "control/catalog/registry_offline.h"
#include "control/catalog/registry_parts.h"
#include "control/catalog/registry_probe.h"
#include "control/catalog/registry_publish.h"
#include "control/catalog/registry_recover.h"
#include "control/catalog/registry_removing.h"
#include "control/catalog/registry_reopen.h"
#include "control/catalog/registry_returning.h"
#include "control/catalog/registry_round.h"
#include "control/catalog/registry_say.h"
#include "control/catalog/registry_scan.h"
#include "control/catalog/registry_settings.h"
#include "control/catalog/registry_sync.h"
#include "control/catalog/registry_watch.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>

static void ignore_result(void *owner, const struct registry_result *result)
{
}

static void queue_own(struct registry *r, const struct job_kind *kind)
{
	job_queue(r, kind, &(struct registry_request){.name = "", .done = ignore_result});
}

/* What lies in the directory is read here. Its logs are recovered in turns (job_recover), since
 * that may take long and somebody may ask how far it is; writers are told in turns (job_serve),
 * since they answer by message: until then the snapshot names no topic. */
struct registry *registry_open(const struct registry_options *options, char *message,
			       size_t message_size)
{
	struct registry *r = calloc(1, sizeof *r);
	struct listings found = {0};
	require(r && options->writer_count > 0 && options->dir_count > 0);
	r->options = *options;
	dirs_init(r, options->dirs, options->dir_count);
	line_init(r);
	list_init(&r->retired);
	list_init(&r->leftovers);
	list_init(&r->removals);
	message[0] = '\0';
	live_settings_init(&r->live, options->settings);
	r->options.settings = &r->live.now;
	int error = syncs_open(r);
	if (error)
		snprintf(message, message_size, "the syncs of log.dirs: %s", strerror(-error));
	if (error || checkpoint_open(r, message, message_size) != 0 ||
	    registry_settings_read(r, message, message_size) != 0 ||
	    registry_scan(r, &found, message, message_size) != 0) {
		listings_free(&found);
		registry_close(r);
		return NULL;
	}
	r->recovering = recovering_new(r, &found);
	registry_publish(r);
	queue_own(r, &job_recover);
	queue_own(r, &job_serve);
	return r;
}

static bool checkpoint_one(struct registry *r, struct log_dir *d, uint64_t now_ns)
{
	uint64_t interval_ns = r->options.settings->checkpoint_interval_ms * NS_PER_MS;
	if (!log_dir_checkpoint_is_due(d, now_ns, interval_ns) || !r->is_ready ||
	    r->is_stopping || d->is_stuck)
		return false;
	log_dir_checkpoint_begin(d, now_ns, interval_ns);
	if (!directory_is_here(r, d))
		return false;
	int error = checkpoint_write(r, d);
	if (error)
		registry_say(r, "%s: recovery points cannot be written: %s", d->path,
			     strerror(-error));
	directory_note_error(r, d, error);
	return true;
}

/* Not during the start and the stop, which are about to write them. */
static bool checkpoint_when_due(struct registry *r, uint64_t now_ns)
{
	bool found = false;
	for_each_dir(d, r) found |= checkpoint_one(r, d, now_ns);
	return found;
}

/* Replies come first, for the one that completes a round lets its job go on in the same turn;
 * fences last, for the look at the directories is what asks for them. */
bool registry_turn(struct registry *r, uint64_t now_ns)
{
	bool found = rounds_reap(r);
	expire_when_due(r, now_ns);
	found |= syncs_reap(r);
	found |= clean_turn(r, now_ns);
	bool has_worked = jobs_step(r);
	found |= syncs_begin(r, now_ns, !has_worked) || has_worked;
	found |= registry_retire(r, false);
	probes_turn(r, now_ns);
	found |= checkpoint_when_due(r, now_ns);
	registry_watch(r, now_ns);
	found |= fences_step(r);
	return found;
}

bool registry_progress(const struct registry *r, struct recovery_progress *ret)
{
	if (r->recovering)
		recovering_progress(r->recovering, ret);
	return r->recovering;
}

const char *registry_progress_text(const struct registry *r, char ret[REGISTRY_PROGRESS_BYTES])
{
	return recovering_text(r->recovering, ret);
}

bool registry_reopening(const struct registry *r, struct recovery_progress *ret)
{
	if (r->reopening)
		reopening_progress(r->reopening, ret);
	return r->reopening;
}

bool registry_is_ready(const struct registry *r)
{
	return r->is_ready;
}

const char *registry_fault(const struct registry *r)
{
	return r->fault;
}

bool registry_is_busy(const struct registry *r)
{
	return line_is_busy(r) || !list_is_empty(&r->retired) || r->has_fences;
}

unsigned registry_wait_fds(const struct registry *r, int ret[LOG_DIRS_MAX])
{
	return syncs_wait_fds(r, ret);
}

/* The jobs that run come to their end, and the stop is the next; those that have not begun are
 * refused. */
void registry_stop(struct registry *r)
{
	if (r->is_stopping)
		return;
	r->is_stopping = true;
	clean_leave(r, NULL);
	jobs_cancel(r);
	queue_own(r, &job_stop);
}

bool registry_is_stopped(const struct registry *r)
{
	return r->is_stopped;
}

void registry_end_jobs(struct registry *r)
{
	r->is_stopping = true;
	clean_leave(r, NULL);
	jobs_abandon(r);
	jobs_cancel(r);
}

/* Nobody turns any more: snapshots go at once, and a log that its writer has not given back is
 * left as a crash would leave it. */
void registry_close(struct registry *r)
{
	registry_end_jobs(r);
	clean_finish(r);
	removings_end(r);
	probes_end(r);
	recovering_free(r->recovering);
	syncs_close(r);
	registry_retire(r, true);
	topics_free(r->published);
	atomic_store_explicit(r->options.topics, NULL, memory_order_release);
	for (unsigned i = 0; i < r->entry_count; i++)
		entry_abandon(r, r->entries[i]);
	for (struct list *node; (node = list_take_first(&r->leftovers));)
		entry_abandon(r, list_entry(node, struct entry, node));
	free(r->entries);
	free(r->by_id);
	free(r->by_like);
	free(r);
}

static void request_job(struct registry *r, const struct job_kind *kind,
			const struct registry_request *request)
{
	require(request->done);
	job_queue(r, kind, request);
}

void registry_create_topic(struct registry *r, const struct registry_request *request)
{
	request_job(r, &job_create, request);
}

void registry_alter_topic(struct registry *r, const struct registry_request *request)
{
	request_job(r, &job_alter, request);
}

void registry_delete_topic(struct registry *r, const struct registry_request *request)
{
	request_job(r, &job_delete, request);
}

void registry_alter_settings(struct registry *r, enum live_scope scope,
			     const struct registry_request *request)
{
	struct registry_request named = *request;
	named.name = ""; /* of no topic */
	require(request->done);
	job_queue(r, &job_alter_settings, &named)->scope = scope;
}

void registry_send(struct registry *r, enum registry_errand errand,
		   const struct registry_part *parts, uint32_t count, registry_done done,
		   void *owner)
{
	require(done);
	parts_queue(r, errand, parts, count, done, owner);
}

void registry_reopen_directory(struct registry *r, unsigned number, registry_done done,
			       void *owner)
{
	const struct registry_request request = {.name = "", .done = done, .owner = owner};
	require(done && number < r->dir_count);
	job_queue(r, &job_reopen, &request)->recalled = &r->dirs[number];
}

const struct live_settings *registry_settings(const struct registry *r)
{
	return &r->live;
}

/* What the registry shows: not before its partitions are served. */
static const struct registry_topic *shown(const struct entry *e)
{
	return e && e->shown.topic.partitions ? &e->shown : NULL;
}

/* A topic's name holds no byte of zero, and one that a client asks for may: cut there, it
 * would be another topic's. */
const struct registry_topic *registry_find(const struct registry *r, struct bytes name)
{
	char text[TOPIC_NAME_BYTES_MAX + 1];
	if (name.size > TOPIC_NAME_BYTES_MAX || memchr(name.data, 0, name.size))
		return NULL;
	snprintf(text, sizeof text, "%.*s", (int)name.size, (const char *)name.data);
	return shown(registry_entry(r, text));
}

const struct registry_topic *registry_find_id(const struct registry *r,
					      const uint8_t id[16])
{
	return shown(registry_entry_of_id(r, id));
}

/* The topics of the directory are shown all together (registry_serve.c): the first one speaks
 * for all. */
unsigned registry_count(const struct registry *r)
{
	bool are_shown = r->entry_count && shown(r->entries[0]);
	return are_shown ? r->entry_count : 0;
}

const struct registry_topic *registry_at(const struct registry *r, unsigned index)
{
	require(index < registry_count(r));
	return shown(r->entries[index]);
}

static const struct partition *partition_of(const struct registry_topic *topic,
					    uint32_t partition)
{
	const struct entry *e = container_of(topic, struct entry, shown);
	require(partition < e->partition_count);
	return e->partitions[partition];
}

void registry_marks(const struct registry *r, const struct registry_topic *topic,
		    uint32_t partition, struct log_marks *ret)
{
	partition_marks(r, partition_of(topic, partition), ret);
}

bool registry_is_offline(const struct registry *r, const struct registry_topic *topic,
			 uint32_t partition)
{
	return partition_of(topic, partition)->is_offline;
}

bool registry_is_swapping(const struct registry *r, const struct registry_topic *topic,
			  uint32_t partition)
{
	const struct partition *p = partition_of(topic, partition);
	return p->round && p->round->op == ADMIN_SWAP;
}

/* Control's own reason first: a partition that is offline has no log whose marks could tell
 * one. */
const char *registry_partition_fault(const struct registry *r,
				     const struct registry_topic *topic,
				     uint32_t partition)
{
	const struct partition *p = partition_of(topic, partition);
	struct log_marks marks;
	if (p->fault)
		return p->fault;
	partition_marks(r, p, &marks);
	if (marks.is_fenced)
		return strerror(-marks.fence_error);
	return p->damage ? p->damage : "";
}

bool registry_has_failed(const struct registry *r, const struct registry_topic *topic,
			 uint32_t partition)
{
	return partition_has_failed(r, partition_of(topic, partition));
}

int64_t registry_failed_ms(const struct registry_topic *topic, uint32_t partition)
{
	return partition_of(topic, partition)->failed_ms;
}

const char *registry_way_out(const struct registry *r, const struct registry_topic *topic,
			     uint32_t partition, char ret[REGISTRY_WAY_OUT_BYTES])
{
	ret[0] = '\0';
	if (registry_has_failed(r, topic, partition))
		partition_way_out(partition_of(topic, partition), ret);
	return ret;
}

bool registry_has_lost_all(const struct registry *r)
{
	return dirs_are_all_lost(r);
}

const char *registry_directory_fault(const struct registry *r)
{
	for_each_dir(d, r) if (d->fault[0]) return d->fault;
	return "";
}

unsigned registry_directory_count(const struct registry *r)
{
	return r->dir_count;
}

const struct log_dir *registry_directory(const struct registry *r, unsigned number)
{
	require(number < r->dir_count);
	return &r->dirs[number];
}

const struct log_dir *registry_directory_of(const struct registry *r,
					    const struct registry_topic *topic,
					    uint32_t partition)
{
	const struct partition *p = partition_of(topic, partition);
	return p->is_nowhere ? NULL : p->dir;
}

const char *registry_cluster_id(const struct registry *r)
{
	return r->cluster_id;
}

int32_t registry_node_id(const struct registry *r)
{
	return r->options.settings->node_id;
}
