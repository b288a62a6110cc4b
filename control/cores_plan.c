/* cores_plan.c - penstock.cores in, roles by core out; see cores.h. */
#include "control/cores.h"
#include "control/eal.h"

#include <errno.h>
#include <stdio.h>

static void plan_add(struct core_plan *plan, enum core_role role, uint16_t cpu)
{
	unsigned i = plan->count++;
	plan->core[i].cpu = cpu;
	plan->core[i].poller = role == CORE_WRITER ? -1 : (int)plan->poller_count++;
	plan->core[i].writer = role == CORE_POLLER ? -1 : (int)plan->writer_count++;
}

static int refuse(const char *reason)
{
	fprintf(stderr, "penstockd: penstock.cores: %s\n", reason);
	return -EINVAL;
}

/* The last CPUs, and the first is left to control. Of two CPUs a poller and a writer would leave
 * it none: one core does both. */
static int plan_automatic(struct core_plan *ret)
{
	uint16_t cpus[1024];
	unsigned count = eal_cpus(cpus, array_len(cpus));
	if (count == 0)
		return refuse("the CPUs this process may use are not known; name them");
	if (count < 3) {
		plan_add(ret, CORE_FUSED, cpus[count - 1]);
		return 0;
	}
	plan_add(ret, CORE_POLLER, cpus[count - 2]);
	plan_add(ret, CORE_WRITER, cpus[count - 1]);
	return 0;
}

int cores_plan(const struct settings *s, struct core_plan *ret)
{
	*ret = (struct core_plan){.coordinator_cpu = -1};
	for (unsigned i = 0; i < s->core_count; i++)
		if (s->core[i].role == CORE_COORDINATOR)
			ret->coordinator_cpu = s->core[i].cpu;
		else
			plan_add(ret, s->core[i].role, s->core[i].cpu);
	if (ret->count == 0)
		return plan_automatic(ret);
	if (ret->poller_count == 0)
		return refuse(
			"no poller; add poller:CPU, or fused:CPU for both in one loop");
	if (ret->writer_count == 0)
		return refuse(
			"no writer; add writer:CPU, or fused:CPU for both in one loop");
	/* The port is opened with one queue pair, and a pair has one owner. */
	if (ret->poller_count > 1)
		return refuse("one poller so far: the port has one queue pair");
	return 0;
}
