/* group_answers.c - waiters that have their answers in, SENDs out; see group_answers.h. */
#include "control/coordinator/group_answers.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/msg_join_group.h"
#include "dataplane/wire/kafka/msg_sync_group.h"

struct parked_member *parked_member_take(struct group_service *s, const struct kafka_request *r)
{
	struct parked_member *k = parking_take(s->parking, r->call, sizeof *k);
	if (!k)
		return NULL;
	k->row = r->row;
	k->version = r->header.api_version;
	k->correlation_id = r->header.correlation_id;
	return k;
}

/* ---- a join's --------------------------------------------------------------------------- */

/* False: the scratch does not hold as many. */
static bool list_members(struct kafka_request *r, const struct group *group,
			 struct join_group_response *ret)
{
	size_t count = (size_t)group_view(group).members_count;
	struct group_member_view *views = kafka_request_take(r, count, sizeof *views);
	struct join_group_member *items = kafka_request_take(r, count, sizeof *items);
	if (!views || !items)
		return false;
	group_view_members(group, views);
	for (size_t i = 0; i < count; i++)
		items[i] = (struct join_group_member){
			.member_id = views[i].member_id,
			.group_instance_id = views[i].instance_id,
			.metadata = views[i].metadata,
		};
	ret->members.items = items;
	ret->members.count = (int32_t)count;
	return true;
}

static enum kafka_outcome answer_join(struct kafka_request *r, const struct group_answer *a)
{
	struct join_group_response answer = {
		.error_code = a->error,
		.generation_id = a->generation,
		.protocol_type = a->protocol_type,
		.protocol_name = a->protocol_name,
		.leader = a->leader,
		.skip_assignment = a->may_skip_assignment,
		.member_id = a->member_id,
	};
	if (a->members_of && !list_members(r, a->members_of, &answer))
		return KAFKA_CLOSE;
	return kafka_request_answer(r, &join_group_response, r->header.api_version, &answer);
}

/* ---- a sync's --------------------------------------------------------------------------- */

static enum kafka_outcome answer_sync(struct kafka_request *r, const struct group_answer *a)
{
	struct sync_group_response answer = {
		.error_code = a->error,
		.protocol_type = a->protocol_type,
		.protocol_name = a->protocol_name,
		.assignment = a->assignment,
	};
	return kafka_request_answer(r, &sync_group_response, r->header.api_version, &answer);
}

/* ---- all of them ------------------------------------------------------------------------ */

/* Without a reply, for want of memory, its connection ends, and the client comes again. */
static void send_answer(struct group_service *s, struct parked_member *k)
{
	struct kafka_request r = {
		.row = k->row,
		.header = {.api_version = k->version, .correlation_id = k->correlation_id},
		.arena = group_service_scratch(s),
	};
	if (k->row->key == KAFKA_API_JOIN_GROUP)
		answer_join(&r, &k->waiter.answer);
	else
		answer_sync(&r, &k->waiter.answer);
	parking_answer(s->parking, &k->parked, r.reply, r.reply_bytes);
}

void group_answers_send(struct group_service *s)
{
	for (struct group_waiter *w; (w = groups_answered(s->groups));)
		send_answer(s, container_of(w, struct parked_member, waiter));
}
