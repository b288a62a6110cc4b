/* tcp_evict.c - a newcomer's address in, the connection that gives way out; see tcp_evict.h. */
#include "dataplane/net/tcp/tcp_evict.h"

enum {
	SAMPLE = 64,
	IDLE_MS = 60000,
	SHARE_MIN = SAMPLE / 8,
};

/* The golden ratio of 2^32: multiples of it are spread evenly, however many. */
#define SPREAD 2654435769u

struct sample {
	unsigned count;
	struct tcp_conn *conns[SAMPLE];
};

static bool is_from(const struct tcp_conn *c, const struct address *a)
{
	return memcmp(&c->stream.peer.address, a, sizeof *a) == 0;
}

static void sample_add(struct sample *sample, struct tcp_conn *c)
{
	if (c && c->state != TCP_STATE_CLOSED)
		sample->conns[sample->count++] = c;
}

static void sample_take(struct tcp *t, struct sample *sample)
{
	uint32_t index = 0, all = t->conns.count;
	sample->count = 0;
	for (unsigned i = 0; i < SAMPLE && all <= SAMPLE; i++)
		sample_add(sample, slab_next(&t->conns, &index));
	for (unsigned i = 0; i < SAMPLE && all > SAMPLE; i++) {
		t->evict_place += SPREAD;
		index = (uint32_t)((uint64_t)t->evict_place * all >> 32);
		sample_add(sample, slab_next(&t->conns, &index));
	}
}

static unsigned sample_count(const struct sample *sample, const struct address *from)
{
	unsigned count = 0;
	for (unsigned i = 0; i < sample->count; i++)
		count += is_from(sample->conns[i], from);
	return count;
}

static uint32_t silent_ms(const struct tcp *t, const struct tcp_conn *c)
{
	return t->now_ms - c->heard_ms;
}

/* The longest silent of the source with most, and how many these are; and of all. */
struct candidates {
	struct tcp_conn *of_most;
	struct tcp_conn *of_all;
	unsigned most;
};

static void candidates_add(struct tcp *t, const struct sample *sample, struct candidates *ret,
			   struct tcp_conn *c)
{
	unsigned count = sample_count(sample, &c->stream.peer.address);
	if (!ret->of_all || silent_ms(t, c) > silent_ms(t, ret->of_all))
		ret->of_all = c;
	if (count < ret->most)
		return;
	if (count > ret->most || silent_ms(t, c) > silent_ms(t, ret->of_most))
		ret->of_most = c;
	ret->most = count;
}

/* Null when nobody gives way to `from`. */
static struct tcp_conn *find(struct tcp *t, const struct address *from)
{
	struct sample sample;
	struct candidates found = {0};
	sample_take(t, &sample);
	for (unsigned i = 0; i < sample.count; i++)
		candidates_add(t, &sample, &found, sample.conns[i]);
	if (found.most >= SHARE_MIN && found.most > 2 * sample_count(&sample, from))
		return found.of_most;
	bool is_idle = found.of_all && silent_ms(t, found.of_all) >= IDLE_MS;
	return is_idle ? found.of_all : NULL;
}

bool tcp_evict_is_likely(struct tcp *t, const struct address *from)
{
	if (t->evict_ms != t->now_ms) {
		t->evict_ms = t->now_ms;
		t->evict_is_likely = find(t, from);
	}
	return t->evict_is_likely;
}

void tcp_evict(struct tcp *t, const struct address *from)
{
	struct tcp_conn *c = find(t, from);
	if (!c)
		return;
	tcp_count(t, STAT_tcp_evicted);
	tcp_conn_lose(t, c, true);
}
