/* registry_private.h - what the files of the registry share.
 *
 *     registry.c           open, turn, close; looking up
 *     registry_listing.c   names in the log directory ─▶ what is ours, what is left alone
 *     registry_scan.c      what is ours ─▶ entries, their logs opened
 *     registry_offline.c   one partition that cannot be served, or all of them
 *     registry_store.c     one entry ─▶ its file and directories, and their removal
 *     registry_removal.c   a topic's files go, or wait for it
 *     registry_checkpoint.c  offsets and marks of the whole directory
 *     registry_round.c     one admin message to each of many partitions, all replies awaited
 *     registry_segments.c  a partition's segments, missed when one goes
 *     registry_watch.c     partitions that failed and directories that went, noticed
 *     registry_publish.c   entries ─▶ snapshot; old ones retired
 *     registry_jobs.c      create, alter, delete;  registry_serve.c  start and stop
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_PRIVATE_H
#define PENSTOCK_REGISTRY_PRIVATE_H

#include "control/catalog/registry.h"
#include "control/catalog/disk_files.h"
#include "control/catalog/uuid.h"
#include "dataplane/base/list.h"
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
	struct partition_ref ref;
	struct log *log;
	char *directory;
	int64_t recovery_point; /* as checkpointed; at start, and again after the close */
	int64_t log_start_offset; /* as checkpointed, at start; -1: not */
	bool is_compacted;        /* by Kafka, before the directory came here */
	uint8_t state;          /* enum partition_state */
	bool is_suspect;        /* fenced or corrupt: no mark of a clean shutdown */
	bool is_offline;        /* nobody is let at its log, if it has one */
	bool wants_fence;       /* its writer does not know yet */
	char *fault;            /* why it is offline or read-only, for the operator; or null */
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
	bool is_deleting; /* the file says so */
	bool is_unread; /* the file cannot be read, and is not written over */
};

/* The same message to many partitions. */
struct round {
	enum admin_op op;
	struct partition **partitions;
	uint32_t count;
	uint32_t sent;
	uint32_t answered;
	int error; /* first -errno among the replies */
	uint32_t failed; /* and how many */
};

struct job {
	struct list node;
	const struct job_kind *kind;
	struct round round;
	struct entry *entry;
	uint32_t old_partitions; /* alter: before it */
	struct topic_settings old_settings;
	uint32_t at;             /* partitions below this are made, or removed */
	uint8_t phase;           /* kind's own */
	int error;               /* first -errno */
	char name[TOPIC_NAME_BYTES_MAX + 2]; /* room to see that it is too long */
	int32_t partitions;
	int32_t replication_factor;
	struct registry_setting *settings; /* copies */
	unsigned setting_count;
	bool validate_only;
	struct registry_result result;
	registry_done done;
	void *owner;
};

enum {
	/* Directories made or removed in a step: control has others to answer meanwhile. */
	JOB_PARTITIONS_AT_ONCE = 4,
};

/* Both: true when the job is over, result filled in; false: a round is under way. */
struct job_kind {
	bool (*start)(struct registry *r, struct job *j);
	bool (*next)(struct registry *r, struct job *j); /* the round is complete */
};

/* A snapshot that pollers may still read. */
struct retired {
	struct list node;
	struct topics *topics;
	uint64_t token;
};

struct registry {
	struct registry_options options;
	int directory_fd;       /* for store_sync() */
	struct disk_place place; /* of the log directory at start */
	struct entry **entries; /* by name */
	unsigned entry_count;
	uint32_t generation[PARTITIONS_MAX];
	struct partition *slots[PARTITIONS_MAX];
	uint32_t slot_next;
	uint32_t slots_used;
	struct list jobs;
	struct job *job; /* the one under way */
	struct topics *published;
	uint64_t version;
	struct list retired;
	struct list leftovers; /* entries that nobody is served: their files are to go */
	uint64_t checkpoint_at_ns;
	uint64_t watch_at_ns;
	uint32_t watch_slot;    /* those before it were looked at */
	struct round fences;
	bool has_fences;        /* a partition wants one */
	unsigned offline_said;
	bool is_lost;           /* the log directory is not at its path any more */
	unsigned listener_topics; /* still to be made at start */
	char cluster_id[UUID_TEXT_BYTES];
	bool was_clean;
	bool is_ready;
	bool is_stopping;
	bool is_stopped;
	char fault[384];
	char directory_fault[384]; /* what is wrong with the log directory, or "" */
};

/* ---- registry.c ---- */
__attribute__((format(printf, 2, 3))) void registry_say(struct registry *r, const char *format,
							...);
const char *registry_directory(const struct registry *r);
struct entry *registry_entry(const struct registry *r, const char *name);
void registry_insert(struct registry *r, struct entry *e);
void registry_take(struct registry *r, struct entry *e);

/* ---- registry_entry.c: entries and slots in memory ---- */
struct entry *entry_new(const struct registry *r, const char *name);
void entry_free(struct registry *r, struct entry *e);
/* The same at the end of the process, with logs that were never given back: they stay as
 * they are, for the next start to recover. */
void entry_abandon(struct registry *r, struct entry *e);
/* Grows or shrinks to `count` partitions; false when there are not enough slots. */
bool entry_resize(struct registry *r, struct entry *e, uint32_t count);
/* How many there may be on disk. */
uint32_t entry_directories(const struct entry *e);
/* Settings into what pollers and logs are told. */
void entry_apply_settings(struct entry *e);

/* ---- registry_store.c: -errno ---- */
/* .<topic>.json */
char *store_file_name(char out[NAME_MAX + 1], const char *topic);
/* What an undone growth has left counts as partitions, so that the next start takes it up. */
int store_write(struct registry *r, const struct entry *e, uint32_t partitions);
/* Null with a sentence in `message`. */
struct entry *store_read(struct registry *r, const char *file, char *message,
			 size_t message_size);
/* Makes the directory if it is missing and opens its log; durable after a store_sync().
 * -errno with the reason in `why`. What cannot be opened is left as it was. */
int store_open(struct registry *r, const struct entry *e, struct partition *p, bool is_clean,
	       char *why, size_t why_size);
/* What lies already where `e` with `partitions` would write from `first` on, in `path`. */
bool store_is_taken(struct registry *r, const char *topic, uint32_t first,
		    uint32_t partitions, char path[PATH_MAX]);
/* The topic's file says "deleting" instead of "not deleting", in its place: no room is
 * needed. */
int store_mark_deleting(struct registry *r, const struct entry *e);
/* Is it read, and does it say "not deleting"? False then. */
bool store_may_be_deleting(struct registry *r, const struct entry *e);
int store_sync(struct registry *r);
/* Removes the directories from `first` to before `end`; durable when `end` is the last. */
int store_remove(struct registry *r, struct entry *e, uint32_t first, uint32_t end);
int store_forget(struct registry *r, const struct entry *e);
void store_close_logs(struct registry *r, struct entry *e, uint32_t first);
/* `topic`-`partition` into `out`; false when `name` is not one. */
bool store_split_name(const char *name, char *topic, uint32_t *partition);
/* Has it the form <topic>-<n>.<32 hex digits>-delete? */
bool store_is_deleted_name(const char *name);
/* Holds the directory what a partition's does: partition.metadata, or a segment? `only`: and
 * nothing else? False also when it is no directory, or a link to one. */
bool store_holds_partition(struct registry *r, const char *directory, bool only);
/* The id in a directory's partition.metadata; -errno. */
int store_read_id(struct registry *r, const char *directory, uint8_t id[UUID_BYTES]);
/* No room on the disk, or in the quota: what can be done without any is done. */
bool store_is_full(int error);

/* ---- registry_removal.c: -errno ---- */
#define for_each_leftover(e, r)                                                          \
	for (struct entry *e = list_entry((r)->leftovers.next, struct entry, node);      \
	     &(e)->node != &(r)->leftovers;                                              \
	     e = list_entry((e)->node.next, struct entry, node))

/* The topic's file says durably that it is deleted, and so does `e`. */
int removal_mark(struct registry *r, struct entry *e);
/* All of it: marked if it is not yet, removed, forgotten. Its logs are closed. */
int removal_run(struct registry *r, struct entry *e);
/* Gives an entry whose files could not be removed, or not be marked. */
void removal_later(struct registry *r, struct entry *e);
/* Is there one of this name? It is tried again. */
bool removal_is_due(const struct registry *r, const char *topic);
int removal_again(struct registry *r, const char *topic);
/* What an undone growth has left. The file says that it may be missing before it is: a start
 * that comes in between, or on what could not be removed, completes it. */
int removal_of_growth(struct registry *r, struct entry *e);
/* At the stop: false when something is left that the next start would take for a topic's. */
bool removals_settle(struct registry *r);

/* ---- registry_listing.c ---- */
/* A name of a partition's form; what lies there is looked at by whoever wants it. */
struct found {
	char topic[TOPIC_NAME_BYTES_MAX + 1];
	uint32_t partition;
};

struct listing {
	char *names; /* NUL after each */
	size_t bytes;
	struct found *found; /* sorted */
	size_t count;
	/* What is left alone, for one line. */
	char foreign[512];
	unsigned foreign_count;
	unsigned foreign_unnamed;
};

#define for_each_name(name, listing)                                                     \
	for (const char *name = (listing)->names;                                        \
	     name && name < (listing)->names + (listing)->bytes;                         \
	     name += strlen(name) + 1)

int listing_read(struct registry *r, struct listing *l);
void listing_free(struct listing *l);
bool listing_has(const struct listing *l, const char *topic, uint32_t partition);
/* One more than the highest partition of a topic that was found. */
uint32_t listing_partitions(const struct listing *l, const char *topic);
void listing_forget(struct listing *l, const char *topic);
/* Something that is not ours: never opened, never changed. */
void listing_note_foreign(struct listing *l, const char *name);
void listing_say_foreign(struct registry *r, const struct listing *l);
/* `.<topic>.json` to `topic`; false when the name is not of that form. */
bool listing_topic_file(const char *name, char topic[TOPIC_NAME_BYTES_MAX + 1]);

/* ---- registry_offline.c ---- */
/* The partition is not served, for the reason given; said. */
void partition_offline(struct registry *r, struct partition *p, const char *fault);
/* The same for those of a topic that `which` is true of, in one line. */
void partitions_offline(struct registry *r, struct entry *e, const bool *which,
			const char *fault);
/* Tells writers of partitions that went offline while they were served; true when it sent. */
bool fences_step(struct registry *r);
/* Is the log directory still at its path? When not, every partition goes offline, once. */
bool directory_is_here(struct registry *r);
/* Is the place at `path` another than it was, or is nothing there? `now`: what is. */
bool place_is_lost(struct registry *r, const char *path, const struct disk_place *was,
		   struct disk_place *now);

/* ---- registry_scan.c ---- */
int registry_scan(struct registry *r, char *message, size_t message_size);

/* ---- registry_checkpoint.c ---- */
/* meta.properties: read and compared, or made. */
int checkpoint_open(struct registry *r, char *message, size_t message_size);
/* Recovery points, log starts and what Kafka's cleaner did into the partitions. */
void checkpoint_read(struct registry *r);
int checkpoint_write(struct registry *r);
/* Recovery points and log starts once more, without those of topics that are gone: a new topic
 * of the same name must not be held to them. */
int checkpoint_forget_deleted(struct registry *r);
int checkpoint_mark_clean(struct registry *r);
/* A block or two on a full disk: of the checkpoint that nothing here reads back. */
int checkpoint_make_room(struct registry *r);

/* ---- registry_round.c ---- */
void round_begin(struct round *round, enum admin_op op, struct partition **partitions,
		 uint32_t count);
/* Sends what there is room for, passing over partitions that nobody serves; true when every
 * reply is here. */
bool round_step(struct registry *r, struct round *round);
/* Takes replies from all writers; true when there were any. */
bool rounds_reap(struct registry *r);

/* ---- registry_segments.c ---- */
/* Are all there that were when they were looked at last? `now`: the directory's place. False:
 * `lost` is gone, or another file has its name. */
bool segments_are_here(struct registry *r, struct partition *p, const struct disk_place *now,
		       char lost[SEGMENT_NAME_BYTES]);

/* ---- registry_watch.c ---- */
/* Ten times a second: says which partitions and directories have failed or gone since. */
void registry_watch(struct registry *r, uint64_t now_ns);

/* ---- registry_publish.c ---- */
void registry_publish(struct registry *r);
bool registry_retire(struct registry *r, bool force);

/* ---- registry_jobs.c, registry_serve.c ---- */
struct job *job_queue(struct registry *r, const struct job_kind *kind,
		      const struct registry_request *request);
bool jobs_step(struct registry *r);
/* Ends every job that has not begun. */
void jobs_cancel(struct registry *r);
/* The end of the process: the job under way will never be done. */
void jobs_abandon(struct registry *r);
__attribute__((format(printf, 3, 4))) bool job_fail(struct job *j, int16_t error,
						    const char *format, ...);
/* Is the log directory there, is nothing else where partitions from `first` on would lie?
 * False and the job's result filled in. */
bool job_has_directory(struct registry *r, struct job *j);
bool job_has_place(struct registry *r, struct job *j, uint32_t first);
/* The next step of a phase without messages: JOB_PARTITIONS_AT_ONCE more are made, or the last
 * of them synced; true when all are done. */
bool job_make(struct registry *r, struct job *j);
/* The settings of a request applied to `settings`; false and the job's result filled in. */
bool job_settings(struct registry *r, struct job *j, struct topic_settings *settings);
extern const struct job_kind job_serve, job_stop, job_create, job_alter, job_delete;

#endif
