/* test_gen_net.c - the generator's source addresses, and back. */
#include "perf/gen_net.h"

#include <criterion/criterion.h>

Test(gen_net, the_target_inside_the_net_is_left_out)
{
	struct gen_net net = {.base = 0x0a000000, .prefix_bits = 29, .target = 0x0a000002};
	static const uint32_t hosts[] = {1, 3, 4, 5, 6};
	cr_assert(gen_net_hosts(&net) == array_len(hosts));
	for (unsigned i = 0; i < array_len(hosts); i++)
		cr_assert(gen_net_host(&net, i) == net.base + hosts[i], "%u", i);
	cr_assert(gen_net_index(&net, net.target) == UINT32_MAX);
}

Test(gen_net, a_target_elsewhere_leaves_all)
{
	struct gen_net net = {.base = 0x0a000000, .prefix_bits = 29, .target = 0x0b000002};
	cr_assert(gen_net_hosts(&net) == 6 && gen_net_host(&net, 1) == 0x0a000002);
}

Test(gen_net, every_address_finds_its_way_back)
{
	struct gen_net net = {.base = 0x0a000000, .prefix_bits = 20, .target = 0x0a000101};
	for (uint32_t i = 0; i < gen_net_hosts(&net); i++)
		cr_assert(gen_net_index(&net, gen_net_host(&net, i)) == i, "%u", i);
	cr_assert(gen_net_index(&net, net.base) == UINT32_MAX, "the net itself");
	cr_assert(gen_net_index(&net, net.base + 4095) == UINT32_MAX, "everybody");
	cr_assert(gen_net_index(&net, net.base + 4096) == UINT32_MAX, "not of the net");
	cr_assert(gen_net_index(&net, net.base - 1) == UINT32_MAX, "not of the net");
}
