/* group_load.h - what __consumer_offsets held at the start: read piece by piece, one partition
 * after the other.
 *
 *     next partition ─▶ read from its offset ─▶ whole batches ─▶ group_store_apply ─▶ further
 *                            its end: OFFSETS_READ, its groups are served
 *
 * Core: coordinator. Limits: one read of LOAD_PIECE_CHUNKS under way, or of as much as one batch
 * takes, LOAD_CHUNKS at most: a partition with a larger one is not served, and said to be broken.
 */
#ifndef PENSTOCK_GROUP_LOAD_H
#define PENSTOCK_GROUP_LOAD_H

#include "dataplane/handoff.h"

enum {
	/* 4.5 MiB: a batch of OFFSETS_BATCH_BYTES_MAX, and its ends. */
	LOAD_CHUNKS = 1152,
	LOAD_PIECE_CHUNKS = 65, /* 256 KiB, wherever it begins in a block: milliseconds of work */
};

struct group_service;

struct group_load {
	struct chunk_pool pool;
	struct read_list list;
	struct read_msg read;
	bool is_reading;
	uint32_t at; /* partitions below it were read */
	uint32_t chunks;
	int64_t offset;
	uint64_t began_ns;
	uint64_t records;
	uint32_t passed; /* batches that are none of ours to read: compressed, a transaction's */
};

/* -errno. */
int group_load_init(struct group_load *l);
void group_load_fini(struct group_load *l);

/* Are there groups that nobody knows of yet? */
bool group_load_is_under_way(const struct group_service *s);
/* Asks for the next piece, if there is one to ask for; true when it did. */
bool group_load_step(struct group_service *s);
/* A piece is here. */
void group_load_take(struct group_service *s, struct read_list *list);

#endif
