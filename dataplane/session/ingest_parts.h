/* ingest_parts.h - the upper half of a poller, everything between streams and handoff: what it
 * consists of.
 *
 *     part      what it is                                              changed by
 *     now       the time of this turn                                   poller.c
 *     sessions  sessions, who is ready, timers                          session.c
 *     delivery  messages of the inbox, fences                           delivery.c, fence.c
 *     answers   answers owed, who waits for appends, their chunks       answer.c
 *     batching  lanes and their credit, open batches, appends           batch.c
 *     reading   reads under way, fetches                                kafka_fetch.c, _pass.c
 *     servers   calls under way, their requests                         kafka_call.c
 *     waits     sessions that wait for what has run out                 waiting.c
 *     kept      records that wait                                       kept.c
 *     jt808_parts  messages that come in parts                          jt808_parts.c
 *     turn_bytes  what frames of this turn were made into               the protocols' cut
 *
 * Each part is declared by the file that changes it, and whoever needs one takes that one, not the
 * whole. The whole is for those who must be able to reach all of it: the rows of a protocol, the
 * stages that call them, and who looks for what has run out.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_INGEST_PARTS_H
#define PENSTOCK_INGEST_PARTS_H

#include "dataplane/base/clock.h"
#include "dataplane/base/slab.h"
#include "dataplane/batch/batch.h"
#include "dataplane/batch/topics.h"
#include "dataplane/session/answer.h"
#include "dataplane/session/bad_frames.h"
#include "dataplane/session/delivery.h"
#include "dataplane/session/kept.h"
#include "dataplane/session/reading.h"
#include "dataplane/session/session.h"
#include "dataplane/session/turn_bytes.h"
#include "dataplane/session/vehicle_list.h"
#include "dataplane/session/waiting.h"

struct jt808_parts;

struct ingest {
	struct stats stats;             /* the poller's: lower layers point here too */
	struct moment now;
	uint8_t poller;
	const struct topics *topics;    /* of this turn, as is the next one */
	const struct vehicle_lists *vehicle_lists; /* null: there are none */
	struct listener listeners[LISTENERS_MAX];
	unsigned listener_count;
	struct sessions sessions;
	struct kept_records kept;
	struct turn_bytes turn_bytes;
	struct jt808_parts *jt808_parts;
	struct answers answers;
	struct batching batching;
	struct reading reading;
	struct call_server servers[CALL_SERVERS];
	struct delivery delivery;
	struct waits waits;
	struct handoff *writers[WRITERS_MAX];
	unsigned writer_count;
	struct bad_frames bad_frames;
	struct poller_settings settings;
};

#endif
