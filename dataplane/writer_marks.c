/* writer_marks.c - watermarks of one partition in, a page others may read out. */
#include "dataplane/writer_marks.h"
#include "dataplane/base/seqlock.h"

static_assert(sizeof(struct log_marks) % sizeof(seqlock_word) == 0, "a page is copied by words");

void marks_write(struct marks_page *page, const struct log_marks *marks)
{
	seqlock_write(&page->sequence, &page->marks, marks, sizeof *marks);
}

void marks_read(struct marks_page *page, struct log_marks *ret)
{
	while (!seqlock_read(&page->sequence, &page->marks, ret, sizeof *ret))
		continue;
}
