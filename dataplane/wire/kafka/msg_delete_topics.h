/* msg_delete_topics.h - DeleteTopics, versions 1 to 6: topics by name, in the last by name or by
 * id.
 */
#ifndef PENSTOCK_MSG_DELETE_TOPICS_H
#define PENSTOCK_MSG_DELETE_TOPICS_H

#include "dataplane/wire/kafka/kafka_schema.h"

struct delete_topics_request_topic {
	struct bytes name;                  /* null: asked by id */
	uint8_t topic_id[KAFKA_UUID_BYTES]; /* zero: asked by name */
};

struct delete_topics_request {
	kafka_array(struct delete_topics_request_topic) topics; /* since 6 */
	kafka_array(struct bytes) topic_names;                  /* before 6 */
	int32_t timeout_ms;
};

struct delete_topics_topic {
	struct bytes name;                  /* null since 6: asked by an id nobody has */
	uint8_t topic_id[KAFKA_UUID_BYTES]; /* since 6 */
	int16_t error_code;
	struct bytes error_message; /* since 5; may be null */
};

struct delete_topics_response {
	int32_t throttle_time_ms;
	kafka_array(struct delete_topics_topic) responses;
};

extern const struct kafka_message delete_topics_request;
extern const struct kafka_message delete_topics_response;

#endif
