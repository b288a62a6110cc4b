/* msg_join_group.h - JoinGroup, versions 0 to 9: a member comes to a group, or back, and
 * says which protocols it knows. The answer comes when the group has a generation: to its
 * leader with all members, to the others without.
 */
#ifndef PENSTOCK_MSG_JOIN_GROUP_H
#define PENSTOCK_MSG_JOIN_GROUP_H

#include "dataplane/wire/kafka/kafka_schema.h"

struct join_group_protocol {
	struct bytes name;
	struct bytes metadata; /* the client's own */
};

struct join_group_request {
	struct bytes group_id;
	int32_t session_timeout_ms;
	int32_t rebalance_timeout_ms;                      /* since 1; -1: as the session */
	struct bytes member_id;                            /* empty: it has none yet */
	struct bytes group_instance_id;                    /* since 5; null: not static */
	struct bytes protocol_type;                        /* "consumer", "connect" */
	kafka_array(struct join_group_protocol) protocols; /* the one it likes best first */
	struct bytes reason;                               /* since 8 */
};

struct join_group_member {
	struct bytes member_id;
	struct bytes group_instance_id; /* since 5 */
	struct bytes metadata;          /* of the protocol that was chosen */
};

struct join_group_response {
	int32_t throttle_time_ms;                      /* since 2 */
	int16_t error_code;
	int32_t generation_id;                         /* -1: none */
	struct bytes protocol_type;                    /* since 7 */
	struct bytes protocol_name;                    /* null since 7, empty before: none */
	struct bytes leader;                           /* a member id */
	bool skip_assignment;                          /* since 9: the leader assigns nothing */
	struct bytes member_id;
	kafka_array(struct join_group_member) members; /* the leader's alone */
};

extern const struct kafka_message join_group_request;
extern const struct kafka_message join_group_response;

#endif
