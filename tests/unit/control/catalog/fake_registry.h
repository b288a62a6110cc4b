/* fake_registry.h - the registry as the Kafka handlers see it: a few topics, jobs that end
 * when the test says so. */
#ifndef PENSTOCK_TESTS_FAKE_REGISTRY_H
#define PENSTOCK_TESTS_FAKE_REGISTRY_H

#include "control/catalog/registry.h"
#include "dataplane/store/log_dir.h"

enum { FAKE_TOPICS_MAX = 128, FAKE_PARTITIONS_MAX = 16, FAKE_JOBS_MAX = 4096 };

enum fake_job_kind { FAKE_CREATE, FAKE_ALTER, FAKE_DELETE, FAKE_ALTER_SETTINGS, FAKE_ERRAND };

struct fake_job {
	enum fake_job_kind kind;
	char name[TOPIC_NAME_BYTES_MAX + 1];
	bool has_id;
	uint8_t id[16];
	registry_done done;
	void *owner;
	bool is_automatic;
	bool validate_only;
	int32_t partitions;
	int32_t replication_factor;
	char settings[256];    /* as they came: "key=value;key;" */
	enum live_scope scope; /* of the gateway's own settings */
	bool replaces;
	enum registry_errand errand;
	struct registry_part *parts; /* from malloc */
	uint32_t part_count;
};

struct registry {
	struct registry_topic topics[FAKE_TOPICS_MAX];
	struct partition_ref refs[FAKE_TOPICS_MAX][FAKE_PARTITIONS_MAX];
	unsigned count;
	struct log_marks marks; /* of every partition */
	bool has_offline;       /* partition 0 of every topic */
	const struct log_dir *dirs; /* the test's; partitions lie in them in turn */
	unsigned dir_count;
	bool is_swapping;       /* every partition */
	struct fake_job jobs[FAKE_JOBS_MAX];
	unsigned jobs_count;
	uint32_t producers; /* that each partition has: ids from 100 x its number on */
	struct settings started;
	struct live_settings live;
};

/* The gateway's own settings as they are by default; once, before anybody asks. */
void fake_registry_init(struct registry *r);

void fake_registry_add(struct registry *r, const char *name, uint32_t partitions);
/* Ends the oldest job: when `error` is none, the topic is there, has its partitions or is gone. */
void fake_registry_end_job(struct registry *r, int16_t error);
/* Another than the oldest, which is number 0. */
void fake_registry_end_job_at(struct registry *r, unsigned i, int16_t error);

#endif
