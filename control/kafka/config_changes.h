/* config_changes.h - settings that a client changes: each resource of its request is a job of the
 * registry, and the request is parked until all of them are over.
 *
 *     handler ─▶ struct config_wanted for each resource ─▶ config_changes_begin ─▶ registry
 *             ─▶ the last one is done ─▶ parking_answer
 *
 * A resource that nothing can be done about is answered with the others.
 *
 * Core: control. Limits: CONFIG_CHANGES_MAX settings of one resource; TOPICS_MAX resources of all
 * requests under way; who comes beyond is told to ask again (7 REQUEST_TIMED_OUT). parking.h bounds
 * the requests.
 */
#ifndef PENSTOCK_CONFIG_CHANGES_H
#define PENSTOCK_CONFIG_CHANGES_H

#include "control/calls/kafka_request.h"
#include "control/calls/parking.h"
#include "control/catalog/registry.h"
#include "dataplane/wire/kafka/msg_incremental_alter_configs.h"

/* There are not as many settings. */
enum { CONFIG_CHANGES_MAX = 256 };

struct config_changes {
	struct registry *registry;
	struct parking *parking;
	unsigned under_way;
};

void config_changes_init(struct config_changes *c, struct registry *registry,
			 struct parking *parking);

/* One setting. */
struct config_change {
	struct bytes name;
	struct bytes value;
	int8_t operation; /* enum config_operation */
};

/* One resource of a request. */
struct config_wanted {
	struct bytes resource_name;
	const struct config_change *changes;
	int32_t count;
	int8_t resource_type;
};

/* What of a request is the same for all its resources. */
struct config_wish {
	const struct kafka_message *answer;
	bool replaces; /* settings that it does not name are the gateway's own again */
	bool validate_only;
};

/* The items and their changes lie in the request's arena. */
enum kafka_outcome config_changes_begin(struct config_changes *c, struct kafka_request *r,
					const struct config_wish *wish,
					const struct config_wanted *wanted, int32_t count);

#endif
