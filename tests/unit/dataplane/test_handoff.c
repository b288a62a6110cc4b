/* test_handoff.c - how many messages of each kind may be under way. */
#include "dataplane/handoff.h"

#include <criterion/criterion.h>

static struct handoff_msg messages[HANDOFF_RING_SLOTS];

static const struct budget_case {
	enum handoff_kind kind;
	unsigned max;
} budgets[] = {
	{HANDOFF_APPEND, HANDOFF_APPENDS_MAX}, {HANDOFF_READ, HANDOFF_READS_MAX},
	{HANDOFF_WATCH, HANDOFF_WATCHES_MAX},  {HANDOFF_ADMIN, HANDOFF_ADMINS_MAX},
	{HANDOFF_CALL, HANDOFF_CALLS_MAX},
};

static unsigned send_all(struct handoff *h, enum handoff_kind kind)
{
	unsigned count = 0;
	for (; handoff_has_room(h, kind); count++) {
		messages[count] = (struct handoff_msg){.kind = (uint8_t)kind};
		handoff_send(h, &messages[count]);
	}
	return count;
}

/* The server gives everything back. */
static unsigned return_all(struct handoff *h)
{
	struct handoff_msg *m;
	unsigned count = 0;
	for (; handoff_pull(h, &m, 1) == 1; count++)
		handoff_complete(h, m);
	return count;
}

static unsigned reap_all(struct handoff *h)
{
	struct handoff_msg *m;
	unsigned count = 0;
	while (handoff_reap(h, &m, 1) == 1)
		count++;
	return count;
}

Test(handoff, each_kind_has_a_budget_of_its_own_until_it_is_reaped)
{
	struct wake wakes[2];
	struct handoff h;
	cr_assert(!wake_init(&wakes[0]) && !wake_init(&wakes[1]));
	cr_assert(!handoff_init(&h, &wakes[0], &wakes[1]));
	for (unsigned i = 0; i < array_len(budgets); i++) {
		const struct budget_case *b = &budgets[i];
		cr_assert(send_all(&h, b->kind) == b->max, "%u", i);
		for (unsigned k = 0; k < array_len(budgets); k++)
			cr_assert(handoff_has_room(&h, budgets[k].kind) == (k != i));
		cr_assert(return_all(&h) == b->max);
		cr_assert(!handoff_has_room(&h, b->kind), "they fill the way back");
		cr_assert(reap_all(&h) == b->max && handoff_has_room(&h, b->kind));
	}
	handoff_fini(&h);
	wake_fini(&wakes[0]);
	wake_fini(&wakes[1]);
}
