/* group_expire.c - groups and time in, the ends of old offsets out; see group_expire.h. */
#include "control/coordinator/group_expire.h"
#include "control/coordinator/coordinator.h"
#include "control/coordinator/group_store.h"

#define REST_NS NS_PER_S

/* One look at all groups. */
struct expiry {
	struct group_service *s;
	int64_t retention_ms;
	unsigned found;
	bool is_full; /* there was no room for the end of one */
};

static bool is_over(const struct expiry *e, const struct group_view *g,
		    const struct group_offset *o)
{
	int64_t wall_ms = e->s->now.wall_ms;
	int64_t empty_ms = ((int64_t)e->s->now.ns - g->empty_ns) / (int64_t)NS_PER_MS;
	if (o->expire_ms >= 0)
		return wall_ms >= o->expire_ms;
	return wall_ms - o->commit_ms >= e->retention_ms &&
	       (!g->protocol_type.data || empty_ms >= e->retention_ms);
}

static void expire_topic(struct expiry *e, const struct group_view *g,
			 struct offsets_partition *where, const struct group_topic *topic)
{
	struct group_topic_view view = group_topic_view(topic);
	for (uint32_t i = 0; i < view.count && !e->is_full; i++) {
		const struct group_offset *o = &view.offsets[i];
		struct group_record_key key = {g->id, view.name, o->partition};
		if (!is_over(e, g, o))
			continue;
		e->is_full = !offsets_log_has_room(&e->s->log, where,
						   group_store_offset_bytes(&key, NULL)) ||
			     !group_store_offset(e->s, where, group_service_scratch(e->s), &key,
						 NULL);
		e->found += !e->is_full;
	}
}

static void expire_group(struct expiry *e, const struct group *group)
{
	struct group_view view = group_view(group);
	struct offsets_partition *where = offsets_log_partition(&e->s->log, view.id);
	if (view.state != GROUP_EMPTY || where->state != OFFSETS_READ)
		return;
	for (const struct group_topic *t = NULL;
	     !e->is_full && (t = group_topic_next(group, t));)
		expire_topic(e, &view, where, t);
}

bool group_expire_turn(struct group_service *s)
{
	const struct group_settings *settings = &s->options->groups;
	if (s->now.ns < s->expire_at_ns || s->log.count == 0)
		return false;
	struct expiry e = {.s = s, .retention_ms = settings->retention_minutes * INT64_C(60000)};
	for (const struct group *g = NULL; !e.is_full && (g = groups_next(s->groups, g));)
		expire_group(&e, g);
	s->expire_at_ns =
		s->now.ns + (e.is_full ? REST_NS : settings->expiry_interval_ms * NS_PER_MS);
	return e.found > 0;
}
