/* test_cores.c - the loop of a data core around a poller and a writer that only count: its
 * phases, its sleep, and the proof that a core takes nothing from the heap. */
#include "control/cores.h"
#include "control/eal.h"
#include "dataplane/base/clock.h"
#include "dataplane/quiescent.h"
#include "dataplane/store/disk/disk.h"

#include <criterion/criterion.h>
#include <sched.h>
#include <time.h>

/* What is behind the seams of this test: turns counted on the core, orders from the test. */
struct poller {
	atomic_uint turns;
	atomic_uint resets;
	atomic_bool is_empty;
	atomic_bool has_work;
	atomic_uint busy_every; /* turns; 0: none of these */
};

struct writer {
	atomic_uint turns;
	atomic_bool may_sleep;
	atomic_bool is_late; /* a message comes while the core looks for the last time */
	atomic_bool allocate;
	atomic_bool is_core_busy; /* as its last turn was told */
	atomic_uint unfinished;   /* turns until it is idle */
};

static struct wake wake;

bool poller_turn(struct poller *p)
{
	unsigned turns = atomic_fetch_add(&p->turns, 1), every = atomic_load(&p->busy_every);
	return atomic_load(&p->has_work) || (every > 0 && turns % every == 0);
}

bool poller_is_drained(const struct poller *p)
{
	return atomic_load(&p->is_empty);
}

void poller_reset_connections(struct poller *p)
{
	atomic_fetch_add(&p->resets, 1);
	atomic_store(&p->is_empty, true);
}

bool poller_may_sleep(const struct poller *p)
{
	return true;
}

uint64_t poller_idle_ns(struct poller *p, uint64_t limit_ns)
{
	return limit_ns;
}

int poller_wait_fd(const struct poller *p)
{
	return -1;
}

bool writer_turn(struct writer *w, bool is_core_busy)
{
	atomic_fetch_add(&w->turns, 1);
	atomic_store(&w->is_core_busy, is_core_busy);
	if (atomic_load(&w->unfinished) > 0)
		atomic_fetch_sub(&w->unfinished, 1);
	if (!atomic_exchange(&w->allocate, false))
		return false;
	void *volatile memory = malloc(4096);
	free(memory);
	return true;
}

bool writer_is_idle(const struct writer *w)
{
	return atomic_load(&w->unfinished) == 0;
}

bool writer_may_sleep(const struct writer *w)
{
	bool may_sleep = atomic_load(&w->may_sleep);
	if (atomic_exchange((atomic_bool *)(uintptr_t)&w->is_late, false))
		wake_post(&wake);
	return may_sleep;
}

uint64_t writer_idle_ns(const struct writer *w, uint64_t limit_ns)
{
	return limit_ns;
}

struct disk {
	atomic_uint outstanding;
};

int disk_wait_fd(const struct disk *d)
{
	return -1;
}

unsigned disk_outstanding(const struct disk *d)
{
	return atomic_load(&d->outstanding);
}

/* The C library's, counted. */
static atomic_uint yields;

int sched_yield(void)
{
	atomic_fetch_add(&yields, 1);
	return 0;
}

static struct poller poller;
static struct writer writer;
static struct disk disk;
static struct eal eal;
static struct core core;
static atomic_bool drain;
static struct rte_rcu_qsbr *rcu;

static void rest(unsigned ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000l}, NULL);
}

static void start(void)
{
	uint16_t cpus[1];
	struct eal_options options = {
		.ports = {"net_null0"},
		.port_count = 1,
		.hugepages = HUGEPAGES_NONE,
		.memory_mib = 32,
	};
	cr_assert(eal_cpus(cpus, 1) == 1);
	options.worker_cpus[0] = cpus[0];
	options.worker_count = 1;
	cr_assert(eal_start(&eal, &options) == 0 && wake_init(&wake) == 0);
	rcu = quiescent_create(1);
	atomic_store(&writer.may_sleep, true);
	static const struct settings settings = {.idle = IDLE_SLEEP,
						 .idle_sleep_us = 3600u * 1000 * 1000};
	struct core_options o = {
		.poller = &poller,
		.writer = &writer,
		.disks = {&disk},
		.disk_count = 1,
		.rcu = rcu,
		.wake = &wake,
		.drain = &drain,
		.settings = &settings,
	};
	cr_assert(core_start(&core, &o) == 0);
}

static void stop(void)
{
	core_stop(&core);
	quiescent_destroy(rcu, 1);
	wake_fini(&wake);
	eal_stop(&eal);
}

TestSuite(cores, .init = start, .fini = stop, .timeout = 20);

Test(cores, the_poller_waits_until_it_is_told_to_serve_and_the_writer_does_not)
{
	rest(50);
	cr_assert(atomic_load(&writer.turns) > 0 && atomic_load(&poller.turns) == 0);
	core_serve(&core);
	rest(50);
	cr_assert(atomic_load(&poller.turns) > 0);
}

Test(cores, a_writer_hears_whether_the_poller_keeps_its_core_busy)
{
	core_serve(&core);
	rest(50);
	cr_assert(!atomic_load(&writer.is_core_busy));
	atomic_store(&poller.has_work, true);
	wake_post(&wake);
	rest(50);
	cr_assert(atomic_load(&writer.is_core_busy));
	atomic_store(&poller.has_work, false);
	rest(50);
	cr_assert(!atomic_load(&writer.is_core_busy));
}

Test(cores, an_idle_core_gives_way_as_long_as_the_disk_owes_something)
{
	core_serve(&core);
	rest(50);
	unsigned before = atomic_load(&yields);
	wake_post(&wake);
	rest(50);
	cr_assert(atomic_load(&yields) == before, "nothing is owed");
	atomic_store(&disk.outstanding, 1);
	wake_post(&wake);
	rest(50);
	cr_assert(atomic_load(&yields) > before);
}

Test(cores, short_gaps_between_busy_turns_are_kept)
{
	core_serve(&core);
	atomic_store(&poller.busy_every, 32);
	wake_post(&wake);
	rest(50);
	unsigned before = atomic_load(&yields), turns = atomic_load(&poller.turns);
	atomic_store(&disk.outstanding, 1);
	rest(50);
	cr_assert(atomic_load(&poller.turns) > turns + 1000);
	cr_assert(atomic_load(&yields) == before);
}

Test(cores, a_busy_turn_does_not_give_way)
{
	core_serve(&core);
	atomic_store(&poller.has_work, true);
	wake_post(&wake);
	rest(50);
	unsigned before = atomic_load(&yields);
	atomic_store(&disk.outstanding, 1);
	rest(50);
	cr_assert(atomic_load(&yields) == before);
}

Test(cores, an_idle_core_sleeps_and_is_woken_at_once)
{
	rest(200);
	unsigned before = atomic_load(&writer.turns);
	rest(300);
	unsigned asleep = atomic_load(&writer.turns) - before;
	cr_assert(asleep == 0, "%u turns in 300 ms of a sleep of an hour", asleep);
	before = atomic_load(&writer.turns);
	wake_post(&wake);
	rest(60);
	cr_assert(atomic_load(&writer.turns) > before);
}

Test(cores, a_message_that_comes_during_the_last_look_is_not_slept_through)
{
	rest(200);
	unsigned before = atomic_load(&writer.turns);
	atomic_store(&writer.is_late, true);
	wake_post(&wake);
	for (unsigned i = 0; i < 1000 && atomic_load(&writer.is_late); i++)
		rest(1);
	rest(60);
	/* One turn for the post above, one for the message that came late. */
	unsigned turns = atomic_load(&writer.turns) - before;
	cr_assert(turns == 2, "%u turns", turns);
}

Test(cores, a_poller_whose_port_cannot_wake_it_sleeps_briefly)
{
	core_serve(&core);
	rest(100);
	unsigned before = atomic_load(&poller.turns);
	rest(100);
	unsigned turns = atomic_load(&poller.turns) - before;
	cr_assert(turns > 10 && turns < 2000, "%u turns in 100 ms of sleeps of 100 us",
		  turns);
}

Test(cores, a_core_with_a_message_does_not_sleep)
{
	atomic_store(&writer.may_sleep, false);
	wake_post(&wake);
	rest(20);
	unsigned before = atomic_load(&writer.turns);
	rest(50);
	cr_assert(atomic_load(&writer.turns) - before > 200);
}

Test(cores, a_sleeping_core_is_not_waited_for_by_snapshots)
{
	core_serve(&core);
	rest(50);
	/* The poller here never passes a quiescent state: only its sleeps do. */
	uint64_t token = quiescent_token(rcu);
	bool is_over = false;
	for (unsigned i = 0; i < 1000 && !is_over; i++) {
		is_over = quiescent_is_over(rcu, token);
		rest(1);
	}
	cr_assert(is_over);
}

Test(cores, a_drain_is_over_when_the_poller_says_so_or_was_reset)
{
	core_serve(&core);
	atomic_store(&drain, true);
	rest(50);
	cr_assert(!core_is_drained(&core));
	core_reset(&core);
	rest(50);
	cr_assert(core_is_drained(&core) && atomic_load(&poller.resets) == 1);
}

/* What the test's end stops once more. */
static void start_again(void)
{
	struct core_options o = core.options;
	atomic_store(&writer.unfinished, 0);
	cr_assert(core_start(&core, &o) == 0);
}

Test(cores, a_stop_waits_for_what_the_writer_has_under_way)
{
	/* More than an idle core turns before it sees that it is to end. */
	atomic_store(&writer.unfinished, 100 * 1000);
	core_stop(&core);
	cr_assert(atomic_load(&writer.unfinished) == 0);
	start_again();
}

Test(cores, a_stop_does_not_wait_for_a_disk_that_hangs)
{
	atomic_store(&writer.unfinished, UINT32_MAX);
	uint64_t start_ns = clock_now_ns();
	core_stop(&core);
	uint64_t took_ns = clock_now_ns() - start_ns;
	cr_assert(atomic_load(&writer.unfinished) > 0);
	cr_assert(took_ns > NS_PER_S / 2 && took_ns < 5 * NS_PER_S, "%lu ns", took_ns);
	start_again();
}

Test(cores, a_core_takes_nothing_from_the_heap_and_it_shows_when_one_does)
{
	struct stats s;
	core_serve(&core);
	rest(50);
	stats_read(&core.page, &s);
	cr_assert(s.value[STAT_lcore_allocated_bytes] == 0);
	atomic_store(&writer.allocate, true);
	rest(50);
	stats_read(&core.page, &s);
	cr_assert(s.value[STAT_lcore_allocated_bytes] >= 4096);
}
