/* answer_room.h - who may take memory for a long answer, and of which region.
 *
 *     chunks that an answer needs ─▶ answer_room ─┬─▶ a region where it is its turn, and they are
 *                                                 └─▶ a line (waiting.h), sources in turn
 *
 *     common  any answer, as long as there is any: a share binds only under want
 *     small   answers of a few chunks, of connections that hold little
 *     source  of connections that hold little, from a source that holds little, and of which none
 *             was reset lately for leaving its answers unread
 *     known   of connections that hold little and have taken a quarter as much before: who only
 *             asks and never reads cannot have any of it
 *
 * The others are tried when the common one is full or others wait for it, and an answer waits in
 * the line of the last that it may lie in. What becomes free of the common one goes to the others'
 * lines first, three times of four. So what strangers leave unread in the common one holds
 * up no small answer, no small source and nobody who reads. Whoever does not take what lies in any
 * of them gives way all the same: unread_turn.h.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_ANSWER_ROOM_H
#define PENSTOCK_ANSWER_ROOM_H

#include "dataplane/session/answer.h"
#include "dataplane/session/waiting.h"

/* Where the session may take `chunks`; false: it waits. */
bool answer_room(struct answers *as, struct waits *w, struct session *s, uint32_t chunks,
		 enum answer_region *ret);

/* Appends to the session's answer in large chunks. False: it waits. */
bool answer_append_large(struct answers *as, struct waits *w, struct session *s, struct chain *c,
			 struct bytes b);

/* Does anybody wait for such chunks? */
bool answer_room_has_line(const struct waits *w);

/* The same, or is the session about to take what it waited for? */
bool answer_room_is_wanted(const struct waits *w, const struct session *s);

#endif
