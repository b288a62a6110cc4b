/* group_rebalance.c - members that have come and time in, generations out. */
#include "control/coordinator/groups/group_rebalance.h"
#include "control/coordinator/groups/group_life.h"
#include "control/coordinator/groups/group_member.h"
#include "control/coordinator/groups/group_protocol.h"
#include "dataplane/base/require.h"

static struct group_member *member_of(struct list *node)
{
	return list_entry(node, struct group_member, of_group);
}

/* As long as the member that asks for most. */
static int32_t rebalance_timeout_ms(const struct group *group)
{
	int32_t longest = 0;
	list_for_each(node, &group->members)
		if (member_of(node)->rebalance_timeout_ms > longest)
			longest = member_of(node)->rebalance_timeout_ms;
	return longest;
}

static void arm(struct groups *g, uint64_t now_ns, struct group *group, int32_t ms)
{
	wheel_arm(&g->wheel, &group->timer.timer, group_ms(now_ns, ms));
}

static bool have_all_joined(const struct group *group)
{
	return group->joining_count == group->members_count && group->pending_count == 0;
}

/* ---- the join phase is over ------------------------------------------------------------- */

/* Static members are waited for until their session is over, however often a group rebalances. */
static void remove_laggards(struct groups *g, struct group *group)
{
	for (struct list *node = group->members.next, *next; node != &group->members; node = next) {
		struct group_member *m = member_of(node);
		next = node->next;
		if (!m->joining && !m->text->instance_id.data)
			member_remove(g, m);
	}
}

/* The leader has to have come: it is the one that assigns. False: nobody has. */
static bool elect_leader(struct group *group)
{
	if (group->leader && group->leader->joining)
		return true;
	list_for_each(node, &group->members) {
		if (!member_of(node)->joining)
			continue;
		group->leader = member_of(node);
		return true;
	}
	return false;
}

static void become_empty(struct groups *g, uint64_t now_ns, struct group *group)
{
	group_protocol_elect(g, group, NULL);
	group->state = GROUP_EMPTY;
	group->empty_ns = (int64_t)now_ns;
	arm(g, now_ns, group, GROUP_EMPTY_MS);
	group_must_be_written(g, group);
}

static void begin_sync(struct groups *g, uint64_t now_ns, struct group *group)
{
	struct group_protocol_count *choice = group_protocol_vote(group);
	require(choice);
	group_protocol_elect(g, group, choice);
	group->state = GROUP_COMPLETING;
	arm(g, now_ns, group, rebalance_timeout_ms(group));
	list_for_each(node, &group->members) {
		struct group_member *m = member_of(node);
		member_answer_join(g, m);
		member_heard(g, now_ns, m);
		m->is_new = false;
		m->owes_sync = true;
	}
	group->owing_count = group->members_count;
}

static void complete_join(struct groups *g, uint64_t now_ns, struct group *group)
{
	wheel_cancel(&g->wheel, &group->timer.timer);
	remove_laggards(g, group);
	if (!elect_leader(group) && group->members_count > 0) {
		arm(g, now_ns, group, rebalance_timeout_ms(group));
		return;
	}
	group->is_initial = false;
	group->generation = group->generation == INT32_MAX ? 1 : group->generation + 1;
	if (group->members_count == 0)
		become_empty(g, now_ns, group);
	else
		begin_sync(g, now_ns, group);
}

void rebalance_try(struct groups *g, uint64_t now_ns, struct group *group)
{
	if (group->state == GROUP_PREPARING && !group->is_initial && have_all_joined(group))
		complete_join(g, now_ns, group);
}

void rebalance_after_loss(struct groups *g, uint64_t now_ns, struct group *group)
{
	if (group->state == GROUP_PREPARING && have_all_joined(group))
		complete_join(g, now_ns, group);
}

/* ---- and it begins ---------------------------------------------------------------------- */

/* Who waits for an assignment hears `error`, and has the time of a session to come again. */
static void take_back_assignments(struct groups *g, uint64_t now_ns, struct group *group,
				  int16_t error)
{
	group->sync_number = 0;
	list_for_each(node, &group->members) {
		struct group_member *m = member_of(node);
		require(member_assign(g, m, (struct bytes){0}));
		if (m->syncing)
			member_heard(g, now_ns, m);
		member_fail_sync(g, m, error);
	}
}

/* A new group waits for those who start at the same time, up to the time that one of its members
 * would wait. */
static void begin_delay(struct groups *g, uint64_t now_ns, struct group *group)
{
	int32_t longest = rebalance_timeout_ms(group);
	group->is_initial = true;
	group->has_newcomer = false;
	group->delay_ms = g->options.initial_rebalance_delay_ms;
	group->delay_left_ms = longest > group->delay_ms ? longest - group->delay_ms : 0;
	arm(g, now_ns, group, group->delay_ms);
}

void rebalance_begin(struct groups *g, uint64_t now_ns, struct group *group)
{
	bool is_initial = group->state == GROUP_EMPTY;
	require(group->state != GROUP_PREPARING && group->state != GROUP_DEAD);
	if (group->state == GROUP_COMPLETING)
		take_back_assignments(g, now_ns, group, KAFKA_ERROR_REBALANCE_IN_PROGRESS);
	list_for_each(node, &group->members)
		member_owes_nothing(member_of(node));
	wheel_cancel(&g->wheel, &group->timer.timer);
	group->state = GROUP_PREPARING;
	if (is_initial)
		begin_delay(g, now_ns, group);
	else if (have_all_joined(group))
		complete_join(g, now_ns, group);
	else
		arm(g, now_ns, group, rebalance_timeout_ms(group));
}

void rebalance_follow(struct groups *g, uint64_t now_ns, struct group *group)
{
	if (group->state == GROUP_PREPARING)
		rebalance_try(g, now_ns, group);
	else
		rebalance_begin(g, now_ns, group);
}

/* ---- the assignments -------------------------------------------------------------------- */

void rebalance_finish(struct groups *g, uint64_t now_ns, struct group *group, int16_t error)
{
	require(group->state == GROUP_COMPLETING);
	if (error) {
		take_back_assignments(g, now_ns, group, error);
		rebalance_begin(g, now_ns, group);
		return;
	}
	group->sync_number = 0;
	group->state = GROUP_STABLE;
	list_for_each(node, &group->members) {
		struct group_member *m = member_of(node);
		if (m->syncing)
			member_heard(g, now_ns, m);
		member_answer_sync(g, m);
	}
}

/* ---- time ------------------------------------------------------------------------------- */

static void delay_due(struct groups *g, uint64_t now_ns, struct group *group)
{
	int32_t before = group->delay_ms;
	if (!group->has_newcomer || group->delay_left_ms == 0) {
		complete_join(g, now_ns, group);
		return;
	}
	group->has_newcomer = false;
	group->delay_ms = g->options.initial_rebalance_delay_ms < group->delay_left_ms
				  ? g->options.initial_rebalance_delay_ms
				  : group->delay_left_ms;
	group->delay_left_ms = group->delay_left_ms > before ? group->delay_left_ms - before : 0;
	arm(g, now_ns, group, group->delay_ms);
}

static void syncs_due(struct groups *g, uint64_t now_ns, struct group *group)
{
	if (group->owing_count == 0)
		return;
	for (struct list *node = group->members.next, *next; node != &group->members; node = next) {
		next = node->next;
		if (member_of(node)->owes_sync)
			member_remove(g, member_of(node));
	}
	rebalance_begin(g, now_ns, group);
}

void rebalance_due(struct groups *g, uint64_t now_ns, struct group *group)
{
	switch (group->state) {
	case GROUP_EMPTY:
		if (group->pending_count > 0 || !list_is_empty(&group->topics))
			arm(g, now_ns, group, GROUP_EMPTY_MS);
		else
			group_die(g, group);
		break;
	case GROUP_PREPARING:
		if (group->is_initial)
			delay_due(g, now_ns, group);
		else
			complete_join(g, now_ns, group);
		break;
	default:
		syncs_due(g, now_ns, group);
	}
}

/* Who waits for the others has no session that could end; he has one again when he is answered.
 * But a new member may have gone while it waited, and nobody would know. */
static bool is_excused(const struct group_member *m)
{
	return !m->is_new && (m->joining || m->syncing);
}

void rebalance_session_over(struct groups *g, uint64_t now_ns, struct group_member *m)
{
	struct group *group = m->group;
	bool was_pending = m->is_pending;
	if (!was_pending && is_excused(m))
		return;
	member_remove(g, m);
	if (!was_pending && (group->state == GROUP_STABLE || group->state == GROUP_COMPLETING))
		rebalance_begin(g, now_ns, group);
	else
		rebalance_after_loss(g, now_ns, group);
	group_drop_if_unused(g, group);
}
