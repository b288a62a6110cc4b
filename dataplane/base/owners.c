/* owners.c - bytes taken and given back in, sums by owner and source out; see owners.h. */
#include "dataplane/base/owners.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"

#include <errno.h>

int owners_init(struct owners *o, uint32_t count, uint64_t key)
{
	memset(o, 0, sizeof *o);
	o->key = key | 1;
	o->all = map_take(sizeof *o->all * (size_t)count);
	o->count = count;
	return o->all ? 0 : -ENOMEM;
}

void owners_fini(struct owners *o)
{
	map_give(o->all, sizeof *o->all * (size_t)o->count);
	o->all = NULL;
}

/* Multiply and shift: of any two sources it is one in 2,000 that they meet, for who does not know
 * the key; and it costs each answer three cycles. */
uint32_t owners_source(const struct owners *o)
{
	return (uint32_t)(o->now_source * o->key >> (64 - OWNER_SOURCES_LOG2));
}

/* An owner's place may be another's who has gone while some of it is still out: that goes on
 * counting for the source it was taken by. */
struct owner_tag owners_charge(struct owners *o, uint32_t bytes)
{
	require(o->now < o->count);
	struct owner *owner = &o->all[o->now];
	if (owner->bytes == 0)
		owner->source = owners_source(o);
	owner->bytes += bytes;
	o->of_source[owner->source] += bytes;
	return (struct owner_tag){o->now, owner->source};
}

void owners_release(struct owners *o, struct owner_tag tag, uint32_t bytes)
{
	struct owner *owner = &o->all[tag.owner];
	require(owner->bytes >= bytes && o->of_source[tag.source] >= bytes);
	owner->bytes -= bytes;
	o->of_source[tag.source] -= bytes;
}
