/* sim_main.c - runs the simulation of one seed, or of many, each in a process of its own.
 *
 *     penstock-sim --seed N [--verbose]     replays one, exactly
 *     penstock-sim --seeds N [--from M]     runs M .. M + N - 1
 *     --expect-failure                      with --seeds: for builds with a planted bug
 */
#include "tests/sim/sim_checker.h"
#include "tests/sim/sim_clients.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_gateway.h"
#include "tests/sim/sim_history.h"
#include "tests/sim/sim_liveness.h"
#include "tests/sim/sim_net.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIVES_MAX = 4, PRODUCERS_MAX = 3, DEVICES_MAX = 4, CLIENTS_MAX = 16, JOBS_MAX = 64 };

#define LIFE_NS_MAX  (1500 * NS_PER_MS)
#define QUIET_NS_MAX (240 * NS_PER_S)
/* Within this everybody honest is answered when disk and network are quick. */
#define ANSWER_NS_MAX NS_PER_S

struct run {
	struct world world;
	struct sim_client *clients[CLIENTS_MAX];
	unsigned client_count;
	struct sim_gateway *gateway;
	bool is_up, is_stopping;
	struct sim_liveness liveness;
	uint64_t answer_ns; /* of this life: within it everybody is answered; 0: never mind */
	bool operates; /* somebody makes, alters and deletes topics meanwhile */
};

static void add_client(struct run *r, enum sim_client_kind kind, uint32_t id)
{
	r->clients[r->client_count++] = sim_client_create(kind, id);
}

static void clients_make(struct run *r)
{
	struct rng *rng = &r->world.rng;
	unsigned producers = 1 + (unsigned)rng_below(rng, PRODUCERS_MAX);
	unsigned devices = 1 + (unsigned)rng_below(rng, DEVICES_MAX);
	for (unsigned i = 0; i < producers; i++)
		add_client(r, SIM_PRODUCER, i);
	for (unsigned i = 0; i < devices; i++)
		add_client(r, SIM_DEVICE, 16 + i);
	add_client(r, SIM_CONSUMER, 32);
	if (rng_one_in(rng, 2))
		add_client(r, SIM_CONSUMER, 33);
	if (rng_one_in(rng, 3))
		add_client(r, SIM_CONSUMER, 34);
	if (!rng_one_in(rng, 3))
		add_client(r, SIM_ASKER, 36);
	if (rng_one_in(rng, 4))
		add_client(r, SIM_ASKER, 37);
	if (rng_one_in(rng, 2))
		add_client(r, SIM_ROGUE, 40);
	if (rng_one_in(rng, 2))
		add_client(r, SIM_SENDER, SIM_DATAGRAM_CLIENTS);
}

static struct sim_net_faults net_faults(struct rng *rng)
{
	struct sim_net_faults f = {.delay_ns = 20 * NS_PER_US};
	if (rng_one_in(rng, 4))
		return f;
	f.lose = rng_one_in(rng, 2) ? (uint32_t)(20 + rng_below(rng, 200)) : 0;
	f.twice = rng_one_in(rng, 2) ? (uint32_t)(20 + rng_below(rng, 200)) : 0;
	f.corrupt = rng_one_in(rng, 2) ? (uint32_t)(50 + rng_below(rng, 200)) : 0;
	f.late = rng_one_in(rng, 2) ? (uint32_t)(10 + rng_below(rng, 100)) : 0;
	f.jitter_ns = rng_below(rng, 3 * NS_PER_MS);
	return f;
}

static struct sim_disk_faults disk_faults(struct rng *rng)
{
	struct sim_disk_faults f = {.write_ns = 50 * NS_PER_US, .sync_ns = 400 * NS_PER_US};
	if (rng_one_in(rng, 3))
		f.write_ns = f.sync_ns = 3 * NS_PER_MS;
	if (rng_one_in(rng, 3))
		f.stall = 50;
	if (rng_one_in(rng, 6))
		f.fail_at = 1 + rng_below(rng, 400);
	if (rng_one_in(rng, 8)) {
		f.is_short_buffered = rng_one_in(rng, 2);
		f.short_write = f.is_short_buffered ? 4 : 100;
	}
	if (rng_one_in(rng, 4))
		f.run_out = 2 + (uint32_t)rng_below(rng, 50);
	return f;
}

static struct sim_control_faults control_faults(struct rng *rng)
{
	struct sim_control_faults f = {0};
	uint64_t calls = rng_one_in(rng, 2) ? 60 : 300;
	if (rng_one_in(rng, 3)) {
		f.fail_at = 1 + rng_below(rng, calls);
		f.failures = 1 + rng_below(rng, rng_one_in(rng, 2) ? 8 : 1);
		f.is_full = rng_one_in(rng, 3);
	}
	if (rng_one_in(rng, 3))
		f.cut_at = 1 + rng_below(rng, calls);
	return f;
}

static void deliver(struct run *r)
{
	uint8_t frame[SIM_FRAME_BYTES_MAX];
	for (uint32_t size; (size = sim_net_receive(r->world.net, frame)) > 0;)
		for (unsigned i = 0; i < r->client_count; i++)
			if (sim_client_input(r->clients[i], frame, size))
				break;
}

/* Steps everything once and moves time: a little, or to the next thing that happens. */
static void step(struct run *r)
{
	struct world *w = &r->world;
	bool busy = sim_gateway_step(r->gateway);
	deliver(r);
	uint64_t next = UINT64_MAX;
	for (unsigned i = 0; i < r->client_count; i++) {
		sim_client_turn(r->clients[i]);
		next = min_u64(next, sim_client_next_ns(r->clients[i]));
	}
	sim_liveness_check(&r->liveness, r->clients, r->client_count);
	w->now_ns += 1000 + rng_below(&w->rng, 20 * NS_PER_US);
	if (busy)
		return;
	next = min_u64(next, sim_net_next_ns(w->net));
	next = min_u64(next, sim_fs_next_ns(w->fs));
	next = min_u64(next, sim_gateway_next_ns(r->gateway));
	if (next > w->now_ns && next != UINT64_MAX)
		w->now_ns = next;
}

static void run_for(struct run *r, uint64_t ns)
{
	uint64_t end = r->world.now_ns + ns;
	while (r->world.now_ns < end)
		step(r);
}

/* False: the disk failed meanwhile, and the gateway refused. */
static bool start(struct run *r)
{
	history_begins(r->world.history);
	r->gateway = sim_gateway_start(r->operates);
	if (!r->gateway)
		return false;
	uint64_t limit = r->world.now_ns + QUIET_NS_MAX;
	while (!sim_gateway_is_ready(r->gateway)) {
		step(r);
		if (sim_fs_failures(r->world.fs) || sim_gateway_has_failed(r->gateway))
			return false;
		if (r->world.now_ns > limit)
			sim_fail("the gateway does not become ready");
	}
	sim_gateway_check_topics(r->gateway);
	if (!sim_fs_control_failures(r->world.fs))
		checker_read(SIM_LOG_DIR, CHECKER_RECOVERED, NULL, NULL);
	return true;
}

static bool is_marked_clean(const struct run *r)
{
	size_t size;
	return sim_fs_read(r->world.fs, SIM_LOG_DIR "/.kafka_cleanshutdown", &size) != NULL;
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
	if (!is_marked_clean(r))
		sim_fail("a clean stop has left no mark");
	history_check(w->history, SIM_LOG_DIR, true);
}

static void drain(struct run *r)
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
	sim_gateway_stop(r->gateway);
	/* Whose FIN was lost on the way would wait for ever. */
	for (unsigned i = 0; i < r->client_count; i++)
		sim_client_cut(r->clients[i]);
	check_stopped(r, !sim_fs_failures(fs) && sim_fs_control_failures(fs) == failures);
}

static void crash(struct run *r, bool power)
{
	sim_liveness_pause(&r->liveness);
	sim_say("%s", power ? "power lost" : "killed");
	sim_fs_crash(r->world.fs, power);
	if (power)
		history_power_lost(r->world.history);
	for (unsigned i = 0; i < r->client_count; i++)
		sim_client_cut(r->clients[i]);
}

/* Load, then a clean stop, or, false, none. May not return: sim_world()->cut. */
static bool lead(struct run *r)
{
	struct world *w = &r->world;
	struct sim_control_faults faults = control_faults(&w->rng);
	bool from_start = rng_one_in(&w->rng, 2);
	if (from_start)
		sim_fs_set_control_faults(w->fs, &faults);
	r->is_up = start(r);
	if (!r->is_up)
		return false;
	if (!from_start)
		sim_fs_set_control_faults(w->fs, &faults);
	if (r->answer_ns)
		sim_liveness_watch(&r->liveness, r->clients, r->client_count, r->answer_ns);
	run_for(r, rng_below(&w->rng, LIFE_NS_MAX));
	sim_liveness_pause(&r->liveness);
	sim_gateway_check_ledgers(r->gateway, false);
	if (sim_fs_failures(w->fs) || !rng_one_in(&w->rng, 5))
		return false;
	drain(r);
	return true;
}

/* One life of the gateway: its end is drawn by chance, or comes inside one of control's
 * calls. */
static void live(struct run *r)
{
	struct world *w = &r->world;
	struct sim_disk_faults disk = disk_faults(&w->rng);
	struct sim_net_faults net = net_faults(&w->rng);
	sim_fs_set_faults(w->fs, &disk);
	sim_net_set_faults(w->net, &net);
	/* Clients drop what overtakes, which may cost several timeouts of the gateway. */
	bool is_quick = !disk.stall && disk.write_ns < NS_PER_MS && !net.jitter_ns;
	r->answer_ns = net.lose || net.corrupt ? 0 : is_quick ? ANSWER_NS_MAX : LIFE_NS_MAX;
	r->is_up = r->is_stopping = false;
	if (setjmp(w->cut) == 0 && lead(r))
		return;
	crash(r, rng_one_in(&w->rng, 2));
	if (r->is_up && !r->is_stopping && is_marked_clean(r))
		sim_fail("the mark of a clean stop outlives the start after it");
	history_check(w->history, SIM_LOG_DIR, false);
}

/* The last life is quiet: everybody finishes, and every promise is held against the files. */
static void finish(struct run *r)
{
	struct world *w = &r->world;
	struct sim_disk_faults disk = {.write_ns = 50 * NS_PER_US, .sync_ns = 400 * NS_PER_US};
	struct sim_net_faults net = {.delay_ns = 20 * NS_PER_US};
	sim_fs_set_faults(w->fs, &disk);
	sim_net_set_faults(w->net, &net);
	if (!start(r))
		sim_fail("the gateway does not start on a good disk");
	sim_liveness_watch(&r->liveness, r->clients, r->client_count, ANSWER_NS_MAX);
	run_for(r, 300 * NS_PER_MS);
	for (unsigned i = 0; i < r->client_count; i++)
		sim_client_quit(r->clients[i]);
	uint64_t limit = w->now_ns + QUIET_NS_MAX;
	for (unsigned i = 0; i < r->client_count; i++)
		while (!sim_client_is_done(r->clients[i])) {
			step(r);
			if (w->now_ns > limit)
				sim_fail("client %u never finishes", r->clients[i]->id);
		}
	sim_liveness_pause(&r->liveness);
	drain(r);
}

static int run_seed(uint64_t seed, bool verbose)
{
	struct run *r = calloc(1, sizeof *r);
	if (!r)
		return 1;
	r->world = (struct world){.seed = seed,
				  .rng = {seed},
				  .entropy = {~seed},
				  .now_ns = NS_PER_S,
				  .wall_start_ms = 1795000000000,
				  .is_verbose = verbose};
	sim_set_world(&r->world);
	struct sim_disk_faults disk = {0};
	struct sim_net_faults net = {0};
	r->world.fs = sim_fs_create(&disk);
	sim_fs_make_directory(r->world.fs, SIM_LOG_DIR);
	r->world.net = sim_net_create(&net);
	r->world.history = history_create(SIM_LOG_DIR);
	clients_make(r);
	r->operates = rng_one_in(&r->world.rng, 2);
	unsigned lives = 1 + (unsigned)rng_below(&r->world.rng, LIVES_MAX);
	for (unsigned i = 0; i < lives; i++)
		live(r);
	finish(r);
	printf("seed %llu: %u lives, %llu records, %llu acknowledged, %.3f s\n",
	       (unsigned long long)seed, lives + 1,
	       (unsigned long long)history_records(r->world.history),
	       (unsigned long long)history_acks(r->world.history),
	       (double)r->world.now_ns / NS_PER_S);
	return 0;
}

/* Waits for one child; true when its seed passed. */
static bool reap(void)
{
	int status;
	return wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Returns how many failed; `one_is_enough`: ends at the first. */
static unsigned run_seeds(uint64_t from, uint64_t count, unsigned jobs, bool one_is_enough)
{
	unsigned failed = 0, running = 0;
	for (uint64_t i = 0; i < count && !(failed && one_is_enough); i++) {
		if (running == jobs) {
			failed += !reap();
			running--;
		}
		fflush(stdout);
		pid_t pid = fork();
		if (pid == 0) {
			alarm(120); /* a seed that hangs has failed */
			exit(run_seed(from + i, false));
		}
		running += pid > 0;
		failed += pid < 0;
	}
	while (running--)
		failed += !reap();
	return failed;
}

static const char usage[] =
	"usage: penstock-sim --seed N [--verbose] | --seeds N [--from M] [--jobs N]\n"
	"Runs the whole gateway on a simulated network and disk, and checks its promises.\n"
	"  --seed N      one seed, replayed exactly\n"
	"  --seeds N     N seeds, each in a process of its own\n"
	"  --from M      the first of them (default 1)\n"
	"  --jobs N      processes at a time (default: one per CPU)\n"
	"  --verbose     the run's diary\n"
	"  --expect-failure  ends at the first seed that fails; exit 1 when none does\n";

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"seed", required_argument, NULL, 's'}, {"seeds", required_argument, NULL, 'n'},
		{"from", required_argument, NULL, 'f'}, {"jobs", required_argument, NULL, 'j'},
		{"verbose", no_argument, NULL, 'v'},	{"expect-failure", no_argument, NULL, 'x'},
		{"help", no_argument, NULL, 'h'},	{0}};
	uint64_t seed = 0, seeds = 0, from = 1;
	unsigned jobs = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	bool verbose = false, expects_failure = false, has_seed = false;
	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (o) {
		case 's':
			seed = strtoull(optarg, NULL, 0);
			has_seed = true;
			break;
		case 'n':
			seeds = strtoull(optarg, NULL, 0);
			break;
		case 'f':
			from = strtoull(optarg, NULL, 0);
			break;
		case 'j':
			jobs = min_u32((uint32_t)strtoul(optarg, NULL, 0), JOBS_MAX);
			break;
		case 'v':
			verbose = true;
			break;
		case 'x':
			expects_failure = true;
			break;
		default:
			fputs(usage, o == 'h' ? stdout : stderr);
			return o == 'h' ? 0 : 2;
		}
	}
	if (has_seed)
		return run_seed(seed, verbose);
	if (seeds == 0 || jobs == 0) {
		fputs(usage, stderr);
		return 2;
	}
	unsigned failed = run_seeds(from, seeds, jobs, expects_failure);
	if (expects_failure) {
		printf(failed ? "the planted bug was found\n" : "the planted bug was not found\n");
		return failed == 0;
	}
	printf("%llu passed, %u failed\n", (unsigned long long)(seeds - failed), failed);
	return failed > 0;
}
