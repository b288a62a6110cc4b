/* test_registry_crew.c - logs on a real directory, recovered by as many threads as are wanted: what
 * comes of it, and what the operator is told in which order, is the same for one and for many. */
#include "tests/unit/control/catalog/registry_rig.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PARTITIONS = 24, THREADS = 8 };

struct rig_faults faults;

/* They are real ones here, and given back. */
void rig_forget_logs(void)
{
}

static struct rig r;

static void setup(void)
{
	int error;
	rig_init(&r);
	r.disk = disk_create("control", &error);
	cr_assert(r.disk);
}

static void teardown(void)
{
	disk_destroy(r.disk);
	rig_fini(&r);
}

TestSuite(registry_crew, .init = setup, .fini = teardown, .timeout = 60);

/* Threads work whether control turns or not. */
static void open_with(int threads)
{
	struct recovery_progress p;
	r.settings.recovery_threads = threads;
	r.said[0] = '\0';
	cr_assert(rig_begin(&r), "%s", r.message);
	while (registry_progress(r.registry, &p))
		if (!rig_turn(&r))
			usleep(100);
	rig_turns(&r);
	cr_assert(registry_is_ready(r.registry), "%s", registry_fault(r.registry));
}

/* The disk's thread makes the syncs that it waits for. */
static void create(void)
{
	rig_create(&r, "t", PARTITIONS);
	while (registry_is_busy(r.registry))
		if (!rig_turn(&r))
			usleep(100);
	cr_assert(r.result.error == 0, "%s", r.result.message);
}

/* Every third one has a torn tail, the longer the sooner it is to be told of; one is no log. */
static void damage(void)
{
	char command[256];
	for (int i = 0; i < PARTITIONS; i += 3) {
		snprintf(command, sizeof command,
			 "head -c %d /dev/zero | tr '\\0' x > t-%d/%020d.log",
			 (PARTITIONS - i) * 100000, i, 0);
		rig_run(&r, command);
	}
	rig_run(&r, "rm -rf .kafka_cleanshutdown t-7/*.log && "
		    "mkdir t-7/00000000000000000000.log");
}

static void find(char said[RIG_SAID_BYTES], int threads)
{
	damage();
	open_with(threads);
	cr_assert(faults.served == PARTITIONS - 1 && faults.offline == 1, "%u", faults.served);
	snprintf(said, RIG_SAID_BYTES, "%s", r.said);
	rig_stop(&r);
}

Test(registry_crew, many_threads_tell_what_one_does_in_its_order)
{
	static char one[RIG_SAID_BYTES], many[RIG_SAID_BYTES];
	open_with(1);
	create();
	rig_stop(&r);
	find(one, 1);
	cr_assert(strstr(one, "t-0: ") && strstr(one, "t-21: ") && strstr(one, "t-7 is OFFLINE"),
		  "%s", one);
	for (unsigned i = 0; i < 5; i++) {
		find(many, THREADS);
		cr_assert_str_eq(many, one);
	}
}

Test(registry_crew, who_stops_it_does_not_wait_for_what_has_not_begun)
{
	open_with(1);
	create();
	rig_stop(&r);
	damage();
	r.settings.recovery_threads = 1;
	cr_assert(rig_begin(&r), "%s", r.message);
	rig_turn(&r);
	registry_stop(r.registry);
	while (!registry_is_stopped(r.registry))
		rig_turn(&r);
	cr_assert(strstr(r.said, "the start was broken off"), "%s", r.said);
	registry_close(r.registry);
	log_dir_close(&r.dirs[0]);
	open_with(THREADS);
	cr_assert(faults.offline == 1);
	rig_stop(&r);
}

/* Instead of the library's: of a large file it takes some time on any file system. */
int fsync(int fd)
{
	struct stat st;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 1 << 30)
		usleep(1000);
	return (int)syscall(SYS_fsync, fd);
}

/* A file of which the disk has no block, and many pieces. */
static void ask_for_the_end_of_a_large_topic(void)
{
	open_with(1);
	create();
	rig_run(&r, "truncate -s 8G t-0/00000000000000000000.log");
	registry_delete_topic(r.registry,
			      &(struct registry_request){
				      .name = "t", .done = rig_take_result, .owner = &r});
	while (rig_topic(&r, "t") || rig_exists(&r, "t-0"))
		rig_turn(&r);
}

Test(registry_crew, control_answers_while_the_files_of_a_large_topic_go)
{
	ask_for_the_end_of_a_large_topic();
	unsigned done = r.done;
	registry_create_topic(r.registry,
			      &(struct registry_request){.name = "u", .partitions = 1,
							 .replication_factor = 1,
							 .done = rig_take_result, .owner = &r});
	while (r.done == done)
		rig_turn(&r);
	cr_assert(rig_topic(&r, "u") && rig_exists(&r, ".t.json"), "the small one was made before");
	while (registry_is_busy(r.registry))
		if (!rig_turn(&r))
			usleep(100);
	cr_assert(r.done == done + 2 && !rig_exists(&r, ".t.json"));
	rig_stop(&r);
}

Test(registry_crew, a_stop_waits_for_one_piece_of_a_large_file)
{
	ask_for_the_end_of_a_large_topic();
	registry_stop(r.registry);
	while (!registry_is_stopped(r.registry))
		rig_turn(&r);
	cr_assert(rig_exists(&r, ".t.json"));
	rig_stop(&r);
	rig_run(&r, "test -n \"$(find . -name '*.log' -size +4G)\"");
	open_with(1);
	cr_assert(!rig_topic(&r, "t") && !rig_exists(&r, ".t.json"));
	rig_stop(&r);
}
