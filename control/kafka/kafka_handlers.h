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

static inline struct bytes kafka_text(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

/* Names by their bytes, then by their sizes. */
static inline int kafka_name_order(struct bytes a, struct bytes b)
{
	size_t size = min_size(a.size, b.size);
	int order = size > 0 ? memcmp(a.data, b.data, size) : 0;
	return order ? order : (a.size > b.size) - (a.size < b.size);
}

enum kafka_outcome kafka_handle_api_versions(struct kafka_request *r);
enum kafka_outcome kafka_handle_metadata(struct kafka_request *r);
enum kafka_outcome kafka_handle_list_offsets(struct kafka_request *r);
enum kafka_outcome kafka_handle_create_topics(struct kafka_request *r);
enum kafka_outcome kafka_handle_delete_topics(struct kafka_request *r);
enum kafka_outcome kafka_handle_delete_records(struct kafka_request *r);
enum kafka_outcome kafka_handle_create_partitions(struct kafka_request *r);
enum kafka_outcome kafka_handle_describe_cluster(struct kafka_request *r);
enum kafka_outcome kafka_handle_describe_topic_partitions(struct kafka_request *r);
enum kafka_outcome kafka_handle_describe_log_dirs(struct kafka_request *r);
enum kafka_outcome kafka_handle_describe_producers(struct kafka_request *r);
enum kafka_outcome kafka_handle_elect_leaders(struct kafka_request *r);
enum kafka_outcome kafka_handle_alter_reassignments(struct kafka_request *r);
enum kafka_outcome kafka_handle_list_reassignments(struct kafka_request *r);
enum kafka_outcome kafka_handle_leader_epochs(struct kafka_request *r);
enum kafka_outcome kafka_handle_describe_configs(struct kafka_request *r);
enum kafka_outcome kafka_handle_alter_configs(struct kafka_request *r);
enum kafka_outcome kafka_handle_incremental_alter_configs(struct kafka_request *r);
enum kafka_outcome kafka_handle_sasl_handshake(struct kafka_request *r);
enum kafka_outcome kafka_handle_sasl_authenticate(struct kafka_request *r);

#endif
