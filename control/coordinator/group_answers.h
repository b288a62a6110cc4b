/* group_answers.h - members that wait for their group, and their answers as clients read them.
 *
 *     parked_member_take ─▶ groups_join, groups_sync ─▶ ... ─▶ group_answers_send ─▶ SEND
 *
 * A join or sync is always parked: many wait, and those that do not are answered in the same turn.
 *
 * Core: coordinator. Limits: parking.h.
 */
#ifndef PENSTOCK_GROUP_ANSWERS_H
#define PENSTOCK_GROUP_ANSWERS_H

#include "control/coordinator/group_service.h"

struct parked_member {
	struct parked parked;
	struct group_waiter waiter;
	const struct kafka_api_row *row;
	int16_t version;
	int32_t correlation_id;
};

/* Null: too many wait. */
struct parked_member *parked_member_take(struct group_service *s, const struct kafka_request *r);

/* Encodes and sends all answers that the groups have given. */
void group_answers_send(struct group_service *s);

#endif
