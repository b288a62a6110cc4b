/* sim_start.c - the checkpoint of starts in, one partition's out; see sim_start.h. */
#include "tests/sim/sim_start.h"
#include "tests/sim/sim_clients.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_gateway.h"

#include <stdio.h>
#include <stdlib.h>

/* "0", the number of lines, then "topic partition offset". */
static int64_t start_in(const char *checkpoint, const char *topic, int32_t partition)
{
	char line[128];
	struct bytes file;
	file.data = sim_fs_read(sim_world()->fs, checkpoint, &file.size);
	int n = snprintf(line, sizeof line, "\n%s %d ", topic, partition);
	const uint8_t *at = file.data ? memmem(file.data, file.size, line, (size_t)n) : NULL;
	if (!at)
		return 0;
	at += n;
	snprintf(line, sizeof line, "%.*s",
		 (int)min_size(sizeof line - 1, (size_t)(file.data + file.size - at)),
		 (const char *)at);
	return strtoll(line, NULL, 10);
}

/* A line that is not of the partition's own log directory says 0. */
int64_t sim_log_start(const char *topic, int32_t partition)
{
	return max_i64(start_in(SIM_LOG_DIR "/log-start-offset-checkpoint", topic, partition),
		       start_in(SIM_LOG_DIR_SECOND "/log-start-offset-checkpoint", topic,
				partition));
}
