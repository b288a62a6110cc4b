/* registry_private.h - what the files of the registry share.
 *
 *     registry.c           open, turn, close; looking up
 *     registry_say.c, _index.c  a line for the operator; entries by name
 *     registry_entry.c     topics in memory
 *     registry_dirs.c      the log directories: which partition lies where, which are lost
 *     registry_probe.c     those that do not answer
 *     registry_listing.c   names in the log directory ─▶ what is ours, what is left alone
 *     registry_scan.c      what is ours ─▶ entries
 *     registry_recover.c   entries ─▶ their logs recovered and opened, by a crew (crew.h)
 *     registry_opening.c   one partition's directory ─▶ its log open
 *     registry_offline.c   one partition that cannot be served, or all of them
 *     registry_reopen.c, _returning.c  those that can again, while others are served
 *     registry_store.c     one entry ─▶ its file and directories, and their removal
 *     registry_removal.c   a topic's files go, or wait for it;  registry_removing.c  how they go
 *     registry_checkpoint.c  offsets and the mark of a clean stop, of the whole directory
 *     registry_marks.c     durable marks of the whole directory
 *     registry_round.c     one admin message to each of many partitions, all replies awaited
 *     registry_segments.c  a partition's segments, missed when one goes
 *     registry_space.c     the disk's room, kept back before it is none
 *     registry_watch.c     partitions that failed and directories that went, noticed
 *     registry_publish.c   entries ─▶ snapshot; old ones retired
 *     registry_line.c      which job runs when;  registry_sync.c  syncs for all of them
 *     registry_jobs.c      create, alter, delete;  registry_serve.c  start and stop
 *     registry_making.c    files and partitions that create and alter make
 *     registry_settings.c  the gateway's own settings, while it runs
 *     registry_parts.c     errands to the writers of partitions
 *     registry_producers.c, _records.c  the two that there are
 *     registry_expire.c    what is too old, every so often;  registry_starts.c  where logs start
 *     registry_clean.c     compacted logs, cleaned one after the other
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_PRIVATE_H
#define PENSTOCK_REGISTRY_PRIVATE_H

#include "control/catalog/cleaner.h"
#include "control/catalog/registry.h"
#include "control/catalog/uuid.h"
#include "dataplane/base/list.h"
#include "dataplane/store/log_dir.h"
#include "dataplane/store/mark_table.h"
#include "dataplane/store/segment.h"

enum partition_state {
	PARTITION_CLOSED,  /* its log, if any, is ours */
	PARTITION_ASKED,   /* the message is with the writer */
	PARTITION_SERVED,  /* the writer's */
};

/* The .log files of a directory, by offset. */
struct segments_seen {
	int64_t changed_ns; /* the directory, before they were seen; */
	bool is_settled;    /* and it had not changed since the look before */
	uint32_t count;
	struct segment_seen {
		int64_t base_offset;
		uint64_t inode;
	} *at; /* null: nothing was seen yet */
};

struct partition {
	struct admin_msg admin; /* one message at a time */
	struct entry *entry;
	struct partition_ref ref;
	struct log *log;
	struct log_dir *dir; /* the log directory it lies in, or is to; */
	char *directory;     /* and its own there */
	uint32_t number;        /* of its topic's */
	int64_t durable_mark;   /* as it was found at start; -1: none */
	bool has_old_mark;      /* in a file of its own */
	int64_t recovery_point; /* as checkpointed; at start, and again after the close */
	int64_t log_start_offset; /* as checkpointed, at start or for a deletion; -1: not */
	int64_t log_start_next;   /* to be checkpointed, before its writer hears of it; -1: none */
	bool is_compacted;        /* by the cleaner, or by Kafka before the directory came here */
	int64_t cleaned_offset;   /* below it the log was compacted; -1: nothing is known */
	struct segments_told *sealed; /* a job's: lent with ADMIN_SEGMENTS */
	uint64_t clean_after_ns;  /* no round before */
	bool is_uncleanable;      /* a batch of it is damaged, or something is left of a run */
	bool has_said_clean;      /* what was wrong */
	uint8_t state;          /* enum partition_state */
	bool is_suspect;        /* fenced or corrupt: no mark of a clean shutdown */
	bool is_offline;        /* nobody is let at its log, if it has one */
	bool is_nowhere;        /* at start: in none of the log directories */
	bool needs_start;       /* it was offline before its log was to be opened */
	bool is_corrupt;        /* its recovery has found damage: it is read-only */
	bool is_reopening;      /* a job does so; it is offline until then */
	int64_t failed_ms;      /* when that was noticed; 0: it has not failed */
	bool wants_fence;       /* its writer does not know yet */
	char *fault;            /* why it is offline or read-only, for the operator; or null */
	char *damage;           /* which of its batches are damaged, likewise */
	uint64_t damaged_batches; /* as was said */
	struct disk_place place; /* of its directory, when its log was opened */
	struct segments_seen segments;
	struct round *round;    /* who waits for the reply */
};

/* One topic. `partitions` may hold more than pollers are told while a job adds them. */
struct entry {
	struct registry_topic shown; /* first: what others see is this */
	struct list node; /* registry.leftovers */
	struct partition **partitions;
	uint32_t partition_count;
	uint32_t ready;   /* directories below this have all been there */
	uint32_t left;    /* directories of a growth that was undone may lie below this */
	uint32_t errands; /* of jobs, to its partitions: it goes when there are none */
	bool is_deleting; /* the file says so */
	bool is_left;     /* among the leftovers */
	bool is_unread; /* the file cannot be read, and is not written over */
};

/* The same message to many partitions. */
struct round {
	enum admin_op op;
	struct partition **partitions;
	uint32_t count;
	uint32_t sent;
	uint32_t answered;
	struct producers_piece *piece; /* lent with each message, or null */
	const struct segment_swap *swap; /* the same */
	int error; /* first -errno among the replies */
	uint32_t failed; /* and how many */
};

/* A file that is written, but has not its name yet. */
struct staged {
	char name[32];
};

/* How far its replacement is. */
enum file_step { FILE_NONE, FILE_STAGED, FILE_NAMED };

struct job {
	struct list node; /* registry.jobs, .running or .over, or another's `behind` */
	struct list behind; /* those of its topic that wait for its end */
	struct list topic_node; /* registry.by_topic, while it runs */
	struct list sync_node;  /* registry.syncing, while is_syncing */
	char topic[TOPIC_NAME_BYTES_MAX + 2]; /* whose it is: registry_line.h */
	bool has_begun;
	bool is_waiting;         /* its last step had nothing to do */
	bool is_syncing;
	uint32_t syncs_awaited;  /* log directories of which a sync is to begin, by dir_bit(); */
	uint32_t syncs_begun;    /* and of which one is under way that it waits for */
	unsigned syncs_failed[LOG_DIRS_MAX]; /* syncs.failed, before any of it was on the disk */
	int sync_error;          /* of those since then, */
	const struct log_dir *sync_dir; /* and where */
	enum file_step file;
	struct staged staged;
	const struct job_kind *kind;
	struct round round;
	struct entry *entry;
	uint32_t old_partitions; /* alter: before it */
	struct topic_settings old_settings;
	uint32_t at;             /* partitions below this are made */
	uint8_t phase;           /* kind's own */
	int error;               /* first -errno */
	char name[TOPIC_NAME_BYTES_MAX + 2]; /* room to see that it is too long */
	uint8_t id[UUID_BYTES];
	bool has_id; /* it is told by its id, not by its name */
	int32_t partitions;
	int32_t replication_factor;
	struct registry_setting *settings; /* copies */
	unsigned setting_count;
	bool replaces;
	bool validate_only;
	bool is_automatic;
	enum live_scope scope; /* of the gateway's own settings */
	struct registry_part *parts; /* of an errand: a copy; */
	uint32_t part_count;
	struct partition **asked;    /* and where it goes, as many at most; */
	uint32_t asked_count;        /* of topics that do not go meanwhile */
	struct producers_piece *piece;
	struct segments_told *told;
	struct reopening *reopening;
	struct removing *removing; /* the registry's, among its removals */
	struct log_dir *recalled; /* reopened with all that has failed in it; null: none is */
	struct registry_result result;
	registry_done done;
	void *owner;
};

enum {
	/* Directories made in a step: control has others to answer meanwhile. */
	JOB_PARTITIONS_AT_ONCE = 4,
};

/* The first two: true when the job is over, result filled in; false: a round is under way. */
struct job_kind {
	bool is_alone; /* concerns all topics: no other runs beside it */
	const char *of; /* what its jobs change one after the other; null: each its own topic */
	bool (*start)(struct registry *r, struct job *j);
	bool (*next)(struct registry *r, struct job *j); /* the round is complete */
	/* Moves on what else it waits for; has that come? Null: it waits for nothing else. */
	bool (*may_go_on)(struct registry *r, const struct job *j);
	/* Frees what a job has of its own kind. Null: nothing. */
	void (*free)(struct job *j);
};

/* Of a log directory; registry_sync.h. */
struct syncs {
	struct disk *disk;    /* null: it was lost at the start */
	struct disk_op op;    /* the one under way */
	int fd;               /* of the directory */
	unsigned waiting;     /* jobs, for the next one */
	bool is_wanted;       /* by nobody who waits */
	unsigned failed;      /* so many have, */
	int error;            /* and how the last of them did */
	uint64_t since_ns;    /* when somebody began to wait; 0: nobody has */
};

enum { JOB_BUCKETS = 256 };

/* A snapshot that pollers may still read. */
struct retired {
	struct list node;
	struct topics *topics;
	uint64_t token;
};

/* The log that is being compacted; see registry_clean.h. */
struct cleaning {
	uint8_t state;
	bool is_left;           /* its topic goes when the step under way is over */
	int error;              /* of the swap */
	uint64_t now_ns;        /* of this turn */
	uint64_t at_ns;         /* the next look */
	struct partition *partition; /* null: none, or it went meanwhile */
	struct segment_told *told;
	struct clean_round round;
};

struct registry {
	struct registry_options options; /* its settings: those that hold now */
	struct live_settings live;
	struct log_dir *dirs;   /* where partitions lie */
	unsigned dir_count;
	struct log_dir *dir;    /* the first: topics' files, and what else is the gateway's */
	struct probe *probes[LOG_DIRS_MAX]; /* by log directory */
	uint64_t probe_at_ns[LOG_DIRS_MAX];
	struct entry **entries; /* by name */
	struct entry **by_id;   /* the same; */
	struct entry **by_like; /* and by name, '.' and '_' being the same */
	unsigned entry_count;
	uint32_t generation[PARTITIONS_MAX];
	struct partition *slots[PARTITIONS_MAX];
	uint32_t slot_next;
	uint32_t slots_used;
	struct list jobs;    /* that have not begun */
	struct list running;
	struct list over;    /* nobody has heard of it yet */
	unsigned running_count; /* the latter two */
	struct list by_topic[JOB_BUCKETS]; /* job.topic_node, of those: by XXH3 of job.topic */
	struct syncs syncs[LOG_DIRS_MAX]; /* by log directory */
	struct list syncing; /* who waits for some of them: job.sync_node */
	uint32_t staged_next;
	unsigned entries_coming; /* made by jobs that run, not in `entries` yet */
	bool is_unpublished; /* what pollers see is not what there is */
	struct topics *published;
	uint64_t version;
	struct list retired;
	struct list removals;  /* struct removing, in the order they came */
	struct list leftovers; /* entries that nobody is served: their files are to go */
	uint64_t watch_at_ns;
	uint32_t watch_slot;    /* those before it were looked at */
	struct round fences;
	bool has_fences;        /* a partition wants one */
	unsigned offline_said;
	unsigned damage_lines;    /* said since: */
	uint64_t damage_lines_ns;
	unsigned listener_topics; /* still to be made at start */
	struct recovering *recovering; /* at start; null: no more */
	const struct reopening *reopening; /* of the job under way; null: there is none */
	bool is_recovered; /* all logs are open: what is known of them is complete */
	char cluster_id[UUID_TEXT_BYTES];
	uint64_t expire_at_ns; /* 0: not set yet */
	bool is_expiring;      /* the job waits, or is under way */
	struct cleaning cleaning;
	bool is_ready;
	bool is_stopping;
	bool is_stopped;
	char fault[384];
};

#endif
