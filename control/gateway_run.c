/* gateway_run.c - control's loop, and the states of a gateway's life.
 *
 *     starting ─▶ running ─▶ draining ─▶ closing ─▶ stopped
 *         └──────── signal ─────────────────▲
 *
 * running ends with a signal, or with the last log directory, as a broker of Kafka's does.
 * draining: pollers take no connection, finish what they hold; after drain.timeout.ms, or at a
 * second signal, what is left is reset. closing: every writer syncs and gives its logs back.
 */
#include "control/gateway_run.h"
#include "control/gateway_refused.h"
#include "dataplane/base/clock.h"

#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
	IDLE_MS = 100,
	BUSY_MS = 1, /* something ends without waking control */
	/* A reset connection still waits for the disk to finish its appends. */
	RESET_GRACE_MS = 10000,
	CLOSE_TIMEOUT_MS = 60000,
	MESSAGE_BYTES = 512,
};

struct run {
	struct gateway *g;
	uint64_t deadline_ns; /* of the state */
	bool is_reset;
	struct refused refused;
};

const char *gateway_state_name(void *gateway)
{
	static const char *const names[] = {
		[GATEWAY_STARTING] = "starting", [GATEWAY_RUNNING] = "running",
		[GATEWAY_DRAINING] = "draining", [GATEWAY_CLOSING] = "closing",
		[GATEWAY_STOPPED] = "stopped",
	};
	const struct gateway *g = gateway;
	struct recovery_progress p;
	enum gateway_state state = g->state;
	bool is_recovering = state == GATEWAY_STARTING && registry_progress(g->registry, &p);
	return is_recovering ? "recovering" : names[state];
}

/* ---- from state to state ----------------------------------------------------------- */

static void enter(struct run *r, enum gateway_state state, uint64_t timeout_ms)
{
	r->g->state = state;
	r->deadline_ns = clock_now_ns() + timeout_ms * NS_PER_MS;
}

static void start_serving(struct run *r)
{
	struct gateway *g = r->g;
	for (unsigned i = 0; i < g->plan.count; i++)
		core_serve(&g->cores[i]);
	enter(r, GATEWAY_RUNNING, 0);
	printf("READY\n");
	fflush(stdout);
}

static void start_draining(struct run *r)
{
	struct gateway *g = r->g;
	fprintf(stderr, "penstockd: draining, at most %u ms\n",
		g->settings.drain_timeout_ms);
	enter(r, GATEWAY_DRAINING, g->settings.drain_timeout_ms);
	atomic_store(&g->drain, true);
	for (unsigned i = 0; i < g->plan.count; i++)
		wake_post(&g->core_wakes[i]);
}

/* Resets take turns of their own to go out, for which a new deadline holds. */
static void start_resetting(struct run *r, const char *why)
{
	struct gateway *g = r->g;
	fprintf(stderr, "penstockd: %s: connections that are left are reset\n", why);
	r->is_reset = true;
	enter(r, GATEWAY_DRAINING, RESET_GRACE_MS);
	for (unsigned i = 0; i < g->plan.count; i++)
		core_reset(&g->cores[i]);
}

static void start_closing(struct run *r)
{
	registry_stop(r->g->registry);
	enter(r, GATEWAY_CLOSING, CLOSE_TIMEOUT_MS);
}

static bool all_drained(const struct gateway *g)
{
	for (unsigned i = 0; i < g->plan.count; i++)
		if (!core_is_drained(&g->cores[i]))
			return false;
	return true;
}

/* A start that cannot be finished is closed as a run is: writers give back the logs they have. */
static void step_starting(struct run *r)
{
	const char *fault = registry_fault(r->g->registry);
	if (registry_is_ready(r->g->registry)) {
		start_serving(r);
	} else if (fault[0] != '\0') {
		fprintf(stderr, "penstockd: start failed: %s\n", fault);
		start_closing(r);
	}
}

/* Which one it was, how it failed and what to do has been said by the registry. */
static void step_running(struct run *r)
{
	r->g->has_lost_logs = registry_has_lost_all(r->g->registry);
	if (r->g->has_lost_logs)
		start_draining(r);
}

static void step_draining(struct run *r, bool is_late)
{
	struct gateway *g = r->g;
	if (all_drained(g)) {
		g->is_clean = true;
		start_closing(r);
	} else if (is_late && !r->is_reset) {
		start_resetting(r, "drain.timeout.ms is over");
	} else if (is_late) {
		fprintf(stderr,
			"penstockd: records still wait for the disk; stopping without "
			"the mark of a clean shutdown\n");
		enter(r, GATEWAY_STOPPED, 0);
	}
}

static void step_closing(struct run *r, bool is_late)
{
	struct gateway *g = r->g;
	if (!registry_is_stopped(g->registry) && !is_late)
		return;
	if (is_late) {
		g->is_clean = false;
		fprintf(stderr,
			"penstockd: the writers do not give their logs back; stopping "
			"without the mark of a clean shutdown\n");
	}
	enter(r, GATEWAY_STOPPED, 0);
}

static void step(struct run *r)
{
	bool is_late = clock_now_ns() >= r->deadline_ns;
	enum gateway_state state = r->g->state;
	switch (state) {
	case GATEWAY_STARTING:
		step_starting(r);
		break;
	case GATEWAY_DRAINING:
		step_draining(r, is_late);
		break;
	case GATEWAY_CLOSING:
		step_closing(r, is_late);
		break;
	case GATEWAY_RUNNING:
		step_running(r);
		break;
	case GATEWAY_STOPPED:
		break;
	}
}

/* A start that is broken off has served nobody, so there is nothing that could be unclean. */
static void on_signal(struct run *r)
{
	enum gateway_state state = r->g->state;
	switch (state) {
	case GATEWAY_STARTING:
		r->g->is_clean = true;
		start_closing(r);
		break;
	case GATEWAY_RUNNING:
		start_draining(r);
		break;
	case GATEWAY_DRAINING:
		if (!r->is_reset)
			start_resetting(r, "second signal");
		break;
	case GATEWAY_CLOSING:
	case GATEWAY_STOPPED:
		break;
	}
}

/* ---- the loop ---------------------------------------------------------------------- */

/* What daemons do at a hangup. */
static void reload(struct gateway *g)
{
	char message[MESSAGE_BYTES];
	if (vehicle_files_reload(&g->vehicle_files, message, sizeof message))
		fprintf(stderr, "penstockd: SIGHUP: lists of vehicles are read again\n");
	else
		fprintf(stderr, "penstockd: SIGHUP: %s; lists of vehicles stay as they were\n",
			message);
}

static void signals_take(struct run *r)
{
	struct signalfd_siginfo info;
	while (read(r->g->signal_fd, &info, sizeof info) == sizeof info)
		if (info.ssi_signo == SIGHUP)
			reload(r->g);
		else
			on_signal(r);
}

static bool has_messages(const struct gateway *g)
{
	for (unsigned w = 0; w < g->plan.writer_count; w++)
		if (handoff_has_up(&g->admin[w]))
			return true;
	return kafka_api_has_messages(g->kafka_api);
}

/* Looks for messages once more after it has said that it sleeps: a sender that looked before
 * that wakes nobody. Signals and clients of the control socket have descriptors of their own. */
static void control_sleep(struct gateway *g)
{
	int fds[LOG_DIRS_MAX + 2];
	unsigned count = registry_wait_fds(g->registry, fds);
	fds[count++] = g->signal_fd;
	if (g->rpc)
		fds[count++] = rpc_wait_fd(g->rpc);
	bool is_brief = g->state != GATEWAY_RUNNING || registry_is_busy(g->registry) ||
			kafka_api_is_busy(g->kafka_api) || (g->rpc && rpc_is_full(g->rpc));
	wake_prepare(&g->control_wake);
	if (has_messages(g))
		wake_cancel(&g->control_wake);
	else
		wake_wait(&g->control_wake, (is_brief ? BUSY_MS : IDLE_MS) * NS_PER_MS,
			  fds, count);
}

void gateway_run(struct gateway *g)
{
	struct run r = {.g = g, .refused.to = stderr};
	while (g->state != GATEWAY_STOPPED) {
		bool worked = registry_turn(g->registry, clock_now_ns());
		worked |= kafka_api_turn(g->kafka_api);
		if (g->rpc)
			worked |= rpc_turn(g->rpc, clock_now_ns());
		vehicle_files_turn(&g->vehicle_files);
		refused_turn(&r.refused, g->poller_pages, g->plan.poller_count, clock_now_ns());
		signals_take(&r);
		step(&r);
		if (!worked)
			control_sleep(g);
	}
}
