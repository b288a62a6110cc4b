/* config_resource.c - a type and a name in, whose settings they are out, or why nobody's. */
#include "control/kafka/config_resource.h"
#include "config/topic_name.h"
#include "dataplane/wire/kafka/kafka_error.h"

#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 3, 4))) static void refuse(struct config_resource *ret, int16_t error,
							 const char *format, ...)
{
	va_list args;
	va_start(args, format);
	ret->error = error;
	vsnprintf(ret->message, sizeof ret->message, format, args);
	va_end(args);
}

/* A name that no topic can have is told apart, as by Kafka. */
static void find_topic(const struct registry *r, struct bytes name, struct config_resource *ret)
{
	const char *fault = topic_name_fault(name);
	if (fault[0]) {
		refuse(ret, KAFKA_ERROR_INVALID_TOPIC_EXCEPTION, "topic name: %s", fault);
		return;
	}
	ret->topic = registry_find(r, name);
	if (!ret->topic)
		refuse(ret, KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION, "there is no topic %.*s",
		       (int)min_size(name.size, 100), (const char *)name.data);
}

/* An id is written in one way only: of two ways to name one broker each would be a resource of its
 * own. */
static void find_broker(const struct registry *r, struct bytes name, struct config_resource *ret)
{
	char own[16];
	snprintf(own, sizeof own, "%d", registry_node_id(r));
	ret->scope = name.size > 0 ? LIVE_BROKER : LIVE_CLUSTER;
	if (name.size > 0 &&
	    (name.size != strlen(own) || memcmp(name.data, own, name.size) != 0))
		refuse(ret, KAFKA_ERROR_INVALID_REQUEST,
		       "there is no such broker: this one is %s, and an empty name means all", own);
}

void config_resource_find(const struct registry *r, int8_t type, struct bytes name,
			  struct config_resource *ret)
{
	*ret = (struct config_resource){.error = KAFKA_ERROR_NONE};
	if (type == CONFIG_RESOURCE_TOPIC)
		find_topic(r, name, ret);
	else if (type == CONFIG_RESOURCE_BROKER)
		find_broker(r, name, ret);
	else
		refuse(ret, KAFKA_ERROR_INVALID_REQUEST,
		       "resources of type %d have no settings here: ask for topics (2) or "
		       "brokers (4)",
		       type);
}
