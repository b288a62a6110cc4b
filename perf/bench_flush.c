/* bench_flush.c - what it costs to make the writes of many files durable: one sync for each
 * file, or one for all of them. Figures as JSON on stdout; docs/decisions/0005 is made of them.
 *
 *     round: a write in each file ─▶ all reaped ─▶ the sync or syncs ─▶ all reaped, and again
 *
 * Ways:
 *   each-zeroed   over blocks zeroed and synced before; an fdatasync of each file
 *   flush         over the same; one fdatasync of a file that nothing is pending of, for which
 *                 the file system can only send the device's flush
 *   each-new      into blocks allocated and never written; an fdatasync of each file
 *   journal       into the same; one file is changed and synced: one journal commit for all
 *   all-new       into the same; one sync of the whole file system, and one as in `flush`: what
 *                 syncfs writes last lies behind its own flush where there is no journal
 *
 * A round's latency counts from its first submission. The CPU time is the whole machine's, for
 * half of the work is done by the kernel's threads: nothing else may run meanwhile.
 */
#include "dataplane/base/base.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "perf/histogram.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FILES_MAX = 4096,
	BLOCK_BYTES = 4096,
	ZEROES_BYTES = 1 << 20,
	FILE_BYTES_SUM = 1 << 30, /* of all files, at most */
	WARM_UP_ROUNDS = 3,
};

enum way { EACH_ZEROED, FLUSH, EACH_NEW, JOURNAL, ALL_NEW, WAYS };

static const char *const way_names[WAYS] = {"each-zeroed", "flush", "each-new", "journal",
						  "all-new"};

struct bench {
	const char *directory;
	enum way way;
	unsigned files;
	unsigned bytes;
	double seconds;
	int fds[FILES_MAX];
	int group_fd;
	uint64_t file_bytes;
	uint8_t *block;
	uint8_t *zeroes;
	struct io_uring ring;
	uint64_t rounds;
	uint64_t position;
	struct histogram latency;
};

static const char usage_text[] =
	"usage: bench_flush DIRECTORY --way each-zeroed|flush|each-new|journal|all-new\n"
	"                   [--files N] [--bytes B] [--seconds S]\n";

static void check(int64_t result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "bench_flush: %s: %s\n", what, strerror((int)-result));
	exit(2);
}

static bool is_zeroed(const struct bench *b)
{
	return b->way == EACH_ZEROED || b->way == FLUSH;
}

/* ---- files ------------------------------------------------------------------------------ */

/* With O_DIRECT, as a log's: no write is left in the page cache for the sync to find. */
static int make_file(const struct bench *b, const char *name, uint64_t bytes)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", b->directory, name);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_DIRECT | O_CLOEXEC, 0644);
	check(fd < 0 ? -errno : 0, path);
	check(fallocate(fd, 0, 0, (off_t)bytes) < 0 ? -errno : 0, path);
	return fd;
}

/* Zeroes that are really written: a block that is only allocated costs a change of the file's
 * map at its first write. */
static void zero_file(const struct bench *b, int fd)
{
	for (uint64_t at = 0; at < b->file_bytes; at += ZEROES_BYTES) {
		size_t n = (size_t)min_u64(ZEROES_BYTES, b->file_bytes - at);
		check(pwrite(fd, b->zeroes, n, (off_t)at) == (ssize_t)n ? 0 : -EIO, "zeroes");
	}
}

/* The group's own file is durable before the first round: for an fdatasync of it there is only
 * the device to flush. */
static void make_files(struct bench *b)
{
	uint64_t share = FILE_BYTES_SUM / b->files;
	b->file_bytes = max_u64(share - share % b->bytes, b->bytes);
	for (unsigned i = 0; i < b->files; i++) {
		char name[32];
		snprintf(name, sizeof name, "flush-%u", i);
		b->fds[i] = make_file(b, name, b->file_bytes);
		if (is_zeroed(b))
			zero_file(b, b->fds[i]);
		check(fdatasync(b->fds[i]) < 0 ? -errno : 0, "fdatasync");
	}
	b->group_fd = make_file(b, "flush-group", BLOCK_BYTES);
	check(pwrite(b->group_fd, b->zeroes, BLOCK_BYTES, 0) == BLOCK_BYTES ? 0 : -EIO, "group");
	check(fsync(b->group_fd) < 0 ? -errno : 0, "fsync");
}

/* ---- a round ---------------------------------------------------------------------------- */

/* The ring has an entry for every file: none is ever missing. */
static struct io_uring_sqe *take_sqe(struct bench *b)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&b->ring);
	require(sqe);
	return sqe;
}

static void wait_for(struct bench *b, unsigned n, const char *what)
{
	check(io_uring_submit_and_wait(&b->ring, n), "io_uring");
	for (unsigned i = 0; i < n; i++) {
		struct io_uring_cqe *cqe;
		check(io_uring_wait_cqe(&b->ring, &cqe), "io_uring");
		check(cqe->res, what);
		io_uring_cqe_seen(&b->ring, cqe);
	}
}

/* All of a round are written before the first is synced: a flush must follow the last
 * completion. */
static void write_all(struct bench *b)
{
	for (unsigned i = 0; i < b->files; i++)
		io_uring_prep_write(take_sqe(b), b->fds[i], b->block, b->bytes, b->position);
	wait_for(b, b->files, "write");
}

static void sync_all(struct bench *b)
{
	if (b->way == EACH_ZEROED || b->way == EACH_NEW) {
		for (unsigned i = 0; i < b->files; i++)
			io_uring_prep_fsync(take_sqe(b), b->fds[i], IORING_FSYNC_DATASYNC);
		wait_for(b, b->files, "fdatasync");
		return;
	}
	if (b->way == ALL_NEW) {
		check(syncfs(b->group_fd) < 0 ? -errno : 0, "syncfs");
		check(fdatasync(b->group_fd) < 0 ? -errno : 0, "fdatasync");
		return;
	}
	/* Its size always differs from the one before: times may not, within a tick. */
	if (b->way == JOURNAL)
		check(ftruncate(b->group_fd, BLOCK_BYTES * (2 - b->rounds % 2)) < 0 ? -errno : 0,
		      "ftruncate");
	io_uring_prep_fsync(take_sqe(b), b->group_fd,
			    b->way == FLUSH ? IORING_FSYNC_DATASYNC : 0);
	wait_for(b, 1, "sync of all");
}

/* False: the files are full, and blocks never written are no more. */
static bool run_round(struct bench *b)
{
	uint64_t start_ns = clock_now_ns();
	write_all(b);
	sync_all(b);
	if (++b->rounds > WARM_UP_ROUNDS)
		histogram_add(&b->latency, clock_now_ns() - start_ns);
	b->position += b->bytes;
	if (b->position + b->bytes <= b->file_bytes)
		return true;
	b->position = 0;
	return is_zeroed(b);
}

/* ---- figures ---------------------------------------------------------------------------- */

/* Seconds of all processors that were not idle. */
static double machine_cpu_s(void)
{
	FILE *f = fopen("/proc/stat", "re");
	require(f);
	unsigned long long t[8] = {0};
	int n = fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2],
		       &t[3], &t[4], &t[5], &t[6], &t[7]);
	require(n == 8);
	fclose(f);
	return (double)(t[0] + t[1] + t[2] + t[5] + t[6]) / (double)sysconf(_SC_CLK_TCK);
}

static void run(struct bench *b)
{
	double cpu_s = machine_cpu_s();
	uint64_t start_ns = clock_now_ns();
	uint64_t end_ns = start_ns + (uint64_t)(b->seconds * NS_PER_S);
	while (run_round(b) && clock_now_ns() < end_ns)
		continue;
	double took_s = (double)(clock_now_ns() - start_ns) / NS_PER_S;
	double writes = (double)b->rounds * b->files;
	printf("{\"way\": \"%s\", \"files\": %u, \"bytes\": %u, \"writes_per_s\": %.0f, "
	       "\"cpu_us_per_write\": %.2f, \"p50_us\": %.0f, \"p99_us\": %.0f}\n",
	       way_names[b->way], b->files, b->bytes, writes / took_s,
	       (machine_cpu_s() - cpu_s) * 1e6 / writes,
	       (double)histogram_quantile_ns(&b->latency, 0.5) / 1e3,
	       (double)histogram_quantile_ns(&b->latency, 0.99) / 1e3);
}

/* ---- options ---------------------------------------------------------------------------- */

static void parse(struct bench *b, int argc, char **argv)
{
	static const struct option options[] = {
		{"way", required_argument, NULL, 'w'},   {"files", required_argument, NULL, 'f'},
		{"bytes", required_argument, NULL, 'b'}, {"seconds", required_argument, NULL, 's'},
		{0},
	};
	b->way = WAYS;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 'w')
			for (b->way = 0; b->way < WAYS; b->way++)
				if (strcmp(optarg, way_names[b->way]) == 0)
					break;
		if (c == 'f')
			b->files = (unsigned)strtoul(optarg, NULL, 10);
		if (c == 'b')
			b->bytes = (unsigned)strtoul(optarg, NULL, 10);
		if (c == 's')
			b->seconds = strtod(optarg, NULL);
	}
	bool is_good = optind == argc - 1 && b->way < WAYS && b->files > 0 &&
		       b->files <= FILES_MAX && b->bytes >= BLOCK_BYTES &&
		       b->bytes <= ZEROES_BYTES && b->bytes % BLOCK_BYTES == 0 && b->seconds > 0;
	if (!is_good) {
		fputs(usage_text, stderr);
		exit(2);
	}
	b->directory = argv[optind];
}

int main(int argc, char **argv)
{
	static struct bench b = {.files = 8, .bytes = BLOCK_BYTES, .seconds = 3};
	parse(&b, argc, argv);
	b.block = aligned_alloc(BLOCK_BYTES, ZEROES_BYTES);
	b.zeroes = aligned_alloc(BLOCK_BYTES, ZEROES_BYTES);
	require(b.block && b.zeroes);
	memset(b.block, 0x5a, ZEROES_BYTES);
	memset(b.zeroes, 0, ZEROES_BYTES);
	check(io_uring_queue_init(FILES_MAX, &b.ring, 0), "io_uring");
	make_files(&b);
	run(&b);
	io_uring_queue_exit(&b.ring);
	return 0;
}
