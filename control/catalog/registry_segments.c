/* registry_segments.c - the segments of a partition, remembered by inode; one that is gone or
 * another while they are served is noticed. An open file goes on taking records when its name is
 * gone, and one that is closed is missed only when somebody reads it.
 *
 * A look costs nothing beyond that at the directory: whatever is made, renamed or removed in a
 * directory moves its time of change. That moves in steps, so what is seen is looked at again
 * once more before it counts as settled. */
#include "control/catalog/registry_segments.h"
#include "control/catalog/registry_listing.h"
#include "dataplane/base/require.h"
#include "dataplane/store/segment.h"

#include <stdlib.h>

static int compare_seen(const void *a, const void *b)
{
	const struct segment_seen *x = a, *y = b;
	return x->base_offset < y->base_offset ? -1 : x->base_offset > y->base_offset;
}

static uint32_t count_names(const struct listing *l)
{
	uint32_t count = 0;
	for_each_name(name, l) count++;
	return count;
}

/* False: the directory cannot be read now. What vanishes meanwhile is not among them. */
static bool take(const struct registry *r, const struct partition *p, struct segments_seen *ret)
{
	struct listing l = {0};
	if (directory_list(r->dir->disk, p->directory, &l.names, &l.bytes) != 0)
		return false;
	ret->count = 0;
	ret->at = calloc(count_names(&l) + 1u, sizeof *ret->at);
	require(ret->at);
	for_each_name(name, &l)
	{
		struct segment_seen *s = &ret->at[ret->count];
		enum segment_file file;
		struct disk_place place;
		char path[PATH_MAX];
		if (!segment_parse(name, &s->base_offset, &file) || file != SEGMENT_LOG ||
		    disk_look(r->dir->disk, disk_path(path, p->directory, name), 0,
			      &place) != 0)
			continue;
		s->inode = place.inode;
		ret->count++;
	}
	free(l.names);
	qsort(ret->at, ret->count, sizeof *ret->at, compare_seen);
	return true;
}

/* The first of `before` that is not in `now`, nor of those that their writer takes out of the way:
 * the log starts in a later one. Null: all are. */
static const struct segment_seen *first_lost(const struct segments_seen *before,
					     const struct segments_seen *now, int64_t log_start)
{
	uint32_t j = 0;
	for (uint32_t i = 0; i < before->count; i++) {
		const struct segment_seen *s = &before->at[i];
		while (j < now->count && now->at[j].base_offset < s->base_offset)
			j++;
		const struct segment_seen *same = j < now->count ? &now->at[j] : NULL;
		bool is_dead = same && same->base_offset > s->base_offset &&
			       same->base_offset <= log_start;
		if (!is_dead && (!same || same->base_offset != s->base_offset ||
				 same->inode != s->inode))
			return s;
	}
	return NULL;
}

bool segments_are_here(const struct registry *r, struct partition *p, const struct disk_place *now,
		       char lost[SEGMENT_NAME_BYTES])
{
	struct segments_seen *seen = &p->segments, found = {.changed_ns = now->changed_ns};
	bool is_same = seen->at && seen->changed_ns == now->changed_ns;
	if ((is_same && seen->is_settled) || !take(r, p, &found))
		return true;
	found.is_settled = is_same;
	const struct segment_seen *gone = first_lost(seen, &found, p->log_start_offset);
	if (gone)
		segment_path(lost, SEGMENT_NAME_BYTES, "", gone->base_offset, SEGMENT_LOG);
	free(seen->at);
	*seen = found;
	return !gone;
}

void segments_forget(struct partition *p)
{
	free(p->segments.at);
	p->segments = (struct segments_seen){0};
}
