/* group_admin.c - DescribeGroups, ListGroups and DeleteGroups in; groups as they are out. */
#include "control/coordinator/coordinator_handlers.h"
#include "control/coordinator/group_store.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/msg_delete_groups.h"
#include "dataplane/wire/kafka/msg_describe_groups.h"
#include "dataplane/wire/kafka/msg_list_groups.h"

#include <strings.h>

/* DescribeGroups: before it, a group that there is not is a dead one. */
enum { TELLS_OF_NO_GROUP_SINCE = 6 };

static struct bytes text_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static struct bytes text_or_none(struct bytes text)
{
	return text.data ? text : text_of("");
}

/* ---- DescribeGroups --------------------------------------------------------------------- */

/* What is told of a group whose error says all. */
static struct describe_groups_group describe_none(const struct kafka_request *r, struct bytes id,
						  int16_t error)
{
	struct describe_groups_group none = {
		.error_code = error,
		.group_id = id,
		.group_state = text_of(""),
		.authorized_operations = AUTHORIZED_UNKNOWN,
	};
	if (error != KAFKA_ERROR_GROUP_ID_NOT_FOUND)
		return none;
	none.group_state = text_of(group_state_name(GROUP_DEAD));
	if (r->header.api_version < TELLS_OF_NO_GROUP_SINCE)
		none.error_code = KAFKA_ERROR_NONE;
	else
		none.error_message = text_of("there is no such group");
	return none;
}

/* False: the arena is full. */
static bool describe_members(struct kafka_request *r, const struct group *group, size_t count,
			     struct describe_groups_group *out)
{
	struct group_member_view *views = kafka_request_take(r, count, sizeof *views);
	struct describe_groups_member *items = kafka_request_take(r, count, sizeof *items);
	if (!views || !items)
		return false;
	group_view_members(group, views);
	for (size_t i = 0; i < count; i++)
		items[i] = (struct describe_groups_member){
			.member_id = views[i].member_id,
			.group_instance_id = views[i].instance_id,
			.client_id = views[i].client_id,
			.client_host = views[i].client_host,
			.member_metadata = text_or_none(views[i].metadata),
			.member_assignment = text_or_none(views[i].assignment),
		};
	out->members.items = items;
	out->members.count = (int32_t)count;
	return true;
}

static bool describe(struct kafka_request *r, struct bytes id, struct describe_groups_group *out)
{
	struct offsets_partition *where;
	int16_t error = group_service_find(r->groups, id, &where);
	const struct group *group = error ? NULL : groups_find(r->groups->groups, id);
	if (!error && !group)
		error = KAFKA_ERROR_GROUP_ID_NOT_FOUND;
	*out = describe_none(r, id, error);
	if (!group)
		return true;
	struct group_view view = group_view(group);
	out->group_state = text_of(group_state_name(view.state));
	out->protocol_type = text_or_none(view.protocol_type);
	out->protocol_data = text_or_none(view.protocol_name);
	return describe_members(r, group, (size_t)view.members_count, out);
}

enum kafka_outcome coordinator_handle_describe_groups(struct kafka_request *r)
{
	struct describe_groups_request q;
	if (!kafka_request_decode(r, &describe_groups_request, &q))
		return KAFKA_CLOSE;
	int32_t count = q.groups.count;
	struct describe_groups_group *items = kafka_request_take(r, (size_t)count, sizeof *items);
	bool fits = items != NULL;
	for (int32_t i = 0; i < count && fits; i++) {
		fits = describe(r, q.groups.items[i], &items[i]);
		/* What cannot be told of a group is not told of what may be done to it either. */
		items[i].authorized_operations =
			authorized_if(q.include_authorized_operations && !items[i].error_code,
				      AUTHORIZED_GROUP);
	}
	if (!fits)
		return KAFKA_CLOSE;
	struct describe_groups_response answer = {.groups = {items, count}};
	return kafka_request_answer(r, &describe_groups_response, r->header.api_version, &answer);
}

/* ---- ListGroups ------------------------------------------------------------------------- */

/* Kafka takes these words in any case. */
static bool is_named(struct bytes word, const char *text)
{
	return word.size == strlen(text) &&
	       strncasecmp((const char *)word.data, text, word.size) == 0;
}

/* Without a filter: all. */
static bool passes(const struct bytes *filter, int32_t count, const char *text)
{
	bool is_wanted = count <= 0;
	for (int32_t i = 0; i < count && !is_wanted; i++)
		is_wanted = is_named(filter[i], text);
	return is_wanted;
}

static size_t groups_count(const struct groups *groups)
{
	size_t count = 0;
	for (const struct group *g = NULL; (g = groups_next(groups, g));)
		count++;
	return count;
}

enum kafka_outcome coordinator_handle_list_groups(struct kafka_request *r)
{
	static const char type[] = "classic";
	const struct groups *groups = r->groups->groups;
	struct list_groups_request q;
	if (!kafka_request_decode(r, &list_groups_request, &q))
		return KAFKA_CLOSE;
	struct list_groups_group *items =
		kafka_request_take(r, groups_count(groups), sizeof *items);
	if (!items)
		return KAFKA_CLOSE;
	int32_t count = 0;
	bool is_type_wanted = passes(q.types_filter.items, q.types_filter.count, type);
	for (const struct group *g = NULL; is_type_wanted && (g = groups_next(groups, g));) {
		struct group_view view = group_view(g);
		const char *state = group_state_name(view.state);
		if (!passes(q.states_filter.items, q.states_filter.count, state))
			continue;
		items[count++] = (struct list_groups_group){
			.group_id = view.id,
			.protocol_type = text_or_none(view.protocol_type),
			.group_state = text_of(state),
			.group_type = text_of(type),
		};
	}
	struct list_groups_response answer = {.groups = {items, count}};
	if (group_load_is_under_way(r->groups))
		answer.error_code = KAFKA_ERROR_COORDINATOR_LOAD_IN_PROGRESS;
	return kafka_request_answer(r, &list_groups_response, r->header.api_version, &answer);
}

/* ---- DeleteGroups ----------------------------------------------------------------------- */

/* The ends of its offsets, and of itself. */
static size_t ends_bytes(const struct group *group, struct bytes id)
{
	struct group_record_key key = {.group = id};
	size_t bytes = offsets_record_bytes_max(group_record_key_size(GROUP_RECORD_GROUP, &key), 0);
	for (const struct group_topic *t = NULL; (t = group_topic_next(group, t));) {
		struct group_topic_view view = group_topic_view(t);
		key.topic = view.name;
		bytes += view.count * group_store_offset_bytes(&key, NULL);
	}
	return bytes;
}

static void add_ends(struct kafka_request *r, const struct group *group, struct bytes id,
		     struct offsets_partition *where)
{
	struct group_record_key key = {.group = id};
	for (const struct group_topic *t = NULL; (t = group_topic_next(group, t));) {
		struct group_topic_view view = group_topic_view(t);
		key.topic = view.name;
		for (uint32_t i = 0; i < view.count; i++) {
			key.partition = view.offsets[i].partition;
			require(group_store_offset(r->groups, where, r->arena, &key, NULL));
		}
	}
}

/* It is gone at once for whoever asks, and stored as gone soon after, as with Kafka. */
static int16_t delete_group(struct kafka_request *r, struct bytes id)
{
	struct group_service *s = r->groups;
	struct offsets_partition *where;
	int16_t error = group_service_find(s, id, &where);
	const struct group *group = error ? NULL : groups_find(s->groups, id);
	if (error)
		return error;
	if (!group)
		return KAFKA_ERROR_GROUP_ID_NOT_FOUND;
	if (group_view(group).state != GROUP_EMPTY)
		return KAFKA_ERROR_NON_EMPTY_GROUP;
	if (!offsets_log_has_room(&s->log, where, ends_bytes(group, id)))
		return KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE;
	add_ends(r, group, id, where);
	return groups_delete(s->groups, id);
}

enum kafka_outcome coordinator_handle_delete_groups(struct kafka_request *r)
{
	struct delete_groups_request q;
	if (!kafka_request_decode(r, &delete_groups_request, &q))
		return KAFKA_CLOSE;
	int32_t count = q.groups_names.count;
	struct delete_groups_result *items = kafka_request_take(r, (size_t)count, sizeof *items);
	if (!items)
		return KAFKA_CLOSE;
	for (int32_t i = 0; i < count; i++) {
		struct bytes id = q.groups_names.items[i];
		items[i] = (struct delete_groups_result){id, delete_group(r, id)};
	}
	struct delete_groups_response answer = {.results = {items, count}};
	return kafka_request_answer(r, &delete_groups_response, r->header.api_version, &answer);
}
