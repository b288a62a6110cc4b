/* group_member.c - what joins bring in, members out; see group_member.h. */
#include "control/coordinator/groups/group_member.h"
#include "control/coordinator/groups/group_memory.h"
#include "control/coordinator/groups/group_protocol.h"
#include "dataplane/base/require.h"

enum { UUID_TEXT_BYTES = 36 };

static struct bytes copied(uint8_t **at, struct bytes from)
{
	struct bytes copy = {from.data ? *at : NULL, from.size};
	if (from.size > 0)
		memcpy(*at, from.data, from.size);
	*at += from.size;
	return copy;
}

/* ---- who is who ------------------------------------------------------------------------- */

struct group_member *member_find(const struct groups *g, const struct group *group,
				 struct bytes id)
{
	struct group_node *n = group_table_first(&g->by_member, group_hash(g, group, id));
	for (; n; n = group_table_next(n)) {
		struct group_member *m = container_of(n, struct group_member, by_id);
		if (m->group == group && group_is_same(m->text->member_id, id))
			return m;
	}
	return NULL;
}

struct group_member *member_find_static(const struct groups *g, const struct group *group,
					struct bytes instance_id)
{
	struct group_node *n =
		group_table_first(&g->by_instance, group_hash(g, group, instance_id));
	for (; n; n = group_table_next(n)) {
		struct group_member *m = container_of(n, struct group_member, by_instance);
		if (m->group == group && group_is_same(m->text->instance_id, instance_id))
			return m;
	}
	return NULL;
}

/* A static member is who has its instance id now: one with an older member id is fenced. */
int16_t member_check(const struct groups *g, const struct group *group, struct bytes id,
		     struct bytes instance_id, struct group_member **ret)
{
	struct group_member *m = member_find(g, group, id);
	if (instance_id.data) {
		struct group_member *now = member_find_static(g, group, instance_id);
		if (!now)
			return KAFKA_ERROR_UNKNOWN_MEMBER_ID;
		if (now != m)
			return KAFKA_ERROR_FENCED_INSTANCE_ID;
	}
	if (!m || m->is_pending)
		return KAFKA_ERROR_UNKNOWN_MEMBER_ID;
	*ret = m;
	return KAFKA_ERROR_NONE;
}

/* ---- ids -------------------------------------------------------------------------------- */

/* As java.util.UUID writes a random one. */
static void put_uuid(uint8_t *out, const uint8_t random[GROUP_RANDOM_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	for (unsigned i = 0; i < GROUP_RANDOM_BYTES; i++) {
		uint8_t byte = random[i];
		if (i == 6)
			byte = (uint8_t)(0x40 | (byte & 0x0f));
		if (i == 8)
			byte = (uint8_t)(0x80 | (byte & 0x3f));
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		*out++ = (uint8_t)digits[byte >> 4];
		*out++ = (uint8_t)digits[byte & 0x0f];
	}
}

static struct group_text *text_make(struct groups *g, const struct group_join *j,
				    struct bytes member_id)
{
	size_t size = sizeof(struct group_text) + member_id.size + j->instance_id.size +
		      j->client_id.size + j->client_host.size;
	struct group_text *t = group_take(g, size);
	if (!t)
		return NULL;
	uint8_t *at = t->bytes;
	t->size = size;
	t->member_id = copied(&at, member_id);
	t->instance_id = copied(&at, j->instance_id);
	t->client_id = copied(&at, j->client_id);
	t->client_host = copied(&at, j->client_host);
	return t;
}

/* A client's own id may be as long as a string can be; what is made of it may not. */
static struct group_text *text_make_new(struct groups *g, const struct group_join *j)
{
	uint8_t id[GROUP_CLIENT_ID_BYTES_MAX + 1 + UUID_TEXT_BYTES], *at = id;
	struct bytes stem = j->instance_id.data ? j->instance_id : j->client_id;
	if (stem.size > GROUP_CLIENT_ID_BYTES_MAX)
		stem.size = GROUP_CLIENT_ID_BYTES_MAX;
	copied(&at, stem);
	*at++ = '-';
	put_uuid(at, j->random);
	at += UUID_TEXT_BYTES;
	return text_make(g, j, (struct bytes){id, (size_t)(at - id)});
}

static void text_take(struct groups *g, struct group_member *m, struct group_text *give)
{
	m->text = give;
	group_table_add(&g->by_member, &m->by_id, group_hash(g, m->group, give->member_id));
	if (give->instance_id.data)
		group_table_add(&g->by_instance, &m->by_instance,
				group_hash(g, m->group, give->instance_id));
}

static void text_drop(struct groups *g, struct group_member *m)
{
	group_table_remove(&g->by_member, &m->by_id);
	if (m->text->instance_id.data)
		group_table_remove(&g->by_instance, &m->by_instance);
	group_give(g, m->text, m->text->size);
	m->text = NULL;
}

/* ---- what it brings --------------------------------------------------------------------- */

static struct group_protocols *protocols_make(struct groups *g, const struct group_join *j)
{
	int32_t count = j->protocols_count < GROUP_PROTOCOLS_MAX ? j->protocols_count
								 : GROUP_PROTOCOLS_MAX;
	size_t size = sizeof(struct group_protocols) +
		      (size_t)count * sizeof(struct group_protocol);
	for (int32_t i = 0; i < count; i++)
		size += j->protocols[i].name.size + j->protocols[i].metadata.size;
	struct group_protocols *p = group_take(g, size);
	if (!p)
		return NULL;
	uint8_t *at = (uint8_t *)&p->items[count];
	p->size = size;
	for (int32_t i = 0; i < count; i++) {
		if (group_protocol_in(p->items, p->count, j->protocols[i].name))
			continue;
		p->items[p->count++] = (struct group_protocol){
			.name = copied(&at, j->protocols[i].name),
			.metadata = copied(&at, j->protocols[i].metadata)};
	}
	return p;
}

/* Counted with its group, or not at all. */
static bool protocols_take(struct groups *g, struct group_member *m, const struct group_join *j)
{
	struct group_protocols *p = protocols_make(g, j), *old = m->protocols;
	if (!p)
		return false;
	if (!group_protocols_count(g, m->group, p)) {
		group_give(g, p, p->size);
		return false;
	}
	if (old)
		group_protocols_uncount(g, m->group, old);
	m->protocols = p;
	m->session_timeout_ms = j->session_timeout_ms;
	m->rebalance_timeout_ms =
		j->rebalance_timeout_ms < 0 ? j->session_timeout_ms : j->rebalance_timeout_ms;
	m->may_skip_assignment = j->may_skip_assignment;
	if (old)
		group_give(g, old, old->size);
	return true;
}

bool member_brings_the_same(const struct group_member *m, const struct group_join *j)
{
	if (m->protocols->count != j->protocols_count)
		return false;
	for (int32_t i = 0; i < j->protocols_count; i++) {
		const struct group_protocol *had = &m->protocols->items[i];
		if (!group_is_same(had->name, j->protocols[i].name) ||
		    !group_is_same(had->metadata, j->protocols[i].metadata))
			return false;
	}
	return true;
}

struct bytes member_metadata(const struct group_member *m, struct bytes protocol)
{
	const struct group_protocol *p =
		group_protocol_in(m->protocols->items, m->protocols->count, protocol);
	return p ? p->metadata : (struct bytes){0};
}

bool member_assign(struct groups *g, struct group_member *m, struct bytes assignment)
{
	struct bytes copy;
	if (!group_copy(g, assignment, &copy))
		return false;
	group_forget(g, &m->assignment);
	m->assignment = copy;
	return true;
}

/* ---- comes, changes, goes --------------------------------------------------------------- */

/* With the id that the join names, or a new one. */
struct group_member *member_create(struct groups *g, struct group *group,
				   const struct group_join *join)
{
	struct group_member *m = group_take(g, sizeof *m);
	struct group_text *text = NULL;
	if (m)
		text = join->member_id.size > 0 ? text_make(g, join, join->member_id)
						: text_make_new(g, join);
	if (!text) {
		group_give(g, m, sizeof *m);
		return NULL;
	}
	m->group = group;
	m->is_pending = true;
	timer_init(&m->session.timer);
	m->session.is_members = true;
	list_init(&m->of_replaced);
	text_take(g, m, text);
	list_append(&group->pending, &m->of_group);
	group->pending_count++;
	return m;
}

bool member_admit(struct groups *g, struct group_member *m, const struct group_join *join)
{
	struct group *group = m->group;
	require(m->is_pending);
	if (!group_type_set(g, group, join->protocol_type) || !protocols_take(g, m, join))
		return false;
	m->is_pending = false;
	m->is_new = true;
	list_remove(&m->of_group);
	group->pending_count--;
	list_append(&group->members, &m->of_group);
	group->members_count++;
	if (!group->leader)
		group->leader = m;
	return true;
}

bool member_rename(struct groups *g, struct group_member *m, const struct group_join *join)
{
	struct group_text *text = text_make_new(g, join);
	if (!text)
		return false;
	text_drop(g, m);
	text_take(g, m, text);
	return true;
}

bool member_update(struct groups *g, struct group_member *m, const struct group_join *join)
{
	return protocols_take(g, m, join);
}

/* The oldest of those who stay leads: Kafka takes any of them. */
static void leave_the_lead(struct group_member *m)
{
	struct group *group = m->group;
	if (group->leader != m)
		return;
	group->leader = group->members_count == 0
				? NULL
				: list_entry(group->members.next, struct group_member, of_group);
}

static void leave_the_group(struct groups *g, struct group_member *m)
{
	member_fail_join(g, m, KAFKA_ERROR_UNKNOWN_MEMBER_ID);
	member_fail_sync(g, m, KAFKA_ERROR_UNKNOWN_MEMBER_ID);
	member_owes_nothing(m);
	m->group->members_count--;
	leave_the_lead(m);
	group_protocols_uncount(g, m->group, m->protocols);
	group_give(g, m->protocols, m->protocols->size);
	group_forget(g, &m->assignment);
}

void member_remove(struct groups *g, struct group_member *give)
{
	list_remove(&give->of_group);
	list_remove(&give->of_replaced);
	wheel_cancel(&g->wheel, &give->session.timer);
	if (give->is_pending)
		give->group->pending_count--;
	else
		leave_the_group(g, give);
	text_drop(g, give);
	group_give(g, give, sizeof *give);
}

void member_expect(struct groups *g, uint64_t now_ns, struct group_member *m, int32_t ms)
{
	wheel_arm(&g->wheel, &m->session.timer, group_ms(now_ns, ms));
}

void member_heard(struct groups *g, uint64_t now_ns, struct group_member *m)
{
	member_expect(g, now_ns, m, m->session_timeout_ms);
}

/* ---- who waits -------------------------------------------------------------------------- */

void group_answer(struct groups *g, struct group_waiter *give, const struct group_answer *answer)
{
	require(!give->is_answered);
	give->is_answered = true;
	give->answer = *answer;
	list_append(&g->answered, &give->node);
}

void group_answer_error(struct groups *g, struct group_waiter *give, struct bytes member_id,
			int16_t error)
{
	struct group_answer answer = {
		.error = error, .generation = -1, .member_id = member_id};
	group_answer(g, give, &answer);
}

void member_fail_join(struct groups *g, struct group_member *m, int16_t error)
{
	struct group_waiter *w = m->joining;
	if (!w)
		return;
	m->joining = NULL;
	m->join_number = 0;
	list_remove(&m->of_replaced);
	m->group->joining_count--;
	group_answer_error(g, w, (struct bytes){0}, error);
}

void member_fail_sync(struct groups *g, struct group_member *m, int16_t error)
{
	struct group_waiter *w = m->syncing;
	m->syncing = NULL;
	if (w)
		group_answer_error(g, w, (struct bytes){0}, error);
}

void member_wait_join(struct groups *g, struct group_member *m, struct group_waiter *lend)
{
	member_fail_join(g, m, KAFKA_ERROR_REBALANCE_IN_PROGRESS);
	m->joining = lend;
	m->group->joining_count++;
}

void member_wait_sync(struct groups *g, struct group_member *m, struct group_waiter *lend)
{
	member_fail_sync(g, m, KAFKA_ERROR_REBALANCE_IN_PROGRESS);
	m->syncing = lend;
}

struct group_answer member_joined(const struct group_member *m)
{
	const struct group *group = m->group;
	return (struct group_answer){
		.generation = group->generation,
		.protocol_type = group->type,
		.protocol_name = group_protocol_name(group),
		.leader = group->leader->text->member_id,
		.member_id = m->text->member_id,
		.members_of = group->leader == m ? group : NULL,
	};
}

void member_answer_join(struct groups *g, struct group_member *m)
{
	struct group_waiter *w = m->joining;
	struct group_answer answer = member_joined(m);
	if (!w)
		return;
	m->joining = NULL;
	m->group->joining_count--;
	group_answer(g, w, &answer);
}

void member_answer_sync(struct groups *g, struct group_member *m)
{
	struct group_waiter *w = m->syncing;
	struct group_answer answer = {.generation = m->group->generation,
				      .protocol_type = m->group->type,
				      .protocol_name = group_protocol_name(m->group),
				      .assignment = m->assignment};
	m->syncing = NULL;
	if (w)
		group_answer(g, w, &answer);
}

void member_owes_nothing(struct group_member *m)
{
	m->group->owing_count -= m->owes_sync;
	m->owes_sync = false;
}
