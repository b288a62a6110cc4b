/* msg_delete_groups.h - DeleteGroups, versions 0 to 2: groups without members go, and
 * their offsets.
 */
#ifndef PENSTOCK_MSG_DELETE_GROUPS_H
#define PENSTOCK_MSG_DELETE_GROUPS_H

#include "dataplane/wire/kafka/kafka_schema.h"

struct delete_groups_request {
	kafka_array(struct bytes) groups_names;
};

struct delete_groups_result {
	struct bytes group_id;
	int16_t error_code;
};

struct delete_groups_response {
	int32_t throttle_time_ms;
	kafka_array(struct delete_groups_result) results;
};

extern const struct kafka_message delete_groups_request;
extern const struct kafka_message delete_groups_response;

#endif
