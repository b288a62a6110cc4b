/* parked_commit.h - a request that waits for its records to be durable, with both answers that it
 * may get.
 *
 *     parked_seal: the answer when they are, the one when they are not ─▶ parked_commit_take
 *         ─▶ offsets_log_wait ─▶ ... ─▶ parked_commit_answer: one of the two
 *
 * Core: coordinator. Limits: parking.h; what the answers take is part of it.
 */
#ifndef PENSTOCK_PARKED_COMMIT_H
#define PENSTOCK_PARKED_COMMIT_H

#include "control/coordinator/group_service.h"

struct parked_commit {
	struct parked parked;
	struct offsets_wait wait;
	size_t stored_bytes; /* the answer when it is durable, then the one when it is not */
	size_t failed_bytes;
	uint8_t answers[];
};

/* An answer that is encoded before it is known whether it is the one. */
struct sealed {
	uint8_t *bytes; /* from malloc; null: no memory */
	size_t size;
};

struct sealed parked_seal(struct kafka_request *r, const struct kafka_message *m,
			  const void *answer);

/* Copies the answers, and frees them. Null: too many wait, or there is no memory. */
struct parked_commit *parked_commit_take(struct kafka_request *r, struct sealed *give_stored,
					 struct sealed *give_failed);
void parked_commit_answer(struct group_service *s, struct parked_commit *give, bool is_stored);

#endif
