/* power_logs.h - the logs of a power-cut run: recovered as after a power cut, served by a
 * writer on the real disk, and stopped.
 *
 *     power_logs_open ─▶ power_logs_serve ─▶ appends ─▶ writer_turn() ─▶ ... power_logs_stop
 *
 * Segments are small and of four sizes, so that a log rolls within seconds. Core: the
 * program's, which is control, requester and writer in one thread.
 */
#ifndef PENSTOCK_POWER_LOGS_H
#define PENSTOCK_POWER_LOGS_H

#include "dataplane/writer.h"

enum { POWER_LOGS = 24, POWER_GENERATION = 1 };

struct power_logs {
	const char *directory;
	struct log_dir dir;
	struct handoff appends, admin;
	struct wake wakes[2]; /* requester's, writer's */
	struct stats_page page;
	struct marks_page *marks;
	struct news_page *news;
	struct disk *disk;
	struct disk *control; /* for what is not the writer's, which writes meanwhile */
	struct writer *writer;
	struct log *logs[POWER_LOGS];
	char rule[512]; /* how writes become durable on this file system, and why */
};

/* DIRECTORY/power-SLOT; `out` holds FILE_PATH_BYTES_MAX. */
void power_log_path(const struct power_logs *p, unsigned slot, char *out);

/* Recovers all logs as if nothing were known of the last stop, and makes what was found
 * durable. 0, or -errno; a log that is damaged counts as -EBADMSG. What is wrong with which
 * log is said on stderr. */
int power_logs_open(struct power_logs *p, const char *directory);
/* From here on they are the writer's. */
void power_logs_serve(struct power_logs *p);
/* Nothing is outstanding: seals the logs, closes them and syncs the file system. -errno. */
int power_logs_stop(struct power_logs *p);

#endif
