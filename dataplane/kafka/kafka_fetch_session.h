/* kafka_fetch_session.h - what a fetch has to do with its session: which list of partitions it
 * goes through, and which of them it answers.
 *
 *     full request ─▶ its own list, and perhaps a new session's        answered: all of them
 *     incremental  ─▶ the session's list, as the request changes it    answered: those with news
 *          session: list ──▶ fetch ── look, pass, answer ──▶ list back, epoch one more
 *
 * News is what a client has not been told: records, an error, another high watermark or log start.
 * Who names a partition that is not there is told so with the session's end (id 0); where one of
 * the list is another than it was, or gone, the session is not known any more (70). Either way the
 * client begins with a full request, which has no session as long as it names such.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_KAFKA_FETCH_SESSION_H
#define PENSTOCK_KAFKA_FETCH_SESSION_H

#include "dataplane/kafka/kafka_fetch.h"

struct reading;

/* The request is whole, each of its partitions is there once. Its list may be another behind this,
 * or the request an error. */
void fetch_session_enter(const struct ingest *in, struct reading *rd, struct fetch *f);

/* A part's place in the answer is to be made: does it have one? Asked once in each pass. */
bool fetch_session_tells(const struct fetch *f, struct fetch_part *part,
			 const struct fetch_found *found);

/* The answer is whole: the session has its list again, or ends. */
void fetch_session_leave(struct reading *rd, struct fetch *f);

/* The fetch ends without an answer, and its session with it. */
void fetch_session_break(struct reading *rd, struct fetch *f);

#endif
