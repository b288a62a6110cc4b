/* rpc_call.c - one line of JSON-RPC 2.0 in, one answer out: everything is checked before
 * the method has any effect. */
#include "control/rpc/rpc_call.h"
#include "dataplane/base/require.h"

#include <stdarg.h>
#include <time.h>

/* Of several faults the last one found is told. */
void rpc_fail(struct rpc_call *call, int error, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(call->message, sizeof call->message, format, args);
	va_end(args);
	call->error = error;
}

static json_t *error_object(const struct rpc_call *call)
{
	json_t *error =
		json_pack("{s:i, s:s}", "code", call->error, "message", call->message);
	if (!error) /* not UTF-8: part of it was the caller's */
		error = json_pack("{s:i, s:s}", "code", call->error, "message",
				  "invalid text");
	if (call->kafka_error)
		json_object_set_new(error, "data",
				    json_pack("{s:s}", "kafka_error", call->kafka_error));
	return error;
}

/* One value and a newline; takes `give`. A client has one answer on its way at most. */
static void answer_queue(struct rpc_client *c, json_t *give)
{
	char *text = json_dumps(give, JSON_COMPACT);
	json_decref(give);
	require(text && c->out_sent >= c->out_size);
	free(c->out);
	c->out_size = strlen(text);
	text[c->out_size++] = '\n'; /* in place of the terminator: sizes rule from here */
	c->out = text;
	c->out_sent = 0;
}

/* A request without an id is a notification, and is never answered (JSON-RPC 2.0, clause 4.1).
 * */
void rpc_answer(struct rpc_call *call)
{
	if (call->id) {
		json_t *answer =
			json_pack("{s:s, s:O}", "jsonrpc", "2.0", "id", call->id);
		require(answer && (call->error || call->result));
		if (call->error)
			json_object_set_new(answer, "error", error_object(call));
		else
			json_object_set(answer, "result", call->result);
		answer_queue(call->client, answer);
	}
	json_decref(call->result);
	call->result = NULL;
}

/* Levels of nesting, brackets in strings apart. */
static unsigned depth_of(const char *line, size_t size)
{
	unsigned depth = 0, deepest = 0;
	bool in_string = false;
	for (size_t i = 0; i < size; i++) {
		char c = line[i];
		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '[' || c == '{'))
			deepest = max_u32(deepest, ++depth);
		else if (!in_string && (c == ']' || c == '}'))
			depth -= depth > 0;
	}
	return deepest;
}

char *rpc_time(int64_t wall_ms, char ret[RPC_TIME_BYTES])
{
	time_t seconds = wall_ms / 1000;
	struct tm utc;
	ret[0] = '\0';
	if (wall_ms == 0)
		return ret;
	gmtime_r(&seconds, &utc);
	size_t size = strftime(ret, RPC_TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(ret + size, RPC_TIME_BYTES - size, ".%03dZ", (int)(wall_ms % 1000));
	return ret;
}

const char *rpc_type_name(json_type type)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "object", [JSON_ARRAY] = "array",
		[JSON_STRING] = "string", [JSON_INTEGER] = "integer",
		[JSON_REAL] = "number",   [JSON_TRUE] = "boolean",
		[JSON_FALSE] = "boolean", [JSON_NULL] = "null",
	};
	return names[type];
}

/* Booleans have two types in jansson; the table of methods names both by JSON_TRUE. */
static bool type_fits(json_type wanted, const json_t *value)
{
	return wanted == JSON_TRUE ? json_is_boolean(value)
				   : json_typeof(value) == wanted;
}

static const struct rpc_param *find_param(const struct rpc_method *m, const char *name)
{
	for (unsigned i = 0; i < array_len(m->params) && m->params[i].name; i++) {
		if (strcmp(m->params[i].name, name) == 0)
			return &m->params[i];
	}
	return NULL;
}

/* A name that is not known is refused: a parameter that is misspelt would do nothing, and nobody
 * would notice. */
static bool params_are_good(struct rpc_call *call, const struct rpc_method *m)
{
	const char *name;
	json_t *value;
	json_object_foreach(call->params, name, value)
	{
		const struct rpc_param *p = find_param(m, name);
		if (!p)
			rpc_fail(call, RPC_INVALID_PARAMS,
				 "%s has no parameter %s; rpc.methods lists them",
				 m->name, name);
		else if (!type_fits(p->type, value))
			rpc_fail(call, RPC_INVALID_PARAMS,
				 "%s: parameter %s is %s, expected %s", m->name, name,
				 rpc_type_name(json_typeof(value)),
				 rpc_type_name(p->type));
	}
	for (unsigned i = 0; i < array_len(m->params) && m->params[i].name; i++) {
		if (m->params[i].is_required &&
		    !json_object_get(call->params, m->params[i].name))
			rpc_fail(call, RPC_INVALID_PARAMS,
				 "%s needs the parameter %s: %s", m->name,
				 m->params[i].name, m->params[i].help);
	}
	return call->error == 0;
}

static const struct rpc_method *find_method(const char *name)
{
	for (unsigned i = 0; i < rpc_method_count; i++) {
		if (strcmp(rpc_method_table[i].name, name) == 0)
			return &rpc_method_table[i];
	}
	return NULL;
}

/* What a topic is, or whether there is one, is not known for sure while logs are recovered. */
static bool topics_are_there(struct rpc_call *call, const struct rpc_method *m)
{
	const struct registry *r = call->rpc->options.registry;
	struct recovery_progress p;
	char text[REGISTRY_PROGRESS_BYTES];
	if (!m->needs_topics || !registry_progress(r, &p))
		return true;
	rpc_fail(call, RPC_REFUSED, "%s has to wait until the gateway serves its topics (%s); ask "
				    "again then: system.state says how far it is",
		 m->name, registry_progress_text(r, text));
	call->kafka_error = "BROKER_NOT_AVAILABLE";
	return false;
}

/* A caller who may not use a method is told so before its parameters are looked at. */
static void run_method(struct rpc_call *call, const char *name)
{
	const struct rpc_method *m = find_method(name);
	if (!m)
		rpc_fail(call, RPC_METHOD_NOT_FOUND,
			 "there is no method %s; rpc.methods lists them", name);
	else if (m->is_for_admins && !call->client->is_admin)
		rpc_fail(call, RPC_NOT_PERMITTED,
			 "%s changes things: ask as root or as the gateway's own user",
			 name);
	else if (params_are_good(call, m) && topics_are_there(call, m))
		m->run(call);
}

/* The envelope: what JSON-RPC 2.0 says about a request object. */
static void run_request(struct rpc_call *call, json_t *request)
{
	const char *key;
	json_t *value;
	json_t *id = json_object_get(request, "id");
	if (id && (json_is_string(id) || json_is_number(id) || json_is_null(id)))
		call->id = id;
	else if (!id && json_is_string(json_object_get(request, "method")))
		call->id = NULL;
	const char *version = json_string_value(json_object_get(request, "jsonrpc"));
	const char *method = json_string_value(json_object_get(request, "method"));
	json_t *params = json_object_get(request, "params");
	json_object_foreach(request, key, value)
	{
		if (strcmp(key, "jsonrpc") && strcmp(key, "method") &&
		    strcmp(key, "params") && strcmp(key, "id"))
			rpc_fail(call, RPC_INVALID_REQUEST, "a request has no member %s",
				 key);
	}
	if (!version || strcmp(version, "2.0") != 0)
		rpc_fail(call, RPC_INVALID_REQUEST, "\"jsonrpc\" is not \"2.0\"");
	else if (!method)
		rpc_fail(call, RPC_INVALID_REQUEST, "\"method\" is not a string");
	else if (id && call->id != id)
		rpc_fail(call, RPC_INVALID_REQUEST,
			 "\"id\" is neither string, number nor null");
	else if (params && !json_is_object(params))
		rpc_fail(call, RPC_INVALID_PARAMS,
			 "parameters have names: \"params\" is an object");
	if (call->error)
		return;
	call->params = params ? json_incref(params) : json_object();
	run_method(call, method);
	json_decref(call->params);
}

/* Such a line asks for nothing: who types by hand may send one. */
static bool is_blank(const char *line, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
			return false;
	}
	return true;
}

/* Nesting is counted before the parser sees the line: the parser recurses, and a client could
 * choose how deep. */
void rpc_run_line(struct rpc *r, struct rpc_client *c, const char *line, size_t size)
{
	struct rpc_call call = {.rpc = r, .client = c, .id = json_null()};
	json_error_t fault;
	json_t *request = NULL;
	if (is_blank(line, size))
		return;
	if (depth_of(line, size) > RPC_DEPTH_MAX)
		rpc_fail(&call, RPC_PARSE_ERROR, "more than %d levels of nesting",
			 RPC_DEPTH_MAX);
	else if (!(request = json_loadb(line, size, JSON_REJECT_DUPLICATES, &fault)))
		rpc_fail(&call, RPC_PARSE_ERROR, "not JSON: %s (column %d)", fault.text,
			 fault.column);
	else if (!json_is_object(request))
		rpc_fail(&call, RPC_INVALID_REQUEST, "one request object per line");
	else
		run_request(&call, request);
	if (!call.is_waiting)
		rpc_answer(&call);
	json_decref(request);
}
