/* partition_metadata.c - a topic's id into a partition's directory, and out of it. */
#include "control/catalog/partition_metadata.h"
#include "dataplane/store/disk_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { METADATA_BYTES_MAX = 4096 };

static const char metadata_name[] = "partition.metadata";

/* Not synced by itself: nobody is served before the sync of the whole log directory
 * (store_sync). */
int metadata_write(struct disk *d, const char *directory, const uint8_t id[UUID_BYTES])
{
	char id_text[UUID_TEXT_BYTES], text[64], path[PATH_MAX];
	int size = snprintf(text, sizeof text, "version: 0\ntopic_id: %s\n",
			    uuid_format(id, id_text));
	return disk_write_file(d, disk_path(path, directory, metadata_name), text, (size_t)size);
}

int metadata_read(struct disk *d, const char *directory, uint8_t id[UUID_BYTES])
{
	char path[PATH_MAX], *text = NULL;
	int error = disk_read_file(d, disk_path(path, directory, metadata_name),
				   METADATA_BYTES_MAX, &text, NULL);
	if (error)
		return error;
	/* What a power cut leaves of one that was never synced: empty, or zeroes. */
	if (!text[0])
		error = -ENOENT;
	const char *at = strstr(text, "topic_id:");
	at = at ? at + strlen("topic_id:") : "";
	bool is_good = uuid_parse(at + strspn(at, " "), id);
	free(text);
	return error ? error : is_good ? 0 : -EBADMSG;
}
