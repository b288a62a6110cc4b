/* test_groups_offsets.c - what groups have committed, and groups that come back from a disk. */
#include "tests/unit/control/coordinator/groups/groups_rig.h"

#include <criterion/criterion.h>

TestSuite(groups_offsets, .init = rig_start, .fini = rig_stop);

static bool commit(const char *group, const char *topic, int32_t partition, int64_t offset,
		   const char *metadata)
{
	struct group_offset o = {.partition = partition, .leader_epoch = -1, .offset = offset,
				 .commit_ms = 1000, .expire_ms = -1,
				 .metadata = rig_text(metadata)};
	return groups_commit(groups, 0, rig_text(group), rig_text(topic), &o);
}

static int64_t committed(const char *group, const char *topic, int32_t partition)
{
	const struct group *found = groups_find(groups, rig_text(group));
	const struct group_offset *o =
		found ? group_offset_find(groups, found, rig_text(topic), partition) : NULL;
	return o ? o->offset : -1;
}

Test(groups_offsets, the_last_commit_is_what_is_seen)
{
	cr_assert(committed("g", "t", 0) == -1);
	cr_assert(commit("g", "t", 0, 5, "first") && commit("g", "t", 0, 7, "second"));
	cr_assert(committed("g", "t", 0) == 7 && committed("g", "t", 1) == -1);
	cr_assert(committed("g", "u", 0) == -1 && committed("h", "t", 0) == -1);
	const struct group_offset *o = group_offset_find(
		groups, groups_find(groups, rig_text("g")), rig_text("t"), 0);
	cr_assert(o->metadata.size == 6 && memcmp(o->metadata.data, "second", 6) == 0);
	cr_assert(o->commit_ms == 1000 && o->leader_epoch == -1 && o->expire_ms == -1);
	cr_assert(commit("g", "t", 0, 3, NULL) && committed("g", "t", 0) == 3);
}

Test(groups_offsets, partitions_are_kept_in_their_order_whatever_theirs_was)
{
	enum { PARTITIONS = 1000 };
	for (int32_t i = 0; i < PARTITIONS; i++) {
		int32_t partition = i * 7 % PARTITIONS;
		cr_assert(commit("g", "t", partition, partition + 1, "m"));
	}
	const struct group *group = groups_find(groups, rig_text("g"));
	const struct group_topic *topic = group_topic_next(group, NULL);
	struct group_topic_view v = group_topic_view(topic);
	cr_assert(v.count == PARTITIONS && !group_topic_next(group, topic));
	for (int32_t i = 0; i < PARTITIONS; i++)
		cr_assert(v.offsets[i].partition == i && v.offsets[i].offset == i + 1);
	for (int32_t i = 0; i < PARTITIONS; i += 2)
		groups_forget_offset(groups, rig_text("g"), rig_text("t"), i);
	for (int32_t i = 0; i < PARTITIONS; i++)
		cr_assert(committed("g", "t", i) == (i % 2 ? i + 1 : -1));
}

Test(groups_offsets, what_is_forgotten_leaves_nothing)
{
	cr_assert(commit("g", "t", 0, 5, "m") && commit("g", "u", 0, 6, "m"));
	groups_forget_offset(groups, rig_text("g"), rig_text("t"), 1);
	groups_forget_offset(groups, rig_text("g"), rig_text("v"), 0);
	groups_forget_offset(groups, rig_text("h"), rig_text("t"), 0);
	cr_assert(committed("g", "t", 0) == 5);
	groups_forget_offset(groups, rig_text("g"), rig_text("t"), 0);
	cr_assert(committed("g", "t", 0) == -1 && committed("g", "u", 0) == 6);
	groups_forget_offset(groups, rig_text("g"), rig_text("u"), 0);
	cr_assert(groups_find(groups, rig_text("g")) == NULL);
}

Test(groups_offsets, a_group_with_offsets_outlives_its_members)
{
	struct client a = client_of("a"), *all[] = {&a};
	rig_stable(all, 1);
	cr_assert(commit("g", "t", 0, 5, "m"));
	rig_leave(&a);
	rig_pass_ms(2 * GROUP_EMPTY_MS);
	cr_assert(rig_state() == GROUP_EMPTY && committed("g", "t", 0) == 5);
	cr_assert(groups_delete(groups, rig_text("g")) == 0);
	cr_assert(committed("g", "t", 0) == -1);
}

Test(groups_offsets, a_join_that_fails_does_not_take_the_offsets_along)
{
	struct client a = client_of("a");
	cr_assert(commit("g", "t", 0, 5, "m"));
	a.type = "";
	rig_ask_join(&a);
	cr_assert(a.error == KAFKA_ERROR_INCONSISTENT_GROUP_PROTOCOL);
	cr_assert(committed("g", "t", 0) == 5);
}

/* ---- restored --------------------------------------------------------------------------- */

enum { MEMBERS = 3 };

static struct client a, b, c, *all[] = {&a, &b, &c};

static void make_stable(void)
{
	a = client_of("a");
	b = client_of("b");
	c = client_of("c");
	c.instance_id = "name";
	rig_stable(all, MEMBERS);
}

/* Out of one coordinator, as a record would have it, and into the next. */
static void restart(void)
{
	struct groups *old = groups;
	struct group_member_view members[MEMBERS];
	const struct group *group = groups_find(old, rig_text("g"));
	struct group_view v = group_view(group);
	cr_assert(v.members_count <= MEMBERS);
	group_view_members(group, members);
	rig_start();
	cr_assert(groups_restore(groups, 1000000 * UINT64_C(1000000), &v, members));
	groups_destroy(old);
}

Test(groups_offsets, a_restored_group_goes_on_as_if_nothing_had_been)
{
	make_stable();
	restart();
	cr_assert(rig_state() == GROUP_STABLE);
	for (unsigned i = 0; i < MEMBERS; i++) {
		cr_assert(rig_heartbeat(all[i]) == 0 && rig_commit(all[i]) == 0);
		rig_sync(all[i]);
		cr_assert(all[i]->error == 0 &&
			  strcmp(all[i]->assignment, all[i]->client_id) == 0);
	}
	rig_join(&b);
	cr_assert(b.error == 0 && b.generation == 1 && strcmp(b.leader, a.member_id) == 0);
	rig_join(&a);
	rig_join(&b);
	rig_join(&c);
	cr_assert(a.generation == 2 && a.members == MEMBERS && c.generation == 2);
}

Test(groups_offsets, who_does_not_come_back_with_it_loses_its_session)
{
	struct client *alive[] = {&a, &c};
	make_stable();
	restart();
	rig_pass_alive_ms(RIG_SESSION_MS + 20, alive, 2);
	cr_assert(rig_state() == GROUP_PREPARING);
	cr_assert(rig_heartbeat(&b) == KAFKA_ERROR_UNKNOWN_MEMBER_ID);
}

Test(groups_offsets, a_restored_static_member_is_known_by_its_name)
{
	make_stable();
	restart();
	struct client again = client_of("c");
	again.instance_id = "name";
	rig_ask_join(&again);
	cr_assert(again.error == 0 && again.generation == 1 && rig_state() == GROUP_STABLE);
	cr_assert(rig_heartbeat(&c) == KAFKA_ERROR_FENCED_INSTANCE_ID);
}

/* As a log has it: each record of a group replaces the one before. */
Test(groups_offsets, a_later_record_takes_the_place_of_an_earlier_one_and_leaves_the_offsets)
{
	make_stable();
	restart();
	cr_assert(commit("g", "t", 0, 5, "m"));
	struct group_view empty = {.id = rig_text("g"), .generation = 9,
				   .protocol_type = rig_text("consumer")};
	cr_assert(groups_restore(groups, 0, &empty, NULL));
	cr_assert(rig_state() == GROUP_EMPTY && committed("g", "t", 0) == 5);
	cr_assert(rig_heartbeat(&a) == KAFKA_ERROR_UNKNOWN_MEMBER_ID);
	struct client d = client_of("d");
	rig_join(&d);
	rig_pass_ms(RIG_DELAY_MS + 20);
	cr_assert(d.error == 0 && d.generation == 10);
}
