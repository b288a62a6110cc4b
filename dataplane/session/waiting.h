/* waiting.h - sessions that wait for what has run out: who they are, and in what order they are
 * served; waiting_admit.h says when.
 *
 *     no answer left ─ session_wait ──▶ lines[WAIT_ANSWER] ───┐
 *     few chunks ─ session_wait_bytes ▶ lines[WAIT_LARGE + region] (answer_room.h)
 *     no room for a batch ─ incoming_take ─▶ lines[WAIT_INCOMING]
 *     no credit left ─ credit_take ─┬─▶ credit->blocked ──────┼─ waiting_admit ─▶ ready, in front
 *                                   └─▶ lines[WAIT_CREDIT] ───┘  as many as there is something for
 *
 * A session that waits leaves its bytes in the stream and is not looked at. Once a turn, what has
 * been given back is counted against the lists, oldest first, one for one: who is admitted finds
 * what it waited for, and goes before whoever comes new. Who comes while others wait goes behind
 * them without being tried. One that is admitted and still finds too little keeps its place.
 *
 * A session waits for one thing at a time, with bytes not cut yet, or with an answer that cannot go
 * on (is_answering): a fetch between two reads, a reply of control. Chunks are the one thing that
 * is waited for by who holds some already; see is_stuck() in kafka_session.c, and halves.h.
 *
 * While any session waits for what a frame needs, a T-Box session cuts one a turn: more would be
 * cut again. Core: poller.
 */
#ifndef PENSTOCK_WAITING_H
#define PENSTOCK_WAITING_H

#include "dataplane/batch/lane.h"
#include "dataplane/session/session.h"

/* Who waits, and for what. */
struct waits {
	struct sessions *sessions;
	struct stats *stats;
	uint32_t blocked;         /* sessions in these lines and in the lanes' */
	uint32_t frames_blocked;  /* of them, for what any frame needs */
	uint32_t tickets;         /* given so far */
	uint32_t large_turns;     /* of the lines for long answers: whose is first */
	struct list lines[WAITS]; /* struct session_place.blocked, by enum wait_for */
};

void waiting_init(struct waits *w, struct sessions *sessions, struct stats *stats);

/* May the session take what there is, or do others wait for it? */
static inline bool waiting_is_turn(const struct waits *w, const struct session *s,
				   enum wait_for what)
{
	return list_is_empty(&w->lines[what]) || s->admitted == what;
}

/* The session cannot go on without `what`. */
void session_wait(struct waits *w, struct session *s, enum wait_for what);

/* The same for chunks that hold `bytes`: whoever is first in the line keeps what there is until
 * it is enough. */
void session_wait_bytes(struct waits *w, struct session *s, enum wait_for what,
			uint32_t bytes);

/* Takes `bytes` of the lane's credit for the session; false: it waits for them. */
bool credit_take(struct waits *w, struct lanes *lanes, struct session *s, struct lane *lane,
		 enum credit_kind kind, uint32_t bytes);
/* Memory for the session's batch, which lacks `bytes`: for how many of them, 0: it waits. */
uint32_t incoming_take(struct waits *w, struct incoming *m, struct session *s,
		       struct incoming_batch *b, uint32_t bytes);

/* It waits no longer. */
void session_unblock(struct waits *w, struct session *s);

#endif
