/* offsets_topic.c - a wish in, a creation out, once at a time; see offsets_topic.h. */
#include "control/kafka/offsets_topic.h"
#include "config/topic_name.h"
#include "dataplane/base/clock.h"
#include "dataplane/wire/kafka/kafka_error.h"

static void made(void *owner, const struct registry_result *result)
{
	struct offsets_topic *o = owner;
	char line[400];
	o->is_asked = false;
	if (!result->error || result->error == KAFKA_ERROR_TOPIC_ALREADY_EXISTS)
		return;
	o->rest_until_ns = clock_now_ns() + NS_PER_S;
	snprintf(line, sizeof line, "groups cannot be stored: %s", result->message);
	if (o->say)
		o->say(o->say_owner, line);
}

bool offsets_topic_turn(struct offsets_topic *o, uint64_t now_ns)
{
	if (!o->wish || o->is_asked || now_ns < o->rest_until_ns || !topic_wish_take(o->wish))
		return false;
	char bytes[16];
	snprintf(bytes, sizeof bytes, "%u", o->segment_bytes);
	struct registry_setting segment = {"segment.bytes", bytes};
	struct registry_request request = {.name = TOPIC_NAME_OFFSETS,
					   .partitions = o->partitions,
					   .replication_factor = 1,
					   .settings = &segment,
					   .setting_count = o->segment_bytes > 0,
					   .done = made,
					   .owner = o};
	o->is_asked = true;
	registry_create_topic(o->registry, &request);
	return true;
}

/* One that cannot be granted yet wakes nobody: control looks again when its sleep is over. */
bool offsets_topic_has_wish(const struct offsets_topic *o)
{
	return o->wish && !o->is_asked && clock_now_ns() >= o->rest_until_ns &&
	       topic_wish_is_made(o->wish);
}
