/* config_resource.h - what the settings of a request are of: a topic that there is, this gateway,
 * or all brokers of its cluster, which is the gateway as well.
 *
 * Core: control. The topic is the registry's, and good until its next turn.
 */
#ifndef PENSTOCK_CONFIG_RESOURCE_H
#define PENSTOCK_CONFIG_RESOURCE_H

#include "control/catalog/registry.h"
#include "dataplane/wire/kafka/msg_describe_configs.h"

struct config_resource {
	int16_t error;      /* enum kafka_error */
	char message[160];
	const struct registry_topic *topic; /* null: the gateway */
	enum live_scope scope;              /* of the gateway's */
};

void config_resource_find(const struct registry *r, int8_t type, struct bytes name,
			  struct config_resource *ret);

#endif
