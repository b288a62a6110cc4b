/* mark_file.c - offsets of logs in, writes to their writer's mark file out; see mark_file.h. */
#include "dataplane/store/mark_file.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

enum {
	ENTRIES_PER_BLOCK = MARK_BLOCK_BYTES / MARK_ENTRY_BYTES,
	WRITE_BLOCKS = MARK_WRITE_BYTES / MARK_BLOCK_BYTES,
};

static_assert(MARK_BLOCKS * ENTRIES_PER_BLOCK > PARTITIONS_MAX, "an entry for each slot");

static size_t entries_bytes(void)
{
	return (size_t)MARK_BLOCKS * MARK_BLOCK_BYTES;
}

int mark_file_init(struct mark_file *m, struct descriptors *ds, struct stats *stats,
		   uint8_t tag, const struct log_dir *dir, unsigned writer)
{
	*m = (struct mark_file){
		.descriptors = ds, .stats = stats, .tag = tag, .due_ns = UINT64_MAX};
	list_init(&m->files);
	int n = snprintf(m->path, sizeof m->path, "%s/" MARK_FILE_NAME ".%u", dir->path, writer);
	if (n < 0 || (size_t)n >= sizeof m->path)
		return -ENAMETOOLONG;
	m->entries = map_take(entries_bytes());
	m->bytes = map_take(MARK_WRITE_BYTES);
	return m->entries && m->bytes ? 0 : -ENOMEM;
}

void mark_file_fini(struct mark_file *m)
{
	map_give(m->bytes, MARK_WRITE_BYTES);
	map_give(m->entries, entries_bytes());
}

/* The header has the first entry's place. */
static struct mark_entry *entry_of_slot(struct mark_file *m, uint32_t slot)
{
	require(slot < PARTITIONS_MAX);
	return &m->entries[1 + slot];
}

/* The slot's last log goes with its mark: the new one claims nothing yet. What is claimed of one
 * that comes back still holds: another log shares its block, which may be written any time. */
void mark_file_begin(struct mark_file *m, uint32_t slot, const struct mark_key *key)
{
	struct mark_entry *e = entry_of_slot(m, slot);
	struct mark_entry begun = {.partition = be32_of(key->partition)};
	memcpy(begun.topic_id, key->topic_id, sizeof begun.topic_id);
	if (memcmp(begun.topic_id, e->topic_id, sizeof begun.topic_id) == 0 &&
	    be32_get(e->partition) == key->partition)
		begun.offset = e->offset;
	*e = begun;
	m->served++;
	if (!m->is_made && m->due_ns == UINT64_MAX)
		m->due_ns = m->now_ns;
}

void mark_file_end(struct mark_file *m)
{
	require(m->served > 0);
	m->served--;
}

/* The disk is not asked yet: within MARK_DELAY_NS many marks come to share a block, and many
 * notes a mark. */
void mark_file_note(struct mark_file *m, uint32_t slot, int64_t offset)
{
	entry_of_slot(m, slot)->offset = be64_of((uint64_t)offset);
	m->dirty[(1 + slot) / ENTRIES_PER_BLOCK] = true;
	if (m->due_ns == UINT64_MAX)
		m->due_ns = m->now_ns + MARK_DELAY_NS;
}

/* As it is to lie in the file. One of zeroes claims nothing. */
static struct mark_entry finished(const struct mark_entry *e, bool is_header)
{
	struct durable_mark mark = {.key.partition = be32_get(e->partition),
				    .offset = (int64_t)be64_get(e->offset)};
	if (is_header)
		return mark_header();
	if (mark.offset <= 0)
		return (struct mark_entry){0};
	memcpy(mark.key.topic_id, e->topic_id, sizeof e->topic_id);
	return mark_entry_of(&mark);
}

/* A copy goes to the disk, since marks go on moving meanwhile; what was noted of a block after
 * this makes it dirty again. */
static void fill(struct mark_file *m, unsigned first, unsigned blocks)
{
	struct mark_entry *to = (struct mark_entry *)m->bytes;
	const struct mark_entry *from = m->entries + first * ENTRIES_PER_BLOCK;
	for (unsigned i = 0; i < blocks * ENTRIES_PER_BLOCK; i++)
		to[i] = finished(&from[i], first == 0 && i == 0);
}

static void submit(struct mark_file *m, struct disk_op op, int flags)
{
	char *path;
	if (!m->file) {
		open_file_begin(m->descriptors, &m->file, &m->files, flags | O_CLOEXEC, &path);
		snprintf(path, FILE_PATH_BYTES_MAX, "%s", m->path);
		open_file_prefer(m->file, true);
	}
	m->op = op;
	m->op.tag = m->tag;
	m->op.owner = m;
	m->is_busy = true;
	open_file_submit(m->file, &m->op);
}

/* The dirty blocks that come next and lie side by side; false: this pass is over. */
static bool next_run(struct mark_file *m, unsigned *ret_blocks)
{
	unsigned blocks = 0;
	while (m->block < MARK_BLOCKS && !m->dirty[m->block])
		m->block++;
	while (blocks < WRITE_BLOCKS && m->block + blocks < MARK_BLOCKS &&
	       m->dirty[m->block + blocks])
		m->dirty[m->block + blocks++] = false;
	*ret_blocks = blocks;
	return blocks > 0;
}

static void write_some(struct mark_file *m, unsigned blocks)
{
	fill(m, m->block, blocks);
	m->iov = (struct iovec){m->bytes, blocks * MARK_BLOCK_BYTES};
	submit(m,
	       (struct disk_op){.kind = DISK_WRITE, .iov = &m->iov, .iov_count = 1,
				.offset = (uint64_t)m->block * MARK_BLOCK_BYTES},
	       O_RDWR);
	m->block += blocks;
}

/* What became dirty behind a pass waits for the next. */
static void end_pass(struct mark_file *m)
{
	bool is_dirty = false;
	for (unsigned i = 0; i < MARK_BLOCKS; i++)
		is_dirty |= m->dirty[i];
	m->block = 0;
	m->due_ns = is_dirty ? m->now_ns + MARK_DELAY_NS : UINT64_MAX;
}

void mark_file_turn(struct mark_file *m, uint64_t now_ns)
{
	unsigned blocks;
	m->now_ns = now_ns;
	if (now_ns < m->due_ns || m->is_busy || m->served == 0 ||
	    !descriptors_have_room(m->descriptors, 1))
		return;
	if (!m->is_made) {
		/* Every later write finds the header there. */
		m->dirty[0] = true;
		submit(m, (struct disk_op){.kind = DISK_OPEN}, O_RDWR | O_CREAT | O_EXCL);
	} else if (next_run(m, &blocks)) {
		write_some(m, blocks);
	} else {
		end_pass(m);
	}
}

uint64_t mark_file_due_ns(const struct mark_file *m)
{
	return m->is_busy || m->served == 0 ? UINT64_MAX : m->due_ns;
}

/* Half an entry claims nothing: all that the write was to say is still to be said. */
static void failed(struct mark_file *m)
{
	unsigned first = (unsigned)(m->op.offset / MARK_BLOCK_BYTES);
	m->error = m->op.result < 0 ? (int)m->op.result : -ENOSPC;
	stats_add(m->stats, STAT_log_mark_failures, 1);
	for (unsigned i = 0; m->op.kind == DISK_WRITE && i < m->iov.iov_len / MARK_BLOCK_BYTES; i++)
		m->dirty[first + i] = true;
	end_pass(m);
}

void mark_file_reaped(struct mark_file *m)
{
	bool is_write = m->op.kind == DISK_WRITE;
	m->is_busy = false;
	if (m->op.result < 0 || (is_write && m->op.result != (int64_t)m->iov.iov_len)) {
		failed(m);
		return;
	}
	m->is_made = true;
	m->error = is_write ? 0 : m->error;
}
