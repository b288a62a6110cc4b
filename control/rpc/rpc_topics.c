/* rpc_topics.c - topic.*: requests to jobs of the registry, its entries to JSON. */
#include "control/rpc/rpc_topics.h"
#include "control/catalog/uuid.h"
#include "control/rpc/rpc_call.h"
#include "control/rpc/rpc_change.h"
#include "dataplane/wire/kafka/kafka_error.h"

static json_t *partition_json(const struct rpc *r, const struct registry_topic *t,
			      uint32_t p)
{
	struct log_marks m;
	const struct registry *registry = r->options.registry;
	char since[RPC_TIME_BYTES], way_out[REGISTRY_WAY_OUT_BYTES];
	registry_marks(registry, t, p, &m);
	return json_pack("{s:i, s:I, s:I, s:I, s:I, s:b, s:b, s:s, s:s, s:s}", "partition", (int)p,
			 "log_start_offset", (json_int_t)m.log_start_offset,
			 "high_watermark", (json_int_t)m.high_watermark, "log_end_offset",
			 (json_int_t)m.log_end_offset, "size_bytes",
			 (json_int_t)m.size_bytes, "is_offline",
			 (int)registry_is_offline(registry, t, p), "is_fenced",
			 (int)m.is_fenced, "fault", registry_partition_fault(registry, t, p),
			 "failed_since", rpc_time(registry_failed_ms(t, p), since), "way_out",
			 registry_way_out(registry, t, p, way_out));
}

/* The source is told because it says what a change of the gateway's setting will do: a value
 * of the topic's own stays, the others follow. Of what is not applied only that is shown which the
 * topic was told. */
static json_t *config_json(const struct registry_topic *t)
{
	json_t *config = json_object();
	for (unsigned i = 0; i < TOPIC_SETTINGS; i++) {
		char text[SETTING_TEXT_BYTES];
		if (i >= TOPIC_SETTINGS_APPLIED && !t->settings.is_set[i])
			continue;
		topic_setting_text(&t->settings, (enum topic_setting_id)i, text, sizeof text);
		json_object_set_new(
			config, topic_setting_key((enum topic_setting_id)i),
			json_pack("{s:s, s:s}", "value", text, "source",
				  t->settings.is_set[i] ? "topic" : "gateway"));
	}
	return config;
}

static json_t *topic_json(const struct rpc *r, const struct registry_topic *t)
{
	char id[UUID_TEXT_BYTES];
	json_t *partitions = json_array();
	for (uint32_t p = 0; p < t->topic.partitions; p++)
		json_array_append_new(partitions, partition_json(r, t, p));
	return json_pack("{s:s, s:s, s:o, s:o}", "name", t->topic.name, "id",
			 uuid_format(t->topic.id, id), "partitions", partitions, "config",
			 config_json(t));
}

/* `records` are offsets: a log that Kafka's cleaner compacted holds fewer. */
void rpc_topic_list(struct rpc_call *call)
{
	struct registry *registry = call->rpc->options.registry;
	json_t *topics = json_array();
	for (unsigned i = 0; i < registry_count(registry); i++) {
		const struct registry_topic *t = registry_at(registry, i);
		char id[UUID_TEXT_BYTES];
		json_int_t records = 0, bytes = 0;
		int offline = 0;
		for (uint32_t p = 0; p < t->topic.partitions; p++) {
			struct log_marks m;
			registry_marks(registry, t, p, &m);
			records += m.high_watermark - m.log_start_offset;
			bytes += (json_int_t)m.size_bytes;
			offline += registry_is_offline(registry, t, p);
		}
		json_array_append_new(
			topics, json_pack("{s:s, s:s, s:i, s:i, s:I, s:I}", "name",
					  t->topic.name, "id", uuid_format(t->topic.id, id),
					  "partitions", (int)t->topic.partitions,
					  "partitions_offline", offline, "records", records,
					  "size_bytes", bytes));
	}
	call->result = json_pack("{s:o}", "topics", topics);
}

static const char *name_of(const struct rpc_call *call)
{
	return json_string_value(json_object_get(call->params, "name"));
}

const struct registry_topic *rpc_find_topic(struct rpc_call *call)
{
	char message[400];
	const char *name = name_of(call);
	struct bytes bytes = {(const uint8_t *)name, strlen(name)};
	const struct registry_topic *t = registry_find(call->rpc->options.registry, bytes);
	if (t)
		return t;
	snprintf(message, sizeof message,
		 "there is no topic %.249s; `topic list` shows those there are", name);
	rpc_refuse(call, KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION, message);
	return NULL;
}

void rpc_topic_describe(struct rpc_call *call)
{
	const struct registry_topic *t = rpc_find_topic(call);
	if (t)
		call->result = topic_json(call->rpc, t);
}

/* Of what was only to be checked nothing is shown. */
static void show_topic(struct rpc_call *call, const struct registry_result *result)
{
	call->result = result->topic ? topic_json(call->rpc, result->topic) : json_object();
}

/* False, and the call failed: not a number of that size. */
static bool read_count(struct rpc_call *call, const char *name, int32_t *ret)
{
	json_t *value = json_object_get(call->params, name);
	json_int_t number = value ? json_integer_value(value) : -1;
	if (value && (number < 0 || number > INT32_MAX)) {
		rpc_fail(call, RPC_INVALID_PARAMS, "%s is %lld: expected a count", name,
			 (long long)number);
		return false;
	}
	*ret = (int32_t)number;
	return true;
}

void rpc_topic_create(struct rpc_call *call)
{
	struct rpc_config config = {.count = 0};
	struct registry_request request = {.name = name_of(call), .settings = config.settings};
	if (!rpc_read_config(call, &config) ||
	    !read_count(call, "partitions", &request.partitions) ||
	    !read_count(call, "replication_factor", &request.replication_factor))
		return;
	request.setting_count = config.count;
	rpc_begin(call, &request, show_topic, registry_create_topic);
}

void rpc_topic_alter(struct rpc_call *call)
{
	struct rpc_config config = {.count = 0};
	struct registry_request request = {.name = name_of(call), .settings = config.settings};
	if (!rpc_read_config(call, &config) ||
	    !read_count(call, "partitions", &request.partitions))
		return;
	if (config.count == 0 && request.partitions == -1) {
		rpc_fail(call, RPC_INVALID_PARAMS,
			 "nothing to alter: give partitions or config");
		return;
	}
	request.setting_count = config.count;
	rpc_begin(call, &request, show_topic, registry_alter_topic);
}

void rpc_topic_delete(struct rpc_call *call)
{
	struct registry_request request = {.name = name_of(call), .partitions = -1};
	rpc_begin(call, &request, NULL, registry_delete_topic);
}
