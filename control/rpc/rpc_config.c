/* rpc_config.c - config.*: what holds and whose value it is; changes to jobs of the registry. */
#include "control/rpc/rpc_config.h"
#include "config/setting_view.h"
#include "control/rpc/rpc_call.h"
#include "control/rpc/rpc_change.h"
#include "dataplane/wire/kafka/kafka_error.h"

/* As an operator would say it: "set" is by this socket or by a client of this broker's name. */
static const char *const source_words[SETTING_SOURCES] = {
	[SETTING_OF_BROKER] = "set",
	[SETTING_OF_CLUSTER] = "set for the cluster",
	[SETTING_OF_START] = "file or --set",
	[SETTING_OF_NOBODY] = "default",
};

static json_t *setting_json(const struct live_settings *l, unsigned row)
{
	char text[SETTING_TEXT_BYTES], started[SETTING_TEXT_BYTES];
	struct setting_view view = gateway_setting_view(row);
	return json_pack("{s:s, s:s, s:b, s:s, s:s}", "value",
			 gateway_setting_text(&l->now, row, text, sizeof text), "source",
			 source_words[live_settings_source(l, row)], "live", (int)view.is_live,
			 "started_with",
			 gateway_setting_text(l->started, row, started, sizeof started), "help",
			 view.help);
}

void rpc_config_get(struct rpc_call *call)
{
	const struct live_settings *l = registry_settings(call->rpc->options.registry);
	const char *key = json_string_value(json_object_get(call->params, "key"));
	int row = key ? gateway_setting_find(key) : -1;
	json_t *settings = json_object();
	if (key && row < 0) {
		rpc_fail(call, RPC_INVALID_PARAMS,
			 "there is no setting %.64s; without a key all are shown", key);
		json_decref(settings);
		return;
	}
	for (unsigned i = 0; i < gateway_setting_count(); i++)
		if (!key || (int)i == row)
			json_object_set_new(settings, gateway_setting_view(i).key,
					    setting_json(l, i));
	call->result = json_pack("{s:o}", "settings", settings);
}

static void alter_own(struct registry *r, const struct registry_request *request)
{
	registry_alter_settings(r, LIVE_BROKER, request);
}

void rpc_config_set(struct rpc_call *call)
{
	struct rpc_config config = {.count = 0};
	struct registry_request request = {.settings = config.settings};
	if (!rpc_read_config(call, &config))
		return;
	if (config.count == 0) {
		rpc_fail(call, RPC_INVALID_PARAMS, "nothing to set: give config");
		return;
	}
	request.setting_count = config.count;
	rpc_begin(call, &request, NULL, alter_own);
}
