/* offsets_topic.h - the coordinator's wish in, __consumer_offsets out.
 *
 *     topic_wish_take ─▶ registry_create_topic ─▶ done, or said why not ─▶ a second's rest
 *
 * Core: control. Limits: one creation at a time, one a second.
 */
#ifndef PENSTOCK_OFFSETS_TOPIC_H
#define PENSTOCK_OFFSETS_TOPIC_H

#include "control/calls/topic_wish.h"
#include "control/catalog/registry.h"

struct offsets_topic {
	struct registry *registry;
	struct topic_wish *wish; /* null: nobody has any */
	int32_t partitions;
	uint32_t segment_bytes; /* 0: it follows the gateway's */
	bool is_asked;
	uint64_t rest_until_ns;
	/* One line for the operator; null: nobody hears it. */
	void (*say)(void *say_owner, const char *line);
	void *say_owner;
};

/* True when it found work. The registry ends all jobs before the struct goes. */
bool offsets_topic_turn(struct offsets_topic *o, uint64_t now_ns);
/* Would it find a wish? Asked before control sleeps. */
bool offsets_topic_has_wish(const struct offsets_topic *o);

#endif
