/* test_cores_plan.c - penstock.cores in, roles by core out. */
#include "control/cores.h"
#include "control/eal.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>

static struct settings s;
static struct core_plan plan;

static void add(enum core_role role, uint16_t cpu)
{
	s.core[s.core_count++] =
		(struct core_settings){.role = (uint8_t)role, .cpu = cpu};
}

Test(cores_plan, every_core_gets_its_role_and_roles_are_numbered_in_order)
{
	add(CORE_WRITER, 3);
	add(CORE_FUSED, 0);
	add(CORE_WRITER, 2);
	cr_assert(cores_plan(&s, &plan) == 0);
	cr_assert(plan.count == 3 && plan.poller_count == 1 && plan.writer_count == 3);
	cr_assert(plan.core[0].cpu == 3 && plan.core[0].poller == -1 &&
		  plan.core[0].writer == 0);
	cr_assert(plan.core[1].cpu == 0 && plan.core[1].poller == 0 &&
		  plan.core[1].writer == 1);
	cr_assert(plan.core[2].cpu == 2 && plan.core[2].poller == -1 &&
		  plan.core[2].writer == 2);
}

Test(cores_plan, the_coordinator_has_a_cpu_of_its_own_only_when_it_is_given_one)
{
	add(CORE_FUSED, 0);
	cr_assert(cores_plan(&s, &plan) == 0 && plan.coordinator_cpu == -1);
	add(CORE_COORDINATOR, 1);
	cr_assert(cores_plan(&s, &plan) == 0 && plan.coordinator_cpu == 1);
	cr_assert(plan.count == 1 && plan.core[0].cpu == 0);
	s.core[0] = s.core[1];
	s.core_count = 1;
	cr_assert(cores_plan(&s, &plan) == 0 && plan.coordinator_cpu == 1);
	cr_assert(plan.poller_count == 1 && plan.writer_count == 1, "data cores are chosen");
}

Test(cores_plan, a_gateway_without_poller_or_without_writer_is_refused)
{
	add(CORE_WRITER, 0);
	cr_assert(cores_plan(&s, &plan) == -EINVAL);
	s.core_count = 0;
	add(CORE_POLLER, 0);
	cr_assert(cores_plan(&s, &plan) == -EINVAL);
}

Test(cores_plan, two_pollers_would_share_one_queue_pair_and_are_refused)
{
	add(CORE_FUSED, 0);
	add(CORE_POLLER, 1);
	cr_assert(cores_plan(&s, &plan) == -EINVAL);
}

Test(cores_plan, on_one_cpu_everything_is_fused)
{
	cpu_set_t one;
	uint16_t cpus[2];
	cr_assert(eal_cpus(cpus, 2) >= 1);
	CPU_ZERO(&one);
	CPU_SET(cpus[0], &one);
	cr_assert(sched_setaffinity(0, sizeof one, &one) == 0);
	cr_assert(cores_plan(&s, &plan) == 0);
	cr_assert(plan.count == 1 && plan.core[0].cpu == cpus[0]);
	cr_assert(plan.core[0].poller == 0 && plan.core[0].writer == 0);
}
