/* handoff.h - the one seam between cores: two single-producer single-consumer rings.
 *
 *     requester (poller, control ...)                 server (writer, control ...)
 *       handoff_send ──▶ [ . . m m m . ] down ──▶ handoff_pull
 *       handoff_reap ◀── [ . m . . . . ] up   ◀── handoff_complete
 *
 * A message is an object of the requester's, its first member a struct handoff_msg. From send
 * to reap it is the server's, with all the memory it points to; the server gives it back
 * exactly once, whatever happened. Batches go down, completions come back. What a message is
 * for only its requester knows: `owner` means nothing to a server, and whoever reads it checks
 * the kind of the message first.
 *
 * Never waits: each kind has a budget (bounds.h), the budgets together fit one ring, and both
 * rings are equally large, so neither enqueue can fail; require() says so. That is also why a
 * fused core cannot wait for itself. A requester asks handoff_has_room() before it builds.
 *
 * Barriers: the rings' own (rte_ring: release of the tail index in enqueue pairs with its
 * acquire in dequeue). Waking a sleeping peer: base/wake.h.
 * The rings carry pointers to whole batches, not records: records are accumulated per
 * partition in the poller's own memory, without atomics.
 */
#ifndef PENSTOCK_HANDOFF_H
#define PENSTOCK_HANDOFF_H

#include "config/settings_parts.h"
#include "dataplane/base/base.h"
#include "dataplane/base/chunk.h"
#include "dataplane/base/list.h"
#include "dataplane/base/wake.h"

enum handoff_kind {
	HANDOFF_APPEND, /* struct append_msg: poller -> writer */
	HANDOFF_READ,   /* struct read_list: poller -> writer */
	HANDOFF_WATCH,  /* struct watch_msg: poller -> writer */
	HANDOFF_ADMIN,  /* struct admin_msg: control -> writer */
	HANDOFF_CALL,   /* struct call_msg: poller -> control, coordinator */
	HANDOFF_SEND,   /* struct inbox_msg (inbox.h): control, coordinator -> poller, as */
	HANDOFF_CLOSE,  /* the next two */
	HANDOFF_FENCE,
	HANDOFF_PACKET, /* struct inbox_msg: poller -> poller */
	HANDOFF_KINDS,
};

struct handoff_msg {
	uint8_t kind;   /* enum handoff_kind */
	uint8_t sender; /* poller index; of control's messages, 0; in an inbox, see inbox.h */
};

/* Names a partition. A stale generation is answered UNKNOWN_TOPIC_OR_PARTITION. */
struct partition_ref {
	uint32_t slot; /* < PARTITIONS_MAX */
	uint32_t generation;
};

/* Who made a batch, and so what is left to do with it. */
enum append_origin {
	APPEND_CLIENT, /* a producer: it is stored byte for byte, but for its time */
	APPEND_BUILT,  /* a poller, from records: the writer compresses it, sets size and CRC */
	APPEND_MARKER, /* the end of a transaction, when there are some */
};

/* What records came as. Each kind has credit and appends of its own, so that none waits for
 * another's: a producer can make neither a vehicle's frames wait nor datagrams be shed. */
enum credit_kind {
	CREDIT_BATCHES, /* of producers */
	CREDIT_FRAMES,
	CREDIT_PACKED, /* of producers, opened first: they wait for that, and for their like */
	CREDIT_KINDS_WAITING,
	CREDIT_DATAGRAMS = CREDIT_KINDS_WAITING, /* shed, not made to wait */
	CREDIT_KINDS,
};

static inline uint32_t appends_max_of(enum credit_kind kind)
{
	return kind == CREDIT_PACKED ? APPENDS_PACKED_MAX : APPENDS_OF_KIND;
}
static_assert((int)HANDOFF_APPENDS_MAX ==
		      (int)APPENDS_OF_KIND * (CREDIT_KINDS - 1) + (int)APPENDS_PACKED_MAX,
	      "each kind has its own");

enum { APPEND_WAITER_LISTS = 8 };

/* One complete record batch for one partition. */
struct append_msg {
	struct handoff_msg msg;
	uint8_t level;      /* enum ack_level */
	uint8_t origin;     /* enum append_origin */
	bool is_append_time; /* its records' time is that of the append: the writer sets it */
	uint8_t codec;      /* enum record_codec: a built batch is compressed so; a client's is
			     * opened first, unless none */
	bool is_repacked;   /* a client's: stored as `wants` says, and opened first for that */
	uint8_t wants;      /* enum record_codec */
	bool asks_keys;     /* one that is opened: a record without a key is refused */
	struct partition_ref partition;
	uint32_t records;
	struct chain bytes; /* header first; the requester's memory, lent */
	/* A producer's: a connection's batches keep their order in a partition, and the sources
	 * share what opening costs (writer_inspect.h). */
	uint64_t source;
	uint64_t connection;
	int64_t time_min;   /* of a batch that is opened: bounds of its records' times */
	int64_t time_max;
	/* Answer */
	int16_t error;      /* enum kafka_error; 0: stored */
	bool is_duplicate;  /* stored before, by its sequence: the offsets are those of then */
	uint32_t found;     /* records of a batch that was opened and is what it says; else 0 */
	int64_t base_offset;
	/* -1: the records have a time of their own; a duplicate's is its latest. */
	int64_t log_append_time;
	int64_t log_start_offset;
	/* Requester's own */
	void *owner;   /* a poller's: the lane */
	uint8_t epoch; /* session/fence.h */
	uint8_t kind;  /* enum credit_kind: of whose appends it is one */
	/* Dealt out over several lists, so that as many answers can be fetched at once (ack.c). */
	void *waiters[APPEND_WAITER_LISTS];
	uint32_t waiter_count;
	uint32_t reserved_bytes[CREDIT_KINDS]; /* frames and datagrams may share a batch */
	/* Whoever holds the message: the requester until it is sent, then the server. */
	struct list node;
	int64_t last_offset; /* server's own, as is the next */
	struct chain lent;   /* what came, while `bytes` are the server's (writer_inspect.h) */
};

/* What one request reads at one writer: goes down and comes back as one, when all are done. */
struct read_list {
	struct handoff_msg msg;
	struct list reads; /* struct read_msg.of_list; at least one */
	void *owner;       /* requester's own; a poller's: the fetch */
	uint32_t left;     /* server's own: not done yet */
};

/* Whole batches from `offset` on, below the high watermark. */
struct read_msg {
	struct read_list *list;
	struct list of_list;
	struct partition_ref partition;
	int64_t offset;
	uint32_t bytes_max;
	uint32_t turn;      /* server's own: in which it came (log_service.reads_turn) */
	struct chain bytes; /* empty 4 KiB chunks to read into; comes back holding the batches */
	/* Answer */
	int16_t error;
	/* The first batch is larger than the chunks given: bytes it needs, else 0. */
	uint32_t bytes_needed;
	int64_t high_watermark;
	int64_t log_start_offset;
	/* Requester's own */
	struct list of_request; /* all reads of the request, in its order */
	void *owner;            /* a poller's: the part of the fetch */
	struct list node; /* server's own while it holds the list */
};

/* The list is empty, and new. */
static inline void read_list_init(struct read_list *l, uint8_t sender)
{
	*l = (struct read_list){.msg = {.kind = HANDOFF_READ, .sender = sender}};
	list_init(&l->reads);
}

static inline void read_list_add(struct read_list *l, struct read_msg *r)
{
	r->list = l;
	list_append(&l->reads, &r->of_list);
}

/* Which mark of a partition a watch looks at. */
enum watch_kind {
	WATCH_HIGH_WATERMARK,
	WATCH_LAST_STABLE_OFFSET, /* when there are transactions */
	WATCH_FORWARDED,          /* when topics forward */
	WATCH_KINDS,
};

/* Given back when the mark is above `offset`, or the partition fails or goes. */
struct watch_msg {
	struct handoff_msg msg;
	uint8_t kind;     /* enum watch_kind */
	struct partition_ref partition;
	int64_t offset;
	int16_t error;
	void *owner;      /* requester's own; a poller's: the lane */
	struct list node; /* server's own while it holds the message */
};

enum admin_op {
	/* The writer serves `log` as `partition` from now on; null: the partition is offline,
	 * whoever asks for it is answered KAFKA_STORAGE_ERROR. */
	ADMIN_OPEN,
	ADMIN_CLOSE, /* finishes what is outstanding, seals, gives the log back */
	ADMIN_ALTER, /* `options` apply from the next append on */
	ADMIN_FENCE, /* offline from now on for the reason `error`; what is outstanding fails */
	ADMIN_RETURN, /* offline from now on; gives the log back when nothing of it is under way */
	ADMIN_REOPEN, /* `log` is that of a partition that is offline, and is served from now on */
	ADMIN_PRODUCERS, /* tells `piece` of its producers */
	ADMIN_DELETE_RECORDS, /* those below `log_start_offset`, which is on disk already */
	ADMIN_EXPIRE, /* asks where the log could start: `log_start_offset` */
	ADMIN_SEGMENTS, /* tells `sealed` of its segments */
	ADMIN_SWAP, /* the cleaner's segment, as `swap` says, in the place of those it stands for;
		     * -EUCLEAN: it was begun, and a start has to finish it */
};

/* An idempotent producer, as a writer tells of it. */
struct producer_told {
	int64_t id;
	int64_t timestamp; /* the latest of its last batch */
	int32_t last_sequence;
	int16_t epoch;
};

/* What one message tells of a partition's producers: a writer is not kept longer by it. */
enum { PRODUCERS_PIECE = 512 };

struct producers_piece {
	int64_t after; /* the id that the piece before ended with; below 0: there was none */
	/* Answer */
	bool is_offline; /* nobody is told anything of it */
	bool is_anew;    /* it begins with the first producer: `after` is not known any more */
	bool is_last;
	uint32_t count;
	struct producer_told told[PRODUCERS_PIECE];
};

/* A sealed segment. */
struct segment_told {
	int64_t base_offset;
	uint64_t size;
	uint32_t index_entries;
};

/* What a writer tells of a log that is compacted: its sealed segments, those that whoever asks has
 * room for. */
struct segments_told {
	int64_t first_dirty;   /* the offset from which on the log was not compacted yet */
	int64_t now_ms;
	uint32_t room;         /* places in `told` */
	struct segment_told *told;
	/* Answer */
	bool is_busy;          /* what was replaced before has still its files */
	uint32_t count;        /* of them, told or not */
	int64_t end_offset;    /* behind the last of them */
	int64_t young_from;    /* from here on they are too young (min.compaction.lag.ms) */
	uint64_t clean_bytes;  /* of those that lie before the dirty ones; */
	uint64_t dirty_bytes;  /* of these, without the young */
	int64_t dirty_since_ms; /* the latest time in the first of these; -1: unknown */
};

/* A segment that stands for `count` that follow each other. Its files are called *.swap. */
struct segment_swap {
	int64_t base_offset;
	uint32_t count;
	int64_t end_offset;    /* the base offset of the one behind them */
	uint64_t size;
	uint32_t index_entries;
	int64_t max_timestamp;
	int64_t max_timestamp_offset;
};

struct admin_msg {
	struct handoff_msg msg;
	uint8_t op; /* enum admin_op */
	uint8_t dir; /* ADMIN_OPEN: the log directory it lies in, by number */
	struct partition_ref partition;
	struct log *log;
	struct log_options options;
	int64_t log_start_offset;
	struct producers_piece *piece; /* requester's memory, lent; so are the next two */
	struct segments_told *sealed;
	const struct segment_swap *swap;
	int error;     /* -errno */
	void *owner;   /* requester's own */
	struct list node; /* server's own while it holds the message */
};

/* The one request of a connection that waits for an answer: where that goes when it does not
 * come back with the call. Both halves change with what they name, so that an old ticket fits
 * nobody else: the handle with the connection, the number with each request. */
struct ticket {
	uint64_t stream;  /* a stream's handle (net/stream.h) */
	uint32_t request; /* its number on this stream, from 1; 0: none */
};

/* A Kafka request that is neither Produce nor Fetch: bytes in, bytes out. */
struct call_msg {
	struct handoff_msg msg;
	bool is_release;     /* second trip: the server frees `reply` and gives the call back */
	uint8_t listener;    /* the listener it came through: which address to advertise */
	uint8_t source[16];  /* the address of whoever asks */
	struct ticket ticket;
	struct chain request; /* header and body, without the size field; lent */
	uint32_t request_bytes;
	/* Answer. Parked: it comes through the inbox, with the ticket, and there is no reply. */
	bool is_parked;
	/* The server's memory until the release. Null: close the connection. */
	uint8_t *reply;      /* with the size field */
	size_t reply_bytes;
	/* Requester's own */
	uint8_t server; /* whom it was sent to */
	void *owner;    /* a poller's: the answer; null: it was sent before the call came back */
	struct list node; /* server's own */
};

struct handoff {
	struct rte_ring *down;
	struct rte_ring *up;
	struct wake *server_wake;
	struct wake *requester_wake;
	/* The requester's; on a line of its own, for the server reads those above. */
	cache_aligned uint32_t outstanding[HANDOFF_KINDS];
};

/* Rings on memory of their own (works without EAL); -errno. */
int handoff_init(struct handoff *h, struct wake *requester, struct wake *server);
void handoff_fini(struct handoff *h);

/* Requester's side. */
bool handoff_has_room(const struct handoff *h, enum handoff_kind kind);
void handoff_send(struct handoff *h, struct handoff_msg *give);
unsigned handoff_reap(struct handoff *h, struct handoff_msg **ret, unsigned max);

/* Server's side. */
unsigned handoff_pull(struct handoff *h, struct handoff_msg **ret, unsigned max);
void handoff_complete(struct handoff *h, struct handoff_msg *give);

/* Anything to take? Core: the server's, or the requester's, before it sleeps. */
bool handoff_has_down(const struct handoff *h);
bool handoff_has_up(const struct handoff *h);

#endif
