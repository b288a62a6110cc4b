/* incoming.h - batches of producers that are not whole: the memory they lie in, and who of them
 * gives way when it is short.
 *
 *     bytes ─▶ incoming_take, by chunks ─▶ whole ─▶ credit, an append ─▶ incoming_release
 *                    │ no room                                  (the chunks go along as they are)
 *                    └─▶ line (waiting.h); incoming_slowest gives way
 *
 * A batch that is not whole holds none of the credit that whole ones need (lane.h). It is charged
 * for the chunks that it holds, in one of four regions:
 *
 *     common    any batch: up to half of it chunk by chunk, beyond that only with all that a batch
 *               still lacks, so that what is begun there ends without anybody else's help
 *     small     those of a few chunks, and those for a partition that holds little here
 *     source    those of an address that holds little here
 *     listener  those of a listener that holds little here
 *
 * The others are tried when the common one is full: that is the only time when a share binds. Each
 * has room for the largest batch.
 *
 * A large request that a server gets whole has its own chunks (call_server.h), and so have a large
 * fetch's partitions (reading.h). What is known of a batch on its way is known of them, too: under
 * want the slowest gives way.
 *
 * Core: poller. Memory: none; the chunks are those of the batch pool, which has as many more.
 */
#ifndef PENSTOCK_INCOMING_H
#define PENSTOCK_INCOMING_H

#include "config/bounds.h"
#include "dataplane/base/base.h"
#include "dataplane/base/list.h"
#include "dataplane/base/siphash.h"
#include "dataplane/batch/peer_clock.h"

struct lane;
struct session;

enum incoming_region {
	INCOMING_COMMON,
	INCOMING_SMALL,
	INCOMING_SOURCE,
	INCOMING_LISTENER,
	INCOMING_REGIONS,
};

enum { INCOMING_SOURCES = 1024 };

/* The batch that a connection is sending, or the large request: of that `lane`, `chunks`, `source`
 * and `listener` say nothing. */
struct incoming_batch {
	/* incoming->batches, call_server.halves, reading.halves, or alone: whole, or none */
	struct list node;
	struct session *session;
	struct lane *lane;
	struct peer_clock clock; /* the connection's: since it opened */
	uint32_t began_ms;       /* by that clock */
	uint32_t bytes;          /* received */
	uint32_t chunks[INCOMING_REGIONS];
	uint16_t source;         /* place in incoming->of_source */
	uint8_t listener;
};

struct incoming {
	struct list batches;     /* struct incoming_batch.node: not whole, oldest first */
	uint32_t batch_bytes_max;
	/* In chunks: */
	uint32_t limit[INCOMING_REGIONS];
	uint32_t used[INCOMING_REGIONS];
	uint32_t piecemeal;      /* of the common region, chunk by chunk */
	uint32_t share;          /* who holds less than this holds little */
	uint32_t slow_max;       /* slow ones may hold less than this while others wait */
	uint32_t unwhole;        /* of batches that are not whole */
	uint32_t of_source[INCOMING_SOURCES];
	uint32_t of_listener[LISTENERS_MAX];
	struct siphash_key key;
};

/* For batches of up to `batch_bytes_max`, which wait for up to `credit_bytes` of credit. Returns
 * how many chunks there may be in all. */
uint32_t incoming_init(struct incoming *m, uint64_t credit_bytes, uint32_t batch_bytes_max);

/* Whose batches they will be: the session's, its peer's network, and the listener it came by. */
void incoming_attach(const struct incoming *m, struct incoming_batch *b, struct session *session,
		     uint64_t source, uint8_t listener);
/* A batch for `lane` begins, `now_ms`. */
void incoming_begin(struct incoming *m, struct incoming_batch *b, struct lane *lane,
		    uint32_t now_ms);

/* Where, beside the common region, the batch may lie that lacks `bytes`; INCOMING_COMMON:
 * nowhere. */
enum incoming_region incoming_region_of(const struct incoming *m,
					const struct incoming_batch *b, uint32_t bytes);

static inline uint32_t incoming_room(const struct incoming *m, enum incoming_region region)
{
	return m->limit[region] - m->used[region];
}

/* There is room. */
void incoming_charge(struct incoming *m, struct incoming_batch *b, enum incoming_region region,
		     uint32_t chunks);
/* It is whole, or will never be. */
void incoming_end(struct incoming *m, struct incoming_batch *b);
/* Its chunks are somebody else's, or free. */
void incoming_release(struct incoming *m, struct incoming_batch *b);

/* Of those that are not whole, and have had a second for it in which we kept nobody waiting: the
 * slowest, if they hold so much that it matters; or null. 64 are looked at, the oldest. */
struct incoming_batch *incoming_slowest(struct incoming *m, uint32_t now_ms);

/* The first bytes of a large request have come. */
void incoming_half_begin(struct list *halves, struct incoming_batch *b, uint32_t now_ms);
/* Of those the same as incoming_slowest(), whatever they hold. */
struct incoming_batch *incoming_half_slowest(const struct list *halves, uint32_t now_ms);
/* The one that began last, if all of them are kept waiting by us: none is slow then. */
struct incoming_batch *incoming_half_newest(const struct list *halves);

#endif
