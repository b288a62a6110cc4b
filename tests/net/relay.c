/* relay.c - a link between two taps that is as slow, as long and as bad as it is told to be.
 *
 *     relay LEFT RIGHT [--right-ns PATH] [--mbit N] [--delay-us N] [--loss PPM]
 *           [--late PPM] [--late-us N] [--seed N]
 *
 *     LEFT ─▶ lost? ─▶ as fast as the link ─▶ delay ─▶ late? a little longer ─▶ RIGHT
 *
 * Both ways alike. Makes the taps (RIGHT in the network namespace that is named), says "ready",
 * and passes frames on until its input ends; then says what it did, as JSON. What the link does
 * not keep up with waits, for a delay's worth of it; beyond that it is dropped.
 */
#include "dataplane/base/clock.h"
#include "dataplane/base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum {
	FRAME_BYTES = 2048,
	FRAMES = 1 << 13, /* of a line */
	BURST = 64,
	MILLION = 1000000,
};

struct frame {
	uint64_t due_ns;
	uint32_t size;
	uint8_t data[FRAME_BYTES];
};

/* Frames in the order of their time. */
struct line {
	struct frame *frames;
	uint32_t first, count;
};

struct way {
	int from, to;
	struct line in_time, late;
	uint64_t free_ns; /* the link has sent all before */
	unsigned long passed, lost, delayed, overflown;
};

struct link {
	uint64_t ns_per_kbyte, delay_ns, late_ns;
	uint32_t loss_ppm, late_ppm;
	uint64_t random;
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* xorshift64* */
static bool happens(struct link *l, uint32_t ppm)
{
	l->random ^= l->random >> 12;
	l->random ^= l->random << 25;
	l->random ^= l->random >> 27;
	return (l->random * UINT64_C(2685821657736338717) >> 32) % MILLION < ppm;
}

static int tap_open(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	if (tap < 0 || ioctl(tap, TUNSETIFF, &request) < 0)
		fail(name);
	return tap;
}

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static struct frame *line_at(struct line *l, uint32_t i)
{
	return &l->frames[(l->first + i) % FRAMES];
}

static struct frame *line_first(struct line *l)
{
	return l->count > 0 ? line_at(l, 0) : NULL;
}

/* What waits at the link, for no longer than its delay, and then passes it. */
static void take(struct link *l, struct way *w, const uint8_t *data, uint32_t size, uint64_t now)
{
	if (happens(l, l->loss_ppm)) {
		w->lost++;
		return;
	}
	bool is_late = happens(l, l->late_ppm);
	struct line *line = is_late ? &w->late : &w->in_time;
	uint64_t begin = max_u64(w->free_ns, now);
	if (line->count == FRAMES || begin > now + 2 * l->delay_ns) {
		w->overflown++;
		return;
	}
	w->free_ns = begin + size * l->ns_per_kbyte / 1000;
	w->delayed += is_late;
	struct frame *f = line_at(line, line->count++);
	f->due_ns = w->free_ns + l->delay_ns + (is_late ? l->late_ns : 0);
	f->size = size;
	memcpy(f->data, data, size);
}

static bool read_some(struct link *l, struct way *w)
{
	uint8_t data[FRAME_BYTES];
	unsigned count = 0;
	for (; count < BURST; count++) {
		ssize_t size = read(w->from, data, sizeof data);
		if (size <= 0)
			break;
		take(l, w, data, (uint32_t)size, now_ns());
	}
	return count == BURST;
}

static struct line *line_due(struct way *w)
{
	const struct frame *in_time = line_first(&w->in_time), *late = line_first(&w->late);
	if (!in_time || (late && late->due_ns < in_time->due_ns))
		return late ? &w->late : NULL;
	return &w->in_time;
}

/* The time of the next. */
static uint64_t write_due(struct way *w)
{
	for (struct line *line; (line = line_due(w));) {
		const struct frame *f = line_first(line);
		if (f->due_ns > now_ns())
			return f->due_ns;
		w->passed += write(w->to, f->data, f->size) == (ssize_t)f->size;
		line->first = (line->first + 1) % FRAMES;
		line->count--;
	}
	return UINT64_MAX;
}

static void pass_on(struct link *l, struct way ways[2])
{
	struct pollfd polled[3] = {{ways[0].from, POLLIN, 0}, {ways[1].from, POLLIN, 0},
				   {STDIN_FILENO, POLLIN, 0}};
	while (!polled[2].revents) {
		bool has_more = read_some(l, &ways[0]);
		has_more |= read_some(l, &ways[1]);
		uint64_t next = write_due(&ways[0]), other = write_due(&ways[1]);
		uint64_t now = now_ns();
		next = next < other ? next : other;
		uint64_t left = has_more || next <= now ? 0 : min_u64(next - now, NS_PER_S);
		struct timespec wait = {(time_t)(left / NS_PER_S), (long)(left % NS_PER_S)};
		if (ppoll(polled, array_len(polled), &wait, NULL) < 0 && errno != EINTR)
			fail("ppoll");
	}
}

static void ways_init(struct way ways[2], int left, int right)
{
	ways[0] = (struct way){.from = left, .to = right};
	ways[1] = (struct way){.from = right, .to = left};
	for (unsigned i = 0; i < 2; i++) {
		ways[i].in_time.frames = calloc(FRAMES, sizeof(struct frame));
		ways[i].late.frames = calloc(FRAMES, sizeof(struct frame));
		if (!ways[i].in_time.frames || !ways[i].late.frames)
			fail("memory");
	}
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t n = strtoull(text, &end, 10);
	if (*end || end == text) {
		fprintf(stderr, "relay: %s is no number\n", text);
		exit(2);
	}
	return n;
}

static void option(struct link *l, const char *name, uint64_t n)
{
	if (strcmp(name, "--mbit") == 0 && n > 0)
		l->ns_per_kbyte = 8 * (uint64_t)MILLION / n;
	else if (strcmp(name, "--delay-us") == 0)
		l->delay_ns = n * NS_PER_US;
	else if (strcmp(name, "--loss") == 0)
		l->loss_ppm = (uint32_t)n;
	else if (strcmp(name, "--late") == 0)
		l->late_ppm = (uint32_t)n;
	else if (strcmp(name, "--late-us") == 0)
		l->late_ns = n * NS_PER_US;
	else if (strcmp(name, "--seed") == 0)
		l->random = (n + 1) * UINT64_C(0x9e3779b97f4a7c15);
	else
		fail(name);
}

int main(int argc, char **argv)
{
	struct link l = {.ns_per_kbyte = 8000, .delay_ns = 10 * NS_PER_MS, .random = 1};
	struct way ways[2];
	const char *right_ns = NULL;
	if (argc < 3 || argc % 2 == 0) {
		fprintf(stderr, "usage: relay LEFT RIGHT [--OPTION VALUE]...\n");
		return 2;
	}
	for (int i = 3; i < argc; i += 2) {
		if (strcmp(argv[i], "--right-ns") == 0)
			right_ns = argv[i + 1];
		else
			option(&l, argv[i], number(argv[i + 1]));
	}
	int left = tap_open(argv[1]);
	int ns = right_ns ? open(right_ns, O_RDONLY | O_CLOEXEC) : -1;
	if (right_ns && (ns < 0 || setns(ns, CLONE_NEWNET) < 0))
		fail(right_ns);
	ways_init(ways, left, tap_open(argv[2]));
	prctl(PR_SET_TIMERSLACK, 1);
	printf("ready\n");
	fflush(stdout);
	pass_on(&l, ways);
	for (unsigned i = 0; i < 2; i++)
		printf("{\"passed\": %lu, \"lost\": %lu, \"late\": %lu, \"overflown\": %lu}\n",
		       ways[i].passed, ways[i].lost, ways[i].delayed, ways[i].overflown);
	return 0;
}
