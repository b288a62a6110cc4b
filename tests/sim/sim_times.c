/* sim_times.c - log files of one partition in, times of their records out; see sim_times.h. */
#include "tests/sim/sim_times.h"
#include "tests/sim/sim_checker.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_gateway.h"
#include "tests/sim/sim_start.h"

#include <stdio.h>
#include <stdlib.h>

struct walk {
	const char *topic;
	int32_t partition;
	int64_t timestamp, until;
	int64_t log_start;
	bool is_begun;
	struct sim_times *ret;
};

static void take_record(void *arg, const struct found_record *r)
{
	const struct walk *w = arg;
	struct sim_times *t = w->ret;
	if (r->offset < w->log_start)
		return;
	if (t->first < 0 && r->timestamp >= w->timestamp) {
		t->first = r->offset;
		t->time = r->timestamp;
	}
	if (r->offset < w->until && r->timestamp > t->newest)
		t->newest = r->timestamp;
}

/* The next batch is not written yet where the walk stops; segments behind it do not count. */
static void take_segment(void *arg, const char *path)
{
	struct walk *w = arg;
	size_t n = strlen(path);
	int64_t base = strtoll(strrchr(path, '/') + 1, NULL, 10);
	if (n < 4 || strcmp(path + n - 4, ".log") != 0)
		return;
	if (!w->is_begun && base <= w->log_start)
		w->ret->end = base;
	w->is_begun = true;
	if (base != w->ret->end)
		return;
	struct bytes log;
	log.data = sim_fs_read(sim_world()->fs, path, &log.size);
	for (struct checker_batch b;
	     checker_batch(log, &b) && b.base_offset == w->ret->end;) {
		checker_records(w->topic, w->partition, (struct bytes){b.bytes, b.size},
				take_record, w);
		w->ret->end = b.last_offset + 1;
		log = (struct bytes){log.data + b.size, log.size - b.size};
	}
}

void sim_times_read(const char *log_dir, const char *topic, int32_t partition,
		    int64_t timestamp, int64_t until, struct sim_times *ret)
{
	char directory[256];
	*ret = (struct sim_times){.first = -1, .time = -1, .newest = -1};
	struct walk w = {.topic = topic,
			 .partition = partition,
			 .timestamp = timestamp,
			 .until = until,
			 .log_start = sim_log_start(topic, partition),
			 .ret = ret};
	snprintf(directory, sizeof directory, "%s/%s-%d", log_dir, topic, partition);
	sim_fs_each(sim_world()->fs, directory, take_segment, &w);
	snprintf(directory, sizeof directory, SIM_LOG_DIR_SECOND "/%s-%d", topic, partition);
	sim_fs_each(sim_world()->fs, directory, take_segment, &w);
}
