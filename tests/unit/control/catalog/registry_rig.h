/* registry_rig.h - a registry on a temporary directory, with two writers that only take and
 * give back logs, and a disk that can die after any number of calls. A partition that comes to
 * another writer than its slot's fails the test.
 *
 *     rig_open ─▶ rig_turns ... rig_create ... ─▶ rig_stop | rig_crash ─▶ rig_open again
 */
#ifndef PENSTOCK_REGISTRY_RIG_H
#define PENSTOCK_REGISTRY_RIG_H

#include "control/catalog/registry.h"
#include "dataplane/store/log_dir.h"

enum { RIG_SAID_BYTES = 8192, RIG_WRITERS = 2, RIG_DIRS_MAX = 2 };

struct rig {
	char directory[64];
	struct settings settings;
	struct registry *registry;
	struct disk *disk; /* null: that of the fakes */
	struct log_dir dirs[RIG_DIRS_MAX];
	unsigned dir_count; /* 1, unless the test says otherwise: it is there then, or lost */
	char second[80];    /* `directory` with ".second" behind it */
	struct topics *_Atomic topics;
	struct marks_page *marks;
	struct wake wakes[2];
	struct handoff writers[RIG_WRITERS]; /* slot by slot in turn */
	char message[512]; /* why registry_open() failed */
	char said[RIG_SAID_BYTES];
	/* The last job's outcome. */
	struct registry_result result;
	unsigned done;
	const struct cleaner *cleaner;
	uint64_t now_ns;
};

/* The writers and the disk of the test; one gateway per process. */
struct rig_faults {
	int open_error;        /* what the writers answer to ADMIN_OPEN */
	unsigned open_good;    /* after so many good ones */
	bool writer_is_slow;   /* they take nothing */
	int log_error;         /* what log_open() fails with */
	const char *log_error_at; /* of this partition; null: of all */
	bool log_is_corrupt;
	unsigned calls_left;   /* disk calls until it dies; 0: never */
	bool is_dead;
	const char *failing;   /* what changes something below this path fails */
	int failing_error;     /* with this; bursts, too, unless it is 0: they are EIO then */
	bool fails_syncs;      /* and nothing but syncs of all files */
	unsigned changes_left; /* calls that change something until a burst of failures; 0: none */
	unsigned failures;     /* how many fail then */
	unsigned failed;       /* so far */
	bool is_full;          /* writes fail until a file with a lasting name is removed */
	bool copies_on_write;  /* then also those in place of what is there */
	uint64_t bytes_left;   /* that the disk says it has; 0: the truth */
	bool has_full_names;   /* then there is no room for a longer name either */
	unsigned delay_us;     /* that every call takes, */
	uint64_t delayed_us;   /* and all of them have taken */
	unsigned calls;        /* made so far; looks (DISK_STAT) are not counted */
	bool sync_is_slow;     /* those of all files are not over */
	const char *slow_at;   /* of those below this path it is true alone */
	unsigned syncs;        /* of all files, begun so far */
	unsigned logs_open;
	struct log_options last_options; /* of the last log_open() or ADMIN_ALTER */
	int64_t last_recovery_point;
	int64_t last_log_start;
	int64_t last_mark;
	int64_t mark_of[256];  /* by the order of opening */
	int64_t start_of[256];
	unsigned opened;
	bool has_old_mark;     /* each log says so */
	bool last_is_compacted;
	bool last_is_clean;
	uint32_t served;       /* partitions the writers have */
	uint32_t served_by[RIG_WRITERS];
	int offline;           /* and those it has without a log */
	unsigned fenced;       /* told to fence */
	unsigned deletions;    /* of records, that writers were told of */
	int64_t last_deletion; /* where the log starts then */
	void (*delete_seen)(void); /* asked when a writer is told; null: nobody is */
	int expired_slot;      /* whose writer says that its log could start at */
	int64_t expired_to;    /* this; 0: nobody's does */
	unsigned expires;      /* how often one was asked */
	uint32_t producers;    /* of each partition: ids from 0 on */
	unsigned pieces;       /* of them that were told */
	unsigned anew_at;      /* so many pieces: the next begins anew; 0: none */
	bool is_always_anew;
	bool is_offline;       /* nobody is told of producers */
	uint64_t dirty_of[64]; /* bytes, by slot; of a log that has 100 that are clean */
	bool is_busy;          /* what was replaced before has still its files */
	int64_t young_from;    /* of each log; its segments go to 1000 */
	unsigned looks;        /* at segments, that writers were asked for */
	unsigned swaps;        /* that they were told of */
	int swap_error;
	int64_t last_dirty;    /* the last look's first dirty offset */
};

extern struct rig_faults faults;

void rig_forget_logs(void);

void rig_init(struct rig *r);
void rig_fini(struct rig *r);
/* False: r->message says why. */
bool rig_open(struct rig *r);
/* The same without a turn: no log is recovered yet. */
bool rig_begin(struct rig *r);
/* Registry and writers in turn, once; true when something moved. */
bool rig_turn(struct rig *r);
/* Until nothing moves. */
void rig_turns(struct rig *r);
/* Seconds go by, a tenth at a time. */
void rig_wait(struct rig *r, unsigned seconds);
void rig_stop(struct rig *r);
/* The process ends here; a dead disk lives again. */
void rig_crash(struct rig *r);

/* For a request of the test's own: the last job's outcome. */
void rig_take_result(void *rig, const struct registry_result *result);
void rig_create(struct rig *r, const char *name, int32_t partitions);
/* Would it be created, for an operator, or because a client has named it? */
void rig_check(struct rig *r, const char *name, int32_t partitions, bool is_automatic);
void rig_delete(struct rig *r, const char *name);
void rig_alter(struct rig *r, const char *name, int32_t partitions,
	       const struct registry_setting *settings, unsigned count);
/* Those that are not named are the gateway's own again. */
void rig_replace(struct rig *r, const char *name, const struct registry_setting *settings,
		 unsigned count);
/* The gateway's own settings. */
void rig_set(struct rig *r, enum live_scope scope, const struct registry_setting *settings,
	     unsigned count);
const struct registry_topic *rig_topic(const struct rig *r, const char *name);
/* A shell command in the log directory. */
void rig_run(const struct rig *r, const char *command);
bool rig_exists(const struct rig *r, const char *path);
void rig_write(const struct rig *r, const char *path, const char *text);
/* The whole file, until the next call. */
const char *rig_read(const struct rig *r, const char *path);

#endif
