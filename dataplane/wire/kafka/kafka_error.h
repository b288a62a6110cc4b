/* kafka_error.h - the error codes of the Kafka protocol: number and official name.
 *
 * One table, kafka_error.def, makes both the enum and the names; a code is an int16 on the
 * wire. Clients act on the number alone (retry, refresh metadata, give up), so the choice of
 * a code is part of a handler's contract and never improvised.
 */
#ifndef PENSTOCK_KAFKA_ERROR_H
#define PENSTOCK_KAFKA_ERROR_H

#include <stddef.h>

enum kafka_error {
#define KAFKA_ERROR(name, code) KAFKA_ERROR_##name = (code),
#include "dataplane/wire/kafka/kafka_error.def"
#undef KAFKA_ERROR
};

/* "NOT_LEADER_OR_FOLLOWER"; null for a number that is no code. For logs and tests. */
static inline const char *kafka_error_name(int code)
{
	switch (code) {
#define KAFKA_ERROR(name, number) case number: return #name;
#include "dataplane/wire/kafka/kafka_error.def"
#undef KAFKA_ERROR
	}
	return NULL;
}

#endif
