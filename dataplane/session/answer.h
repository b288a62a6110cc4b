/* answer.h - answers owed to peers: made when a request is taken, sent when the records it
 * brought are where its level promises, in the order of the requests.
 *
 *     request ─▶ answer_take ─▶ bytes prepared, outcome left open ─▶ session->answers
 *     append  ─▶ answer_wait (one waiter per append) ... writer ... ─▶ ack_input
 *     ack_input ─▶ protocol->resolve writes the outcome ─▶ waiting == 0 ─▶ answers_send
 *
 * The bytes of an answer are encoded when the request is read; only the fields that the
 * writer decides (error, base offset) are patched in afterwards. A T-Box's are few and lie in
 * the answer itself; a chunk is kept for them, and taken when they are sent: until then a frame
 * that waits for the disk costs two cache lines. An answer whose connection is gone (session
 * null) is still resolved, and dropped.
 *
 * Large chunks lie in regions (answer_room.h says who may take of which), and each chunk, small
 * or large, is charged to its connection and that one's source until the peer has acknowledged
 * what is in it. Who does not take what he was sent: unread.h.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_ANSWER_H
#define PENSTOCK_ANSWER_H

#include "dataplane/base/owners.h"
#include "dataplane/base/slab.h"
#include "dataplane/session/session.h"
#include "dataplane/session/unread.h"

enum { ANSWER_TEXT_BYTES = 40 }; /* a GB/T 32960 answer with a time takes 31 */

/* One append that an answer waits for. */
struct waiter {
	struct waiter *next;   /* on one of append->waiters */
	struct answer *answer;
	uint32_t patch_at;     /* byte of answer->bytes where the outcome goes */
	uint8_t tag;           /* protocol's own: API version, command */
};

struct answer {
	struct list node;
	struct session *session; /* null: the connection is gone */
	const struct protocol *protocol;
	union {
		struct chain bytes;
		uint8_t text[ANSWER_TEXT_BYTES]; /* when text_bytes is not 0 */
	};
	uint64_t started_ns;
	uint32_t waiting;        /* appends, reads or calls not yet back */
	/* Frame ledger: 1 when sending (or, silent, completing) this answer ends a frame:
	 * frames_accepted, or frame_drop_connection when the connection is gone. */
	uint8_t frames;
	bool is_silent;          /* acks=0: nothing is sent */
	bool may_wait;           /* a Fetch waits for data by design: not in the latency figures */
	bool is_error;
	bool closes;             /* close the connection instead of (silent) or after sending */
	uint8_t text_bytes;
	bool first_in_use;
	struct waiter first;     /* most answers wait for one append */
	uint64_t request;        /* the protocol's name of what it answers; 0: none */
};
static_assert(sizeof(struct answer) <= 2 * CACHE_LINE_BYTES, "two lines for each that is owed");

/* All a poller owes, and the memory for it. */
struct answers {
	struct stats *stats;
	const struct moment *now;
	struct slab slab;        /* struct answer */
	uint32_t texts_owed;     /* of them, those that need a chunk when they are sent */
	struct chunk_pool small; /* CHUNK_SMALL_BYTES: answers of frames and requests */
	struct slab waiters;     /* struct waiter, but for each answer's first */
	/* CHUNK_BYTES: replies of servers, fetched batches */
	struct chunk_pool large[ANSWER_REGIONS];
	/* Of them, not taken yet by the fetches they are for. */
	uint32_t promised[ANSWER_REGIONS];
	struct owners owners;    /* of all these chunks: connections, by their places */
	struct unread unread;
};

/* `answers` of either kind, `waiters`, and so many small and large chunks; -errno. */
struct answers_bounds {
	uint32_t answers;
	uint32_t waiters;
	uint32_t small_chunks;
	uint32_t large_chunks;  /* of the common region */
	uint32_t region_chunks; /* of others; 0: there are none */
	uint32_t connections;   /* places that handles may name */
};
int answers_init(struct answers *as, const struct answers_bounds *bounds, struct stats *stats,
		 const struct moment *now);
void answers_fini(struct answers *as);

/* A new answer at the end of the session's queue, or null when the slab is empty. `is_silent`:
 * it is not sent, unless something goes wrong. */
struct answer *answer_take(struct answers *as, struct session *s, bool is_silent);

/* A new answer whose `size` bytes, ANSWER_TEXT_BYTES at most, the caller writes into `text`; null:
 * none left, or no chunk for it. */
struct answer *answer_take_text(struct answers *as, struct session *s, bool is_silent,
				size_t size);

/* Small chunks that no text is waiting for. */
static inline uint32_t answer_chunks_left(const struct answers *as)
{
	return chunk_pool_left(&as->small) - as->texts_owed;
}

/* Large chunks of the region that nobody was promised. */
static inline uint32_t answer_large_left(const struct answers *as, enum answer_region region)
{
	return chunk_pool_left(&as->large[region]) - as->promised[region];
}

/* The largest answer takes so many: those of the common region. */
static inline uint32_t answer_large_max(const struct answers *as)
{
	return as->large[ANSWER_COMMON].count;
}

/* Less than a quarter of the small chunks is left. */
static inline bool answer_small_is_short(const struct answers *as)
{
	return answer_chunks_left(as) < as->small.count / 4;
}

static inline uint32_t answer_owner(const struct session *s)
{
	return stream_place(s->stream);
}

/* Chunks that are taken from now on are the session's. */
static inline void answer_charge(struct answers *as, const struct session *s)
{
	owners_name(&as->owners, answer_owner(s), address_source(&s->stream->peer.address));
}

/* Bytes of the chunks that the session's answers lie in, sent or not. */
static inline uint32_t answer_bytes_held(const struct answers *as, const struct session *s)
{
	return owner_bytes(&as->owners, answer_owner(s));
}

/* Others are short of small chunks, and the session holds more than its share of them, or its
 * source does and it has a part in that: it is not to ask for more before it has taken those. */
bool answer_is_greedy(struct answers *as, const struct session *s);

/* Puts an answer that was taken out of a queue at its end again. */
void answer_queue(struct session *s, struct answer *a);

/* `answer` waits for `append` too; null when there are no waiters left. */
struct waiter *answer_wait(struct answers *as, struct answer *answer,
			   struct append_msg *append);

/* A record that has no append yet: what lies behind it in its session may be answered in the same
 * turn, and must not take this answer along. */
static inline void answer_hold(struct answer *answer)
{
	answer->waiting++;
}
static inline void answer_release(struct answer *answer)
{
	answer->waiting--;
}

/* Takes the waiter out that was added last; there is one. */
static inline struct waiter *append_take_waiter(struct append_msg *append)
{
	void **list = &append->waiters[--append->waiter_count % APPEND_WAITER_LISTS];
	struct waiter *w = *list;
	*list = w->next;
	return w;
}

/* Its outcome is in the answer's bytes. */
static inline void waiter_give(struct answers *as, struct waiter *w)
{
	if (w != &w->answer->first)
		slab_give(&as->waiters, w);
}

/* Takes back the last answer_wait() for `append`. */
void answer_unwait(struct answers *as, struct append_msg *append);

/* One thing less to wait for. */
void answer_done(struct answers *as, struct answer *answer);

/* Sends what is complete at the head of the session's queue, as far as the stream has room. */
void answers_send(struct answers *as, struct session *s);

/* The connection is gone: completes are dropped, the rest forgets its session. */
void answers_orphan(struct answers *as, struct session *s);

#endif
