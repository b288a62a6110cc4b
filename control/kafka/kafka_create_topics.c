/* kafka_create_topics.c - CreateTopics: names, numbers and settings in, topics out; see
 * kafka_change.h. */
#include "control/kafka/kafka_change.h"
#include "control/kafka/kafka_handlers.h"
#include "control/kafka/setting_list.h"

#include "config/topic_name.h"
#include "dataplane/wire/kafka/msg_create_topics.h"

enum {
	DEFAULT = -1,
	/* Settings are a kilobyte and more of each topic. So many are told in the 1 MiB that a
	 * poller has for answers at least; a longer answer would cost its connection, with all
	 * that it names made. */
	SETTINGS_TOLD_MAX = 512,
};

static const struct create_topics_request_topic *topic_at(const void *request, uint32_t i)
{
	const struct create_topics_request *q = request;
	return &q->topics.items[i];
}

static int32_t count(const void *request)
{
	return ((const struct create_topics_request *)request)->topics.count;
}

static int32_t timeout_ms(const void *request)
{
	return ((const struct create_topics_request *)request)->timeout_ms;
}

static struct kafka_change_key key(const void *request, uint32_t i)
{
	return (struct kafka_change_key){.name = topic_at(request, i)->name};
}

/* ---- what is asked for -------------------------------------------------------------------- */

/* Who holds what: with one broker there is one way to say it. */
static bool assignments_are_good(struct kafka_change *c, uint32_t i,
				 const struct create_topics_request_topic *t)
{
	int32_t node = registry_node_id(c->changes->registry);
	uint8_t seen[PARTITIONS_MAX / 8] = {0};
	if (t->num_partitions != DEFAULT || t->replication_factor != DEFAULT)
		return kafka_change_refuse(c, i, KAFKA_ERROR_INVALID_REQUEST,
					   "with assignments, the number of partitions and the "
					   "replication factor must be -1");
	for (int32_t a = 0; a < t->assignments.count; a++) {
		const struct create_topics_assignment *at = &t->assignments.items[a];
		int32_t p = at->partition_index;
		if (at->broker_ids.count != 1 || at->broker_ids.items[0] != node)
			return kafka_change_refuse(c, i, KAFKA_ERROR_INVALID_REPLICA_ASSIGNMENT,
						   "partition %d: its replicas must be [%d], the "
						   "only broker", p, node);
		if (p < 0 || p >= t->assignments.count || p >= PARTITIONS_MAX)
			return kafka_change_refuse(c, i, KAFKA_ERROR_INVALID_REPLICA_ASSIGNMENT,
						   "partition %d: partitions are numbered from 0, "
						   "without gaps", p);
		if (seen[p / 8] & 1 << p % 8)
			return kafka_change_refuse(c, i, KAFKA_ERROR_INVALID_REPLICA_ASSIGNMENT,
						   "partition %d is assigned more than once", p);
		seen[p / 8] |= (uint8_t)(1 << p % 8);
	}
	return true;
}

/* The registry would take a null for "the gateway's own". */
static bool put_settings(struct kafka_change *c, uint32_t i,
			 const struct create_topics_request_topic *t, struct setting_list *out)
{
	for (int32_t k = 0; k < t->configs.count; k++) {
		const struct create_topics_config *config = &t->configs.items[k];
		int size = (int)min_size(config->name.size, TOPIC_NAME_BYTES_MAX);
		const char *why = config->value.data
					  ? setting_list_add(out, config->name, config->value)
					  : "a null is no value";
		if (why)
			return kafka_change_refuse(c, i, KAFKA_ERROR_INVALID_CONFIG, "%.*s: %s",
						   size, (const char *)config->name.data, why);
	}
	return true;
}

static bool ask(struct kafka_change *c, uint32_t i)
{
	const struct create_topics_request *q = c->request;
	const struct create_topics_request_topic *t = topic_at(q, i);
	bool is_assigned = t->assignments.count > 0;
	char name[TOPIC_NAME_BYTES_MAX + 1];
	if (!kafka_change_name(t->name, name))
		return kafka_change_refuse(c, i, KAFKA_ERROR_INVALID_TOPIC_EXCEPTION,
					   "topic name: %s", topic_name_fault(t->name));
	struct setting_list settings = {.count = 0};
	bool is_good = (!is_assigned || assignments_are_good(c, i, t)) &&
		       put_settings(c, i, t, &settings);
	struct registry_request request = {
		.name = name,
		.partitions = is_assigned ? t->assignments.count : t->num_partitions,
		.replication_factor = t->replication_factor,
		.settings = settings.items,
		.setting_count = settings.count,
		.validate_only = q->validate_only};
	if (is_assigned)
		request.replication_factor = 1;
	kafka_change_job(c, i, &request);
	if (is_good)
		registry_create_topic(c->changes->registry, &request);
	setting_list_free(&settings);
	return is_good;
}

/* ---- what is answered --------------------------------------------------------------------- */

/* A text that ends with the answer; null: the arena is full. */
static bool copy_text(struct kafka_request *r, const char *text, struct bytes *ret)
{
	size_t size = strlen(text);
	uint8_t *copy = kafka_request_take(r, size, 1);
	if (copy)
		memcpy(copy, text, size);
	*ret = (struct bytes){copy, size};
	return copy != NULL;
}

/* As DescribeConfigs would tell them. */
static bool tell_settings(struct kafka_request *r, const struct topic_settings *settings,
			  struct create_topics_topic *out)
{
	const struct live_settings *live = registry_settings(r->options->registry);
	struct create_topics_setting *items =
		kafka_request_take(r, TOPIC_SETTINGS, sizeof *items);
	bool fits = items != NULL;
	for (unsigned s = 0; s < TOPIC_SETTINGS && fits; s++) {
		char text[SETTING_TEXT_BYTES];
		const char *name = topic_setting_key(s);
		items[s].name = (struct bytes){(const uint8_t *)name, strlen(name)};
		items[s].config_source = (int8_t)topic_setting_source(live, settings, s);
		fits = copy_text(r, topic_setting_text(settings, s, text, sizeof text),
				 &items[s].value);
	}
	out->configs.items = items;
	out->configs.count = TOPIC_SETTINGS;
	return fits;
}

/* Kafka's way to say that they are not told. */
static void leave_out_settings(struct create_topics_topic *out)
{
	out->topic_config_error_code = KAFKA_ERROR_POLICY_VIOLATION;
	out->configs.count = -1;
}

/* False: the arena is full. */
static bool tell(struct kafka_request *r, const struct kafka_change *c, uint32_t i,
		 bool with_settings, struct create_topics_topic *out)
{
	const struct registry_result *result = c->items[i].result;
	*out = (struct create_topics_topic){.name = topic_at(c->request, i)->name,
					    .error_code = kafka_change_error(c, i),
					    .error_message = kafka_change_message(c, i),
					    .num_partitions = -1,
					    .replication_factor = -1};
	if (out->error_code)
		return true;
	out->num_partitions = result->partitions;
	out->replication_factor = 1;
	memcpy(out->topic_id, result->id, sizeof out->topic_id);
	if (with_settings)
		return tell_settings(r, &result->settings, out);
	leave_out_settings(out);
	return true;
}

static enum kafka_outcome answer(struct kafka_request *r, const struct kafka_change *c)
{
	uint32_t answers = kafka_change_answers(c), n = 0;
	struct create_topics_topic *items = kafka_request_take(r, answers, sizeof *items);
	bool fits = items != NULL, with_settings = answers <= SETTINGS_TOLD_MAX;
	for (uint32_t i = 0; i < c->count && fits; i++)
		if (!c->items[i].is_repeated)
			fits = tell(r, c, i, with_settings, &items[n++]);
	if (!fits)
		return KAFKA_CLOSE;
	struct create_topics_response response = {
		.throttle_time_ms = kafka_change_throttle_ms(c),
		.topics = {items, (int32_t)answers}};
	return kafka_request_answer(r, &create_topics_response, r->header.api_version, &response);
}

enum kafka_outcome kafka_handle_create_topics(struct kafka_request *r)
{
	static const struct kafka_change_kind kind = {
		.request = &create_topics_request,
		.request_bytes = sizeof(struct create_topics_request),
		.throttled_since = 6, .jobs_max = CHANGE_CREATIONS_AT_ONCE,
		.count = count, .timeout_ms = timeout_ms, .key = key, .ask = ask, .answer = answer};
	return kafka_change(r, &kind);
}
