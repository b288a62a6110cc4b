/* registry_partitions.c - the directories of a topic: made, their logs opened and closed,
 * removed. */
#include "control/registry_private.h"
#include "control/disk_files.h"

#include <errno.h>
#include <stdlib.h>

enum { METADATA_BYTES_MAX = 4096 };

/* partition.metadata as Kafka writes it. */
static int write_id(struct registry *r, const struct entry *e, const char *directory)
{
	char id[UUID_TEXT_BYTES], text[64], path[PATH_MAX];
	int size = snprintf(text, sizeof text, "version: 0\ntopic_id: %s\n",
			    uuid_format(e->shown.topic.id, id));
	disk_path(path, directory, "partition.metadata");
	return disk_write_file(r->options.disk, path, text, (size_t)size);
}

int store_read_id(struct registry *r, const char *directory, uint8_t id[UUID_BYTES])
{
	char path[PATH_MAX], *text = NULL;
	disk_path(path, directory, "partition.metadata");
	int error = disk_read_file(r->options.disk, path, METADATA_BYTES_MAX, &text);
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

/* The directory says whose it is; one that says nothing yet is told. */
static int claim_directory(struct registry *r, const struct entry *e,
			   const struct partition *p)
{
	uint8_t id[UUID_BYTES];
	int error = disk_make_directory(r->options.disk, p->directory);
	if (error)
		return error;
	error = store_read_id(r, p->directory, id);
	if (error == -ENOENT)
		return write_id(r, e, p->directory);
	if (error)
		return error;
	if (memcmp(id, e->shown.topic.id, UUID_BYTES) != 0)
		return -EEXIST;
	return 0;
}

static const char *reason_of(int error)
{
	if (error == -EEXIST)
		return "its partition.metadata names another topic id: move the "
		       "directory away";
	if (error == -EBADMSG)
		return "its partition.metadata is damaged: restore or remove the file";
	return strerror(-error);
}

static int open_log(struct registry *r, const struct entry *e, struct partition *p,
		    bool is_clean)
{
	struct log_open_options options = {
		.directory = p->directory,
		.log = entry_log_options(e),
		.recovery_point = p->recovery_point,
		.log_start_offset = p->log_start_offset,
		.is_compacted = p->is_compacted,
		.is_clean = is_clean,
	};
	struct log_recovery found = {0};
	int error = 0;
	p->log = log_open(r->options.disk, &options, &found, &error);
	if (found.message[0])
		registry_say(r, "%s: %s", p->directory, found.message);
	p->is_suspect = found.is_corrupt;
	return p->log ? 0 : error;
}

int store_open(struct registry *r, struct entry *e, uint32_t first, uint32_t end,
	       bool is_clean)
{
	for (uint32_t i = first; i < end; i++) {
		struct partition *p = e->partitions[i];
		int error = claim_directory(r, e, p);
		if (!error)
			error = open_log(r, e, p, is_clean);
		if (error) {
			registry_say(r, "%s: cannot be opened: %s", p->directory,
				     reason_of(error));
			return error;
		}
	}
	return 0;
}

int store_sync(struct registry *r)
{
	return disk_sync_all(r->options.disk, r->directory_fd);
}

void store_close_logs(struct registry *r, struct entry *e, uint32_t first)
{
	for (uint32_t i = first; i < e->partition_count; i++) {
		struct partition *p = e->partitions[i];
		if (!p->log || p->state != PARTITION_CLOSED)
			continue; /* a writer has it */
		log_close(p->log);
		p->log = NULL;
	}
}

/* <topic>-<n>.<32 hex digits>-delete, the topic cut so that it fits a name: Kafka's way,
 * and Kafka finishes such a removal as we do. */
static void deleted_path(char out[PATH_MAX], const struct registry *r,
			 const struct entry *e, uint32_t number)
{
	char tail[64];
	int size = snprintf(tail, sizeof tail, "-%u.", number);
	for (unsigned i = 0; i < UUID_BYTES; i++)
		size += snprintf(tail + size, sizeof tail - (size_t)size, "%02x",
				 e->shown.topic.id[i]);
	size += snprintf(tail + size, sizeof tail - (size_t)size, "-delete");
	snprintf(out, PATH_MAX, "%s/%.*s%s", registry_directory(r), NAME_MAX - size,
		 e->shown.topic.name, tail);
}

int store_remove(struct registry *r, struct entry *e, uint32_t first, uint32_t end)
{
	int result = 0;
	for (uint32_t i = first; i < end; i++) {
		char gone[PATH_MAX];
		deleted_path(gone, r, e, i);
		int error =
			disk_rename(r->options.disk, e->partitions[i]->directory, gone);
		if (!error)
			error = disk_remove_directory(r->options.disk, gone);
		if (error && error != -ENOENT)
			result = error;
	}
	if (end < e->partition_count)
		return result;
	int error = disk_sync_directory(r->options.disk, registry_directory(r));
	return result ? result : error;
}
