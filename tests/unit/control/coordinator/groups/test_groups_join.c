/* test_groups_join.c - how members come to a group, and to its generations. */
#include "tests/unit/control/coordinator/groups/groups_rig.h"

#include <criterion/criterion.h>
#include <stdio.h>

TestSuite(groups_join, .init = rig_start, .fini = rig_stop);

Test(groups_join, a_new_member_is_told_its_id_first_and_comes_again_with_it)
{
	struct client a = client_of("a");
	rig_ask_join(&a);
	cr_assert(a.error == KAFKA_ERROR_MEMBER_ID_REQUIRED && a.generation == -1);
	cr_assert(strlen(a.member_id) == strlen("a-") + 36 && strncmp(a.member_id, "a-", 2) == 0);
	/* A version 4 UUID of the second variant, whatever the random bytes. */
	cr_assert(a.member_id[2 + 14] == '4' && a.member_id[2 + 19] == 'b', "%s", a.member_id);
	cr_assert(rig_state() == GROUP_EMPTY);
	rig_ask_join(&a);
	cr_assert(a.is_waiting && rig_state() == GROUP_PREPARING);
}

Test(groups_join, an_old_client_is_a_member_at_once)
{
	struct client a = client_of("a");
	a.is_old = true;
	rig_ask_join(&a);
	cr_assert(a.is_waiting && rig_state() == GROUP_PREPARING);
	rig_pass_ms(RIG_DELAY_MS + 20);
	cr_assert(!a.is_waiting && a.error == 0 && a.generation == 1);
}

Test(groups_join, the_first_generation_waits_for_those_who_start_together)
{
	struct client a = client_of("a"), b = client_of("b");
	rig_join(&a);
	rig_pass_ms(RIG_DELAY_MS - 100);
	rig_join(&b);
	rig_pass_ms(RIG_DELAY_MS - 100);
	cr_assert(a.is_waiting && b.is_waiting);
	rig_pass_ms(220);
	cr_assert(!a.is_waiting && !b.is_waiting);
	cr_assert(a.generation == 1 && b.generation == 1);
	cr_assert(rig_state() == GROUP_COMPLETING);
}

Test(groups_join, the_delay_ends_with_the_time_that_a_member_would_wait)
{
	struct client a[4];
	for (unsigned i = 0; i < 4; i++) {
		a[i] = client_of("a");
		a[i].rebalance_ms = 2 * RIG_DELAY_MS;
	}
	rig_join(&a[0]);
	rig_pass_ms(2000);
	rig_join(&a[1]);
	rig_pass_ms(2000); /* 4 s: the delay is extended by the 3 s that are left */
	rig_join(&a[2]);
	rig_pass_ms(2100);
	cr_assert(!a[0].is_waiting && !a[1].is_waiting && !a[2].is_waiting);
	rig_join(&a[3]);
	cr_assert(a[3].is_waiting && rig_state() == GROUP_PREPARING);
}

Test(groups_join, the_first_leads_and_only_it_hears_of_the_members)
{
	struct client a = client_of("a"), b = client_of("b");
	rig_join(&a);
	rig_join(&b);
	rig_pass_ms(2 * RIG_DELAY_MS + 20);
	cr_assert(strcmp(a.leader, a.member_id) == 0 && strcmp(b.leader, a.member_id) == 0);
	cr_assert(a.members == 2 && b.members == 0);
	cr_assert(strcmp(a.metadata, "a") == 0);
	cr_assert(strcmp(a.protocol, "range") == 0 && strcmp(b.protocol, "range") == 0);
}

Test(groups_join, later_generations_do_not_wait_longer_than_for_their_members)
{
	struct client a = client_of("a"), b = client_of("b"), *all[] = {&a};
	rig_stable(all, 1);
	rig_join(&b);
	cr_assert(b.is_waiting && rig_state() == GROUP_PREPARING);
	cr_assert(rig_heartbeat(&a) == KAFKA_ERROR_REBALANCE_IN_PROGRESS);
	rig_join(&a);
	cr_assert(!a.is_waiting && !b.is_waiting && a.generation == 2 && b.generation == 2);
	cr_assert(a.members == 2);
}

Test(groups_join, who_does_not_come_again_is_left_behind)
{
	struct client a = client_of("a"), b = client_of("b"), c = client_of("c");
	struct client *all[] = {&a, &b}, *alive[] = {&b};
	rig_stable(all, 2);
	rig_join(&c);
	rig_join(&a);
	rig_pass_alive_ms(RIG_REBALANCE_MS - 100, alive, 1);
	cr_assert(a.is_waiting && c.is_waiting);
	rig_pass_alive_ms(120, alive, 1);
	cr_assert(!a.is_waiting && !c.is_waiting && a.members == 2 && a.generation == 2);
	cr_assert(rig_heartbeat(&b) == KAFKA_ERROR_UNKNOWN_MEMBER_ID);
}

Test(groups_join, another_leads_when_the_leader_does_not_come_again)
{
	struct client a = client_of("a"), b = client_of("b"), *all[] = {&a, &b};
	rig_stable(all, 2);
	client_protocol(&b, "sticky", "b");
	rig_join(&b);
	cr_assert(b.is_waiting);
	rig_pass_ms(RIG_SESSION_MS + 20);
	cr_assert(!b.is_waiting && b.generation == 2 && b.members == 1);
	cr_assert(strcmp(b.leader, b.member_id) == 0);
}

Test(groups_join, a_group_that_gave_an_id_waits_for_the_member_it_gave_it_to)
{
	struct client a = client_of("a"), b = client_of("b"), *all[] = {&a};
	rig_stable(all, 1);
	rig_ask_join(&b);
	cr_assert(b.error == KAFKA_ERROR_MEMBER_ID_REQUIRED && rig_state() == GROUP_STABLE);
	rig_join(&a);
	cr_assert(a.is_waiting);
	rig_ask_join(&b);
	cr_assert(!a.is_waiting && !b.is_waiting && a.members == 2);
}

Test(groups_join, and_no_longer_than_a_session)
{
	struct client a = client_of("a"), b = client_of("b"), *all[] = {&a};
	rig_stable(all, 1);
	rig_ask_join(&b);
	rig_join(&a);
	rig_pass_ms(RIG_SESSION_MS + 20);
	cr_assert(!a.is_waiting && a.generation == 2 && a.members == 1);
	rig_ask_join(&b);
	cr_assert(b.error == KAFKA_ERROR_UNKNOWN_MEMBER_ID);
}

Test(groups_join, a_follower_with_nothing_new_gets_the_same_generation)
{
	struct client a = client_of("a"), b = client_of("b"), *all[] = {&a, &b};
	rig_stable(all, 2);
	rig_join(&b);
	cr_assert(b.error == 0 && b.generation == 1 && b.members == 0);
	cr_assert(rig_state() == GROUP_STABLE);
}

Test(groups_join, a_leader_that_comes_again_rebalances_its_group)
{
	struct client a = client_of("a"), b = client_of("b"), *all[] = {&a, &b};
	rig_stable(all, 2);
	rig_join(&a);
	cr_assert(a.is_waiting && rig_state() == GROUP_PREPARING);
	rig_join(&b);
	cr_assert(a.generation == 2 && b.generation == 2 && a.members == 2);
}

/* Cooperative: the owned partitions are in the metadata, and change with the assignment. */
Test(groups_join, a_follower_whose_metadata_changed_rebalances_its_group)
{
	struct client a = client_of("a"), b = client_of("b"), *all[] = {&a, &b};
	rig_stable(all, 2);
	b.protocols[0].metadata = rig_text("b owns 1");
	rig_join(&b);
	cr_assert(b.is_waiting && rig_state() == GROUP_PREPARING);
	rig_join(&a);
	cr_assert(!b.is_waiting && b.generation == 2);
}

Test(groups_join, a_lost_answer_is_given_again_before_the_assignment)
{
	struct client a = client_of("a"), b = client_of("b");
	rig_join(&a);
	rig_join(&b);
	rig_pass_ms(2 * RIG_DELAY_MS + 20);
	rig_join(&a);
	cr_assert(a.error == 0 && a.generation == 1 && a.members == 2);
	rig_join(&b);
	cr_assert(b.error == 0 && b.generation == 1 && b.members == 0);
	cr_assert(rig_state() == GROUP_COMPLETING);
}

Test(groups_join, who_changes_before_the_assignment_has_everybody_come_again)
{
	struct client a = client_of("a"), b = client_of("b");
	rig_join(&a);
	rig_join(&b);
	rig_pass_ms(2 * RIG_DELAY_MS + 20);
	rig_sync(&b);
	cr_assert(b.is_waiting);
	a.protocols[0].metadata = rig_text("other topics");
	rig_join(&a);
	cr_assert(!b.is_waiting && b.error == KAFKA_ERROR_REBALANCE_IN_PROGRESS);
	cr_assert(a.is_waiting && rig_state() == GROUP_PREPARING);
	rig_join(&b);
	cr_assert(a.generation == 2 && b.generation == 2);
}

/* The client has given up its first request: whoever sends it again is the one to be answered,
 * and the other is not forgotten. */
Test(groups_join, a_join_that_is_sent_again_takes_the_place_of_the_first)
{
	struct client a = client_of("a"), b = client_of("b"), again, *all[] = {&a, &b};
	rig_stable(all, 2);
	rig_join(&a);
	again = a;
	rig_ask_join(&again);
	cr_assert(!a.is_waiting && a.error == KAFKA_ERROR_REBALANCE_IN_PROGRESS);
	cr_assert(again.is_waiting);
	rig_join(&b);
	cr_assert(!again.is_waiting && again.error == 0 && again.generation == 2);
}

Test(groups_join, sessions_and_names_are_held_against_their_bounds)
{
	struct client a = client_of("a");
	a.session_ms = 5999;
	rig_ask_join(&a);
	cr_assert(a.error == KAFKA_ERROR_INVALID_SESSION_TIMEOUT);
	a.session_ms = 1800001;
	rig_ask_join(&a);
	cr_assert(a.error == KAFKA_ERROR_INVALID_SESSION_TIMEOUT);
	a.session_ms = 6000;
	a.group_id = "";
	rig_ask_join(&a);
	cr_assert(a.error == KAFKA_ERROR_INVALID_GROUP_ID);
	a.group_id = "g";
	client_call(&a, "nobody");
	rig_ask_join(&a);
	cr_assert(a.error == KAFKA_ERROR_UNKNOWN_MEMBER_ID);
	cr_assert(groups_next(groups, NULL) == NULL);
}

Test(groups_join, protocols_have_to_fit)
{
	struct client a = client_of("a"), b = client_of("b"), c = client_of("c");
	struct client d = client_of("d");
	a.protocols_count = 0;
	rig_ask_join(&a);
	cr_assert(a.error == KAFKA_ERROR_INCONSISTENT_GROUP_PROTOCOL);
	a.protocols_count = 1;
	a.type = "";
	rig_ask_join(&a);
	cr_assert(a.error == KAFKA_ERROR_INCONSISTENT_GROUP_PROTOCOL);
	cr_assert(groups_next(groups, NULL) == NULL);
	a.type = "consumer";
	rig_join(&a);
	b.type = "connect";
	rig_ask_join(&b);
	cr_assert(b.error == KAFKA_ERROR_INCONSISTENT_GROUP_PROTOCOL);
	c.protocols[0].name = rig_text("sticky");
	rig_ask_join(&c);
	cr_assert(c.error == KAFKA_ERROR_INCONSISTENT_GROUP_PROTOCOL);
	client_protocol(&d, "sticky", "d");
	rig_join(&d);
	cr_assert(d.is_waiting);
}

Test(groups_join, the_protocol_that_most_like_best_is_chosen_among_those_all_have)
{
	struct client a = client_of("a"), b = client_of("b"), c = client_of("c");
	a.protocols_count = b.protocols_count = c.protocols_count = 0;
	client_protocol(&a, "range", "a1");
	client_protocol(&a, "sticky", "a2");
	client_protocol(&a, "only a", "a3");
	client_protocol(&b, "only b", "b0");
	client_protocol(&b, "sticky", "b1");
	client_protocol(&b, "range", "b2");
	client_protocol(&c, "sticky", "c1");
	client_protocol(&c, "range", "c2");
	rig_join(&a);
	rig_join(&b);
	rig_join(&c);
	rig_pass_ms(2 * RIG_DELAY_MS + 20);
	cr_assert(strcmp(a.protocol, "sticky") == 0 && strcmp(a.metadata, "a2") == 0);
}

/* The chosen protocol may leave with those who had it; its name stays until another is chosen. */
Test(groups_join, members_may_move_to_another_protocol_together)
{
	struct client a = client_of("a"), b = client_of("b"), c = client_of("c");
	struct client *all[] = {&a, &b};
	client_protocol(&a, "sticky", "a");
	client_protocol(&b, "sticky", "b");
	rig_stable(all, 2);
	cr_assert(strcmp(a.protocol, "range") == 0);
	a.protocols[0] = a.protocols[1];
	b.protocols[0] = b.protocols[1];
	a.protocols_count = b.protocols_count = 1;
	rig_ask_join(&c);
	rig_join(&a);
	rig_join(&b);
	struct bytes name = group_view(groups_find(groups, rig_text("g"))).protocol_name;
	cr_assert(name.size == 5 && memcmp(name.data, "range", 5) == 0);
	rig_leave(&c);
	cr_assert(a.generation == 2 && strcmp(a.protocol, "sticky") == 0);
	cr_assert(strcmp(b.protocol, "sticky") == 0);
}

Test(groups_join, a_protocol_named_twice_counts_once)
{
	struct client a = client_of("a"), b = client_of("b");
	client_protocol(&a, "range", "again");
	rig_join(&a);
	rig_join(&b);
	rig_pass_ms(2 * RIG_DELAY_MS + 20);
	cr_assert(a.error == 0 && strcmp(a.protocol, "range") == 0);
	cr_assert(strcmp(a.metadata, "a") == 0);
	rig_leave(&a);
	rig_join(&b);
	cr_assert(b.error == 0 && b.generation == 2 && strcmp(b.protocol, "range") == 0);
}

Test(groups_join, more_protocols_than_fit_cost_nobody_else_anything)
{
	static char names[RIG_PROTOCOLS_MAX][8];
	struct client a = client_of("a"), b = client_of("b"), c = client_of("c");
	for (unsigned i = 1; i < RIG_PROTOCOLS_MAX; i++) {
		snprintf(names[i], sizeof names[i], "p%u", i);
		client_protocol(&a, names[i], "");
	}
	for (unsigned i = 1; i < RIG_PROTOCOLS_MAX; i++)
		client_protocol(&b, names[i] + 1, "");
	for (unsigned i = 1; i < RIG_PROTOCOLS_MAX; i++)
		client_protocol(&c, i % 2 ? names[i] : names[i] + 1, "");
	c.protocols[1].name = rig_text("another");
	c.protocols[2].name = rig_text("yet another");
	rig_join(&a);
	rig_join(&b);
	cr_assert(a.is_waiting && b.is_waiting);
	rig_join(&c);
	cr_assert(c.error == KAFKA_ERROR_GROUP_MAX_SIZE_REACHED);
	rig_pass_ms(2 * RIG_DELAY_MS + 20);
	cr_assert(a.error == 0 && a.members == 2);
}

Test(groups_join, an_id_is_made_of_no_more_than_the_beginning_of_a_long_name)
{
	static char name[RIG_TEXT_BYTES];
	memset(name, 'x', sizeof name - 1);
	struct client a = client_of("a");
	a.client_id = name;
	rig_join(&a);
	cr_assert(a.is_waiting);
	cr_assert(strlen(a.member_id) == GROUP_CLIENT_ID_BYTES_MAX + 1 + 36);
}

/* ---- group.max.size --------------------------------------------------------------------- */

static void start_small(void)
{
	struct groups_options options = rig_options();
	options.members_max = 2;
	rig_start_with(&options);
}

TestSuite(groups_size, .init = start_small, .fini = rig_stop);

Test(groups_size, a_full_group_takes_nobody_else)
{
	struct client a = client_of("a"), b = client_of("b"), c = client_of("c"), *all[] = {&a, &b};
	rig_stable(all, 2);
	rig_ask_join(&c);
	cr_assert(c.error == KAFKA_ERROR_GROUP_MAX_SIZE_REACHED && c.member_id[0] == '\0');
	cr_assert(rig_state() == GROUP_STABLE);
	rig_join(&b);
	cr_assert(b.error == 0);
}

Test(groups_size, while_it_rebalances_its_places_are_for_those_who_have_come)
{
	struct client a = client_of("a"), b = client_of("b"), c = client_of("c"), *all[] = {&a, &b};
	rig_stable(all, 2);
	rig_join(&a);
	cr_assert(rig_state() == GROUP_PREPARING);
	rig_join(&c);
	cr_assert(c.is_waiting);
	rig_join(&b);
	cr_assert(b.error == KAFKA_ERROR_GROUP_MAX_SIZE_REACHED);
	cr_assert(!a.is_waiting && !c.is_waiting && a.members == 2, "nobody waits for it");
}
