/* kafka_topic.h - the topic a produce request is at, through changes of the snapshot.
 *
 * A request is received over many turns, and a snapshot is good for one: what was found is
 * kept with its version, and looked up again by what the request calls it, which lies in the
 * answer's bytes: its name, since Produce 13 its id.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_KAFKA_TOPIC_H
#define PENSTOCK_KAFKA_TOPIC_H

#include "dataplane/kafka/kafka_batch_check.h"
#include "dataplane/kafka/kafka_session.h"

struct topic;
struct topics;

/* The request has come to this topic; `name` or id. */
void kafka_topic_look_up(const struct topics *topics, struct kafka_session *ks,
			 struct bytes name);

/* The topic of the partition being received as the snapshot of this turn has it, or null. */
const struct topic *kafka_topic(const struct topics *topics, struct kafka_session *ks);

/* What is wrong when there is none, or BATCH_GOOD. */
enum batch_verdict kafka_topic_fault(const struct topics *topics, struct kafka_session *ks);

#endif
