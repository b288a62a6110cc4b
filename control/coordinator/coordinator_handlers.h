/* coordinator_handlers.h - the Kafka requests that the coordinator answers: one file for each kind.
 *
 * A handler never blocks, and looks at no file. What it has decided about groups is settled
 * behind it (group_service.h). Core: coordinator.
 */
#ifndef PENSTOCK_COORDINATOR_HANDLERS_H
#define PENSTOCK_COORDINATOR_HANDLERS_H

#include "control/calls/kafka_request.h"

enum kafka_outcome coordinator_handle_find(struct kafka_request *r);

enum kafka_outcome coordinator_handle_join(struct kafka_request *r);
enum kafka_outcome coordinator_handle_sync(struct kafka_request *r);
enum kafka_outcome coordinator_handle_heartbeat(struct kafka_request *r);
enum kafka_outcome coordinator_handle_leave(struct kafka_request *r);

enum kafka_outcome coordinator_handle_commit(struct kafka_request *r);
enum kafka_outcome coordinator_handle_offset_fetch(struct kafka_request *r);
enum kafka_outcome coordinator_handle_offset_delete(struct kafka_request *r);

enum kafka_outcome coordinator_handle_describe_groups(struct kafka_request *r);
enum kafka_outcome coordinator_handle_list_groups(struct kafka_request *r);
enum kafka_outcome coordinator_handle_delete_groups(struct kafka_request *r);

enum kafka_outcome coordinator_handle_init_producer_id(struct kafka_request *r);
enum kafka_outcome coordinator_handle_list_transactions(struct kafka_request *r);
enum kafka_outcome coordinator_handle_describe_transactions(struct kafka_request *r);

#endif
