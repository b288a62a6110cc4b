/* owners.h - who holds how much of a memory that strangers share: each connection, and each source
 * of connections.
 *
 *     owners_name ─▶ chunk_take: charged to who was named last ─▶ ... ─▶ chunk_give: no longer
 *
 * A chunk that is out carries its owner's name (struct owner_tag) with it, wherever it goes, so
 * that whoever gives it back need not know whose it is. Sources are counted by a hash with a key of
 * this start: two may share a count, and nobody can choose with whom.
 *
 * Core: poller. Memory: 8 bytes for each that may own anything, mapped at start, touched when
 * it does.
 */
#ifndef PENSTOCK_OWNERS_H
#define PENSTOCK_OWNERS_H

#include "dataplane/base/base.h"

enum { OWNER_SOURCES_LOG2 = 12, OWNER_SOURCES = 1 << OWNER_SOURCES_LOG2 };

struct owner {
	uint32_t bytes;
	uint32_t source; /* while it has some: its place in of_source */
};

struct owner_tag {
	uint32_t owner;
	uint32_t source;
};

struct owners {
	struct owner *all;
	uint32_t count;
	uint32_t now;        /* who is charged, */
	uint64_t now_source; /* and where it comes from */
	uint64_t key;        /* odd */
	uint64_t of_source[OWNER_SOURCES];
};

/* For `count` owners, with a key that nobody knows; -errno. */
int owners_init(struct owners *o, uint32_t count, uint64_t key);
void owners_fini(struct owners *o);

/* What is taken from now on is `owner`'s, who comes from `source`. */
static inline void owners_name(struct owners *o, uint32_t owner, uint64_t source)
{
	o->now = owner;
	o->now_source = source;
}

struct owner_tag owners_charge(struct owners *o, uint32_t bytes);
void owners_release(struct owners *o, struct owner_tag tag, uint32_t bytes);

/* What the owner holds, and what all of the source that was named last do. */
static inline uint32_t owner_bytes(const struct owners *o, uint32_t owner)
{
	return o->all[owner].bytes;
}

/* The place of the source that was named last, among OWNER_SOURCES. */
uint32_t owners_source(const struct owners *o);

static inline uint64_t owners_of_source(const struct owners *o)
{
	return o->of_source[owners_source(o)];
}

#endif
