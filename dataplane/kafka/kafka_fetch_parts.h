/* kafka_fetch_parts.h - the list of a fetch's partitions: each of them once, and whether who asks
 * is answered at all.
 *
 *     request: a0 a1 b0 a1'       parts: a0 a1' b0       the last that was said of a1 counts
 *
 * A partition is known by its slot: a mark for each says where in the list it was seen. Two that
 * there are none of are not told apart, and both are answered.
 *
 * Core: poller. Cost: one turn for a whole list, which was read piece by piece.
 */
#ifndef PENSTOCK_KAFKA_FETCH_PARTS_H
#define PENSTOCK_KAFKA_FETCH_PARTS_H

#include "dataplane/kafka/kafka_fetch.h"

struct reading;

/* The request is whole: who may not have its partitions, or asks in a way that is none, is told
 * so. */
void fetch_parts_check(struct fetch *f);

/* Of what names a partition again only the limits and the offset are left, in its first place. */
void fetch_parts_once(struct reading *rd, struct fetch *f);

#endif
