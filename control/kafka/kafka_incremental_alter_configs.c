/* kafka_incremental_alter_configs.c - IncrementalAlterConfigs: single settings are set, taken back,
 * and lists changed; all else stays. */
#include "control/kafka/config_changes.h"
#include "control/kafka/kafka_handlers.h"

/* False when the arena is full. */
static bool want(struct kafka_request *r,
		 const struct incremental_alter_configs_request_resource *asked,
		 struct config_wanted *out)
{
	int32_t count = asked->configs.count > 0 ? asked->configs.count : 0;
	struct config_change *changes = kafka_request_take(r, (size_t)count, sizeof *changes);
	if (!changes)
		return false;
	for (int32_t i = 0; i < count; i++)
		changes[i] = (struct config_change){
			.name = asked->configs.items[i].name,
			.value = asked->configs.items[i].value,
			.operation = asked->configs.items[i].config_operation};
	*out = (struct config_wanted){.resource_type = asked->resource_type,
				      .resource_name = asked->resource_name,
				      .changes = changes, .count = count};
	return true;
}

enum kafka_outcome kafka_handle_incremental_alter_configs(struct kafka_request *r)
{
	struct incremental_alter_configs_request request;
	if (!kafka_request_decode(r, &incremental_alter_configs_request, &request))
		return KAFKA_CLOSE;
	int32_t count = request.resources.count > 0 ? request.resources.count : 0;
	struct config_wanted *wanted = kafka_request_take(r, (size_t)count, sizeof *wanted);
	bool fits = wanted != NULL;
	for (int32_t i = 0; i < count && fits; i++)
		fits = want(r, &request.resources.items[i], &wanted[i]);
	struct config_wish wish = {.answer = &incremental_alter_configs_response,
				   .validate_only = request.validate_only};
	return fits ? config_changes_begin(r->config_changes, r, &wish, wanted, count)
		    : KAFKA_CLOSE;
}
