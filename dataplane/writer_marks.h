/* writer_marks.h - a partition's watermarks, published for other cores.
 *
 *     writer: log ─▶ marks_write ─▶ page ─▶ marks_read: whoever wants to know
 *
 * Core: one writes a page, the writer that serves the partition; any may read it,
 * and tries again when it was written meanwhile. Ownership: the pages are control's, one for each
 * slot, mapped at start.
 */
#ifndef PENSTOCK_WRITER_MARKS_H
#define PENSTOCK_WRITER_MARKS_H

#include "dataplane/store/log/log.h"

#include <stdatomic.h>

/* Watermarks of one partition slot behind a sequence lock (as stats_page). */
struct marks_page {
	atomic_uint sequence;
	struct log_marks marks;
};

void marks_write(struct marks_page *page, const struct log_marks *marks);
void marks_read(struct marks_page *page, struct log_marks *ret);

#endif
