/* test_settings_port.c - the way out of the port: its VLAN and its router, and what is said of
 * wrong ones. */
#include "config/setting_value.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct settings s;
static char *said;
static size_t said_size;

/* The settings of 10.1.2.3/24 and one `key=value` more; how many errors were said. */
static unsigned take(const char *assignment)
{
	free(said);
	said = NULL;
	FILE *messages = open_memstream(&said, &said_size);
	settings_init(&s);
	unsigned errors = settings_assign(&s, "penstock.port=net_null0", messages) +
			  settings_assign(&s, "penstock.port.address=10.1.2.3/24", messages) +
			  settings_assign(&s, assignment, messages);
	errors += settings_finish(&s, messages);
	fclose(messages);
	return errors;
}

Test(settings_port, a_router_is_a_host_of_the_ports_network)
{
	static const struct {
		const char *assignment, *sentence;
	} wrong[] = {
		{"penstock.port.gateway=router", "expected a.b.c.d"},
		{"penstock.port.gateway=10.1.2.254/24", "expected a.b.c.d"},
		{"penstock.port.gateway=10.1.3.4", "not on the network"},
		{"penstock.port.gateway=10.1.2.3", "the port's own"},
		{"penstock.port.gateway=10.1.2.255", "the broadcast address"},
	};
	for (unsigned i = 0; i < array_len(wrong); i++) {
		cr_assert(take(wrong[i].assignment) == 1, "%s: %s", wrong[i].assignment, said);
		cr_assert(strstr(said, wrong[i].sentence) && s.gateway_ip4 == 0, "%s", said);
	}
	cr_assert(take("penstock.port.gateway=10.1.2.254") == 0, "%s", said);
	cr_assert(s.gateway_ip4 == 0x0a0102fe);
	cr_assert(take("penstock.port.gateway=") == 0 && s.gateway_ip4 == 0, "%s", said);
}

Test(settings_port, a_mtu_is_one_that_can_be)
{
	cr_assert(take("penstock.port.mtu=575") == 1 && strstr(said, "576"), "%s", said);
	cr_assert(take("penstock.port.mtu=60001") == 1 && strstr(said, "60000"), "%s", said);
	cr_assert(take("penstock.port.mtu=9000") == 0 && s.nic.mtu == 9000, "%s", said);
	cr_assert(take("penstock.port.mtu=0") == 0 && s.nic.mtu == 0, "%s", said);
}

Test(settings_port, a_vlan_is_one_that_can_be)
{
	cr_assert(take("penstock.port.vlan=4095") == 1 && strstr(said, "4094"), "%s", said);
	cr_assert(take("penstock.port.vlan=4094") == 0 && s.port_vlan == 4094, "%s", said);
	cr_assert(take("penstock.port.vlan=0") == 0 && s.port_vlan == 0, "%s", said);
}
