/* test_groups_static.c - members with a name of their own (KIP-345), which may go and come. */
#include "tests/unit/control/coordinator/groups/groups_rig.h"

#include <criterion/criterion.h>

TestSuite(groups_static, .init = rig_start, .fini = rig_stop);

static struct client a, b, *all[] = {&a, &b};

static struct client static_of(const char *id)
{
	struct client c = client_of(id);
	c.instance_id = id;
	c.may_skip = true;
	return c;
}

static void make_stable(void)
{
	a = static_of("a");
	b = static_of("b");
	rig_stable(all, 2);
}

Test(groups_static, it_needs_no_second_join_and_its_id_is_made_of_its_name)
{
	a = static_of("name");
	a.client_id = "client";
	rig_ask_join(&a);
	cr_assert(a.is_waiting);
	rig_pass_ms(RIG_DELAY_MS + 20);
	cr_assert(a.error == 0 && strncmp(a.member_id, "name-", 5) == 0);
}

Test(groups_static, a_restart_changes_nothing_for_the_others)
{
	make_stable();
	struct client again = static_of("b");
	unsigned stored = rig_stored;
	rig_ask_join(&again);
	cr_assert(again.error == 0 && again.generation == 1 && !again.skips);
	cr_assert(rig_state() == GROUP_STABLE && rig_stored == stored + 1);
	cr_assert(strcmp(again.member_id, b.member_id) != 0);
	cr_assert(rig_heartbeat(&a) == 0);
	rig_sync(&again);
	cr_assert(strcmp(again.assignment, "b") == 0, "its assignment has waited for it");
}

Test(groups_static, the_old_process_is_fenced)
{
	make_stable();
	struct client again = static_of("b");
	rig_ask_join(&again);
	cr_assert(rig_heartbeat(&b) == KAFKA_ERROR_FENCED_INSTANCE_ID);
	cr_assert(rig_commit(&b) == KAFKA_ERROR_FENCED_INSTANCE_ID);
	rig_sync(&b);
	cr_assert(b.error == KAFKA_ERROR_FENCED_INSTANCE_ID);
	rig_ask_join(&b);
	cr_assert(b.error == KAFKA_ERROR_FENCED_INSTANCE_ID);
	cr_assert(rig_leave(&b) == KAFKA_ERROR_FENCED_INSTANCE_ID);
	cr_assert(rig_state() == GROUP_STABLE && rig_heartbeat(&again) == 0);
}

Test(groups_static, a_restarted_leader_keeps_what_it_has_assigned)
{
	make_stable();
	struct client again = static_of("a");
	rig_ask_join(&again);
	cr_assert(again.error == 0 && again.skips && again.members == 2);
	cr_assert(strcmp(again.leader, again.member_id) == 0);
}

Test(groups_static, before_version_9_it_does_not_hear_that_it_leads)
{
	make_stable();
	struct client again = static_of("a");
	again.may_skip = false;
	rig_ask_join(&again);
	cr_assert(again.error == 0 && !again.skips && again.members == 0);
}

Test(groups_static, its_successor_is_stored_before_it_is_told)
{
	make_stable();
	struct client again = static_of("b");
	rig_is_held = true;
	rig_ask_join(&again);
	cr_assert(again.is_waiting && rig_writes_count == 1);
	rig_store(0);
	cr_assert(!again.is_waiting && again.error == 0);
}

Test(groups_static, a_successor_that_could_not_be_stored_comes_again)
{
	make_stable();
	struct client again = static_of("b");
	rig_is_held = true;
	rig_ask_join(&again);
	rig_store(KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	cr_assert(!again.is_waiting && again.error == KAFKA_ERROR_NOT_COORDINATOR);
	again.member_id[0] = '\0';
	rig_is_held = false;
	rig_ask_join(&again);
	cr_assert(again.error == 0 && again.generation == 1);
}

Test(groups_static, a_rebalance_answers_a_successor_with_the_others)
{
	make_stable();
	struct client again = static_of("b"), c = client_of("c");
	rig_is_held = true;
	rig_ask_join(&again);
	rig_join(&c);
	cr_assert(again.is_waiting && rig_state() == GROUP_PREPARING);
	rig_store(0);
	cr_assert(again.is_waiting);
	rig_join(&a);
	cr_assert(!again.is_waiting && again.error == 0 && again.generation == 2);
	cr_assert(a.members == 3);
}

/* Both like another protocol as much, then; the leader's choice decides. */
Test(groups_static, a_successor_with_another_choice_rebalances)
{
	a = static_of("a");
	b = static_of("b");
	client_protocol(&a, "sticky", "a");
	client_protocol(&b, "sticky", "b");
	rig_stable(all, 2);
	cr_assert(strcmp(a.protocol, "range") == 0);
	struct client again = static_of("a");
	again.protocols_count = 0;
	client_protocol(&again, "sticky", "a");
	client_protocol(&again, "range", "a");
	rig_ask_join(&again);
	cr_assert(again.is_waiting && rig_state() == GROUP_PREPARING);
	rig_join(&b);
	cr_assert(again.generation == 2 && strcmp(again.protocol, "sticky") == 0);
}

Test(groups_static, a_restart_before_the_assignment_has_everybody_come_again)
{
	a = static_of("a");
	b = static_of("b");
	rig_join(&a);
	rig_join(&b);
	rig_pass_ms(2 * RIG_DELAY_MS + 20);
	rig_sync(&b);
	struct client again = static_of("b");
	rig_ask_join(&again);
	cr_assert(!b.is_waiting && b.error == KAFKA_ERROR_FENCED_INSTANCE_ID);
	cr_assert(again.is_waiting && rig_state() == GROUP_PREPARING);
	rig_join(&a);
	cr_assert(a.generation == 2 && again.generation == 2);
}

Test(groups_static, a_restart_while_it_joins_takes_the_place_of_the_first)
{
	make_stable();
	rig_join(&a);
	struct client again = static_of("a");
	rig_ask_join(&again);
	cr_assert(!a.is_waiting && a.error == KAFKA_ERROR_FENCED_INSTANCE_ID);
	rig_join(&b);
	cr_assert(again.error == 0 && again.generation == 2 && b.generation == 2);
	cr_assert(again.members == 2);
}

/* Not by the end of a join phase: by that of its session. */
Test(groups_static, it_is_waited_for_as_long_as_its_session)
{
	a = static_of("a");
	b = static_of("b");
	a.rebalance_ms = b.rebalance_ms = 7000;
	rig_stable(all, 2);
	rig_join(&a);
	rig_pass_ms(7020);
	cr_assert(!a.is_waiting && a.generation == 2 && a.members == 2);
	struct client *alive[] = {&a};
	rig_assign(&a, all, 2);
	rig_pass_alive_ms(RIG_SESSION_MS + 20, alive, 1);
	cr_assert(rig_state() == GROUP_PREPARING);
	rig_join(&a);
	cr_assert(a.generation == 3 && a.members == 1);
}

Test(groups_static, an_operator_removes_it_by_its_name)
{
	make_stable();
	struct group_leaver leaver = {rig_text(""), rig_text("b"), 0};
	cr_assert(groups_leave(groups, 0, rig_text("g"), &leaver, 1) == 0 && leaver.error == 0);
	cr_assert(rig_state() == GROUP_PREPARING);
	cr_assert(rig_heartbeat(&b) == KAFKA_ERROR_UNKNOWN_MEMBER_ID);
}

Test(groups_static, a_name_nobody_has_is_unknown)
{
	make_stable();
	b.instance_id = "another";
	cr_assert(rig_heartbeat(&b) == KAFKA_ERROR_UNKNOWN_MEMBER_ID);
	b.instance_id = "a";
	cr_assert(rig_heartbeat(&b) == KAFKA_ERROR_FENCED_INSTANCE_ID);
}
