/* fake_registry.c - topics in an array instead of on a disk; jobs wait for the test. */
#include "tests/unit/control/catalog/fake_registry.h"

#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/kafka_error.h"

#include <stdlib.h>

void fake_registry_add(struct registry *r, const char *name, uint32_t partitions)
{
	require(r->count < FAKE_TOPICS_MAX && partitions <= FAKE_PARTITIONS_MAX);
	struct topic *t = &r->topics[r->count].topic;
	topic_settings_init(&r->topics[r->count].settings, &r->live.now);
	t->name_bytes = (uint16_t)strlen(name);
	memcpy(t->name, name, t->name_bytes + 1u);
	t->id[0] = 0xa0;
	t->id[15] = (uint8_t)(r->count + 1);
	t->partitions = partitions;
	t->refs = r->refs[r->count];
	for (uint32_t i = 0; i < partitions; i++)
		t->refs[i].slot = r->count * FAKE_PARTITIONS_MAX + i;
	r->count++;
}

/* From "key=value;key=value;", as queue() writes it. */
static void apply(const struct registry *r, const char *texts, struct topic_settings *settings)
{
	char key[64], value[64], message[256];
	int size;
	topic_settings_init(settings, &r->live.now);
	for (; sscanf(texts, "%63[^=]=%63[^;];%n", key, value, &size) == 2; texts += size)
		require(topic_settings_set(settings, &r->live.now, key, value, message,
					   sizeof message));
}

static void create(struct registry *r, const struct fake_job *job, struct registry_result *ret)
{
	ret->partitions = job->partitions > 0 ? job->partitions : 1;
	apply(r, job->settings, &ret->settings);
	if (job->validate_only)
		return;
	fake_registry_add(r, job->name, (uint32_t)ret->partitions);
	r->topics[r->count - 1].settings = ret->settings;
	memcpy(ret->id, r->topics[r->count - 1].topic.id, sizeof ret->id);
}

/* The last one takes its place. */
static void delete(struct registry *r, const struct fake_job *job, struct registry_result *ret)
{
	const struct registry_topic *t =
		job->has_id ? registry_find_id(r, job->id)
			    : registry_find(r, (struct bytes){(const uint8_t *)job->name,
							      strlen(job->name)});
	require(t);
	memcpy(ret->name, t->topic.name, sizeof ret->name);
	memcpy(ret->id, t->topic.id, sizeof ret->id);
	r->topics[t - r->topics] = r->topics[--r->count];
}

/* Of what a partition is asked only its number counts. */
static void tell_producers(const struct registry *r, struct registry_part *part)
{
	uint32_t n = min_u32(r->producers, part->producers_max);
	part->producer_count = n;
	part->producers = calloc(n + 1ul, sizeof *part->producers);
	for (uint32_t i = 0; i < n; i++)
		part->producers[i] = (struct producer_told){.id = 100 * part->partition + i,
							    .timestamp = 1000 + i,
							    .last_sequence = (int32_t)i,
							    .epoch = 3};
}

static void do_errand(struct registry *r, struct fake_job *job)
{
	for (uint32_t i = 0; i < job->part_count; i++)
		if (job->errand == REGISTRY_PRODUCERS)
			tell_producers(r, &job->parts[i]);
		else if (!job->parts[i].error)
			job->parts[i].log_start_offset = job->parts[i].offset + 1000;
}

static void carry_out(struct registry *r, struct fake_job *job, struct registry_result *ret)
{
	if (job->kind == FAKE_CREATE)
		create(r, job, ret);
	else if (job->kind == FAKE_DELETE)
		delete(r, job, ret);
	else if (job->kind == FAKE_ERRAND)
		do_errand(r, job);
}

void fake_registry_end_job(struct registry *r, int16_t error)
{
	fake_registry_end_job_at(r, 0, error);
}

void fake_registry_end_job_at(struct registry *r, unsigned i, int16_t error)
{
	require(i < r->jobs_count);
	struct fake_job job = r->jobs[i];
	struct registry_result result = {
		.error = error, .parts = job.parts, .part_count = job.part_count};
	memmove(r->jobs + i, r->jobs + i + 1, (--r->jobs_count - i) * sizeof job);
	if (error)
		snprintf(result.message, sizeof result.message, "error %d", error);
	else
		carry_out(r, &job, &result);
	job.done(job.owner, &result);
	free(job.parts);
}

static struct fake_job *queue(struct registry *r, enum fake_job_kind kind,
			      const struct registry_request *request)
{
	require(r->jobs_count < FAKE_JOBS_MAX);
	struct fake_job *job = &r->jobs[r->jobs_count++];
	*job = (struct fake_job){.kind = kind, .has_id = request->id != NULL,
				 .done = request->done, .owner = request->owner,
				 .is_automatic = request->is_automatic,
				 .validate_only = request->validate_only,
				 .replaces = request->replaces,
				 .partitions = request->partitions,
				 .replication_factor = request->replication_factor};
	if (request->name)
		snprintf(job->name, sizeof job->name, "%s", request->name);
	if (request->id)
		memcpy(job->id, request->id, sizeof job->id);
	for (unsigned i = 0; i < request->setting_count; i++) {
		const struct registry_setting *s = &request->settings[i];
		size_t used = strlen(job->settings);
		snprintf(job->settings + used, sizeof job->settings - used, "%s%s%s;", s->key,
			 s->value ? "=" : "", s->value ? s->value : "");
	}
	return job;
}

bool registry_progress(const struct registry *r, struct recovery_progress *ret)
{
	return false;
}

bool registry_reopening(const struct registry *r, struct recovery_progress *ret)
{
	return false;
}

bool registry_has_failed(const struct registry *r, const struct registry_topic *topic,
			 uint32_t partition)
{
	return registry_is_offline(r, topic, partition) || r->marks.is_fenced;
}

int64_t registry_failed_ms(const struct registry_topic *topic, uint32_t partition)
{
	return 0;
}

const char *registry_way_out(const struct registry *r, const struct registry_topic *topic,
			     uint32_t partition, char ret[REGISTRY_WAY_OUT_BYTES])
{
	return "";
}

const char *registry_progress_text(const struct registry *r, char ret[REGISTRY_PROGRESS_BYTES])
{
	return "";
}

void registry_create_topic(struct registry *r, const struct registry_request *request)
{
	queue(r, FAKE_CREATE, request);
}

void registry_alter_topic(struct registry *r, const struct registry_request *request)
{
	queue(r, FAKE_ALTER, request);
}

void registry_delete_topic(struct registry *r, const struct registry_request *request)
{
	queue(r, FAKE_DELETE, request);
}

void registry_end_jobs(struct registry *r)
{
	while (r->jobs_count > 0)
		fake_registry_end_job(r, KAFKA_ERROR_BROKER_NOT_AVAILABLE);
}

void registry_send(struct registry *r, enum registry_errand errand,
		   const struct registry_part *parts, uint32_t count, registry_done done,
		   void *owner)
{
	const struct registry_request request = {.done = done, .owner = owner};
	struct fake_job *job = queue(r, FAKE_ERRAND, &request);
	job->errand = errand;
	job->parts = calloc(count + 1ul, sizeof *parts);
	require(job->parts);
	memcpy(job->parts, parts, count * sizeof *parts);
	job->part_count = count;
}

void registry_reopen_directory(struct registry *r, unsigned number, registry_done done,
			       void *owner)
{
	registry_send(r, REGISTRY_REOPEN, &(struct registry_part){0}, 0, done, owner);
}

/* One that nobody may ask for its disk: a test that wants more brings its own. */
void fake_registry_init(struct registry *r)
{
	static const struct log_dir lost = {.path = "/lost", .is_lost = true};
	r->dirs = &lost;
	r->dir_count = 1;
	settings_init(&r->started);
	live_settings_init(&r->live, &r->started);
}

unsigned registry_directory_count(const struct registry *r)
{
	return r->dir_count;
}

const struct log_dir *registry_directory(const struct registry *r, unsigned number)
{
	return &r->dirs[number];
}

const struct log_dir *registry_directory_of(const struct registry *r,
					    const struct registry_topic *topic,
					    uint32_t partition)
{
	return &r->dirs[partition % r->dir_count];
}

const struct live_settings *registry_settings(const struct registry *r)
{
	return &r->live;
}

void registry_alter_settings(struct registry *r, enum live_scope scope,
			     const struct registry_request *request)
{
	queue(r, FAKE_ALTER_SETTINGS, request)->scope = scope;
}

const struct registry_topic *registry_find(const struct registry *r, struct bytes name)
{
	for (unsigned i = 0; i < r->count; i++) {
		const struct topic *t = &r->topics[i].topic;
		if (t->name_bytes == name.size && memcmp(t->name, name.data, name.size) == 0)
			return &r->topics[i];
	}
	return NULL;
}

const struct registry_topic *registry_find_id(const struct registry *r, const uint8_t id[16])
{
	for (unsigned i = 0; i < r->count; i++)
		if (memcmp(r->topics[i].topic.id, id, 16) == 0)
			return &r->topics[i];
	return NULL;
}

unsigned registry_count(const struct registry *r)
{
	return r->count;
}

const struct registry_topic *registry_at(const struct registry *r, unsigned index)
{
	return &r->topics[index];
}

void registry_marks(const struct registry *r, const struct registry_topic *topic,
		    uint32_t partition, struct log_marks *ret)
{
	*ret = r->marks;
}

bool registry_is_swapping(const struct registry *r, const struct registry_topic *topic,
			  uint32_t partition)
{
	return r->is_swapping;
}

bool registry_is_offline(const struct registry *r, const struct registry_topic *topic,
			 uint32_t partition)
{
	return r->has_offline && partition == 0;
}

const char *registry_cluster_id(const struct registry *r)
{
	return "tGz8LcFMSr2dGiSTwZ7_-Q";
}

int32_t registry_node_id(const struct registry *r)
{
	return 7;
}
