/* vehicle.h - what the sessions of vehicles have in common, whatever they speak: their share of a
 * turn, the frame in front that is not whole, runs of bytes that are no frame.
 *
 *     consumed | ... what cut has made into frames of this turn ... | a frame that is not whole
 *              └ session.offset                                     └ place->frame_at
 *
 * Core: poller.
 */
#ifndef PENSTOCK_VEHICLE_H
#define PENSTOCK_VEHICLE_H

#include "dataplane/session/ingest_parts.h"
#include "dataplane/session/session_place.h"

/* session.own */
enum {
	VEHICLE_IN_RUN = 1 << 0,        /* the byte before session.offset belongs to no frame */
	VEHICLE_IS_OPEN = 1 << 1,       /* JT/T 808: it is a delimiter */
	VEHICLE_IS_KNOWN = 1 << 2,      /* a platform that has logged in */
	VEHICLE_IS_WAITING = 1 << 4,    /* a candidate at the front is waited for, */
	VEHICLE_IS_ABANDONING = 1 << 5, /* or no more are that begin before place->arrived_end */
};
static_assert(((VEHICLE_IS_WAITING | VEHICLE_IS_ABANDONING) & ~SESSION_OWN_WAITS) == 0,
	      "they mean its place");

/* `frames` may hold so many when the session has cut. */
unsigned vehicle_frames_end(const struct waits *w, const struct session *s,
			    const struct frame_vec *frames);

/* Nothing can come of a cut of the `readable` bytes: the candidate in front is not whole yet, and
 * its time is not over. */
bool vehicle_is_early(const struct session *s, size_t readable);

/* Bytes from `at` of the stream's on whose candidates are not waited for. */
size_t vehicle_abandon_before(const struct session *s, size_t at);

/* The candidate at `at` of `readable` bytes is waited for: for `bytes` in all, and for so long. */
struct vehicle_wait {
	size_t at;
	size_t bytes;
	size_t readable;
};
void vehicle_wait(struct sessions *ss, struct session *s, const struct vehicle_wait *w);
/* All but the bytes from `at` on has been cut; none is waited for. */
void vehicle_cut_all(struct sessions *ss, struct session *s, size_t at, size_t readable);

/* Rows of a protocol. */
void vehicle_expire(struct ingest *in, struct session *s);
void vehicle_reject(struct ingest *in, struct session *s, const struct frame *f);
void vehicle_close(struct ingest *in, struct session *s);

/* Who may speak to the session's listener, in this turn; null: anybody. */
static inline const struct vehicle_list *vehicle_list_of(const struct ingest *in,
							 const struct session *s)
{
	return in->vehicle_lists ? in->vehicle_lists->of[s->stream->listener] : NULL;
}

/* A frame that is refused because of who it is from: kept for the operator. */
void vehicle_keep(struct ingest *in, const struct session *s, const struct frame *f);

/* A frame that is none, whatever comes before it: counted and kept by itself. */
void vehicle_reject_alone(struct ingest *in, struct session *s, const struct frame *f);

#endif
