/* bad_frames.h - the last broken frames and Kafka requests, kept for the operator (`frames.bad`).
 *
 * A ring the poller writes and control reads, each entry behind a sequence lock
 * (base/seqlock.h); an entry overwritten while it is read is skipped. Core: poller writes,
 * control reads.
 */
#ifndef PENSTOCK_BAD_FRAMES_H
#define PENSTOCK_BAD_FRAMES_H

#include "config/bounds.h"
#include "dataplane/net/pkt.h"

#include <stdatomic.h>

/* What was wrong with a Kafka request that ended its connection. */
enum bad_request {
	BAD_REQUEST_NONE,    /* it is a frame */
	BAD_REQUEST_SIZE,    /* none is so short, or may be so long */
	BAD_REQUEST_API,     /* not served, in any version */
	BAD_REQUEST_VERSION, /* not served */
	BAD_REQUEST_LARGE,   /* longer than one of its kind may be */
	BAD_REQUEST_FORM,    /* cut short, or not of the form of its version: here it goes wrong */
	BAD_REQUEST_BODY,    /* the same, said by its server: the whole request is shown */
	BAD_REQUESTS,
};

struct bad_frame {
	struct endpoint peer;
	int64_t wall_ms;
	uint64_t stream_offset; /* of its first byte in the connection's stream */
	uint32_t size;          /* whole run; `bytes` holds the first of it */
	uint16_t reason;        /* enum stat_id: frame_reject_... */
	uint8_t listener;
	uint8_t fault;          /* enum bad_request; for others than NONE: */
	int16_t api_key;        /* as the request has it, if it has come so far */
	int16_t api_version;
	uint8_t bytes[BAD_FRAME_BYTES];
};

struct bad_frame_entry {
	atomic_uint sequence;
	struct bad_frame frame;
};

struct bad_frames {
	struct bad_frame_entry entries[BAD_FRAMES_KEPT];
	atomic_uint_fast64_t written; /* entries ever written */
};

/* Keeps a frame whose bytes, so far, are `bytes`; returns a ticket for what follows;
 * tickets wrap. */
uint32_t bad_frames_add(struct bad_frames *b, const struct bad_frame *frame,
			struct bytes bytes);
/* More bytes of the frame that got `ticket`; nothing when it has been overwritten. */
void bad_frames_extend(struct bad_frames *b, uint32_t ticket, struct bytes bytes);
/* Copies up to `max` of the latest, newest first; returns how many. */
unsigned bad_frames_read(struct bad_frames *b, struct bad_frame *ret, unsigned max);

#endif
