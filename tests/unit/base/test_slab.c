/* test_slab.c - fixed objects with generation-tagged handles. */
#include "dataplane/base/slab.h"

#include <criterion/criterion.h>

Test(slab, handle_of_a_given_object_names_nothing_any_more)
{
	struct slab s;
	cr_assert(slab_init(&s, 24, 4) == 0);
	void *a = slab_take(&s);
	uint64_t handle = slab_handle(&s, a);
	cr_assert(slab_get(&s, handle) == a);
	slab_give(&s, a);
	cr_assert(slab_get(&s, handle) == NULL);
	void *b = slab_take(&s);
	cr_assert(b == a, "the place is used again");
	cr_assert(slab_get(&s, handle) == NULL, "the old handle stays dead");
	cr_assert(slab_get(&s, slab_handle(&s, b)) == b);
	slab_fini(&s);
}

Test(slab, runs_out_and_recovers)
{
	struct slab s;
	void *objects[4];
	cr_assert(slab_init(&s, 100, 4) == 0);
	for (int i = 0; i < 4; i++)
		cr_assert((objects[i] = slab_take(&s)) != NULL);
	cr_assert(slab_take(&s) == NULL);
	slab_give(&s, objects[2]);
	cr_assert(slab_take(&s) == objects[2]);
	cr_assert(s.in_use == 4);
	slab_fini(&s);
}

Test(slab, handles_of_wild_values_name_nothing)
{
	struct slab s;
	cr_assert(slab_init(&s, 64, 4) == 0);
	cr_assert(slab_get(&s, 0) == NULL);
	cr_assert(slab_get(&s, UINT64_MAX) == NULL);
	slab_fini(&s);
}
