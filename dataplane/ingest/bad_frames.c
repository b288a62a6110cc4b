/* bad_frames.c - broken frames in, the last ones out; see bad_frames.h. */
#include "dataplane/ingest/bad_frames.h"

/* Odd while the entry changes. */
static void entry_begin(atomic_uint *sequence)
{
	unsigned seq = atomic_load_explicit(sequence, memory_order_relaxed);
	atomic_store_explicit(sequence, seq + 1, memory_order_relaxed);
	/* Release fence: pairs with the acquire fence in entry_read(). */
	atomic_thread_fence(memory_order_release);
}

static void entry_end(atomic_uint *sequence)
{
	unsigned seq = atomic_load_explicit(sequence, memory_order_relaxed);
	atomic_store_explicit(sequence, seq + 1, memory_order_release);
}

static void frame_grow(struct bad_frame *frame, struct bytes bytes)
{
	size_t kept = min_size(frame->size, BAD_FRAME_BYTES);
	size_t more = min_size(bytes.size, BAD_FRAME_BYTES - kept);
	if (more > 0)
		memcpy(frame->bytes + kept, bytes.data, more);
	uint64_t size = frame->size + (uint64_t)bytes.size;
	frame->size = (uint32_t)min_u64(size, UINT32_MAX);
}

uint64_t bad_frames_add(struct bad_frames *b, const struct bad_frame *frame,
			struct bytes bytes)
{
	uint64_t ticket = atomic_load_explicit(&b->written, memory_order_relaxed);
	unsigned at = ticket % BAD_FRAMES_KEPT;
	entry_begin(&b->entries[at].sequence);
	b->entries[at].frame = *frame;
	b->entries[at].frame.size = 0;
	frame_grow(&b->entries[at].frame, bytes);
	entry_end(&b->entries[at].sequence);
	/* Release: pairs with the acquire in bad_frames_read(). */
	atomic_store_explicit(&b->written, ticket + 1, memory_order_release);
	return ticket;
}

void bad_frames_extend(struct bad_frames *b, uint64_t ticket, struct bytes bytes)
{
	uint64_t written = atomic_load_explicit(&b->written, memory_order_relaxed);
	if (written - ticket > BAD_FRAMES_KEPT)
		return;
	unsigned at = ticket % BAD_FRAMES_KEPT;
	entry_begin(&b->entries[at].sequence);
	frame_grow(&b->entries[at].frame, bytes);
	entry_end(&b->entries[at].sequence);
}

/* False when the entry changed under the copy. */
static bool entry_read(struct bad_frames *b, unsigned at, struct bad_frame *ret)
{
	atomic_uint *sequence = &b->entries[at].sequence;
	unsigned before = atomic_load_explicit(sequence, memory_order_acquire);
	*ret = b->entries[at].frame;
	/* Acquire fence: pairs with the release fence in entry_begin(). */
	atomic_thread_fence(memory_order_acquire);
	unsigned after = atomic_load_explicit(sequence, memory_order_relaxed);
	return before == after && !(before & 1);
}

unsigned bad_frames_read(struct bad_frames *b, struct bad_frame *ret, unsigned max)
{
	/* Acquire: pairs with the release in bad_frames_add(). */
	uint64_t written = atomic_load_explicit(&b->written, memory_order_acquire);
	unsigned kept = (unsigned)min_u64(written, BAD_FRAMES_KEPT);
	unsigned count = 0;
	for (unsigned i = 1; i <= kept && count < max; i++)
		if (entry_read(b, (written - i) % BAD_FRAMES_KEPT, &ret[count]))
			count++;
	return count;
}
