/* eal_memory.c - MiB in; whether they can be had on huge pages out, or why not. */
#include "control/eal_memory.h"
#include "control/open_files.h"

#include <dirent.h>
#include <errno.h>
#include <linux/mman.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* of Linux 5.14 */
#endif

enum { SIZES_MAX = 8, PATH_BYTES = 512, KIB_PER_MIB = 1024, BYTES_PER_KIB = 1024 };

static const char root[] = "/sys/kernel/mm/hugepages";

/* Pages of one size: how many are free, and those of them that were touched. */
struct page_pool {
	uint64_t page_kib;
	uint64_t free;
	uint64_t taken;
	void *memory;
};

struct page_pools {
	struct page_pool pool[SIZES_MAX]; /* the largest pages first, as DPDK takes them */
	unsigned count;
};

static uint64_t read_number(uint64_t page_kib, const char *name)
{
	char path[PATH_BYTES];
	uint64_t value = 0;
	snprintf(path, sizeof path, "%s/hugepages-%lukB/%s", root, page_kib, name);
	FILE *file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%lu", &value) != 1)
		value = 0;
	fclose(file);
	return value;
}

static int larger_first(const void *a, const void *b)
{
	const struct page_pool *x = a, *y = b;
	return x->page_kib < y->page_kib ? 1 : -(x->page_kib > y->page_kib);
}

/* Pages that a mapping has reserved and not touched are among those that the kernel calls free. */
static void list_pools(struct page_pools *ret)
{
	*ret = (struct page_pools){0};
	DIR *directory = opendir(root);
	if (!directory)
		return;
	for (struct dirent *entry; (entry = readdir(directory)) && ret->count < SIZES_MAX;) {
		struct page_pool *p = &ret->pool[ret->count];
		if (sscanf(entry->d_name, "hugepages-%lukB", &p->page_kib) != 1)
			continue;
		uint64_t promised = read_number(p->page_kib, "resv_hugepages");
		p->free = read_number(p->page_kib, "free_hugepages");
		p->free -= min_u64(promised, p->free);
		ret->count++;
	}
	closedir(directory);
	qsort(ret->pool, ret->count, sizeof ret->pool[0], larger_first);
}

static uint64_t bytes_taken(const struct page_pool *p)
{
	return p->taken * p->page_kib * BYTES_PER_KIB;
}

/* Maps and touches the pages of one size; 0 or -errno. A kernel before 5.14 cannot say what a
 * touch would do, and is believed. */
static int pool_take(struct page_pool *p)
{
	int shift = __builtin_ctzl(p->page_kib * BYTES_PER_KIB);
	p->memory = mmap(NULL, bytes_taken(p), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | shift << MAP_HUGE_SHIFT, -1,
			 0);
	if (p->memory == MAP_FAILED) {
		p->memory = NULL;
		return -errno;
	}
	if (madvise(p->memory, bytes_taken(p), MADV_POPULATE_WRITE) != 0 && errno != EINVAL)
		return -errno;
	return 0;
}

/* All of them are held at the same time, as DPDK will hold them, and then given back: this is only
 * to see whether they can be had. */
static int pools_take(struct page_pools *pools)
{
	int error = 0;
	for (unsigned i = 0; i < pools->count && !error; i++)
		if (pools->pool[i].taken)
			error = pool_take(&pools->pool[i]);
	for (unsigned i = 0; i < pools->count; i++)
		if (pools->pool[i].memory)
			munmap(pools->pool[i].memory, bytes_taken(&pools->pool[i]));
	return error;
}

/* Says which pages of which size add up to `mib`; how many there are of them, 0 when all that
 * are free do not. */
static uint64_t pools_choose(struct page_pools *pools, unsigned mib)
{
	uint64_t left_kib = (uint64_t)mib * KIB_PER_MIB, pages = 0;
	for (unsigned i = 0; i < pools->count; i++) {
		struct page_pool *p = &pools->pool[i];
		p->taken = min_u64(p->free, (left_kib + p->page_kib - 1) / p->page_kib);
		left_kib -= min_u64(left_kib, p->taken * p->page_kib);
		pages += p->taken;
	}
	return left_kib ? 0 : pages;
}

static uint64_t mib_free(const struct page_pools *pools)
{
	uint64_t kib = 0;
	for (unsigned i = 0; i < pools->count; i++)
		kib += pools->pool[i].free * pools->pool[i].page_kib;
	return kib / KIB_PER_MIB;
}

static uint64_t files_left(void)
{
	struct rlimit limit = {0};
	getrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur - min_u64(limit.rlim_cur, open_files());
}

bool eal_huge_pages_try(unsigned mib, unsigned files, char *reason, size_t size)
{
	struct page_pools pools;
	list_pools(&pools);
	uint64_t pages = pools_choose(&pools, mib), left = files_left();
	if (!pages) {
		snprintf(reason, size,
			 "%lu MiB of huge pages are free and penstock.memory.mb is %u; reserve "
			 "them: sysctl vm.nr_hugepages=%u",
			 mib_free(&pools), mib, mib / 2 + 1);
		return false;
	}
	if (left < files + pages) {
		snprintf(reason, size,
			 "each of %lu huge pages is an open file, and %lu files are left of "
			 "which %u are kept; raise the limit (ulimit -n, LimitNOFILE=)",
			 pages, left, files);
		return false;
	}
	int error = pools_take(&pools);
	if (!error)
		return true;
	snprintf(reason, size,
		 "%lu MiB of huge pages are free on this host, but this process does not get "
		 "%u of them (%s): raise what its control group allows (hugetlb.2MB.max)",
		 mib_free(&pools), mib,
		 error == -EFAULT ? "touching them would be its end by SIGBUS"
				  : strerror(-error));
	return false;
}
