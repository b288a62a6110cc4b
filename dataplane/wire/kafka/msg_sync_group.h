/* msg_sync_group.h - SyncGroup, versions 0 to 5: the leader brings what it has assigned,
 * and each member takes its own.
 */
#ifndef PENSTOCK_MSG_SYNC_GROUP_H
#define PENSTOCK_MSG_SYNC_GROUP_H

#include "dataplane/wire/kafka/kafka_schema.h"

struct sync_group_assignment {
	struct bytes member_id;
	struct bytes assignment; /* the client's own */
};

struct sync_group_request {
	struct bytes group_id;
	int32_t generation_id;
	struct bytes member_id;
	struct bytes group_instance_id;                        /* since 3 */
	struct bytes protocol_type;                            /* since 5; null: not compared */
	struct bytes protocol_name;                            /* since 5; null: not compared */
	kafka_array(struct sync_group_assignment) assignments; /* the leader's alone */
};

struct sync_group_response {
	int32_t throttle_time_ms;   /* since 1 */
	int16_t error_code;
	struct bytes protocol_type; /* since 5 */
	struct bytes protocol_name; /* since 5 */
	struct bytes assignment;
};

extern const struct kafka_message sync_group_request;
extern const struct kafka_message sync_group_response;

#endif
