/* partition_metadata.h - partition.metadata as Kafka writes it: which topic a directory is of.
 *
 * Core: control (disk_run). Both return 0 or -errno.
 */
#ifndef PENSTOCK_PARTITION_METADATA_H
#define PENSTOCK_PARTITION_METADATA_H

#include "control/catalog/uuid.h"

struct disk;

/* Not durable until a disk_sync_all(). */
int metadata_write(struct disk *d, const char *directory, const uint8_t id[UUID_BYTES]);
/* -ENOENT also when a power cut left an empty file; -EBADMSG: it makes no sense. */
int metadata_read(struct disk *d, const char *directory, uint8_t id[UUID_BYTES]);

#endif
