/* sim_seams.c - time, randomness and sleep as the seed has them; see sim.h. */
#include "tests/sim/sim.h"
#include "dataplane/base/entropy.h"
#include "dataplane/base/wake.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static struct world *current;

struct world *sim_world(void)
{
	return current;
}

void sim_set_world(struct world *w)
{
	current = w;
}

uint64_t rng_next(struct rng *r)
{
	/* splitmix64 (Steele, Lea, Flood 2014) */
	uint64_t z = r->state += 0x9e3779b97f4a7c15ull;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
	return (uint64_t)((unsigned __int128)rng_next(r) * n >> 64);
}

bool rng_one_in(struct rng *r, uint64_t n)
{
	return n && rng_below(r, n) == 0;
}

uint64_t clock_now_ns(void)
{
	return current->now_ns;
}

int64_t clock_wall_ms(void)
{
	return current->wall_start_ms + (int64_t)(current->now_ns / NS_PER_MS);
}

uint64_t clock_cycles(void)
{
	return current->now_ns;
}

void entropy_fill(void *out, size_t size)
{
	uint8_t *p = out;
	for (size_t i = 0; i < size; i++)
		p[i] = (uint8_t)rng_next(&current->entropy);
}

int wake_init(struct wake *w)
{
	atomic_init(&w->sleeping, 0);
	w->fd = -1;
	return 0;
}

void wake_fini(struct wake *w)
{
}

void wake_post(struct wake *w)
{
}

void wake_prepare(struct wake *w)
{
}

void wake_cancel(struct wake *w)
{
}

void wake_wait(struct wake *w, uint64_t timeout_ns, const int *fds, unsigned n)
{
}

void sim_say(const char *format, ...)
{
	if (!current->is_verbose)
		return;
	va_list args;
	va_start(args, format);
	printf("%12.6f ", (double)current->now_ns / NS_PER_S);
	vprintf(format, args);
	putchar('\n');
	va_end(args);
}

void sim_fail(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	printf("seed %llu failed at %.6f s: ", (unsigned long long)current->seed,
	       (double)current->now_ns / NS_PER_S);
	vprintf(format, args);
	putchar('\n');
	va_end(args);
	exit(1);
}
