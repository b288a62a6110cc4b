/* msg_init_producer_id.h - InitProducerId, versions 0 to 5: an id that a producer numbers its
 * batches under (KIP-98). From 3 on it may name the id and epoch that it has (KIP-360); 1, 4 and 5
 * look like the versions before them.
 */
#ifndef PENSTOCK_MSG_INIT_PRODUCER_ID_H
#define PENSTOCK_MSG_INIT_PRODUCER_ID_H

#include "dataplane/wire/kafka/kafka_schema.h"

/* Of a producer without an id, and of one that is given none. */
enum { NO_PRODUCER_ID = -1, NO_PRODUCER_EPOCH = -1 };

struct init_producer_id_request {
	struct bytes transactional_id; /* null: none */
	int32_t transaction_timeout_ms;
	int64_t producer_id;    /* since 3 */
	int16_t producer_epoch; /* since 3 */
};

struct init_producer_id_response {
	int32_t throttle_time_ms;
	int16_t error_code;
	int64_t producer_id;
	int16_t producer_epoch;
};

extern const struct kafka_message init_producer_id_request;
extern const struct kafka_message init_producer_id_response;

#endif
