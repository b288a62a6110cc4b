/* test_groups_leave.c - members that stay, go, or are not heard of; commits; groups that end. */
#include "tests/unit/control/coordinator/groups/groups_rig.h"

#include <criterion/criterion.h>

TestSuite(groups_leave, .init = rig_start, .fini = rig_stop);

static struct client a, b, *all[] = {&a, &b};

static void make_stable(void)
{
	a = client_of("a");
	b = client_of("b");
	rig_stable(all, 2);
}

Test(groups_leave, a_heartbeat_is_answered_by_the_state_of_its_group)
{
	struct client c = client_of("c");
	make_stable();
	cr_assert(rig_heartbeat(&a) == 0);
	a.generation = 7;
	cr_assert(rig_heartbeat(&a) == KAFKA_ERROR_ILLEGAL_GENERATION);
	a.generation = 1;
	rig_join(&c);
	cr_assert(rig_heartbeat(&a) == KAFKA_ERROR_REBALANCE_IN_PROGRESS);
	rig_join(&a);
	rig_join(&b);
	cr_assert(rig_state() == GROUP_COMPLETING && rig_heartbeat(&a) == 0);
	client_call(&c, "nobody");
	cr_assert(rig_heartbeat(&c) == KAFKA_ERROR_UNKNOWN_MEMBER_ID);
	c.group_id = "no such group";
	cr_assert(rig_heartbeat(&c) == KAFKA_ERROR_UNKNOWN_MEMBER_ID);
	c.group_id = "";
	cr_assert(rig_heartbeat(&c) == KAFKA_ERROR_INVALID_GROUP_ID);
}

Test(groups_leave, heartbeats_keep_a_member_and_silence_ends_it)
{
	struct client *alive[] = {&a};
	make_stable();
	rig_pass_alive_ms(RIG_SESSION_MS - 100, alive, 1);
	cr_assert(rig_state() == GROUP_STABLE);
	rig_pass_alive_ms(200, alive, 1);
	cr_assert(rig_state() == GROUP_PREPARING);
	cr_assert(rig_heartbeat(&b) == KAFKA_ERROR_UNKNOWN_MEMBER_ID);
	cr_assert(rig_heartbeat(&a) == KAFKA_ERROR_REBALANCE_IN_PROGRESS);
	rig_join(&a);
	cr_assert(a.error == 0 && a.members == 1);
}

/* A rebalance of minutes: those who have come wait for the others, and cannot send heartbeats. */
Test(groups_leave, who_waits_for_the_others_has_no_session_that_could_end)
{
	struct client *alive[] = {&b};
	make_stable();
	rig_join(&a);
	rig_pass_alive_ms(RIG_REBALANCE_MS - 100, alive, 1);
	cr_assert(a.is_waiting);
	rig_join(&b);
	cr_assert(!a.is_waiting && a.error == 0 && a.members == 2);
	rig_pass_ms(RIG_SESSION_MS - 100);
	cr_assert(rig_heartbeat(&a) == 0, "its session began with the answer");
	rig_pass_ms(200);
	cr_assert(rig_heartbeat(&b) == KAFKA_ERROR_UNKNOWN_MEMBER_ID);
}

Test(groups_leave, who_waits_for_the_disk_has_none_either)
{
	a = client_of("a");
	b = client_of("b");
	rig_join(&a);
	rig_join(&b);
	rig_pass_ms(2 * RIG_DELAY_MS + 20);
	rig_is_held = true;
	rig_sync(&b);
	rig_assign(&a, all, 2);
	rig_pass_ms(3 * RIG_SESSION_MS);
	cr_assert(a.is_waiting && b.is_waiting);
	rig_store(0);
	cr_assert(a.error == 0 && b.error == 0 && rig_state() == GROUP_STABLE);
	rig_pass_ms(RIG_SESSION_MS - 100);
	cr_assert(rig_heartbeat(&a) == 0 && rig_heartbeat(&b) == 0);
}

/* Its client may have gone, and nobody would be told. */
Test(groups_leave, a_new_member_waits_five_minutes_at_most)
{
	struct client c = client_of("c"), *alive[] = {&a, &b};
	a = client_of("a");
	b = client_of("b");
	a.rebalance_ms = b.rebalance_ms = c.rebalance_ms = 2 * GROUP_NEW_MEMBER_JOIN_MS;
	rig_stable(all, 2);
	rig_join(&c);
	rig_pass_alive_ms(GROUP_NEW_MEMBER_JOIN_MS - 100, alive, 2);
	cr_assert(c.is_waiting);
	rig_pass_alive_ms(200, alive, 2);
	cr_assert(!c.is_waiting && c.error == KAFKA_ERROR_UNKNOWN_MEMBER_ID);
	rig_join(&a);
	rig_join(&b);
	cr_assert(a.error == 0 && a.members == 2);
}

Test(groups_leave, who_leaves_has_the_others_come_again)
{
	make_stable();
	cr_assert(rig_leave(&a) == 0);
	cr_assert(rig_state() == GROUP_PREPARING);
	cr_assert(rig_heartbeat(&b) == KAFKA_ERROR_REBALANCE_IN_PROGRESS);
	rig_join(&b);
	cr_assert(b.error == 0 && b.members == 1 && strcmp(b.leader, b.member_id) == 0);
	cr_assert(rig_leave(&a) == KAFKA_ERROR_UNKNOWN_MEMBER_ID);
}

Test(groups_leave, nobody_waits_for_who_has_left)
{
	struct client c = client_of("c");
	make_stable();
	rig_join(&c);
	rig_join(&a);
	cr_assert(a.is_waiting && c.is_waiting);
	rig_leave(&b);
	cr_assert(!a.is_waiting && !c.is_waiting && a.error == 0 && a.members == 2);
}

Test(groups_leave, an_answer_that_waits_is_given_to_who_leaves)
{
	struct client other;
	make_stable();
	rig_join(&a);
	other = a;
	cr_assert(rig_leave(&other) == 0);
	cr_assert(!a.is_waiting && a.error == KAFKA_ERROR_UNKNOWN_MEMBER_ID);
}

Test(groups_leave, the_last_one_leaves_an_empty_group)
{
	make_stable();
	unsigned stored = rig_stored;
	rig_leave(&a);
	rig_leave(&b);
	cr_assert(rig_state() == GROUP_EMPTY && rig_stored == stored + 1);
	struct group_view v = group_view(groups_find(groups, rig_text("g")));
	cr_assert(v.generation == 2 && v.members_count == 0 && !v.leader.data);
	cr_assert(!v.protocol_name.data && v.protocol_type.size == strlen("consumer"));
	struct client c = client_of("c");
	rig_join(&c);
	cr_assert(c.is_waiting, "the next begins with a delay again");
	rig_pass_ms(RIG_DELAY_MS + 20);
	cr_assert(c.error == 0 && c.generation == 3);
}

Test(groups_leave, many_at_once_each_with_an_answer)
{
	make_stable();
	struct group_leaver leavers[] = {{.member_id = rig_text(b.member_id)},
					 {.member_id = rig_text("nobody")},
					 {.member_id = rig_text(""), .instance_id = rig_text("i")},
					 {.member_id = rig_text("")},
					 {.member_id = rig_text(b.member_id)}};
	cr_assert(groups_leave(groups, 0, rig_text("g"), leavers, 5) == 0);
	cr_assert(leavers[0].error == 0);
	for (unsigned i = 1; i < 5; i++)
		cr_assert(leavers[i].error == KAFKA_ERROR_UNKNOWN_MEMBER_ID, "%u", i);
	cr_assert(rig_state() == GROUP_PREPARING);
	cr_assert(groups_leave(groups, 0, rig_text("no group"), leavers, 1) == 0);
	cr_assert(leavers[0].error == KAFKA_ERROR_UNKNOWN_MEMBER_ID);
	cr_assert(groups_leave(groups, 0, rig_text(""), leavers, 1) ==
		  KAFKA_ERROR_INVALID_GROUP_ID);
}

Test(groups_leave, an_id_that_was_given_is_given_back)
{
	struct client c = client_of("c");
	make_stable();
	rig_ask_join(&c);
	rig_join(&a);
	rig_join(&b);
	cr_assert(a.is_waiting && b.is_waiting);
	cr_assert(rig_leave(&c) == 0);
	cr_assert(!a.is_waiting && !b.is_waiting && a.members == 2);
}

/* ---- commits ---------------------------------------------------------------------------- */

Test(groups_leave, members_commit_and_others_do_not)
{
	struct client operator = client_of("operator");
	make_stable();
	cr_assert(rig_commit(&a) == 0);
	a.generation = 0;
	cr_assert(rig_commit(&a) == KAFKA_ERROR_ILLEGAL_GENERATION);
	a.generation = 1;
	operator.generation = -1;
	cr_assert(rig_commit(&operator) == KAFKA_ERROR_UNKNOWN_MEMBER_ID);
	rig_leave(&b);
	cr_assert(rig_commit(&a) == 0, "what was done before the rebalance");
	rig_join(&a);
	cr_assert(rig_state() == GROUP_COMPLETING);
	cr_assert(rig_commit(&a) == KAFKA_ERROR_REBALANCE_IN_PROGRESS);
	rig_leave(&a);
	cr_assert(rig_state() == GROUP_EMPTY && rig_commit(&operator) == 0);
	operator.group_id = "a group nobody has heard of";
	cr_assert(rig_commit(&operator) == 0);
	operator.generation = 3;
	cr_assert(rig_commit(&operator) == KAFKA_ERROR_ILLEGAL_GENERATION);
}

Test(groups_leave, a_commit_is_as_good_as_a_heartbeat)
{
	make_stable();
	for (unsigned i = 0; i < 5; i++) {
		rig_pass_ms(RIG_SESSION_MS / 2);
		cr_assert(rig_commit(&a) == 0);
		rig_heartbeat(&b);
	}
	cr_assert(rig_state() == GROUP_STABLE);
}

/* ---- the end of groups ------------------------------------------------------------------ */

Test(groups_leave, a_group_with_members_is_not_deleted)
{
	make_stable();
	cr_assert(groups_delete(groups, rig_text("g")) == KAFKA_ERROR_NON_EMPTY_GROUP);
	cr_assert(groups_delete(groups, rig_text("no")) == KAFKA_ERROR_GROUP_ID_NOT_FOUND);
	rig_leave(&a);
	cr_assert(groups_delete(groups, rig_text("g")) == KAFKA_ERROR_NON_EMPTY_GROUP);
	rig_leave(&b);
	cr_assert(groups_delete(groups, rig_text("g")) == 0);
	cr_assert(rig_state() == GROUP_DEAD);
}

/* The dead one is forgotten on disk while another of its name lives. */
Test(groups_leave, a_dead_group_is_forgotten_when_that_is_stored)
{
	struct client c = client_of("c");
	make_stable();
	rig_leave(&a);
	rig_leave(&b);
	rig_is_held = true;
	cr_assert(groups_delete(groups, rig_text("g")) == 0);
	rig_join(&c);
	cr_assert(rig_writes_count == 1 && rig_writes[0].view.state == GROUP_DEAD);
	rig_store(0);
	cr_assert(rig_state() == GROUP_PREPARING && c.is_waiting);
}

Test(groups_leave, an_empty_group_goes_by_itself_in_the_end)
{
	make_stable();
	rig_leave(&a);
	rig_leave(&b);
	rig_pass_ms(GROUP_EMPTY_MS - 100);
	cr_assert(rig_state() == GROUP_EMPTY);
	rig_pass_ms(200);
	cr_assert(rig_state() == GROUP_DEAD && groups_next(groups, NULL) == NULL);
}

Test(groups_leave, a_group_nobody_became_a_member_of_leaves_nothing)
{
	struct client c = client_of("c");
	rig_ask_join(&c);
	cr_assert(rig_state() == GROUP_EMPTY);
	rig_pass_ms(RIG_SESSION_MS + 20);
	cr_assert(groups_next(groups, NULL) == NULL && rig_stored == 0);
	rig_ask_join(&c);
	cr_assert(c.error == KAFKA_ERROR_UNKNOWN_MEMBER_ID);
}
