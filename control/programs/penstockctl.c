/* penstockctl.c - a command line in, one request to the gateway, its answer as a table or
 * as JSON out. Exit status: 0 done, 1 the gateway says no, 2 usage, 3 no gateway. */
#include "control/programs/ctl_client.h"
#include "control/programs/ctl_print.h"
#include "dataplane/base/standard_files.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_NO_GATEWAY = 3 };

/* How long to wait for an answer: to a question; to a change, which is work for a disk; to one for
 * which logs are read. */
enum effect { ASKS, CHANGES, RECOVERS };
enum { PATIENCE_S = 5, PATIENCE_CHANGE_S = 60, PATIENCE_RECOVERY_S = 3600 };

/* What the command line said. */
struct arguments {
	const char *socket;
	bool is_json;
	bool watches;
	const char *name;
	json_t *params;
	unsigned given; /* bits: 1 << option */
};

enum option_id {
	OPTION_SOCKET,
	OPTION_JSON,
	OPTION_HELP,
	OPTION_PARTITIONS,
	OPTION_REPLICATION,
	OPTION_CONFIG,
	OPTION_RESET,
	OPTION_VALIDATE,
	OPTION_LIMIT,
	OPTION_WATCH,
};

#define BIT(option) (1u << OPTION_##option)
#define ALWAYS      (BIT(SOCKET) | BIT(JSON) | BIT(HELP))

static const struct option options[] = {
	{"socket", required_argument, NULL, OPTION_SOCKET},
	{"json", no_argument, NULL, OPTION_JSON},
	{"help", no_argument, NULL, OPTION_HELP},
	{"partitions", required_argument, NULL, OPTION_PARTITIONS},
	{"replication-factor", required_argument, NULL, OPTION_REPLICATION},
	{"config", required_argument, NULL, OPTION_CONFIG},
	{"reset", required_argument, NULL, OPTION_RESET},
	{"validate-only", no_argument, NULL, OPTION_VALIDATE},
	{"limit", required_argument, NULL, OPTION_LIMIT},
	{"watch", no_argument, NULL, OPTION_WATCH},
	{0},
};

static bool take_name(json_t *params, char **words, int count);
static bool take_records(json_t *params, char **words, int count);
static bool take_partitions(json_t *params, char **words, int count);
static bool take_path(json_t *params, char **words, int count);
static bool take_key(json_t *params, char **words, int count);
static bool take_assignments(json_t *params, char **words, int count);
static bool take_resets(json_t *params, char **words, int count);

static const struct command {
	const char *words[2];
	const char *method;
	bool (*take)(json_t *params, char **words, int count); /* null: it takes none */
	enum effect effect;
	unsigned options; /* beside those that every command takes */
	void (*print)(const json_t *result);
	const char *usage;
} commands[] = {
	{{"topic", "create"},
	 "topic.create",
	 take_name,
	 CHANGES,
	 BIT(PARTITIONS) | BIT(REPLICATION) | BIT(CONFIG) | BIT(VALIDATE),
	 print_topic,
	 "NAME [--partitions N] [--config KEY=VALUE]... [--validate-only]"},
	{{"topic", "list"}, "topic.list", NULL, ASKS, 0, print_topics, ""},
	{{"topic", "describe"}, "topic.describe", take_name, ASKS, 0, print_topic, "NAME"},
	{{"topic", "alter"},
	 "topic.alter",
	 take_name,
	 CHANGES,
	 BIT(PARTITIONS) | BIT(CONFIG) | BIT(RESET) | BIT(VALIDATE),
	 print_topic,
	 "NAME [--partitions N] [--config KEY=VALUE]... [--reset KEY]..."},
	{{"topic", "delete"}, "topic.delete", take_name, CHANGES, 0, print_deleted, "NAME"},
	{{"records", "delete"},
	 "records.delete",
	 take_records,
	 CHANGES,
	 0,
	 print_start,
	 "NAME PARTITION OFFSET|all"},
	{{"partition", "reopen"},
	 "partition.reopen",
	 take_partitions,
	 RECOVERS,
	 0,
	 print_reopened,
	 "NAME [PARTITION]..."},
	{{"config", "get"}, "config.get", take_key, ASKS, 0, print_config, "[KEY]"},
	{{"config", "set"},
	 "config.set",
	 take_assignments,
	 CHANGES,
	 BIT(VALIDATE),
	 print_config_set,
	 "KEY=VALUE... [--validate-only]"},
	{{"config", "unset"},
	 "config.set",
	 take_resets,
	 CHANGES,
	 BIT(VALIDATE),
	 print_config_set,
	 "KEY... [--validate-only]"},
	{{"listener", "reload"}, "listener.reload", NULL, CHANGES, 0, print_lists, ""},
	{{"logdir", "list"}, "logdir.list", NULL, ASKS, 0, print_logdirs, ""},
	{{"logdir", "reopen"},
	 "logdir.reopen",
	 take_path,
	 RECOVERS,
	 0,
	 print_reopened,
	 "PATH"},
	{{"stats", NULL}, "stats.get", NULL, ASKS, BIT(WATCH), print_stats, "[--watch]"},
	{{"frames", "bad"}, "frames.bad", NULL, ASKS, BIT(LIMIT), print_frames, "[--limit N]"},
	{{"state", NULL}, "system.state", NULL, ASKS, 0, print_state, ""},
	{{"version", NULL}, "system.version", NULL, ASKS, 0, print_version, ""},
	{{"methods", NULL}, "rpc.methods", NULL, ASKS, 0, print_methods, ""},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

/* Asked for, it is an answer; else it says why nothing was done. */
static int usage(FILE *out)
{
	fprintf(out, "usage: penstockctl [--socket PATH] [--json] COMMAND\n\n");
	for (unsigned i = 0; i < COMMANDS; i++)
		fprintf(out, "  %s%s%s %s\n", commands[i].words[0],
			commands[i].words[1] ? " " : "",
			commands[i].words[1] ? commands[i].words[1] : "",
			commands[i].usage);
	fprintf(out,
		"\nThe socket is --socket, else $PENSTOCK_SOCKET, else "
		"/run/penstock/control.sock.\n"
		"Exit status: 0 done, 1 the gateway says no, 2 usage, 3 no gateway.\n");
	return out == stdout ? 0 : EXIT_USAGE;
}

/* Whether the number is in range is for the gateway to say, whose version may differ. */
static bool put_number(json_t *params, const char *name, const char *value)
{
	char *end;
	long long number = strtoll(value, &end, 10);
	if (end == value || *end) {
		fprintf(stderr, "penstockctl: %s: expected a number, got %s\n", name,
			value);
		return false;
	}
	json_object_set_new(params, name, json_integer(number));
	return true;
}

/* Settings may come in several options, and all go into one object. */
static json_t *config_of(json_t *params)
{
	if (!json_object_get(params, "config"))
		json_object_set_new(params, "config", json_object());
	return json_object_get(params, "config");
}

/* KEY=VALUE; values go as text, the gateway knows their types. */
static bool put_config(json_t *params, const char *assignment)
{
	const char *equals = strchr(assignment, '=');
	if (!equals || equals == assignment) {
		fprintf(stderr, "penstockctl: %s: expected KEY=VALUE\n", assignment);
		return false;
	}
	char key[256];
	snprintf(key, sizeof key, "%.*s", (int)(equals - assignment), assignment);
	return json_object_set_new(config_of(params), key, json_string(equals + 1)) == 0;
}

/* ---- the words behind a command --------------------------------------------------------- */

static bool take_name(json_t *params, char **words, int count)
{
	return count == 1 && json_object_set_new(params, "name", json_string(words[0])) == 0;
}

/* A word for the high watermark: -1, as a client says it, would be an option. */
static bool take_records(json_t *params, char **words, int count)
{
	if (count != 3 || !take_name(params, words, 1) ||
	    !put_number(params, "partition", words[1]))
		return false;
	if (strcmp(words[2], "all") == 0)
		return json_object_set_new(params, "offset", json_integer(-1)) == 0;
	return put_number(params, "offset", words[2]);
}

/* Of a topic of which none is named all that have failed are meant. */
static bool take_partitions(json_t *params, char **words, int count)
{
	if (count < 1 || !take_name(params, words, 1))
		return false;
	json_t *numbers = json_array();
	json_object_set_new(params, "partitions", numbers);
	for (int i = 1; i < count; i++) {
		json_t *one = json_object();
		bool is_number = put_number(one, "partition", words[i]);
		if (is_number)
			json_array_append(numbers, json_object_get(one, "partition"));
		json_decref(one);
		if (!is_number)
			return false;
	}
	return true;
}

static bool take_path(json_t *params, char **words, int count)
{
	return count == 1 && json_object_set_new(params, "path", json_string(words[0])) == 0;
}

static bool take_key(json_t *params, char **words, int count)
{
	return count == 0 ||
	       (count == 1 && json_object_set_new(params, "key", json_string(words[0])) == 0);
}

static bool take_assignments(json_t *params, char **words, int count)
{
	for (int i = 0; i < count; i++)
		if (!put_config(params, words[i]))
			return false;
	return count > 0;
}

static bool take_resets(json_t *params, char **words, int count)
{
	for (int i = 0; i < count; i++)
		if (json_object_set_new(config_of(params), words[i], json_null()) != 0)
			return false;
	return count > 0;
}

/* ---- the command line -------------------------------------------------------------------- */

/* Options are noted whatever the command: getopt finds them before it, and parse() refuses
 * those that it does not take. */
static bool take_option(struct arguments *a, int option, const char *value)
{
	if (option < 0 || option > OPTION_WATCH)
		return false; /* getopt has said what is wrong */
	a->given |= 1u << option;
	switch ((enum option_id)option) {
	case OPTION_SOCKET:
		a->socket = value;
		return true;
	case OPTION_JSON:
		a->is_json = true;
		return true;
	case OPTION_PARTITIONS:
		return put_number(a->params, "partitions", value);
	case OPTION_REPLICATION:
		return put_number(a->params, "replication_factor", value);
	case OPTION_LIMIT:
		return put_number(a->params, "limit", value);
	case OPTION_CONFIG:
		return put_config(a->params, value);
	case OPTION_RESET:
		return json_object_set_new(config_of(a->params), value, json_null()) == 0;
	case OPTION_VALIDATE:
		return json_object_set_new(a->params, "validate_only", json_true()) == 0;
	case OPTION_WATCH:
		a->watches = true;
		return true;
	case OPTION_HELP:
		return true;
	}
	return false;
}

/* The command that `words` begin with; `*used`: how many of them are its own. */
static const struct command *find_command(char **words, int count, int *used)
{
	for (unsigned i = 0; i < COMMANDS; i++) {
		const struct command *c = &commands[i];
		*used = c->words[1] ? 2 : 1;
		if (count >= *used && strcmp(words[0], c->words[0]) == 0 &&
		    (!c->words[1] || strcmp(words[1], c->words[1]) == 0))
			return c;
	}
	return NULL;
}

/* Nothing has been sent yet: a line that is not understood changes nothing. */
static const struct command *parse(struct arguments *a, int argc, char **argv)
{
	int option, used;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (!take_option(a, option, optarg))
			return NULL;
	}
	char **words = argv + optind;
	int count = argc - optind;
	const struct command *c = find_command(words, count, &used);
	if (!c || (a->given & ~(c->options | ALWAYS)))
		return NULL;
	bool takes = c->take ? c->take(a->params, words + used, count - used) : count == used;
	return takes ? c : NULL;
}

/* Why there is no answer. */
static void say_silence(const struct ctl_client *client)
{
	if (client->error == -EAGAIN)
		fprintf(stderr, "penstockctl: nobody has answered at %s for %u s%s\n", client->path,
			client->patience_s,
			client->patience_s > PATIENCE_S ? "; what was asked for may still be done"
							: "");
	else
		fprintf(stderr, "penstockctl: the gateway at %s has hung up\n", client->path);
}

/* The result of a call, null with the exit status in `*status`. */
static json_t *ask(struct ctl_client *client, const char *method, json_t *params, int *status)
{
	json_t *answer = ctl_call(client, method, json_incref(params));
	if (!answer) {
		say_silence(client);
		*status = EXIT_NO_GATEWAY;
		return NULL;
	}
	json_t *error = json_object_get(answer, "error");
	json_t *result = error ? NULL : json_incref(json_object_get(answer, "result"));
	if (error) {
		const char *message =
			json_string_value(json_object_get(error, "message"));
		json_t *data = json_object_get(error, "data");
		const char *kafka =
			json_string_value(json_object_get(data, "kafka_error"));
		fprintf(stderr, "penstockctl: %s%s%s%s\n", message ? message : "error",
			kafka ? " (" : "", kafka ? kafka : "", kafka ? ")" : "");
		*status = EXIT_REFUSED;
	}
	json_decref(answer);
	return result;
}

/* Flushed, since what reads it through a pipe acts on each answer as it comes. */
static void show(const struct arguments *a, const struct command *c, const json_t *result)
{
	if (!a->is_json) {
		c->print(result);
		return;
	}
	json_dumpf(result, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
}

/* One line per second, or with --json one object, until the gateway or the user ends it.
 */
static int watch(struct ctl_client *client, const struct arguments *a,
		 const struct command *c)
{
	int status = 0;
	json_t *before = ask(client, c->method, a->params, &status);
	while (before && !ferror(stdout)) {
		sleep(1);
		json_t *after = ask(client, c->method, a->params, &status);
		if (after && a->is_json)
			show(a, c, after);
		else if (after)
			print_stats_line(before, after, 1.0);
		json_decref(before);
		before = after;
	}
	json_decref(before);
	return status;
}

/* Whoever has a change to make asks first whether there is somebody to make it. */
static int greet(struct ctl_client *client, const struct command *c)
{
	int status = 0;
	json_decref(ask(client, "system.version", NULL, &status));
	ctl_wait_for(client, c->effect == RECOVERS ? PATIENCE_RECOVERY_S : PATIENCE_CHANGE_S);
	return status;
}

/* A question needs no greeting: nothing is left half done when nobody answers it. */
static int run(struct ctl_client *client, const struct arguments *a,
	       const struct command *c)
{
	int status = c->effect == ASKS ? 0 : greet(client, c);
	if (a->watches)
		return watch(client, a, c);
	json_t *result = status ? NULL : ask(client, c->method, a->params, &status);
	if (result)
		show(a, c, result);
	json_decref(result);
	return status;
}

/* Connects, runs one command, hangs up; the exit status. */
static int call_gateway(const struct arguments *a, const struct command *c)
{
	const char *socket =
		a->socket && a->socket[0] ? a->socket : "/run/penstock/control.sock";
	struct ctl_client client;
	int error = ctl_connect(&client, socket, PATIENCE_S);
	if (error == -EAGAIN) {
		fprintf(stderr, "penstockctl: nobody has answered at %s for %d s\n", socket,
			PATIENCE_S);
		return EXIT_NO_GATEWAY;
	}
	if (error) {
		fprintf(stderr, "penstockctl: no gateway at %s: %s\n", socket, strerror(-error));
		return EXIT_NO_GATEWAY;
	}
	int status = run(&client, a, c);
	ctl_close(&client);
	return status;
}

int main(int argc, char **argv)
{
	struct arguments a = {.socket = getenv("PENSTOCK_SOCKET"),
			      .params = json_object()};
	if (!standard_files_open())
		return EXIT_NO_GATEWAY;
	const struct command *c = parse(&a, argc, argv);
	signal(SIGPIPE, SIG_IGN); /* a peer that hangs up is an answer, not our end */
	int status;
	if (a.given & BIT(HELP))
		status = usage(stdout);
	else if (!c)
		status = usage(stderr);
	else
		status = call_gateway(&a, c);
	json_decref(a.params);
	return status;
}
