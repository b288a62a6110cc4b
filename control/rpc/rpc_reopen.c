/* rpc_reopen.c - partition.reopen, logdir.reopen: partitions that have failed in, an errand of the
 * registry, what came of it out. */
#include "control/rpc/rpc_reopen.h"
#include "control/rpc/rpc_call.h"
#include "control/rpc/rpc_change.h"
#include "control/rpc/rpc_topics.h"
#include "dataplane/base/require.h"
#include "dataplane/store/log_dir.h"
#include "dataplane/wire/kafka/kafka_error.h"

#include <stdlib.h>

/* Those that the registry is asked for. */
struct wanted {
	struct registry_part *parts; /* from malloc */
	uint32_t count;
};

static void want(struct wanted *w, const struct registry_topic *t, uint32_t partition)
{
	w->parts = realloc(w->parts, (w->count + 1) * sizeof *w->parts);
	require(w->parts);
	struct registry_part *part = &w->parts[w->count++];
	*part = (struct registry_part){.partition = partition};
	memcpy(part->topic_id, t->topic.id, sizeof part->topic_id);
}

static void want_failed(const struct registry *r, struct wanted *w, const struct registry_topic *t)
{
	for (uint32_t p = 0; p < t->topic.partitions; p++)
		if (registry_has_failed(r, t, p))
			want(w, t, p);
}

/* ---- the answer --------------------------------------------------------------------------- */

static json_t *part_json(const struct registry *r, const struct registry_part *part)
{
	const struct registry_topic *t = registry_find_id(r, part->topic_id);
	struct log_marks m = {0};
	if (t)
		registry_marks(r, t, part->partition, &m);
	return json_pack("{s:s, s:I, s:I, s:I, s:s}", "topic", t ? t->topic.name : "",
			 "partition", (json_int_t)part->partition, "log_start_offset",
			 (json_int_t)m.log_start_offset, "log_end_offset",
			 (json_int_t)m.log_end_offset, "message",
			 part->message ? part->message : "");
}

/* One that is not served is an error of all: its reason, and of how many it is one. */
static void show_reopened(struct rpc_call *call, const struct registry_result *result)
{
	const struct registry_part *first = NULL;
	uint32_t failed = 0;
	json_t *parts = json_array();
	for (uint32_t i = 0; i < result->part_count; i++) {
		const struct registry_part *part = &result->parts[i];
		failed += part->error != 0;
		first = part->error && !first ? part : first;
		if (!part->error)
			json_array_append_new(parts,
					      part_json(call->rpc->options.registry, part));
	}
	if (!first) {
		call->result = json_pack("{s:o}", "partitions", parts);
		return;
	}
	char message[480], others[64] = "";
	if (result->part_count > 1)
		snprintf(others, sizeof others, "; %u of %u partitions are reopened",
			 result->part_count - failed, result->part_count);
	snprintf(message, sizeof message, "%.400s%s", first->message ? first->message : "", others);
	rpc_refuse(call, first->error, message);
	json_decref(parts);
}

static void send(struct rpc_call *call, struct wanted *w, const char *what)
{
	char message[480];
	if (w->count > 0) {
		registry_send(call->rpc->options.registry, REGISTRY_REOPEN, w->parts, w->count,
			      rpc_job_done, rpc_await(call, show_reopened));
	} else {
		snprintf(message, sizeof message, "no partition of %.400s has failed", what);
		rpc_refuse(call, KAFKA_ERROR_INVALID_REQUEST, message);
	}
	free(w->parts);
}

/* ---- the methods -------------------------------------------------------------------------- */

/* False, and the call failed: it is no number of a partition. */
static bool want_named(struct rpc_call *call, struct wanted *w, const struct registry_topic *t,
		       const json_t *number)
{
	json_int_t partition = json_is_integer(number) ? json_integer_value(number) : -1;
	if (partition < 0 || partition >= t->topic.partitions) {
		char message[400];
		snprintf(message, sizeof message, "%.249s has %u partitions, from 0 on",
			 t->topic.name, t->topic.partitions);
		rpc_refuse(call, KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION, message);
		return false;
	}
	want(w, t, (uint32_t)partition);
	return true;
}

void rpc_partition_reopen(struct rpc_call *call)
{
	const struct registry_topic *t = rpc_find_topic(call);
	const json_t *numbers = json_object_get(call->params, "partitions");
	struct wanted w = {0};
	json_t *number;
	size_t i;
	if (!t)
		return;
	json_array_foreach(numbers, i, number) {
		if (!want_named(call, &w, t, number)) {
			free(w.parts);
			return;
		}
	}
	if (json_array_size(numbers) == 0)
		want_failed(call->rpc->options.registry, &w, t);
	send(call, &w, t->topic.name);
}

void rpc_logdir_reopen(struct rpc_call *call)
{
	struct registry *r = call->rpc->options.registry;
	const char *path = json_string_value(json_object_get(call->params, "path"));
	char message[480];
	unsigned number = 0;
	while (number < registry_directory_count(r) &&
	       strcmp(registry_directory(r, number)->path, path) != 0)
		number++;
	if (number < registry_directory_count(r)) {
		registry_reopen_directory(r, number, rpc_job_done, rpc_await(call, show_reopened));
		return;
	}
	snprintf(message, sizeof message,
		 "%.300s is none of the log directories; `logdir list` shows them", path);
	rpc_refuse(call, KAFKA_ERROR_LOG_DIR_NOT_FOUND, message);
}
