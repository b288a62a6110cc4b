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
struct topic;
struct topics;

/* The request is whole: who may not have its partitions, or asks in a way that is none, is told
 * so. */
void fetch_parts_check(struct fetch *f);

/* A topic by the name, or the id, that the fetch has of it; null: there is none. */
const struct topic *fetch_topic_find(const struct topics *topics, const struct fetch *f,
				     struct bytes name);
/* Of a partition of which only `topic` is there, or not even that. */
int16_t fetch_absent_error(const struct fetch *f, const struct topic *topic);

/* Of what names a partition again only the limits and the offset are left, in its first place. */
void fetch_parts_once(struct reading *rd, struct fetch *f);

/* Each part of the list has its mark, so that others can be looked for in it. */
void fetch_marks_set(struct reading *rd, struct fetch *f);
/* The part of the same partition, or null. */
struct fetch_part *fetch_marks_find(const struct reading *rd, const struct fetch_part *part);
/* Both are the same partition's: what was said later holds. */
void fetch_part_replace(struct fetch_part *part, const struct fetch_part *by);

/* What is gone leaves the list. */
void fetch_parts_leave_out(struct fetch *f);

#endif
