/* msg_leave_group.h - LeaveGroup, versions 0 to 5: one member goes, up to version 2; from
 * 3 on any number (KIP-345), each with an answer of its own.
 */
#ifndef PENSTOCK_MSG_LEAVE_GROUP_H
#define PENSTOCK_MSG_LEAVE_GROUP_H

#include "dataplane/wire/kafka/kafka_schema.h"

struct leave_group_member {
	struct bytes member_id; /* empty: named by its instance id */
	struct bytes group_instance_id;
	struct bytes reason;    /* since 5 */
};

struct leave_group_request {
	struct bytes group_id;
	struct bytes member_id;                         /* up to 2 */
	kafka_array(struct leave_group_member) members; /* since 3 */
};

struct leave_group_outcome {
	struct bytes member_id;
	struct bytes group_instance_id;
	int16_t error_code;
};

struct leave_group_response {
	int32_t throttle_time_ms;                        /* since 1 */
	int16_t error_code;
	kafka_array(struct leave_group_outcome) members; /* since 3 */
};

extern const struct kafka_message leave_group_request;
extern const struct kafka_message leave_group_response;

#endif
