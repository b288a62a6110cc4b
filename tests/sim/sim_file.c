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
	f->sectors = grown(f->sectors, sectors_of(f->capacity) * sizeof *f->sectors,
			   sectors_of(capacity) * sizeof *f->sectors);
	f->capacity = capacity;
}

void sim_file_write(struct sim_file *f, uint64_t at, const void *bytes, size_t n,
		    uint64_t sequence)
{
	if (n == 0)
		return;
	file_grow(f, at + n);
	memcpy(f->now + at, bytes, n);
	for (size_t s = at / SECTOR_BYTES; s <= (at + n - 1) / SECTOR_BYTES; s++) {
		f->sectors[s].dirty = sequence;
		f->sectors[s].is_written = true;
	}
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
		for (size_t s = size / SECTOR_BYTES; s < sectors_of(f->size); s++) {
			f->sectors[s].dirty = sequence;
			f->sectors[s].is_written = f->sectors[s].is_mapped = false;
		}
	}
	if (size != f->size)
		f->size_sequence = sequence;
	f->size = size;
}

struct sim_snapshot {
	enum sim_coverage coverage;
	size_t size;
	size_t count;
	struct {
		size_t sector;
		bool is_written;
		uint8_t bytes[SECTOR_BYTES];
	} sectors[];
};

static bool is_covered(const struct sim_sector *s, enum sim_coverage coverage)
{
	return s->dirty && (coverage == SIM_SYNC || s->is_mapped);
}

struct sim_snapshot *sim_file_snapshot(const struct sim_file *f, enum sim_coverage coverage)
{
	size_t total = sectors_of(f->capacity), count = 0;
	for (size_t s = 0; s < total; s++)
		count += is_covered(&f->sectors[s], coverage);
	struct sim_snapshot *snap = malloc(sizeof *snap + count * sizeof snap->sectors[0]);
	require(snap);
	snap->coverage = coverage;
	snap->size = f->size;
	snap->count = 0;
	for (size_t s = 0; s < total; s++) {
		if (!is_covered(&f->sectors[s], coverage))
			continue;
		snap->sectors[snap->count].sector = s;
		snap->sectors[snap->count].is_written = f->sectors[s].is_written;
		memcpy(snap->sectors[snap->count++].bytes, f->now + s * SECTOR_BYTES,
		       SECTOR_BYTES);
	}
	return snap;
}

static void keep_sectors(struct sim_file *f, const struct sim_snapshot *snapshot,
			 uint64_t sequence)
{
	for (size_t i = 0; i < snapshot->count; i++) {
		size_t s = snapshot->sectors[i].sector;
		struct sim_sector *sector = &f->sectors[s];
		/* One that was overtaken by a later one brings nothing new. */
		if (sequence < sector->kept_at)
			continue;
		memcpy(f->kept + s * SECTOR_BYTES, snapshot->sectors[i].bytes, SECTOR_BYTES);
		sector->kept_at = sequence;
		if (sector->dirty <= sequence)
			sector->dirty = 0;
		/* A truncation that came meanwhile took the block away. */
		sector->is_mapped = sector->is_written && snapshot->sectors[i].is_written;
	}
}

void sim_file_keep(struct sim_file *f, struct sim_snapshot *snapshot, uint64_t sequence)
{
	keep_sectors(f, snapshot, sequence);
	if (snapshot->coverage == SIM_FLUSH || sequence < f->kept_sequence) {
		free(snapshot);
		return;
	}
	f->kept_sequence = sequence;
	f->kept_size = snapshot->size;
	if (f->size_sequence <= sequence)
		f->size_sequence = 0;
	free(snapshot);
}

bool sim_file_is_clean(const struct sim_file *f)
{
	for (size_t s = 0; s < sectors_of(f->capacity); s++)
		if (f->sectors[s].dirty)
			return false;
	return f->size_sequence == 0;
}

void sim_file_lose_power(struct sim_file *f)
{
	struct rng *rng = &sim_world()->rng;
	bool forget_all = rng_one_in(rng, 3);
	for (size_t s = 0; s < sectors_of(f->capacity); s++) {
		uint8_t *now = f->now + s * SECTOR_BYTES, *kept = f->kept + s * SECTOR_BYTES;
		if (f->sectors[s].dirty && !forget_all && rng_one_in(rng, 2))
			memcpy(kept, now, SECTOR_BYTES);
		memcpy(now, kept, SECTOR_BYTES);
		f->sectors[s].dirty = 0;
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
	free(f->sectors);
	free(f);
}
