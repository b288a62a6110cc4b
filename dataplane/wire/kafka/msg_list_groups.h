/* msg_list_groups.h - ListGroups, versions 0 to 5: the groups there are, of the states
 * (KIP-518) and types (KIP-848) that are asked for; empty: of all.
 */
#ifndef PENSTOCK_MSG_LIST_GROUPS_H
#define PENSTOCK_MSG_LIST_GROUPS_H

#include "dataplane/wire/kafka/kafka_schema.h"

struct list_groups_request {
	kafka_array(struct bytes) states_filter; /* since 4 */
	kafka_array(struct bytes) types_filter;  /* since 5 */
};

struct list_groups_group {
	struct bytes group_id;
	struct bytes protocol_type;
	struct bytes group_state; /* since 4 */
	struct bytes group_type;  /* since 5 */
};

struct list_groups_response {
	int32_t throttle_time_ms; /* since 1 */
	int16_t error_code;
	kafka_array(struct list_groups_group) groups;
};

extern const struct kafka_message list_groups_request;
extern const struct kafka_message list_groups_response;

#endif
