/* rpc_topics.c - topic.*: requests to jobs of the registry, its entries to JSON. */
#include "control/rpc/rpc_topics.h"
#include "control/catalog/uuid.h"
#include "control/rpc/rpc_call.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/kafka_error.h"

#include <stdlib.h>

enum { CONFIG_KEYS_MAX = 64, CONFIG_TEXT_BYTES = 64 };

static json_t *partition_json(const struct rpc *r, const struct registry_topic *t,
			      uint32_t p)
{
	struct log_marks m;
	const struct registry *registry = r->options.registry;
	registry_marks(registry, t, p, &m);
	return json_pack("{s:i, s:I, s:I, s:I, s:I, s:b, s:b, s:s}", "partition", (int)p,
			 "log_start_offset", (json_int_t)m.log_start_offset,
			 "high_watermark", (json_int_t)m.high_watermark, "log_end_offset",
			 (json_int_t)m.log_end_offset, "size_bytes",
			 (json_int_t)m.size_bytes, "is_offline",
			 (int)registry_is_offline(registry, t, p), "is_fenced",
			 (int)m.is_fenced, "fault",
			 registry_partition_fault(registry, t, p));
}

/* The source is told because it says what a change of the gateway's setting will do: a value
 * of the topic's own stays, the others follow at the next start. */
static json_t *config_json(const struct registry_topic *t)
{
	json_t *config = json_object();
	for (unsigned i = 0; i < TOPIC_SETTINGS; i++) {
		char text[SETTING_TEXT_BYTES];
		topic_setting_text(&t->settings, i, text, sizeof text);
		json_object_set_new(
			config, topic_setting_key(i),
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

/* The message is for people, and Kafka's name of the error beside it for programs. */
static void refuse(struct rpc_call *call, int16_t error, const char *message)
{
	rpc_fail(call, RPC_REFUSED, "%s", message);
	call->kafka_error = kafka_error_name(error);
}

void rpc_topic_describe(struct rpc_call *call)
{
	const char *name = name_of(call);
	struct bytes bytes = {(const uint8_t *)name, strlen(name)};
	const struct registry_topic *t =
		registry_find(call->rpc->options.registry, bytes);
	if (t) {
		call->result = topic_json(call->rpc, t);
		return;
	}
	char message[400];
	snprintf(message, sizeof message,
		 "there is no topic %.249s; `topic list` shows those there are", name);
	refuse(call, KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION, message);
}

/* The client of a wait, if it is still the one that asked. */
static struct rpc_client *waiting_client(const struct rpc_wait *wait)
{
	if (!wait->rpc)
		return NULL;
	struct rpc_client *c = &wait->rpc->clients[wait->client];
	return c->fd >= 0 && c->generation == wait->generation ? c : NULL;
}

/* The job is done whether or not the client that asked is still there to hear of it. */
static void job_done(void *owner, const struct registry_result *result)
{
	struct rpc_wait *wait = owner;
	struct rpc_client *c = waiting_client(wait);
	if (c) {
		struct rpc_call call = {.rpc = wait->rpc, .client = c, .id = wait->id};
		if (result->error)
			refuse(&call, result->error, result->message);
		else if (result->topic && wait->wants_topic)
			call.result = topic_json(wait->rpc, result->topic);
		else
			call.result = json_object();
		c->is_waiting = false;
		rpc_answer(&call);
	}
	if (wait->rpc)
		list_remove(&wait->node);
	json_decref(wait->id);
	free(wait);
}

/* A setting's value may come as text, number or truth. */
static bool value_text(const json_t *value, char *out, size_t size)
{
	int n = (int)size;
	if (json_is_string(value))
		n = snprintf(out, size, "%s", json_string_value(value));
	else if (json_is_integer(value))
		n = snprintf(out, size, "%lld", (long long)json_integer_value(value));
	else if (json_is_boolean(value))
		n = snprintf(out, size, "%s", json_is_true(value) ? "true" : "false");
	return (size_t)n < size;
}

struct config {
	struct registry_setting settings[CONFIG_KEYS_MAX];
	char texts[CONFIG_KEYS_MAX][CONFIG_TEXT_BYTES];
	unsigned count;
};

/* What is read points into the request and the caller's frame, both gone when the job runs:
 * the registry copies it (registry_jobs.c). */
static bool read_config(struct rpc_call *call, struct config *ret)
{
	const char *key;
	json_t *value;
	json_object_foreach(json_object_get(call->params, "config"), key, value)
	{
		if (ret->count == CONFIG_KEYS_MAX) {
			rpc_fail(call, RPC_INVALID_PARAMS, "config has more than %d keys",
				 CONFIG_KEYS_MAX);
			return false;
		}
		char *text = ret->texts[ret->count];
		bool is_reset = json_is_null(value);
		if (!is_reset && !value_text(value, text, CONFIG_TEXT_BYTES)) {
			rpc_fail(call, RPC_INVALID_PARAMS,
				 "config.%s is no short text, whole number or truth",
				 key);
			return false;
		}
		ret->settings[ret->count++] =
			(struct registry_setting){key, is_reset ? NULL : text};
	}
	return true;
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

/* Until the job is over nothing more is read from the client: its answers keep the order of its
 * requests. */
static void begin(struct rpc_call *call, struct registry_request *request,
		  bool wants_topic,
		  void (*ask)(struct registry *, const struct registry_request *))
{
	struct rpc *r = call->rpc;
	struct rpc_wait *wait = calloc(1, sizeof *wait);
	require(wait);
	wait->rpc = r;
	wait->client = (unsigned)(call->client - r->clients);
	wait->generation = call->client->generation;
	wait->id = json_incref(call->id);
	wait->wants_topic = wants_topic;
	list_append(&r->waits, &wait->node);
	call->is_waiting = true;
	call->client->is_waiting = true;
	request->name = name_of(call);
	request->validate_only =
		json_is_true(json_object_get(call->params, "validate_only"));
	request->done = job_done;
	request->owner = wait;
	ask(r->options.registry, request);
}

void rpc_topic_create(struct rpc_call *call)
{
	struct config config = {.count = 0};
	struct registry_request request = {.settings = config.settings};
	if (!read_config(call, &config) ||
	    !read_count(call, "partitions", &request.partitions) ||
	    !read_count(call, "replication_factor", &request.replication_factor))
		return;
	request.setting_count = config.count;
	begin(call, &request, true, registry_create_topic);
}

void rpc_topic_alter(struct rpc_call *call)
{
	struct config config = {.count = 0};
	struct registry_request request = {.settings = config.settings};
	if (!read_config(call, &config) ||
	    !read_count(call, "partitions", &request.partitions))
		return;
	if (config.count == 0 && request.partitions == -1) {
		rpc_fail(call, RPC_INVALID_PARAMS,
			 "nothing to alter: give partitions or config");
		return;
	}
	request.setting_count = config.count;
	begin(call, &request, true, registry_alter_topic);
}

void rpc_topic_delete(struct rpc_call *call)
{
	struct registry_request request = {.partitions = -1};
	begin(call, &request, false, registry_delete_topic);
}
