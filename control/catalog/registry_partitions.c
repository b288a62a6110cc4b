/* registry_partitions.c - how a partition's directory is told from anything else. */
#include "control/catalog/registry_partitions.h"
#include "control/catalog/partition_metadata.h"
#include "control/catalog/registry_dirs.h"
#include "control/catalog/registry_entry.h"
#include "control/catalog/registry_listing.h"
#include "control/catalog/registry_store.h"
#include "dataplane/base/require.h"
#include "dataplane/store/segment.h"

#include <errno.h>
#include <stdlib.h>

int store_read_id(const struct registry *r, const char *directory, uint8_t id[UUID_BYTES])
{
	return metadata_read(r->dir->disk, directory, id);
}

/* ---- what lies in the log directory ------------------------------------------------ */

/* A file that Kafka or the gateway keeps in a partition's directory. */
static bool is_partition_file(const char *name)
{
	static const char *const beginnings[] = {"leader-epoch-checkpoint",
						 "partition.metadata",
						 MARK_OLD_NAME, "next."};
	for (unsigned i = 0; i < array_len(beginnings); i++)
		if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return strspn(name, "0123456789") == 20 && name[20] == '.';
}

static bool is_proof_of_partition(const char *name)
{
	int64_t base;
	enum segment_file file;
	return strcmp(name, "partition.metadata") == 0 ||
	       (segment_parse(name, &base, &file) && file == SEGMENT_LOG);
}

bool store_holds_partition(const struct registry *r, const char *directory, bool only)
{
	struct disk_place place;
	struct listing l = {0};
	bool has_proof = false, has_other = false;
	if (disk_look(r->dir->disk, directory, DISK_FLAG_LINK, &place) != 0 ||
	    !place.is_directory ||
	    directory_list(r->dir->disk, directory, &l.names, &l.bytes) != 0)
		return false;
	for_each_name(name, &l)
	{
		has_proof |= is_proof_of_partition(name);
		has_other |= !is_partition_file(name);
	}
	free(l.names);
	return only ? !has_other : has_proof;
}

/* What could not be removed when an earlier topic was deleted may be written over; `*left`: it may
 * have left directories below this. */
static bool has_foreign_file(struct registry *r, const char *topic, uint32_t *left,
			     char path[PATH_MAX])
{
	char name[NAME_MAX + 1], why[256];
	struct disk_place place;
	store_file_name(name, topic);
	log_dir_path(path, r->dir, name);
	if (disk_look(r->dir->disk, path, DISK_FLAG_LINK, &place) != 0)
		return false;
	struct entry *e = store_read(r, name, why, sizeof why);
	bool is_ours = e && e->is_deleting;
	*left = e ? e->partition_count : 0;
	if (e)
		entry_free(r, e);
	return !is_ours;
}

enum {
	/* Directories that are looked for one by one: control has others to answer. For more of
	 * them all names are listed once. */
	LOOKS_MAX = 256,
	NUMBER_DIGITS_MAX = 9,
};

/* "topic-7": 7; -1: it is no partition of this topic. */
static int64_t number_of(const char *name, const char *topic)
{
	size_t size = strlen(topic);
	if (strncmp(name, topic, size) != 0 || name[size] != '-')
		return -1;
	const char *digits = name + size + 1;
	size_t count = strspn(digits, "0123456789");
	bool is_plain = count > 0 && count <= NUMBER_DIGITS_MAX && !digits[count] &&
			(count == 1 || digits[0] != '0');
	return is_plain ? strtol(digits, NULL, 10) : -1;
}

/* 1: one of them is there, in `path`; 0: none is; -errno. */
static int find_listed(const struct log_dir *d, const char *topic, uint32_t first, uint32_t end,
		       char path[PATH_MAX])
{
	struct listing l = {0};
	int found = directory_list(d->disk, d->path, &l.names, &l.bytes);
	for_each_name(name, &l)
	{
		int64_t number = number_of(name, topic);
		if (found || number < first || number >= end)
			continue;
		log_dir_path(path, d, name);
		found = 1;
	}
	free(l.names);
	return found;
}

static bool is_taken_in(const struct log_dir *d, const char *topic, uint32_t first, uint32_t end,
			char path[PATH_MAX])
{
	struct disk_place place;
	int listed = end > first + LOOKS_MAX ? find_listed(d, topic, first, end, path) : -EAGAIN;
	if (listed >= 0)
		return listed;
	for (uint32_t i = first; i < end; i++) {
		snprintf(path, PATH_MAX, "%s/%s-%u", d->path, topic, i);
		if (disk_look(d->disk, path, DISK_FLAG_LINK, &place) == 0)
			return true;
	}
	return false;
}

bool store_is_taken(struct registry *r, const char *topic, uint32_t first,
		    uint32_t partitions, char path[PATH_MAX])
{
	uint32_t left = 0;
	if (first == 0 && has_foreign_file(r, topic, &left, path))
		return true;
	uint32_t end = max_u32(partitions, left);
	for_each_dir(d, r)
		if (!d->is_lost && is_taken_in(d, topic, first, end, path))
			return true;
	return false;
}

bool store_is_full(int error)
{
	return error == -ENOSPC || error == -EDQUOT;
}
