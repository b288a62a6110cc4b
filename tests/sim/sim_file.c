/* sim_file.c - the bytes of one file of the simulated disk: as they are seen, and as a power
 * loss would leave them; see sim_fs.h. */
#include "tests/sim/sim_fs.h"
#include "dataplane/base/require.h"

enum { SECTOR_BYTES = 512 };

static size_t sectors_of(size_t size)
{
	return (size + SECTOR_BYTES - 1) / SECTOR_BYTES;
}

static void *grown(void *old, size_t old_size, size_t size)
{
	uint8_t *p = realloc(old, size);
	require(p);
	memset(p + old_size, 0, size - old_size);
	return p;
}

static void file_grow(struct sim_file *f, size_t size)
{
	if (size <= f->capacity)
		return;
	size_t capacity = f->capacity ? f->capacity : 64 * SECTOR_BYTES;
	while (capacity < size)
		capacity *= 2;
	f->now = grown(f->now, f->capacity, capacity);
	f->kept = grown(f->kept, f->capacity, capacity);
	f->dirty = grown(f->dirty, sectors_of(f->capacity) * sizeof(uint64_t),
			 sectors_of(capacity) * sizeof(uint64_t));
	f->capacity = capacity;
}

void sim_file_write(struct sim_file *f, uint64_t at, const void *bytes, size_t n,
		    uint64_t sequence)
{
	if (n == 0)
		return;
	file_grow(f, at + n);
	memcpy(f->now + at, bytes, n);
	for (size_t s = at / SECTOR_BYTES; s <= (at + n - 1) / SECTOR_BYTES; s++)
		f->dirty[s] = sequence;
	if (at + n > f->size) {
		f->size = at + n;
		f->size_sequence = sequence;
	}
}

void sim_file_resize(struct sim_file *f, uint64_t size, uint64_t sequence)
{
	file_grow(f, size);
	if (size < f->size) {
		memset(f->now + size, 0, f->size - size);
		for (size_t s = size / SECTOR_BYTES; s < sectors_of(f->size); s++)
			f->dirty[s] = sequence;
	}
	if (size != f->size)
		f->size_sequence = sequence;
	f->size = size;
}

struct sim_snapshot {
	size_t size;
	size_t count;
	struct {
		size_t sector;
		uint8_t bytes[SECTOR_BYTES];
	} sectors[];
};

struct sim_snapshot *sim_file_snapshot(const struct sim_file *f)
{
	size_t total = sectors_of(f->capacity), count = 0;
	for (size_t s = 0; s < total; s++)
		count += f->dirty[s] != 0;
	struct sim_snapshot *snap = malloc(sizeof *snap + count * sizeof snap->sectors[0]);
	require(snap);
	snap->size = f->size;
	snap->count = 0;
	for (size_t s = 0; s < total; s++) {
		if (!f->dirty[s])
			continue;
		snap->sectors[snap->count].sector = s;
		memcpy(snap->sectors[snap->count++].bytes, f->now + s * SECTOR_BYTES,
		       SECTOR_BYTES);
	}
	return snap;
}

void sim_file_keep(struct sim_file *f, struct sim_snapshot *snapshot, uint64_t sequence)
{
	/* A sync that was overtaken by a later one brings nothing new. */
	if (sequence < f->kept_sequence) {
		free(snapshot);
		return;
	}
	f->kept_sequence = sequence;
	for (size_t i = 0; i < snapshot->count; i++) {
		size_t s = snapshot->sectors[i].sector;
		memcpy(f->kept + s * SECTOR_BYTES, snapshot->sectors[i].bytes, SECTOR_BYTES);
		if (f->dirty[s] <= sequence)
			f->dirty[s] = 0;
	}
	f->kept_size = snapshot->size;
	if (f->size_sequence <= sequence)
		f->size_sequence = 0;
	free(snapshot);
}

void sim_file_lose_power(struct sim_file *f)
{
	struct rng *rng = &sim_world()->rng;
	bool forget_all = rng_one_in(rng, 3);
	for (size_t s = 0; s < sectors_of(f->capacity); s++) {
		uint8_t *now = f->now + s * SECTOR_BYTES, *kept = f->kept + s * SECTOR_BYTES;
		if (f->dirty[s] && !forget_all && rng_one_in(rng, 2))
			memcpy(kept, now, SECTOR_BYTES);
		memcpy(now, kept, SECTOR_BYTES);
		f->dirty[s] = 0;
	}
	if (f->size_sequence && !forget_all && rng_one_in(rng, 2))
		f->kept_size = f->size;
	f->size = f->kept_size;
	f->size_sequence = 0;
	memset(f->now + f->size, 0, f->capacity - f->size);
}

void sim_file_free(struct sim_file *f)
{
	free(f->now);
	free(f->kept);
	free(f->dirty);
	free(f);
}
