/* kafka_api.c - calls of the pollers in, replies out, through one handler per API. */
#include "control/kafka/kafka_api.h"

#include "control/kafka/errands.h"
#include "control/kafka/kafka_change.h"
#include "control/kafka/kafka_handlers.h"
#include "control/kafka/offsets_topic.h"
#include "control/kafka/offsets_waits.h"
#include "control/kafka/producer_id_blocks.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"

enum {
	WAITING_PER_TURN = 256, /* answered */
};

struct kafka_api {
	struct kafka_api_options options;
	struct parking parking;
	struct kafka_creations creations;
	struct kafka_changes changes;
	struct offsets_waits offsets_waits;
	struct errands errands;
	struct offsets_topic offsets_topic;
	struct producer_id_blocks id_blocks;
	struct stats stats;
	uint8_t *arena;
};

/* A row that has no handler here never comes to control: pollers or the coordinator answer it.
 * If one does, its connection is closed. */
static const kafka_handler handlers[KAFKA_API_ROWS] = {
	[KAFKA_API_ROW_API_VERSIONS] = kafka_handle_api_versions,
	[KAFKA_API_ROW_METADATA] = kafka_handle_metadata,
	[KAFKA_API_ROW_LIST_OFFSETS] = kafka_handle_list_offsets,
	[KAFKA_API_ROW_CREATE_TOPICS] = kafka_handle_create_topics,
	[KAFKA_API_ROW_DELETE_TOPICS] = kafka_handle_delete_topics,
	[KAFKA_API_ROW_DELETE_RECORDS] = kafka_handle_delete_records,
	[KAFKA_API_ROW_CREATE_PARTITIONS] = kafka_handle_create_partitions,
	[KAFKA_API_ROW_DESCRIBE_CLUSTER] = kafka_handle_describe_cluster,
	[KAFKA_API_ROW_DESCRIBE_TOPIC_PARTITIONS] = kafka_handle_describe_topic_partitions,
	[KAFKA_API_ROW_DESCRIBE_LOG_DIRS] = kafka_handle_describe_log_dirs,
	[KAFKA_API_ROW_DESCRIBE_PRODUCERS] = kafka_handle_describe_producers,
	[KAFKA_API_ROW_ELECT_LEADERS] = kafka_handle_elect_leaders,
	[KAFKA_API_ROW_ALTER_PARTITION_REASSIGNMENTS] = kafka_handle_alter_reassignments,
	[KAFKA_API_ROW_LIST_PARTITION_REASSIGNMENTS] = kafka_handle_list_reassignments,
	[KAFKA_API_ROW_OFFSET_FOR_LEADER_EPOCH] = kafka_handle_leader_epochs,
	[KAFKA_API_ROW_DESCRIBE_CONFIGS] = kafka_handle_describe_configs,
	[KAFKA_API_ROW_ALTER_CONFIGS] = kafka_handle_alter_configs,
	[KAFKA_API_ROW_INCREMENTAL_ALTER_CONFIGS] = kafka_handle_incremental_alter_configs,
	[KAFKA_API_ROW_SASL_HANDSHAKE] = kafka_handle_sasl_handshake,
	[KAFKA_API_ROW_SASL_AUTHENTICATE] = kafka_handle_sasl_authenticate,
};

struct kafka_api *kafka_api_create(const struct kafka_api_options *options)
{
	struct kafka_api *api = calloc(1, sizeof *api);
	if (!api)
		return NULL;
	api->options = *options;
	parking_init(&api->parking, options->outboxes, options->poller_count);
	kafka_creations_init(&api->creations, options->registry, &api->parking);
	kafka_changes_init(&api->changes, options->registry, &api->parking);
	offsets_waits_init(&api->offsets_waits, options->registry, &api->parking);
	errands_init(&api->errands, options->registry, &api->parking);
	api->creations.quota = (struct creation_quota){
		.rate = options->auto_create_topics_rate, .stats = &api->stats,
		.say = options->say, .owner = options->say_owner};
	api->offsets_topic = (struct offsets_topic){
		.registry = options->registry, .wish = options->wish,
		.partitions = options->offsets_topic_partitions,
		.segment_bytes = options->offsets_topic_segment_bytes,
		.say = options->say, .say_owner = options->say_owner};
	api->id_blocks = (struct producer_id_blocks){
		.blocks = options->ids, .file.dir = options->dir,
		.say = options->say, .say_owner = options->say_owner};
	api->arena = malloc(KAFKA_API_ARENA_BYTES);
	if (!api->arena) {
		free(api);
		return NULL;
	}
	return api;
}

void kafka_api_destroy(struct kafka_api *api)
{
	if (!api)
		return;
	registry_end_jobs(api->options.registry);
	kafka_changes_fini(&api->changes);
	errands_fini(&api->errands);
	parking_fini(&api->parking);
	free(api->arena);
	free(api);
}

/* One for all: requests are handled one after the other, and what a handler takes ends with
 * its answer, which is encoded on the heap. */
static struct kafka_arena arena_of(struct kafka_api *api)
{
	return kafka_arena_of(api->arena, KAFKA_API_ARENA_BYTES);
}

static enum kafka_outcome handle(struct kafka_request *r)
{
	kafka_handler handler = handlers[r->row - kafka_api_rows];
	return handler ? handler(r) : KAFKA_CLOSE;
}

static void serve(void *server, struct handoff *handoff, struct call_msg *call)
{
	struct kafka_api *api = server;
	struct kafka_request r = {.options = &api->options,
				  .creations = &api->creations,
				  .changes = &api->changes,
				  .offsets_waits = &api->offsets_waits,
				  .errands = &api->errands};
	bool is_good = kafka_request_of_call(&r, call, arena_of(api));
	kafka_call_complete(handoff, call, &r, is_good ? handle(&r) : KAFKA_CLOSE);
}

/* It may not be parked a second time. */
static void serve_waiting(struct kafka_api *api, struct kafka_waiting *w)
{
	struct kafka_change *change = w->change;
	struct errand *errand = w->errand;
	struct kafka_request r = {.options = &api->options, .listener = w->listener,
				  .parked = w->parked_for, .change = change,
				  .errand = errand};
	require(kafka_request_of_bytes(&r, w->request, arena_of(api)));
	require(handle(&r) != KAFKA_PARKED);
	if (errand)
		errand_forget(errand);
	parking_answer(&api->parking, &w->parked, r.reply, r.reply_bytes);
	if (change)
		kafka_change_answered(change);
}

/* What it waits for is over, or its time is; null: there is none. */
static struct kafka_waiting *next_waiting(struct kafka_api *api, uint64_t now_ns, unsigned *looks)
{
	struct kafka_waiting *w = kafka_parked_next(&api->creations);
	if (!w)
		w = kafka_change_next(&api->changes, now_ns);
	if (!w)
		w = errands_next(&api->errands);
	return w ? w : offsets_waits_next(&api->offsets_waits, now_ns, looks);
}

static bool answer_waiting(struct kafka_api *api, uint64_t now_ns)
{
	unsigned count = 0, looks = OFFSETS_LOOKS;
	for (struct kafka_waiting *w;
	     count < WAITING_PER_TURN && (w = next_waiting(api, now_ns, &looks)); count++)
		serve_waiting(api, w);
	return count > 0;
}

/* Those who waited go before those who come. */
bool kafka_api_turn(struct kafka_api *api)
{
	bool found = parking_turn(&api->parking);
	uint64_t now_ns = clock_now_ns();
	found |= answer_waiting(api, now_ns);
	found |= offsets_topic_turn(&api->offsets_topic, now_ns);
	found |= producer_id_blocks_turn(&api->id_blocks, now_ns);
	for (unsigned i = 0; i < api->options.poller_count; i++)
		found |= kafka_calls_take(api->options.pollers[i], serve, api) > 0;
	if (found)
		stats_publish(api->options.stats_page, &api->stats);
	return found;
}

bool kafka_api_has_messages(const struct kafka_api *api)
{
	for (unsigned i = 0; i < api->options.poller_count; i++)
		if (handoff_has_down(api->options.pollers[i]))
			return true;
	return offsets_topic_has_wish(&api->offsets_topic) ||
	       producer_id_blocks_has_wish(&api->id_blocks) || parking_has_news(&api->parking);
}

bool kafka_api_is_busy(const struct kafka_api *api)
{
	return offsets_waits_any(&api->offsets_waits) ||
	       producer_id_blocks_is_busy(&api->id_blocks);
}
