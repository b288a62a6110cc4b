/* writer_marks.h - the writing side of struct marks_page; readers use marks_read() of
 * writer.h. Core: the writer that serves the partition. */
#ifndef PENSTOCK_WRITER_MARKS_H
#define PENSTOCK_WRITER_MARKS_H

#include "dataplane/writer.h"

void marks_write(struct marks_page *page, const struct log *log);

#endif
