/* kafka_waiting.h - a request that waits at control, and is handled once more, as if it came then,
 * when what it waits for is over.
 *
 *     kafka_waiting_take ─▶ parked ─ ... ─▶ on its source's list of those that are over
 *         ─▶ kafka_api: handled from its bytes ─▶ parking_answer
 *
 * Core: control. Ownership: the block is the parking's (parking.h), which bounds them.
 */
#ifndef PENSTOCK_KAFKA_WAITING_H
#define PENSTOCK_KAFKA_WAITING_H

#include "control/calls/kafka_request.h"
#include "control/calls/parking.h"

struct kafka_waiting {
	struct parked parked;
	struct list node; /* its source's */
	struct bytes request;
	uint8_t listener;
	/* What it has waited for, which its handler is to know; null: not for that. */
	const struct kafka_parked *parked_for;
	struct kafka_change *change;
	struct errand *errand;
};

/* A zeroed block of `size` bytes, a struct kafka_waiting first, and the request's bytes behind it;
 * null: as much is parked as may be. */
void *kafka_waiting_take(struct parking *p, const struct kafka_request *r, size_t size);
/* The same name, in the bytes that are kept. */
struct bytes kafka_waiting_name(const struct kafka_waiting *w, const struct kafka_request *r,
				struct bytes name);

#endif
