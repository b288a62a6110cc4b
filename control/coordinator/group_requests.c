/* group_requests.c - JoinGroup, SyncGroup, Heartbeat and LeaveGroup in; the group's answer out, at
 * once or when it has one. */
#include "control/coordinator/coordinator_handlers.h"
#include "control/coordinator/group_answers.h"
#include "dataplane/wire/kafka/msg_heartbeat.h"
#include "dataplane/wire/kafka/msg_join_group.h"
#include "dataplane/wire/kafka/msg_leave_group.h"
#include "dataplane/wire/kafka/msg_sync_group.h"

#include <arpa/inet.h>
#include <stdio.h>

enum {
	/* JoinGroup. */
	NEEDS_MEMBER_ID_SINCE = 4,
	SKIPS_ASSIGNMENT_SINCE = 9,
	/* LeaveGroup: many members, each with an answer of its own. */
	LEAVES_MANY_SINCE = 3,
	HOST_BYTES = 1 + INET6_ADDRSTRLEN,
};

static const struct bytes no_text = {(const uint8_t *)"", 0};

/* ---- JoinGroup -------------------------------------------------------------------------- */

static enum kafka_outcome refuse_join(struct kafka_request *r, struct bytes member_id,
				      int16_t error)
{
	struct join_group_response answer = {
		.error_code = error, .generation_id = -1, .member_id = member_id};
	return kafka_request_answer(r, &join_group_response, r->header.api_version, &answer);
}

/* "/192.0.2.1", as Java prints the address of a client. */
static struct bytes client_host(const struct kafka_request *r, char room[HOST_BYTES])
{
	room[0] = '/';
	inet_ntop(AF_INET, r->call->source + 12, room + 1, HOST_BYTES - 1);
	return (struct bytes){(const uint8_t *)room, strlen(room)};
}

/* Of no use to who has not seen it: two hashes of how many were given before. */
static void draw_id(struct group_service *s, uint8_t ret[GROUP_RANDOM_BYTES])
{
	for (unsigned at = 0; at < GROUP_RANDOM_BYTES; at += sizeof(uint64_t)) {
		uint64_t number = s->ids_given++;
		uint64_t hash = siphash(s->id_key, &number, sizeof number);
		memcpy(ret + at, &hash, sizeof hash);
	}
}

/* False: the arena is full. */
static bool take_protocols(struct kafka_request *r, const struct join_group_request *q,
			   struct group_join *ret)
{
	size_t count = (size_t)q->protocols.count;
	struct group_protocol *items = kafka_request_take(r, count, sizeof *items);
	if (!items)
		return false;
	for (size_t i = 0; i < count; i++)
		items[i] = (struct group_protocol){q->protocols.items[i].name,
						   q->protocols.items[i].metadata};
	ret->protocols = items;
	ret->protocols_count = (int32_t)count;
	return true;
}

enum kafka_outcome coordinator_handle_join(struct kafka_request *r)
{
	struct group_service *s = r->groups;
	struct join_group_request q;
	struct offsets_partition *where;
	char host[HOST_BYTES];
	int16_t version = r->header.api_version;
	if (!kafka_request_decode(r, &join_group_request, &q))
		return KAFKA_CLOSE;
	struct group_join join = {
		.group_id = q.group_id,
		.member_id = q.member_id,
		.instance_id = q.group_instance_id,
		.client_id = r->header.client_id.data ? r->header.client_id : no_text,
		.client_host = client_host(r, host),
		.protocol_type = q.protocol_type,
		.session_timeout_ms = q.session_timeout_ms,
		.rebalance_timeout_ms = q.rebalance_timeout_ms < 0 ? q.session_timeout_ms
								   : q.rebalance_timeout_ms,
		.needs_member_id = version >= NEEDS_MEMBER_ID_SINCE,
		.may_skip_assignment = version >= SKIPS_ASSIGNMENT_SINCE,
	};
	if (!take_protocols(r, &q, &join))
		return KAFKA_CLOSE;
	int16_t error = group_service_find(s, q.group_id, &where);
	struct parked_member *k = error ? NULL : parked_member_take(s, r);
	if (!k)
		return refuse_join(r, q.member_id,
				   error ? error : KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE);
	draw_id(s, join.random);
	groups_join(s->groups, s->now.ns, &join, &k->waiter);
	return KAFKA_PARKED;
}

/* ---- SyncGroup -------------------------------------------------------------------------- */

static enum kafka_outcome refuse_sync(struct kafka_request *r, int16_t error)
{
	struct sync_group_response answer = {.error_code = error};
	return kafka_request_answer(r, &sync_group_response, r->header.api_version, &answer);
}

/* False: the arena is full. */
static bool take_assignments(struct kafka_request *r, const struct sync_group_request *q,
			     struct group_sync *ret)
{
	size_t count = (size_t)q->assignments.count;
	struct group_assignment *items = kafka_request_take(r, count, sizeof *items);
	if (!items)
		return false;
	for (size_t i = 0; i < count; i++)
		items[i] = (struct group_assignment){q->assignments.items[i].member_id,
						     q->assignments.items[i].assignment};
	ret->assignments = items;
	ret->assignments_count = (int32_t)count;
	return true;
}

enum kafka_outcome coordinator_handle_sync(struct kafka_request *r)
{
	struct group_service *s = r->groups;
	struct sync_group_request q;
	struct offsets_partition *where;
	if (!kafka_request_decode(r, &sync_group_request, &q))
		return KAFKA_CLOSE;
	struct group_sync sync = {
		.who = {q.group_id, q.member_id, q.group_instance_id, q.generation_id},
		.protocol_type = q.protocol_type,
		.protocol_name = q.protocol_name,
	};
	if (!take_assignments(r, &q, &sync))
		return KAFKA_CLOSE;
	int16_t error = group_service_find(s, q.group_id, &where);
	/* The state is lost: its members come again, as Kafka has it. */
	if (error == KAFKA_ERROR_COORDINATOR_LOAD_IN_PROGRESS)
		error = KAFKA_ERROR_REBALANCE_IN_PROGRESS;
	struct parked_member *k = error ? NULL : parked_member_take(s, r);
	if (!k)
		return refuse_sync(r, error ? error : KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE);
	groups_sync(s->groups, s->now.ns, &sync, &k->waiter);
	return KAFKA_PARKED;
}

/* ---- Heartbeat -------------------------------------------------------------------------- */

enum kafka_outcome coordinator_handle_heartbeat(struct kafka_request *r)
{
	struct group_service *s = r->groups;
	struct heartbeat_request q;
	struct offsets_partition *where;
	if (!kafka_request_decode(r, &heartbeat_request, &q))
		return KAFKA_CLOSE;
	struct group_identity who = {q.group_id, q.member_id, q.group_instance_id,
				     q.generation_id};
	struct heartbeat_response answer = {
		.error_code = group_service_find(s, q.group_id, &where)};
	/* Whether it is a member is known when its group is: until then it is, as Kafka has it. */
	if (answer.error_code == KAFKA_ERROR_COORDINATOR_LOAD_IN_PROGRESS)
		answer.error_code = KAFKA_ERROR_NONE;
	else if (!answer.error_code)
		answer.error_code = groups_heartbeat(s->groups, s->now.ns, &who);
	return kafka_request_answer(r, &heartbeat_response, r->header.api_version, &answer);
}

/* ---- LeaveGroup ------------------------------------------------------------------------- */

/* Of one member, as of many; null: the arena is full. */
static struct group_leaver *take_leavers(struct kafka_request *r,
					 const struct leave_group_request *q, int32_t *ret_count)
{
	bool is_many = r->header.api_version >= LEAVES_MANY_SINCE;
	int32_t count = is_many ? q->members.count : 1;
	struct group_leaver *leavers = kafka_request_take(r, (size_t)count, sizeof *leavers);
	*ret_count = count;
	if (!leavers)
		return NULL;
	if (!is_many)
		leavers[0].member_id = q->member_id;
	for (int32_t i = 0; is_many && i < count; i++) {
		leavers[i].member_id = q->members.items[i].member_id;
		leavers[i].instance_id = q->members.items[i].group_instance_id;
	}
	return leavers;
}

static bool list_outcomes(struct kafka_request *r, const struct group_leaver *leavers,
			  int32_t count, struct leave_group_response *ret)
{
	struct leave_group_outcome *items = kafka_request_take(r, (size_t)count, sizeof *items);
	if (!items)
		return false;
	for (int32_t i = 0; i < count; i++)
		items[i] = (struct leave_group_outcome){
			.member_id = leavers[i].member_id,
			.group_instance_id = leavers[i].instance_id,
			.error_code = leavers[i].error,
		};
	ret->members.items = items;
	ret->members.count = count;
	return true;
}

enum kafka_outcome coordinator_handle_leave(struct kafka_request *r)
{
	struct group_service *s = r->groups;
	struct leave_group_request q;
	struct offsets_partition *where;
	int32_t count;
	if (!kafka_request_decode(r, &leave_group_request, &q))
		return KAFKA_CLOSE;
	struct group_leaver *leavers = take_leavers(r, &q, &count);
	if (!leavers)
		return KAFKA_CLOSE;
	struct leave_group_response answer = {
		.error_code = group_service_find(s, q.group_id, &where)};
	if (!answer.error_code)
		answer.error_code =
			groups_leave(s->groups, s->now.ns, q.group_id, leavers, count);
	if (answer.error_code)
		count = r->header.api_version >= LEAVES_MANY_SINCE ? 0 : count;
	else if (r->header.api_version < LEAVES_MANY_SINCE)
		answer.error_code = leavers[0].error;
	if (!list_outcomes(r, leavers, count, &answer))
		return KAFKA_CLOSE;
	return kafka_request_answer(r, &leave_group_response, r->header.api_version, &answer);
}
