/* group_join.c - joins in; answers at once, or members that wait for their group. */
#include "control/coordinator/groups/group_life.h"
#include "control/coordinator/groups/group_member.h"
#include "control/coordinator/groups/group_protocol.h"
#include "control/coordinator/groups/group_rebalance.h"

/* One join while it is looked at. */
struct joining {
	struct groups *g;
	struct group *group;
	const struct group_join *join;
	struct group_waiter *waiter;
	uint64_t now_ns;
};

static const struct bytes nobody = {(const uint8_t *)"", 0};

static void refuse(const struct joining *j, struct bytes member_id, int16_t error)
{
	group_answer_error(j->g, j->waiter, member_id, error);
}

/* Memory is what a group is full of, then. */
static void refuse_full(const struct joining *j)
{
	refuse(j, nobody, KAFKA_ERROR_GROUP_MAX_SIZE_REACHED);
}

/* The member waits with the others, or its group goes on with it. */
static void wait_with_others(const struct joining *j, struct group_member *m)
{
	member_wait_join(j->g, m, j->waiter);
	rebalance_follow(j->g, j->now_ns, j->group);
}

/* The present generation, to a member that missed it or has nothing new. */
static void answer_again(const struct joining *j, struct group_member *m, bool with_members)
{
	struct group_answer answer = member_joined(m);
	if (!with_members)
		answer.members_of = NULL;
	group_answer(j->g, j->waiter, &answer);
}

/* ---- new members ------------------------------------------------------------------------ */

/* It has no session yet, for it cannot send heartbeats while it waits; but it is not waited with
 * for ever, for its client may have gone and come again under another id. */
static void admit(const struct joining *j, struct group_member *m)
{
	if (!member_admit(j->g, m, j->join)) {
		member_remove(j->g, m);
		refuse_full(j);
		return;
	}
	if (j->group->state == GROUP_PREPARING && j->group->is_initial)
		j->group->has_newcomer = true;
	member_expect(j->g, j->now_ns, m, GROUP_NEW_MEMBER_JOIN_MS);
	wait_with_others(j, m);
}

/* KIP-394: a client that loses its first answer would otherwise leave a member behind each
 * time. */
static void ask_for_its_id(const struct joining *j, struct group_member *m)
{
	member_expect(j->g, j->now_ns, m, j->join->session_timeout_ms);
	refuse(j, m->text->member_id, KAFKA_ERROR_MEMBER_ID_REQUIRED);
}

static void join_as_new(const struct joining *j)
{
	struct group_member *m = member_create(j->g, j->group, j->join);
	if (!m)
		refuse_full(j);
	else if (j->join->needs_member_id && !j->join->instance_id.data)
		ask_for_its_id(j, m);
	else
		admit(j, m);
}

/* ---- static members that come back ------------------------------------------------------ */

/* What the others do goes on: only who does this member's share has changed, and that is stored
 * before it is told. */
static void store_successor(const struct joining *j, struct group_member *m)
{
	member_wait_join(j->g, m, j->waiter);
	group_must_be_written(j->g, j->group);
	m->join_number = j->group->write_number;
	list_append(&j->group->replaced, &m->of_replaced);
}

/* The process that had the id before is fenced: at once if it waits, later if it asks. */
static void join_as_successor(const struct joining *j, struct group_member *m)
{
	struct group *group = j->group;
	member_fail_join(j->g, m, KAFKA_ERROR_FENCED_INSTANCE_ID);
	member_fail_sync(j->g, m, KAFKA_ERROR_FENCED_INSTANCE_ID);
	if (!member_update(j->g, m, j->join) || !member_rename(j->g, m, j->join)) {
		refuse_full(j);
		return;
	}
	member_heard(j->g, j->now_ns, m);
	if (group->state == GROUP_STABLE && group_protocol_vote(group) == group->elected) {
		store_successor(j, m);
		return;
	}
	/* In Completing, too: the leader may be assigning to the old id. */
	wait_with_others(j, m);
}

static void join_unknown(const struct joining *j)
{
	struct group_member *known = NULL;
	if (!group_protocols_fit(j->group, j->join)) {
		refuse(j, nobody, KAFKA_ERROR_INCONSISTENT_GROUP_PROTOCOL);
		return;
	}
	if (j->join->instance_id.data)
		known = member_find_static(j->g, j->group, j->join->instance_id);
	if (known)
		join_as_successor(j, known);
	else
		join_as_new(j);
}

/* ---- members ---------------------------------------------------------------------------- */

static void update(const struct joining *j, struct group_member *m)
{
	if (member_update(j->g, m, j->join))
		wait_with_others(j, m);
	else
		refuse_full(j);
}

/* A leader that comes again wants to assign anew, whatever it knows that we do not; a follower with
 * nothing new has only to sync. */
static void join_again(const struct joining *j, struct group_member *m)
{
	bool is_leader = j->group->leader == m;
	bool is_same = member_brings_the_same(m, j->join);
	switch (j->group->state) {
	case GROUP_COMPLETING:
		if (is_same)
			answer_again(j, m, is_leader);
		else
			update(j, m);
		break;
	case GROUP_STABLE:
		if (is_same && !is_leader)
			answer_again(j, m, false);
		else
			update(j, m);
		break;
	default:
		update(j, m);
	}
}

static void join_known(const struct joining *j)
{
	struct group_member *m = member_find(j->g, j->group, j->join->member_id);
	if (!group_protocols_fit(j->group, j->join)) {
		refuse(j, j->join->member_id, KAFKA_ERROR_INCONSISTENT_GROUP_PROTOCOL);
		return;
	}
	if (m && m->is_pending && !j->join->instance_id.data) {
		admit(j, m);
		return;
	}
	int16_t error = member_check(j->g, j->group, j->join->member_id, j->join->instance_id, &m);
	if (error)
		refuse(j, j->join->member_id, error);
	else
		join_again(j, m);
}

/* ---- which of them ---------------------------------------------------------------------- */

/* While members come again the places are for those who have come: so a group that has become too
 * large loses those who come last. */
static bool has_place(const struct joining *j, const struct group_member *m)
{
	uint32_t most = (uint32_t)j->g->options.members_max;
	bool is_member = m && !m->is_pending;
	switch (j->group->state) {
	case GROUP_PREPARING: return (is_member && m->joining) || j->group->joining_count < most;
	case GROUP_COMPLETING:
	case GROUP_STABLE: return is_member || j->group->members_count < most;
	default: return true;
	}
}

/* Whoever is refused a place is no member any more, and nobody waits for it. */
static void refuse_place(const struct joining *j, struct group_member *m)
{
	refuse(j, nobody, KAFKA_ERROR_GROUP_MAX_SIZE_REACHED);
	if (!m)
		return;
	member_remove(j->g, m);
	rebalance_after_loss(j->g, j->now_ns, j->group);
}

static void join_group(const struct joining *j)
{
	bool is_known = j->join->member_id.size > 0;
	struct group_member *m =
		is_known ? member_find(j->g, j->group, j->join->member_id) : NULL;
	if (!has_place(j, m))
		refuse_place(j, m);
	else if (is_known)
		join_known(j);
	else
		join_unknown(j);
	group_drop_if_unused(j->g, j->group);
}

static int16_t join_fault(const struct groups *g, const struct group_join *join)
{
	if (join->group_id.size == 0)
		return KAFKA_ERROR_INVALID_GROUP_ID;
	if (join->session_timeout_ms < g->options.session_timeout_min_ms ||
	    join->session_timeout_ms > g->options.session_timeout_max_ms)
		return KAFKA_ERROR_INVALID_SESSION_TIMEOUT;
	return KAFKA_ERROR_NONE;
}

void groups_join(struct groups *g, uint64_t now_ns, const struct group_join *join,
		 struct group_waiter *lend)
{
	struct joining j = {.g = g, .join = join, .waiter = lend, .now_ns = now_ns};
	int16_t fault = join_fault(g, join);
	*lend = (struct group_waiter){.is_answered = false};
	if (fault) {
		refuse(&j, join->member_id, fault);
		return;
	}
	j.group = group_find(g, join->group_id);
	if (!j.group && join->member_id.size > 0) {
		refuse(&j, join->member_id, KAFKA_ERROR_UNKNOWN_MEMBER_ID);
		return;
	}
	if (!j.group)
		j.group = group_make(g, now_ns, join->group_id);
	if (j.group)
		join_group(&j);
	else
		refuse(&j, nobody, KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE);
}
