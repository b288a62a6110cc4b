/* test_groups_random.c - any requests of any clients in any order, from a seed: nobody is answered
 * twice or forgotten, and nothing is left behind. */
#include "tests/unit/control/coordinator/groups/groups_rig.h"

#include <criterion/criterion.h>

enum { CLIENTS = 12, STEPS = 3000, SEEDS = 20 };

static struct client clients[CLIENTS];

static uint32_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

static void make_clients(uint64_t *seed)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	for (unsigned i = 0; i < CLIENTS; i++) {
		struct client *c = &clients[i];
		*c = client_of(names[i % 4]);
		c->group_id = i % 3 ? "g" : "h";
		c->is_old = next(seed) % 2;
		c->may_skip = next(seed) % 2;
		if (next(seed) % 3 == 0)
			c->instance_id = names[next(seed) % 4];
		if (next(seed) % 2)
			client_protocol(c, "sticky", "");
		c->rebalance_ms = 1000 << next(seed) % 7;
	}
}

static void restart(struct client *c)
{
	c->member_id[0] = '\0';
	c->generation = -1;
}

static void change(struct client *c, uint64_t *seed)
{
	static const char *const metadata[] = {"x", "y", "z"};
	c->protocols[0].metadata = rig_text(metadata[next(seed) % 3]);
	if (next(seed) % 4 == 0)
		c->protocols_count = 1 + (int32_t)(next(seed) % 2);
	if (c->protocols_count == 2)
		c->protocols[1].name = rig_text("sticky");
}

/* A client has one request at a time, as its connection has; who has been told of a generation
 * mostly syncs. */
static void ask(struct client *c, uint64_t *seed)
{
	struct client *all[CLIENTS];
	for (unsigned i = 0; i < CLIENTS; i++)
		all[i] = &clients[i];
	if (c->leader[0] && next(seed) % 8) {
		rig_assign(c, all, CLIENTS);
		return;
	}
	switch (next(seed) % 8) {
	case 0:
	case 1: rig_join(c); break;
	case 2: rig_assign(c, all, (int32_t)(next(seed) % CLIENTS)); break;
	case 3: rig_leave(c); break;
	case 4: restart(c); break;
	case 5: change(c, seed); break;
	default: rig_heartbeat(c);
	}
}

static void do_something(uint64_t *seed)
{
	struct client *c = &clients[next(seed) % CLIENTS];
	uint32_t what = next(seed) % 16;
	if (what == 0)
		rig_pass_ms(1 << next(seed) % 15);
	else if (what == 1)
		rig_is_held = !rig_is_held && rig_writes_count == 0;
	else if (what == 2)
		groups_delete(groups, rig_text(c->group_id));
	else if (what < 5 && rig_writes_count > 0)
		rig_store(next(seed) % 4 ? 0 : KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	else if (!c->is_waiting && rig_writes_count < RIG_WRITES_MAX / 2)
		ask(c, seed);
}

/* Time alone, and a disk that stores: whoever waits has his answer, and all groups go. */
static void run_out(void)
{
	rig_is_held = false;
	while (rig_writes_count > 0)
		rig_store(0);
	rig_pass_ms(2 * GROUP_NEW_MEMBER_JOIN_MS);
	for (unsigned i = 0; i < CLIENTS; i++)
		cr_assert(!clients[i].is_waiting, "client %u", i);
	rig_pass_ms(2 * GROUP_EMPTY_MS);
	cr_assert(groups_next(groups, NULL) == NULL);
}

Test(groups_random, nobody_is_forgotten_and_nothing_is_left_behind)
{
	unsigned stable = 0;
	for (uint64_t s = 1; s <= SEEDS; s++) {
		uint64_t seed = s;
		rig_start();
		make_clients(&seed);
		for (unsigned i = 0; i < STEPS; i++) {
			do_something(&seed);
			stable += rig_state() == GROUP_STABLE;
		}
		run_out();
		rig_stop();
	}
	cr_assert(stable > SEEDS * STEPS / 50, "only %u steps found a stable group", stable);
}
