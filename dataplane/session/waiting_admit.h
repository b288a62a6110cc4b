/* waiting_admit.h - whose turn is it? What has been given back since the last turn, counted against
 * the lines of waiting.h.
 *
 *     answers, chunks, credit, places at writers ─▶ waiting_admit ─▶ ready list, in front
 *
 * Oldest first, one for one. Core: poller, once a turn. Cost: the lines that are not empty, and the
 * sessions admitted, ADMITTED_PER_TURN of each line at most.
 */
#ifndef PENSTOCK_WAITING_ADMIT_H
#define PENSTOCK_WAITING_ADMIT_H

#include <stdbool.h>

struct ingest;

/* Puts in front of the ready list whom there is something for. */
void waiting_admit(struct ingest *in);
/* Would waiting_admit() find anybody? Asked before the core sleeps. */
bool waiting_can_admit(const struct ingest *in);

#endif
