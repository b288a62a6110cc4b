/* sim_storm.c - the phases of a storm and what is asked of each; see sim_storm.h. */
#include "tests/sim/sim_storm.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_net.h"

enum {
	PRODUCERS = 3,
	DEVICES = 40,
	OFFERING = PRODUCERS + DEVICES, /* the first of all clients */
	DEVICE_FIRST = 48,
	CONSUMER = 32,
	ASKER = 36,
	TIMES = 10,
	STORM_SECONDS = 2,
	/* Answers that a client waits for while the capacity is measured: enough to use up what is
	 * scarce, and no more. */
	FEW_DUE_ANSWERS = 4,
	FEW_DUE_CREDIT = 6,
	/* A client's send buffer. Who finds it full gives up what he would have sent, as a vehicle
	 * does that has something newer to say. */
	UNSENT_MAX = 4096,
	/* Of the capacity, in each second of the storm. Seeds came to 89 and more: one second of
	 * the disk differs from another. */
	GOODPUT_PERCENT_MIN = 80,
	PARTITIONS = SIM_EVENTS_PARTITIONS + 2 * SIM_NUM_PARTITIONS, /* 11 */
	/* The 20 devices of a listener may all wait for one partition: they have 20/43 of what is
	 * unanswered, and the partition has a part in 11 of the capacity. 511. */
	UNEVEN_PERCENT = 100 * (DEVICES / 2) * PARTITIONS / OFFERING,
};

#define WARM_NS    (300 * NS_PER_MS)
#define MEASURE_NS (2 * NS_PER_S)
#define OVER_NS    (2 * NS_PER_S)
#define NORMAL_NS  (500 * NS_PER_MS)
#define LOOK_NS    (5 * NS_PER_MS)

/* Records offered in a second at the usual pauses: each device 2.5 frames in 4 ms, each producer
 * 7/6 batches of 6.5 records in 6 ms; 28,792 in all. */
#define OFFERED_USUALLY (DEVICES * 2500 / 4 + PRODUCERS * 7 * 6500 / 6 / 6)

struct storm {
	struct run *run;
	uint64_t capacity; /* records in a second; 0: not measured yet */
	uint64_t held_max; /* records unanswered, at most */
};

/* What a phase came to. */
struct phase {
	uint64_t offered, answered; /* records in a second */
	uint64_t wait_ns;           /* the longest */
};

static void clients_make(struct run *r)
{
	for (unsigned i = 0; i < PRODUCERS; i++)
		run_add_client(r, SIM_PRODUCER, i);
	for (unsigned i = 0; i < DEVICES; i++)
		run_add_client(r, SIM_DEVICE, DEVICE_FIRST + i);
	run_add_client(r, SIM_CONSUMER, CONSUMER);
	run_add_client(r, SIM_ASKER, ASKER);
}

static uint64_t held(const struct run *r)
{
	uint64_t records = 0;
	for (unsigned i = 0; i < OFFERING; i++)
		records += r->clients[i]->held;
	return records;
}

/* Of those who have a connection: one that opens may have to send its SYN again. */
static uint64_t longest_wait_ns(const struct run *r)
{
	uint64_t since_ns = r->world.now_ns;
	for (unsigned i = 0; i < OFFERING; i++)
		if (r->clients[i]->tcp.state == SIM_TCP_OPEN)
			since_ns = min_u64(since_ns, sim_client_waits_since_ns(r->clients[i]));
	return r->world.now_ns - since_ns;
}

/* How long a request may wait: for what lies before it, and for its client's own timer. Windows
 * that grew in quiet promise more than the memory holds when all use them at once; what finds none
 * is dropped, unacknowledged, and sent again: up to four times, after 1 + 2 + 4 + 8 times the first
 * timeout (one storm of 56 came to the fourth). That holds while the capacity is measured, too:
 * more is offered then than is taken (one of 30 came to the third). */
static uint64_t bound_ns(const struct storm *s)
{
	uint64_t before_ns = s->capacity ? s->held_max * NS_PER_S / s->capacity : 0;
	return before_ns * UNEVEN_PERCENT / 100 + 15 * SIM_TCP_RESEND_NS;
}

static uint64_t look(struct storm *s)
{
	uint64_t wait_ns = longest_wait_ns(s->run);
	s->held_max = max_u64(s->held_max, held(s->run));
	if (wait_ns > bound_ns(s))
		sim_fail("somebody waits for %.3f s, what lay before him took %.3f s at most",
			 (double)wait_ns / NS_PER_S, (double)bound_ns(s) / NS_PER_S);
	/* Those who open a connection, or only ask or read, have nothing before them. */
	s->run->liveness.bound_ns = max_u64(bound_ns(s), RUN_ANSWER_NS);
	return wait_ns;
}

static struct phase phase_run(struct storm *s, const char *name, uint64_t ns)
{
	const struct world *w = &s->run->world;
	struct sim_load before = w->load;
	struct phase p = {0};
	uint64_t start_ns = w->now_ns;
	while (w->now_ns < start_ns + ns) {
		run_for(s->run, LOOK_NS);
		p.wait_ns = max_u64(p.wait_ns, look(s));
	}
	ns = w->now_ns - start_ns;
	p.offered = (w->load.offered - before.offered) * NS_PER_S / ns;
	p.answered = (w->load.answered - before.answered) * NS_PER_S / ns;
	sim_say("%s: %llu/s offered, %llu/s answered, %llu held, waits of %.1f ms", name,
		(unsigned long long)p.offered, (unsigned long long)p.answered,
		(unsigned long long)s->held_max, (double)p.wait_ns / NS_PER_MS);
	return p;
}

static void offer(struct storm *s, uint64_t records)
{
	s->run->world.load.pause = SIM_PAUSE_USUAL * OFFERED_USUALLY / records;
}

/* Returns the longest wait. */
static uint64_t capacity_measure(struct storm *s)
{
	struct sim_load *load = &s->run->world.load;
	bool is_answers = s->run->world.scarce == SCARCE_ANSWERS;
	load->due_max = is_answers ? FEW_DUE_ANSWERS : FEW_DUE_CREDIT;
	load->pause = SIM_PAUSE_USUAL / 4; /* 115,000 records/s: answers hold them up */
	phase_run(s, "at first", WARM_NS);
	struct phase p = phase_run(s, "capacity", MEASURE_NS);
	load->due_max = UINT32_MAX;
	load->unsent_max = UNSENT_MAX;
	s->capacity = p.answered;
	return p.wait_ns;
}

/* Twice what is asked for: who has reset his connection offers nothing before he has
 * another, and nobody goes on between two steps of the world. */
static void storm_rage(struct storm *s)
{
	offer(s, s->capacity * TIMES * 2);
	for (unsigned second = 0; second < STORM_SECONDS; second++) {
		struct phase p = phase_run(s, "storm", NS_PER_S);
		if (p.offered < TIMES * s->capacity)
			sim_fail("%llu/s are offered: that is no storm",
				 (unsigned long long)p.offered);
		if (p.answered * 100 < s->capacity * GOODPUT_PERCENT_MIN)
			sim_fail("in a storm %llu/s are answered, %llu/s before it",
				 (unsigned long long)p.answered,
				 (unsigned long long)s->capacity);
	}
}

static void storm_end(struct storm *s, uint64_t wait_ns_max)
{
	offer(s, s->capacity / TIMES);
	phase_run(s, "behind it", OVER_NS);
	struct phase p = phase_run(s, "as ever", NORMAL_NS);
	if (p.wait_ns > wait_ns_max)
		sim_fail("behind a storm somebody waits for %.3f s, before it for %.3f s",
			 (double)p.wait_ns / NS_PER_S, (double)wait_ns_max / NS_PER_S);
}

unsigned storm(struct run *r)
{
	struct world *w = &r->world;
	struct sim_disk_faults disk = {.write_ns = 2 * NS_PER_MS, .sync_ns = 2 * NS_PER_MS};
	struct sim_net_faults net = {.delay_ns = 20 * NS_PER_US};
	sim_fs_set_faults(w->fs, &disk);
	sim_net_set_faults(w->net, &net);
	w->scarce = rng_one_in(&w->rng, 2) ? SCARCE_ANSWERS : SCARCE_CREDIT;
	sim_say("a storm: few %s", w->scarce == SCARCE_ANSWERS ? "answers" : "credits");
	clients_make(r);
	if (!run_start(r))
		sim_fail("the gateway does not start on a good disk");
	sim_liveness_watch(&r->liveness, r->clients, r->client_count, RUN_ANSWER_NS);
	struct storm s = {.run = r};
	uint64_t wait_ns = capacity_measure(&s);
	storm_rage(&s);
	sim_gateway_check_turns(r->gateway);
	storm_end(&s, wait_ns);
	run_end(r);
	return 1;
}
