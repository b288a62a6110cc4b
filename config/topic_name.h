/* topic_name.h - what may be the name of a topic.
 *
 * Core: any.
 */
#ifndef PENSTOCK_TOPIC_NAME_H
#define PENSTOCK_TOPIC_NAME_H

#include "dataplane/base/base.h"

/* "" when `name` may name a topic, else what is wrong with it. Whoever makes a topic asks,
 * and so does the start: what is good for one is good for the other. */
const char *topic_name_fault(struct bytes name);

/* Where groups and their offsets are stored: Kafka's own name. */
#define TOPIC_NAME_OFFSETS "__consumer_offsets"

/* Is it a topic of the broker's own, as Kafka counts them? Nobody produces to it or deletes it. */
bool topic_name_is_internal(struct bytes name);

#endif
