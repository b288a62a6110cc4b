/* test_groups_large.c - a group of 10,000 members, and a hundred small ones beside it. */
#include "tests/unit/control/coordinator/groups/groups_rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MEMBERS = 10000, OTHERS = 100, NAME_BYTES = 16, REBALANCE_CPU_MS_MAX = 5000 };

TestSuite(groups_large, .init = rig_start, .fini = rig_stop, .timeout = 120);

static char names[MEMBERS + 1 + OTHERS][NAME_BYTES];
static struct client *members, *others;

static struct client named(unsigned i)
{
	snprintf(names[i], NAME_BYTES, "m%u", i);
	return client_of(names[i]);
}

static void make_others(void)
{
	for (unsigned i = 0; i < OTHERS; i++) {
		others[i] = named(MEMBERS + 1 + i);
		others[i].group_id = others[i].client_id;
		others[i].session_ms = 60000;
		rig_join(&others[i]);
	}
}

static void check_others(void)
{
	for (unsigned i = 0; i < OTHERS; i++)
		cr_assert(rig_heartbeat(&others[i]) == 0 && others[i].answers == 3);
}

static void sync_all(unsigned count)
{
	struct client **all = calloc(count, sizeof *all);
	cr_assert(members[0].members == (int32_t)count);
	for (unsigned i = 0; i < count; i++)
		all[i] = &members[i];
	for (unsigned i = 1; i < count; i++)
		rig_sync(all[i]);
	rig_assign(all[0], all, (int32_t)count);
	for (unsigned i = 0; i < count; i++)
		cr_assert(!all[i]->is_waiting && all[i]->error == 0 &&
			  strcmp(all[i]->assignment, all[i]->client_id) == 0, "%u", i);
	free(all);
}

static void make_stable(void)
{
	members = calloc(MEMBERS + 1, sizeof *members);
	others = calloc(OTHERS, sizeof *others);
	make_others();
	for (unsigned i = 0; i < MEMBERS; i++) {
		members[i] = named(i);
		rig_join(&members[i]);
		cr_assert(members[i].is_waiting);
	}
	rig_pass_ms(2 * RIG_DELAY_MS + 20);
	for (unsigned i = 0; i < OTHERS; i++)
		rig_assign(&others[i], NULL, 0);
	sync_all(MEMBERS);
}

/* What the state machine itself takes of the 5 s that a rebalance may take, sanitizers included;
 * the rest is the members' heartbeats, three seconds apart. */
Test(groups_large, ten_thousand_members_rebalance_while_others_go_on)
{
	make_stable();
	clock_t began = clock();
	members[MEMBERS] = named(MEMBERS);
	rig_join(&members[MEMBERS]);
	for (unsigned i = 0; i < MEMBERS; i++)
		cr_assert(rig_heartbeat(&members[i]) == KAFKA_ERROR_REBALANCE_IN_PROGRESS);
	check_others();
	for (unsigned i = MEMBERS; i-- > 0;)
		rig_join(&members[i]);
	cr_assert(rig_state() == GROUP_COMPLETING);
	check_others();
	sync_all(MEMBERS + 1);
	clock_t took = clock() - began;
	cr_assert(members[0].generation == 2 && rig_state() == GROUP_STABLE);
	check_others();
	cr_assert(took < REBALANCE_CPU_MS_MAX * (CLOCKS_PER_SEC / 1000), "%ld us",
		  (long)took);
	free(members);
	free(others);
}
