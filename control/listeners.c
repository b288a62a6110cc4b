/* listeners.c - struct listener_settings in, struct listener out: the words of the
 * settings are numbered as the data plane numbers them. */
#include "control/listeners.h"

#include <stdio.h>

#define SAME(ours, theirs) static_assert((int)(ours) == (int)(theirs), #ours)

SAME(LISTENER_KAFKA, PROTOCOL_KAFKA);
SAME(LISTENER_GBT32960, PROTOCOL_GBT32960);
SAME(LISTENER_UDP, PROTOCOL_UDP);
SAME(LISTENER_PROTOCOLS, PROTOCOLS);
SAME(ANSWER_WRITTEN, ACK_WRITTEN);
SAME(ANSWER_DURABLE, ACK_DURABLE);
SAME(BODY_TIME, ANSWER_BODY_TIME);
SAME(BODY_ECHO, ANSWER_BODY_ECHO);
SAME(LINK_IS_TERMINAL, LINK_TERMINAL);
SAME(LINK_IS_PLATFORM, LINK_PLATFORM);
SAME(KEY_NONE, RECORD_KEY_NONE);
SAME(KEY_ADDRESS, RECORD_KEY_ADDRESS);

unsigned listeners_from_settings(const struct settings *s,
				 struct listener ret[LISTENERS_MAX])
{
	for (unsigned i = 0; i < s->listener_count; i++) {
		const struct listener_settings *from = &s->listener[i];
		struct listener *to = &ret[i];
		*to = (struct listener){
			.protocol = from->protocol,
			.link = from->link,
			.answer_body = from->answer_body,
			.answer_level = from->answer_level,
			.key = from->key,
			.port = from->port,
			.frame_bytes_max = (uint32_t)from->frame_max_bytes,
			.frame_timeout_ms = (uint32_t)from->frame_timeout_ms,
		};
		snprintf(to->name, sizeof to->name, "%s", from->name);
		memcpy(to->topic, from->topic, sizeof to->topic - 1);
	}
	return s->listener_count;
}
