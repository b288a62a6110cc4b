/* kafka_handlers.h - what control's handlers of Kafka requests share: one file per API.
 *
 * A handler may look at the registry and, for ListOffsets by time, read files (disk_run blocks).
 * Core: control.
 */
#ifndef PENSTOCK_KAFKA_HANDLERS_H
#define PENSTOCK_KAFKA_HANDLERS_H

#include "control/kafka/kafka_api.h"
#include "control/kafka/kafka_parked.h"
#include "control/calls/kafka_request.h"
#include "dataplane/wire/kafka/kafka_error.h"

enum kafka_outcome kafka_handle_api_versions(struct kafka_request *r);
enum kafka_outcome kafka_handle_metadata(struct kafka_request *r);
enum kafka_outcome kafka_handle_list_offsets(struct kafka_request *r);
enum kafka_outcome kafka_handle_create_topics(struct kafka_request *r);
enum kafka_outcome kafka_handle_delete_topics(struct kafka_request *r);
enum kafka_outcome kafka_handle_create_partitions(struct kafka_request *r);
enum kafka_outcome kafka_handle_sasl_handshake(struct kafka_request *r);
enum kafka_outcome kafka_handle_sasl_authenticate(struct kafka_request *r);

#endif
