/* leader_epoch.h - which leader a client believes in (KIP-320): there has been only one.
 *
 * A client that has seen an epoch sends it with what it asks of a partition. An older one
 * means that it shall look for the leader again, a newer one that we are behind.
 *
 * Core: any. No state.
 */
#ifndef PENSTOCK_LEADER_EPOCH_H
#define PENSTOCK_LEADER_EPOCH_H

#include "dataplane/wire/kafka/kafka_error.h"

#include <stdint.h>

enum {
	LEADER_EPOCH = 0,           /* of every partition */
	LEADER_EPOCH_UNKNOWN = -1,  /* nobody said, or there is no offset */
};

static inline int16_t leader_epoch_check(int32_t epoch)
{
	if (epoch == LEADER_EPOCH_UNKNOWN || epoch == LEADER_EPOCH)
		return KAFKA_ERROR_NONE;
	return epoch < LEADER_EPOCH ? KAFKA_ERROR_FENCED_LEADER_EPOCH
				    : KAFKA_ERROR_UNKNOWN_LEADER_EPOCH;
}

#endif
