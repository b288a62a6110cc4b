/* answer_room.c - chunks that an answer needs in, the region they come from out; see
 * answer_room.h. */
#include "dataplane/session/answer_room.h"
#include "dataplane/base/clock.h"

enum {
	/* A small answer, and what a connection that holds little holds with it, in chunks. */
	LITTLE_CHUNKS = 32,
	/* A source that holds little, in parts of the common region. */
	SOURCE_PART = 16,
	/* Who is known has taken this part of what it asks for. */
	KNOWN_PART = 4,
	/* No answer takes more than half of a region, so that two find room. */
	REGION_PART = 2,
};

static bool fits(const struct answers *as, enum answer_region region, uint32_t chunks)
{
	return chunks <= as->large[region].count / REGION_PART;
}

/* Has a connection of the source that was named last left its answers unread, lately? */
static bool is_doubtful(const struct answers *as)
{
	return unread_has_fault(&as->unread, owners_source(&as->owners),
				(uint32_t)(as->now->ns / NS_PER_MS));
}

/* Regions beside the common one where the session's answer may lie, a bit for each. */
static unsigned regions_of(struct answers *as, const struct session *s, uint32_t chunks)
{
	unsigned may = 0;
	uint64_t bytes = (uint64_t)chunks * CHUNK_BYTES;
	uint64_t share = (uint64_t)answer_large_max(as) * CHUNK_BYTES / SOURCE_PART;
	if (answer_bytes_held(as, s) > LITTLE_CHUNKS * CHUNK_BYTES)
		return 0;
	if (chunks <= LITTLE_CHUNKS && fits(as, ANSWER_SMALL, chunks))
		may |= 1u << ANSWER_SMALL;
	answer_charge(as, s);
	if (owners_of_source(&as->owners) < share && !is_doubtful(as) &&
	    fits(as, ANSWER_SOURCE, chunks))
		may |= 1u << ANSWER_SOURCE;
	if (unread_taken(&as->unread, s) >= bytes / KNOWN_PART && fits(as, ANSWER_KNOWN, chunks))
		may |= 1u << ANSWER_KNOWN;
	return may;
}

static bool is_admitted(const struct session *s)
{
	return s->admitted >= WAIT_LARGE && s->admitted < WAIT_LARGE + ANSWER_REGIONS;
}

bool answer_room_has_line(const struct waits *w)
{
	bool any = false;
	for (unsigned region = 0; region < ANSWER_REGIONS && !any; region++)
		any = !list_is_empty(&w->lines[WAIT_LARGE + region]);
	return any;
}

/* Who comes new takes nothing of the common region while anybody waits, in whatever line: they were
 * to have it, too (waiting_admit.c). */
static bool is_turn(const struct waits *w, const struct session *s, enum answer_region region)
{
	if (region == ANSWER_COMMON)
		return is_admitted(s) || !answer_room_has_line(w);
	return waiting_is_turn(w, s, WAIT_LARGE + region);
}

static bool has_room(const struct answers *as, const struct waits *w, const struct session *s,
		     enum answer_region region, uint32_t chunks)
{
	return answer_large_left(as, region) >= chunks && is_turn(w, s, region);
}

bool answer_room(struct answers *as, struct waits *w, struct session *s, uint32_t chunks,
		 enum answer_region *ret)
{
	*ret = ANSWER_COMMON;
	if (likely(has_room(as, w, s, ANSWER_COMMON, chunks)))
		return true;
	unsigned may = regions_of(as, s, chunks);
	for (unsigned region = ANSWER_COMMON + 1; region < ANSWER_REGIONS; region++) {
		if (!(may >> region & 1))
			continue;
		*ret = (enum answer_region)region;
		if (has_room(as, w, s, *ret, chunks))
			return true;
	}
	session_wait_bytes(w, s, WAIT_LARGE + *ret, chunks * CHUNK_BYTES);
	return false;
}

bool answer_append_large(struct answers *as, struct waits *w, struct session *s, struct chain *c,
			 struct bytes b)
{
	size_t room = c->tail ? chunk_room(c->tail) : 0;
	enum answer_region region = ANSWER_COMMON;
	if (b.size > room) {
		size_t chunks = (b.size - room + CHUNK_BYTES - 1) / CHUNK_BYTES;
		if (!answer_room(as, w, s, (uint32_t)chunks, &region))
			return false;
	}
	answer_charge(as, s);
	return chain_append(c, &as->large[region], b.data, b.size);
}

bool answer_room_is_wanted(const struct waits *w, const struct session *s)
{
	return is_admitted(s) || answer_room_has_line(w);
}
