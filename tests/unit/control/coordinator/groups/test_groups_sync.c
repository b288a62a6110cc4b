/* test_groups_sync.c - assignments: from the leader to the disk, and to each member its own. */
#include "tests/unit/control/coordinator/groups/groups_rig.h"

#include <criterion/criterion.h>

TestSuite(groups_sync, .init = rig_start, .fini = rig_stop);

static struct client a, b, *all[] = {&a, &b};

static void join_both(void)
{
	a = client_of("a");
	b = client_of("b");
	rig_join(&a);
	rig_join(&b);
	rig_pass_ms(2 * RIG_DELAY_MS + 20);
	cr_assert(a.generation == 1 && b.generation == 1);
}

Test(groups_sync, each_gets_its_own_when_it_is_stored_and_not_before)
{
	join_both();
	rig_is_held = true;
	rig_sync(&b);
	cr_assert(b.is_waiting && rig_writes_count == 0);
	rig_assign(&a, all, 2);
	cr_assert(a.is_waiting && b.is_waiting && rig_state() == GROUP_COMPLETING);
	cr_assert(rig_writes_count == 1 && rig_writes[0].view.generation == 1);
	rig_store(0);
	cr_assert(rig_state() == GROUP_STABLE);
	cr_assert(strcmp(a.assignment, "a") == 0 && strcmp(b.assignment, "b") == 0);
	cr_assert(a.error == 0 && b.error == 0 && strcmp(b.protocol, "range") == 0);
}

Test(groups_sync, who_comes_late_gets_his_assignment_from_the_stable_group)
{
	join_both();
	rig_assign(&a, all, 2);
	cr_assert(rig_state() == GROUP_STABLE && strcmp(a.assignment, "a") == 0);
	rig_sync(&b);
	cr_assert(!b.is_waiting && strcmp(b.assignment, "b") == 0);
	rig_sync(&b);
	cr_assert(strcmp(b.assignment, "b") == 0);
}

Test(groups_sync, whom_the_leader_forgot_gets_nothing)
{
	join_both();
	rig_sync(&b);
	rig_assign(&a, all, 1);
	cr_assert(b.error == 0 && b.assignment[0] == '\0' && strcmp(a.assignment, "a") == 0);
}

Test(groups_sync, whom_nobody_knows_is_passed_over)
{
	join_both();
	struct client stranger = client_of("stranger"), *with[] = {&a, &stranger, &b};
	client_call(&stranger, "nobody");
	rig_sync(&b);
	rig_assign(&a, with, 3);
	cr_assert(b.error == 0 && strcmp(b.assignment, "b") == 0);
}

Test(groups_sync, a_rebalance_takes_the_assignment_back)
{
	struct client c = client_of("c");
	join_both();
	rig_is_held = true;
	rig_sync(&b);
	rig_assign(&a, all, 2);
	rig_join(&c);
	cr_assert(!a.is_waiting && a.error == KAFKA_ERROR_REBALANCE_IN_PROGRESS);
	cr_assert(!b.is_waiting && b.error == KAFKA_ERROR_REBALANCE_IN_PROGRESS);
	cr_assert(b.assignment[0] == '\0');
	rig_store(0);
	cr_assert(rig_state() == GROUP_PREPARING, "what was stored is of the past");
	rig_join(&a);
	rig_join(&b);
	cr_assert(rig_state() == GROUP_COMPLETING && a.generation == 2 && c.generation == 2);
	rig_sync(&b);
	rig_sync(&c);
	cr_assert(b.is_waiting && c.is_waiting);
}

/* Two assignments under way: only the later one makes the group stable. */
Test(groups_sync, a_write_of_an_earlier_generation_makes_nothing_stable)
{
	join_both();
	rig_is_held = true;
	rig_assign(&a, all, 2);
	b.protocols[0].metadata = rig_text("new");
	rig_join(&b);
	rig_join(&a);
	cr_assert(a.generation == 2 && rig_state() == GROUP_COMPLETING);
	rig_assign(&a, all, 2);
	rig_sync(&b);
	cr_assert(rig_writes_count == 2);
	rig_store(0);
	cr_assert(a.is_waiting && b.is_waiting && rig_state() == GROUP_COMPLETING);
	rig_store(0);
	cr_assert(!a.is_waiting && rig_state() == GROUP_STABLE && strcmp(b.assignment, "b") == 0);
}

Test(groups_sync, what_could_not_be_stored_is_assigned_anew)
{
	static const int16_t errors[][2] = {
		{KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION, KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE},
		{KAFKA_ERROR_KAFKA_STORAGE_ERROR, KAFKA_ERROR_NOT_COORDINATOR},
		{KAFKA_ERROR_MESSAGE_TOO_LARGE, KAFKA_ERROR_UNKNOWN_SERVER_ERROR},
	};
	join_both();
	rig_is_held = true;
	for (unsigned i = 0; i < array_len(errors); i++) {
		rig_sync(&b);
		rig_assign(&a, all, 2);
		rig_store(errors[i][0]);
		cr_assert(!a.is_waiting && a.error == errors[i][1]);
		cr_assert(!b.is_waiting && b.error == errors[i][1] && b.assignment[0] == '\0');
		cr_assert(rig_state() == GROUP_PREPARING);
		rig_join(&a);
		rig_join(&b);
		cr_assert(a.generation == (int32_t)i + 2 && a.error == 0);
	}
}

Test(groups_sync, who_is_of_another_generation_or_unknown_is_told)
{
	struct client stranger = client_of("stranger");
	join_both();
	b.generation = 0;
	rig_sync(&b);
	cr_assert(b.error == KAFKA_ERROR_ILLEGAL_GENERATION);
	client_call(&stranger, "nobody");
	stranger.generation = 1;
	rig_sync(&stranger);
	cr_assert(stranger.error == KAFKA_ERROR_UNKNOWN_MEMBER_ID);
	stranger.group_id = "no such group";
	rig_sync(&stranger);
	cr_assert(stranger.error == KAFKA_ERROR_UNKNOWN_MEMBER_ID);
	stranger.group_id = "";
	rig_sync(&stranger);
	cr_assert(stranger.error == KAFKA_ERROR_INVALID_GROUP_ID);
}

Test(groups_sync, while_the_group_prepares_nobody_syncs)
{
	struct client c = client_of("c");
	join_both();
	rig_assign(&a, all, 2);
	rig_join(&c);
	rig_sync(&b);
	cr_assert(!b.is_waiting && b.error == KAFKA_ERROR_REBALANCE_IN_PROGRESS);
}

static int16_t sync_with(const char *type, const char *protocol)
{
	struct client asks = b;
	struct group_sync sync = {
		.who = {rig_text("g"), rig_text(b.member_id), {0}, 1},
		.protocol_type = rig_text(type), .protocol_name = rig_text(protocol)};
	groups_sync(groups, UINT64_MAX / 2, &sync, &asks.waiter);
	struct group_waiter *w = groups_answered(groups);
	cr_assert(w == &asks.waiter);
	return w->answer.error;
}

Test(groups_sync, since_version_5_the_protocol_is_compared)
{
	join_both();
	rig_assign(&a, all, 2);
	cr_assert(sync_with("consumer", "range") == 0);
	cr_assert(sync_with(NULL, NULL) == 0);
	cr_assert(sync_with("connect", "range") == KAFKA_ERROR_INCONSISTENT_GROUP_PROTOCOL);
	cr_assert(sync_with("consumer", "sticky") == KAFKA_ERROR_INCONSISTENT_GROUP_PROTOCOL);
}

Test(groups_sync, who_joins_and_never_syncs_is_left_behind)
{
	struct client *alive[] = {&a, &b};
	join_both();
	rig_assign(&a, all, 2);
	rig_pass_alive_ms(RIG_REBALANCE_MS - 100, alive, 2);
	cr_assert(rig_state() == GROUP_STABLE);
	rig_pass_alive_ms(200, alive, 2);
	cr_assert(rig_state() == GROUP_PREPARING);
	cr_assert(rig_heartbeat(&b) == KAFKA_ERROR_UNKNOWN_MEMBER_ID);
	rig_join(&a);
	cr_assert(a.error == 0 && a.generation == 2 && a.members == 1);
}

Test(groups_sync, a_leader_that_never_syncs_is_left_behind_too)
{
	struct client *alive[] = {&a};
	join_both();
	rig_sync(&b);
	rig_pass_alive_ms(RIG_REBALANCE_MS + 50, alive, 1);
	cr_assert(!b.is_waiting && b.error == KAFKA_ERROR_REBALANCE_IN_PROGRESS);
	rig_join(&b);
	cr_assert(b.error == 0 && b.generation == 2 && b.members == 1);
}

Test(groups_sync, when_all_have_synced_time_takes_nobody)
{
	struct client *alive[] = {&a, &b};
	join_both();
	rig_sync(&b);
	rig_assign(&a, all, 2);
	rig_pass_alive_ms(2 * RIG_REBALANCE_MS, alive, 2);
	cr_assert(rig_state() == GROUP_STABLE);
}
