/* gateway_files.c - what the process may open and lock in, each writer's share of it out; see
 * gateway_files.h. */
#include "control/gateway_files.h"
#include "control/open_files.h"

#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>

enum {
	/* Kept for the control socket and its clients, disks, cores, and control's own files. */
	FILES_RESERVED = 256,
	FILES_OF_WRITER_MIN = 16,
	FILES_OF_WRITER_MAX = 4 * PARTITIONS_MAX,
	/* What DPDK and its port open beside huge pages. */
	FILES_OF_DPDK = 32,
};

unsigned gateway_files_kept(const struct gateway *g)
{
	return FILES_RESERVED + FILES_OF_DPDK + g->plan.writer_count * FILES_OF_WRITER_MIN;
}

/* Whether `needed` may be open at a time. */
static int check(const struct rlimit *limit, unsigned needed)
{
	if (limit->rlim_cur >= needed)
		return 0;
	fprintf(stderr,
		"penstockd: %llu open files are too few, %u are needed: raise the limit "
		"(ulimit -n, LimitNOFILE=)\n",
		(unsigned long long)limit->rlim_cur, needed);
	return BOOT_SAID;
}

static int raise_limit(int resource, struct rlimit *ret)
{
	if (getrlimit(resource, ret) != 0)
		return -errno;
	ret->rlim_cur = ret->rlim_max;
	return setrlimit(resource, ret) != 0 ? -errno : 0;
}

/* Writers share open files; the more stay open, the fewer are opened anew. Locked memory is
 * for the rings of net_af_packet. Said before DPDK starts, which would call either a lack of
 * memory. */
int gateway_files_raise(void *gateway)
{
	struct gateway *g = gateway;
	struct rlimit files, locked;
	int error = raise_limit(RLIMIT_MEMLOCK, &locked);
	if (!error)
		error = raise_limit(RLIMIT_NOFILE, &files);
	return error ? error : check(&files, open_files() + gateway_files_kept(g));
}

/* What the process may open beyond what it has open now, DPDK's pages too, in equal parts. */
int gateway_files_share(struct gateway *g)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return -errno;
	unsigned writers = g->plan.writer_count, kept = open_files() + FILES_RESERVED;
	int error = check(&limit, kept + writers * FILES_OF_WRITER_MIN);
	if (error)
		return error;
	uint64_t share = (limit.rlim_cur - kept) / writers;
	g->writer_descriptors = (uint32_t)min_u64(share, FILES_OF_WRITER_MAX);
	return 0;
}
