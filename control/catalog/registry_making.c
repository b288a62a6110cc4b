/* registry_making.c - a job's new partitions in, their directories, logs and topic file out; see
 * registry_making.h. */
#include "control/catalog/registry_making.h"
#include "control/catalog/registry_dirs.h"
#include "control/catalog/registry_jobs.h"
#include "control/catalog/registry_offline.h"
#include "control/catalog/registry_opening.h"
#include "control/catalog/registry_store.h"
#include "control/catalog/registry_sync.h"

#include <errno.h>

/* Into a log directory that was lost since the partition was placed nothing is written. */
static int make_one(struct registry *r, const struct entry *e, struct partition *p, char *why,
		    size_t why_size)
{
	struct opened opened;
	if (p->dir->is_lost) {
		snprintf(why, why_size, "%s", p->dir->fault);
		return -ESTALE;
	}
	partition_open(r, e, p, false, NULL, &opened);
	opened_say(r, &opened);
	if (opened.why)
		snprintf(why, why_size, "%s: %s", p->directory, opened.why);
	opened_free(&opened);
	directory_note_error(r, p->dir, opened.error);
	return opened.error;
}

/* The old file or the new one is there after a power cut: the new one's bytes last before it has
 * the name, and the name lasts before the job goes on. */
bool job_write_file(struct registry *r, struct job *j)
{
	uint32_t partitions = j->entry->partition_count;
	bool is_named = j->file == FILE_STAGED;
	switch (j->file) {
	case FILE_NONE:
		j->error = store_stage(r, j->entry, partitions, &j->staged);
		j->file = FILE_STAGED;
		break;
	case FILE_STAGED:
		j->error = store_name_staged(r, j->entry, &j->staged, j->sync_error);
		j->file = FILE_NAMED;
		break;
	case FILE_NAMED:
		j->error = j->sync_error;
		j->file = FILE_NONE;
		return true;
	}
	if (j->error)
		j->file = FILE_NONE;
	else
		syncs_wait(r, j, dir_bit(r->dir) | (is_named ? 0 : dirs_made_in(j)));
	return j->error != 0;
}

enum {
	/* Of a job of many partitions: what is left for its last sync is what a disk does at
	 * once, and others do not wait for long behind it. */
	PARTITIONS_A_SYNC = 512,
};

static int make_some(struct registry *r, struct job *j, char *why, size_t why_size)
{
	struct entry *e = j->entry;
	uint32_t end = min_u32(j->at + JOB_PARTITIONS_AT_ONCE, e->partition_count);
	int error = 0;
	for (; !error && j->at < end; j->at += !error) {
		error = make_one(r, e, e->partitions[j->at], why, why_size);
		if (j->at % PARTITIONS_A_SYNC == PARTITIONS_A_SYNC - 1)
			syncs_hasten(r, dirs_made_in(j));
	}
	return error;
}

/* The sync that the file's bytes wait for covers the directories, so the file names none that a
 * power cut may take. */
bool job_make(struct registry *r, struct job *j)
{
	char why[768] = "";
	if (j->at < j->entry->partition_count) {
		j->error = make_some(r, j, why, sizeof why);
		return !job_is_written(r, j, j->error, why);
	}
	j->entry->ready = j->entry->partition_count;
	if (!job_write_file(r, j))
		return false;
	job_is_written(r, j, j->error, "");
	return true;
}
