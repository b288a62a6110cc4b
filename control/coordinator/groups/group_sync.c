/* group_sync.c - assignments in from the leader; to each member its own, when they are stored. */
#include "control/coordinator/groups/group_life.h"
#include "control/coordinator/groups/group_member.h"
#include "control/coordinator/groups/group_protocol.h"
#include "control/coordinator/groups/group_rebalance.h"
#include "dataplane/base/require.h"

static bool differs(struct bytes said, struct bytes ours)
{
	return said.data && ours.data && !group_is_same(said, ours);
}

static int16_t sync_check(const struct groups *g, const struct group *group,
			  const struct group_sync *sync, struct group_member **ret)
{
	int16_t error = member_check(g, group, sync->who.member_id, sync->who.instance_id, ret);
	if (error)
		return error;
	if (sync->who.generation != group->generation)
		return KAFKA_ERROR_ILLEGAL_GENERATION;
	if (differs(sync->protocol_type, group->type) ||
	    differs(sync->protocol_name, group_protocol_name(group)))
		return KAFKA_ERROR_INCONSISTENT_GROUP_PROTOCOL;
	if (group->state == GROUP_PREPARING)
		return KAFKA_ERROR_REBALANCE_IN_PROGRESS;
	return KAFKA_ERROR_NONE;
}

static void owes_nothing(struct groups *g, struct group_member *m)
{
	member_owes_nothing(m);
	if (m->group->owing_count == 0)
		wheel_cancel(&g->wheel, &m->group->timer.timer);
}

/* Who is not named gets nothing; who is named and no member is passed over. */
static bool assign(struct groups *g, struct group *group, const struct group_sync *sync)
{
	list_for_each(node, &group->members)
		require(member_assign(g, list_entry(node, struct group_member, of_group),
				      (struct bytes){0}));
	for (int32_t i = 0; i < sync->assignments_count; i++) {
		struct group_member *m = member_find(g, group, sync->assignments[i].member_id);
		if (m && !m->is_pending &&
		    !member_assign(g, m, sync->assignments[i].assignment))
			return false;
	}
	return true;
}

static void sync_of_leader(struct groups *g, uint64_t now_ns, struct group *group,
			   const struct group_sync *sync)
{
	if (!assign(g, group, sync)) {
		rebalance_finish(g, now_ns, group, KAFKA_ERROR_UNKNOWN_SERVER_ERROR);
		return;
	}
	group_must_be_written(g, group);
	group->sync_number = group->write_number;
}

void groups_sync(struct groups *g, uint64_t now_ns, const struct group_sync *sync,
		 struct group_waiter *lend)
{
	static const struct bytes nobody = {(const uint8_t *)"", 0};
	struct group_member *m = NULL;
	struct group *group = group_find(g, sync->who.group_id);
	int16_t error = group ? sync_check(g, group, sync, &m) : KAFKA_ERROR_UNKNOWN_MEMBER_ID;
	*lend = (struct group_waiter){.is_answered = false};
	if (sync->who.group_id.size == 0)
		error = KAFKA_ERROR_INVALID_GROUP_ID;
	if (error) {
		group_answer_error(g, lend, nobody, error);
		return;
	}
	owes_nothing(g, m);
	member_wait_sync(g, m, lend);
	if (group->state == GROUP_STABLE)
		member_answer_sync(g, m);
	else if (group->leader == m)
		sync_of_leader(g, now_ns, group, sync);
}

/* ---- stored ----------------------------------------------------------------------------- */

struct group *groups_unwritten(struct groups *g, uint32_t *ret_number)
{
	struct list *node = list_take_first(&g->unwritten);
	if (!node)
		return NULL;
	struct group *group = list_entry(node, struct group, of_unwritten);
	group->writes_out++;
	*ret_number = group->write_number;
	return group;
}

/* What an append's error means to a client of the coordinator, as Kafka translates it. */
static int16_t error_of_append(int16_t error)
{
	switch (error) {
	case KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION:
	case KAFKA_ERROR_NOT_ENOUGH_REPLICAS:
	case KAFKA_ERROR_REQUEST_TIMED_OUT: return KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE;
	case KAFKA_ERROR_NOT_LEADER_OR_FOLLOWER:
	case KAFKA_ERROR_KAFKA_STORAGE_ERROR: return KAFKA_ERROR_NOT_COORDINATOR;
	case KAFKA_ERROR_MESSAGE_TOO_LARGE:
	case KAFKA_ERROR_RECORD_LIST_TOO_LARGE:
	case KAFKA_ERROR_INVALID_FETCH_SIZE: return KAFKA_ERROR_UNKNOWN_SERVER_ERROR;
	default: return error;
	}
}

/* The successor of a static member: to its new id everything is as it was. A group that has
 * begun to rebalance meanwhile answers with the others. */
static void answer_successor(struct groups *g, struct group_member *m, int16_t error)
{
	struct group *group = m->group;
	m->join_number = 0;
	list_remove(&m->of_replaced);
	if (group->state != GROUP_STABLE)
		return;
	if (error) {
		member_fail_join(g, m, error);
		return;
	}
	struct group_waiter *w = m->joining;
	bool may_skip = m->may_skip_assignment, is_leader = group->leader == m;
	member_answer_join(g, m);
	w->answer.may_skip_assignment = may_skip && is_leader;
	/* Before version 9 it could not be told to skip: it does not hear that it leads. */
	if (!may_skip)
		w->answer.members_of = NULL;
}

static void answer_successors(struct groups *g, struct group *group, uint32_t number,
			      int16_t error)
{
	for (struct list *node = group->replaced.next, *next; node != &group->replaced;
	     node = next) {
		struct group_member *m = list_entry(node, struct group_member, of_replaced);
		next = node->next;
		if (m->join_number <= number)
			answer_successor(g, m, error);
	}
}

void groups_written(struct groups *g, uint64_t now_ns, struct group *group, uint32_t number,
		    int16_t error)
{
	int16_t answer = error_of_append(error);
	require(group->writes_out > 0);
	group->writes_out--;
	answer_successors(g, group, number, answer);
	if (group->state == GROUP_COMPLETING && group->sync_number == number)
		rebalance_finish(g, now_ns, group, answer);
	group_free_if_forgotten(g, group);
}
