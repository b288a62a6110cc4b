/* test_rpc.c - the control socket over a real socket: envelope, parameters, methods,
 * limits, and clients that behave badly. */
#include "control/rpc/rpc.h"
#include "dataplane/base/clock.h"
#include "tests/unit/control/catalog/registry_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct rig rig;
static struct rpc *rpc;
static struct stats_page pages[2];
static struct bad_frames bad;
static char path[96];
/* Kept until the end, so that parts of them can be looked at. */
static json_t *answers;

static const char *state(void *owner)
{
	return "running";
}

static void heap(void *owner, struct heap_share *ret)
{
	*ret = (struct heap_share){.heap_bytes = 1000, .heap_huge_bytes = 250};
}

static struct rpc *open_rpc(char *message, size_t message_size)
{
	struct rpc_options options = {
		.socket_path = path,
		.mode = 0600,
		.version = "9.9.9",
		.registry = rig.registry,
		.sources = {{"poller", 0, 2, &pages[0]}, {"writer", 0, 3, &pages[1]}},
		.source_count = 2,
		.bad_frames = {&bad},
		.poller_count = 1,
		.listener_names = {"FLEET"},
		.listener_count = 1,
		.state = state,
		.heap = heap,
	};
	return rpc_open(&options, message, message_size);
}

static void setup(void)
{
	char message[256];
	rig_init(&rig);
	cr_assert(rig_open(&rig), "%s", rig.message);
	snprintf(path, sizeof path, "%s/control.sock", rig.directory);
	rpc = open_rpc(message, sizeof message);
	cr_assert(rpc, "%s", message);
	answers = json_array();
}

static uint64_t now_ns = NS_PER_S;

static void teardown(void)
{
	json_decref(answers);
	if (rpc)
		rpc_close(rpc);
	rig_stop(&rig);
	rig_fini(&rig);
}

TestSuite(rpc, .init = setup, .fini = teardown);

static int dial(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	memcpy(address.sun_path, path, sizeof path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	cr_assert(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
	return fd;
}

/* Everyone turns until nothing moves. */
static void turns(void)
{
	bool worked = true;
	while (worked) {
		worked = rpc_turn(rpc, now_ns);
		rig_turns(&rig);
	}
}

static void send_text(int fd, const char *text)
{
	cr_assert(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
}

/* What has come so far, NUL behind it. */
static const char *receive(int fd)
{
	static char text[1 << 20];
	size_t size = 0;
	ssize_t n;
	turns();
	while ((n = read(fd, text + size, sizeof text - 1 - size)) > 0) {
		size += (size_t)n;
		turns();
	}
	text[size] = '\0';
	return text;
}

/* One request line and its one answer. */
static json_t *ask(const char *line)
{
	int fd = dial();
	send_text(fd, line);
	send_text(fd, "\n");
	json_error_t fault;
	const char *text = receive(fd);
	json_t *answer = json_loads(text, JSON_REJECT_DUPLICATES, &fault);
	cr_assert(answer && strchr(text, '\n') == text + strlen(text) - 1, "%s", text);
	json_array_append_new(answers, answer);
	close(fd);
	turns();
	return answer;
}

static json_t *result_of(const char *method, const char *params)
{
	char line[4096];
	snprintf(line, sizeof line,
		 "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"%s\",\"params\":%s}", method,
		 params);
	json_t *answer = ask(line);
	cr_assert(json_integer_value(json_object_get(answer, "id")) == 7);
	json_t *result = json_object_get(answer, "result");
	cr_assert(result, "%s", line);
	return result;
}

static void refuses(const char *line, int code, const char *words)
{
	json_t *answer = ask(line);
	json_t *error = json_object_get(answer, "error");
	const char *message = json_string_value(json_object_get(error, "message"));
	cr_assert(error && !json_object_get(answer, "result"), "%s", line);
	cr_assert(json_integer_value(json_object_get(error, "code")) == code, "%s",
		  message);
	cr_assert(strstr(message, words), "%s", message);
}

static const char *text_at(json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

Test(rpc, a_topic_is_created_listed_described_altered_and_deleted)
{
	json_t *made = result_of(
		"topic.create",
		"{\"name\":\"vehicles\",\"partitions\":8,"
		"\"config\":{\"linger.ms\":20,\"compression.type\":\"snappy\"}}");
	cr_assert(strlen(text_at(made, "id")) == 22);
	cr_assert(json_array_size(json_object_get(made, "partitions")) == 8);
	json_t *linger = json_object_get(json_object_get(made, "config"), "linger.ms");
	cr_assert(strcmp(text_at(linger, "value"), "20") == 0);
	cr_assert(strcmp(text_at(linger, "source"), "topic") == 0);
	json_t *topics = json_object_get(result_of("topic.list", "{}"), "topics");
	cr_assert(json_array_size(topics) == 1);
	cr_assert(strcmp(text_at(json_array_get(topics, 0), "name"), "vehicles") == 0);
	result_of("topic.alter", "{\"name\":\"vehicles\",\"partitions\":16,\"config\":{"
				 "\"linger.ms\":null}}");
	json_t *now = result_of("topic.describe", "{\"name\":\"vehicles\"}");
	cr_assert(json_array_size(json_object_get(now, "partitions")) == 16);
	linger = json_object_get(json_object_get(now, "config"), "linger.ms");
	cr_assert(strcmp(text_at(linger, "value"), "5") == 0);
	cr_assert(strcmp(text_at(linger, "source"), "gateway") == 0);
	result_of("topic.delete", "{\"name\":\"vehicles\"}");
	cr_assert(json_array_size(
			  json_object_get(result_of("topic.list", "{}"), "topics")) == 0);
}

Test(rpc, refusals_say_what_is_wrong_and_name_kafkas_error)
{
	result_of("topic.create", "{\"name\":\"t\"}");
	refuses("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"topic.create\",\"params\":{"
		"\"name\":\"t\"}}",
		-32000, "topic t is there already; alter it, or take another name");
	refuses("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"topic.describe\",\"params\":{"
		"\"name\":\"u\"}}",
		-32000, "there is no topic u");
	json_t *answer =
		ask("{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"topic.create\","
		    "\"params\":{\"name\":\"u\",\"replication_factor\":3}}");
	json_t *data = json_object_get(json_object_get(answer, "error"), "data");
	cr_assert(strcmp(text_at(data, "kafka_error"), "INVALID_REPLICATION_FACTOR") ==
		  0);
	cr_assert(strcmp(text_at(answer, "id"), "x") == 0);
}

Test(rpc, the_envelope_is_checked)
{
	refuses("{", -32700, "not JSON");
	refuses("{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"rpc.methods\"}",
		-32700, "not JSON");
	refuses("[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", -32700, "16 levels");
	refuses("[1]", -32600, "one request object per line");
	refuses("{\"id\":1,\"method\":\"rpc.methods\"}", -32600,
		"\"jsonrpc\" is not \"2.0\"");
	refuses("{\"jsonrpc\":\"2.0\",\"id\":1}", -32600, "\"method\" is not a string");
	refuses("{\"jsonrpc\":\"2.0\",\"id\":[],\"method\":\"rpc.methods\"}", -32600,
		"\"id\" is neither");
	refuses("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"rpc.methods\",\"x\":1}",
		-32600, "no member x");
	refuses("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"topic.make\"}", -32601,
		"there is no method topic.make");
}

Test(rpc, parameters_are_checked_before_anything_happens)
{
	unsigned calls = faults.calls;
#define CREATE "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"topic.create\",\"params\":"
	refuses(CREATE "{}}", -32602, "needs the parameter name: the topic");
	refuses(CREATE "{\"name\":7}}", -32602,
		"parameter name is integer, expected string");
	refuses(CREATE "{\"name\":\"t\",\"partition\":3}}", -32602,
		"has no parameter partition");
	refuses(CREATE "{\"name\":\"t\",\"partitions\":-5}}", -32602, "expected a count");
	refuses(CREATE "{\"name\":\"t\",\"partitions\":4294967296}}", -32602,
		"expected a count");
	refuses(CREATE "{\"name\":\"t\",\"partitions\":1.5}}", -32602,
		"is number, expected integer");
	refuses(CREATE "{\"name\":\"t\",\"config\":{\"linger.ms\":[]}}}", -32602,
		"config.linger.ms");
	refuses(CREATE "[\"t\"]}", -32602, "parameters have names");
	refuses("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"topic.alter\",\"params\":{"
		"\"name\":\"t\"}}",
		-32602, "nothing to alter");
	refuses(CREATE "{\"name\":\"t\",\"config\":{\"lingerms\":5}}}", -32000,
		"nearest: linger.ms");
	cr_assert(faults.calls == calls);
	result_of("topic.create", "{\"name\":\"t\",\"validate_only\":true}");
	cr_assert(faults.calls == calls && registry_count(rig.registry) == 0);
}

Test(rpc, stats_are_the_sum_of_all_cores_and_their_ledgers_balance)
{
	struct stats s[2] = {0};
	s[0].value[STAT_records_received] = 10;
	s[0].value[STAT_records_stored] = 7;
	s[0].value[STAT_record_reject_crc] = 1;
	s[0].value[STAT_cycles_busy] = 1000;
	s[1].value[STAT_log_bytes] = 4096;
	stats_latency(&s[0], 5000000);
	stats_publish(&pages[0], &s[0]);
	stats_publish(&pages[1], &s[1]);
	json_t *stats = result_of("stats.get", "{}");
	json_t *records = json_object_get(json_object_get(stats, "ledgers"), "records");
	cr_assert(json_integer_value(json_object_get(records, "in")) == 10);
	cr_assert(json_integer_value(json_object_get(records, "in_flight")) == 2);
	json_t *ends = json_object_get(records, "ends");
	cr_assert(json_integer_value(json_object_get(ends, "record_reject_crc")) == 1);
	json_t *counters = json_object_get(stats, "counters");
	cr_assert(json_object_size(counters) == STAT_COUNT);
	cr_assert(json_integer_value(json_object_get(counters, "log_bytes")) == 4096);
	json_t *core = json_array_get(json_object_get(stats, "cores"), 0);
	cr_assert(json_integer_value(json_object_get(core, "cycles_busy")) == 1000);
	cr_assert(json_integer_value(json_object_get(core, "cpu")) == 2);
	json_t *latency = json_object_get(stats, "answer_latency_us");
	cr_assert(json_integer_value(json_object_get(latency, "count")) == 1);
	cr_assert(json_integer_value(json_object_get(latency, "p99")) >= 5000);
	json_t *memory = json_object_get(json_object_get(stats, "memory"), "control");
	cr_assert(json_real_value(json_object_get(memory, "huge_share")) == 0.25);
}

Test(rpc, bad_frames_are_shown_with_peer_offset_reason_and_bytes)
{
	static const uint8_t bytes[] = {0x23, 0x23, 0xff};
	struct bad_frame f = {.wall_ms = 1795256100123,
			      .stream_offset = 77,
			      .size = 3,
			      .reason = STAT_frame_reject_bcc,
			      .listener = 0};
	static const uint8_t address[16] = {[10] = 0xff, 0xff, 192, 0, 2, 7};
	memcpy(f.peer.address.octets, address, 16);
	f.peer.port = 4711;
	bad_frames_add(&bad, &f, (struct bytes){bytes, 3});
	f.wall_ms++;
	f.reason = STAT_frame_reject_request;
	f.fault = BAD_REQUEST_VERSION;
	bad_frames_add(&bad, &f, (struct bytes){bytes, 3});
	json_t *frames = json_object_get(result_of("frames.bad", "{}"), "frames");
	cr_assert(json_array_size(frames) == 2);
	json_t *older = json_array_get(frames, 1);
	cr_assert(strcmp(text_at(older, "time"), "2026-11-21T10:15:00.123Z") == 0, "%s",
		  text_at(older, "time"));
	cr_assert(strcmp(text_at(older, "peer"), "192.0.2.7:4711") == 0);
	cr_assert(strcmp(text_at(older, "reason"), "frame_reject_bcc") == 0);
	cr_assert(strcmp(text_at(older, "bytes"), "2323ff") == 0);
	cr_assert(strcmp(text_at(older, "listener"), "FLEET") == 0);
	frames = json_object_get(result_of("frames.bad", "{\"limit\":1}"), "frames");
	cr_assert(json_array_size(frames) == 1);
	cr_assert(*text_at(json_array_get(frames, 0), "fault"));
}

Test(rpc, the_gateway_says_who_it_is_and_what_it_can)
{
	cr_assert(strcmp(text_at(result_of("system.version", "{}"), "version"),
			 "9.9.9") == 0);
	json_t *now = result_of("system.state", "{}");
	cr_assert(strcmp(text_at(now, "state"), "running") == 0);
	cr_assert(strlen(text_at(now, "cluster_id")) == 22);
	json_t *methods = json_object_get(result_of("rpc.methods", "{}"), "methods");
	cr_assert(json_array_size(methods) == 17);
}

/* A restart finds partition 1 of t replaced by a file. */
static void take_offline(void)
{
	char message[256];
	rig_create(&rig, "t", 2);
	rpc_close(rpc);
	rig_stop(&rig);
	rig_run(&rig, "rm -r t-1; echo mine > t-1; echo > meta.properties");
	cr_assert(rig_open(&rig), "%s", rig.message);
	rpc = open_rpc(message, sizeof message);
	cr_assert(rpc, "%s", message);
}

Test(rpc, what_is_not_served_is_told_by_state_list_and_describe)
{
	cr_assert(text_at(result_of("system.state", "{}"), "log_dir_fault")[0] == '\0');
	take_offline();
	json_t *now = result_of("system.state", "{}");
	cr_assert(strstr(text_at(now, "log_dir_fault"), "meta.properties"));
	cr_assert(json_integer_value(json_object_get(now, "partition_fault_count")) == 1);
	json_t *fault = json_array_get(json_object_get(now, "partition_faults"), 0);
	cr_assert(strcmp(text_at(fault, "topic"), "t") == 0);
	cr_assert(json_integer_value(json_object_get(fault, "partition")) == 1);
	cr_assert(json_is_true(json_object_get(fault, "is_offline")));
	cr_assert(strstr(text_at(fault, "fault"), "Not a directory"));
	json_t *topic = json_array_get(
		json_object_get(result_of("topic.list", "{}"), "topics"), 0);
	cr_assert(json_integer_value(json_object_get(topic, "partitions_offline")) == 1);
	json_t *parts = json_object_get(result_of("topic.describe", "{\"name\":\"t\"}"),
					"partitions");
	cr_assert(json_is_false(json_object_get(json_array_get(parts, 0), "is_offline")));
	cr_assert(json_is_true(json_object_get(json_array_get(parts, 1), "is_offline")));
	cr_assert(strstr(text_at(json_array_get(parts, 1), "fault"), "Not a directory"));
}

Test(rpc, state_shows_a_hundred_faults_and_counts_them_all)
{
	rig_create(&rig, "t", 120);
	for (unsigned i = 0; i < 120; i++)
		rig.marks[rig_topic(&rig, "t")->topic.refs[i].slot].marks =
			(struct log_marks){.is_fenced = true, .fence_error = -ENOSPC};
	json_t *now = result_of("system.state", "{}");
	cr_assert(json_array_size(json_object_get(now, "partition_faults")) == 100);
	cr_assert(json_integer_value(json_object_get(now, "partition_fault_count")) == 120);
}

Test(rpc, requests_of_one_connection_are_answered_in_order)
{
	int fd = dial();
	send_text(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"topic.create\","
		      "\"params\":{\"name\":\"t\"}}\n"
		      "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"topic.list\"}\n"
		      "\n"
		      "{\"jsonrpc\":\"2.0\",\"method\":\"topic.delete\",\"params\":{"
		      "\"name\":\"t\"}}\n"
		      "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"topic.list\"}\n");
	char *text = strdup(receive(fd)), *save;
	char *first = strtok_r(text, "\n", &save);
	char *second = strtok_r(NULL, "\n", &save);
	char *third = strtok_r(NULL, "\n", &save);
	cr_assert(first && strstr(first, "\"id\":1"), "%s", first);
	cr_assert(second && strstr(second, "\"id\":2") &&
		  strstr(second, "\"name\":\"t\""));
	cr_assert(third && strstr(third, "\"id\":3") && strstr(third, "\"topics\":[]"),
		  "%s", third);
	cr_assert(!strtok_r(NULL, "\n", &save));
	free(text);
	close(fd);
}

Test(rpc, a_notification_of_a_change_leaves_its_sender_heard)
{
	int fd = dial();
	send_text(fd, "{\"jsonrpc\":\"2.0\",\"method\":\"topic.create\","
		      "\"params\":{\"name\":\"t\"}}\n");
	cr_assert(receive(fd)[0] == '\0');
	send_text(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"topic.list\"}\n");
	cr_assert(strstr(receive(fd), "\"name\":\"t\""));
	close(fd);
}

Test(rpc, a_last_line_without_newline_is_answered_before_the_connection_closes)
{
	int fd = dial();
	send_text(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"topic.create\","
		      "\"params\":{\"name\":\"t\"}}");
	shutdown(fd, SHUT_WR);
	cr_assert(strstr(receive(fd), "\"name\":\"t\""));
	char byte;
	cr_assert(read(fd, &byte, 1) == 0);
	close(fd);
}

static const char version_line[] =
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"system.version\"}\n";

Test(rpc, a_request_in_single_bytes_is_one_request)
{
	int fd = dial();
	for (const char *at = version_line; *at; at++) {
		cr_assert(write(fd, at, 1) == 1);
		turns();
	}
	cr_assert(strstr(receive(fd), "9.9.9"));
	close(fd);
}

Test(rpc, a_line_without_end_costs_its_sender_the_connection)
{
	int fd = dial();
	static char junk[65536];
	memset(junk, ' ', sizeof junk);
	for (unsigned i = 0; i < 40; i++) {
		if (send(fd, junk, sizeof junk, MSG_NOSIGNAL) < 0)
			break;
		turns();
	}
	cr_assert(strstr(receive(fd), "a request has at most 1048576 bytes"));
	char byte;
	cr_assert(read(fd, &byte, 1) <= 0);
	close(fd);
}

Test(rpc, a_client_that_goes_while_its_job_runs_is_forgotten)
{
	faults.writer_is_slow = true;
	int fd = dial();
	send_text(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"topic.create\","
		      "\"params\":{\"name\":\"t\"}}\n");
	turns();
	close(fd);
	turns();
	int next = dial();
	send_text(next, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"system.version\"}\n");
	faults.writer_is_slow = false;
	const char *text = receive(next);
	cr_assert(strstr(text, "9.9.9") && !strstr(text, "\"id\":1"), "%s", text);
	cr_assert(rig_topic(&rig, "t"));
	close(next);
}

Test(rpc, a_job_that_outlives_the_socket_ends_quietly)
{
	faults.writer_is_slow = true;
	int fd = dial();
	send_text(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"topic.create\","
		      "\"params\":{\"name\":\"t\"}}\n");
	turns();
	rpc_close(rpc);
	rpc = NULL;
	faults.writer_is_slow = false;
	rig_turns(&rig);
	cr_assert(rig_topic(&rig, "t"));
	close(fd);
}

Test(rpc, more_clients_than_places_wait_their_turn)
{
	int fds[RPC_CLIENTS_MAX + 1];
	for (unsigned i = 0; i < RPC_CLIENTS_MAX; i++)
		fds[i] = dial();
	turns();
	fds[RPC_CLIENTS_MAX] = dial();
	send_text(fds[RPC_CLIENTS_MAX], version_line);
	cr_assert(receive(fds[RPC_CLIENTS_MAX])[0] == '\0');
	close(fds[3]);
	cr_assert(strstr(receive(fds[RPC_CLIENTS_MAX]), "9.9.9"));
}

/* Bytes that have come since the last call, and how many lines end in them. */
static size_t take_some(int fd, unsigned *lines)
{
	static char text[1 << 20];
	ssize_t n = read(fd, text, sizeof text);
	for (ssize_t i = 0; i < n; i++)
		*lines += text[i] == '\n';
	return n > 0 ? (size_t)n : 0;
}

/* Control has others to serve between any two of them. */
Test(rpc, a_turn_runs_one_request_of_one_client)
{
	enum { CLIENTS = 3, ALL = 2 * CLIENTS };
	unsigned lines[CLIENTS] = {0}, sum = 0;
	int fds[CLIENTS] = {dial(), dial(), dial()};
	turns();
	for (unsigned i = 0; i < ALL; i++)
		send_text(fds[i % CLIENTS], version_line);
	for (unsigned turn = 1; turn <= ALL; turn++, sum = 0) {
		cr_assert(rpc_turn(rpc, now_ns));
		for (unsigned i = 0; i < CLIENTS; i++) {
			take_some(fds[i], &lines[i]);
			sum += lines[i];
			cr_assert(lines[i] <= (turn + CLIENTS - 1) / CLIENTS, "in their turns");
		}
		cr_assert(sum == turn, "%u in %u turns", sum, turn);
	}
}

Test(rpc, who_does_not_read_is_answered_little_until_he_does)
{
	enum { ASKED = 200, LITTLE = 32 << 10 };
	unsigned lines = 0;
	int fd = dial();
	for (unsigned i = 0; i < ASKED; i++)
		send_text(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"stats.get\"}\n");
	turns();
	cr_assert(take_some(fd, &lines) <= LITTLE && lines < ASKED);
	for (unsigned i = 0; i < 100000 && lines < ASKED; i++, take_some(fd, &lines))
		turns();
	cr_assert(lines == ASKED);
}

static bool is_closed(int fd)
{
	char byte;
	turns();
	ssize_t n = read(fd, &byte, 1);
	return n == 0 || (n < 0 && errno != EAGAIN);
}

/* A hundred of them, and whoever has something to ask is answered. */
Test(rpc, half_lines_give_their_places_to_those_who_finish)
{
	enum { HALVES = 100 };
	int halves[HALVES], finisher;
	for (unsigned i = 0; i < HALVES; i++) {
		halves[i] = dial();
		send_text(halves[i], "{\"jsonrpc\":");
		turns();
	}
	finisher = dial();
	send_text(finisher, version_line);
	cr_assert(receive(finisher)[0] == '\0' && rpc_is_full(rpc));
	for (unsigned round = 0; round < 2; round++) {
		now_ns += RPC_GRACE_MS * NS_PER_MS;
		turns();
	}
	cr_assert(strstr(receive(finisher), "9.9.9"));
	for (unsigned i = 0; i < HALVES; i++)
		close(halves[i]);
	turns();
	cr_assert(!rpc_is_full(rpc));
	close(finisher);
}

/* Nobody waits: who is silent stays, and half a line has its time all the same. */
Test(rpc, a_request_has_five_seconds_to_come_whole)
{
	int half = dial(), silent = dial();
	turns();
	now_ns += 3 * RPC_LINE_MS * NS_PER_MS;
	send_text(half, "{\"jsonrpc\":");
	turns();
	now_ns += (RPC_LINE_MS - 1) * NS_PER_MS;
	send_text(half, "\"2.0\",");
	cr_assert(receive(half)[0] == '\0');
	now_ns += NS_PER_MS;
	cr_assert(strstr(receive(half), "a request has at most 5000 ms to come whole"));
	cr_assert(is_closed(half) && !is_closed(silent));
	send_text(silent, version_line);
	cr_assert(strstr(receive(silent), "9.9.9"));
	close(half);
	close(silent);
}

/* Its job is ours to finish. */
Test(rpc, who_waits_for_a_job_keeps_his_place)
{
	faults.writer_is_slow = true;
	int waits = dial(), others[RPC_CLIENTS_MAX];
	send_text(waits, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"topic.create\","
			 "\"params\":{\"name\":\"t\"}}\n");
	turns();
	for (unsigned i = 0; i < RPC_CLIENTS_MAX; i++) {
		now_ns += 3 * RPC_LINE_MS * NS_PER_MS;
		others[i] = dial();
		turns();
	}
	faults.writer_is_slow = false;
	for (unsigned i = 0; i < 10; i++)
		turns();
	cr_assert(strstr(receive(waits), "\"name\":\"t\""));
	cr_assert(is_closed(others[0]) && !is_closed(others[1]));
	for (unsigned i = 0; i < RPC_CLIENTS_MAX; i++)
		close(others[i]);
	close(waits);
}

Test(rpc, the_wait_descriptor_is_readable_when_there_is_something_to_do)
{
	turns();
	struct pollfd p = {.fd = rpc_wait_fd(rpc), .events = POLLIN};
	cr_assert(poll(&p, 1, 0) == 0);
	int fd = dial();
	cr_assert(poll(&p, 1, 0) == 1);
	turns();
	cr_assert(poll(&p, 1, 0) == 0);
	close(fd);
	cr_assert(poll(&p, 1, 0) == 1);
	turns();
	cr_assert(poll(&p, 1, 0) == 0);
}

Test(rpc, strangers_may_look_and_not_touch)
{
	char command[256];
	snprintf(command, sizeof command, "chmod 755 %s && chmod 666 %s", rig.directory,
		 path);
	cr_assert(system(command) == 0);
	if (geteuid() != 0 || seteuid(65534) != 0)
		cr_skip("only root can become a stranger");
	int fd = dial();
	cr_assert(seteuid(0) == 0);
	send_text(fd,
		  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"topic.create\",\"params\":{"
		  "\"name\":\"t\"}}\n");
	cr_assert(strstr(receive(fd), "ask as root or as the gateway's own user"));
	send_text(fd, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"topic.list\"}\n");
	cr_assert(strstr(receive(fd), "\"topics\":[]"));
	close(fd);
}

Test(rpc, the_socket_has_the_mode_it_was_given)
{
	char command[256];
	snprintf(command, sizeof command, "test $(stat -c %%a %s) = 600", path);
	cr_assert(system(command) == 0);
}

Test(rpc, a_second_gateway_does_not_take_the_socket_of_the_first)
{
	char message[256];
	cr_assert(!open_rpc(message, sizeof message));
	cr_assert(strstr(message, "belongs to a gateway that runs"), "%s", message);
	rpc_close(rpc);
	rpc = open_rpc(message, sizeof message);
	cr_assert(rpc, "%s", message);
}
