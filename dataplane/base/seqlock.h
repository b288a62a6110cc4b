/* seqlock.h - a copy of something small that one core writes and any other may read.
 *
 *     writer:  sequence odd ─▶ word, word, ... ─▶ sequence even
 *     reader:  sequence ─▶ word, word, ... ─▶ sequence: the same, and even? a whole copy
 *
 * Every word is atomic: a reader that comes in the middle reads rubbish and throws it away,
 * but there is no data race. On x86 all of it is plain moves. ThreadSanitizer follows the
 * release and the acquire of the sequence; of the fences it knows nothing.
 *
 * The page and its copies are of a size and an alignment of words.
 */
#ifndef PENSTOCK_SEQLOCK_H
#define PENSTOCK_SEQLOCK_H

#include "dataplane/base/base.h"

#include <stdatomic.h>

typedef uint64_t __attribute__((may_alias)) seqlock_word;

/* Core: the page's writer. What it did before is seen by whoever reads this copy. */
static inline void seqlock_write(atomic_uint *sequence, void *page, const void *from, size_t size)
{
	const seqlock_word *in = from;
	seqlock_word *out = page;
	unsigned seq = atomic_load_explicit(sequence, memory_order_relaxed);
	atomic_store_explicit(sequence, seq + 1, memory_order_relaxed);
	/* Release fence: pairs with the acquire fence in seqlock_read(), so that who has read one
	 * of the words finds the odd sequence, or a later one. */
	atomic_thread_fence(memory_order_release);
	for (size_t i = 0; i < size / sizeof *in; i++)
		__atomic_store_n(&out[i], in[i], __ATOMIC_RELAXED);
	/* Release: pairs with the acquire in seqlock_read(). */
	atomic_store_explicit(sequence, seq + 2, memory_order_release);
}

/* False: the writer was at it. Core: any. */
static inline bool seqlock_read(atomic_uint *sequence, const void *page, void *ret, size_t size)
{
	const seqlock_word *in = page;
	seqlock_word *out = ret;
	/* Acquire: pairs with the release in seqlock_write(). */
	unsigned before = atomic_load_explicit(sequence, memory_order_acquire);
	for (size_t i = 0; i < size / sizeof *in; i++)
		out[i] = __atomic_load_n(&in[i], __ATOMIC_RELAXED);
	/* Acquire fence: pairs with the release fence in seqlock_write(). */
	atomic_thread_fence(memory_order_acquire);
	unsigned after = atomic_load_explicit(sequence, memory_order_relaxed);
	return before == after && before % 2 == 0;
}

#endif
