/* group_service.c - completions and time in, answers and batches out; see group_service.h. */
#include "control/coordinator/group_service.h"
#include "control/coordinator/coordinator.h"
#include "control/coordinator/group_expire.h"
#include "control/coordinator/group_store.h"
#include "dataplane/base/entropy.h"
#include "dataplane/base/require.h"

/* Of what is due, so that a turn ends: the next one goes on. */
enum { DUE_PER_TURN = 256 };

static struct groups_options groups_options(const struct group_settings *settings)
{
	struct groups_options o = {
		.session_timeout_min_ms = settings->session_timeout_min_ms,
		.session_timeout_max_ms = settings->session_timeout_max_ms,
		.initial_rebalance_delay_ms = settings->initial_rebalance_delay_ms,
		.members_max = settings->members_max,
	};
	entropy_fill(&o.hash_key, sizeof o.hash_key);
	return o;
}

bool group_service_init(struct group_service *s, const struct coordinator_options *options,
			struct parking *parking, struct stats *stats, struct bytes scratch)
{
	struct groups_options groups = groups_options(&options->groups);
	*s = (struct group_service){
		.options = options, .parking = parking, .stats = stats, .scratch_room = scratch};
	entropy_fill(&s->id_key, sizeof s->id_key);
	s->expire_at_ns = clock_now_ns() + options->groups.expiry_interval_ms * NS_PER_MS;
	int log = offsets_log_init(&s->log, options->writers, options->writer_count,
				   options->sender);
	int load = group_load_init(&s->load);
	s->groups = groups_create(&groups, clock_now_ns());
	if (log == 0 && load == 0 && s->groups)
		return true;
	group_service_fini(s);
	return false;
}

void group_service_fini(struct group_service *s)
{
	group_store_forget(s);
	groups_destroy(s->groups);
	group_load_fini(&s->load);
	offsets_log_fini(&s->log);
}

/* ---- a turn ----------------------------------------------------------------------------- */

void group_service_begin(struct group_service *s, struct moment now, const struct topics *topics)
{
	s->now = now;
	s->topics = topics;
	offsets_log_look(&s->log, topics);
}

void group_service_take(struct group_service *s, struct handoff_msg *msg)
{
	if (msg->kind == HANDOFF_READ) {
		group_load_take(s, container_of(msg, struct read_list, msg));
		return;
	}
	require(msg->kind == HANDOFF_APPEND);
	group_store_back(s, container_of(msg, struct append_msg, msg));
}

void group_service_settle(struct group_service *s)
{
	group_store_settle(s);
}

static bool take_due(struct group_service *s)
{
	unsigned count = 0;
	while (count < DUE_PER_TURN && groups_turn(s->groups, s->now.ns)) {
		group_store_settle(s);
		count++;
	}
	return count > 0;
}

bool group_service_turn(struct group_service *s)
{
	bool found = take_due(s);
	found |= group_load_step(s);
	found |= group_expire_turn(s);
	offsets_log_send(&s->log);
	return found;
}

uint64_t group_service_idle_ns(const struct group_service *s, uint64_t now_ns, uint64_t limit_ns)
{
	uint64_t left_ns = s->expire_at_ns > now_ns ? s->expire_at_ns - now_ns : 0;
	if (s->log.count > 0)
		limit_ns = min_u64(limit_ns, left_ns);
	return groups_idle_ns(s->groups, now_ns, limit_ns);
}

/* ---- where a group is stored ------------------------------------------------------------ */

int16_t group_service_find(struct group_service *s, struct bytes group_id,
			   struct offsets_partition **ret)
{
	struct offsets_partition *p = offsets_log_partition(&s->log, group_id);
	*ret = p;
	if (!p) {
		if (s->options->wish)
			topic_wish_make(s->options->wish);
		return KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE;
	}
	switch (p->state) {
	case OFFSETS_READ: return KAFKA_ERROR_NONE;
	case OFFSETS_UNREAD: return KAFKA_ERROR_COORDINATOR_LOAD_IN_PROGRESS;
	default: return KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE;
	}
}
