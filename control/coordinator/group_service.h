/* group_service.h - groups between pollers and writers: the state machine, what is stored of it,
 * and who waits for either.
 *
 *     call ─▶ handler ─▶ groups_...() ─▶ answered ──────────────▶ SEND
 *                │            └───────▶ unwritten ─┐
 *                └─ a commit's records ────────────┴▶ offsets_log ─▶ writer
 *     SEND ◀─ groups_commit, groups_written ◀─ durable ◀──────────────┘
 *
 *     group_service.c    made, turned, ended: completions and time in
 *     group_store.c      groups ─▶ records ─▶ groups: what is durable is what is seen
 *     group_load.c       what was stored before, in pieces
 *     group_expire.c     offsets that are old
 *     group_requests.c   JoinGroup, SyncGroup, Heartbeat, LeaveGroup
 *     offset_commit.c, offset_fetch.c, offset_delete.c  one each
 *     group_admin.c      DescribeGroups, ListGroups, DeleteGroups
 *
 * A commit is seen, and answered, when its batch is durable: it is then read from the batch as it
 * would be after a start, so that what a start finds is what was answered.
 *
 * Core: coordinator. Ownership: `scratch` is its caller's, and nobody's between two calls: whoever
 * encodes or reads records uses it. Limits: those of groups.h, offsets_log.h and parking.h.
 */
#ifndef PENSTOCK_GROUP_SERVICE_H
#define PENSTOCK_GROUP_SERVICE_H

#include "control/calls/kafka_request.h"
#include "control/calls/parking.h"
#include "control/calls/topic_wish.h"
#include "control/coordinator/group_load.h"
#include "control/coordinator/groups/groups.h"
#include "control/coordinator/offsets_log.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/stats.h"

struct coordinator_options;

struct group_service {
	const struct coordinator_options *options;
	struct parking *parking;
	struct stats *stats;
	struct groups *groups;
	struct offsets_log log;
	struct group_load load;
	struct bytes scratch_room; /* COORDINATOR_ARENA_BYTES */
	struct siphash_key id_key; /* of the ids that members are given */
	uint64_t ids_given;
	uint64_t expire_at_ns; /* the next look at old offsets (group_expire.h) */
	/* Of this turn. */
	struct moment now;
	const struct topics *topics; /* null: there is no snapshot yet */
};

/* False: no memory. Options, parking and stats are the coordinator's, and outlive it. */
bool group_service_init(struct group_service *s, const struct coordinator_options *options,
			struct parking *parking, struct stats *stats, struct bytes scratch);
/* Who still waits is forgotten: before the parking goes. */
void group_service_fini(struct group_service *s);

/* A turn begins, with its time and snapshot. */
void group_service_begin(struct group_service *s, struct moment now, const struct topics *topics);
/* What a writer gives back. */
void group_service_take(struct group_service *s, struct handoff_msg *msg);
/* All calls that were in the rings when the turn began have been taken: what is due by then.
 * True when anything was. */
bool group_service_turn(struct group_service *s);
/* What the last call to the groups has decided: answers go, states are stored. */
void group_service_settle(struct group_service *s);

/* How long nothing is due. */
uint64_t group_service_idle_ns(const struct group_service *s, uint64_t now_ns, uint64_t limit_ns);

/* Where the group is stored; an error that says why it cannot be asked for now: there is no such
 * topic yet, and it is wished for, or it is not read yet. */
int16_t group_service_find(struct group_service *s, struct bytes group_id,
			   struct offsets_partition **ret);

/* Memory for one answer or one record, good until it is asked for again. */
static inline struct kafka_arena group_service_scratch(const struct group_service *s)
{
	return kafka_arena_of((void *)(uintptr_t)s->scratch_room.data, s->scratch_room.size);
}

#endif
