/* sim_main.c - runs the simulation of one seed, or of many, each in a process of its own.
 *
 *     penstock-sim --seed N [--verbose]     replays one, exactly
 *     penstock-sim --seeds N [--from M]     runs M .. M + N - 1
 *     --storm                               storms: ten times what can be taken is offered
 *     --crowd                               crowds: ten thousand requests wait at once
 *     --expect-failure                      with --seeds: for builds with a planted bug
 */
#include "tests/sim/sim_crowd.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_history.h"
#include "tests/sim/sim_net.h"
#include "tests/sim/sim_storm.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIVES_MAX = 4, PRODUCERS_MAX = 3, DEVICES_MAX = 4, JOBS_MAX = 64 };
enum { EARLY = 48, HOARDERS = 72, UNREAD = 40 };

/* One seed in so many has two log directories, each on a device of its own. */
enum { TWO_DIRECTORIES_IN = 4 };

/* Fewer than two pollers' shares of EARLY rogues fill. */
enum { RECEIVE_CHUNKS_FEW = 600 };

/* Fewer than HOARDERS take, more than all others: of so few the numbers are exact
 * (tcp_evict.h). */
enum { PLACES_FEW = 30 };

/* For large answers of one poller: less than UNREAD rogues leave unread. */
enum { ANSWER_CHUNKS_FEW = 160 };

#define LIFE_NS_MAX (1500 * NS_PER_MS)

static void clients_make(struct run *r)
{
	struct rng *rng = &r->world.rng;
	unsigned producers = 1 + (unsigned)rng_below(rng, PRODUCERS_MAX);
	unsigned devices = 1 + (unsigned)rng_below(rng, DEVICES_MAX);
	for (unsigned i = 0; i < producers; i++)
		run_add_client(r, SIM_PRODUCER, i);
	for (unsigned i = 0; i < devices; i++)
		run_add_client(r, SIM_DEVICE, 16 + i);
	run_add_client(r, SIM_CONSUMER, 32);
	if (rng_one_in(rng, 2))
		run_add_client(r, SIM_CONSUMER, 33);
	if (rng_one_in(rng, 3))
		run_add_client(r, SIM_CONSUMER, 34);
	if (!rng_one_in(rng, 3))
		run_add_client(r, SIM_ASKER, 36);
	if (rng_one_in(rng, 4))
		run_add_client(r, SIM_ASKER, 37);
	if (rng_one_in(rng, 2))
		run_add_client(r, SIM_ROGUE, 40);
	if (rng_one_in(rng, 4)) {
		for (unsigned i = 0; i < EARLY; i++)
			run_add_client(r, SIM_EARLY, 64 + i);
		r->world.receive_chunks = RECEIVE_CHUNKS_FEW;
	} else if (rng_one_in(rng, 6)) {
		for (unsigned i = 0; i < HOARDERS; i++)
			run_add_client(r, SIM_HOARDER, 64 + i);
		r->world.places = PLACES_FEW;
	} else if (rng_one_in(rng, 4)) {
		for (unsigned i = 0; i < UNREAD; i++)
			run_add_client(r, SIM_UNREAD, 64 + i);
		r->world.answer_chunks = ANSWER_CHUNKS_FEW;
	}
	if (rng_one_in(rng, 2))
		run_add_client(r, SIM_SENDER, SIM_DATAGRAM_CLIENTS);
	if (!rng_one_in(rng, 3))
		run_add_client(r, SIM_IDEMPOTENT, 48);
	if (rng_one_in(rng, 3))
		run_add_client(r, SIM_IDEMPOTENT, 49);
}

/* A wire without faults of its own; every second has strangers on it, every second narrow paths. */
static struct sim_net_faults good_net(struct rng *rng)
{
	struct sim_net_faults f = {.delay_ns = 20 * NS_PER_US};
	f.forge = rng_one_in(rng, 2) ? (uint32_t)(3 + rng_below(rng, 50)) : 0;
	f.path_mtu = rng_one_in(rng, 2) ? (uint32_t)(1024 + rng_below(rng, 350)) : 0;
	f.path_is_told = rng_one_in(rng, 2);
	f.failover_ns = rng_one_in(rng, 3) ? 1 + rng_below(rng, LIFE_NS_MAX) : 0;
	return f;
}

/* Within it everybody is answered, while the disk is quick. A path that swallows an answer holds it
 * up for three timeouts, of 1, 2 and 4 s where a handshake by cookie left no time to go by. A
 * router that fails over is found after 3.5 s, and a timeout behind that may be as long again. Who
 * takes hardly anything through an open window keeps what is short for 2 s (unread_turn.c). */
static uint64_t answer_time(const struct sim_net_faults *net)
{
	bool is_short = sim_world()->answer_chunks == ANSWER_CHUNKS_FEW;
	uint64_t bound_ns = is_short ? RUN_ANSWER_NS + 2 * NS_PER_S : RUN_ANSWER_NS;
	bound_ns += net->failover_ns ? 9 * NS_PER_S : 0;
	return net->path_mtu ? bound_ns + 7 * NS_PER_S : bound_ns;
}

static struct sim_net_faults net_faults(struct rng *rng)
{
	struct sim_net_faults f = good_net(rng);
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
	if (rng_one_in(rng, 6)) {
		f.fail_at = 1 + rng_below(rng, 400);
		/* Half of them do so again and again: an operator reopens what has failed. */
		f.fail_again = f.fail_at % 2 ? 100 + 3 * f.fail_at : 0;
	}
	if (rng_one_in(rng, 8)) {
		f.is_short_buffered = rng_one_in(rng, 2);
		f.short_write = f.is_short_buffered ? 4 : 100;
	}
	if (rng_one_in(rng, 4))
		f.run_out = 2 + (uint32_t)rng_below(rng, 50);
	if (sim_world()->log_dirs > 1 && rng_one_in(rng, 2))
		f.dead_at = 1 + rng_below(rng, 1000);
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
	r->is_up = run_start(r);
	if (!r->is_up)
		return false;
	if (!from_start)
		sim_fs_set_control_faults(w->fs, &faults);
	if (r->answer_ns)
		sim_liveness_watch(&r->liveness, r->clients, r->client_count, r->answer_ns);
	run_for(r, rng_below(&w->rng, LIFE_NS_MAX));
	sim_liveness_pause(&r->liveness);
	sim_gateway_check_ledgers(r->gateway, false);
	if (sim_fs_writer_failures(w->fs) || !rng_one_in(&w->rng, 5))
		return false;
	run_drain(r);
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
	bool is_lossy = net.lose || net.corrupt || net.failover_ns;
	r->answer_ns = is_lossy ? 0 : is_quick ? answer_time(&net) : LIFE_NS_MAX;
	r->is_up = r->is_stopping = false;
	if (setjmp(w->cut) == 0 && lead(r))
		return;
	crash(r, rng_one_in(&w->rng, 2));
	if (r->is_up && !r->is_stopping && run_is_marked_clean(r))
		sim_fail("the mark of a clean stop outlives the start after it");
	history_check(w->history, SIM_LOG_DIR, false);
}

/* The last life is quiet: everybody finishes, and every promise is held against the files. */
static void finish(struct run *r)
{
	struct world *w = &r->world;
	struct sim_disk_faults disk = {.write_ns = 50 * NS_PER_US, .sync_ns = 400 * NS_PER_US};
	struct sim_net_faults net = good_net(&w->rng);
	/* Nobody can follow a client that only waits, unless he knows the router. */
	if (w->places || !w->has_router)
		net.failover_ns = 0;
	/* Beside a path that swallows answers, who finds no place would be missed seconds later;
	 * and timeouts that a router cost would speak for the full size (tcp_path.c). */
	if (w->places || net.failover_ns)
		net.path_mtu = 0;
	sim_fs_set_faults(w->fs, &disk);
	sim_net_set_faults(w->net, &net);
	if (!run_start(r))
		sim_fail("the gateway does not start on a good disk");
	sim_liveness_watch(&r->liveness, r->clients, r->client_count, answer_time(&net));
	history_calm(w->history);
	/* Who finds no place is missed after longer than his bound. */
	run_for(r, w->places ? answer_time(&net) + RUN_ANSWER_NS : 300 * NS_PER_MS);
	run_end(r);
	if (!r->shed && !r->operates)
		history_check_calm(w->history);
}

/* Returns how many lives it had. */
static unsigned ordinary(struct run *r)
{
	clients_make(r);
	if (r->world.seed % TWO_DIRECTORIES_IN == 0)
		run_add_directory(r);
	r->operates = rng_one_in(&r->world.rng, 2);
	if (rng_one_in(&r->world.rng, 3))
		r->world.retention_bytes = 100000 + (uint32_t)rng_below(&r->world.rng, 100000);
	r->world.compacts = rng_one_in(&r->world.rng, 3);
	/* A router is missed after three seconds: answers wait longer then (sim_assembly.c). */
	r->world.has_router = rng_one_in(&r->world.rng, 2) &&
			      r->world.answer_chunks != ANSWER_CHUNKS_FEW;
	unsigned lives = 1 + (unsigned)rng_below(&r->world.rng, LIVES_MAX);
	for (unsigned i = 0; i < lives; i++)
		live(r);
	finish(r);
	return lives + 1;
}

/* What a seed makes happen; returns how many lives it had. */
typedef unsigned scenario(struct run *r);

static int run_seed(uint64_t seed, scenario *play, bool is_verbose)
{
	struct run *r = run_create(seed, is_verbose);
	unsigned lives = play(r);
	printf("seed %llu: %u lives, %llu records, %llu acknowledged, %.3f s\n",
	       (unsigned long long)seed, lives,
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

struct seeds {
	uint64_t from, count;
	unsigned jobs;
	scenario *play;
	bool one_is_enough; /* ends at the first that fails */
};

/* Returns how many failed. */
static unsigned run_seeds(const struct seeds *s)
{
	unsigned failed = 0, running = 0;
	for (uint64_t i = 0; i < s->count && !(failed && s->one_is_enough); i++) {
		if (running == s->jobs) {
			failed += !reap();
			running--;
		}
		fflush(stdout);
		pid_t pid = fork();
		if (pid == 0) {
			alarm(120); /* a seed that hangs has failed */
			exit(run_seed(s->from + i, s->play, false));
		}
		running += pid > 0;
		failed += pid < 0;
	}
	while (running--)
		failed += !reap();
	return failed;
}

static const char usage[] =
	"usage: penstock-sim [--storm|--crowd] --seed N [--verbose] | --seeds N [--from M]\n"
	"                    [--jobs N]\n"
	"Runs the whole gateway on a simulated network and disk, and checks its promises.\n"
	"  --seed N      one seed, replayed exactly\n"
	"  --seeds N     N seeds, each in a process of its own\n"
	"  --from M      the first of them (default 1)\n"
	"  --jobs N      processes at a time (default: one per CPU)\n"
	"  --storm       seeds of storms: what the gateway takes is measured, then ten times as\n"
	"                much is offered; everybody is answered meanwhile, and soon as ever after\n"
	"  --crowd       seeds of crowds: ten thousand connections wait for topics at once; some\n"
	"                are lost, fenced or closed meanwhile, all others are answered once\n"
	"  --verbose     the run's diary\n"
	"  --expect-failure  ends at the first seed that fails; exit 1 when none does\n";

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"seed", required_argument, NULL, 's'}, {"seeds", required_argument, NULL, 'n'},
		{"from", required_argument, NULL, 'f'}, {"jobs", required_argument, NULL, 'j'},
		{"verbose", no_argument, NULL, 'v'},	{"expect-failure", no_argument, NULL, 'x'},
		{"storm", no_argument, NULL, 't'},	{"crowd", no_argument, NULL, 'c'},
		{"help", no_argument, NULL, 'h'},	{0}};
	struct seeds seeds = {.from = 1, .play = ordinary,
			      .jobs = (unsigned)sysconf(_SC_NPROCESSORS_ONLN)};
	uint64_t seed = 0;
	bool verbose = false, has_seed = false;
	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (o) {
		case 's':
			seed = strtoull(optarg, NULL, 0);
			has_seed = true;
			break;
		case 'n':
			seeds.count = strtoull(optarg, NULL, 0);
			break;
		case 'f':
			seeds.from = strtoull(optarg, NULL, 0);
			break;
		case 'j':
			seeds.jobs = min_u32((uint32_t)strtoul(optarg, NULL, 0), JOBS_MAX);
			break;
		case 'v':
			verbose = true;
			break;
		case 't':
			seeds.play = storm;
			break;
		case 'c':
			seeds.play = crowd;
			break;
		case 'x':
			seeds.one_is_enough = true;
			break;
		default:
			fputs(usage, o == 'h' ? stdout : stderr);
			return o == 'h' ? 0 : 2;
		}
	}
	/* Gateways here live for moments and touch little of what they map: a huge page is cleared
	 * for a small one. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	if (has_seed)
		return run_seed(seed, seeds.play, verbose);
	if (seeds.count == 0 || seeds.jobs == 0) {
		fputs(usage, stderr);
		return 2;
	}
	unsigned failed = run_seeds(&seeds);
	if (seeds.one_is_enough) {
		printf(failed ? "the planted bug was found\n" : "the planted bug was not found\n");
		return failed == 0;
	}
	printf("%llu passed, %u failed\n", (unsigned long long)(seeds.count - failed), failed);
	return failed > 0;
}
