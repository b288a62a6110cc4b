/* producer_snapshot.h - Kafka's .snapshot file: what was known of a partition's producers when its
 * log ended at the offset that the file is named after.
 *
 *     0 version 2 (1) | CRC-32C of all that follows 4 | count 4                       = 10
 *     each: producer id 8 | epoch 2 | last sequence 4 | last offset 8 | offset delta 4
 *           | timestamp 8 | coordinator epoch 4 (-1) | first offset of a transaction 8 (-1)  = 46
 *
 * Big endian. Kafka writes one entry for each producer, of its newest batch, and takes the last
 * entry of an id that has several. Here all batches that are known have one, the newest last, so
 * that what a producer sends again is known after a start as it was before. An entry without a
 * batch (last offset -1, of a producer that only ended transactions) is passed over.
 *
 * Core: any; no state.
 */
#ifndef PENSTOCK_PRODUCER_SNAPSHOT_H
#define PENSTOCK_PRODUCER_SNAPSHOT_H

#include "dataplane/store/producer_state.h"

enum {
	SNAPSHOT_VERSION = 1,
	SNAPSHOT_CRC_FROM = 6,
	SNAPSHOT_HEADER_BYTES = 10,
	SNAPSHOT_ENTRY_BYTES = 46,
};

#define SNAPSHOT_ENDING ".snapshot"
/* Of all that a writer may know, in one partition. */
#define SNAPSHOT_BYTES_MAX snapshot_bytes((size_t)PRODUCER_IDS_MAX * PRODUCER_BATCHES)

static inline size_t snapshot_bytes(size_t entries)
{
	return SNAPSHOT_HEADER_BYTES + entries * SNAPSHOT_ENTRY_BYTES;
}

/* Of all producers of the slot, into room for PRODUCER_BATCHES entries of each; returns its
 * size. */
size_t snapshot_encode(const struct producers *t, uint32_t slot, uint8_t *out);

/* How many entries it has, or -1: it is damaged, or of another version. */
int64_t snapshot_check(struct bytes file);
/* The `i`-th; false: it has no batch. */
bool snapshot_entry(struct bytes file, uint32_t i, struct producer *ret);

/* DIRECTORY/<offset>.snapshot; `size` must hold it. */
void snapshot_path(char *out, size_t size, const char *directory, int64_t offset);
/* Is `name` that of a snapshot? Of which offset? */
bool snapshot_parse(const char *name, int64_t *ret_offset);

#endif
