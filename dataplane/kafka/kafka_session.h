/* kafka_session.h - the Kafka protocol on one connection: requests cut from its stream.
 *
 *     stream ─▶ size, header ─┬─ Produce ─▶ kafka_produce.c ─ batches ─▶ kafka_receive.c
 *                             ├─ Fetch ───▶ kafka_fetch.c ── reads, watches ─▶ writer
 *                             └─ others ──▶ kafka_call.c ─▶ control or coordinator, as bytes
 *
 * A request is read step by step, each step a piece that must be contiguous (a header, a
 * partition's head), the records between them in whatever cuts the stream has: its size asks
 * for no memory. A step either goes on, needs more bytes, or must wait; it consumes nothing
 * before it goes on, so that it can simply be taken again.
 *
 * Order: Produce overlaps with Produce only, up to KAFKA_IN_FLIGHT_MAX answers. Any other
 * request starts when all answers before it are sent, and no request starts before its own.
 *
 * A key or version that kafka_apis.def lacks, or a malformed request, costs the connection;
 * an ApiVersions request of any version travels to control, which knows its special case.
 *
 * Frame ledger: in when a request's header was read; out with its answer, or by
 * frame_reject_request, or with its connection.
 *
 * Core: poller. Memory: this struct from its slab; batches, answers, requests and fetches
 * from the poller's pools, each with its own bound. One that is empty, and credit that is used
 * up, make the session wait (waiting.h).
 */
#ifndef PENSTOCK_KAFKA_SESSION_H
#define PENSTOCK_KAFKA_SESSION_H

#include "dataplane/base/clock.h"
#include "dataplane/session/answer.h"
#include "dataplane/session/waiting.h"
#include "dataplane/wire/record/record_batch.h"

enum {
	/* Requests for control are kept whole: the largest is a Metadata or CreateTopics that
	 * names every topic. */
	KAFKA_CALL_BYTES_MAX = 1 << 20,
	/* One of so many bytes is kept when it is whole, and at once on its way: its sender can
	 * hold none of the memory that is kept for such. */
	KAFKA_CALL_SMALL_BYTES = 1024,
};

/* What a step has come to. */
enum kafka_progress {
	KAFKA_GO,         /* done: take the next step */
	KAFKA_CUT,        /* the piece is cut short, or malformed: the window decides */
	KAFKA_NEED_BYTES, /* the peer has not sent enough */
	KAFKA_WAIT,       /* for an answer, or on a list of waiting.h: somebody wakes the stream */
	KAFKA_RETRY,      /* the turn's scratch is used up: again next turn */
	KAFKA_REJECT,     /* malformed */
};

struct kafka_session;
struct kafka_message;

typedef enum kafka_progress kafka_step(struct ingest *in, struct kafka_session *ks);

/* One partition's batch on its way in; see kafka_receive.h. */
struct kafka_receive {
	struct chain bytes;        /* until it is whole and there is credit for it */
	struct append_msg *append; /* then */
	uint32_t left;         /* bytes of the batch not consumed */
	uint32_t taken;        /* bytes consumed */
	uint32_t room;         /* memory charged, not yet filled */
	uint32_t crc;          /* so far */
	uint32_t crc_expected;
	uint32_t records;      /* for the ledger */
	uint32_t bad_record;   /* the first that the verdict is about, where it names one */
	uint8_t verdict;       /* enum batch_verdict */
	bool has_header;       /* looked at */
	bool is_kept;          /* good so far; else its bytes are skipped */
};

/* A produce request being read; see kafka_produce.c. */
struct kafka_produce {
	struct answer *answer; /* under construction, not yet in the session's queue */
	const struct topic *topic; /* of `topics_version`; null: unknown */
	uint64_t topics_version;
	uint32_t name_end;     /* of the topic, in the answer's bytes: where its name (id) ends */
	uint32_t name_bytes;
	uint32_t topics_left;
	uint32_t partitions_left;
	uint32_t partitions;   /* of the request so far */
	uint32_t named;        /* partitions of the topic, and */
	uint32_t repeated;     /* those of them that were there before */
	uint64_t number;       /* of the request, on this poller: struct lane.named_by */
	int32_t partition;     /* the one being received */
	int16_t acks;
	struct kafka_receive receive;
};

struct fetch;

struct kafka_session {
	struct session base;
	kafka_step *step;        /* null: between requests */
	uint32_t left;           /* bytes of the request not consumed */
	uint32_t window;         /* how far this step may look */
	uint32_t shown;          /* how far it could see */
	int32_t correlation_id;
	int16_t version;
	int16_t key;
	uint8_t fault;           /* enum bad_request: why the request is refused, if it is */
	uint8_t server;          /* enum call_server_id: who keeps and answers the request */
	bool is_flexible;
	bool is_small;           /* KAFKA_CALL_SMALL_BYTES at most */
	bool is_begun;           /* counted as received; no answer ends it yet */
	bool is_alone;           /* what is outstanding is no Produce: nothing overlaps it */
	uint32_t heard_ms;       /* something came, or was answered; wraps */
	struct kafka_produce produce;
	struct incoming_batch incoming; /* that it receives; its clock is the connection's */
	uint32_t guard_ms;       /* by that clock, and */
	uint64_t guard_offset;   /* consumed, when the timer was armed for a request */
	struct fetch *fetch;     /* being read, or being answered */
	struct chain request;    /* for its server, so far */
	/* The call under way, if there is one: with its server; back, and parked; back with a reply
	 * that found no room; or parked and answered by a SEND that found none. */
	struct call_msg *call;
	struct answer *parked;
	struct call_msg *held;
	struct inbox_msg *held_send;
	uint32_t calls;          /* the number of the last one: struct ticket */
};

static inline struct kafka_session *kafka_session_of(struct session *s)
{
	return container_of(s, struct kafka_session, base);
}

/* What the step may read: the first bytes not consumed, contiguous, as far as the request,
 * the window and the peer's bytes go. */
static inline struct cursor kafka_peek(struct kafka_session *ks)
{
	struct bytes b = stream_peek(ks->base.stream, 0, min_u32(ks->left, ks->window));
	ks->shown = (uint32_t)b.size;
	return cursor_of(b.data, b.size);
}

/* Something came, or was answered: the silence after which the connection is closed begins. */
static inline void kafka_heard(const struct sessions *ss, struct kafka_session *ks)
{
	ks->heard_ms = (uint32_t)(ss->now->ns / NS_PER_MS);
}

/* Consumes `n` bytes of the request. */
static inline void kafka_consume(struct kafka_session *ks, uint32_t n)
{
	stream_consume(ks->base.stream, n);
	ks->left -= n;
	ks->base.offset += n;
}

/* The session waits for `what`, as the step says. */
static inline enum kafka_progress kafka_wait(struct waits *w, struct kafka_session *ks,
					     enum wait_for what)
{
	session_wait(w, &ks->base, what);
	return KAFKA_WAIT;
}

#endif
