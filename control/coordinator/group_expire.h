/* group_expire.h - committed offsets that nobody has needed for long: looked for now and then, and
 * forgotten on the disk first.
 *
 *     each group without members ─▶ its old offsets ─▶ records of their ends ─▶ offsets_log
 *                       groups_forget_offset ◀── durable ◀── group_store_back ◀──────┘
 *
 * As Kafka's (KIP-211): what a group of members has committed is kept for
 * offsets.retention.minutes from the moment it became empty, what somebody commits for himself
 * from the commit on. A group whose last offset goes is forgotten with the groups' own timer.
 *
 * Core: coordinator. Limits: one walk over all offsets every offsets.retention.check.interval.ms;
 * what finds no room among the commits waits a second.
 */
#ifndef PENSTOCK_GROUP_EXPIRE_H
#define PENSTOCK_GROUP_EXPIRE_H

#include "control/coordinator/group_service.h"

/* Looks for them when it is time; true when it found any. */
bool group_expire_turn(struct group_service *s);

#endif
