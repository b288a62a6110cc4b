/* registry_partitions.h - the directories of a topic, told from others. All -errno.
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_PARTITIONS_H
#define PENSTOCK_REGISTRY_PARTITIONS_H

#include "control/catalog/registry_private.h"

/* What lies already where `e` with `partitions` would write from `first` on, in `path`. */
bool store_is_taken(struct registry *r, const char *topic, uint32_t first,
		    uint32_t partitions, char path[PATH_MAX]);
/* Holds the directory what a partition's does: partition.metadata, or a segment? `only`: and
 * nothing else? False also when it is no directory, or a link to one. */
bool store_holds_partition(const struct registry *r, const char *directory, bool only);
/* The id in a directory's partition.metadata; -errno. */
int store_read_id(const struct registry *r, const char *directory, uint8_t id[UUID_BYTES]);
/* No room on the disk, or in the quota: what can be done without any is done. */
bool store_is_full(int error);

#endif
