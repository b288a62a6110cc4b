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

static size_t bits_bytes(const struct delay *d)
{
	return round_up(d->names, 64) / 8;
}

int delay_init(struct delay *d, uint32_t names, uint32_t delay_ms)
{
	*d = (struct delay){.names = names, .entries = 1, .delay_ms = delay_ms};
	while (d->entries < min_u32(names, DELAY_ENTRIES_MAX))
		d->entries *= 2;
	d->ring = map_take(d->entries * sizeof *d->ring);
	d->wanted = map_take(bits_bytes(d));
	d->queued = map_take(bits_bytes(d));
	if (d->ring && d->wanted && d->queued)
		return 0;
	delay_fini(d);
	return -ENOMEM;
}

void delay_fini(struct delay *d)
{
	map_give(d->ring, d->entries * sizeof *d->ring);
	map_give(d->wanted, bits_bytes(d));
	map_give(d->queued, bits_bytes(d));
	*d = (struct delay){0};
}

bool delay_want(struct delay *d, uint32_t name, uint32_t now_ms)
{
	uint64_t bit = 1ull << name % 64;
	require(name < d->names);
	if (!(d->queued[name / 64] & bit)) {
		if (d->count == d->entries)
			return false;
		uint32_t at = d->first + d->count++;
		d->ring[at % d->entries] = (struct delay_entry){name, now_ms + d->delay_ms};
		d->queued[name / 64] |= bit;
	}
	d->wanted[name / 64] |= bit;
	return true;
}

uint32_t delay_due(struct delay *d, uint32_t now_ms)
{
	for (unsigned i = 0; i < DELAY_PASSED_MAX && d->count > 0; i++) {
		struct delay_entry e = d->ring[d->first % d->entries];
		bool is_wanted = delay_is_wanted(d, e.name);
		if (is_wanted && (int32_t)(now_ms - e.at_ms) < 0)
			return DELAY_NONE;
		d->first++;
		d->count--;
		d->queued[e.name / 64] &= ~(1ull << e.name % 64);
		delay_drop(d, e.name);
		if (is_wanted)
			return e.name;
	}
	return DELAY_NONE;
}

uint32_t delay_idle_ms(const struct delay *d, uint32_t now_ms, uint32_t limit_ms)
{
	if (d->count == 0)
		return limit_ms;
	int32_t left = (int32_t)(d->ring[d->first % d->entries].at_ms - now_ms);
	return left > 0 ? min_u32((uint32_t)left, limit_ms) : 0;
}
