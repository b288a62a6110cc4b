/* sim_ask_groups.c - OffsetCommit and OffsetFetch: what was answered as committed is there from
 * then on, whoever crashes, and nothing that was not sent; see sim_asker.h.
 *
 * Each connection commits 0, 1, 2 ... to a group of its own: what one that is gone had under way
 * may still arrive, and must not look like a loss of what a later one has committed. */
#include "tests/sim/sim_asker.h"
#include "tests/sim/sim_disk.h"

#include <stdio.h>

enum {
	/* OffsetCommit */
	INSTANCE_SINCE = 7,
	RETENTION_UNTIL = 4,
	COMMIT_EPOCH_SINCE = 6,
	/* OffsetFetch */
	EPOCH_SINCE = 5,
	STABLE_SINCE = 7,
	GROUPS_SINCE = 8,
	MEMBER_SINCE = 9,
	ERROR_SINCE = 2,
	THROTTLE_SINCE = 3, /* both */
	GROUP_NAME_BYTES = 32,
};

void asker_next_group(struct asker *a)
{
	a->group++;
	a->groups[a->group % ASKER_GROUPS] =
		(struct asker_group){.number = a->group, .sent = -1, .acked = -1};
}

/* Null: it is not remembered any more. */
static struct asker_group *group_of(struct asker *a, uint32_t number)
{
	struct asker_group *g = &a->groups[number % ASKER_GROUPS];
	return g->number == number ? g : NULL;
}

static void put_group(const struct asker *a, const struct question *q, struct emitter *e)
{
	char name[GROUP_NAME_BYTES];
	snprintf(name, sizeof name, "group_%u_%u", a->client.id, q->group);
	sim_put_string(e, name, q->is_flexible);
}

static void put_null(const struct question *q, struct emitter *e)
{
	if (q->is_flexible)
		emit_u8(e, 0);
	else
		emit_u16(e, UINT16_MAX);
}

/* What the disk has refused may be refused, and be lost; a group that is not read yet, or has no
 * topic yet, is not served. */
static bool may_fail(int16_t error)
{
	return error == KAFKA_COORDINATOR_LOADING || error == KAFKA_COORDINATOR_NOT_AVAILABLE;
}

static bool has_failed(void)
{
	const struct sim_fs *fs = sim_world()->fs;
	return sim_fs_failures(fs) || sim_fs_control_failures(fs);
}

/* ---- OffsetCommit ----------------------------------------------------------------------- */

static void ask_to_commit(struct asker *a, struct question *q, struct emitter *e)
{
	struct asker_group *g = group_of(a, a->group);
	q->group = a->group;
	q->committed = ++g->sent;
	put_group(a, q, e);
	emit_u32(e, UINT32_MAX); /* of no generation */
	sim_put_string(e, "", q->is_flexible);
	if (q->version >= INSTANCE_SINCE)
		put_null(q, e);
	if (q->version <= RETENTION_UNTIL)
		emit_u64(e, UINT64_MAX);
	sim_put_count(e, 1, q->is_flexible);
	sim_put_string(e, SIM_TOPIC_EVENTS, q->is_flexible);
	sim_put_count(e, 1, q->is_flexible);
	emit_u32(e, 0);
	emit_u64(e, (uint64_t)q->committed);
	if (q->version >= COMMIT_EPOCH_SINCE)
		emit_u32(e, UINT32_MAX);
	sim_put_string(e, "m", q->is_flexible);
	sim_put_tags(e, q->is_flexible);
	sim_put_tags(e, q->is_flexible);
	sim_put_tags(e, q->is_flexible);
}

static void check_commit(struct asker *a, const struct question *q, struct cursor *c)
{
	if (q->version >= THROTTLE_SINCE)
		cursor_u32(c);
	int64_t topics = sim_get_count(c, q->is_flexible);
	sim_get_string(c, q->is_flexible);
	int64_t partitions = sim_get_count(c, q->is_flexible);
	uint32_t partition = cursor_u32(c);
	int16_t error = (int16_t)cursor_u16(c);
	for (unsigned i = 0; i < 3; i++)
		sim_skip_tags(c, q->is_flexible);
	if (c->bad || topics != 1 || partitions != 1 || partition != 0 ||
	    (error && !may_fail(error) && !has_failed()))
		sim_fail("asker %u: OffsetCommit %lld: error %d", a->client.id,
			 (long long)q->committed, error);
	struct asker_group *g = group_of(a, q->group);
	if (!error && g)
		g->acked = q->committed;
}

const struct question_kind ask_commit = {
	.api_key = 8,
	.version_min = 2,
	.version_max = 9,
	.version_flexible = 8,
	.ask = ask_to_commit,
	.check = check_commit,
};

/* ---- OffsetFetch ------------------------------------------------------------------------ */

static void put_topics(const struct question *q, struct emitter *e)
{
	sim_put_count(e, 1, q->is_flexible);
	sim_put_string(e, SIM_TOPIC_EVENTS, q->is_flexible);
	sim_put_count(e, 1, q->is_flexible);
	emit_u32(e, 0);
	sim_put_tags(e, q->is_flexible);
}

/* One of the last groups, not always one's own. */
static void ask_for_committed(struct asker *a, struct question *q, struct emitter *e)
{
	uint32_t back = (uint32_t)rng_below(&sim_world()->rng, ASKER_GROUPS);
	q->group = back < a->group ? a->group - back : a->group;
	q->acked = group_of(a, q->group)->acked;
	if (q->version >= GROUPS_SINCE)
		sim_put_count(e, 1, true);
	put_group(a, q, e);
	if (q->version >= MEMBER_SINCE) {
		put_null(q, e);
		emit_u32(e, UINT32_MAX);
	}
	put_topics(q, e);
	if (q->version >= GROUPS_SINCE)
		sim_put_tags(e, true);
	if (q->version >= STABLE_SINCE)
		emit_u8(e, 0);
	sim_put_tags(e, q->is_flexible);
}

/* What is told of the one partition. */
struct told {
	int64_t offset;
	int16_t error;
};

static void take_topics(const struct question *q, struct cursor *c, struct told *ret)
{
	int64_t topics = sim_get_count(c, q->is_flexible);
	sim_get_string(c, q->is_flexible);
	int64_t partitions = sim_get_count(c, q->is_flexible);
	cursor_u32(c);
	ret->offset = (int64_t)cursor_u64(c);
	if (q->version >= EPOCH_SINCE)
		cursor_u32(c);
	sim_get_string(c, q->is_flexible);
	ret->error = (int16_t)cursor_u16(c);
	sim_skip_tags(c, q->is_flexible);
	sim_skip_tags(c, q->is_flexible);
	c->bad |= topics != 1 || partitions != 1;
}

static void take_error(const struct question *q, struct cursor *c, struct told *told)
{
	int16_t error = q->version >= ERROR_SINCE ? (int16_t)cursor_u16(c) : 0;
	told->error = error ? error : told->error;
}

static void check_committed(struct asker *a, const struct question *q, struct cursor *c)
{
	struct told told;
	bool is_many = q->version >= GROUPS_SINCE;
	if (q->version >= THROTTLE_SINCE)
		cursor_u32(c);
	if (is_many && sim_get_count(c, true) != 1)
		sim_fail("asker %u: OffsetFetch of other groups", a->client.id);
	if (is_many)
		sim_get_string(c, true);
	take_topics(q, c, &told);
	take_error(q, c, &told);
	if (is_many)
		sim_skip_tags(c, true);
	sim_skip_tags(c, q->is_flexible);
	const struct asker_group *g = group_of(a, q->group);
	bool is_good = told.error ? may_fail(told.error)
				  : told.offset >= q->acked && (!g || told.offset <= g->sent);
	if (c->bad || (!is_good && !has_failed()))
		sim_fail("asker %u: OffsetFetch of group %u: error %d, offset %lld; answered as "
			 "committed @%lld, sent up to @%lld",
			 a->client.id, q->group, told.error, (long long)told.offset,
			 (long long)q->acked, g ? (long long)g->sent : -1LL);
}

const struct question_kind ask_committed = {
	.api_key = 9,
	.version_min = 1,
	.version_max = 9,
	.version_flexible = 6,
	.ask = ask_for_committed,
	.check = check_committed,
};
