/* kafka_delete_topics.c - DeleteTopics: names and ids in, what has gone out; see kafka_change.h. */
#include "control/kafka/kafka_change.h"
#include "control/kafka/kafka_handlers.h"

#include "dataplane/wire/kafka/msg_delete_topics.h"

/* Before it, clients do not know TOPIC_DELETION_DISABLED. */
enum { DELETION_DISABLED_SINCE = 3 };

enum { BY_NAME, BY_ID }; /* how a topic is named */

/* Topics are named in one list or in the other, depending on the version. */
static struct delete_topics_request_topic topic_at(const void *request, uint32_t i)
{
	const struct delete_topics_request *q = request;
	if (q->topics.count > 0)
		return q->topics.items[i];
	return (struct delete_topics_request_topic){.name = q->topic_names.items[i]};
}

static bool has_id(const struct delete_topics_request_topic *t)
{
	static const uint8_t none[KAFKA_UUID_BYTES];
	return memcmp(t->topic_id, none, sizeof none) != 0;
}

static int32_t count(const void *request)
{
	const struct delete_topics_request *q = request;
	return q->topics.count > 0 ? q->topics.count : q->topic_names.count;
}

static int32_t timeout_ms(const void *request)
{
	return ((const struct delete_topics_request *)request)->timeout_ms;
}

static struct kafka_change_key key(const void *request, uint32_t i)
{
	const struct delete_topics_request *q = request;
	if (q->topics.count > 0 && !q->topics.items[i].name.data)
		return (struct kafka_change_key){
			BY_ID, {q->topics.items[i].topic_id, KAFKA_UUID_BYTES}};
	return (struct kafka_change_key){BY_NAME, topic_at(request, i).name};
}

static bool ask(struct kafka_change *c, uint32_t i)
{
	struct delete_topics_request_topic t = topic_at(c->request, i);
	struct registry_request request = {.name = "", .partitions = -1};
	char name[TOPIC_NAME_BYTES_MAX + 1];
	if (has_id(&t) == (t.name.data != NULL))
		return kafka_change_refuse(c, i, KAFKA_ERROR_INVALID_REQUEST,
					   "a topic is named by its name or by its id");
	if (has_id(&t))
		request.id = t.topic_id;
	else if (kafka_change_name(t.name, name))
		request.name = name;
	else
		return kafka_change_refuse(c, i, KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION,
					   "no topic can have this name");
	kafka_change_job(c, i, &request);
	registry_delete_topic(c->changes->registry, &request);
	return true;
}

/* A topic that was found is told by both of its names. */
static void tell(const struct kafka_change *c, uint32_t i, int version,
		 struct delete_topics_topic *out)
{
	struct delete_topics_request_topic t = topic_at(c->request, i);
	const struct registry_result *result = c->items[i].result;
	bool was_found = result && result->name[0];
	*out = (struct delete_topics_topic){.name = t.name,
					    .error_code = kafka_change_error(c, i),
					    .error_message = kafka_change_message(c, i)};
	memcpy(out->topic_id, was_found ? result->id : t.topic_id, sizeof out->topic_id);
	if (was_found)
		out->name = (struct bytes){(const uint8_t *)result->name, strlen(result->name)};
	if (out->error_code == KAFKA_ERROR_TOPIC_DELETION_DISABLED &&
	    version < DELETION_DISABLED_SINCE)
		out->error_code = KAFKA_ERROR_INVALID_REQUEST;
}

static enum kafka_outcome answer(struct kafka_request *r, const struct kafka_change *c)
{
	uint32_t answers = kafka_change_answers(c), n = 0;
	struct delete_topics_topic *items = kafka_request_take(r, answers, sizeof *items);
	if (!items)
		return KAFKA_CLOSE;
	for (uint32_t i = 0; i < c->count; i++)
		if (!c->items[i].is_repeated)
			tell(c, i, r->header.api_version, &items[n++]);
	struct delete_topics_response response = {
		.throttle_time_ms = kafka_change_throttle_ms(c),
		.responses = {items, (int32_t)answers}};
	return kafka_request_answer(r, &delete_topics_response, r->header.api_version, &response);
}

enum kafka_outcome kafka_handle_delete_topics(struct kafka_request *r)
{
	static const struct kafka_change_kind kind = {
		.request = &delete_topics_request,
		.request_bytes = sizeof(struct delete_topics_request),
		.throttled_since = 5, .jobs_max = 1,
		.count = count, .timeout_ms = timeout_ms, .key = key, .ask = ask, .answer = answer};
	return kafka_change(r, &kind);
}
