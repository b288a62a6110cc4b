/* session.h - what runs on top of a stream: the protocol's state of one connection.
 *
 *     ready streams ─▶ session_input ─▶ frames (T-Box) ─▶ ingest
 *                            └─────────▶ appends (Kafka produce), calls, reads
 *
 * A session never calls the next stage: it cuts its bytes into frames, in a vector, or into
 * complete record batches, in a list. When it must wait (for credit, for its predecessors,
 * for room in the vector) it leaves the bytes in the stream, whose window closes.
 *
 * Answers leave in the order of their requests: every frame or request that will be answered
 * has a struct answer on session->answers, sent when it and all before it are done.
 *
 * Core: poller. Memory: one slab per protocol and one of what those need that wait, mapped at
 * start; of that one no more is touched than ever waited at a time.
 */
#ifndef PENSTOCK_SESSION_H
#define PENSTOCK_SESSION_H

#include "config/settings_parts.h"
#include "dataplane/base/slab.h"
#include "dataplane/base/stats.h"
#include "dataplane/base/wheel.h"
#include "dataplane/batch/incoming.h"
#include "dataplane/handoff.h"
#include "dataplane/net/stream.h"
#include "dataplane/session/call_server.h"

struct frame_facts;
struct inbox_msg;
struct ingest;
struct moment;
struct session;
struct session_place;

/* What becomes of a frame. */
enum frame_kind {
	FRAME_RECORD, /* a record, and the answer that is owed to it */
	FRAME_ANSWER, /* no record, but an answer */
	FRAME_NONE,   /* a run of bytes that is no frame: counted, kept for the operator */
};

/* What a session has cut: so many bytes of its stream, and what they stand for. One that brings
 * several records is as many of these in a row, of which the last consumes the bytes. One whose
 * record was kept (kept.h) comes again, and consumes nothing. Whose topic: the listener's. */
struct frame {
	struct session *session;
	struct bytes value; /* valid until the end of the turn */
	struct bytes key;   /* data null: none; RECORD_KEY_BYTES_MAX at most */
	uint32_t consumed;  /* bytes of the stream that end with it */
	uint16_t verdict;   /* enum stat_id, its end in the ledger; of a record 0 */
	uint8_t kind;       /* enum frame_kind */
	bool has_more;      /* further records of the same bytes come behind it */
	bool is_gathered;   /* its protocol has what it is made of: it waits uncut */
	uint64_t name;      /* the protocol's own; 0: none */
};
static_assert(STAT_COUNT <= UINT16_MAX, "a verdict is a counter");

enum {
	FRAMES_PER_TURN = 256,
	RECORD_KEY_BYTES_MAX = 48, /* a VIN, or an address as text */
};

struct frame_vec {
	unsigned count;
	struct frame frames[FRAMES_PER_TURN];
};

struct waiter;
struct answer;

/* The memory of long answers, in regions; answer_room.h. */
enum answer_region {
	ANSWER_COMMON,
	ANSWER_SMALL,
	ANSWER_SOURCE,
	ANSWER_KNOWN,
	ANSWER_REGIONS,
};

/* What a session can wait for; see waiting.h. */
enum wait_for {
	WAIT_NOTHING,
	WAIT_LANE,    /* + kind: credit of a partition, on its lane's list */
	/* + region: memory for a batch that is not whole (batch/incoming.h) */
	WAIT_INCOMING = WAIT_LANE + CREDIT_KINDS,
	/* + region: chunks of long answers, as many as hold its bytes. */
	WAIT_LARGE = WAIT_INCOMING + INCOMING_REGIONS,
	/* + server: chunks for a request, in the same way */
	WAIT_REQUEST = WAIT_LARGE + ANSWER_REGIONS,
	WAIT_REQUEST_SMALL = WAIT_REQUEST + CALL_SERVERS, /* + server: for one that is whole */
	WAIT_PARTS = WAIT_REQUEST_SMALL + CALL_SERVERS, /* chunks for a fetch's partitions */
	WAIT_PARTS_SMALL, /* for its first ones */
	WAIT_ANSWER,  /* an answer, and the chunk that carries it */
	WAIT_WAITER,  /* a further outcome of an answer */
	WAIT_CALL,    /* + server: a place with it */
	WAIT_FETCH = WAIT_CALL + CALL_SERVERS, /* a fetch request's state */
	WAIT_APPEND,  /* wait_for_append(): a batch under way to a writer */
	WAIT_CREDIT = WAIT_APPEND + CREDIT_KINDS * WRITERS_MAX, /* wait_for_credit() */
	/* + writer: a read under way to it */
	WAIT_READ = WAIT_CREDIT + CREDIT_KINDS * WRITERS_MAX,
	WAITS = WAIT_READ + WRITERS_MAX,
};
static_assert((int)WAITS <= UINT8_MAX, "session.admitted");

static inline enum wait_for wait_for_append(enum credit_kind kind, unsigned writer)
{
	return WAIT_APPEND + kind * WRITERS_MAX + writer;
}

static inline enum wait_for wait_for_credit(enum credit_kind kind, unsigned writer)
{
	return WAIT_CREDIT + kind * WRITERS_MAX + writer;
}

/* One row per protocol (session.c). Each function gets its own session type. */
struct protocol {
	const char *name;
	size_t session_bytes;
	void (*open)(struct session *s);
	/* New bytes, the end of the stream (s->has_ended), or a wake: cut what can be cut.
	 * Not called while the session is blocked, closing or aborted, or the peer does not
	 * read his answers; but for one whose answer was made to wait (is_answering). */
	void (*cut)(struct ingest *in, struct session *s, struct frame_vec *frames);
	/* The session's timer fired; is_watched, which it clears: and nothing waits for it. */
	void (*expire)(struct ingest *in, struct session *s);
	/* T-Box. The frame's record has all it needs, or it is to have none: counts it, prepares
	 * the answer it is owed (null: none). False, and nothing has happened: the session waits
	 * for memory. */
	bool (*accept)(struct ingest *in, struct session *s, const struct frame *f,
		       struct answer **ret);
	/* T-Box. What a good frame of these bytes says of itself, as far as the listener asks. */
	void (*describe)(const struct listener *l, struct bytes value, struct frame_facts *ret);
	/* T-Box. The frame is none: counts it and keeps it for the operator. */
	void (*reject)(struct ingest *in, struct session *s, const struct frame *f);
	/* The writer has given back the append `w` waited for: write the outcome into the
	 * answer's bytes. */
	void (*resolve)(struct waiter *w, const struct append_msg *done);
	/* A SEND with a ticket, for this session: given back when its bytes are copied. Null: its
	 * requests never have one. */
	void (*deliver)(struct ingest *in, struct session *s, struct inbox_msg *give);
	/* The stream is gone: give back everything but the answers; a request not yet handed to
	 * an answer ends as frame_drop_connection. */
	void (*close)(struct ingest *in, struct session *s);
};

extern const struct protocol *const protocols[PROTOCOLS];

/* First member of every protocol's session; a T-Box's has no more. One line: that of a million
 * vehicles is cold. */
struct session {
	struct stream *stream;
	const struct listener *listener;
	struct list answers;      /* struct answer.node, oldest first */
	uint64_t offset;          /* of the stream: bytes consumed since it opened */
	uint32_t answers_count;
	uint8_t waits_for;        /* enum wait_for: it is blocked */
	uint8_t admitted;         /* enum wait_for: it is its turn to take that */
	uint8_t own;              /* bits of the protocol's own */
	bool is_timed : 1;        /* its timer is armed, and something waits for it */
	bool is_watched : 1;      /* its timer is armed to see whether anything comes */
	bool has_ended : 1;       /* the peer sends no more; what it sent may not be consumed yet */
	bool is_closing : 1;      /* no more cuts; close the stream once the answers are sent */
	bool is_aborted : 1;      /* session_abort(): detached before this turn's stage ends */
	bool is_answering : 1;    /* its answer waits, not its bytes: cut even when it closes */
	bool is_skipped : 1;      /* it was made to wait: its later frames of this turn wait too */
	bool has_kept : 1;        /* its oldest frame waits as a record (kept.h): no cuts */
	uint32_t waits_bytes;     /* of credit or of chunks, while it waits for some */
	uint32_t bad_ticket;      /* T-Box: of bytes that are no frame, see bad_frames.h */
	struct session_place *place; /* session_place.h; null: it waits for nothing */
};
static_assert(sizeof(struct session) == CACHE_LINE_BYTES, "one line a frame");

static inline bool session_is_blocked(const struct session *s)
{
	return s->waits_for != WAIT_NOTHING;
}

static inline const struct protocol *session_protocol(const struct session *s)
{
	return protocols[s->listener->protocol];
}

/* All sessions of a poller. */
struct sessions {
	struct stats *stats;
	const struct moment *now;
	struct list ready; /* struct stream.ready: something is to be looked at */
	bool is_draining;  /* none cuts any more */
	struct slab slabs[PROTOCOLS];
	struct slab places; /* struct session_place: as many as sessions */
	struct wheel wheel; /* struct session_place.timer */
	uint32_t idle_ms;   /* of session_watch(); 0: it never looks */
};

/* The slabs are mapped for `count` sessions of each protocol; -errno. */
int sessions_init(struct sessions *ss, uint32_t count, struct stats *stats,
		  const struct moment *now);
void sessions_fini(struct sessions *ss);

/* Attaches, feeds and detaches the sessions of the ready streams. Bytes of good and bad
 * frames are not consumed here: ingest_input() does it, in order. */
void session_input(struct ingest *in, struct frame_vec *frames);

/* The session does not read: for lack of memory or credit, or because its peer does not read
 * his answers. What he has not sent may be waiting for its window. */
bool session_is_held(const struct session *s);

/* Ends the session by the peer's fault: no answer, the connection is closed. The session
 * object stays valid until the session stage detaches it. */
static inline void session_abort(struct session *s)
{
	s->is_aborted = true;
	stream_wake(s->stream, STREAM_READABLE);
}

/* One timer each: armed again, it forgets its earlier time. */
void session_arm(struct sessions *ss, struct session *s, uint64_t after_ms);
void session_disarm(struct sessions *ss, struct session *s);
/* Nothing waits for the timer any more, but it fires all the same, idle_ms from now at most or when
 * it was to fire anyway: to arm it anew for each request would cost each request. */
void session_watch(struct sessions *ss, struct session *s);

/* Ends the session at once, and its connection with a reset: what it is owed is dropped. Not after
 * this turn's session_input(), which leaves frames that name their sessions. */
void session_reset(struct ingest *in, struct session *s);

/* Timers of sessions that are due. */
void session_timers(struct ingest *in);

/* Drain: no session cuts any more; each closes when its answers are sent. */
void sessions_drain(struct sessions *ss);

#endif
