/* gen_run.c - options in, a finished measurement out; see gen_run.h. */
#include "perf/gen_run.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/map.h"
#include "dataplane/wire/net/ip4.h"
#include "dataplane/wire/net/udp_header.h"

#include <errno.h>
#include <sched.h>

enum {
	HALF_OPEN_MAX = 4096,
	OPENED_PER_TURN = 16,
	SCHEDULED_PER_TURN = 64,
	FINISHED_PER_TURN = 32,
	EMPTY_TURNS = 64, /* before the loop gives way */
};

#define ASK_NS     (NS_PER_S / 2)
#define RESOLVE_NS (15 * NS_PER_S)
#define CONNECT_NS (120 * NS_PER_S)
#define DRAIN_NS   (10 * NS_PER_S)
#define FINISH_NS  (30 * NS_PER_S)
#define LINGER_NS  (NS_PER_S / 4)
#define LATE_NS    (NS_PER_S / 100) /* a datagram later than this is not sent in a storm */

const char *const gen_phase_names[GEN_PHASES] = {
	[GEN_RESOLVE] = "resolve", [GEN_CONNECT] = "connect", [GEN_READY] = "ready",
	[GEN_WARMUP] = "warm-up",  [GEN_STEADY] = "steady",   [GEN_DRAIN] = "drain",
	[GEN_FINISH] = "finish",   [GEN_DONE] = "done",
};

/* ---- what is done ------------------------------------------------------------------ */

static bool is_closed_loop(const struct gen_run_options *o)
{
	return o->rate <= 0;
}

/* The connections that the schedule is for. */
static uint32_t writers_of(const struct gen_run_options *o)
{
	const struct gen_readers *readers = o->load ? o->load->readers : NULL;
	return readers ? min_u32(readers->first, o->connections) : o->connections;
}

/* Messages of a connection whose times are kept. */
static uint32_t slots_of(const struct gen_run_options *o)
{
	return is_closed_loop(o) ? o->in_flight : o->outstanding;
}

static uint32_t *since_us_of(const struct gen_run *r, uint32_t conn, uint32_t message)
{
	uint32_t slots = slots_of(&r->options);
	return &r->since_us[(uint64_t)conn * slots + message % slots];
}

/* Latency counts from `since_ns`. */
static void owe(struct gen_run *r, uint32_t conn, uint64_t since_ns)
{
	const struct gen_conn *c = &r->tcp.conns[conn];
	if (r->since_us && c->owed - c->answered >= slots_of(&r->options)) {
		r->held_back++;
		return;
	}
	if (r->since_us)
		*since_us_of(r, conn, c->owed) = (uint32_t)(since_ns / NS_PER_US);
	r->owed++;
	gen_tcp_owe(&r->tcp, conn);
}

/* Without a table of times a message's number says when it was due. */
static uint64_t since_ns_of(const struct gen_run *r, uint32_t conn, uint32_t message)
{
	uint64_t now = r->tcp.now_ns;
	if (r->since_us) {
		uint32_t us = (uint32_t)(now / NS_PER_US) - *since_us_of(r, conn, message);
		return now - us * NS_PER_US;
	}
	uint64_t number = message - r->options.load->greetings;
	return gen_schedule_due_ns(&r->schedule, number * writers_of(&r->options) + conn);
}

/* Of a given rate a message counts from when it was due, and for the second in which that was:
 * what waited here is not forgiven. */
static void latency_add(struct gen_run *r, uint32_t conn, uint32_t message)
{
	uint64_t now = r->tcp.now_ns, since = since_ns_of(r, conn, message);
	uint64_t at = is_closed_loop(&r->options) ? now : since;
	if (at < r->steady_from_ns || at >= r->steady_to_ns)
		return;
	histogram_add(&r->figures.latency, now - since);
	uint64_t second = (at - r->steady_from_ns) / NS_PER_S;
	if (r->series && second < GEN_SECONDS_MAX)
		histogram_add(&r->series->latency[second], now - since);
}

static uint64_t messages_lost(const struct gen_run *r)
{
	uint64_t lost = 0;
	for (unsigned i = 0; i < GEN_LOSSES; i++)
		lost += r->tcp.messages_lost[i];
	return lost;
}

/* Writers have their answers to everything. */
static bool is_written(const struct gen_run *r)
{
	return r->done[GEN_ACCEPTED] + r->done[GEN_REFUSED] + messages_lost(r) >= r->owed;
}

static bool reads_on(const struct gen_run *r, uint32_t conn)
{
	const struct gen_load *load = r->options.load;
	if (!load->readers->is_to_end && (r->tcp.now_ns < r->steady_to_ns || !is_written(r)))
		return true;
	return !load->readers->has_all(load, conn);
}

static void on_read(struct gen_run *r, uint32_t conn, enum gen_verdict v)
{
	r->fetched[v]++;
	if (reads_on(r, conn))
		gen_tcp_owe(&r->tcp, conn);
	else
		r->reading--;
}

/* A reader has a batch, for the second in which that was due. */
static void on_arrived(void *owner, uint64_t number)
{
	struct gen_run *r = owner;
	if (is_closed_loop(&r->options))
		return;
	uint64_t since = gen_schedule_due_ns(&r->schedule, number), now = r->tcp.now_ns;
	if (since >= r->steady_from_ns && since < r->steady_to_ns && now >= since)
		histogram_add(&r->figures.end_to_end, now - since);
}

/* In a closed loop the next message is owed when one is answered. */
static void on_done(void *owner, uint32_t conn, uint32_t message, enum gen_verdict v)
{
	struct gen_run *r = owner;
	if (message < r->options.load->greetings) {
		r->greeted++;
		return;
	}
	if (gen_load_reads(r->options.load, conn)) {
		on_read(r, conn, v);
		return;
	}
	r->done[v]++;
	latency_add(r, conn, message);
	if (is_closed_loop(&r->options) && r->tcp.now_ns < r->steady_to_ns)
		owe(r, conn, r->tcp.now_ns);
}

/* ---- a turn ------------------------------------------------------------------------ */

static bool receive(struct gen_run *r)
{
	struct gen_packet packets[PACKETS_PER_TURN];
	unsigned count = gen_port_rx(r->options.port, packets, PACKETS_PER_TURN);
	for (unsigned i = 0; i < count && r->options.load; i++)
		gen_tcp_prefetch(&r->tcp, &packets[i]);
	for (unsigned i = 0; i < count && r->options.load; i++)
		gen_tcp_input(&r->tcp, &packets[i]);
	gen_port_release(r->options.port);
	return count;
}

/* What other threads may see of a run that goes on. Relaxed: it is for progress on a terminal, and
 * no other memory hangs on it. */
static void publish(struct gen_run *r)
{
	atomic_store_explicit(&r->shown_done,
			      r->done[GEN_ACCEPTED] + r->done[GEN_REFUSED] +
				      r->fetched[GEN_ACCEPTED] + r->fetched[GEN_REFUSED],
			      memory_order_relaxed);
	atomic_store_explicit(&r->shown_begun, r->tcp.messages_sent + r->datagrams,
			      memory_order_relaxed);
	atomic_store_explicit(&r->shown_open, r->tcp.open, memory_order_relaxed);
}

/* What the turn's cycles were: of a turn that moved nothing although packets wait for the
 * port, the port's. */
static uint64_t *cycles_of_turn(struct gen_run *r, bool worked)
{
	if (worked)
		return &r->cycles_busy;
	return r->options.port->tx_count ? &r->cycles_stalled : &r->cycles_idle;
}

/* ---- seconds and steps ------------------------------------------------------------- */

static uint32_t lost_count(const struct gen_run *r)
{
	uint32_t lost = 0;
	for (unsigned i = 0; i < GEN_LOSSES; i++)
		lost += r->tcp.lost[i];
	return lost;
}

static void mark_second(struct gen_run *r)
{
	struct gen_tally now = {
		.given = r->given,
		.held_back = r->held_back,
		.begun = r->tcp.messages_sent + r->datagrams,
		.accepted = r->done[GEN_ACCEPTED],
		.refused = r->done[GEN_REFUSED],
		.lost = lost_count(r),
		.retransmits = r->tcp.retransmits,
		.cycles_busy = r->cycles_busy,
		.cycles_all = r->cycles_busy + r->cycles_idle + r->cycles_stalled,
	};
	gen_series_mark(r->series, &now);
	r->mark_ns += NS_PER_S;
}

/* What no byte was sent of will not be. */
static void disown_unsent(struct gen_run *r)
{
	if (!r->options.load || is_closed_loop(&r->options) || !r->since_us)
		return;
	for (uint32_t i = 0; i < writers_of(&r->options); i++) {
		uint32_t unsent = gen_tcp_disown(&r->tcp, i);
		r->held_back += unsent;
		r->owed -= unsent;
	}
}

/* The rate changes. A storm that we could not keep up with is over, too. */
static void take_step(struct gen_run *r)
{
	const struct gen_change *c = &r->schedule.changes[r->step++];
	double before = r->step > 1 ? c[-1].rate : r->schedule.rate;
	if (c->rate >= before)
		return;
	disown_unsent(r);
	r->scheduled = max_u64(r->scheduled, c->first);
}

/* What the time brings, in the steady phase. */
static void tick(struct gen_run *r)
{
	const struct gen_schedule *s = &r->schedule;
	while (r->tcp.now_ns >= r->mark_ns)
		mark_second(r);
	while (r->step < s->change_count &&
	       r->tcp.now_ns >=
		       s->start_ns + (uint64_t)(s->changes[r->step].from_s * 1e9))
		take_step(r);
}

/* A direct write ends in a thread of the kernel on the CPU that took the disk's interrupt, which
 * may be this one: beside a loop that never yields it waits for the scheduler's tick, and the
 * figures would say that of the gateway. */
static void give_way(struct gen_run *r, bool worked)
{
	r->empty_turns = worked ? 0 : r->empty_turns + 1;
	if (r->empty_turns >= EMPTY_TURNS)
		sched_yield();
}

/* `feed` gives the connections work of the phase; false: nothing to do. */
static void turn(struct gen_run *r, bool (*feed)(struct gen_run *))
{
	uint64_t sent = r->options.port->packets_sent;
	gen_tcp_set_time(&r->tcp, clock_now_ns());
	bool worked = receive(r);
	/* What was begun goes before what is new. */
	if (r->options.load)
		gen_tcp_turn(&r->tcp);
	if (r->mark_ns)
		tick(r);
	worked |= feed(r);
	gen_port_flush(r->options.port);
	worked |= r->options.port->packets_sent != sent;
	uint64_t cycles = clock_cycles();
	*cycles_of_turn(r, worked) += cycles - r->begin_cycles;
	r->begin_cycles = cycles;
	publish(r);
	give_way(r, worked);
}

/* Turns until `is_over` or `limit_ns` from now; false: the limit. */
static bool run_phase(struct gen_run *r, enum gen_phase phase, uint64_t limit_ns,
		      bool (*feed)(struct gen_run *),
		      bool (*is_over)(const struct gen_run *))
{
	uint64_t end = clock_now_ns() + limit_ns;
	atomic_store(&r->phase, phase);
	while (!is_over(r)) {
		turn(r, feed);
		if (r->tcp.now_ns >= end || atomic_load(&r->is_stopped))
			return false;
	}
	return true;
}

static bool never(const struct gen_run *r)
{
	return false;
}

static bool feed_nothing(struct gen_run *r)
{
	return false;
}

/* ---- the phases -------------------------------------------------------------------- */

static bool feed_question(struct gen_run *r)
{
	const struct gen_port *port = r->options.port;
	if (r->tcp.now_ns < r->ask_ns || port->is_resolved || !gen_port_is_up(port))
		return false;
	r->ask_ns = r->tcp.now_ns + ASK_NS;
	gen_port_ask(r->options.port);
	return true;
}

static bool is_resolved(const struct gen_run *r)
{
	const struct gen_port *port = r->options.port;
	return port->is_resolved && gen_port_is_up(port);
}

/* Few are opening at a time: what is to be measured are connections, not SYNs that found no
 * place. */
static bool feed_connections(struct gen_run *r)
{
	uint32_t greetings = r->options.load->greetings;
	for (unsigned i = 0; i < OPENED_PER_TURN; i++) {
		uint64_t through = greetings ? r->greeted / greetings : r->tcp.open;
		uint64_t under_way = r->scheduled - through;
		if (r->scheduled == r->options.connections ||
		    under_way >= HALF_OPEN_MAX || !gen_port_has_room(r->options.port))
			return i;
		uint32_t conn = (uint32_t)r->scheduled++;
		gen_tcp_connect(&r->tcp, conn);
		for (uint32_t k = 0; k < greetings; k++)
			gen_tcp_owe(&r->tcp, conn);
	}
	return true;
}

/* A connection that was lost ends the phase at once: the run has failed then. */
static bool is_connected(const struct gen_run *r)
{
	uint32_t greetings = r->options.load->greetings;
	return lost_count(r) || (r->tcp.open == r->options.connections &&
				 r->greeted == greetings * r->options.connections);
}

static bool is_due(const struct gen_run *r, uint64_t message)
{
	return gen_schedule_due_ns(&r->schedule, message) <= r->tcp.now_ns;
}

/* So many a turn, so that answers are read between them however far behind the schedule is. */
static bool feed_schedule(struct gen_run *r)
{
	unsigned i = 0;
	while (i < SCHEDULED_PER_TURN && is_due(r, r->scheduled)) {
		uint64_t message = r->scheduled++;
		owe(r, (uint32_t)(message % writers_of(&r->options)),
		    gen_schedule_due_ns(&r->schedule, message));
		r->given++;
		i++;
	}
	return i;
}

static bool send_datagram(struct gen_run *r)
{
	struct gen_port *port = r->options.port;
	struct gen_l4 l4 = {
		.protocol = IP_PROTOCOL_UDP,
		.header_bytes = sizeof(struct udp_wire),
		.checksum_at = offsetof(struct udp_wire, checksum),
		.size = (uint32_t)sizeof(struct udp_wire) + r->options.datagram_bytes,
	};
	uint8_t *bytes = gen_port_take(port, l4.size);
	if (!bytes)
		return false;
	uint32_t sender = (uint32_t)(r->datagrams++ % r->options.connections);
	*(struct udp_wire *)bytes = (struct udp_wire){
		.source = be16_of(GEN_FIRST_PORT),
		.destination = be16_of(r->options.target_port),
		.length = be16_of((uint16_t)l4.size),
	};
	memset(bytes + sizeof(struct udp_wire), 'p', r->options.datagram_bytes);
	gen_port_push(port, gen_net_host(&port->net, sender), &l4);
	return true;
}

/* In a storm what the port does not take in time is lost there, as at a NIC. */
static bool is_late(const struct gen_run *r)
{
	return r->series &&
	       gen_schedule_due_ns(&r->schedule, r->scheduled) + LATE_NS < r->tcp.now_ns;
}

static bool feed_datagrams(struct gen_run *r)
{
	bool is_flat_out = r->options.rate <= 0;
	unsigned i = 0;
	while (i < SCHEDULED_PER_TURN && (is_flat_out || is_due(r, r->scheduled))) {
		if (!is_flat_out && is_late(r))
			r->held_back++;
		else if (!send_datagram(r))
			break;
		r->scheduled++;
		r->given++;
		i++;
	}
	return i;
}

/* No reader wants more. One whose connection was lost would for ever. */
static bool is_read(const struct gen_run *r)
{
	return r->reading == 0 || lost_count(r);
}

static bool is_done(const struct gen_run *r)
{
	uint64_t done = r->done[GEN_ACCEPTED] + r->done[GEN_REFUSED] + messages_lost(r);
	uint64_t others = r->greeted + r->fetched[GEN_ACCEPTED] + r->fetched[GEN_REFUSED];
	return done + others >= r->tcp.messages_sent && is_read(r) &&
	       (r->since_us || r->scheduled <= done);
}

static bool is_all_sent(const struct gen_run *r)
{
	return r->options.port->tx_count == 0;
}

static bool feed_finish(struct gen_run *r)
{
	unsigned i = 0;
	while (i < FINISHED_PER_TURN && r->scheduled < r->options.connections &&
	       gen_port_has_room(r->options.port)) {
		gen_tcp_finish(&r->tcp, (uint32_t)r->scheduled++);
		i++;
	}
	return i;
}

static bool is_finished(const struct gen_run *r)
{
	return r->scheduled == r->options.connections && r->tcp.open == 0;
}

/* Other lcores may have failed: the gate is shut then, and nobody waits for them. */
static bool is_at_gate(const struct gen_run *r)
{
	const struct gen_gate *gate = r->options.gate;
	return gen_gate_start_ns(gate) || gen_gate_is_shut(gate);
}

/* ---- the measurement --------------------------------------------------------------- */

/* Adds what the counters say (sign 1), or takes off what they said before (-1). */
static void count(struct gen_run *r, int sign)
{
	struct gen_figures *f = &r->figures;
	const struct gen_port *p = r->options.port;
	uint64_t s = (uint64_t)(int64_t)sign;
	f->begun += s * (r->tcp.messages_sent + r->datagrams);
	for (unsigned v = 0; v < GEN_STRANGE; v++)
		f->done[v] += s * r->done[v];
	if (r->options.load && r->options.load->readers)
		gen_reads_add(&f->reads, &r->options.load->readers->reads, sign);
	f->packets_sent += s * p->packets_sent;
	f->bytes_sent += s * p->bytes_sent;
	f->packets_received += s * p->stats.value[STAT_packets_received];
	f->bytes_received += s * p->stats.value[STAT_bytes_received];
	f->cycles_busy += s * r->cycles_busy;
	f->cycles_idle += s * r->cycles_idle;
	f->cycles_stalled += s * r->cycles_stalled;
}

static void schedule_init(struct gen_run *r, uint64_t start_ns)
{
	const struct gen_run_options *o = &r->options;
	r->schedule =
		(struct gen_schedule){.start_ns = start_ns, .rate = o->rate, .burst_s = o->burst_s};
	double from_s = o->warmup_s;
	for (unsigned i = 1; i < o->step_count; i++) {
		from_s += o->steps[i - 1].seconds;
		gen_schedule_change(&r->schedule, from_s, o->steps[i].rate);
	}
}

/* By the time that was measured, which a signal may have cut short; of steps all are
 * counted. */
static uint64_t offered_in(const struct gen_run *r)
{
	const struct gen_run_options *o = &r->options;
	double offered = o->rate * (double)r->figures.steady_ns / (double)NS_PER_S;
	if (o->step_count)
		offered = 0;
	for (unsigned i = 0; i < o->step_count; i++)
		offered += o->steps[i].rate * o->steps[i].seconds;
	return (uint64_t)offered;
}

/* What is under way from the beginning: a closed loop's messages, and the readers' first. */
static void begin_load(struct gen_run *r)
{
	const struct gen_run_options *o = &r->options;
	uint32_t writers = writers_of(o);
	for (uint32_t i = 0; is_closed_loop(o) && i < writers; i++)
		for (uint32_t k = 0; k < o->in_flight; k++)
			owe(r, i, r->tcp.now_ns);
	r->reading = o->connections - writers;
	for (uint32_t i = writers; i < o->connections; i++)
		gen_tcp_owe(&r->tcp, i);
}

static void load_phases(struct gen_run *r)
{
	const struct gen_run_options *o = &r->options;
	bool (*feed)(struct gen_run *) = o->load ? feed_schedule : feed_datagrams;
	uint64_t warmup_ns = (uint64_t)(o->warmup_s * (double)NS_PER_S);
	uint64_t steady_ns = (uint64_t)(o->seconds * (double)NS_PER_S);
	uint64_t start_ns = gen_gate_start_ns(o->gate);
	schedule_init(r, start_ns);
	r->steady_from_ns = start_ns + warmup_ns;
	r->steady_to_ns = r->steady_from_ns + steady_ns;
	r->scheduled = 0;
	gen_tcp_set_time(&r->tcp, clock_now_ns());
	if (o->load)
		begin_load(r);
	if (o->load && is_closed_loop(o))
		feed = feed_nothing;
	bool is_to_end = o->load && o->load->readers && o->load->readers->is_to_end;
	run_phase(r, GEN_WARMUP, warmup_ns, feed, never);
	count(r, -1);
	uint64_t from = clock_now_ns(), cycles = clock_cycles();
	r->mark_ns = r->series ? r->steady_from_ns : 0;
	run_phase(r, GEN_STEADY, steady_ns, feed, is_to_end ? is_read : never);
	if (is_to_end && r->reading)
		r->figures.failure = "not everything was read in the time there was";
	if (r->series && r->tcp.now_ns + NS_PER_S / 2 > r->mark_ns)
		mark_second(r);
	r->mark_ns = 0;
	r->figures.steady_ns = clock_now_ns() - from;
	r->figures.steady_cycles = clock_cycles() - cycles;
	count(r, 1);
	r->steady_to_ns = min_u64(r->steady_to_ns, clock_now_ns());
	if (o->rate > 0)
		r->figures.offered = offered_in(r);
}

static const char *connect_phases(struct gen_run *r)
{
	uint64_t begin = clock_now_ns();
	if (!run_phase(r, GEN_RESOLVE, RESOLVE_NS, feed_question, is_resolved))
		return gen_port_is_up(r->options.port)
			       ? "nobody answers ARP for the target"
			       : "the port's link is down";
	if (!r->options.load)
		return NULL;
	begin = clock_now_ns();
	bool is_over =
		run_phase(r, GEN_CONNECT, CONNECT_NS, feed_connections, is_connected);
	r->figures.connect_ns = clock_now_ns() - begin;
	r->scheduled = 0;
	return is_over && !lost_count(r) ? NULL : "not every connection could be opened";
}

/* True: all lcores begin. */
static bool ready_phase(struct gen_run *r)
{
	struct gen_gate *gate = r->options.gate;
	if (r->figures.failure)
		gen_gate_shut(gate);
	else
		gen_gate_enter(gate, clock_now_ns());
	bool is_over =
		run_phase(r, GEN_READY, RESOLVE_NS + CONNECT_NS, feed_nothing, is_at_gate);
	if (!is_over)
		r->figures.failure = "ended before all lcores were ready";
	return is_over && !gen_gate_is_shut(gate);
}

/* A run that was stopped drains and finishes as any other: the ledgers are to balance in the
 * end. */
static void finish_phases(struct gen_run *r)
{
	atomic_store(&r->is_stopped, false);
	if (!r->options.load) {
		run_phase(r, GEN_DRAIN, DRAIN_NS, feed_nothing, is_all_sent);
		/* What still lies in a ring of the port's would go with us. */
		run_phase(r, GEN_FINISH, LINGER_NS, feed_nothing, never);
		return;
	}
	disown_unsent(r);
	run_phase(r, GEN_DRAIN, DRAIN_NS, feed_nothing, is_done);
	r->scheduled = 0;
	run_phase(r, GEN_FINISH, FINISH_NS, feed_finish, is_finished);
	/* The last acknowledgements must be heard, or the target waits for them. */
	run_phase(r, GEN_FINISH, LINGER_NS, feed_nothing, never);
}

/* The figures of the whole run. */
static void sum_up(struct gen_run *r)
{
	struct gen_figures *f = &r->figures;
	const struct gen_tcp *t = &r->tcp;
	const struct gen_load *load = r->options.load;
	f->begun_all = t->messages_sent + r->datagrams;
	for (unsigned v = 0; v < GEN_STRANGE; v++)
		f->done_all[v] = r->done[v] + r->fetched[v];
	f->done_all[GEN_ACCEPTED] += r->greeted;
	f->records = load ? r->greeted * load->greeting_records +
				    r->done[GEN_ACCEPTED] * load->records
			  : r->datagrams;
	if (load && load->readers)
		f->reads_all = load->readers->reads;
	f->unanswered = load ? f->begun_all - f->done_all[GEN_ACCEPTED] -
				       f->done_all[GEN_REFUSED]
			     : 0;
	for (unsigned i = 0; i < GEN_LOSSES; i++) {
		f->lost[i] = t->lost[i];
		f->messages_lost[i] = t->messages_lost[i];
		f->unanswered -= t->messages_lost[i];
	}
	f->good_answers = t->answers[GEN_ACCEPTED];
	f->retransmits = t->retransmits;
	f->out_of_order = t->out_of_order;
	f->port_waits = r->options.port->waits;
	f->strays = r->options.port->strays;
	f->checksum_errors = r->options.port->checksum_errors;
}

int gen_run_loop(void *run)
{
	struct gen_run *r = run;
	r->begin_cycles = clock_cycles();
	r->figures.failure = connect_phases(r);
	if (ready_phase(r))
		load_phases(r);
	finish_phases(r);
	sum_up(r);
	publish(r);
	atomic_store(&r->phase, GEN_DONE);
	return 0;
}

/* Times are kept where a connection owes a bounded number of messages; elsewhere a message's
 * number tells when it was due. */
int gen_run_init(struct gen_run *r, const struct gen_run_options *options)
{
	*r = (struct gen_run){.options = *options};
	if (options->step_count && !(r->series = map_take(sizeof *r->series)))
		return -ENOMEM;
	if (!options->load)
		return 0;
	uint64_t times = (uint64_t)options->connections * slots_of(options);
	if (times && !(r->since_us = map_take(times * sizeof *r->since_us)))
		return -ENOMEM;
	struct gen_tcp_options tcp = {
		.port = options->port,
		.load = options->load,
		.events = {.owner = r, .done = on_done, .arrived = on_arrived},
		.connections = options->connections,
		.first = options->first,
		.target_port = options->target_port,
	};
	return gen_tcp_init(&r->tcp, &tcp);
}

void gen_run_fini(struct gen_run *r)
{
	const struct gen_run_options *o = &r->options;
	if (r->since_us)
		map_give(r->since_us,
			 (uint64_t)o->connections * slots_of(o) * sizeof *r->since_us);
	if (r->series)
		map_give(r->series, sizeof *r->series);
	if (o->load)
		gen_tcp_fini(&r->tcp);
}
