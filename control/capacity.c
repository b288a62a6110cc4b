/* capacity.c - settings and memory in, limits that were left open out; see capacity.h. */
#include "control/capacity.h"
#include "dataplane/base/base.h"

#include <stdio.h>
#include <unistd.h>

enum {
	RECEIVE_BYTES_EACH = 4096,
	MEMORY_SHARE = 8,
	ANSWERS_MIN = 65536,
	ANSWERS_MAX = 1 << 20,
};

#define RECEIVE_BYTES_MIN (64ull << 20)

/* Few connections still get 64 MiB, with which each may open a wide window; many share an
 * eighth of the memory at most. */
static uint64_t receive_memory(const struct settings *s, uint64_t memory_bytes)
{
	uint64_t wanted = (uint64_t)s->tcp.connections_max * RECEIVE_BYTES_EACH;
	uint64_t most = max_u64(memory_bytes / MEMORY_SHARE, RECEIVE_BYTES_MIN);
	return min_u64(max_u64(wanted, RECEIVE_BYTES_MIN), most);
}

struct capacity capacity_of(const struct settings *s, uint64_t memory_bytes)
{
	uint32_t answers = max_u32(s->tcp.connections_max, ANSWERS_MIN);
	struct capacity l = {
		.receive_memory_bytes = s->receive_memory_bytes,
		.answers_max = s->answers_max,
	};
	if (l.receive_memory_bytes == 0)
		l.receive_memory_bytes = receive_memory(s, memory_bytes);
	if (l.answers_max == 0)
		l.answers_max = min_u32(answers, ANSWERS_MAX);
	return l;
}

/* The limit of the control group, a container's above all; without one memory is what the
 * machine has. */
static uint64_t group_memory_bytes(void)
{
	unsigned long long bytes = UINT64_MAX;
	FILE *file = fopen("/sys/fs/cgroup/memory.max", "re");
	if (!file)
		return bytes;
	if (fscanf(file, "%llu", &bytes) != 1)
		bytes = UINT64_MAX; /* "max" */
	fclose(file);
	return bytes;
}

uint64_t capacity_memory_bytes(void)
{
	uint64_t pages = (uint64_t)sysconf(_SC_PHYS_PAGES);
	return min_u64(pages * (uint64_t)sysconf(_SC_PAGESIZE), group_memory_bytes());
}

void capacity_print(const struct settings *s, const struct capacity *l)
{
	uint64_t each = l->receive_memory_bytes / (uint64_t)s->tcp.connections_max;
	fprintf(stderr,
		"penstockd: up to %lu connections, which share %lu MiB of receive memory (%lu "
		"bytes each); up to %u answers owed at a time\n",
		(unsigned long)s->tcp.connections_max, l->receive_memory_bytes >> 20, each,
		l->answers_max);
}
