/* config_changes.c - resources and their changes in, jobs of the registry, one answer out; see
 * config_changes.h. */
#include "control/kafka/config_changes.h"

#include "control/kafka/config_list.h"
#include "control/kafka/config_resource.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/kafka_error.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

struct config_parked;

/* What became of one resource. */
struct config_outcome {
	struct config_parked *parked;
	struct bytes resource_name; /* within the request's bytes */
	char *message;              /* from malloc; null: nothing is wrong */
	int16_t error;              /* enum kafka_error */
	int8_t resource_type;
};

struct config_parked {
	struct parked parked;
	struct config_changes *changes;
	const struct kafka_api_row *row;
	const struct kafka_message *answer;
	struct kafka_request_header header;
	unsigned outstanding; /* jobs; one more while they are begun */
	int32_t count;
	struct config_outcome outcomes[]; /* then the request's bytes */
};

static void outcome_set(struct config_outcome *o, int16_t error, const char *message)
{
	o->error = error;
	o->message = error ? strdup(message) : NULL;
}

/* ---- the answer -------------------------------------------------------------------------- */

static struct alter_configs_result result_of(const struct config_outcome *o)
{
	struct bytes message = {(const uint8_t *)o->message, o->message ? strlen(o->message) : 0};
	return (struct alter_configs_result){o->error, message, o->resource_type,
					     o->resource_name};
}

/* Without memory the connection ends, and the client asks anew. */
static void answer(struct config_parked *k)
{
	struct kafka_request r = {.row = k->row, .header = k->header};
	struct alter_configs_response a = {0};
	a.responses.items = calloc((size_t)k->count + 1, sizeof *a.responses.items);
	for (int32_t i = 0; i < k->count && a.responses.items; i++)
		a.responses.items[a.responses.count++] = result_of(&k->outcomes[i]);
	if (a.responses.items)
		kafka_request_answer(&r, k->answer, k->header.api_version, &a);
	free(a.responses.items);
	for (int32_t i = 0; i < k->count; i++)
		free(k->outcomes[i].message);
	parking_answer(k->changes->parking, &k->parked, r.reply, r.reply_bytes);
}

static void one_is_over(struct config_parked *k)
{
	require(k->outstanding > 0);
	if (--k->outstanding == 0)
		answer(k);
}

static void job_done(void *owner, const struct registry_result *result)
{
	struct config_outcome *o = owner;
	o->parked->changes->under_way--;
	outcome_set(o, result->error, result->message);
	one_is_over(o->parked);
}

void config_changes_init(struct config_changes *c, struct registry *registry,
			 struct parking *parking)
{
	*c = (struct config_changes){.registry = registry, .parking = parking};
}

/* ---- one resource ------------------------------------------------------------------------ */

/* A resource while its job is put together. */
struct making {
	struct kafka_request *r;
	struct config_resource found; /* its error and message are what is wrong in the end */
	struct registry_setting settings[CONFIG_CHANGES_MAX];
	unsigned count;
};

static bool refuse(struct making *m, int16_t error, const char *what, const char *key)
{
	m->found.error = error;
	snprintf(m->found.message, sizeof m->found.message, "%.64s: %s", key, what);
	return false;
}

/* A string in the arena; null: there is no room, or it has characters that no setting has. */
static const char *text_of(struct kafka_request *r, struct bytes text)
{
	char *copy = kafka_request_take(r, text.size + 1, 1);
	for (size_t i = 0; i < text.size && copy; i++)
		if (iscntrl(text.data[i]))
			return NULL;
	if (copy)
		memcpy(copy, text.data, text.size);
	return copy;
}

static bool is_list(const struct making *m, const char *key)
{
	int id = m->found.topic ? topic_setting_find(key) : gateway_setting_find(key);
	if (id < 0)
		return true; /* the registry says that there is no such key */
	return (m->found.topic ? topic_setting_view((unsigned)id)
			       : gateway_setting_view((unsigned)id))
		       .kind == SETTING_KIND_LIST;
}

/* The list that is asked for, from the one that is there. The gateway's own are read at start,
 * which the registry says whatever they would be. */
static bool put_list(struct making *m, const char *key, bool appends, const char *items)
{
	int id = m->found.topic ? topic_setting_find(key) : -1;
	char *out = kafka_request_take(m->r, SETTING_TEXT_BYTES, 1);
	char now[SETTING_TEXT_BYTES] = "";
	if (!is_list(m, key))
		return refuse(m, KAFKA_ERROR_INVALID_CONFIG,
			      "it is no list: nothing can be appended or subtracted; set it", key);
	if (id >= 0)
		topic_setting_text(&m->found.topic->settings, (enum topic_setting_id)id, now,
				   sizeof now);
	if (!out || !(appends ? config_list_append(now, items, out, SETTING_TEXT_BYTES)
			      : config_list_subtract(now, items, out, SETTING_TEXT_BYTES)))
		return refuse(m, KAFKA_ERROR_INVALID_CONFIG, "the list is too long", key);
	m->settings[m->count++] = (struct registry_setting){key, out};
	return true;
}

static bool put_change(struct making *m, const struct config_change *change)
{
	const char *key = text_of(m->r, change->name), *value = NULL;
	if (!key)
		return refuse(m, KAFKA_ERROR_INVALID_CONFIG,
			      "there is a control character in the name of a setting", "?");
	if (change->operation < 0 || change->operation >= CONFIG_OPERATIONS)
		return refuse(m, KAFKA_ERROR_INVALID_REQUEST,
			      "no such operation: 0 sets, 1 deletes, 2 appends, 3 subtracts", key);
	if (change->operation != CONFIG_DELETE) {
		if (!change->value.data)
			return refuse(m, KAFKA_ERROR_INVALID_REQUEST,
				      "a null value is not taken: delete the setting instead", key);
		value = text_of(m->r, change->value);
		if (!value)
			return refuse(m, KAFKA_ERROR_INVALID_CONFIG,
				      "there is a control character in its value", key);
	}
	if (change->operation == CONFIG_APPEND || change->operation == CONFIG_SUBTRACT)
		return put_list(m, key, change->operation == CONFIG_APPEND, value);
	m->settings[m->count++] = (struct registry_setting){key, value};
	return true;
}

/* Of two changes of one setting either may be meant. */
static bool are_distinct(struct making *m)
{
	for (unsigned i = 0; i < m->count; i++)
		for (unsigned j = 0; j < i; j++)
			if (strcmp(m->settings[i].key, m->settings[j].key) == 0)
				return refuse(m, KAFKA_ERROR_INVALID_REQUEST, "it is there twice",
					      m->settings[i].key);
	return true;
}

static bool make(struct making *m, const struct config_wanted *w)
{
	if (m->found.error)
		return false;
	if (w->count > CONFIG_CHANGES_MAX)
		return refuse(m, KAFKA_ERROR_INVALID_REQUEST, "more settings than there are",
			      "configs");
	for (int32_t i = 0; i < w->count; i++)
		if (!put_change(m, &w->changes[i]))
			return false;
	return are_distinct(m);
}

static void begin(struct config_parked *k, struct config_outcome *o, const struct making *m,
		  const struct config_wish *wish)
{
	struct config_changes *c = k->changes;
	struct registry_request request = {
		.partitions = -1, .settings = m->settings, .setting_count = m->count,
		.replaces = wish->replaces, .validate_only = wish->validate_only,
		.done = job_done, .owner = o};
	c->under_way++;
	k->outstanding++;
	if (m->found.topic) {
		request.name = m->found.topic->topic.name;
		registry_alter_topic(c->registry, &request);
	} else {
		registry_alter_settings(c->registry, m->found.scope, &request);
	}
}

static void begin_resource(struct kafka_request *r, struct config_parked *k,
			   struct config_outcome *o, const struct config_wanted *w,
			   const struct config_wish *wish)
{
	struct making m = {.r = r};
	if (k->changes->under_way >= TOPICS_MAX) {
		outcome_set(o, KAFKA_ERROR_REQUEST_TIMED_OUT,
			    "too many changes of settings are under way: ask again");
		return;
	}
	config_resource_find(k->changes->registry, w->resource_type, w->resource_name, &m.found);
	if (make(&m, w))
		begin(k, o, &m, wish);
	else
		outcome_set(o, m.found.error, m.found.message);
}

/* ---- all of them ------------------------------------------------------------------------- */

static int by_type_and_name(const void *left, const void *right)
{
	const struct config_wanted *a = *(const struct config_wanted *const *)left;
	const struct config_wanted *b = *(const struct config_wanted *const *)right;
	size_t size = min_size(a->resource_name.size, b->resource_name.size);
	int order = (a->resource_type > b->resource_type) - (a->resource_type < b->resource_type);
	if (order == 0 && size > 0)
		order = memcmp(a->resource_name.data, b->resource_name.data, size);
	if (order == 0)
		order = (a->resource_name.size > b->resource_name.size) -
			(a->resource_name.size < b->resource_name.size);
	return order;
}

/* Those that are there more than once are refused, all of them, as by Kafka. False: no room. */
static bool refuse_repeated(struct kafka_request *r, struct config_parked *k,
			    const struct config_wanted *wanted)
{
	static const char message[] = "each resource may be there only once";
	const struct config_wanted **sorted =
		kafka_request_take(r, (size_t)k->count, sizeof *sorted);
	if (!sorted)
		return false;
	for (int32_t i = 0; i < k->count; i++)
		sorted[i] = &wanted[i];
	qsort(sorted, (size_t)k->count, sizeof *sorted, by_type_and_name);
	for (int32_t i = 1; i < k->count; i++) {
		if (by_type_and_name(&sorted[i - 1], &sorted[i]) != 0)
			continue;
		for (int32_t j = i - 1; j <= i; j++) {
			struct config_outcome *o = &k->outcomes[sorted[j] - wanted];
			free(o->message);
			outcome_set(o, KAFKA_ERROR_INVALID_REQUEST, message);
		}
	}
	return true;
}

/* The same name, in the bytes that are kept. */
static struct bytes name_kept(const struct kafka_request *r, const uint8_t *kept, struct bytes name)
{
	return (struct bytes){kept + (name.data - r->bytes.data), name.size};
}

static struct config_parked *park(struct config_changes *c, const struct kafka_request *r,
				  const struct config_wish *wish,
				  const struct config_wanted *wanted, int32_t count)
{
	size_t head = sizeof(struct config_parked) +
		      (size_t)count * sizeof(struct config_outcome);
	struct config_parked *k = parking_take(c->parking, r->call, head + r->bytes.size);
	if (!k)
		return NULL;
	uint8_t *bytes = (uint8_t *)k + head;
	memcpy(bytes, r->bytes.data, r->bytes.size);
	k->changes = c;
	k->row = r->row;
	k->answer = wish->answer;
	k->header = r->header;
	k->outstanding = 1;
	k->count = count;
	for (int32_t i = 0; i < count; i++)
		k->outcomes[i] = (struct config_outcome){
			.parked = k,
			.resource_type = wanted[i].resource_type,
			.resource_name = name_kept(r, bytes, wanted[i].resource_name)};
	return k;
}

/* Too many requests are parked, or there is no memory. */
static enum kafka_outcome answer_at_once(struct kafka_request *r, const struct config_wish *wish,
					 const struct config_wanted *wanted, int32_t count)
{
	struct alter_configs_response a = {0};
	a.responses.items = kafka_request_take(r, (size_t)count, sizeof *a.responses.items);
	if (!a.responses.items)
		return KAFKA_CLOSE;
	for (a.responses.count = 0; a.responses.count < count; a.responses.count++)
		a.responses.items[a.responses.count] = (struct alter_configs_result){
			.error_code = KAFKA_ERROR_REQUEST_TIMED_OUT,
			.resource_type = wanted[a.responses.count].resource_type,
			.resource_name = wanted[a.responses.count].resource_name};
	return kafka_request_answer(r, wish->answer, r->header.api_version, &a);
}

/* The count of what is outstanding begins with one of its own, so that a request of which nothing
 * could be begun is answered as well. */
enum kafka_outcome config_changes_begin(struct config_changes *c, struct kafka_request *r,
					const struct config_wish *wish,
					const struct config_wanted *wanted, int32_t count)
{
	struct config_parked *k = park(c, r, wish, wanted, count);
	if (!k)
		return answer_at_once(r, wish, wanted, count);
	bool has_room = refuse_repeated(r, k, wanted);
	for (int32_t i = 0; i < count; i++) {
		struct config_outcome *o = &k->outcomes[i];
		if (!has_room)
			outcome_set(o, KAFKA_ERROR_REQUEST_TIMED_OUT, "the request is too large");
		else if (!o->error)
			begin_resource(r, k, o, &wanted[i], wish);
	}
	one_is_over(k);
	return KAFKA_PARKED;
}
