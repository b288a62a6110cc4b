/* test_gateway_refused.c - what the operator hears of newcomers that found no connection. */
#include "control/gateway_refused.h"
#include "dataplane/base/clock.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static char *said;
static size_t said_bytes;
static struct refused refused;
static struct stats_page pages[2];

static void setup(void)
{
	refused.to = open_memstream(&said, &said_bytes);
}

static void teardown(void)
{
	fclose(refused.to);
	free(said);
}

TestSuite(gateway_refused, .init = setup, .fini = teardown);

static void count(unsigned page, enum stat_id id, uint64_t n)
{
	struct stats s = pages[page].stats;
	stats_add(&s, id, n);
	stats_publish(&pages[page], &s);
}

/* The line said at that second, null when there was none. */
static const char *heard_at(uint64_t s)
{
	fflush(refused.to);
	size_t before = said_bytes;
	refused_turn(&refused, pages, array_len(pages), s * NS_PER_S);
	fflush(refused.to);
	return said_bytes > before ? said + before : NULL;
}

Test(gateway_refused, the_first_is_said_at_once_and_the_others_as_a_sum)
{
	cr_assert(!heard_at(100), "there is nothing to say");
	count(0, STAT_packet_drop_tcp_per_ip, 1);
	const char *line = heard_at(101);
	cr_assert(line && strstr(line, " 0 while all were taken"));
	cr_assert(strstr(line, " 1 of an address") && strstr(line, " 0 silent ones"));
	for (uint64_t s = 102; s < 161; s++) {
		count(1, STAT_packet_drop_tcp_per_ip, 1);
		count(0, STAT_packet_drop_tcp_connections, 2);
		count(0, STAT_tcp_evicted, 3);
		cr_assert(!heard_at(s), "a minute has not passed");
	}
	line = heard_at(161);
	cr_assert(line && strstr(line, " 118 while all were taken"), "%s", line);
	cr_assert(strstr(line, " 59 of an address") && strstr(line, " 177 silent ones"));
	cr_assert(!heard_at(1000), "nothing is new");
}
