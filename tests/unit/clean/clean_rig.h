/* clean_rig.h - for tests: batches of records with keys, in one piece, of any codec. */
#ifndef PENSTOCK_CLEAN_RIG_H
#define PENSTOCK_CLEAN_RIG_H

#include "dataplane/wire/record/record_batch.h"

struct packer;

/* Null: no key, or no value. Each has a header of its own. */
struct rig_record {
	const char *key;
	const char *value;
};

struct rig_batch {
	enum record_codec codec;
	int64_t base_offset;
	int64_t base_time; /* record i is of base_time + i */
	unsigned attributes; /* beside the codec */
	int64_t producer_id; /* 0: none */
	const struct rig_record *records;
	unsigned count;
};

/* To be freed. */
uint8_t *rig_batch_make(struct packer *p, const struct rig_batch *b);

#endif
