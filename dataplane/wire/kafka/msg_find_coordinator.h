/* msg_find_coordinator.h - FindCoordinator, versions 0 to 6: who keeps a group or a
 * transaction. Up to 3 one key and the answer at the top; from 4 on a list of keys, each with
 * an answer of its own. 5 and 6 look like 4: they bring an error and a type of key.
 */
#ifndef PENSTOCK_MSG_FIND_COORDINATOR_H
#define PENSTOCK_MSG_FIND_COORDINATOR_H

#include "dataplane/wire/kafka/kafka_schema.h"

enum { FIND_COORDINATOR_GROUP = 0, FIND_COORDINATOR_TRANSACTION = 1 };

struct find_coordinator_request {
	struct bytes key;                           /* up to 3 */
	int8_t key_type;                            /* since 1; others (KIP-932) are none of ours */
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
