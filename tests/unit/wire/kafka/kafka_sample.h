/* kafka_sample.h - any Kafka message filled from a number, and compared, by its own table.
 *
 * The tests that must hold for every message in every version are written once over this.
 */
#ifndef PENSTOCK_TESTS_KAFKA_SAMPLE_H
#define PENSTOCK_TESTS_KAFKA_SAMPLE_H

#include "dataplane/wire/kafka/kafka_apis.h"
#include "dataplane/wire/kafka/kafka_schema.h"

enum { SAMPLE_STRUCT_BYTES_MAX = 256, SAMPLE_ARENA_BYTES = 1 << 18 };

/* Every message we have, with the versions it must hold for. */
struct sample_message {
	const struct kafka_message *message;
	int version_min;
	int version_max;
};

extern const struct sample_message sample_messages[];
extern const unsigned sample_messages_count;

/* Fills *out: values from *seed, nulls and empty arrays where the version allows them. */
void sample_fill(const struct kafka_struct *s, int version, uint32_t *seed,
		 struct kafka_arena *arena, void *out);

/* Fills *out so that its table can be read back from it: a string is the name of its field, an
 * integer that name's length, a flag true, an array one item; an id is zero. */
void sample_name(const struct kafka_struct *s, struct kafka_arena *arena, void *out);

/* Null when `got` is `want` as far as `version` carries it, and the default elsewhere; else
 * the name of the first field that is not. */
const char *sample_difference(const struct kafka_struct *s, int version, const void *want,
			      const void *got);

#endif
