/* msg_describe_groups.h - DescribeGroups, versions 0 to 6: groups by name, with their
 * members.
 */
#ifndef PENSTOCK_MSG_DESCRIBE_GROUPS_H
#define PENSTOCK_MSG_DESCRIBE_GROUPS_H

#include "dataplane/wire/kafka/authorized_operations.h"
#include "dataplane/wire/kafka/kafka_schema.h"

struct describe_groups_request {
	kafka_array(struct bytes) groups;
	bool include_authorized_operations; /* since 3 */
};

struct describe_groups_member {
	struct bytes member_id;
	struct bytes group_instance_id; /* since 4 */
	struct bytes client_id;
	struct bytes client_host;
	struct bytes member_metadata;
	struct bytes member_assignment;
};

struct describe_groups_group {
	int16_t error_code;
	struct bytes error_message;    /* since 6 */
	struct bytes group_id;
	struct bytes group_state;
	struct bytes protocol_type;
	struct bytes protocol_data;    /* the protocol that was chosen */
	kafka_array(struct describe_groups_member) members;
	int32_t authorized_operations; /* since 3 */
};

struct describe_groups_response {
	int32_t throttle_time_ms; /* since 1 */
	kafka_array(struct describe_groups_group) groups;
};

extern const struct kafka_message describe_groups_request;
extern const struct kafka_message describe_groups_response;

#endif
