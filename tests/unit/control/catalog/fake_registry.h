/* fake_registry.h - the registry as the Kafka handlers see it: a few topics, jobs that end
 * when the test says so. */
#ifndef PENSTOCK_TESTS_FAKE_REGISTRY_H
#define PENSTOCK_TESTS_FAKE_REGISTRY_H

#include "control/catalog/registry.h"

enum { FAKE_TOPICS_MAX = 128, FAKE_PARTITIONS_MAX = 16 };

struct fake_job {
	char name[TOPIC_NAME_BYTES_MAX + 1];
	registry_done done;
	void *owner;
	bool is_automatic;
	int32_t partitions;
};

struct registry {
	struct registry_topic topics[FAKE_TOPICS_MAX];
	struct partition_ref refs[FAKE_TOPICS_MAX][FAKE_PARTITIONS_MAX];
	unsigned count;
	struct log_marks marks; /* of every partition */
	bool has_offline;       /* partition 0 of every topic */
	struct fake_job jobs[FAKE_TOPICS_MAX];
	unsigned jobs_count;
};

void fake_registry_add(struct registry *r, const char *name, uint32_t partitions);
/* Ends the oldest job: the topic is there when `error` is none. */
void fake_registry_end_job(struct registry *r, int16_t error);

#endif
