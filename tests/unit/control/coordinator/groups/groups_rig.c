/* groups_rig.c - clients and a clock in, answers out; see groups_rig.h. */
#include "tests/unit/control/coordinator/groups/groups_rig.h"
#include "dataplane/base/require.h"

#include <criterion/criterion.h>

enum { STEP_MS = 10, HEARTBEAT_MS = 1000 };

#define MS UINT64_C(1000000)

struct groups *groups;
struct rig_write rig_writes[RIG_WRITES_MAX];
unsigned rig_writes_count;
unsigned rig_stored;
bool rig_is_held;
static uint64_t now_ns;
static uint8_t ids_given;

struct groups_options rig_options(void)
{
	return (struct groups_options){.session_timeout_min_ms = 6000,
				       .session_timeout_max_ms = 1800000,
				       .initial_rebalance_delay_ms = RIG_DELAY_MS,
				       .members_max = INT32_MAX,
				       .hash_key = {1, 2}};
}

void rig_start_with(const struct groups_options *options)
{
	now_ns = 1000000 * MS;
	groups = groups_create(options, now_ns);
	cr_assert(groups != NULL);
}

void rig_start(void)
{
	struct groups_options options = rig_options();
	rig_start_with(&options);
}

void rig_stop(void)
{
	groups_destroy(groups);
}

struct bytes rig_text(const char *s)
{
	return s ? (struct bytes){(const uint8_t *)s, strlen(s)} : (struct bytes){0};
}

struct client client_of(const char *client_id)
{
	struct client c = {.client_id = client_id, .group_id = "g", .type = "consumer",
			   .session_ms = RIG_SESSION_MS, .rebalance_ms = RIG_REBALANCE_MS,
			   .generation = -1};
	client_protocol(&c, "range", client_id);
	return c;
}

void client_protocol(struct client *c, const char *name, const char *metadata)
{
	require(c->protocols_count < RIG_PROTOCOLS_MAX);
	c->protocols[c->protocols_count++] =
		(struct group_protocol){rig_text(name), rig_text(metadata)};
}

/* ---- what comes out --------------------------------------------------------------------- */

static void keep(char *out, struct bytes text)
{
	require(text.size < RIG_TEXT_BYTES);
	if (text.size > 0)
		memcpy(out, text.data, text.size);
	out[text.size] = '\0';
}

static void keep_members(struct client *c, const struct group *group)
{
	struct group_member_view *members;
	c->members = 0;
	c->metadata[0] = '\0';
	if (!group)
		return;
	c->members = group_view(group).members_count;
	members = calloc((size_t)c->members, sizeof *members);
	group_view_members(group, members);
	keep(c->metadata, members[0].metadata);
	free(members);
}

static void keep_answer(struct client *c, const struct group_answer *a)
{
	cr_assert(c->is_waiting);
	c->is_waiting = false;
	c->answers++;
	c->error = a->error;
	c->skips = a->may_skip_assignment;
	if (a->generation >= 0)
		c->generation = a->generation;
	if (a->member_id.size > 0)
		keep(c->member_id, a->member_id);
	keep(c->leader, a->leader);
	keep(c->protocol, a->protocol_name);
	keep(c->assignment, a->assignment);
	keep_members(c, a->members_of);
}

static void settle(void)
{
	struct group_waiter *w;
	struct rig_write write;
	do {
		while ((w = groups_answered(groups)))
			keep_answer(container_of(w, struct client, waiter), &w->answer);
		write.group = groups_unwritten(groups, &write.number);
		if (!write.group)
			continue;
		write.view = group_view(write.group);
		rig_stored++;
		require(rig_writes_count < RIG_WRITES_MAX);
		if (rig_is_held || rig_writes_count > 0) /* in their order */
			rig_writes[rig_writes_count++] = write;
		else
			groups_written(groups, now_ns, write.group, write.number, 0);
	} while (write.group);
}

void client_call(struct client *c, const char *member_id)
{
	keep(c->member_id, rig_text(member_id));
}

void rig_store(int16_t error)
{
	struct rig_write first = rig_writes[0];
	require(rig_writes_count > 0);
	rig_writes_count--;
	memmove(rig_writes, rig_writes + 1, rig_writes_count * sizeof *rig_writes);
	groups_written(groups, now_ns, first.group, first.number, error);
	settle();
}

/* ---- what goes in ----------------------------------------------------------------------- */

void rig_ask_join(struct client *c)
{
	struct group_join join = {
		.group_id = rig_text(c->group_id),
		.member_id = rig_text(c->member_id),
		.instance_id = rig_text(c->instance_id),
		.client_id = rig_text(c->client_id),
		.client_host = rig_text("/10.0.0.1"),
		.protocol_type = rig_text(c->type),
		.protocols = c->protocols,
		.protocols_count = c->protocols_count,
		.session_timeout_ms = c->session_ms,
		.rebalance_timeout_ms = c->rebalance_ms,
		.needs_member_id = !c->is_old,
		.may_skip_assignment = c->may_skip,
		.random = {++ids_given, 0xff, 0, 0, 0, 0, 0xff, 0, 0xff},
	};
	c->is_waiting = true;
	groups_join(groups, now_ns, &join, &c->waiter);
	settle();
}

void rig_join(struct client *c)
{
	rig_ask_join(c);
	if (!c->is_waiting && c->error == KAFKA_ERROR_MEMBER_ID_REQUIRED)
		rig_ask_join(c);
}

static struct group_identity identity_of(const struct client *c)
{
	return (struct group_identity){.group_id = rig_text(c->group_id),
				       .member_id = rig_text(c->member_id),
				       .instance_id = rig_text(c->instance_id),
				       .generation = c->generation};
}

void rig_sync(struct client *c)
{
	rig_assign(c, NULL, 0);
}

void rig_assign(struct client *leader, struct client **members, int32_t count)
{
	struct group_assignment *items = calloc((size_t)count + 1, sizeof *items);
	for (int32_t i = 0; i < count; i++)
		items[i] = (struct group_assignment){rig_text(members[i]->member_id),
						     rig_text(members[i]->client_id)};
	struct group_sync sync = {.who = identity_of(leader), .assignments = items,
				  .assignments_count = count};
	leader->is_waiting = true;
	groups_sync(groups, now_ns, &sync, &leader->waiter);
	free(items);
	settle();
}

int16_t rig_heartbeat(const struct client *c)
{
	struct group_identity who = identity_of(c);
	int16_t error = groups_heartbeat(groups, now_ns, &who);
	settle();
	return error;
}

int16_t rig_commit(const struct client *c)
{
	struct group_identity who = identity_of(c);
	return groups_may_commit(groups, now_ns, &who);
}

int16_t rig_leave(const struct client *c)
{
	struct group_leaver leaver = {rig_text(c->member_id), rig_text(c->instance_id), 0};
	int16_t error = groups_leave(groups, now_ns, rig_text(c->group_id), &leaver, 1);
	settle();
	return error ? error : leaver.error;
}

/* ---- time ------------------------------------------------------------------------------- */

void rig_pass_alive_ms(uint32_t ms, struct client **clients, unsigned count)
{
	for (uint32_t passed = 0; passed < ms; passed += STEP_MS) {
		now_ns += STEP_MS * MS;
		for (unsigned i = 0; i < count && passed % HEARTBEAT_MS == 0; i++)
			rig_heartbeat(clients[i]);
		while (groups_turn(groups, now_ns))
			settle();
	}
}

void rig_pass_ms(uint32_t ms)
{
	rig_pass_alive_ms(ms, NULL, 0);
}

void rig_stable(struct client **clients, int32_t count)
{
	for (int32_t i = 0; i < count; i++)
		rig_join(clients[i]);
	rig_pass_ms(2 * RIG_DELAY_MS + 2 * STEP_MS);
	for (int32_t i = count - 1; i > 0; i--)
		rig_sync(clients[i]);
	rig_assign(clients[0], clients, count);
	for (int32_t i = 0; i < count; i++)
		cr_assert(!clients[i]->is_waiting && clients[i]->error == 0, "%s: %d",
			  clients[i]->client_id, clients[i]->error);
}

enum group_state rig_state(void)
{
	const struct group *group = groups_find(groups, rig_text("g"));
	return group ? group_view(group).state : GROUP_DEAD;
}
