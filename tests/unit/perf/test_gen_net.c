/* test_gen_net.c - the generator's source addresses, and back. */
#include "perf/gen_net.h"

#include <criterion/criterion.h>

Test(gen_net, the_target_inside_the_net_is_left_out)
{
	struct gen_net net = gen_net_of(0x0a000005, 29, 0x0a000002);
	static const uint32_t hosts[] = {1, 3, 4, 5, 6};
	cr_assert(net.base == 0x0a000000 && net.hosts == array_len(hosts));
	for (unsigned i = 0; i < array_len(hosts); i++)
		cr_assert(gen_net_host(&net, i) == net.base + hosts[i], "%u", i);
	cr_assert(gen_net_index(&net, net.target) == UINT32_MAX);
}

Test(gen_net, a_target_elsewhere_leaves_all)
{
	struct gen_net net = gen_net_of(0x0a000000, 29, 0x0b000002);
	cr_assert(net.hosts == 6 && gen_net_host(&net, 1) == 0x0a000002);
}

Test(gen_net, every_address_finds_its_way_back)
{
	struct gen_net net = gen_net_of(0x0a000000, 20, 0x0a000101);
	for (uint32_t i = 0; i < net.hosts; i++)
		cr_assert(gen_net_index(&net, gen_net_host(&net, i)) == i, "%u", i);
	cr_assert(gen_net_index(&net, net.base) == UINT32_MAX, "the net itself");
	cr_assert(gen_net_index(&net, net.base + 4095) == UINT32_MAX, "everybody");
	cr_assert(gen_net_index(&net, net.base + 4096) == UINT32_MAX, "not of the net");
	cr_assert(gen_net_index(&net, net.base - 1) == UINT32_MAX, "not of the net");
}

Test(gen_net, shares_are_all_of_it_and_none_twice)
{
	enum { SHARES = 3 };
	struct gen_net net = gen_net_of(0x0a000000, 26, 0x0a000009);
	uint32_t next = 0;
	for (unsigned k = 0; k < SHARES; k++) {
		struct gen_net share = gen_net_share(&net, k, SHARES);
		cr_assert(share.hosts == net.hosts / SHARES + (k < net.hosts % SHARES));
		for (uint32_t i = 0; i < share.hosts; i++) {
			uint32_t host = gen_net_host(&share, i);
			cr_assert(host == gen_net_host(&net, next++));
			cr_assert(gen_net_index(&share, host) == i);
		}
		uint32_t others = gen_net_host(&net, k ? 0 : net.hosts - 1);
		cr_assert(gen_net_index(&share, others) == UINT32_MAX);
	}
	cr_assert(next == net.hosts);
}
