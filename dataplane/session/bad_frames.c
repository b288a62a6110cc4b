/* bad_frames.c - broken frames in, the last ones out; see bad_frames.h. */
#include "dataplane/session/bad_frames.h"
#include "dataplane/base/seqlock.h"

static_assert((1ull << 32) % BAD_FRAMES_KEPT == 0, "tickets wrap");
static_assert(sizeof(struct bad_frame) % sizeof(seqlock_word) == 0, "an entry is copied by words");

static void frame_grow(struct bad_frame *frame, struct bytes bytes)
{
	size_t kept = min_size(frame->size, BAD_FRAME_BYTES);
	size_t more = min_size(bytes.size, BAD_FRAME_BYTES - kept);
	if (more > 0)
		memcpy(frame->bytes + kept, bytes.data, more);
	uint64_t size = frame->size + (uint64_t)bytes.size;
	frame->size = (uint32_t)min_u64(size, UINT32_MAX);
}

/* The frame, grown by `bytes`, becomes what others read. */
static void entry_write(struct bad_frames *b, uint32_t ticket, struct bad_frame *frame,
			struct bytes bytes)
{
	struct bad_frame_entry *e = &b->entries[ticket % BAD_FRAMES_KEPT];
	frame_grow(frame, bytes);
	seqlock_write(&e->sequence, &e->frame, frame, sizeof *frame);
}

uint32_t bad_frames_add(struct bad_frames *b, const struct bad_frame *frame,
			struct bytes bytes)
{
	uint64_t written = atomic_load_explicit(&b->written, memory_order_relaxed);
	uint32_t ticket = (uint32_t)written;
	struct bad_frame kept = *frame;
	kept.size = 0;
	entry_write(b, ticket, &kept, bytes);
	/* Release: pairs with the acquire in bad_frames_read(). */
	atomic_store_explicit(&b->written, written + 1, memory_order_release);
	return ticket;
}

void bad_frames_extend(struct bad_frames *b, uint32_t ticket, struct bytes bytes)
{
	uint64_t written = atomic_load_explicit(&b->written, memory_order_relaxed);
	if ((uint32_t)written - ticket > BAD_FRAMES_KEPT)
		return;
	struct bad_frame kept = b->entries[ticket % BAD_FRAMES_KEPT].frame;
	entry_write(b, ticket, &kept, bytes);
}

unsigned bad_frames_read(struct bad_frames *b, struct bad_frame *ret, unsigned max)
{
	/* Acquire: pairs with the release in bad_frames_add(). */
	uint64_t written = atomic_load_explicit(&b->written, memory_order_acquire);
	unsigned kept = (unsigned)min_u64(written, BAD_FRAMES_KEPT);
	unsigned count = 0;
	for (unsigned i = 1; i <= kept && count < max; i++) {
		struct bad_frame_entry *e = &b->entries[(written - i) % BAD_FRAMES_KEPT];
		if (seqlock_read(&e->sequence, &e->frame, &ret[count], sizeof *ret))
			count++;
	}
	return count;
}
