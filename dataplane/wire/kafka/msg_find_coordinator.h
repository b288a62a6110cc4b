/* msg_find_coordinator.h - FindCoordinator, versions 0 to 4: who keeps a group or a
 * transaction. Up to 3 one key and the answer at the top; from 4 on a list of keys, each with
 * an answer of its own.
 */
#ifndef PENSTOCK_MSG_FIND_COORDINATOR_H
#define PENSTOCK_MSG_FIND_COORDINATOR_H

#include "dataplane/wire/kafka/kafka_schema.h"

struct find_coordinator_request {
	struct bytes key;                           /* up to 3 */
	int8_t key_type;                            /* since 1; 0: group, 1: transaction */
	kafka_array(struct bytes) coordinator_keys; /* since 4 */
};

struct find_coordinator_one {
	struct bytes key;
	int32_t node_id; /* -1: nobody */
	struct bytes host;
	int32_t port;
	int16_t error_code;
	struct bytes error_message;
};

struct find_coordinator_response {
	int32_t throttle_time_ms; /* since 1 */
	/* Up to 3. */
	int16_t error_code;
	struct bytes error_message; /* since 1 */
	int32_t node_id;
	struct bytes host;
	int32_t port;
	/* Since 4. */
	kafka_array(struct find_coordinator_one) coordinators;
};

extern const struct kafka_message find_coordinator_request;
extern const struct kafka_message find_coordinator_response;

#endif
