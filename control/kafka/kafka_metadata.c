/* kafka_metadata.c - Metadata: topics by name, by id or all; missing ones are created first.
 *
 * There is one broker, this gateway, under the address of the listener the request came
 * through: it leads every partition and is the controller. */
#include "config/topic_name.h"
#include "control/kafka/kafka_handlers.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/leader_epoch.h"
#include "dataplane/wire/kafka/msg_metadata.h"


enum { BY_ID_SINCE = 12 };

struct reply_parts {
	int32_t node_id;
	int32_t topic_operations;
	struct metadata_broker broker;
	struct metadata_response answer;
};

static bool has_id(const struct metadata_request_topic *t)
{
	static const uint8_t none[KAFKA_UUID_BYTES];
	return memcmp(t->topic_id, none, sizeof none) != 0;
}

/* ---- what is asked for ---------------------------------------------------------------- */

static bool is_all(const struct kafka_request *r, const struct metadata_request *request)
{
	return r->header.api_version == 0 ? request->topics.count == 0
					  : request->topics.count < 0;
}

/* Those without an id are alike in it and so in the order of their names, in which they may be
 * parked: kafka_parked_error() halves that list. */
static int by_id_and_name(const void *left, const void *right)
{
	const struct metadata_request_topic *a = left, *b = right;
	int order = memcmp(a->topic_id, b->topic_id, sizeof a->topic_id);
	if (order == 0 && a->name.size > 0 && b->name.size > 0)
		order = kafka_name_order(a->name, b->name);
	if (order == 0)
		order = (a->name.size > b->name.size) - (a->name.size < b->name.size);
	return order;
}

/* Each topic once: an answer grows with what there is, not with how often it is named. */
static void drop_repeated(struct metadata_request *request)
{
	struct metadata_request_topic *items = request->topics.items;
	int32_t kept = 0, count = request->topics.count;
	if (count <= 0)
		return;
	qsort(items, (size_t)count, sizeof *items, by_id_and_name);
	for (int32_t i = 0; i < count; i++)
		if (kept == 0 || by_id_and_name(&items[kept - 1], &items[i]) != 0)
			items[kept++] = items[i];
	request->topics.count = kept;
}

/* Before there are questions by id, a topic with one, or without a name, is none, and spoils all of
 * the request. */
static bool is_spoiled(const struct kafka_request *r, const struct metadata_request *request)
{
	bool is_spoiled = false;
	if (r->header.api_version < BY_ID_SINCE)
		for (int32_t i = 0; i < request->topics.count; i++)
			is_spoiled |= has_id(&request->topics.items[i]) ||
				      !request->topics.items[i].name.data;
	return is_spoiled;
}

/* As to Kafka: who asks for topics by their ids asks for none by its name. Those without an id are
 * the first. */
static void drop_names(struct metadata_request *request)
{
	int32_t count = request->topics.count, names = 0;
	if (count <= 0 || !has_id(&request->topics.items[count - 1]))
		return;
	while (!has_id(&request->topics.items[names]))
		names++;
	request->topics.items += names;
	request->topics.count -= names;
}

/* A name that no topic may have is not missing; its answer says what is wrong with it. Nor is one
 * of ours: it is made when it is needed. */
static bool is_missing(const struct kafka_request *r, const struct metadata_request_topic *t)
{
	return !has_id(t) && t->name.data && !*topic_name_fault(t->name) &&
	       !topic_name_is_internal(t->name) && !registry_find(r->options->registry, t->name);
}

/* True when topics are being created and the request has to wait. The first that may not be created
 * now ends it: those behind it are answered as missing, however many are named. */
static bool create_missing(struct kafka_request *r, const struct metadata_request *request)
{
	struct bytes names[KAFKA_CREATIONS_MAX];
	unsigned count = 0;
	if (r->parked || !request->allow_auto_topic_creation ||
	    !registry_settings(r->options->registry)->now.auto_create_topics_enable)
		return false;
	for (int32_t i = 0; i < request->topics.count && count < KAFKA_CREATIONS_MAX; i++) {
		const struct metadata_request_topic *t = &request->topics.items[i];
		if (!is_missing(r, t))
			continue;
		if (!kafka_may_create(r->creations, r, t->name))
			break;
		names[count++] = t->name;
	}
	return count > 0 && kafka_park(r->creations, r, names, count);
}

/* ---- what is answered ----------------------------------------------------------------- */

/* False when the arena is full. */
static bool describe(struct kafka_request *r, struct reply_parts *parts,
		     const struct registry_topic *topic, struct metadata_topic *out)
{
	const struct topic *t = &topic->topic;
	struct metadata_partition *items = kafka_request_take(r, t->partitions, sizeof *items);
	if (!items)
		return false;
	for (uint32_t i = 0; i < t->partitions; i++) {
		items[i].partition_index = (int32_t)i;
		items[i].leader_id = parts->node_id;
		items[i].leader_epoch = LEADER_EPOCH;
		items[i].replica_nodes.items = &parts->node_id;
		items[i].replica_nodes.count = 1;
		items[i].isr_nodes.items = &parts->node_id;
		items[i].isr_nodes.count = 1;
		/* Its leader is still the one to ask, and to hear the reason from. */
		items[i].offline_replicas.items = &parts->node_id;
		items[i].offline_replicas.count =
			registry_is_offline(r->options->registry, topic, i);
	}
	out->name = (struct bytes){(const uint8_t *)t->name, t->name_bytes};
	memcpy(out->topic_id, t->id, sizeof out->topic_id);
	out->is_internal = t->is_internal;
	out->partitions.items = items;
	out->partitions.count = (int32_t)t->partitions;
	out->topic_authorized_operations = parts->topic_operations;
	return true;
}

static int16_t why_missing(const struct kafka_request *r, const struct metadata_request_topic *t)
{
	if (has_id(t))
		return KAFKA_ERROR_UNKNOWN_TOPIC_ID;
	if (!t->name.data)
		return KAFKA_ERROR_INVALID_REQUEST;
	if (*topic_name_fault(t->name))
		return KAFKA_ERROR_INVALID_TOPIC_EXCEPTION;
	int16_t error = r->parked ? kafka_parked_error(r->parked, t->name) : KAFKA_ERROR_NONE;
	/* Not waited for, or there meanwhile and gone again: the client shall look once more. */
	if (error == KAFKA_ERROR_NONE || error == KAFKA_ERROR_TOPIC_ALREADY_EXISTS)
		error = KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION;
	return error;
}

static bool describe_asked(struct kafka_request *r, struct reply_parts *parts,
			   const struct metadata_request_topic *t, struct metadata_topic *out)
{
	const struct registry_topic *topic = NULL;
	if (has_id(t))
		topic = registry_find_id(r->options->registry, t->topic_id);
	else if (t->name.data)
		topic = registry_find(r->options->registry, t->name);
	if (topic)
		return describe(r, parts, topic, out);
	out->error_code = why_missing(r, t);
	out->name = has_id(t) ? (struct bytes){0} : t->name;
	memcpy(out->topic_id, t->topic_id, sizeof out->topic_id);
	/* What one could do to a topic of this name; nobody knows what an id was. */
	out->topic_authorized_operations = t->name.data ? parts->topic_operations
							: AUTHORIZED_UNKNOWN;
	return true;
}

static bool describe_all(struct kafka_request *r, struct reply_parts *parts)
{
	struct registry *registry = r->options->registry;
	unsigned count = registry_count(registry);
	struct metadata_topic *topics = kafka_request_take(r, count, sizeof *topics);
	bool fits = topics != NULL;
	for (unsigned i = 0; i < count && fits; i++)
		fits = describe(r, parts, registry_at(registry, i), &topics[i]);
	parts->answer.topics.items = topics;
	parts->answer.topics.count = (int32_t)count;
	return fits;
}

static bool describe_each(struct kafka_request *r, struct reply_parts *parts,
			  const struct metadata_request *request)
{
	int32_t count = request->topics.count;
	struct metadata_topic *topics = kafka_request_take(r, (size_t)count, sizeof *topics);
	bool fits = topics != NULL;
	for (int32_t i = 0; i < count && fits; i++)
		fits = describe_asked(r, parts, &request->topics.items[i], &topics[i]);
	parts->answer.topics.items = topics;
	parts->answer.topics.count = count;
	return fits;
}

static void describe_cluster(const struct kafka_request *r, const struct metadata_request *request,
			     struct reply_parts *parts)
{
	require(r->listener < LISTENERS_MAX);
	const struct kafka_api_listener *l = &r->options->listeners[r->listener];
	parts->node_id = registry_node_id(r->options->registry);
	parts->topic_operations =
		authorized_if(request->include_topic_authorized_operations, AUTHORIZED_TOPIC);
	parts->broker = (struct metadata_broker){
		.node_id = parts->node_id, .host = kafka_text(l->host), .port = l->port};
	parts->answer = (struct metadata_response){
		.brokers = {&parts->broker, 1},
		.cluster_id = kafka_text(registry_cluster_id(r->options->registry)),
		.controller_id = parts->node_id,
		.cluster_authorized_operations = authorized_if(
			request->include_cluster_authorized_operations, AUTHORIZED_CLUSTER)};
}

/* Nothing but the error: not even that we are here. */
static enum kafka_outcome answer_spoiled(struct kafka_request *r,
					 const struct metadata_request *request)
{
	int32_t count = request->topics.count;
	struct metadata_topic *topics = kafka_request_take(r, (size_t)count, sizeof *topics);
	if (!topics)
		return KAFKA_CLOSE;
	for (int32_t i = 0; i < count; i++) {
		topics[i].error_code = KAFKA_ERROR_INVALID_REQUEST;
		topics[i].name = request->topics.items[i].name;
		topics[i].topic_authorized_operations = AUTHORIZED_UNKNOWN;
	}
	struct metadata_response answer = {
		.controller_id = -1,
		.topics = {topics, count},
		.cluster_authorized_operations = AUTHORIZED_UNKNOWN};
	return kafka_request_answer(r, &metadata_response, r->header.api_version, &answer);
}

enum kafka_outcome kafka_handle_metadata(struct kafka_request *r)
{
	struct metadata_request request;
	if (!kafka_request_decode(r, &metadata_request, &request))
		return KAFKA_CLOSE;
	drop_repeated(&request);
	if (is_spoiled(r, &request))
		return answer_spoiled(r, &request);
	drop_names(&request);
	if (create_missing(r, &request))
		return KAFKA_PARKED;
	struct reply_parts parts;
	describe_cluster(r, &request, &parts);
	bool fits = is_all(r, &request) ? describe_all(r, &parts)
					: describe_each(r, &parts, &request);
	if (!fits)
		return KAFKA_CLOSE;
	return kafka_request_answer(r, &metadata_response, r->header.api_version, &parts.answer);
}
