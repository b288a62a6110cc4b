/* sim_run.c - the world stepped, the gateway started and stopped in it; see sim_run.h. */
#include "tests/sim/sim_run.h"
#include "dataplane/base/require.h"
#include "tests/sim/sim_checker.h"
#include "tests/sim/sim_crowd.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_history.h"
#include "tests/sim/sim_net.h"

#include <stdlib.h>

#define QUIET_NS_MAX  (240 * NS_PER_S)
#define STEP_NS       (20 * NS_PER_US)
#define STORM_STEP_NS (60 * NS_PER_US)

struct run *run_create(uint64_t seed, bool is_verbose)
{
	struct run *r = calloc(1, sizeof *r);
	require(r);
	r->world = (struct world){.seed = seed,
				  .rng = {seed},
				  .entropy = {~seed},
				  .now_ns = NS_PER_S,
				  .wall_start_ms = 1795000000000,
				  .is_verbose = is_verbose,
				  .answer_chunks = 300,
				  .log_dirs = 1,
				  .load = {.pause = SIM_PAUSE_USUAL,
					   .due_max = UINT32_MAX,
					   .unsent_max = SIZE_MAX}};
	sim_set_world(&r->world);
	struct sim_disk_faults disk = {0};
	struct sim_net_faults net = {0};
	r->world.fs = sim_fs_create(&disk);
	sim_fs_make_directory(r->world.fs, SIM_LOG_DIR);
	r->world.net = sim_net_create(&net);
	r->world.history = history_create(SIM_LOG_DIR);
	return r;
}

void run_add_directory(struct run *r)
{
	sim_fs_make_directory(r->world.fs, SIM_LOG_DIR_SECOND);
	r->world.log_dirs++;
}

void run_add_client(struct run *r, enum sim_client_kind kind, uint32_t id)
{
	require(r->client_count < RUN_CLIENTS_MAX);
	r->clients[r->client_count++] = sim_client_create(kind, id);
}

static bool is_taken(struct run *r, const uint8_t *frame, uint32_t size)
{
	for (unsigned i = 0; i < r->client_count; i++)
		if (sim_client_input(r->clients[i], frame, size))
			return true;
	return r->crowd && sim_crowd_input(r->crowd, frame, size);
}

/* What is for a connection that has gone is answered only in a storm: in ordinary lives it stays
 * unanswered, as by a peer that lost its power. */
static void deliver(struct run *r)
{
	uint8_t frame[SIM_FRAME_BYTES_MAX];
	for (uint32_t size; (size = sim_net_receive(r->world.net, frame)) > 0;)
		if (!is_taken(r, frame, size) && r->world.scarce)
			sim_tcp_refuse(frame, size);
}

/* Steps everything once and moves time: a little, or to the next thing that happens. */
static void step(struct run *r)
{
	struct world *w = &r->world;
	bool busy = sim_gateway_step(r->gateway);
	deliver(r);
	for (unsigned i = 0; i < r->client_count; i++)
		sim_client_turn(r->clients[i]);
	if (r->crowd)
		sim_crowd_turn(r->crowd);
	sim_liveness_check(&r->liveness, r->clients, r->client_count);
	w->now_ns += 1000 + rng_below(&w->rng, w->scarce ? STORM_STEP_NS : STEP_NS);
	/* In a crowd somebody always has a timer to look at. */
	if (busy || r->crowd)
		return;
	uint64_t next = UINT64_MAX;
	for (unsigned i = 0; i < r->client_count; i++)
		next = min_u64(next, sim_client_next_ns(r->clients[i]));
	next = min_u64(next, sim_net_next_ns(w->net));
	next = min_u64(next, sim_fs_next_ns(w->fs));
	next = min_u64(next, sim_gateway_next_ns(r->gateway));
	if (next > w->now_ns && next != UINT64_MAX)
		w->now_ns = next;
}

void run_for(struct run *r, uint64_t ns)
{
	uint64_t end = r->world.now_ns + ns;
	while (r->world.now_ns < end)
		step(r);
}

bool run_start(struct run *r)
{
	history_begins(r->world.history);
	r->gateway = sim_gateway_start(r->operates);
	if (!r->gateway)
		return false;
	uint64_t limit = r->world.now_ns + QUIET_NS_MAX;
	while (!sim_gateway_is_ready(r->gateway)) {
		step(r);
		if (sim_fs_writer_failures(r->world.fs) ||
		    sim_gateway_has_failed(r->gateway))
			return false;
		if (r->world.now_ns > limit)
			sim_fail("the gateway does not become ready");
	}
	sim_gateway_check_topics(r->gateway);
	if (!sim_fs_control_failures(r->world.fs))
		checker_read(SIM_LOG_DIR, CHECKER_RECOVERED, NULL, NULL);
	return true;
}

bool run_is_marked_clean(const struct run *r)
{
	size_t size;
	bool is_first = sim_fs_read(r->world.fs, SIM_LOG_DIR "/.kafka_cleanshutdown", &size);
	return is_first && (r->world.log_dirs == 1 ||
			    sim_fs_read(r->world.fs, SIM_LOG_DIR_SECOND "/.kafka_cleanshutdown",
					&size));
}

/* Nothing is left to be synced behind a clean stop, and its mark is true: every second time
 * the power goes, and takes nothing, what only reached `written` included. Not `is_sound`:
 * the disk failed meanwhile. */
static void check_stopped(struct run *r, bool is_sound)
{
	struct world *w = &r->world;
	if (!is_sound) {
		history_check(w->history, SIM_LOG_DIR, false);
		return;
	}
	if (rng_one_in(&w->rng, 2)) {
		sim_say("power off behind a clean stop");
		sim_fs_crash(w->fs, true);
	}
	if (!run_is_marked_clean(r))
		sim_fail("a clean stop has left no mark");
	history_check(w->history, SIM_LOG_DIR, true);
}

void run_drain(struct run *r)
{
	const struct sim_fs *fs = r->world.fs;
	uint64_t failures = sim_fs_control_failures(fs);
	r->is_stopping = true;
	sim_gateway_drain(r->gateway);
	uint64_t limit = r->world.now_ns + QUIET_NS_MAX;
	while (!sim_gateway_is_drained(r->gateway)) {
		step(r);
		if (r->world.now_ns > limit)
			sim_fail("the drain does not end");
	}
	sim_gateway_check_ledgers(r->gateway, true);
	r->shed = sim_gateway_stat(r->gateway, STAT_frame_drop_shed);
	bool has_lost = sim_gateway_has_lost(r->gateway);
	sim_gateway_stop(r->gateway);
	/* Whose FIN was lost on the way would wait for ever. */
	for (unsigned i = 0; i < r->client_count; i++)
		sim_client_cut(r->clients[i]);
	check_stopped(r, !has_lost && !sim_fs_failures(fs) &&
				 sim_fs_control_failures(fs) == failures);
}

static void clients_end(struct run *r, bool are_readers)
{
	for (unsigned i = 0; i < r->client_count; i++)
		if (r->clients[i]->is_reader == are_readers)
			sim_client_quit(r->clients[i]);
	uint64_t limit = r->world.now_ns + QUIET_NS_MAX;
	for (unsigned i = 0; i < r->client_count; i++)
		while (r->clients[i]->is_quitting && !sim_client_is_done(r->clients[i])) {
			step(r);
			if (r->world.now_ns > limit)
				sim_fail("client %u never finishes", r->clients[i]->id);
		}
}

void run_end(struct run *r)
{
	clients_end(r, false);
	clients_end(r, true);
	sim_liveness_pause(&r->liveness);
	run_drain(r);
}
