/* registry_records.c - job: records of partitions are deleted: their logs start later.
 *
 *     offsets, held against watermarks ─▶ log-start-offset-checkpoint, synced ─▶ writers ─▶ over
 *
 * A start is on disk before anybody can see it, so that none goes back. All partitions of a request
 * are written down at once. What its writer has published bounds a start: that is durable, and
 * only grows; a log that ends before its start has lost records, which recovery finds. */
#include "control/catalog/registry_jobs.h"
#include "control/catalog/registry_entry.h"
#include "control/catalog/registry_index.h"
#include "control/catalog/registry_parts.h"
#include "control/catalog/registry_round.h"
#include "control/catalog/registry_starts.h"
#include "dataplane/wire/kafka/kafka_error.h"

#include <errno.h>

/* As Kafka refuses it: a topic of the gateway's own, and one whose records only go when their key
 * has a later one. */
static int16_t refusal(const struct registry *r, const struct registry_part *part)
{
	const struct entry *e = registry_entry_of_id(r, part->topic_id);
	if (e && e->shown.topic.is_internal)
		return KAFKA_ERROR_INVALID_TOPIC_EXCEPTION;
	bool stays = e && !(e->shown.settings.log.cleanup_policy & CLEANUP_DELETE);
	return stays ? KAFKA_ERROR_POLICY_VIOLATION : KAFKA_ERROR_NONE;
}

static int16_t decide(const struct log_marks *marks, struct registry_part *part)
{
	int64_t high = marks->high_watermark;
	int64_t offset = part->offset == REGISTRY_HIGH_WATERMARK ? high : part->offset;
	if (marks->is_fenced)
		return KAFKA_ERROR_KAFKA_STORAGE_ERROR;
	if (offset < 0 || offset > high)
		return KAFKA_ERROR_OFFSET_OUT_OF_RANGE;
	part->log_start_offset = max_i64(offset, marks->log_start_offset);
	return KAFKA_ERROR_NONE;
}

/* The partition, if its start has to move. */
static struct partition *take_part(struct registry *r, struct registry_part *part)
{
	struct log_marks marks;
	part->log_start_offset = -1;
	if (!part->error)
		part->error = refusal(r, part);
	struct partition *p = part->error ? NULL : part_partition(r, part);
	if (!p)
		return NULL;
	partition_marks(r, p, &marks);
	part->error = decide(&marks, part);
	if (part->error || part->log_start_offset == marks.log_start_offset)
		return NULL;
	p->log_start_next = part->log_start_offset;
	return p;
}

/* One whose log directory could not be written starts where it did. */
static void check_written(struct registry *r, struct registry_part *part)
{
	const struct partition *p = part->error ? NULL : part_partition(r, part);
	struct log_marks marks;
	if (!p)
		return;
	partition_marks(r, p, &marks);
	if (part->log_start_offset > max_i64(p->log_start_offset, marks.log_start_offset))
		part->error = KAFKA_ERROR_KAFKA_STORAGE_ERROR;
}

static bool start(struct registry *r, struct job *j)
{
	for (uint32_t i = 0; i < j->part_count; i++) {
		struct partition *p = take_part(r, &j->parts[i]);
		if (p)
			part_ask(j, p);
	}
	if (j->asked_count == 0)
		return true;
	uint32_t written = starts_write(r, j->asked, j->asked_count);
	if (written == 0)
		return job_fail(j, KAFKA_ERROR_KAFKA_STORAGE_ERROR,
				"log-start-offset-checkpoint cannot be written");
	for (uint32_t i = 0; written < j->asked_count && i < j->part_count; i++)
		check_written(r, &j->parts[i]);
	round_begin(&j->round, ADMIN_DELETE_RECORDS, j->asked, written);
	return false;
}

static bool next(struct registry *r, struct job *j)
{
	return true;
}

const struct job_kind job_delete_records = {.of = JOBS_OF_STARTS, .start = start, .next = next};
