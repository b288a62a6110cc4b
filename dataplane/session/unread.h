/* unread.h - answers that their peers have not taken yet: who is asked to make room.
 *
 *     answer sent ─▶ unread_begin ─▶ readers, in turn ─▶ unread_turn (unread_turn.h)
 *                                                              │ has all ─▶ no reader any more
 *                                                              └ does not take it ─▶ reset
 *
 * A reader is a connection that was sent answers of UNREAD_BYTES_MIN or more, in the memory they
 * lie in. How much of them has been acknowledged, and for how long nothing was, its stream knows
 * (stream_sending): whoever looks asks that.
 *
 * Core: poller. Memory: a line for each connection, mapped at start, touched by those that are sent
 * much.
 */
#ifndef PENSTOCK_UNREAD_H
#define PENSTOCK_UNREAD_H

#include "dataplane/base/list.h"
#include "dataplane/base/owners.h"

#include <stdbool.h>
#include <stddef.h>

struct session;

enum { UNREAD_BYTES_MIN = 4096 };

struct reader {
	struct list node;        /* unread->readers, or alone */
	struct session *session; /* null: no reader */
	uint64_t given;          /* bytes of long answers, since its connection opened */
	/* Of what its peer has taken (stream_sending.taken, and the time of that), */
	uint32_t taken;          /* at the last look */
	uint32_t looked_ms;
	uint32_t rate_taken;     /* when its rate began to be measured */
	uint32_t rate_ms;
	/* and only while others waited: */
	uint32_t want_ms;
	uint32_t want_bytes;
};

struct unread {
	struct list readers; /* struct reader.node: who was looked at longest ago first */
	uint32_t count;      /* of them */
	uint32_t look_ms;    /* not before; wraps */
	bool was_wanted;     /* somebody waited at the last look */
	struct reader *all;  /* by stream_place() */
	uint32_t places;
	/* Of each source: when one of its connections ended for what it did not take; 0: never. */
	uint32_t fault_ms[OWNER_SOURCES];
};

/* -errno. */
int unread_init(struct unread *u, uint32_t connections);
void unread_fini(struct unread *u);

/* The session is about to be sent `bytes` of an answer. */
void unread_begin(struct unread *u, struct session *s, size_t bytes, uint64_t now_ns);
/* The session is gone. */
void unread_end(struct unread *u, struct session *s);

/* Is it looked at, for long answers that are not all taken? */
bool unread_is_held(const struct unread *u, const struct session *s);
/* A connection of the source ends for what it did not take; has one, lately? */
void unread_note_fault(struct unread *u, uint32_t source, uint32_t now_ms);
bool unread_has_fault(const struct unread *u, uint32_t source, uint32_t now_ms);
/* Bytes of long answers that it has taken. */
uint64_t unread_taken(const struct unread *u, const struct session *s);

#endif
