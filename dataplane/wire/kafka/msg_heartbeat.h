/* msg_heartbeat.h - Heartbeat, versions 0 to 4: a member is there, and hears whether its
 * group is rebalancing.
 */
#ifndef PENSTOCK_MSG_HEARTBEAT_H
#define PENSTOCK_MSG_HEARTBEAT_H

#include "dataplane/wire/kafka/kafka_schema.h"

struct heartbeat_request {
	struct bytes group_id;
	int32_t generation_id;
	struct bytes member_id;
	struct bytes group_instance_id; /* since 3 */
};

struct heartbeat_response {
	int32_t throttle_time_ms; /* since 1 */
	int16_t error_code;
};

extern const struct kafka_message heartbeat_request;
extern const struct kafka_message heartbeat_response;

#endif
