/* registry.h - the topics of this gateway: what is on disk, who serves it, what pollers see.
 *
 *     open: lock ─▶ scan log.dirs ─▶ log_open each, by threads ─▶ one sync
 *           ─▶ ADMIN_OPEN to its writer ─▶ publish
 *     job:  .<topic>.json, synced ─▶ directories, a few a turn ─▶ all synced, the file again
 *           ─▶ ADMIN_OPEN ─▶ all replies ─▶ publish ─▶ done()
 *     stop: ADMIN_CLOSE all ─▶ one sync ─▶ checkpoints ─▶ .kafka_cleanshutdown
 *
 * On disk everything is as Kafka has it: <topic>-<partition>/partition.metadata, and in each
 * log directory meta.properties, recovery-point-offset-checkpoint, log-start-offset-checkpoint,
 * replication-offset-checkpoint, .kafka_cleanshutdown. What Kafka keeps elsewhere (a topic's
 * settings and its number of partitions) is one file of ours per topic, .<topic>.json, in the
 * first log directory: Kafka's own scan of a log directory looks at directories only.
 *
 * The file is written first, so it decides after a crash: a topic that has one is completed
 * at the next start, directories without one are a topic of Kafka's and adopted, a file
 * marked "deleting" is finished off.
 *
 * One bad thing does not stop the rest. A partition that is missing, damaged or not what its
 * name says is offline: whoever asks for it is answered KAFKA_STORAGE_ERROR, nothing of it is
 * changed, and the operator is told. What is nobody's partition is left alone and named. A
 * directory that goes while it is served takes its partitions offline within a second.
 *
 * Changes are jobs; of a topic one after another, else beside each other (registry_line.h), with
 * syncs and snapshots that they share. Nothing waits but disk_run(). A partition's slot is
 * reused with a new generation; the writer of a slot is fixed (writer_of_slot).
 *
 * Core: control only. Ownership: entries are the registry's; a pointer is good until the
 * next registry_turn(). Limits: TOPICS_MAX topics, PARTITIONS_MAX partitions.
 */
#ifndef PENSTOCK_REGISTRY_H
#define PENSTOCK_REGISTRY_H

#include "config/settings_live.h"
#include "control/catalog/registry_lock.h"
#include "dataplane/batch/topics.h"
#include "dataplane/store/log/log.h"
#include "dataplane/writer_marks.h"

struct cleaner;
struct log_dir;
struct rte_rcu_qsbr;

struct registry_options {
	const struct settings *settings;
	/* Where partitions lie: open, or lost, the first one open; they outlive the registry, and
	 * their state is its. */
	struct log_dir *dirs;
	unsigned dir_count;
	struct handoff *writers[WRITERS_MAX]; /* control's own handoff to each writer */
	unsigned writer_count;
	struct marks_page *marks;             /* by slot: what writers publish */
	struct topics *_Atomic *topics;       /* where pollers look */
	struct rte_rcu_qsbr *rcu;             /* pollers are its readers; null: there are none */
	const struct cleaner *cleaner;        /* who compacts logs; null: nobody does */
	/* One line for the operator: what recovery found, what was adopted, what failed. */
	void (*say)(void *say_owner, const char *line);
	void *say_owner;
};

struct registry;

/* One topic. Read-only for everyone else. */
struct registry_topic {
	struct topic topic; /* as pollers see it, refs included */
	struct topic_settings settings;
};

/* What only the writers of partitions can do, or know. */
enum registry_errand {
	REGISTRY_PRODUCERS, /* tells of a partition's producers; one partition at a time */
	REGISTRY_DELETE_RECORDS, /* those below an offset of each, for good when it is over */
	REGISTRY_REOPEN, /* what has failed is recovered, and served again */
};

enum { REGISTRY_HIGH_WATERMARK = -1 };

/* A partition of an errand. */
struct registry_part {
	uint8_t topic_id[16];
	uint32_t partition;
	uint32_t producers_max; /* so many are told at most */
	int64_t offset;         /* of the first record that stays; REGISTRY_HIGH_WATERMARK: none
				 * that is there now does */
	/* Answer */
	int16_t error; /* enum kafka_error; of one that has an error already nothing is asked */
	int64_t log_start_offset;
	const char *message; /* reopened: what was found, or why it is not; null: nothing is to be
			      * said. Gone when done() returns */
	uint32_t producer_count;
	struct producer_told *producers; /* from malloc: whoever hears of the job frees it */
};

/* What became of a job. */
struct registry_result {
	int16_t error;      /* enum kafka_error */
	char message[320];  /* what is wrong and what to do; empty when nothing is */
	/* Null after an error or a deletion. */
	const struct registry_topic *topic;
	/* After a creation or a deletion: the topic's; zero: nothing was made. */
	uint8_t id[16];
	char name[TOPIC_NAME_BYTES_MAX + 1]; /* after a deletion */
	/* After a creation, or the check of one: what the topic is, or would be. */
	int32_t partitions;
	struct topic_settings settings;
	/* After an errand: as it was asked, with the answers; gone when done() returns. */
	const struct registry_part *parts;
	uint32_t part_count;
};

/* Called once per job, always out of registry_turn(), registry_stop() or registry_end_jobs(). */
typedef void (*registry_done)(void *owner, const struct registry_result *result);

struct registry_setting {
	const char *key;
	const char *value; /* null: the gateway's own again */
};

/* What a topic shall be. Texts are copied. */
struct registry_request {
	const char *name;
	const uint8_t *id;           /* delete: who has it, whatever his name; null: by name */
	int32_t partitions;          /* -1: num.partitions (create), as they are (alter) */
	int32_t replication_factor;  /* -1: default.replication.factor; alter: ignored */
	const struct registry_setting *settings;
	unsigned setting_count;
	bool replaces;               /* alter: settings not named are the gateway's own again */
	bool validate_only;          /* checks everything, changes nothing */
	bool is_automatic;           /* create: a client has named it; some room is not for it */
	registry_done done;
	void *owner;
};

/* Reads the log directory. Publishes an empty snapshot; the topics are served when
 * registry_is_ready(): every log was recovered meanwhile, which may take long, and a writer has it.
 * Null with a sentence in `message`. */
struct registry *registry_open(const struct registry_options *options, char *message,
			       size_t message_size);

/* Moves jobs on, takes the writers' replies, retires snapshots, writes checkpoints when due.
 * True when it found work. */
bool registry_turn(struct registry *r, uint64_t now_ns);
/* How far the recovery of a start is. */
struct recovery_progress {
	uint32_t partitions; /* whose logs are to be opened, */
	uint32_t opened;     /* and are */
	uint64_t bytes_read; /* of them */
	uint64_t since_ns;   /* that it takes so far */
	bool is_syncing;     /* all are open: what was found and mended is being made durable */
};

enum { REGISTRY_PROGRESS_BYTES = 160 };

/* False: it is over. */
bool registry_progress(const struct registry *r, struct recovery_progress *ret);
/* The same in words, while it is not. */
const char *registry_progress_text(const struct registry *r, char ret[REGISTRY_PROGRESS_BYTES]);

/* The same of partitions that are being reopened, of which nothing is said to be synced. */
bool registry_reopening(const struct registry *r, struct recovery_progress *ret);

/* Every partition found at start is served, and every listener's topic is there. */
bool registry_is_ready(const struct registry *r);
/* Why it will never be ready, or "": a writer or the disk refused. */
const char *registry_fault(const struct registry *r);
/* A job or a retired snapshot waits: turn again soon. (A writer's reply wakes control by the
 * handoff's requester wake; a poller's quiescent state wakes nobody.) */
bool registry_is_busy(const struct registry *r);
/* Readable, one of them, when a disk has done what jobs wait for; how many there are. */
unsigned registry_wait_fds(const struct registry *r, int ret[LOG_DIRS_MAX]);

/* Takes no further jobs, lets writers give every log back, writes the checkpoints and, unless
 * a log has failed, the mark of a clean shutdown. The pollers are drained before. */
void registry_stop(struct registry *r);
bool registry_is_stopped(const struct registry *r);
/* Ends the jobs that there are, and takes none: of a stop that was given up (a failed start, a
 * writer that hangs), before those go who wait for them. The cores have ended. */
void registry_end_jobs(struct registry *r);
/* Frees. The cores have ended. Without registry_is_stopped() before the next start recovers as
 * after a crash. */
void registry_close(struct registry *r);

void registry_create_topic(struct registry *r, const struct registry_request *request);
void registry_alter_topic(struct registry *r, const struct registry_request *request);
void registry_delete_topic(struct registry *r, const struct registry_request *request);
/* The gateway's own settings, of which `settings`, `replaces` and `validate_only` say what; topics
 * follow where they were told nothing themselves. Kept in the log directory, .penstock.settings. */
void registry_alter_settings(struct registry *r, enum live_scope scope,
			     const struct registry_request *request);

/* Sends an errand to the writers of partitions, in its turn among the jobs. The parts are copied.
 * Each has an error of its own; one of the job itself, when the gateway stops, is of them all. */
void registry_send(struct registry *r, enum registry_errand errand,
		   const struct registry_part *parts, uint32_t count, registry_done done,
		   void *owner);

/* REGISTRY_REOPEN of all partitions in a log directory that have failed, and of itself, when it was
 * given up and is what it was again. */
void registry_reopen_directory(struct registry *r, unsigned number, registry_done done,
			       void *owner);

/* What holds now, and where it comes from; changes in registry_turn() only. */
const struct live_settings *registry_settings(const struct registry *r);

/* Null when there is none; topics being deleted are gone already. */
const struct registry_topic *registry_find(const struct registry *r, struct bytes name);
const struct registry_topic *registry_find_id(const struct registry *r, const uint8_t id[16]);
/* All of them by name: index 0 .. registry_count() - 1. */
unsigned registry_count(const struct registry *r);
const struct registry_topic *registry_at(const struct registry *r, unsigned index);

/* The watermarks of a partition, as its writer last published them. */
void registry_marks(const struct registry *r, const struct registry_topic *topic,
		    uint32_t partition, struct log_marks *ret);

/* Is nobody let at it? Its watermarks are those of an empty log, or as they were last. */
bool registry_is_offline(const struct registry *r, const struct registry_topic *topic,
			 uint32_t partition);
/* Are files of its log being given the names of others, because it was compacted? */
bool registry_is_swapping(const struct registry *r, const struct registry_topic *topic,
			  uint32_t partition);
/* Why a partition is offline or takes no more records, or what of it is damaged; "": it is
 * sound. */
const char *registry_partition_fault(const struct registry *r,
				     const struct registry_topic *topic,
				     uint32_t partition);
/* Has it failed, so that reopening it may be of use? */
bool registry_has_failed(const struct registry *r, const struct registry_topic *topic,
			 uint32_t partition);
/* When that was noticed, by the wall clock; 0: it has not failed. */
int64_t registry_failed_ms(const struct registry_topic *topic, uint32_t partition);
enum { REGISTRY_WAY_OUT_BYTES = 1024 };
/* What an operator can do about it, in words; "": nothing has to be done. */
const char *registry_way_out(const struct registry *r, const struct registry_topic *topic,
			     uint32_t partition, char ret[REGISTRY_WAY_OUT_BYTES]);
/* Is none of the log directories left? Nothing is served any more, and none comes back without
 * another start. */
bool registry_has_lost_all(const struct registry *r);
/* What is wrong with a log directory as a whole, the first of which something is, or "". */
const char *registry_directory_fault(const struct registry *r);
/* The log directories, by number: 0 .. registry_directory_count() - 1. */
unsigned registry_directory_count(const struct registry *r);
const struct log_dir *registry_directory(const struct registry *r, unsigned number);
/* The one that a partition lies in; null: it was not found anywhere. */
const struct log_dir *registry_directory_of(const struct registry *r,
					    const struct registry_topic *topic,
					    uint32_t partition);

/* 22 characters, as Kafka writes uuids (base64url without padding). */
const char *registry_cluster_id(const struct registry *r);
int32_t registry_node_id(const struct registry *r);

#endif
