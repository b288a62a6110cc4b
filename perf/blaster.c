/* blaster.c - pre-built Produce requests over kernel sockets out; rates, latencies as
 * JSON.
 *
 * One thread and epoll: requests are built before the clock starts, so that the client is
 * the cheapest there can be and the server is what is measured. The measured part begins
 * after the warm-up and counts requests that were due in it, answered or not. */
#include "perf/blaster_link.h"
#include "perf/blaster_options.h"

#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_PER_WAIT = 64, CONNECT_SECONDS = 5, PAUSE_NS_MAX = 10000000 };

/* How long answers to the last requests may take. */
#define GRACE_NS (10 * NS_PER_S)

struct blaster {
	struct blaster_options options;
	struct link *links;
	struct produce_body *bodies;
	struct tally tally;
	uint64_t start_ns;
	uint64_t issued; /* open loop: requests that have become due */
	int epoll;
};

static int fail(const char *what, int error)
{
	fprintf(stderr, "blaster: %s: %s\n", what, strerror(-error));
	return error;
}

/* ---- connections ----------------------------------------------------------------------
 */

static int open_socket(const struct blaster_options *o)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(o->port)};
	if (inet_pton(AF_INET, o->host, &to.sin_addr) != 1)
		return -EINVAL;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	if (fd < 0)
		return -errno;
	/* Linux: the time to connect, too, is bounded by the send timeout. */
	struct timeval limit = {.tv_sec = CONNECT_SECONDS};
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
		return fd;
	int error = errno;
	close(fd);
	return -error;
}

/* Links are spread over the partitions in turn; each writes to one, so that its offsets have to
 * grow. */
static int connect_link(struct blaster *b, unsigned number)
{
	struct link *l = &b->links[number];
	unsigned partition = number % b->options.partitions;
	l->fd = open_socket(&b->options);
	if (l->fd < 0)
		return fail("connect", l->fd);
	l->topic = b->options.topic;
	l->partition = partition;
	l->body = &b->bodies[partition];
	l->in_flight = b->options.in_flight;
	l->last_offset = -1;
	struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = l};
	return epoll_ctl(b->epoll, EPOLL_CTL_ADD, l->fd, &e) == 0 ? 0 : -errno;
}

static int prepare(struct blaster *b)
{
	const struct blaster_options *o = &b->options;
	b->links = calloc(o->connections, sizeof *b->links);
	b->bodies = calloc(o->partitions, sizeof *b->bodies);
	require(b->links && b->bodies);
	for (unsigned i = 0; i < o->partitions; i++) {
		struct produce_shape shape = {.topic = o->topic,
					      .partition = i,
					      .acks = o->acks,
					      .record_bytes = o->record_bytes,
					      .records = o->records,
					      .codec = o->codec,
					      .now_ms = clock_wall_ms()};
		b->bodies[i] = produce_body_build(&shape);
	}
	b->epoll = epoll_create1(EPOLL_CLOEXEC);
	int error = b->epoll < 0 ? -errno : 0;
	for (unsigned i = 0; i < o->connections && !error; i++)
		error = connect_link(b, i);
	return error;
}

/* ---- the schedule ---------------------------------------------------------------------
 */

/* When request `k` of all is due; the next is due a multiple of 1/rate after the start.
 */
static uint64_t due_of(const struct blaster *b, uint64_t k)
{
	uint64_t rate = b->options.rate;
	return b->start_ns + k / rate * NS_PER_S + k % rate * NS_PER_S / rate;
}

/* Request `number` of a link, which is one of every `connections` of the schedule. */
static uint64_t due_of_link(const struct blaster *b, const struct link *l,
			    uint64_t number)
{
	return due_of(b, number * b->options.connections + (uint64_t)(l - b->links));
}

/* In a closed loop an answer allows the next request; at a given rate the schedule does, and
 * this only sends what it has allowed. */
static int go_on(struct blaster *b, struct link *l, uint64_t now_ns)
{
	if (!b->options.rate && now_ns < b->tally.stop_ns)
		l->allowed = l->answered + l->in_flight;
	while (link_may_begin(l))
		link_begin(l, b->options.rate ? due_of_link(b, l, l->begun) : now_ns);
	int error = link_flush(l, &b->tally);
	return error ? fail("send", error) : 0;
}

/* Nothing is due any more at the end of the measured time, however late this turn is. */
static int issue_due(struct blaster *b, uint64_t now_ns)
{
	uint64_t until_ns = now_ns < b->tally.stop_ns ? now_ns : b->tally.stop_ns - 1;
	int error = 0;
	while (b->options.rate && !error && due_of(b, b->issued) <= until_ns) {
		struct link *l = &b->links[b->issued++ % b->options.connections];
		l->allowed++;
		error = go_on(b, l, now_ns);
	}
	return error;
}

/* ---- the loop -------------------------------------------------------------------------
 */

/* Bounded, so that the end of a phase is not slept through. */
static struct timespec pause_until_due(const struct blaster *b, uint64_t now_ns)
{
	uint64_t wait_ns = PAUSE_NS_MAX;
	if (b->options.rate && now_ns < b->tally.stop_ns) {
		uint64_t due_ns = due_of(b, b->issued);
		wait_ns = due_ns <= now_ns ? 0 : due_ns - now_ns;
	}
	if (wait_ns > PAUSE_NS_MAX)
		wait_ns = PAUSE_NS_MAX;
	return (struct timespec){.tv_nsec = (long)wait_ns};
}

static int serve_link(struct blaster *b, struct link *l)
{
	int error = link_receive(l, &b->tally);
	if (error)
		return fail(error == -EPROTO ? "an answer that fits no request"
					     : "receive",
			    error);
	return go_on(b, l, clock_now_ns());
}

static int turn(struct blaster *b)
{
	uint64_t now_ns = clock_now_ns();
	int error = issue_due(b, now_ns);
	struct timespec pause = pause_until_due(b, clock_now_ns());
	struct epoll_event events[EVENTS_PER_WAIT];
	int n = error ? 0 : epoll_pwait2(b->epoll, events, EVENTS_PER_WAIT, &pause, NULL);
	if (n < 0 && errno != EINTR)
		return fail("epoll", -errno);
	for (int i = 0; i < n && !error; i++)
		error = serve_link(b, events[i].data.ptr);
	return error;
}

static bool is_answered(const struct blaster *b)
{
	for (unsigned i = 0; i < b->options.connections; i++)
		if (b->links[i].answered < b->links[i].allowed)
			return false;
	return true;
}

static int run_until(struct blaster *b, uint64_t end_ns)
{
	int error = 0;
	while (!error && clock_now_ns() < end_ns)
		error = turn(b);
	return error;
}

/* Whoever started this program measures the server between these words. */
static void announce(const char *phase)
{
	puts(phase);
	fflush(stdout);
}

/* Closed loop: what was allowed and not yet begun is not owed any more. */
static void close_loop(struct blaster *b)
{
	for (unsigned i = 0; i < b->options.connections && !b->options.rate; i++)
		b->links[i].allowed = b->links[i].begun;
}

static int run(struct blaster *b)
{
	struct tally *t = &b->tally;
	b->start_ns = clock_now_ns();
	t->steady_ns = b->start_ns + (uint64_t)(b->options.warmup_s * 1e9);
	t->stop_ns = t->steady_ns + (uint64_t)(b->options.seconds * 1e9);
	int error = 0;
	for (unsigned i = 0; i < b->options.connections && !error; i++)
		error = go_on(b, &b->links[i], b->start_ns);
	if (!error)
		error = run_until(b, t->steady_ns);
	if (!error)
		announce("steady");
	if (!error)
		error = run_until(b, t->stop_ns);
	if (!error)
		announce("stopped");
	close_loop(b);
	while (!error && !is_answered(b) && clock_now_ns() < t->stop_ns + GRACE_NS)
		error = turn(b);
	return error;
}

/* ---- the result -----------------------------------------------------------------------
 */

/* At a given rate requests that were due and never sent count as unanswered, and as having
 * waited since: a server that stalls is charged for those, too. */
static uint64_t give_up(struct blaster *b)
{
	uint64_t unanswered = 0;
	for (unsigned i = 0; i < b->options.connections; i++) {
		struct link *l = &b->links[i];
		unanswered += link_give_up(l, &b->tally);
		for (uint64_t k = l->begun; k < l->allowed; k++) {
			uint64_t due_ns = due_of_link(b, l, k);
			if (due_ns >= b->tally.steady_ns)
				histogram_add(&b->tally.latency, clock_now_ns() - due_ns);
		}
	}
	return unanswered;
}

static json_t *quantiles(const struct histogram *h)
{
	static const struct {
		const char *name;
		double share;
	} shown[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}};
	json_t *json = json_pack("{s:I, s:f}", "count", (json_int_t)h->count, "max",
				 (double)h->max_ns / 1e3);
	for (unsigned i = 0; i < array_len(shown); i++) {
		uint64_t ns = histogram_quantile_ns(h, shown[i].share);
		json_object_set_new(json, shown[i].name, json_real((double)ns / 1e3));
	}
	return json;
}

static json_t *error_codes(const struct tally *t)
{
	json_t *json = json_object();
	for (unsigned i = 0; i < LINK_ERROR_CODES; i++) {
		char name[16];
		snprintf(name, sizeof name, "%u", i);
		if (t->error_codes[i])
			json_object_set_new(json, name,
					    json_integer((json_int_t)t->error_codes[i]));
	}
	return json;
}

/* Of this program, both in user and in kernel mode: a client is part of what its requests
 * cost. */
static double processor_seconds(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void report(struct blaster *b)
{
	const struct blaster_options *o = &b->options;
	struct tally *t = &b->tally;
	uint64_t unanswered = give_up(b);
	double rate = (double)t->answers / o->seconds;
	json_t *json = json_pack(
		"{s:f, s:f, s:f, s:f, s:I, s:I, s:I, s:o, s:o, s:o, s:f}",
		"records_per_s", rate * o->records, "requests_per_s", rate,
		"request_bytes_per_s",
		rate * (double)(PRODUCE_HEAD_BYTES + b->bodies[0].size), "seconds",
		o->seconds, "records_all", (json_int_t)(t->answers_all * o->records),
		"errors", (json_int_t)t->errors, "unanswered", (json_int_t)unanswered,
		"error_codes", error_codes(t), "latency_us", quantiles(&t->latency),
		"send_lag_us", quantiles(&t->lag), "client_cpu_s", processor_seconds());
	require(json);
	json_dumpf(json, stdout, JSON_COMPACT | JSON_REAL_PRECISION(8));
	putchar('\n');
	json_decref(json);
}

int main(int argc, char **argv)
{
	struct blaster *b = calloc(1, sizeof *b);
	require(b);
	if (!blaster_options_read(&b->options, argc, argv))
		return 2;
	prctl(PR_SET_TIMERSLACK, 1); /* wake up when a request is due, not 50 us later */
	int error = prepare(b);
	if (!error)
		error = run(b);
	if (!error)
		report(b);
	return error ? 1 : 0;
}
