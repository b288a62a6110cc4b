/* bench_writer.h - a writer without a poller: its logs, the rings to it, and batches that a
 * poller would have handed over.
 *
 *     bench_append_make ─▶ w->appends ─▶ writer_turn(w->writer) ─▶ log ─▶ disk, as linked
 *
 * Core: the bench's, which is requester and server of both rings.
 */
#ifndef PENSTOCK_BENCH_WRITER_H
#define PENSTOCK_BENCH_WRITER_H

#include "dataplane/writer.h"

enum { BENCH_PARTITIONS_MAX = 64 };

struct bench_writer {
	struct handoff appends, admin;
	struct wake wakes[2]; /* requester's, writer's */
	struct stats_page page;
	struct marks_page *marks;
	struct news_page *news;
	struct disk *disk;
	struct disk *control; /* opens what the writer serves, which writes meanwhile */
	struct log_dir dir;
	struct writer *writer;
	unsigned partitions;
};

/* Opens directory/bench-0 ... and serves them as slots 0 ... of generation 1, with the
 * settings a gateway has unless told otherwise. 0 or -errno, said on stderr. */
int bench_writer_start(struct bench_writer *w, const char *directory, unsigned partitions);
/* Nothing is outstanding. Seals and closes the logs. */
void bench_writer_stop(struct bench_writer *w);

/* A batch of `bytes` with `records` by its header; only its first chunk is ever written to.
 * False: the pool is empty. */
bool bench_append_make(struct append_msg *ret, struct chunk_pool *pool, uint32_t bytes,
		       uint32_t records);

#endif
