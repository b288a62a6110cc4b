/* groups_rig.h - for tests: clients of one group, a clock, and a disk that stores when it is told
 * to.
 *
 *     struct client a = client_of("a");
 *     rig_join(&a);  rig_pass_ms(3000);  a.generation == 1
 *
 * After every call what was answered is copied into its client, and what is to be stored is
 * stored at once, unless the disk is held. Core: the test's.
 */
#ifndef PENSTOCK_TESTS_GROUPS_RIG_H
#define PENSTOCK_TESTS_GROUPS_RIG_H

#include "control/coordinator/groups/groups.h"

enum {
	RIG_TEXT_BYTES = 512,
	RIG_PROTOCOLS_MAX = 40,
	RIG_WRITES_MAX = 64,
	RIG_DELAY_MS = 3000,
	RIG_SESSION_MS = 10000,
	RIG_REBALANCE_MS = 60000,
};

struct client {
	struct group_waiter waiter;
	const char *client_id;
	const char *instance_id; /* null: dynamic */
	const char *group_id;
	const char *type;
	struct group_protocol protocols[RIG_PROTOCOLS_MAX];
	int32_t protocols_count;
	int32_t session_ms;
	int32_t rebalance_ms;
	bool is_old; /* before version 4: it is a member at once */
	bool may_skip;
	bool is_waiting;
	unsigned answers;
	/* The last answer, and what is sent next. */
	int16_t error;
	int32_t generation;
	bool skips;
	char member_id[RIG_TEXT_BYTES];
	char leader[RIG_TEXT_BYTES];
	char protocol[RIG_TEXT_BYTES];
	char assignment[RIG_TEXT_BYTES];
	int32_t members; /* that it was told of */
	char metadata[RIG_TEXT_BYTES]; /* of the first of them */
};

struct rig_write {
	struct group *group;
	uint32_t number;
	struct group_view view;
};

extern struct groups *groups;
extern struct rig_write rig_writes[RIG_WRITES_MAX]; /* while the disk is held */
extern unsigned rig_writes_count;
extern unsigned rig_stored; /* in all */
extern bool rig_is_held;

void rig_start(void);
void rig_start_with(const struct groups_options *options);
/* Looks for what is left in memory. */
void rig_stop(void);
struct groups_options rig_options(void);

struct bytes rig_text(const char *s);
struct client client_of(const char *client_id);
/* It goes by that member id from now on. */
void client_call(struct client *c, const char *member_id);
void client_protocol(struct client *c, const char *name, const char *metadata);

/* One request as it stands; the client may wait after it. */
void rig_ask_join(struct client *c);
/* Until it is a member or waits: asked for its id, it comes again with it. */
void rig_join(struct client *c);
void rig_sync(struct client *c);
/* As the leader, with an assignment for each: its client's id. */
void rig_assign(struct client *leader, struct client **members, int32_t count);
int16_t rig_heartbeat(const struct client *c);
int16_t rig_leave(const struct client *c);
int16_t rig_commit(const struct client *c);

void rig_pass_ms(uint32_t ms);
/* The same, while these send a heartbeat each second. */
void rig_pass_alive_ms(uint32_t ms, struct client **clients, unsigned count);
/* The first held write comes back. */
void rig_store(int16_t error);

/* A group with its first generation, each with its assignment; the first leads. */
void rig_stable(struct client **clients, int32_t count);
enum group_state rig_state(void);

#endif
