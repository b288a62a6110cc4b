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

#endif
