/* writer.h - the storage core: batches in, completions out.
 *
 *     pull ─▶ append / read / watch / admin ─▶ flush ─▶ disk ─▶ reap ─▶ complete
 *
 * A writer owns the logs of its partitions. It alone assigns offsets, compresses and
 * checksums the batches Penstock built, writes, syncs and reads. One turn never blocks.
 *
 * Of what it lends its logs each log directory has an equal part, and a disk of its own: one that
 * hangs keeps its own partitions waiting, and no others.
 *
 * Core: writer (one lcore, or a fused one that also turns a poller).
 */
#ifndef PENSTOCK_WRITER_H
#define PENSTOCK_WRITER_H

#include "dataplane/base/stats.h"
#include "dataplane/handoff.h"
#include "dataplane/news.h"
#include "dataplane/store/log_dir.h"
#include "dataplane/writer_marks.h"

struct writer_options {
	uint8_t index; /* among all: whose files in the log directory are its own */
	struct writer_settings settings;
	uint32_t descriptors; /* open files, at most; any number of partitions share them */
	const struct log_dir *dirs; /* where the partitions lie; outlive the writer */
	unsigned dir_count;
	struct disk *disks[LOG_DIRS_MAX]; /* of each of them */
	struct wake *wake;
	/* One handoff per poller, then the coordinator's if there is one, then control's. */
	struct handoff *handoffs[POLLERS_MAX + 2];
	unsigned handoff_count;
	struct stats_page *stats_page;
	/* By partition slot, shared by all writers: each writes the slots it serves. */
	struct marks_page *marks;
	struct news_page *news;
};

struct writer;

struct writer *writer_create(const struct writer_options *options);
void writer_destroy(struct writer *w);

/* One turn; true when it found work. `is_core_busy`: what else turns on its core found some. */
bool writer_turn(struct writer *w, bool is_core_busy);
/* Nothing outstanding: no append unanswered, no disk operation under way. */
bool writer_is_idle(const struct writer *w);
/* May the core sleep now? Looks at the rings again (after wake_prepare). */
bool writer_may_sleep(const struct writer *w);
/* For how long nothing has to be done unless something comes; `limit_ns` at most. */
uint64_t writer_idle_ns(const struct writer *w, uint64_t limit_ns);

#endif
