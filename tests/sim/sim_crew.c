/* sim_crew.c - calls made one after the other, whenever control goes on; see
 * control/catalog/crew.h. */
#include "tests/sim/sim_crew.h"
#include "control/catalog/crew.h"
#include "dataplane/base/require.h"

#include <stdlib.h>

struct crew {
	struct crew_work work;
	uint32_t made;
	bool is_stopped;
	bool hangs;
	struct crew *next;
};

static bool is_held;
static struct crew *crews;

void sim_crew_hold(bool hold)
{
	is_held = hold;
}

void sim_crew_hang(void)
{
	for (struct crew *c = crews; c; c = c->next)
		c->hangs = true;
}

void sim_crew_answer(void)
{
	for (struct crew *c = crews; c; c = c->next)
		c->hangs = false;
}

struct crew *crew_start(const struct crew_work *work, unsigned threads, int *error)
{
	struct crew *c = calloc(1, sizeof *c);
	require(c && threads > 0 && threads <= CREW_THREADS_MAX);
	c->work = *work;
	c->next = crews;
	crews = c;
	*error = 0;
	return c;
}

void crew_turn(struct crew *c)
{
	if (is_held || c->hangs || crew_is_idle(c))
		return;
	c->work.call(c->work.owner, c->made);
	c->made++;
}

bool crew_has_made(const struct crew *c, uint32_t index)
{
	return index < c->made;
}

void crew_stop(struct crew *c)
{
	c->is_stopped = true;
}

bool crew_is_idle(const struct crew *c)
{
	return !c->hangs && (c->is_stopped || c->made == c->work.calls);
}

void crew_end(struct crew *c)
{
	struct crew **at = &crews;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	free(c);
}
