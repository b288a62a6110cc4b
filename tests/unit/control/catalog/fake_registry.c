/* fake_registry.c - topics in an array instead of on a disk; jobs wait for the test. */
#include "tests/unit/control/catalog/fake_registry.h"

#include "dataplane/base/require.h"

void fake_registry_add(struct registry *r, const char *name, uint32_t partitions)
{
	require(r->count < FAKE_TOPICS_MAX && partitions <= FAKE_PARTITIONS_MAX);
	struct topic *t = &r->topics[r->count].topic;
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

void fake_registry_end_job(struct registry *r, int16_t error)
{
	require(r->jobs_count > 0);
	struct fake_job job = r->jobs[0];
	memmove(r->jobs, r->jobs + 1, --r->jobs_count * sizeof job);
	if (!error)
		fake_registry_add(r, job.name, 1);
	struct registry_result result = {.error = error};
	job.done(job.owner, &result);
}

void registry_create_topic(struct registry *r, const struct registry_request *request)
{
	require(r->jobs_count < FAKE_TOPICS_MAX);
	struct fake_job *job = &r->jobs[r->jobs_count++];
	snprintf(job->name, sizeof job->name, "%s", request->name);
	job->done = request->done;
	job->owner = request->owner;
	job->is_automatic = request->is_automatic;
	job->partitions = request->partitions;
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
