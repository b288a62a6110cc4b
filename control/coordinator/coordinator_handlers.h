/* coordinator_handlers.h - the Kafka requests that the coordinator answers: one file per API.
 *
 * A handler never blocks, and looks at no file. Core: coordinator.
 */
#ifndef PENSTOCK_COORDINATOR_HANDLERS_H
#define PENSTOCK_COORDINATOR_HANDLERS_H

#include "control/calls/kafka_request.h"

enum kafka_outcome coordinator_handle_find(struct kafka_request *r);

#endif
