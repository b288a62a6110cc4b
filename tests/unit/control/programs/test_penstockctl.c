/* test_penstockctl.c - the real program against a control socket: tables, JSON, exit
 * status. */
#include "control/rpc/rpc.h"
#include "dataplane/base/clock.h"
#include "tests/unit/control/catalog/registry_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct rig rig;
static struct rpc *rpc;
static struct stats_page page, core_page;
static char path[96];
static char output[65536];
static char errors[8192];

static const char *state(void *owner)
{
	return "running";
}

static void serve(void)
{
	char message[256];
	struct rpc_options options = {
		.socket_path = path,
		.mode = 0600,
		.version = "9.9.9",
		.registry = rig.registry,
		.sources = {{"poller", 0, 2, &page}, {"core", 0, 2, &core_page}},
		.source_count = 2,
		.state = state,
	};
	rpc = rpc_open(&options, message, sizeof message);
	cr_assert(rpc, "%s", message);
}

static void setup(void)
{
	rig_init(&rig);
	cr_assert(rig_open(&rig), "%s", rig.message);
	snprintf(path, sizeof path, "%s/control.sock", rig.directory);
	serve();
	setenv("PENSTOCK_SOCKET", path, 1);
}

static void teardown(void)
{
	rpc_close(rpc);
	rig_stop(&rig);
	rig_fini(&rig);
}

TestSuite(penstockctl, .init = setup, .fini = teardown);

static void read_back(const char *name, char *out, size_t size)
{
	snprintf(out, size, "%s", rig_exists(&rig, name) ? rig_read(&rig, name) : "");
}

/* The gateway hangs; its logs are being recovered, without an end. */
static bool is_stopped, is_recovering;

/* A connection; -1: the socket's queue is full. */
static int dial(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	memcpy(address.sun_path, path, sizeof path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? fd : -1;
}

/* A run of the program with these words, which writes to the files out.`name` and err.`name`. */
static pid_t ctl_begin(const char *words, const char *name)
{
	char command[1024];
	snprintf(command, sizeof command, "exec timeout 30 %s %s >%s/out.%s 2>%s/err.%s",
		 getenv("PENSTOCKCTL"), words, rig.directory, name, rig.directory, name);
	pid_t child = fork();
	if (child == 0) {
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	return child;
}

/* Its exit status, while the gateway turns; 124 when it finds no end. */
static int ctl_end(pid_t child, const char *name)
{
	char file[32];
	int status;
	while (waitpid(child, &status, WNOHANG) == 0) {
		if (!is_stopped)
			rpc_turn(rpc, clock_now_ns());
		if (!is_recovering)
			rig_turns(&rig);
		usleep(200);
	}
	snprintf(file, sizeof file, "out.%s", name);
	read_back(file, output, sizeof output);
	snprintf(file, sizeof file, "err.%s", name);
	read_back(file, errors, sizeof errors);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int ctl(const char *words)
{
	return ctl_end(ctl_begin(words, "ctl"), "ctl");
}

Test(penstockctl, topics_are_made_shown_changed_and_removed)
{
	cr_assert(ctl("topic create vehicles --partitions 8 --config linger.ms=20") == 0,
		  "%s", errors);
	cr_assert(strstr(output, "vehicles  8 partitions  id "), "%s", output);
	cr_assert(ctl("topic list") == 0 && strstr(output, "vehicles"), "%s", output);
	cr_assert(ctl("topic alter --partitions 16 vehicles --reset linger.ms") == 0,
		  "%s", errors);
	cr_assert(strstr(output, "16 partitions") && !strstr(output, "the topic's own"),
		  "%s", output);
	cr_assert(ctl("topic describe vehicles") == 0 &&
		  strstr(output, "HIGH WATERMARK"));
	cr_assert(ctl("topic delete vehicles") == 0, "%s", errors);
	cr_assert(ctl("topic describe vehicles") == 1);
	cr_assert(strstr(errors, "there is no topic vehicles") &&
			  strstr(errors, "(UNKNOWN_TOPIC_OR_PARTITION)"),
		  "%s", errors);
}

Test(penstockctl, records_are_deleted_below_an_offset_or_all)
{
	cr_assert(ctl("topic create t --partitions 2") == 0, "%s", errors);
	rig.marks[rig_topic(&rig, "t")->topic.refs[1].slot].marks =
		(struct log_marks){.log_start_offset = 5, .high_watermark = 42};
	cr_assert(ctl("records delete t 1 7") == 0, "%s", errors);
	cr_assert(strcmp(output, "partition 1 starts at offset 7\n") == 0, "%s", output);
	cr_assert(faults.deletions == 1 && faults.last_deletion == 7);
	cr_assert(ctl("--json records delete t 1 all") == 0, "%s", errors);
	cr_assert(strstr(output, "{\"partition\":1,\"log_start_offset\":42}\n"), "%s", output);
	cr_assert(faults.deletions == 2 && faults.last_deletion == 42);
}

Test(penstockctl, no_records_go_of_what_is_not_there)
{
	static const char *const refused[][2] = {
		{"t 0 43", "the high watermark, up to which records may go (OFFSET_OUT_OF_RANGE)"},
		{"t 2 0", "t has 2 partitions, from 0 on (UNKNOWN_TOPIC_OR_PARTITION)"},
		{"t 4294967296 0", "t has 2 partitions, from 0 on (UNKNOWN_TOPIC_OR_PARTITION)"},
		{"u 0 0", "there is no topic u"},
		{"__consumer_offsets 0 all", "its records stay (INVALID_TOPIC_EXCEPTION)"},
	};
	static const char *const usages[] = {"t 0", "t", "t 0 first", "t zero 1", "t 0 1 2"};
	char words[128];
	cr_assert(ctl("topic create t --partitions 2") == 0, "%s", errors);
	cr_assert(ctl("topic create __consumer_offsets --partitions 1") == 0, "%s", errors);
	rig.marks[rig_topic(&rig, "t")->topic.refs[0].slot].marks.high_watermark = 42;
	for (unsigned i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		snprintf(words, sizeof words, "records delete %s", refused[i][0]);
		cr_assert(ctl(words) == 1, "%s", words);
		cr_assert(strstr(errors, refused[i][1]), "%s: %s", words, errors);
	}
	for (unsigned i = 0; i < sizeof usages / sizeof usages[0]; i++) {
		snprintf(words, sizeof words, "records delete %s", usages[i]);
		cr_assert(ctl(words) == 2, "%s: %s", words, errors);
	}
	cr_assert(faults.deletions == 0);
}

Test(penstockctl, settings_are_set_shown_and_unset)
{
	cr_assert(ctl("config set linger.ms=20 num.partitions=3") == 0, "%s", errors);
	cr_assert(ctl("config get linger.ms") == 0 && strstr(output, "20  (set, live)"), "%s",
		  output);
	cr_assert(ctl("config set linger.ms=30 --validate-only") == 0, "%s", errors);
	cr_assert(ctl("config set linger.ms=30 num.partitions=0") == 1, "all or nothing");
	cr_assert(ctl("topic create t") == 0 && strstr(output, "t  3 partitions"), "%s", output);
	cr_assert(strstr(output, "linger.ms                         20\n"), "%s", output);
	cr_assert(ctl("config unset linger.ms") == 0, "%s", errors);
	cr_assert(ctl("config get") == 0 && strstr(output, "log.dirs"), "%s", output);
	cr_assert(strstr(output, "5  (live)"), "%s", output);
	cr_assert(ctl("config get broker.id") == 0 && strstr(output, "node.id"), "%s", output);
	cr_assert(ctl("config get nothing") == 1 && strstr(errors, "no setting nothing"));
	cr_assert(ctl("config set log.dirs=/tmp") == 1 && strstr(errors, "(INVALID_CONFIG)"));
	cr_assert(ctl("config set") == 2 && ctl("config unset") == 2);
	cr_assert(ctl("config set linger.ms") == 2 && ctl("config get a b") == 2);
}

Test(penstockctl, json_is_the_result_alone_on_one_line)
{
	cr_assert(ctl("--json topic create t") == 0);
	cr_assert(ctl("topic list --json") == 0);
	json_t *result = json_loads(output, 0, NULL);
	cr_assert(json_array_size(json_object_get(result, "topics")) == 1, "%s", output);
	cr_assert(strchr(output, '\n') == output + strlen(output) - 1);
	json_decref(result);
}

Test(penstockctl, every_reading_command_prints_a_table)
{
	struct stats s = {
		.value = {[STAT_records_received] = 3, [STAT_records_stored] = 3}};
	stats_publish(&page, &s);
	cr_assert(ctl("stats") == 0 && strstr(output, "records: 3 in, 0 in flight"), "%s",
		  output);
	cr_assert(ctl("frames bad --limit 3") == 0 && strstr(output, "no broken frames"),
		  "%s", output);
	cr_assert(ctl("version") == 0 && strcmp(output, "penstockd 9.9.9\n") == 0, "%s",
		  output);
	cr_assert(ctl("state") == 0 && strstr(output, "running  node 1  cluster "), "%s",
		  output);
	cr_assert(ctl("methods") == 0 && strstr(output, "topic.create"), "%s", output);
}

/* One of three logs is open, and no more are opened until is_recovering is false. */
static void recover_one_of_three(void)
{
	cr_assert(ctl("topic create t --partitions 3") == 0, "%s", errors);
	rpc_close(rpc);
	rig_stop(&rig);
	cr_assert(rig_begin(&rig), "%s", rig.message);
	serve();
	is_recovering = true;
	while (faults.logs_open == 0)
		rig_turn(&rig);
}

Test(penstockctl, state_says_how_far_a_recovery_is)
{
	recover_one_of_three();
	cr_assert(ctl("state") == 0 &&
			  strstr(output, "\n1 of 3 partitions recovered, 0.0 GB read, 0 s so far"),
		  "%s", output);
	cr_assert(ctl("state --json") == 0 &&
			  strstr(output, "\"recovery\":{\"partitions\":3,\"partitions_opened\":1,"),
		  "%s", output);
	is_recovering = false;
	cr_assert(ctl("state") == 0, "%s", errors);
	cr_assert(ctl("state") == 0 && !strstr(output, "recovered"), "%s", output);
	cr_assert(ctl("state --json") == 0 && strstr(output, "\"recovery\":null"), "%s", output);
}

Test(penstockctl, what_needs_topics_has_to_wait_until_logs_are_recovered)
{
	static const char *const waiting[] = {"topic list", "topic describe t", "topic create u",
					      "topic alter t --partitions 4", "topic delete t",
					      "config set linger.ms=20"};
	recover_one_of_three();
	for (unsigned i = 0; i < array_len(waiting); i++)
		cr_assert(ctl(waiting[i]) == 1 &&
				  strstr(errors, "has to wait until the gateway serves its topics "
						 "(recovering: 1 of 3 partitions") &&
				  strstr(errors, "(BROKER_NOT_AVAILABLE)"),
			  "%s: %s", waiting[i], errors);
	cr_assert(ctl("config get") == 0 && ctl("stats") == 0 && ctl("version") == 0);
	is_recovering = false;
	cr_assert(ctl("version") == 0);
	cr_assert(ctl("topic describe t") == 0 && strstr(output, "t  3 partitions"), "%s", output);
}

Test(penstockctl, a_core_that_sleeps_is_not_busy)
{
	struct stats turns = {.value = {[STAT_turns] = 9,
					[STAT_cycles_busy] = 30,
					[STAT_cycles_idle] = 70}};
	struct stats sleeps = {.value = {[STAT_cycles_idle] = 200}};
	stats_publish(&page, &turns);
	stats_publish(&core_page, &sleeps);
	cr_assert(ctl("stats") == 0 && strstr(output, " 10.0%"), "%s", output);
}

Test(penstockctl, what_is_not_served_is_shown)
{
	rig_create(&rig, "t", 2);
	rig_run(&rig, "rm -r t-1");
	rig_wait(&rig, 2);
	cr_assert(ctl("state") == 0 &&
			  strstr(output, "\nt-1  OFFLINE: its directory was removed"), "%s",
		  output);
	cr_assert(ctl("topic list") == 0 && strstr(output, "  1 OFFLINE\n"), "%s", output);
	cr_assert(ctl("topic describe t") == 0 && strstr(output, "  OFFLINE: its directory"),
		  "%s", output);
	/* Another directory, but the same socket. */
	rig_run(&rig, "d=$PWD; mv $d $d.kept; mkdir $d; ln $d.kept/control.sock $d; "
		      "rm -r $d.kept");
	rig_wait(&rig, 1);
	cr_assert(ctl("state") == 0 && strstr(output, "\nlog.dirs: "), "%s", output);
	cr_assert(strstr(output, "\nt-0  OFFLINE: "), "%s", output);
}

Test(penstockctl, a_failed_partition_says_why)
{
	rig_create(&rig, "t", 1);
	rig.marks[rig_topic(&rig, "t")->topic.refs[0].slot].marks =
		(struct log_marks){.is_fenced = true, .fence_error = -ENOSPC};
	cr_assert(ctl("topic describe t") == 0 &&
			  strstr(output, "FENCED: No space left on device"),
		  "%s", output);
}

Test(penstockctl, wrong_usage_is_2)
{
	cr_assert(ctl("") == 2 && strstr(errors, "usage: penstockctl"));
	cr_assert(ctl("topic") == 2);
	cr_assert(ctl("topic create") == 2);
	cr_assert(ctl("topic create a b") == 2);
	cr_assert(ctl("topic list --partitions 3") == 2, "an option of another command");
	cr_assert(ctl("topic create t --partitions three") == 2);
	cr_assert(ctl("topic create t --config linger.ms") == 2);
	cr_assert(ctl("stats --nonsense") == 2);
	cr_assert(registry_count(rig.registry) == 0);
	cr_assert(ctl("--help") == 0 && strstr(output, "usage: penstockctl"));
}

Test(penstockctl, no_gateway_is_3)
{
	cr_assert(ctl("--socket /nonexistent/control.sock stats") == 3);
	cr_assert(strstr(errors, "no gateway at /nonexistent/control.sock"), "%s",
		  errors);
}

/* Connected, and never answered; nor accepted, when many are before it. */
Test(penstockctl, nobody_answers_is_said_after_five_seconds)
{
	is_stopped = true;
	struct timespec began, ended;
	clock_gettime(CLOCK_MONOTONIC, &began);
	pid_t changer = ctl_begin("topic create t", "changer");
	cr_assert(ctl("state") == 3);
	clock_gettime(CLOCK_MONOTONIC, &ended);
	cr_assert(strstr(errors, "nobody has answered at ") && strstr(errors, " for 5 s"), "%s",
		  errors);
	cr_assert(ended.tv_sec - began.tv_sec >= 4 && ended.tv_sec - began.tv_sec <= 15);
	cr_assert(ctl_end(changer, "changer") == 3);
	cr_assert(strstr(errors, " for 5 s\n"), "%s", errors);
	while (dial() >= 0)
		continue;
	cr_assert(ctl("topic list") == 3);
	cr_assert(strstr(errors, "nobody has answered at "), "%s", errors);
}

/* ---- partitions that have failed ---------------------------------------------------------- */

static void fail_partition(uint32_t partition)
{
	struct log_marks *m = &rig.marks[rig_topic(&rig, "t")->topic.refs[partition].slot].marks;
	m->is_fenced = true;
	m->fence_error = -EIO;
	rig_wait(&rig, 1);
}

Test(penstockctl, a_partition_that_has_failed_is_shown_with_its_way_out_and_reopened)
{
	static const char way_out[] = "see to the disk, then `penstockctl partition reopen t 1`";
	cr_assert(ctl("topic create t --partitions 3") == 0, "%s", errors);
	cr_assert(ctl("topic describe t") == 0 && !strstr(output, "since"), "%s", output);
	fail_partition(1);
	cr_assert(ctl("topic describe t") == 0);
	cr_assert(strstr(output, "FENCED: Input/output error") && strstr(output, "since 20") &&
			  strstr(output, way_out),
		  "%s", output);
	cr_assert(ctl("state") == 0 && strstr(output, way_out), "%s", output);
	cr_assert(ctl("partition reopen t 1") == 0, "%s", errors);
	cr_assert(strcmp(output, "t-1 is served again, up to offset 0\n") == 0, "%s", output);
	cr_assert(ctl("topic describe t") == 0 && !strstr(output, "FENCED"), "%s", output);
}

Test(penstockctl, all_that_have_failed_are_reopened_of_a_topic_or_of_a_log_directory)
{
	char words[128];
	cr_assert(ctl("topic create t --partitions 3") == 0, "%s", errors);
	fail_partition(0);
	fail_partition(2);
	cr_assert(ctl("--json partition reopen t") == 0, "%s", errors);
	cr_assert(strstr(output, "\"partition\":0") && strstr(output, "\"partition\":2") &&
			  !strstr(output, "\"partition\":1"),
		  "%s", output);
	fail_partition(1);
	fail_partition(2);
	faults.log_error = -EROFS;
	faults.log_error_at = "t-2";
	snprintf(words, sizeof words, "logdir reopen %s", rig.directory);
	cr_assert(ctl(words) == 1, "%s", output);
	cr_assert(strstr(errors, "t-2: Read-only file system; 1 of 2 partitions are reopened "
				 "(KAFKA_STORAGE_ERROR)"),
		  "%s", errors);
	cr_assert(ctl("topic describe t") == 0 && strstr(output, "OFFLINE: Read-only"), "%s",
		  output);
	faults.log_error = 0;
	cr_assert(ctl(words) == 0 && strstr(output, "t-2 is served again"), "%s", errors);
}

Test(penstockctl, what_cannot_be_reopened_is_refused)
{
	cr_assert(ctl("topic create t --partitions 3") == 0, "%s", errors);
	cr_assert(ctl("partition reopen t 1") == 1 && strstr(errors, "has not failed"), "%s",
		  errors);
	cr_assert(ctl("partition reopen t") == 1 &&
			  strstr(errors, "no partition of t has failed (INVALID_REQUEST)"),
		  "%s", errors);
	cr_assert(ctl("partition reopen t 3") == 1 && strstr(errors, "t has 3 partitions"), "%s",
		  errors);
	cr_assert(ctl("partition reopen u") == 1 && strstr(errors, "no topic u"), "%s", errors);
	cr_assert(ctl("logdir reopen /nowhere") == 1 && strstr(errors, "LOG_DIR_NOT_FOUND"), "%s",
		  errors);
	cr_assert(ctl("partition reopen") == 2 && ctl("partition reopen t one") == 2);
	cr_assert(ctl("logdir reopen") == 2);
}
