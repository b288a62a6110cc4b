/* log_dir.h - one directory that partitions lie in, and what is known of it as a whole.
 *
 *     LOGDIR/.lock                      one process (registry_lock.h)
 *            meta.properties            whose it is                  (registry_checkpoint.h)
 *            *-checkpoint, .kafka_cleanshutdown
 *            .penstock-durable-marks*   marks of all its logs        (registry_marks.h)
 *            .<topic>.json              topics                       (registry_store.h)
 *            <topic>-<n>/               partitions                   (registry_partitions.h)
 *
 * There is one today. Whatever is true of a directory and not of the gateway is kept here, so
 * that a second one can fail, be written down and be found unclean by itself.
 *
 * Core: control (blocks).
 */
#ifndef PENSTOCK_LOG_DIR_H
#define PENSTOCK_LOG_DIR_H

#include "dataplane/store/disk_files.h"

struct log_dir {
	const char *path;
	struct disk *disk;
	int fd;                  /* for log_dir_sync_all() */
	struct disk_place place; /* at start */
	bool is_lost;            /* it is not at its path any more */
	char fault[384];         /* what is wrong with it, or "" */
	bool was_clean;          /* the stop before this start */
	bool has_unread_marks;   /* a mark file cannot be read: all are left as they are */
	bool has_said_marks;     /* that a writer cannot write its own */
	uint64_t checkpoint_at_ns;
};

/* 0 or -errno. `path` outlives it. */
int log_dir_open(struct log_dir *d, struct disk *disk, const char *path);
void log_dir_close(struct log_dir *d);

/* True once, when the directory has gone from its path since the start: is_lost is set. */
bool log_dir_notice_loss(struct log_dir *d);
/* Is it time for a checkpoint? The first is due an interval from when it is first asked. */
bool log_dir_checkpoint_is_due(struct log_dir *d, uint64_t now_ns, uint64_t interval_ns);
/* Puts the next one off until an interval from now. */
void log_dir_checkpoint_begin(struct log_dir *d, uint64_t now_ns, uint64_t interval_ns);

/* Its path with "/name" behind it, in `out`. */
char *log_dir_path(char out[PATH_MAX], const struct log_dir *d, const char *name);
/* 0 or -errno, as disk_replace_file() and disk_sync_all(). */
int log_dir_replace_file(const struct log_dir *d, const char *name, const void *data,
			 size_t size);
int log_dir_sync_all(const struct log_dir *d);
/* What was made, renamed and removed in the directory itself is durable. */
int log_dir_sync_names(const struct log_dir *d);

#endif
