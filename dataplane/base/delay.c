/* delay.c - names in, those that are due and still wanted out; see delay.h. */
#include "dataplane/base/delay.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"

#include <errno.h>

enum {
	/* 200 ms of 1.3 million a second; 2 MiB, whatever the number of names. */
	DELAY_ENTRIES_MAX = 1 << 18,
	DELAY_PASSED_MAX = 64,
};

static size_t states_bytes(const struct delay *d)
{
	return (d->names / DELAY_NAMES_PER_WORD + 1) * sizeof *d->states;
}

int delay_init(struct delay *d, uint32_t names, uint32_t delay_ms)
{
	*d = (struct delay){.names = names, .entries = 1, .delay_ms = delay_ms};
	while (d->entries < min_u32(names, DELAY_ENTRIES_MAX))
		d->entries *= 2;
	d->ring = map_take(d->entries * sizeof *d->ring);
	d->states = map_take(states_bytes(d));
	if (d->ring && d->states)
		return 0;
	delay_fini(d);
	return -ENOMEM;
}

void delay_fini(struct delay *d)
{
	map_give(d->ring, d->entries * sizeof *d->ring);
	map_give(d->states, states_bytes(d));
	*d = (struct delay){0};
}

/* A name that was dropped and still stands in the ring is wanted there again: it has one entry,
 * however often it is dropped and wanted. */
bool delay_want(struct delay *d, uint32_t name, uint32_t now_ms)
{
	require(name < d->names);
	if (!(delay_state(d, name) & DELAY_QUEUED)) {
		if (d->count == d->entries)
			return false;
		uint32_t at = d->first + d->count++;
		d->ring[at & (d->entries - 1)] =
			(struct delay_entry){name, now_ms + d->delay_ms};
	}
	*delay_word(d, name) |= (DELAY_QUEUED | DELAY_WANTED) << delay_shift(name);
	return true;
}

/* Entries that nobody wants are passed over before their time: they only take up room. */
uint32_t delay_due(struct delay *d, uint32_t now_ms)
{
	for (unsigned i = 0; i < DELAY_PASSED_MAX && d->count > 0; i++) {
		struct delay_entry e = d->ring[d->first & (d->entries - 1)];
		bool is_wanted = delay_is_wanted(d, e.name);
		if (is_wanted && (int32_t)(now_ms - e.at_ms) < 0)
			return DELAY_NONE;
		d->first++;
		d->count--;
		*delay_word(d, e.name) &=
			~((DELAY_QUEUED | DELAY_WANTED) << delay_shift(e.name));
		if (is_wanted)
			return e.name;
	}
	return DELAY_NONE;
}

/* Of the first entry, whether it is wanted or not: at worst a core wakes once for nothing. */
uint32_t delay_idle_ms(const struct delay *d, uint32_t now_ms, uint32_t limit_ms)
{
	if (d->count == 0)
		return limit_ms;
	int32_t left = (int32_t)(d->ring[d->first & (d->entries - 1)].at_ms - now_ms);
	return left > 0 ? min_u32((uint32_t)left, limit_ms) : 0;
}
