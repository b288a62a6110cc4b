/* kafka_fetch_park.h - fetches that wait for news: looked at what writers publish, parked on the
 * lanes of their parts, woken by one watch for each lane.
 *
 *     lane->parked: part ─ part ─ part      in the order of the watermarks they wait to be passed;
 *                   └── the watch is for the first, and wakes all at the front that it concerns:
 *     lane->due:    who was parked when it came back, as many a turn as kafka_fetches_wake() says
 *
 * Core: poller.
 */
#ifndef PENSTOCK_KAFKA_FETCH_PARK_H
#define PENSTOCK_KAFKA_FETCH_PARK_H

#include "dataplane/kafka/kafka_fetch.h"
#include "dataplane/news.h"

struct lane;
struct lanes;
struct reading;

/* Is the part's partition open, and still the one that was asked for? */
bool fetch_part_news(struct reading *rd, const struct fetch_part *part,
		     struct partition_news *ret);

/* Why not, as Kafka's error code: `news` of one that is not open. */
int16_t fetch_part_refusal(const struct fetch_part *part, const struct partition_news *news);

/* Nothing has been looked at yet. */
void fetch_look_begin(struct fetch *f);
/* The part that the fetch is at has no news: it is parked, and the fetch goes to the next. False:
 * it has some, and the fetch is parked nowhere. */
bool fetch_look_step(struct reading *rd, struct lanes *lanes, struct fetch *f);
/* All parts are parked: until a watch fires, or `max_wait`. */
void fetch_park(struct sessions *ss, struct fetch *f);
/* All parts leave their lanes at once, whichever of them was due. */
void fetch_unpark(struct fetch *f);

/* One watch per lane: for the first that is parked on it. */
void fetch_lane_watch(struct reading *rd, struct lane *lane);
/* The lane's watch has come back. */
void fetch_lane_fired(struct reading *rd, struct lane *lane);
/* Takes the next part that it concerns from the lane; null: there is none, and the lane is watched
 * again. */
struct fetch_part *fetch_lane_due(struct reading *rd, struct lane *lane);

#endif
