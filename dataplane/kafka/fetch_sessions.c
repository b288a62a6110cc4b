/* fetch_sessions.c - who comes in, a session out, another's if need be; see fetch_sessions.h. */
#include "dataplane/kafka/fetch_sessions.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/entropy.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/kafka/kafka_fetch.h"

#include <errno.h>

static_assert(POLLERS_MAX <= 1 << FETCH_SESSION_POLLER_BITS, "an id names its poller");

/* ---- ids ------------------------------------------------------------------------------- */

static uint32_t bits(uint32_t id, unsigned from, unsigned count)
{
	return id >> from & ((1u << count) - 1);
}

static uint32_t place_of(uint32_t id)
{
	return bits(id, FETCH_SESSION_POLLER_BITS, FETCH_SESSION_PLACE_BITS);
}

/* An id is no secret, only one that nobody has by accident: who has another's can end his session
 * and costs him a full request. Never 0: of the random bits one is set. */
static int32_t new_id(struct fetch_sessions *fs, uint32_t place)
{
	fs->random = fs->random * 6364136223846793005ull + 1442695040888963407ull;
	uint32_t random = bits((uint32_t)(fs->random >> 32), 0, FETCH_SESSION_RANDOM_BITS);
	uint32_t id = max_u32(random, 1) << FETCH_SESSION_PLACE_BITS | place;
	return (int32_t)(id << FETCH_SESSION_POLLER_BITS | fs->poller);
}

struct fetch_session *fetch_session_find(struct fetch_sessions *fs, int32_t id)
{
	uint32_t place = place_of((uint32_t)id);
	bool is_here = id > 0 && place < fs->place_count && fs->places[place].id == id;
	return is_here ? &fs->places[place] : NULL;
}

/* ---- who gives way --------------------------------------------------------------------- */

static bool is_older(const struct fetch_sessions *fs, uint64_t now_ns, uint64_t than_ns)
{
	return now_ns - than_ns > fs->eviction_ns;
}

/* As Kafka: what counts is how old it was when it was used last. */
static bool is_evictable(const struct fetch_sessions *fs, const struct fetch_session *s)
{
	return is_older(fs, s->used_ns, s->created_ns);
}

/* Null: nobody who may be asked is smaller; until somebody grows old enough, or shrinks, nobody
 * need be looked at again for as many partitions. */
static struct fetch_session *find_smallest(struct fetch_sessions *fs, uint32_t partitions,
					   uint64_t now_ns)
{
	struct fetch_session *smallest = NULL;
	if (partitions <= fs->refused_partitions && now_ns < fs->refused_until_ns)
		return NULL;
	list_for_each(node, &fs->used)
	{
		struct fetch_session *s = list_entry(node, struct fetch_session, node);
		if (is_evictable(fs, s) && s->partitions < partitions &&
		    (!smallest || s->partitions < smallest->partitions))
			smallest = s;
	}
	if (!smallest) {
		fs->refused_partitions = partitions;
		fs->refused_until_ns = UINT64_MAX;
	}
	return smallest;
}

static bool has_chunks(const struct fetch_sessions *fs, uint32_t chunks)
{
	return chunk_pool_left(&fs->pool) >= chunks;
}

/* A smaller one gives its place, and one place is enough: a long list does not end all that are
 * short for the sake of memory. */
static struct fetch_session *find_victim(struct fetch_sessions *fs, uint32_t partitions,
					 uint32_t chunks, uint64_t now_ns)
{
	if (list_is_empty(&fs->used))
		return NULL;
	struct fetch_session *oldest = list_entry(fs->used.next, struct fetch_session, node);
	if (is_older(fs, now_ns, oldest->used_ns))
		return oldest;
	return has_chunks(fs, chunks) ? find_smallest(fs, partitions, now_ns) : NULL;
}

/* Of one whose fetch is under way the memory comes back with that. */
static bool make_room(struct fetch_sessions *fs, uint32_t partitions, uint32_t chunks,
		      uint64_t now_ns)
{
	while (list_is_empty(&fs->free) || !has_chunks(fs, chunks)) {
		struct fetch_session *victim = find_victim(fs, partitions, chunks, now_ns);
		if (!victim)
			return false;
		fetch_session_end(fs, victim);
		stats_add(fs->stats, STAT_fetch_sessions_evicted, 1);
	}
	return true;
}

/* ---- the life of a session ------------------------------------------------------------- */

struct fetch_session *fetch_session_take(struct fetch_sessions *fs, uint32_t partitions,
					 uint32_t chunks, uint64_t now_ns)
{
	if (partitions > FETCH_SESSION_PARTITIONS_MAX || chunks > fs->pool.count ||
	    !make_room(fs, partitions, chunks, now_ns)) {
		stats_add(fs->stats, STAT_fetch_sessions_refused, 1);
		return NULL;
	}
	struct fetch_session *s = list_entry(list_take_first(&fs->free), struct fetch_session,
					     node);
	*s = (struct fetch_session){.created_ns = now_ns, .used_ns = now_ns,
				    .id = new_id(fs, (uint32_t)(s - fs->places)), .epoch = 1,
				    .partitions = partitions};
	list_append(&fs->used, &s->node);
	fs->count++;
	stats_add(fs->stats, STAT_fetch_sessions_made, 1);
	return s;
}

/* Whoever has shrunk, or grown old enough, may give way from now on. */
void fetch_session_touch(struct fetch_sessions *fs, struct fetch_session *s, uint64_t now_ns)
{
	s->used_ns = now_ns;
	list_remove(&s->node);
	list_append(&fs->used, &s->node);
	if (is_evictable(fs, s) && s->partitions < fs->refused_partitions)
		fs->refused_until_ns = 0;
}

void fetch_session_end(struct fetch_sessions *fs, struct fetch_session *s)
{
	require(s->id != 0);
	if (s->fetch) {
		s->fetch->kept_in = NULL;
		s->fetch->told_session_id = 0;
	}
	chain_give(&s->parts);
	chain_give(&s->names);
	list_remove(&s->node);
	*s = (struct fetch_session){0};
	list_init(&s->node);
	list_append(&fs->free, &s->node);
	fs->count--;
}

/* ---- start and end --------------------------------------------------------------------- */

int fetch_sessions_init(struct fetch_sessions *fs, const struct fetch_sessions_bounds *b,
			struct stats *stats)
{
	*fs = (struct fetch_sessions){.place_count = b->places, .poller = b->poller,
				      .eviction_ns = b->eviction_ms * NS_PER_MS, .stats = stats};
	list_init(&fs->used);
	list_init(&fs->free);
	entropy_fill(&fs->random, sizeof fs->random);
	if (b->places == 0)
		return 0;
	require(b->places <= 1u << FETCH_SESSION_PLACE_BITS);
	fs->places = map_take(b->places * sizeof *fs->places);
	if (!fs->places)
		return -ENOMEM;
	for (uint32_t i = 0; i < b->places; i++)
		list_append(&fs->free, &fs->places[i].node);
	return chunk_pool_init(&fs->pool, CHUNK_PARTS_BYTES,
			       b->places * (FETCH_SESSION_BYTES / CHUNK_PARTS_BYTES));
}

void fetch_sessions_fini(struct fetch_sessions *fs)
{
	if (!fs->places)
		return;
	chunk_pool_fini(&fs->pool);
	map_give(fs->places, fs->place_count * sizeof *fs->places);
}
