/* gen_ledger.h - batches that a consumer is given in; whether each follows the one before out,
 * and counts of all.
 *
 *     next = 10      batch 10..13  follows          batch 12..15  2 missing: a gap
 *                    batch 6..9    4 duplicates     batch 8..11   2 duplicates, 2 records
 *
 * Only the first batch of all may begin before the offset that was asked for: offsets within a
 * batch can be asked for, and whole batches are answered (KIP-74).
 *
 * Core: any. Memory: the structs.
 */
#ifndef PENSTOCK_GEN_LEDGER_H
#define PENSTOCK_GEN_LEDGER_H

#include "dataplane/wire/record/record_batch.h"

/* Counts only: they are added up as an array. */
struct gen_reads {
	uint64_t fetches; /* answers */
	uint64_t empty;   /* of them: without a batch */
	uint64_t batches, records, bytes;
	uint64_t gaps;       /* offsets for which no record came */
	uint64_t duplicates; /* records that had come before */
	uint64_t corrupt;    /* batches with a wrong header or CRC */
	uint64_t cut;        /* batches that were not whole, as Kafka may end a partition */
	uint64_t errors;     /* answers and partitions that were refused */
	uint64_t sessions_lost; /* and begun anew */
};

/* A partition, as one consumer reads it. */
struct gen_place {
	int64_t next;  /* offset */
	int64_t until; /* the high watermark that was told first; -1: none yet */
	bool is_begun; /* a batch has come */
	bool is_named; /* in the next request */
	bool is_over;  /* `until` is reached */
};

void gen_ledger_batch(struct gen_reads *l, struct gen_place *p,
		      const struct record_batch_header *h, bool is_sound);

/* Adds `one`, `sign` times. */
void gen_reads_add(struct gen_reads *sum, const struct gen_reads *one, int64_t sign);
/* Null: nothing is wrong with them. Cut batches come again, and are not wrong by themselves. */
const char *gen_reads_wrong(const struct gen_reads *l);

#endif
