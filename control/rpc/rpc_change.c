/* rpc_change.c - a call that changes something in, a job of the registry out, and its answer when
 * that is over. */
#include "control/rpc/rpc_change.h"
#include "control/rpc/rpc_call.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/kafka_error.h"

#include <stdlib.h>

/* The message is for people, and Kafka's name of the error beside it for programs. */
void rpc_refuse(struct rpc_call *call, int16_t error, const char *message)
{
	rpc_fail(call, RPC_REFUSED, "%s", message);
	call->kafka_error = kafka_error_name(error);
}

/* The client of a wait, if it is still the one that asked. */
static struct rpc_client *waiting_client(const struct rpc_wait *wait)
{
	if (!wait->rpc)
		return NULL;
	struct rpc_client *c = &wait->rpc->clients[wait->client];
	return c->fd >= 0 && c->generation == wait->generation ? c : NULL;
}

/* The job is done whether or not the client that asked is still there to hear of it. */
void rpc_job_done(void *owner, const struct registry_result *result)
{
	struct rpc_wait *wait = owner;
	struct rpc_client *c = waiting_client(wait);
	if (c) {
		struct rpc_call call = {.rpc = wait->rpc, .client = c, .id = wait->id};
		if (result->error)
			rpc_refuse(&call, result->error, result->message);
		else if (wait->show)
			wait->show(&call, result);
		else
			call.result = json_object();
		c->is_waiting = false;
		rpc_answer(&call);
	}
	if (wait->rpc)
		list_remove(&wait->node);
	json_decref(wait->id);
	free(wait);
}

/* A setting's value may come as text, number or truth. */
static bool value_text(const json_t *value, char *out, size_t size)
{
	int n = (int)size;
	if (json_is_string(value))
		n = snprintf(out, size, "%s", json_string_value(value));
	else if (json_is_integer(value))
		n = snprintf(out, size, "%lld", (long long)json_integer_value(value));
	else if (json_is_boolean(value))
		n = snprintf(out, size, "%s", json_is_true(value) ? "true" : "false");
	return (size_t)n < size;
}

/* What is read points into the request and the caller's frame, both gone when the job runs:
 * the registry copies it (registry_jobs.c). */
bool rpc_read_config(struct rpc_call *call, struct rpc_config *ret)
{
	const char *key;
	json_t *value;
	json_object_foreach(json_object_get(call->params, "config"), key, value)
	{
		if (ret->count == CONFIG_KEYS_MAX) {
			rpc_fail(call, RPC_INVALID_PARAMS, "config has more than %d keys",
				 CONFIG_KEYS_MAX);
			return false;
		}
		char *text = ret->texts[ret->count];
		bool is_reset = json_is_null(value);
		if (!is_reset && !value_text(value, text, CONFIG_TEXT_BYTES)) {
			rpc_fail(call, RPC_INVALID_PARAMS,
				 "config.%s is no short text, whole number or truth",
				 key);
			return false;
		}
		ret->settings[ret->count++] =
			(struct registry_setting){key, is_reset ? NULL : text};
	}
	return true;
}

/* Until the job is over nothing more is read from the client: its answers keep the order of its
 * requests. */
struct rpc_wait *rpc_await(struct rpc_call *call, rpc_show *show)
{
	struct rpc *r = call->rpc;
	struct rpc_wait *wait = calloc(1, sizeof *wait);
	require(wait);
	wait->rpc = r;
	wait->client = (unsigned)(call->client - r->clients);
	wait->generation = call->client->generation;
	wait->id = json_incref(call->id);
	wait->show = show;
	list_append(&r->waits, &wait->node);
	call->is_waiting = true;
	call->client->is_waiting = true;
	return wait;
}

void rpc_begin(struct rpc_call *call, struct registry_request *request, rpc_show *show,
	       void (*ask)(struct registry *, const struct registry_request *))
{
	request->validate_only =
		json_is_true(json_object_get(call->params, "validate_only"));
	request->done = rpc_job_done;
	request->owner = rpc_await(call, show);
	ask(call->rpc->options.registry, request);
}
