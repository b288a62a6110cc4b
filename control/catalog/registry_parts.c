/* registry_parts.c - errands to the writers of partitions: queued, and where they go. */
#include "control/catalog/registry_parts.h"
#include "control/catalog/registry_index.h"
#include "control/catalog/registry_jobs.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/kafka_error.h"

#include <stdlib.h>

static const struct job_kind *const kinds[] = {
	[REGISTRY_PRODUCERS] = &job_producers,
	[REGISTRY_DELETE_RECORDS] = &job_delete_records,
	[REGISTRY_REOPEN] = &job_reopen,
};

/* One item at least: calloc() of nothing may give null, which would be taken for a lack of
 * memory. */
void parts_queue(struct registry *r, enum registry_errand errand,
		 const struct registry_part *parts, uint32_t count, registry_done done, void *owner)
{
	const struct registry_request request = {.name = "", .done = done, .owner = owner};
	struct job *j = job_queue(r, kinds[errand], &request);
	parts_make(j, count);
	memcpy(j->parts, parts, count * sizeof *parts);
}

void parts_make(struct job *j, uint32_t count)
{
	j->parts = calloc(count + 1ul, sizeof *j->parts);
	j->asked = calloc(count + 1ul, sizeof(struct partition *));
	require(j->parts && j->asked);
	j->part_count = count;
	j->result.parts = j->parts;
	j->result.part_count = count;
}

/* A partition that a job adds is nobody's before it is shown. */
struct partition *part_partition(struct registry *r, struct registry_part *part)
{
	struct entry *e = registry_entry_of_id(r, part->topic_id);
	if (!e || part->partition >= e->shown.topic.partitions) {
		part->error = KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION;
		return NULL;
	}
	struct partition *p = e->partitions[part->partition];
	if (!p->is_offline)
		return p;
	part->error = KAFKA_ERROR_KAFKA_STORAGE_ERROR;
	return NULL;
}

void part_ask(struct job *j, struct partition *p)
{
	j->asked[j->asked_count++] = p;
	p->entry->errands++;
}
