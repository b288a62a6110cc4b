/* swarm.c - many consumers of groups over kernel sockets out; how long a rebalance takes them, and
 * what the others see of it, as JSON.
 *
 *     gather    all join; the large group has its first generation
 *     calm      heartbeats alone
 *     leave     one of the large group leaves: until each that stays has its share again
 *     join      one comes: the same
 *     commit    the committers, each one commit after the other
 *     wait      the waiters, each one Fetch after the other where there is nothing
 *
 * One thread and epoll, for the members are many and do little. */
#include "perf/swarm_member.h"
#include "perf/swarm_options.h"

#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>

enum { EVENTS_PER_WAIT = 256, PAUSE_MS = 2 };

#define PHASE_NS (60 * NS_PER_S)

enum kind { LARGE, OTHERS, COMMITTERS, WAITERS, KINDS };

struct swarm {
	struct swarm_options options;
	struct sockaddr_in server;
	struct swarm_member *members; /* the large group's, one that comes later included, */
	struct swarm_member *others, *committers, *waiters; /* then these */
	unsigned all;
	struct swarm_tally tallies[KINDS];
	int32_t generation; /* of the large group, that it has to get beyond */
	int epoll;
};

static int fail(const char *what, int error)
{
	fprintf(stderr, "group-swarm: %s: %s\n", what, strerror(-error));
	return error;
}

/* ---- the loop --------------------------------------------------------------------------- */

static int serve(struct swarm_member *m, uint32_t events)
{
	int error = events & EPOLLOUT ? swarm_link_flush(&m->link) : 0;
	int got = error ? error : swarm_link_receive(&m->link);
	return got > 0 ? swarm_member_take(m, clock_now_ns()) : got;
}

static int turn(struct swarm *s)
{
	struct epoll_event events[EVENTS_PER_WAIT];
	int n = epoll_wait(s->epoll, events, EVENTS_PER_WAIT, PAUSE_MS), error = 0;
	if (n < 0 && errno != EINTR)
		return fail("epoll", -errno);
	for (int i = 0; i < n && !error; i++)
		error = serve(events[i].data.ptr, events[i].events);
	uint64_t now_ns = clock_now_ns();
	for (unsigned i = 0; i < s->all && !error; i++)
		error = swarm_member_turn(&s->members[i], now_ns);
	return error ? fail("a member", error) : 0;
}

static bool never(const struct swarm *s)
{
	return false;
}

/* Until `is_over`, or `ns` are over, which is an error when there is something to wait for. */
static int run(struct swarm *s, uint64_t ns, bool (*is_over)(const struct swarm *))
{
	uint64_t end_ns = clock_now_ns() + ns;
	while (!is_over(s)) {
		int error = turn(s);
		if (error)
			return error;
		if (clock_now_ns() >= end_ns)
			return is_over == never ? 0 : fail("a phase", -ETIMEDOUT);
	}
	return 0;
}

/* ---- members ---------------------------------------------------------------------------- */

static int open_member(struct swarm *s, struct swarm_member *m)
{
	int error = swarm_link_open(&m->link, &s->server);
	if (error)
		return fail("connect", error);
	struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = m};
	return epoll_ctl(s->epoll, EPOLL_CTL_ADD, m->link.fd, &e) == 0 ? 0 : -errno;
}

static enum kind kind_of(const struct swarm *s, const struct swarm_member *m)
{
	if (m < s->committers)
		return m < s->others ? LARGE : OTHERS;
	return m < s->waiters ? COMMITTERS : WAITERS;
}

static void name_members(struct swarm *s)
{
	const struct swarm_options *o = &s->options;
	for (unsigned i = 0; i < s->all; i++) {
		struct swarm_member *m = &s->members[i];
		m->tally = &s->tallies[kind_of(s, m)];
		m->state = SWARM_GONE;
		m->partition = i % o->partitions;
		snprintf(m->group, sizeof m->group, m < s->others ? "large" : "group-%u", i);
	}
}

static int prepare(struct swarm *s)
{
	const struct swarm_options *o = &s->options;
	unsigned large = o->members ? o->members + 1 : 0;
	s->all = large + o->others + o->committers + o->waiters;
	s->members = calloc(s->all + 1, sizeof *s->members);
	require(s->members);
	s->others = s->members + large;
	s->committers = s->others + o->others;
	s->waiters = s->committers + o->committers;
	s->tallies[LARGE].interval_ns = o->interval_ms * NS_PER_MS;
	s->tallies[OTHERS].interval_ns = o->others_ms * NS_PER_MS;
	s->tallies[LARGE].session_ms = s->tallies[OTHERS].session_ms = (int32_t)o->session_ms;
	s->tallies[COMMITTERS].topic = s->tallies[WAITERS].topic = o->topic;
	s->server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(o->port)};
	if (inet_pton(AF_INET, o->host, &s->server.sin_addr) != 1)
		return fail("the server's address", -EINVAL);
	struct rlimit files;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	name_members(s);
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	return s->epoll < 0 ? -errno : 0;
}

static int join(struct swarm *s, struct swarm_member *first, unsigned count)
{
	int error = 0;
	for (unsigned i = 0; i < count && !error; i++) {
		error = open_member(s, &first[i]);
		if (!error)
			error = swarm_member_join(&first[i], clock_now_ns());
	}
	return error;
}

/* ---- phases ----------------------------------------------------------------------------- */

/* Each member of the large group, the other groups' as well. */
static bool are_stable(const struct swarm *s)
{
	for (const struct swarm_member *m = s->members; m < s->committers; m++) {
		bool is_behind = m < s->others && m->generation <= s->generation;
		if (m->state != SWARM_GONE && (m->state != SWARM_STABLE || is_behind))
			return false;
	}
	return true;
}

/* When the last has come again, been told and had its share, in seconds since the change. */
static json_t *times_since(const struct swarm *s, uint64_t since_ns)
{
	uint64_t came_ns = since_ns, told_ns = since_ns, shared_ns = since_ns;
	for (const struct swarm_member *m = s->members; m < s->others; m++) {
		if (m->state != SWARM_STABLE)
			continue;
		came_ns = max_u64(came_ns, m->came_ns);
		told_ns = max_u64(told_ns, m->told_ns);
		shared_ns = max_u64(shared_ns, m->shared_ns);
	}
	return json_pack("{s:f, s:f, s:f}", "came_s", (double)(came_ns - since_ns) / 1e9,
			 "told_s", (double)(told_ns - since_ns) / 1e9, "shared_s",
			 (double)(shared_ns - since_ns) / 1e9);
}

static json_t *latency(const struct histogram *h)
{
	return json_pack("{s:I, s:f, s:f, s:f}", "count", (json_int_t)h->count, "p50_ms",
			 (double)histogram_quantile_ns(h, 0.5) / 1e6, "p99_ms",
			 (double)histogram_quantile_ns(h, 0.99) / 1e6, "max_ms",
			 (double)h->max_ns / 1e6);
}

/* What the others have seen of a phase; the next one is counted anew. */
static json_t *others_seen(struct swarm *s)
{
	struct histogram *h = &s->tallies[OTHERS].latency;
	json_t *seen = latency(h);
	*h = (struct histogram){0};
	return seen;
}

/* 0, with the phase in `ret`, or -errno. */
static int change(struct swarm *s, json_t *ret, const char *name,
		  int (*begin)(struct swarm *s))
{
	uint64_t since_ns = clock_now_ns();
	int error = begin(s);
	if (!error)
		error = run(s, PHASE_NS, are_stable);
	if (error)
		return error;
	json_t *times = times_since(s, since_ns);
	json_object_set_new(times, "others", others_seen(s));
	json_object_set_new(ret, name, times);
	s->generation = s->members[0].generation;
	return 0;
}

static int gather(struct swarm *s)
{
	int error = join(s, s->others, s->options.others);
	return error ? error : join(s, s->members, s->options.members);
}

/* Neither the leader, who came first, nor one that the others are told of late. */
static int leave(struct swarm *s)
{
	return swarm_member_leave(&s->members[s->options.members / 2], clock_now_ns());
}

static int come(struct swarm *s)
{
	return join(s, &s->members[s->options.members], 1);
}

/* Whoever started this program measures the server between these words. */
static void announce(const char *phase)
{
	puts(phase);
	fflush(stdout);
}

/* For the seconds that were asked for; `busy` has done so much, and the others saw it. */
static int steady(struct swarm *s, json_t *ret, const char *name, enum kind busy)
{
	struct swarm_tally *t = &s->tallies[busy];
	uint64_t good = t->good, from_ns = clock_now_ns();
	t->latency = s->tallies[OTHERS].latency = (struct histogram){0};
	announce(name);
	int error = run(s, (uint64_t)(s->options.seconds * 1e9), never);
	announce("over");
	double seconds = (double)(clock_now_ns() - from_ns) / 1e9;
	if (!error)
		json_object_set_new(ret, name,
				    json_pack("{s:f, s:o, s:o}", "per_s",
					      (double)(t->good - good) / seconds, "latency",
					      latency(&t->latency), "others", others_seen(s)));
	return error;
}

/* The first second, in which groups and topics are made, is not counted. Who was busy ends with
 * his connection. */
static int busy(struct swarm *s, json_t *ret, const char *name, enum kind kind)
{
	bool is_commit = kind == COMMITTERS;
	struct swarm_member *first = is_commit ? s->committers : s->waiters;
	unsigned count = is_commit ? s->options.committers : s->options.waiters;
	int error = 0;
	for (unsigned i = 0; i < count && !error; i++) {
		error = open_member(s, &first[i]);
		if (!error)
			error = is_commit ? swarm_member_commit(&first[i], clock_now_ns())
					  : swarm_member_wait(&first[i], clock_now_ns());
	}
	if (!error)
		error = run(s, NS_PER_S, never);
	if (!error)
		error = steady(s, ret, name, kind);
	for (unsigned i = 0; i < count && !error; i++)
		swarm_link_close(&first[i].link);
	return error;
}

static int measure(struct swarm *s, json_t *ret)
{
	const struct swarm_options *o = &s->options;
	bool are_groups = o->members + o->others > 0;
	int error = are_groups ? change(s, ret, "gather", gather) : 0;
	if (!error && are_groups)
		error = steady(s, ret, "calm", LARGE);
	if (!error && o->members)
		error = change(s, ret, "leave", leave);
	if (!error && o->members)
		error = change(s, ret, "join", come);
	if (!error && o->committers)
		error = busy(s, ret, "commit", COMMITTERS);
	if (!error && o->waiters)
		error = busy(s, ret, "wait", WAITERS);
	return error;
}

/* ---- the result ------------------------------------------------------------------------- */

static json_t *errors_of(const struct swarm *s)
{
	static const char *const names[KINDS] = {"large", "others", "committers", "waiters"};
	json_t *all = json_object();
	for (unsigned k = 0; k < KINDS; k++)
		for (unsigned code = 0; code < SWARM_ERROR_CODES; code++) {
			char name[32];
			snprintf(name, sizeof name, "%s %u", names[k], code);
			if (s->tallies[k].errors[code])
				json_object_set_new(
					all, name,
					json_integer((json_int_t)s->tallies[k].errors[code]));
		}
	return all;
}

int main(int argc, char **argv)
{
	struct swarm *s = calloc(1, sizeof *s);
	require(s);
	if (!swarm_options_read(&s->options, argc, argv))
		return 2;
	json_t *ret = json_object();
	int error = prepare(s);
	if (!error)
		error = measure(s, ret);
	json_object_set_new(ret, "errors", errors_of(s));
	json_dumpf(ret, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	putchar('\n');
	return error ? 1 : 0;
}
