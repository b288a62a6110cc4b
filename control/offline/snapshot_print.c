/* snapshot_print.c - the path of a .snapshot file in, its entries on stdout; see
 * snapshot_print.h. */
#include "control/offline/snapshot_print.h"
#include "dataplane/store/disk_files.h"
#include "dataplane/store/producer_snapshot.h"

#include <stdio.h>
#include <stdlib.h>

static void print_entry(struct bytes file, uint32_t i)
{
	struct producer p;
	bool has_batch = snapshot_entry(file, i, &p);
	const struct producer_batch *b = producer_newest(&p);
	printf("  producer %lld epoch %d", (long long)p.id, p.epoch);
	if (has_batch)
		printf(" last sequence %d last offset %lld offset delta %d time %lld",
		       b->last_sequence, (long long)b->last_offset, b->offset_delta,
		       (long long)b->timestamp);
	putchar('\n');
}

int snapshot_print(struct disk *d, const char *path)
{
	char *data = NULL;
	struct bytes file;
	int error = disk_read_file(d, path, SNAPSHOT_BYTES_MAX, &data, &file.size);
	if (error)
		return error;
	file.data = (const uint8_t *)data;
	int64_t count = snapshot_check(file);
	if (count < 0)
		printf("%s: damaged, the next start passes it over\n", path);
	else
		printf("%s: %lld batches of producers\n", path, (long long)count);
	for (int64_t i = 0; i < count; i++)
		print_entry(file, (uint32_t)i);
	free(data);
	return 0;
}
