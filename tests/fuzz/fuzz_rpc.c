/* fuzz_rpc.c - a client of any bytes at the control socket: the envelope, every method's
 * parameters, several lines in one piece, a line in several.
 *
 *     input: cut 1 | bytes
 *
 * Behind it stands a registry whose jobs all end in an error: nothing is changed, so that the next
 * input finds what the first one found. Every answer is one line of JSON.
 */
#include "control/rpc/rpc.h"
#include "dataplane/base/clock.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/control/catalog/fake_registry.h"

#include <jansson.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWERS_BYTES_MAX = 1 << 20, TURNS_MAX = 2000 };

static struct registry registry;
static struct stats_page page;
static struct bad_frames bad;
static struct rpc *rpc;
static char directory[] = "/tmp/penstock-fuzz-XXXXXX", path[sizeof directory + 8];
static uint64_t now_ns = NS_PER_S;

bool registry_is_ready(const struct registry *r)
{
	return true;
}

const char *registry_partition_fault(const struct registry *r, const struct registry_topic *topic,
				     uint32_t partition)
{
	return "";
}

const char *registry_directory_fault(const struct registry *r)
{
	return "";
}

static const char *state(void *owner)
{
	return "running";
}

static void stop(void)
{
	char lock[sizeof path + 8];
	rpc_close(rpc);
	snprintf(lock, sizeof lock, "%s.lock", path);
	unlink(lock);
	rmdir(directory);
}

static void begin(void)
{
	char message[256];
	require(mkdtemp(directory));
	snprintf(path, sizeof path, "%s/socket", directory);
	struct rpc_options options = {.socket_path = path, .mode = 0600, .version = "1",
				      .registry = &registry,
				      .sources = {{"poller", 0, 0, &page}}, .source_count = 1,
				      .bad_frames = {&bad}, .poller_count = 1,
				      .listener_names = {"FLEET"}, .listener_count = 1,
				      .state = state};
	rpc = rpc_open(&options, message, sizeof message);
	require(rpc);
	atexit(stop);
	fake_registry_init(&registry);
	fake_registry_add(&registry, "alpha", 2);
}

static int dial(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	memcpy(address.sun_path, path, sizeof path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	require(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
	return fd;
}

static void turns(void)
{
	for (unsigned i = 0; i < TURNS_MAX; i++) {
		bool moved = rpc_turn(rpc, now_ns);
		while (registry.jobs_count > 0)
			fake_registry_end_job(&registry, KAFKA_ERROR_POLICY_VIOLATION);
		if (!moved)
			return;
	}
	require(!"it never comes to rest");
}

static size_t receive(int fd, char *answers, size_t size)
{
	ssize_t n;
	turns();
	while ((n = read(fd, answers + size, ANSWERS_BYTES_MAX - size)) > 0) {
		size += (size_t)n;
		turns();
	}
	return size;
}

static void check_answers(char *answers, size_t size)
{
	for (char *line = answers, *end; line < answers + size; line = end + 1) {
		end = memchr(line, '\n', (size_t)(answers + size - line));
		require(end);
		size_t bytes = (size_t)(end - line);
		json_t *answer = json_loadb(line, bytes, JSON_REJECT_DUPLICATES, NULL);
		require(json_is_object(answer));
		require(!json_object_get(answer, "result") != !json_object_get(answer, "error"));
		json_decref(answer);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char answers[ANSWERS_BYTES_MAX];
	struct cursor c = cursor_of(data, size);
	size_t cut = 1 + fuzz_u8(&c) * 16u, received = 0;
	if (!rpc)
		begin();
	int fd = dial();
	while (!fuzz_is_over(&c)) {
		struct bytes piece = fuzz_take(&c, cut);
		if (send(fd, piece.data, piece.size, MSG_NOSIGNAL) != (ssize_t)piece.size)
			break;
		received = receive(fd, answers, received);
	}
	shutdown(fd, SHUT_WR);
	received = receive(fd, answers, received);
	check_answers(answers, received);
	close(fd);
	turns();
	return 0;
}
