/* writer_marks.c - watermarks of one partition in, a page others may read out. */
#include "dataplane/writer_marks.h"

void marks_write(struct marks_page *page, const struct log *log)
{
	unsigned sequence = atomic_load_explicit(&page->sequence, memory_order_relaxed);
	atomic_store_explicit(&page->sequence, sequence + 1, memory_order_relaxed);
	/* Release fence: pairs with the acquire fence in marks_read(). */
	atomic_thread_fence(memory_order_release);
	log_get_marks(log, &page->marks);
	atomic_store_explicit(&page->sequence, sequence + 2, memory_order_release);
}

void marks_read(struct marks_page *page, struct log_marks *ret)
{
	for (;;) {
		/* Acquire: pairs with the release at the end of marks_write(). */
		unsigned before = atomic_load_explicit(&page->sequence, memory_order_acquire);
		*ret = page->marks;
		atomic_thread_fence(memory_order_acquire);
		unsigned after = atomic_load_explicit(&page->sequence, memory_order_relaxed);
		if (before == after && before % 2 == 0)
			return;
	}
}
