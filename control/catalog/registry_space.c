/* registry_space.c - what the disk has left in, a word to the writers out; see registry_space.h.
 *
 * A write that finds no room fences its log, and only a start finds out what became of it. So
 * before there is none, nothing is taken any more. However fast writers are, and however long
 * control is away, between two looks they take no more than leaves half of the reserve: that is for
 * what they had taken before and is not written. */
#include "control/catalog/registry_space.h"
#include "control/catalog/registry_dirs.h"
#include "control/catalog/registry_say.h"

enum {
	/* Room has to come back by such a part of the reserve, or it is said again and again. */
	ROOM_AGAIN_PART = 8,
	/* A small disk is not asked for more than such a part of it. */
	RESERVE_PART = 16,
	MIB = 1 << 20,
};

static uint64_t reserve_of(const struct registry *r, const struct disk_space *space)
{
	return min_u64((uint64_t)r->options.settings->disk_reserve_bytes,
		       space->total_bytes / RESERVE_PART);
}

/* It is one of them. */
static unsigned dirs_on_its_disk(const struct registry *r, const struct log_dir *one)
{
	unsigned count = 0;
	for_each_dir(d, r) count += !d->is_lost && d->place.device == one->place.device;
	return count;
}

/* Each of the writers may take an equal part, in each of the directories that lie there; without a
 * reserve, whatever comes. */
static void tell_room(struct registry *r, struct log_dir *d, const struct disk_space *space)
{
	uint64_t reserve = reserve_of(r, space), kept = min_u64(reserve / 2, space->usable_bytes);
	unsigned parts = r->options.writer_count * dirs_on_its_disk(r, d);
	uint64_t room = (space->usable_bytes - kept) / parts;
	atomic_store_explicit(&d->room_bytes, reserve > 0 ? room : UINT64_MAX,
			      memory_order_relaxed);
	atomic_fetch_add_explicit(&d->looks, 1, memory_order_release);
}

static bool is_short_now(const struct registry *r, const struct disk_space *space, bool was_short)
{
	uint64_t reserve = reserve_of(r, space);
	uint64_t more = was_short ? reserve / ROOM_AGAIN_PART : 0;
	return reserve > 0 && space->usable_bytes < reserve + more;
}

static void say(struct registry *r, const struct log_dir *d, const struct disk_space *space,
		bool is_short)
{
	unsigned long left = (unsigned long)(space->usable_bytes / MIB);
	if (is_short)
		registry_say(r,
			     "%s: %lu MiB are left on its disk, less than "
			     "penstock.disk.reserve.bytes: no record is taken, and producers try "
			     "again; make room, or lower retention.bytes or the reserve",
			     d->path, left);
	else
		registry_say(r, "%s: %lu MiB are left on its disk: records are taken again",
			     d->path, left);
}

/* Who cannot tell (an old file system, the simulator) is believed to have room. */
static void look_at(struct registry *r, struct log_dir *d)
{
	struct disk_space space;
	bool was_short = atomic_load_explicit(&d->is_short, memory_order_relaxed);
	if (d->is_lost || d->is_stuck || disk_find_space(d->disk, d->path, &space) != 0)
		return;
	tell_room(r, d, &space);
	bool is_short = is_short_now(r, &space, was_short);
	if (is_short == was_short)
		return;
	atomic_store_explicit(&d->is_short, is_short, memory_order_relaxed);
	say(r, d, &space, is_short);
}

void space_look(struct registry *r)
{
	for_each_dir(d, r) look_at(r, d);
}

/* While records are taken, half of the reserve beyond it: else the cleaner would be who stops them.
 * While none is, the half that writers count on for what they had taken before: what is too much
 * may be what it takes away. */
uint64_t space_kept(const struct registry *r, const struct log_dir *d)
{
	struct disk_space space;
	if (disk_find_space(d->disk, d->path, &space) != 0)
		return 0;
	uint64_t reserve = reserve_of(r, &space);
	bool is_short = atomic_load_explicit(&d->is_short, memory_order_relaxed);
	return is_short ? reserve / 2 : reserve + reserve / 2;
}
