/* delay.h - what is to be looked at again after one fixed time, and mostly need not be by then:
 * names (indexes of a slab) in a ring, in the order of their deadlines, and two bits for each that
 * say whether it is there, and still wanted.
 *
 *     delay_want(7) ─▶ ring [3│at] [9│at] [7│at] ─▶ delay_due ─▶ 3, when its time has come
 *     delay_drop(9) ─▶ states: two bits a name       └ 9 is passed over: it is not wanted
 *
 * Why not the wheel: its node lies in the object, so that arming, cancelling and expiring each
 * touch the object and its neighbours. Of a million connections each of those lines is cold, and
 * what a connection waits for (an acknowledgement) is nearly always there long before its time.
 * Here wanting and dropping touch a bit, and an object only when it is due.
 *
 * A name is in the ring once at most. Dropped and wanted again before its time, it keeps its
 * place: delay_due() may show it early, never later than wanted. Core: the owner's only.
 */
#ifndef PENSTOCK_DELAY_H
#define PENSTOCK_DELAY_H

#include "dataplane/base/base.h"

enum { DELAY_NONE = UINT32_MAX, DELAY_NAMES_PER_WORD = 32 };

#define DELAY_QUEUED UINT64_C(1) /* it has an entry in the ring */
#define DELAY_WANTED UINT64_C(2)

struct delay_entry {
	uint32_t name;
	uint32_t at_ms; /* wraps */
};

struct delay {
	struct delay_entry *ring;
	uint64_t *states; /* of each name DELAY_QUEUED and DELAY_WANTED */
	uint32_t names;
	uint32_t entries; /* a power of two */
	uint32_t first;   /* counts on: the entry is `first` modulo `entries` */
	uint32_t count;
	uint32_t delay_ms;
};

/* Maps room for names below `names`; -errno. */
int delay_init(struct delay *d, uint32_t names, uint32_t delay_ms);
void delay_fini(struct delay *d);

/* `name` is wanted, `delay_ms` from now. False: the ring is full, it will not be shown. */
bool delay_want(struct delay *d, uint32_t name, uint32_t now_ms);

static inline uint64_t *delay_word(const struct delay *d, uint32_t name)
{
	return &d->states[name / DELAY_NAMES_PER_WORD];
}

static inline unsigned delay_shift(uint32_t name)
{
	return name % DELAY_NAMES_PER_WORD * 2;
}

static inline uint64_t delay_state(const struct delay *d, uint32_t name)
{
	return *delay_word(d, name) >> delay_shift(name);
}

/* It is not wanted any more. */
static inline void delay_drop(struct delay *d, uint32_t name)
{
	*delay_word(d, name) &= ~(DELAY_WANTED << delay_shift(name));
}

static inline bool delay_is_wanted(const struct delay *d, uint32_t name)
{
	return delay_state(d, name) & DELAY_WANTED;
}

/* A name that is wanted and whose time has come; it is wanted no longer. DELAY_NONE: no other
 * now (or one at the next call: what is passed over is bounded). */
uint32_t delay_due(struct delay *d, uint32_t now_ms);

/* Milliseconds until the first entry's time, at most `limit_ms`. */
uint32_t delay_idle_ms(const struct delay *d, uint32_t now_ms, uint32_t limit_ms);

#endif
