/* registry_making.c - a job's new partitions in, their directories, logs and topic file out; see
 * registry_making.h. */
#include "control/catalog/registry_making.h"
#include "control/catalog/registry_jobs.h"
#include "control/catalog/registry_opening.h"
#include "control/catalog/registry_store.h"

static int make_one(struct registry *r, const struct entry *e, struct partition *p, char *why,
		    size_t why_size)
{
	struct opened opened;
	partition_open(r, e, p, false, NULL, &opened);
	opened_say(r, &opened);
	if (opened.why)
		snprintf(why, why_size, "%s", opened.why);
	opened_free(&opened);
	return opened.error;
}

/* Some more of the partitions, or the sync and the file that end it. */
static int make_some(struct registry *r, struct job *j, char *why, size_t why_size)
{
	struct entry *e = j->entry;
	uint32_t end = min_u32(j->at + JOB_PARTITIONS_AT_ONCE, e->partition_count);
	int error = 0;
	why[0] = '\0';
	if (j->at == end) {
		error = log_dir_sync_all(r->dir);
		if (error)
			return error;
		e->ready = e->partition_count;
		return store_write(r, e, e->partition_count);
	}
	for (; !error && j->at < end; j->at += !error)
		error = make_one(r, e, e->partitions[j->at], why, why_size);
	return error;
}

bool job_make(struct registry *r, struct job *j)
{
	char why[768];
	bool is_last = j->at == j->entry->partition_count;
	j->error = make_some(r, j, why, sizeof why);
	return !job_is_written(r, j, j->error, why) || is_last;
}
