/* test_flush_group.c - what a group covers while commits are slow, and how many zeroes a writer's
 * logs may write ahead. The rest of it is the simulator's. */
#include "dataplane/store/log/flush_group.h"
#include "dataplane/base/clock.h"
#include "dataplane/store/log/log_flush.h"

#include <criterion/criterion.h>

enum { STEP_BYTES = 512 << 10, WRITER = 1 };

static struct log_service service;
static struct log_dir dir;

static void begin(bool has_journal)
{
	service = (struct log_service){.now_ns = 5 * NS_PER_S, .zeroes_bytes = STEP_BYTES};
	dir.rule.has_journal = has_journal;
	dir.flush[WRITER] = (struct flush_file){.may_flush = true, .may_commit = true};
	flush_group_init(&service.flush, &dir, WRITER);
}

static void commit_takes(uint64_t ns)
{
	service.flush.committed_ns = service.now_ns - ns;
	log_flush_done(&service, &service.flush.commit.op);
}

Test(flush_group, a_slow_sync_of_everything_is_the_last_for_a_while)
{
	begin(false);
	commit_takes(COMMIT_SLOW_NS);
	cr_assert(flush_group_covers(&service.flush, false));
	commit_takes(COMMIT_SLOW_NS + 1);
	cr_assert(!flush_group_covers(&service.flush, false));
	cr_assert(flush_group_covers(&service.flush, true), "a flush waits for nobody else");
	service.now_ns += COMMIT_PAUSE_NS;
	cr_assert(flush_group_covers(&service.flush, false));
}

Test(flush_group, a_journal_commits_however_slowly)
{
	begin(true);
	commit_takes(10 * COMMIT_SLOW_NS);
	cr_assert(flush_group_covers(&service.flush, false));
}

Test(flush_group, zeroes_take_no_more_of_the_disk_than_what_is_written)
{
	begin(true);
	cr_assert(!log_service_may_zero(&service, 1));
	log_service_write_begun(&service, 100 << 10);
	cr_assert(log_service_may_zero(&service, 100 << 10));
	log_service_zeroed(&service, 64 << 10);
	cr_assert(!log_service_may_zero(&service, 37 << 10));
	log_service_write_begun(&service, 1 << 30);
	cr_assert(log_service_may_zero(&service, ZERO_CREDIT_STEPS * STEP_BYTES));
	cr_assert(!log_service_may_zero(&service, ZERO_CREDIT_STEPS * STEP_BYTES + 1));
}
