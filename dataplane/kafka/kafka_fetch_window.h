/* kafka_fetch_window.h - what a pass reads next: the following parts that have news, as many as
 * fit, at once.
 *
 *     parts:   [ - | news | - | news | news ]     one struct read_list for each writer; all of
 *                    └── reads ──┴──────┘          them are back before the pass goes on
 *
 * How much a partition has nobody knows before it is read: the first window gives each read what it
 * may bring, a later one what the last has taken, doubled. Core: poller.
 */
#ifndef PENSTOCK_KAFKA_FETCH_WINDOW_H
#define PENSTOCK_KAFKA_FETCH_WINDOW_H

#include "dataplane/kafka/kafka_fetch.h"

struct reading;

/* Chunks of the first read, at least. */
uint32_t fetch_first_chunks(const struct answers *as, const struct fetch *f);

/* Chunks of a read, at most, before anything is known: of a few reads each may bring much. */
uint32_t fetch_read_chunks(const struct answers *as, const struct fetch *f);

enum fetch_planned {
	FETCH_PLANNED,      /* parts before `planned` need no reads, or their reads are under way */
	FETCH_WAITS_TO_READ, /* the session waits for a place to read */
};
/* Plans from the part that the fetch is at, over `parts` of them at most. */
enum fetch_planned fetch_window_plan(struct reading *rd, struct answers *as, struct waits *w,
				     struct fetch *f, uint32_t parts);

/* All lists are back: what was not used is. */
void fetch_window_back(struct answers *as, struct fetch *f);

/* The window's read of this part, which is its next; or null. */
struct read_msg *fetch_window_read(const struct fetch *f, const struct fetch_part *part);
/* It has been looked at; its chunks that are left are given back. */
void fetch_window_give(struct reading *rd, struct answers *as, struct fetch *f,
		       struct read_msg *r);
/* All that are left. */
void fetch_window_drop(struct reading *rd, struct answers *as, struct fetch *f);

#endif
