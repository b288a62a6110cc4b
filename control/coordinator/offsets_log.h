/* offsets_log.h - __consumer_offsets as the coordinator writes it: records into batches, one
 * under way for each partition, while the next one gathers.
 *
 *     offsets_log_add ─▶ gathering ─ none under way ─▶ offsets_log_send ─▶ writer
 *     offsets_log_wait ─▶ its waiters                                        │
 *          they are answered ◀── durable, or an error ◀── offsets_log_back ◀─┘
 *
 * So the order of records is the order in which they were asked for, and a slow disk makes
 * batches larger, not more of them. A group's partition is where Kafka would look for it.
 *
 * The topic is looked up in the snapshot (topics.h). Its partitions are fixed from the first
 * time it is found: they say where a group is stored, and the registry lets nobody change them.
 *
 * Core: coordinator. Ownership: a batch and its memory are the log's, lent to a writer from
 * offsets_log_send() until its append comes back; waiters are the caller's, and listed here.
 * Limits: a batch of OFFSETS_BATCH_BYTES_MAX, or of what the topic takes; OFFSETS_CHUNKS for all
 * of them. Who finds no room is told so before anything is added.
 */
#ifndef PENSTOCK_OFFSETS_LOG_H
#define PENSTOCK_OFFSETS_LOG_H

#include "dataplane/batch/topics.h"

enum {
	/* A state of 20,000 members as Java's consumers are: it is one record, as Kafka's. */
	OFFSETS_BATCH_BYTES_MAX = 4 << 20,
	/* 16 MiB of addresses; touched as far as commits have ever waited for disks. */
	OFFSETS_CHUNKS = 4096,
};

/* A batch that gathers, or is under way. */
struct offsets_batch {
	struct append_msg append; /* its owner: the partition */
	struct list waiting;      /* struct offsets_wait.node, in order */
	int64_t base_ms;
	int64_t max_ms;
};

/* Who wants to know what became of a batch; part of the caller's own. */
struct offsets_wait {
	struct list node;
	bool is_group; /* a group's state (group_store.h), not a commit */
};

enum offsets_state {
	OFFSETS_UNREAD, /* what is stored is not known yet */
	OFFSETS_READ,
	OFFSETS_BROKEN, /* it cannot be read: its groups are not served */
};

struct offsets_partition {
	struct partition_ref ref;
	uint8_t state;     /* enum offsets_state */
	uint8_t gathering; /* of its batches, the one that takes records */
	bool is_sent;      /* the other one is under way */
	struct list due;   /* log->due, while the former has any */
	struct offsets_batch batches[2];
};

struct offsets_log {
	struct handoff *const *writers;
	unsigned writer_count;
	uint8_t sender;
	struct chunk_pool pool;
	struct offsets_partition *partitions; /* null: the topic is not there yet */
	uint32_t count;
	uint32_t batch_bytes_max;
	uint64_t topics_version; /* of the snapshot that was looked at last */
	struct list due;         /* struct offsets_partition.due: they have records to send */
};

/* -errno. The handoffs outlive it. */
int offsets_log_init(struct offsets_log *l, struct handoff *const *writers, unsigned count,
		     uint8_t sender);
/* The writers turn no more. Who still waits is the caller's to free, before. */
void offsets_log_fini(struct offsets_log *l);

/* Finds the topic, once; null: there is no snapshot yet. */
void offsets_log_look(struct offsets_log *l, const struct topics *topics);

/* Where the group is stored; null: there is no topic yet. */
struct offsets_partition *offsets_log_partition(const struct offsets_log *l,
						struct bytes group_id);

/* Bytes that a record may take. */
size_t offsets_record_bytes_max(size_t key_bytes, size_t value_bytes);
/* Is there room for so many bytes of records? */
bool offsets_log_has_room(const struct offsets_log *l, const struct offsets_partition *p,
			  size_t bytes);
/* Would there be, in an empty batch? */
bool offsets_log_may_hold(const struct offsets_log *l, size_t bytes);

/* Adds a record; there is room. A value without data: what the key names is to be forgotten. */
void offsets_log_add(struct offsets_log *l, struct offsets_partition *p, int64_t wall_ms,
		     struct bytes key, struct bytes value);
/* The batch that records were just added to will have `wait` in its list. */
void offsets_log_wait(struct offsets_partition *p, struct offsets_wait *wait);

/* Everything that may go goes. */
void offsets_log_send(struct offsets_log *l);

/* Whose append a writer has given back. */
struct offsets_batch *offsets_log_back(struct append_msg *append);
/* It was looked at, and its waiters are gone: the next may go. */
void offsets_log_give(struct offsets_log *l, struct offsets_batch *give);

#endif
