/* log_dir.h - one directory that partitions lie in, and what is known of it as a whole.
 *
 *     LOGDIR/.lock                      one process (registry_lock.h)
 *            meta.properties            whose it is                  (registry_checkpoint.h)
 *            *-checkpoint, .kafka_cleanshutdown
 *            .penstock-flush-<writer>   files of each writer's flush group (flush_file.h)
 *            .penstock-commit-<writer>
 *            .penstock-durable-marks    marks of all its logs        (registry_marks.h)
 *            .penstock-durable-marks.<writer>  and of each writer's  (mark_file.h)
 *            .penstock-producer-ids     those below it are taken     (producer_id_file.h)
 *            .<topic>.json              topics                       (registry_store.h)
 *            <topic>-<n>/               partitions                   (registry_partitions.h)
 *
 * A gateway has those that log.dirs names. Whatever is true of one directory is kept here: each
 * fails, is written down and is found unclean by itself (docs/decisions/0020-directories.md). The
 * first has beside its partitions what is the gateway's: topics' files, settings, producer ids.
 * Control opens them, and keeps their state; what is said at the opening stays as it is, and
 * writers read it.
 *
 * Core: control (blocks); writers where it says so.
 */
#ifndef PENSTOCK_LOG_DIR_H
#define PENSTOCK_LOG_DIR_H

#include "config/bounds.h"
#include "dataplane/store/disk_files.h"

#include <stdatomic.h>

/* What its file system allows: control/catalog/flush_rule.h finds it, log/flush_group.h says what
 * for. Nothing, unless it is found. */
struct flush_rule {
	uint64_t device; /* st_dev of files there */
	bool may_flush;
	bool may_commit;
	bool has_journal; /* whose commit it is; else a sync of the whole file system */
	char reason[200]; /* what was found, for the operator: "ext4, data=ordered" */
};

/* The files of one writer's flush group there, which its rule asks for and which could be made. */
struct flush_file {
	int fd;          /* a block of zeroes; not looked at if there is no flush */
	int commit_fd;   /* the same; not looked at if there is no commit */
	bool may_flush;  /* an fdatasync of `fd` covers overwrites */
	bool may_commit; /* a DISK_COMMIT of `commit_fd` covers everything */
};

struct log_dir {
	/* Said before the first writer is made; writers read it. */
	const char *path;
	struct flush_rule rule;
	struct flush_file flush[WRITERS_MAX];
	/* Control's word to the writers: less is left than is to be, and no record is taken. */
	_Atomic bool is_short;
	/* And until it has looked again a writer takes no more than so many bytes; looks: how often
	 * it has, 0: nobody looks, and there is no bound. */
	_Atomic uint64_t room_bytes;
	_Atomic unsigned looks;
	/* Control's. */
	unsigned number; /* among log.dirs, from 0 */
	int lock_fd;     /* of a gateway: .lock, taken before all else */
	struct disk *disk;
	int fd;                  /* for log_dir_sync_all() */
	struct disk_place place; /* at start */
	uint32_t partitions;     /* that lie there */
	bool is_lost;            /* it could not be used, has failed, or has gone */
	bool needs_start;        /* it was lost before its logs were to be opened: for this run */
	bool is_doubted;         /* a call has failed in the last there is: it is asked again */
	bool is_stuck;           /* it does not answer: control leaves it alone until it does */
	char fault[384];         /* what is wrong with it, or "" */
	bool is_new;             /* it had no meta.properties before this start */
	bool names_deleted;      /* its checkpoints may: a topic has gone since they were written */
	bool was_clean;          /* the stop before this start */
	bool has_unread_marks;   /* a mark file cannot be read: all are left as they are */
	bool has_said_marks;     /* that a writer cannot write its own */
	uint64_t checkpoint_at_ns;
};

/* 0 or -errno: then it is closed. `disk` is control's own, `path` outlives it. Its number is kept,
 * and by whoever has its lock that, too, through this and log_dir_close(). */
int log_dir_open(struct log_dir *d, struct disk *disk, const char *path);
void log_dir_close(struct log_dir *d);

/* It is given up, and why; the first reason stays. */
__attribute__((format(printf, 2, 3))) void log_dir_lose(struct log_dir *d, const char *format, ...);
/* True once, when the directory has gone from its path since the start: is_lost is set. */
bool log_dir_notice_loss(struct log_dir *d);
/* Is it time for a checkpoint? The first is due an interval from when it is first asked. */
bool log_dir_checkpoint_is_due(struct log_dir *d, uint64_t now_ns, uint64_t interval_ns);
/* Puts the next one off until an interval from now. */
void log_dir_checkpoint_begin(struct log_dir *d, uint64_t now_ns, uint64_t interval_ns);

/* It is due now. */
void log_dir_checkpoint_hasten(struct log_dir *d);

/* Its path with "/name" behind it, in `out`. */
char *log_dir_path(char out[PATH_MAX], const struct log_dir *d, const char *name);
/* 0 or -errno, as disk_replace_file() and disk_sync_all(). */
int log_dir_replace_file(const struct log_dir *d, const char *name, const void *data,
			 size_t size);
int log_dir_sync_all(const struct log_dir *d);
/* What was made, renamed and removed in the directory itself is durable. */
int log_dir_sync_names(const struct log_dir *d);

#endif
