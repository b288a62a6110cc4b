/* rpc_records.c - records.delete: where a log is to start in, an errand of the registry, where it
 * does out. */
#include "control/rpc/rpc_records.h"
#include "control/rpc/rpc_call.h"
#include "control/rpc/rpc_change.h"
#include "control/rpc/rpc_topics.h"
#include "dataplane/wire/kafka/kafka_error.h"

static const char *sentence(int16_t error)
{
	switch (error) {
	case KAFKA_ERROR_OFFSET_OUT_OF_RANGE:
		return "the offset lies above the high watermark, up to which records may go";
	case KAFKA_ERROR_INVALID_TOPIC_EXCEPTION:
		return "the topic is the gateway's own: its records stay";
	case KAFKA_ERROR_POLICY_VIOLATION:
		return "the topic is compacted (cleanup.policy): its records go by their keys";
	case KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION:
		return "the partition is gone";
	default:
		return "the partition takes no change: `topic describe` shows why";
	}
}

static void show_start(struct rpc_call *call, const struct registry_result *result)
{
	const struct registry_part *part = result->parts;
	if (part->error)
		rpc_refuse(call, part->error, sentence(part->error));
	else
		call->result = json_pack("{s:I, s:I}", "partition", (json_int_t)part->partition,
					 "log_start_offset", (json_int_t)part->log_start_offset);
}

static json_int_t number_of(const struct rpc_call *call, const char *name)
{
	return json_integer_value(json_object_get(call->params, name));
}

/* A start is on disk before anybody is told of it (registry_records.c). */
void rpc_records_delete(struct rpc_call *call)
{
	char message[400];
	const struct registry_topic *t = rpc_find_topic(call);
	json_int_t partition = number_of(call, "partition");
	if (!t)
		return;
	if (partition < 0 || partition >= t->topic.partitions) {
		snprintf(message, sizeof message, "%.249s has %u partitions, from 0 on",
			 t->topic.name, t->topic.partitions);
		rpc_refuse(call, KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION, message);
		return;
	}
	struct registry_part part = {.partition = (uint32_t)partition,
				     .offset = number_of(call, "offset")};
	memcpy(part.topic_id, t->topic.id, sizeof part.topic_id);
	registry_send(call->rpc->options.registry, REGISTRY_DELETE_RECORDS, &part, 1,
		      rpc_job_done, rpc_await(call, show_start));
}
