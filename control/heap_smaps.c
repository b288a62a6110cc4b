/* heap_smaps.c - /proc/self/smaps in, bytes of each kind out; see heap.h.
 *
 * Mappings of base/map.h carry the flag "rr" (map.h says why). Of the other anonymous ones,
 * those advised for huge pages ("hg") are the heap's: stacks and DPDK's memory are not.
 */
#include "control/heap.h"

#include <stdio.h>

enum { LINE_BYTES = 512, BYTES_PER_KIB = 1024 };

/* One mapping, as far as its lines have been read. */
struct mapping {
	uint64_t resident_kib;
	uint64_t huge_kib;
	bool is_named; /* a file, [stack], ... */
};

static bool parse_head(const char *line, struct mapping *ret)
{
	unsigned long from, to;
	int name_at = 0;
	if (sscanf(line, "%lx-%lx %*s %*x %*s %*u %n", &from, &to, &name_at) != 2)
		return false;
	*ret = (struct mapping){.is_named =
					line[name_at] != '\0' && line[name_at] != '\n'};
	return true;
}

static void add(const struct mapping *m, const char *flags, struct heap_share *ret)
{
	uint64_t resident = m->resident_kib * BYTES_PER_KIB;
	uint64_t huge = m->huge_kib * BYTES_PER_KIB;
	if (m->is_named)
		return;
	if (strstr(flags, " rr")) {
		ret->connection_bytes += resident;
		ret->connection_huge_bytes += huge;
	} else if (strstr(flags, " hg")) {
		ret->heap_bytes += resident;
		ret->heap_huge_bytes += huge;
	}
}

void heap_read_share(struct heap_share *ret)
{
	*ret = (struct heap_share){0};
	FILE *file = fopen("/proc/self/smaps", "re");
	if (!file)
		return;
	char line[LINE_BYTES];
	struct mapping m = {0};
	while (fgets(line, sizeof line, file)) {
		if (sscanf(line, "Rss: %lu", &m.resident_kib) == 1 ||
		    sscanf(line, "AnonHugePages: %lu", &m.huge_kib) == 1)
			continue;
		if (strncmp(line, "VmFlags:", 8) == 0)
			add(&m, line, ret);
		else
			parse_head(line, &m);
	}
	fclose(file);
}

void heap_start(void)
{
	char words[LINE_BYTES] = "";
	FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "re");
	if (file) {
		if (!fgets(words, sizeof words, file))
			words[0] = '\0';
		fclose(file);
	}
	if (strstr(words, "[never]"))
		fprintf(stderr, "penstockd: warning: transparent huge pages are off: "
				"connections and "
				"heap lie on 4 KiB pages (echo madvise > "
				"/sys/kernel/mm/transparent_hugepage/enabled)\n");
}
