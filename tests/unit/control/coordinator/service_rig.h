/* service_rig.h - for tests: a coordinator between a poller's rings and a writer that is a list of
 * batches in memory; a clock.
 *
 *     struct join_group_response r;
 *     rig_ask(KAFKA_API_JOIN_GROUP, 9, &join_group_request, &q);
 *     rig_answer(&join_group_response, &r)      false: it waits
 *
 * The writer stores what comes when it is not held. A coordinator that is started again finds what
 * it stored, as after a kill -9. Core: the test's.
 */
#ifndef PENSTOCK_TESTS_SERVICE_RIG_H
#define PENSTOCK_TESTS_SERVICE_RIG_H

#include "control/calls/id_blocks.h"
#include "control/calls/topic_wish.h"
#include "control/coordinator/coordinator.h"
#include "dataplane/wire/kafka/kafka_apis.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/kafka/kafka_schema.h"
#include "dataplane/wire/kafka/msg_find_coordinator.h"

enum {
	RIG_PARTITIONS = 3,       /* of __consumer_offsets */
	RIG_TOPIC_PARTITIONS = 4, /* of "t" */
	RIG_PORT = 9094,
	RIG_NODE = 7,
	RIG_DELAY_MS = 3000,
	RIG_SESSION_MS = 10000,
	RIG_METADATA_MAX = 64,
	RIG_RETENTION_MS = 60000,
	RIG_ID_BLOCK = 10,
};

void service_rig_start(void);
void service_rig_stop(void);

/* What a batch of __consumer_offsets may have; set before a start. */
extern uint32_t rig_message_bytes_max;
/* Without a topic to begin with; and now there is one. */
void service_rig_start_without_topic(void);
void rig_make_topic(void);
/* The topic of offsets takes no larger batches from now on. */
void rig_limit_batches(uint32_t bytes);
extern struct topic_wish rig_wish;

/* Producer ids: control grants what was wished for, a block that begins with `first`. */
extern struct id_blocks rig_ids;
void rig_grant_ids(int64_t first);

/* The coordinator is gone, and another begins with what the writer has stored. */
void rig_start_again(void);

/* Time passes, and is looked at. */
void rig_pass_ms(uint64_t ms);

/* The request goes to the coordinator, which takes it. */
void rig_ask(int key, int version, const struct kafka_message *m, const void *request);
/* The same of a body of any bytes. */
void rig_ask_bytes(int key, int version, struct bytes body);
/* All answers there are go, and connections that end. */
void rig_drop_answers(void);
/* The next answer, in the order in which they come. False: there is none. A reply and a SEND are
 * the same here. */
bool rig_answer(const struct kafka_message *m, void *ret);
/* Both; it is answered. */
void rig_call(int key, int version, const struct kafka_message *request, const void *q,
	      const struct kafka_message *response, void *ret);

/* Who coordinates "g" of this type. */
struct find_coordinator_one rig_find(int8_t type);

/* The writer: appends, or reads, wait while it is held; each append fails with this error, until it
 * is 0. */
extern bool rig_is_held;
extern bool rig_holds_reads;
extern int16_t rig_append_error;
extern unsigned rig_appends; /* that it has answered */
extern unsigned rig_reads;
/* What it holds of all partitions. */
size_t rig_stored_bytes(void);
/* A byte of what is stored is another from now on. */
void rig_spoil(uint32_t partition, size_t at);

/* The last line for the operator. */
extern char rig_said[256];

static inline struct bytes rig_text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, s ? strlen(s) : 0};
}

static inline bool rig_is(struct bytes b, const char *s)
{
	return b.size == strlen(s) && memcmp(b.data, s, b.size) == 0;
}

#endif
