/* sim_cleaner.c - a step of a round in, done when it is begun; see sim_cleaner.h. */
#include "tests/sim/sim_cleaner.h"
#include "dataplane/base/require.h"
#include "tests/sim/sim.h"

/* For a hundred keys or two: some rounds end in the middle of a log. */
enum { MAP_BYTES = 8192 };

static bool pace(void *owner, uint32_t bytes)
{
	return !rng_one_in(&sim_world()->rng, 300);
}

static void begin(void *owner, struct clean_round *round, enum clean_step step)
{
	struct sim_cleaner *c = owner;
	c->error = clean_step_do(c->tools, round, step);
	c->is_over = true;
	sim_say("cleaner: %s, step %d: %d", step == CLEAN_STEP_REST ? "" : round->directory, step,
		c->error);
}

/* Now and then a step takes a turn longer. */
static bool is_over(void *owner, int *error)
{
	struct sim_cleaner *c = owner;
	bool over = c->is_over && !rng_one_in(&sim_world()->rng, 4);
	*error = c->error;
	c->is_over &= !over;
	return over;
}

/* What was begun is done; that it is over is told in a turn that may come late. */
static void cancel(void *owner)
{
}

static void finish(void *owner)
{
	struct sim_cleaner *c = owner;
	c->is_over = false;
}

void sim_cleaner_make(struct sim_cleaner *c, struct disk *d)
{
	*c = (struct sim_cleaner){
		.cleaner = {.owner = c, .begin = begin, .is_over = is_over, .cancel = cancel,
			    .finish = finish},
		.tools = clean_tools_create(d, MAP_BYTES, 0.9, (struct clean_pace){.pace = pace}),
	};
	require(c->tools);
}

void sim_cleaner_end(struct sim_cleaner *c)
{
	if (c->tools)
		clean_tools_destroy(c->tools);
	c->tools = NULL;
}
