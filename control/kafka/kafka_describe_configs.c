/* kafka_describe_configs.c - DescribeConfigs: a topic's settings, or the gateway's own, each with
 * whose value it is.
 *
 * A client that asks for thousands of topics gets thousands of times the same: what a topic was not
 * told itself is laid out once, and copied. */
#include "control/kafka/config_resource.h"
#include "control/kafka/kafka_handlers.h"
#include "dataplane/base/require.h"

#include <stdio.h>

enum {
	VALUE_BYTES_MAX = SETTING_TEXT_BYTES,
	SYNONYMS_MAX = SETTING_SOURCES * SETTING_UNITS_MAX,
};

struct describing {
	struct kafka_request *r;
	const struct describe_configs_request *asked;
	const struct live_settings *live;
	struct describe_configs_config usual[TOPIC_SETTINGS]; /* of a topic that was told nothing */
	bool has_usual;
	bool is_full; /* the arena */
};

static struct bytes text_of(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

/* In the arena: a copy. */
static struct bytes keep(struct describing *d, const char *s)
{
	size_t size = strlen(s);
	uint8_t *at = kafka_request_take(d->r, size + 1, 1);
	d->is_full |= !at;
	if (at)
		memcpy(at, s, size);
	return (struct bytes){at, at ? size : 0};
}

/* ---- whose value it is ------------------------------------------------------------------- */

/* False: a row of the gateway's has nothing from that source. */
static bool synonym_of(struct describing *d, unsigned row, int source,
		       struct describe_configs_synonym *ret)
{
	char value[VALUE_BYTES_MAX];
	if (!live_settings_text(d->live, row, (enum setting_source)source, value, sizeof value))
		return false;
	*ret = (struct describe_configs_synonym){.name = text_of(gateway_setting_view(row).key),
						 .value = keep(d, value),
						 .source = (int8_t)source};
	return true;
}

/* Those of a row of the gateway's, the one that holds first. Kafka lists all units of a setting,
 * from the one on that is asked for: what was given in a finer or a coarser one alone is nothing
 * of its own. */
static int32_t gateway_synonyms(struct describing *d, unsigned row, bool is_cluster_only,
				struct describe_configs_synonym out[SYNONYMS_MAX])
{
	unsigned units[SETTING_UNITS_MAX], unit_count = gateway_setting_units(row, units);
	int32_t count = 0;
	for (int source = SETTING_OF_BROKER; source < SETTING_SOURCES; source++)
		for (unsigned i = 0; i < unit_count; i++)
			if ((!is_cluster_only || source == SETTING_OF_CLUSTER) &&
			    (count > 0 || units[i] == row))
				count += synonym_of(d, units[i], source, &out[count]);
	return count;
}

static void put_synonyms(struct describing *d, struct describe_configs_config *c,
			 const struct describe_configs_synonym *synonyms, int32_t count)
{
	if (!d->asked->include_synonyms || count == 0)
		return;
	c->synonyms.items = kafka_request_take(d->r, (size_t)count, sizeof *synonyms);
	d->is_full |= !c->synonyms.items;
	c->synonyms.count = c->synonyms.items ? count : 0;
	if (c->synonyms.items)
		memcpy(c->synonyms.items, synonyms, (size_t)count * sizeof *synonyms);
}

static void put_view(const struct describing *d, struct describe_configs_config *c,
		     const struct setting_view *view)
{
	c->name = text_of(view->key);
	c->read_only = !view->is_live;
	c->config_type = (int8_t)view->kind;
	if (d->asked->include_documentation)
		c->documentation = text_of(view->help);
}

static bool is_asked_for(const struct describe_configs_request_resource *asked, const char *key)
{
	struct bytes name = text_of(key);
	if (asked->configuration_keys.count <= 0)
		return true;
	for (int32_t i = 0; i < asked->configuration_keys.count; i++) {
		struct bytes wanted = asked->configuration_keys.items[i];
		if (wanted.size == name.size && memcmp(wanted.data, name.data, name.size) == 0)
			return true;
	}
	return false;
}

/* ---- a topic ----------------------------------------------------------------------------- */

/* What its default comes from. */
static int32_t parent_synonyms(struct describing *d, const struct setting_view *view,
			       struct describe_configs_synonym *out)
{
	if (view->parent >= 0)
		return gateway_synonyms(d, (unsigned)view->parent, false, out);
	if (!view->fixed_parent[0])
		return 0;
	out[0] = (struct describe_configs_synonym){.name = text_of(view->fixed_parent),
						   .value = text_of(view->fixed_value),
						   .source = SETTING_OF_NOBODY};
	return 1;
}

/* Of a topic that was told nothing: by the first synonym, or as it holds though there is none. */
static struct bytes usual_value(struct describing *d, const struct setting_view *view,
				const struct describe_configs_synonym *synonyms, int32_t count)
{
	char value[VALUE_BYTES_MAX];
	if (count > 0)
		return synonyms[0].value;
	if (view->parent < 0)
		return text_of(view->fixed_value);
	return keep(d, gateway_setting_text(&d->live->now, (unsigned)view->parent, value,
					    sizeof value));
}

/* `t` is null: as it is with all that were told nothing. */
static struct describe_configs_config topic_config(struct describing *d,
						   const struct topic_settings *t, unsigned id)
{
	struct setting_view view = topic_setting_view(id);
	struct describe_configs_synonym synonyms[SYNONYMS_MAX];
	struct describe_configs_config c = {.config_source = SETTING_OF_TOPIC};
	char value[VALUE_BYTES_MAX];
	unsigned own = t != NULL;
	put_view(d, &c, &view);
	int32_t count = parent_synonyms(d, &view, synonyms + own);
	if (t) {
		topic_setting_text(t, (enum topic_setting_id)id, value, sizeof value);
		c.value = keep(d, value);
		synonyms[0] = (struct describe_configs_synonym){c.name, c.value, SETTING_OF_TOPIC};
	} else {
		c.config_source = count > 0 ? synonyms[0].source : SETTING_OF_NOBODY;
		c.value = usual_value(d, &view, synonyms, count);
	}
	put_synonyms(d, &c, synonyms, count + (int32_t)own);
	return c;
}

static void prepare_usual(struct describing *d)
{
	for (unsigned i = 0; i < TOPIC_SETTINGS && !d->has_usual; i++)
		d->usual[i] = topic_config(d, NULL, i);
	d->has_usual = true;
}

static void describe_topic(struct describing *d,
			   const struct describe_configs_request_resource *asked,
			   const struct topic_settings *t, struct describe_configs_result *out)
{
	struct describe_configs_config *items =
		kafka_request_take(d->r, TOPIC_SETTINGS, sizeof *items);
	d->is_full |= !items;
	prepare_usual(d);
	out->configs.items = items;
	for (unsigned i = 0; i < TOPIC_SETTINGS && items; i++)
		if (is_asked_for(asked, topic_setting_view(i).key))
			items[out->configs.count++] =
				t->is_set[i] ? topic_config(d, t, i) : d->usual[i];
}

/* ---- the gateway ------------------------------------------------------------------------- */

/* False: it has nothing of what is asked for. In a unit that was not given it is null, as with
 * Kafka. */
static bool gateway_config(struct describing *d, unsigned row, const char *key,
			   bool is_cluster_only, struct describe_configs_config *ret)
{
	struct setting_view view = gateway_setting_view(row);
	struct describe_configs_synonym synonyms[SYNONYMS_MAX];
	int32_t count = gateway_synonyms(d, row, is_cluster_only, synonyms);
	if (count == 0 && is_cluster_only)
		return false;
	*ret = (struct describe_configs_config){.config_source = SETTING_OF_NOBODY};
	if (count > 0) {
		ret->value = synonyms[0].value;
		ret->config_source = synonyms[0].source;
	}
	put_view(d, ret, &view);
	ret->name = text_of(key);
	put_synonyms(d, ret, synonyms, count);
	return true;
}

static void put_gateway(struct describing *d, const struct describe_configs_request_resource *asked,
			const char *key, struct describe_configs_result *out)
{
	bool is_cluster_only = asked->resource_name.size == 0;
	unsigned row = (unsigned)gateway_setting_find(key);
	if (is_asked_for(asked, key))
		out->configs.count += gateway_config(d, row, key, is_cluster_only,
						     &out->configs.items[out->configs.count]);
}

/* A setting of Kafka's brokers that a topic's default is named by, though nothing but that default
 * is there. */
static void put_fixed(struct describing *d, const struct describe_configs_request_resource *asked,
		      unsigned id, struct describe_configs_result *out)
{
	struct setting_view view = topic_setting_view(id);
	struct describe_configs_synonym synonyms[SYNONYMS_MAX];
	if (asked->resource_name.size == 0 || !view.fixed_parent[0] ||
	    !is_asked_for(asked, view.fixed_parent))
		return;
	struct describe_configs_config *c = &out->configs.items[out->configs.count++];
	put_view(d, c, &view);
	c->name = text_of(view.fixed_parent);
	c->value = text_of(view.fixed_value);
	c->read_only = true;
	c->config_source = SETTING_OF_NOBODY;
	put_synonyms(d, c, synonyms, parent_synonyms(d, &view, synonyms));
}

/* Of no name, only what was set for the cluster, as Kafka answers it. */
static void describe_gateway(struct describing *d,
			     const struct describe_configs_request_resource *asked,
			     struct describe_configs_result *out)
{
	unsigned aliases = 0;
	while (gateway_setting_alias(aliases)[0])
		aliases++;
	size_t room = gateway_setting_count() + aliases + TOPIC_SETTINGS - TOPIC_SETTINGS_APPLIED;
	out->configs.items = kafka_request_take(d->r, room, sizeof *out->configs.items);
	d->is_full |= !out->configs.items;
	if (d->is_full)
		return;
	for (unsigned i = 0; i < gateway_setting_count(); i++)
		put_gateway(d, asked, gateway_setting_view(i).key, out);
	for (unsigned i = 0; i < aliases; i++)
		put_gateway(d, asked, gateway_setting_alias(i), out);
	for (unsigned i = TOPIC_SETTINGS_APPLIED; i < TOPIC_SETTINGS; i++)
		put_fixed(d, asked, i, out);
}

/* ---- the request ------------------------------------------------------------------------- */

static void describe(struct describing *d, const struct describe_configs_request_resource *asked,
		     struct describe_configs_result *out)
{
	struct config_resource found;
	out->resource_type = asked->resource_type;
	out->resource_name = asked->resource_name;
	config_resource_find(d->r->options->registry, asked->resource_type, asked->resource_name,
			     &found);
	out->error_code = found.error;
	if (found.error)
		out->error_message = keep(d, found.message);
	else if (found.topic)
		describe_topic(d, asked, &found.topic->settings, out);
	else
		describe_gateway(d, asked, out);
}

enum kafka_outcome kafka_handle_describe_configs(struct kafka_request *r)
{
	struct describe_configs_request request;
	if (!kafka_request_decode(r, &describe_configs_request, &request))
		return KAFKA_CLOSE;
	struct describing d = {.r = r, .asked = &request,
			       .live = registry_settings(r->options->registry)};
	struct describe_configs_response answer = {0};
	size_t count = request.resources.count > 0 ? (size_t)request.resources.count : 0;
	answer.results.items = kafka_request_take(r, count, sizeof *answer.results.items);
	d.is_full = !answer.results.items;
	for (size_t i = 0; i < count && !d.is_full; i++)
		describe(&d, &request.resources.items[i], &answer.results.items[i]);
	answer.results.count = (int32_t)count;
	return d.is_full ? KAFKA_CLOSE
			 : kafka_request_answer(r, &describe_configs_response,
						r->header.api_version, &answer);
}
