/* registry_jobs.h - what every kind of job is made of.
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_JOBS_H
#define PENSTOCK_REGISTRY_JOBS_H

#include "control/catalog/registry_private.h"

struct job *job_queue(struct registry *r, const struct job_kind *kind,
		      const struct registry_request *request);
/* Whoever asked hears what became of it; gives the job. */
void job_end(struct job *j);
/* The gateway is stopping; true. */
bool job_refuse(struct job *j);
__attribute__((format(printf, 3, 4))) bool job_fail(struct job *j, int16_t error,
						    const char *format, ...);
/* Is the log directory there, is nothing else where partitions from `first` on would lie?
 * False and the job's result filled in. */
bool job_has_directory(struct registry *r, struct job *j);
/* Can all of the topic be reached? The same. */
bool job_has_all(struct registry *r, struct job *j, const struct entry *e);
bool job_has_place(struct registry *r, struct job *j, uint32_t first);
/* Was what had to be on the disk written? False and the job's result filled in, with `why`, or
 * if that is empty with what `error` means. */
bool job_is_written(struct registry *r, struct job *j, int error, const char *why);
/* Has a writer refused to open one? Then the job's result is filled in, and those from `first` on
 * are being closed again. */
bool job_is_refused(struct job *j, uint32_t first);
/* The settings of a request applied to `settings`; false and the job's result filled in. */
bool job_settings(struct registry *r, struct job *j, struct topic_settings *settings);
/* No topic can have this name: whose jobs move starts of logs. */
#define JOBS_OF_STARTS "starts of logs"
extern const struct job_kind job_recover, job_serve, job_stop, job_create, job_alter, job_delete,
	job_alter_settings, job_producers, job_delete_records, job_expire, job_clean_look,
	job_clean_swap, job_reopen;

#endif
