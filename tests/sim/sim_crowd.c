/* sim_crowd.c - the crowd's connections, what happens to them and what is counted; see
 * sim_crowd.h. */
#include "tests/sim/sim_crowd.h"
#include "dataplane/base/require.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_kafka.h"
#include "tests/sim/sim_net.h"

#include <stdio.h>

enum {
	MEMBERS = 10000,
	TOPICS = 8,
	RETURNS_MAX = MEMBERS, /* connections of those who come back */
	CONNECTIONS = MEMBERS + RETURNS_MAX,
	OPENED_PER_STEP = 8,
	SWEEP_PER_STEP = 64,
	FIRST_PORT = 20000,
	CROWD_CLIENT = 200,    /* of SIM_CLIENT_IP */
	TOLD = 600,            /* messages of each kind, */
	PLACES_APART = 5,      /* so that all name different places */
	PASSED = 200,          /* packets that another poller passes on */
	METADATA = 3,
	FIND_COORDINATOR = 10,
	COORDINATOR_NOT_AVAILABLE = 15,
	ANSWERS = 2,
	SLAB_FIRST_GENERATION = 1, /* of a place that was never taken before */
};

#define LIMIT_NS (60 * NS_PER_S)

/* One connection; a member who comes back has another. */
struct member {
	struct sim_tcp tcp;
	bool is_open, is_touched, is_lost;
	unsigned answers;
};

struct sim_crowd {
	struct run *run;
	struct member *members; /* [CONNECTIONS] */
	unsigned wanted, opened;
	unsigned touched[CONNECTIONS], touched_count;
	unsigned swept;
	unsigned reset;  /* by themselves */
	unsigned ended;  /* by the gateway, before they were told */
	unsigned told;   /* both answers */
	struct inbox_msg messages[3 * TOLD];
	unsigned fenced, gone; /* what became of them */
	struct inbox_msg packets[PASSED];
	unsigned passed;
};

/* ---- one of them ------------------------------------------------------------------------ */

static void topic_name(char name[16], unsigned index)
{
	snprintf(name, 16, "crowd_%u", index % TOPICS);
}

/* Both at once: the second must not overtake the first, however long that waits. */
static void member_ask(struct sim_crowd *c, unsigned index)
{
	uint8_t bytes[256];
	char name[16];
	topic_name(name, index);
	struct emitter e = emitter_of(bytes, sizeof bytes);
	sim_request_begin(&e, METADATA, 1, (int32_t)(index * ANSWERS), false);
	sim_put_count(&e, 1, false);
	sim_put_string(&e, name, false);
	sim_tcp_write(&c->members[index].tcp, bytes, sim_request_end(&e));
	e = emitter_of(bytes, sizeof bytes);
	sim_request_begin(&e, FIND_COORDINATOR, 0, (int32_t)(index * ANSWERS + 1), false);
	sim_put_string(&e, "group", false);
	sim_tcp_write(&c->members[index].tcp, bytes, sim_request_end(&e));
}

static void check_topic(unsigned index, struct cursor *a)
{
	char name[16];
	topic_name(name, index);
	int64_t brokers = sim_get_count(a, false);
	cursor_u32(a);
	sim_get_string(a, false);
	cursor_u32(a);
	sim_get_string(a, false);
	cursor_u32(a);
	int64_t topics = sim_get_count(a, false);
	int16_t error = (int16_t)cursor_u16(a);
	struct bytes told = sim_get_string(a, false);
	if (a->bad || brokers != 1 || topics != 1 || error || told.size != strlen(name) ||
	    memcmp(told.data, name, told.size) != 0)
		sim_fail("member %u: Metadata of %.*s, error %d", index, (int)told.size,
			 (const char *)told.data, error);
}

/* There is one as soon as there is a topic for its groups, which is made for those who ask. */
static void check_coordinator(unsigned index, struct cursor *a)
{
	uint16_t error = cursor_u16(a);
	if (a->bad || (error && error != COORDINATOR_NOT_AVAILABLE))
		sim_fail("member %u: FindCoordinator, error %u", index, error);
}

static void member_read(struct sim_crowd *c, unsigned index, struct cursor a)
{
	struct member *m = &c->members[index];
	uint32_t correlation = cursor_u32(&a);
	if (m->answers == ANSWERS || correlation != index * ANSWERS + m->answers)
		sim_fail("member %u: answer %u behind %u answers", index, correlation, m->answers);
	if (m->answers == 0)
		check_topic(index, &a);
	else
		check_coordinator(index, &a);
	if (++m->answers == ANSWERS)
		c->told++;
}

static void member_turn(struct sim_crowd *c, unsigned index)
{
	struct member *m = &c->members[index];
	struct sim_buffer *in = &m->tcp.in;
	m->is_touched = false;
	if (m->is_lost)
		return;
	for (size_t n; (n = sim_response_bytes(in->bytes, in->size)) > 0;) {
		member_read(c, index, cursor_of(in->bytes + 4, n - 4));
		sim_buffer_eat(in, n);
	}
	if (m->tcp.peer_has_ended)
		sim_tcp_close(&m->tcp);
	sim_tcp_turn(&m->tcp);
	if (m->tcp.state != SIM_TCP_LOST && m->tcp.state != SIM_TCP_ENDED)
		return;
	m->is_lost = true;
	c->ended += !m->tcp.is_aborted && m->answers < ANSWERS;
}

static void member_touch(struct sim_crowd *c, unsigned index)
{
	if (c->members[index].is_touched)
		return;
	c->members[index].is_touched = true;
	c->touched[c->touched_count++] = index;
}

static void member_open(struct sim_crowd *c)
{
	unsigned index = c->opened++;
	struct member *m = &c->members[index];
	sim_tcp_open(&m->tcp, SIM_CLIENT_IP + CROWD_CLIENT, (uint16_t)(FIRST_PORT + index),
		     SIM_GATEWAY_IP, SIM_PORT_KAFKA);
	m->is_open = true;
	member_ask(c, index);
	member_touch(c, index);
}

/* ---- all of them ------------------------------------------------------------------------ */

bool sim_crowd_input(struct sim_crowd *c, const uint8_t *frame, uint32_t size)
{
	enum { IP_TO = 14 + 16, PORT_TO = 14 + 20 + 2 };
	if (size < PORT_TO + 2 || be32_load(frame + IP_TO) != SIM_CLIENT_IP + CROWD_CLIENT)
		return false;
	unsigned index = (unsigned)be16_load(frame + PORT_TO) - FIRST_PORT;
	if (index >= c->opened)
		return false;
	member_touch(c, index);
	return sim_tcp_input(&c->members[index].tcp, frame, size);
}

void sim_crowd_turn(struct sim_crowd *c)
{
	unsigned count = c->touched_count;
	c->touched_count = 0;
	for (unsigned i = 0; i < count; i++)
		member_turn(c, c->touched[i]);
	for (unsigned i = 0; i < OPENED_PER_STEP && c->opened < c->wanted; i++)
		member_open(c);
	/* Whose SYN or answer is late looks at its timer. */
	for (unsigned i = 0; i < SWEEP_PER_STEP && c->opened > 0; i++)
		member_turn(c, c->swept++ % c->opened);
}

static uint64_t parked(const struct sim_crowd *c)
{
	return sim_gateway_stat(c->run->gateway, STAT_requests_parked);
}

/* Runs until `count` is what it shall be. */
static void run_until(struct sim_crowd *c, uint64_t (*count)(const struct sim_crowd *),
		      uint64_t wanted, const char *what)
{
	uint64_t limit = c->run->world.now_ns + LIMIT_NS;
	while (count(c) < wanted) {
		run_for(c->run, NS_PER_MS);
		if (c->run->world.now_ns > limit)
			sim_fail("%llu of %llu are %s", (unsigned long long)count(c),
				 (unsigned long long)wanted, what);
	}
	if (count(c) > wanted)
		sim_fail("%llu are %s, not %llu", (unsigned long long)count(c), what,
			 (unsigned long long)wanted);
}

/* ---- parked ----------------------------------------------------------------------------- */

static void all_wait(struct sim_crowd *c)
{
	sim_gateway_hold_jobs(c->run->gateway, true);
	c->wanted = MEMBERS;
	run_until(c, parked, MEMBERS, "parked");
	if (c->told || c->ended)
		sim_fail("%u are told and %u lost before anything is made", c->told, c->ended);
}

/* ---- lost ------------------------------------------------------------------------------- */

static void some_reset(struct sim_crowd *c)
{
	for (unsigned i = 0; i < MEMBERS; i++) {
		if (!rng_one_in(&c->run->world.rng, 8))
			continue;
		sim_tcp_abort(&c->members[i].tcp);
		member_touch(c, i);
		c->reset++;
	}
}

/* For the gateway, of a kind that nobody knows: taken in, and dropped where that is found. */
static const uint8_t strange_frame[60] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5};

static void packets_check(const struct sim_crowd *c)
{
	uint64_t dropped = sim_gateway_stat(c->run->gateway, STAT_packet_drop_ethertype);
	if (dropped != PASSED)
		sim_fail("%llu of %u packets that were passed on are taken in",
			 (unsigned long long)dropped, PASSED);
}

/* Each about another place, in which there is a connection, mostly; the last of them name one
 * that has never been there. */
static void pollers_are_told(struct sim_crowd *c)
{
	static const enum handoff_kind kinds[] = {HANDOFF_FENCE, HANDOFF_CLOSE, HANDOFF_FENCE};
	unsigned pollers = sim_gateway_pollers(c->run->gateway);
	uint64_t first = rng_below(&c->run->world.rng, MEMBERS);
	for (unsigned i = 0; i < PASSED; i++) {
		c->packets[i].msg.kind = HANDOFF_PACKET;
		c->packets[i].bytes = (struct bytes){strange_frame, sizeof strange_frame};
		sim_gateway_tell(c->run->gateway, i % pollers, &c->packets[i]);
	}
	for (unsigned i = 0; i < array_len(c->messages); i++) {
		uint64_t place = (first + i * PLACES_APART) % MEMBERS;
		uint64_t poller = place % pollers;
		uint64_t generation = SLAB_FIRST_GENERATION + (i < 2 * TOLD ? 0 : 2 * MEMBERS);
		struct inbox_msg *m = &c->messages[i];
		m->msg.kind = (uint8_t)kinds[i / TOLD];
		m->ticket.stream = generation << 32 | poller << 24 | place / pollers;
		sim_gateway_tell(c->run->gateway, (unsigned)poller, m);
	}
}

static uint64_t told_back(const struct sim_crowd *c)
{
	return c->fenced + c->gone + c->passed;
}

static void messages_take(struct sim_crowd *c)
{
	struct inbox_msg *back[INBOX_PER_TURN];
	unsigned count = sim_gateway_take_told(c->run->gateway, back, array_len(back));
	for (unsigned i = 0; i < count; i++) {
		if (back[i]->msg.kind == HANDOFF_PACKET) {
			c->passed++;
			continue;
		}
		bool is_later = back[i] >= &c->messages[2 * TOLD];
		if (is_later && back[i]->outcome != INBOX_GONE)
			sim_fail("a handle fits whoever has its place");
		c->fenced += back[i]->outcome == INBOX_DONE;
		c->gone += back[i]->outcome == INBOX_GONE;
	}
}

static uint64_t ended(const struct sim_crowd *c)
{
	return c->ended;
}

static void some_are_lost(struct sim_crowd *c)
{
	uint64_t limit = c->run->world.now_ns + LIMIT_NS;
	some_reset(c);
	run_for(c->run, 20 * NS_PER_MS); /* until the gateway knows */
	pollers_are_told(c);
	while (told_back(c) < array_len(c->messages) + PASSED) {
		run_for(c->run, NS_PER_MS);
		messages_take(c);
		if (c->run->world.now_ns > limit)
			sim_fail("%llu messages are back", (unsigned long long)told_back(c));
	}
	run_for(c->run, 5 * NS_PER_MS); /* counters are published */
	packets_check(c);
	if (c->fenced < TOLD)
		sim_fail("only %u of %d places have a connection", c->fenced, 2 * TOLD);
	run_until(c, ended, c->fenced, "ended, without a reason of theirs");
	c->wanted += c->reset;
	run_until(c, parked, MEMBERS + c->reset, "parked, with those who came back");
}

/* ---- answered --------------------------------------------------------------------------- */

static uint64_t told(const struct sim_crowd *c)
{
	return c->told;
}

static void all_are_told(struct sim_crowd *c)
{
	uint64_t left = MEMBERS - c->fenced; /* whoever reset his connection came back */
	sim_gateway_hold_jobs(c->run->gateway, false);
	run_until(c, told, left, "told");
	run_for(c->run, 10 * NS_PER_MS);
	uint64_t gone = sim_gateway_stat(c->run->gateway, STAT_inbox_gone);
	if (c->told != left || c->ended != c->fenced || gone != c->reset + c->fenced + c->gone)
		sim_fail("%u told, %u ended, %llu messages found nobody", c->told, c->ended,
			 (unsigned long long)gone);
	sim_say("%u parked, %u reset, %u fenced or closed, %u told", MEMBERS + c->reset, c->reset,
		c->fenced, c->told);
}

static void all_leave(struct sim_crowd *c)
{
	for (unsigned i = 0; i < c->opened; i++) {
		if (c->members[i].is_lost)
			continue;
		sim_tcp_close(&c->members[i].tcp);
		member_touch(c, i);
	}
	run_for(c->run, NS_PER_S);
}

unsigned crowd(struct run *r)
{
	struct sim_disk_faults disk = {.write_ns = 50 * NS_PER_US, .sync_ns = 400 * NS_PER_US};
	struct sim_net_faults net = {.delay_ns = 20 * NS_PER_US};
	struct sim_crowd *c = calloc(1, sizeof *c);
	require(c);
	c->run = r;
	c->members = calloc(CONNECTIONS, sizeof *c->members);
	require(c->members);
	sim_fs_set_faults(r->world.fs, &disk);
	sim_net_set_faults(r->world.net, &net);
	r->world.connections = MEMBERS;
	if (!run_start(r))
		sim_fail("the gateway does not start on a good disk");
	r->crowd = c;
	all_wait(c);
	some_are_lost(c);
	all_are_told(c);
	all_leave(c);
	run_end(r);
	return 1;
}
