/* kafka_alter_configs.c - AlterConfigs and IncrementalAlterConfigs: topics and brokers with
 * settings in, what became of each out; see kafka_change.h.
 *
 * AlterConfigs sets what it names, and all else of a resource is the gateway's own again.
 * IncrementalAlterConfigs sets single settings, takes them back, and changes lists; all else
 * stays. */
#include "control/kafka/config_list.h"
#include "control/kafka/config_resource.h"
#include "control/kafka/kafka_change.h"
#include "control/kafka/kafka_handlers.h"
#include "control/kafka/setting_list.h"

#include "dataplane/wire/kafka/msg_incremental_alter_configs.h"

/* Neither is throttled, in any version. */
enum { NEVER_THROTTLED = INT16_MAX };

/* A resource while its job is put together. */
struct making {
	struct kafka_change *change;
	uint32_t i;
	struct config_resource found;
	struct setting_list settings;
};

static const struct alter_configs_request_resource *resource_at(const void *request, uint32_t i)
{
	const struct alter_configs_request *q = request;
	return &q->resources.items[i];
}

static int32_t count(const void *request)
{
	return ((const struct alter_configs_request *)request)->resources.count;
}

/* No request says how long it waits. */
static int32_t timeout_ms(const void *request)
{
	return CHANGE_WAIT_MS_MAX;
}

static struct kafka_change_key key(const void *request, uint32_t i)
{
	const struct alter_configs_request_resource *asked = resource_at(request, i);
	return (struct kafka_change_key){asked->resource_type, asked->resource_name};
}

/* ---- what is asked for -------------------------------------------------------------------- */

static bool refuse(struct making *m, int16_t error, struct bytes name, const char *why)
{
	return kafka_change_refuse(m->change, m->i, error, "%.*s: %s",
				   (int)min_size(name.size, TOPIC_NAME_BYTES_MAX),
				   (const char *)name.data, why);
}

static bool put(struct making *m, struct bytes name, struct bytes value)
{
	const char *why = setting_list_add(&m->settings, name, value);
	return !why || refuse(m, KAFKA_ERROR_INVALID_CONFIG, name, why);
}

static bool is_list(const struct making *m, const char *name)
{
	int id = m->found.topic ? topic_setting_find(name) : gateway_setting_find(name);
	if (id < 0)
		return true; /* the registry says that there is no such key */
	return (m->found.topic ? topic_setting_view((unsigned)id)
			       : gateway_setting_view((unsigned)id))
		       .kind == SETTING_KIND_LIST;
}

/* Of the setting that was put last: its items become the list that is asked for, from the one that
 * is there. The gateway's own lists are read at start, which the registry says whatever they would
 * be. */
static bool put_list(struct making *m, struct bytes name, bool appends)
{
	const struct registry_setting *s = &m->settings.items[m->settings.count - 1];
	int id = m->found.topic ? topic_setting_find(s->key) : -1;
	char now[SETTING_TEXT_BYTES] = "", wanted[SETTING_TEXT_BYTES];
	if (!is_list(m, s->key))
		return refuse(m, KAFKA_ERROR_INVALID_CONFIG, name,
			      "it is no list: nothing can be appended or subtracted; set it");
	if (id >= 0)
		topic_setting_text(&m->found.topic->settings, (enum topic_setting_id)id, now,
				   sizeof now);
	if (!(appends ? config_list_append : config_list_subtract)(now, s->value, wanted,
								    sizeof wanted))
		return refuse(m, KAFKA_ERROR_INVALID_CONFIG, name, "the list is too long");
	setting_list_replace(&m->settings, wanted);
	return true;
}

/* Of two changes of one setting either may be meant. */
static bool put_change(struct making *m, const struct alter_configs_request_config *asked)
{
	int8_t operation = asked->config_operation;
	bool is_list_change = operation == CONFIG_APPEND || operation == CONFIG_SUBTRACT;
	if (operation < 0 || operation >= CONFIG_OPERATIONS)
		return refuse(m, KAFKA_ERROR_INVALID_REQUEST, asked->name,
			      "no such operation: 0 sets, 1 deletes, 2 appends, 3 subtracts");
	if (operation != CONFIG_DELETE && !asked->value.data)
		return refuse(m, KAFKA_ERROR_INVALID_REQUEST, asked->name,
			      "a null value is not taken: delete the setting instead");
	if (setting_list_has(&m->settings, asked->name))
		return refuse(m, KAFKA_ERROR_INVALID_REQUEST, asked->name, "it is there twice");
	return put(m, asked->name, operation == CONFIG_DELETE ? (struct bytes){0} : asked->value) &&
	       (!is_list_change || put_list(m, asked->name, operation == CONFIG_APPEND));
}

static void begin(struct making *m)
{
	struct registry *registry = m->change->changes->registry;
	const struct kafka_message *message = m->change->kind->request;
	const struct alter_configs_request *q = m->change->request;
	struct registry_request request = {.partitions = -1,
					   .settings = m->settings.items,
					   .setting_count = m->settings.count,
					   .replaces = message == &alter_configs_request,
					   .validate_only = q->validate_only};
	kafka_change_job(m->change, m->i, &request);
	if (m->found.topic) {
		request.name = m->found.topic->topic.name;
		registry_alter_topic(registry, &request);
	} else {
		registry_alter_settings(registry, m->found.scope, &request);
	}
}

static bool ask(struct kafka_change *c, uint32_t i)
{
	const struct alter_configs_request_resource *asked = resource_at(c->request, i);
	struct making m = {.change = c, .i = i};
	config_resource_find(c->changes->registry, asked->resource_type, asked->resource_name,
			     &m.found);
	if (m.found.error)
		return kafka_change_refuse(c, i, m.found.error, "%s", m.found.message);
	bool is_good = true;
	for (int32_t k = 0; k < asked->configs.count && is_good; k++)
		is_good = put_change(&m, &asked->configs.items[k]);
	if (is_good)
		begin(&m);
	setting_list_free(&m.settings);
	return is_good;
}

/* ---- what is answered --------------------------------------------------------------------- */

static enum kafka_outcome tell(struct kafka_request *r, const struct kafka_change *c,
			       const struct kafka_message *message)
{
	uint32_t answers = kafka_change_answers(c), n = 0;
	struct alter_configs_result *items = kafka_request_take(r, answers, sizeof *items);
	if (!items)
		return KAFKA_CLOSE;
	for (uint32_t i = 0; i < c->count; i++)
		if (!c->items[i].is_repeated)
			items[n++] = (struct alter_configs_result){
				kafka_change_error(c, i), kafka_change_message(c, i),
				resource_at(c->request, i)->resource_type,
				resource_at(c->request, i)->resource_name};
	struct alter_configs_response response = {.responses = {items, (int32_t)answers}};
	return kafka_request_answer(r, message, r->header.api_version, &response);
}

static enum kafka_outcome answer(struct kafka_request *r, const struct kafka_change *c)
{
	return tell(r, c, &alter_configs_response);
}

static enum kafka_outcome answer_incremental(struct kafka_request *r, const struct kafka_change *c)
{
	return tell(r, c, &incremental_alter_configs_response);
}

enum kafka_outcome kafka_handle_alter_configs(struct kafka_request *r)
{
	static const struct kafka_change_kind kind = {
		.request = &alter_configs_request,
		.request_bytes = sizeof(struct alter_configs_request),
		.throttled_since = NEVER_THROTTLED, .jobs_max = 1,
		.count = count, .timeout_ms = timeout_ms, .key = key, .ask = ask, .answer = answer};
	return kafka_change(r, &kind);
}

enum kafka_outcome kafka_handle_incremental_alter_configs(struct kafka_request *r)
{
	static const struct kafka_change_kind kind = {
		.request = &incremental_alter_configs_request,
		.request_bytes = sizeof(struct alter_configs_request),
		.throttled_since = NEVER_THROTTLED, .jobs_max = 1,
		.count = count, .timeout_ms = timeout_ms, .key = key, .ask = ask,
		.answer = answer_incremental};
	return kafka_change(r, &kind);
}
