/* creation_quota.c - sources and moments in, granted or not; see creation_quota.h. */
#include "control/kafka/creation_quota.h"
#include "dataplane/base/clock.h"

#include <arpa/inet.h>
#include <stdio.h>

/* Savings are kept as time: a topic costs 1/rate of a second, and a source saves up a second, or
 * the worth of CREATION_BURST topics if that is more. */
static uint64_t cost_ns(const struct creation_quota *q)
{
	return NS_PER_S / q->rate;
}

static uint64_t savings_max_ns(const struct creation_quota *q)
{
	return max_u32(q->rate, CREATION_BURST) * cost_ns(q);
}

/* Its own, or the place of who has not asked for longest. */
static struct creation_source *source_of(struct creation_quota *q, const uint8_t *address)
{
	struct creation_source *oldest = &q->sources[0];
	for (unsigned i = 0; i < CREATION_SOURCES; i++) {
		struct creation_source *s = &q->sources[i];
		if (s->at_ns && memcmp(s->address, address, sizeof s->address) == 0)
			return s;
		if (s->at_ns < oldest->at_ns)
			oldest = s;
	}
	*oldest = (struct creation_source){.left_ns = savings_max_ns(q)};
	memcpy(oldest->address, address, sizeof oldest->address);
	return oldest;
}

/* Counted; true: the operator is to hear of it, the first at once, the others as a sum. */
static bool refuse(struct creation_quota *q, uint64_t now_ns)
{
	stats_add(q->stats, STAT_topic_creations_refused, 1);
	q->unsaid++;
	return q->say && (!q->said_ns || now_ns - q->said_ns >= CREATION_SAY_S * NS_PER_S);
}

static void say(struct creation_quota *q, uint64_t now_ns, const char *why)
{
	char line[256];
	snprintf(line, sizeof line, "topics that clients named were not created (%llu times): %s",
		 (unsigned long long)q->unsaid, why);
	q->say(q->owner, line);
	q->said_ns = now_ns;
	q->unsaid = 0;
}

static void say_source(struct creation_quota *q, const uint8_t *source, uint64_t now_ns)
{
	char host[INET_ADDRSTRLEN], why[160];
	inet_ntop(AF_INET, source + 12, host, sizeof host);
	snprintf(why, sizeof why,
		 "%s asks for more than %u a second (penstock.auto.create.topics.rate)", host,
		 q->rate);
	say(q, now_ns, why);
}

bool creation_quota_take(struct creation_quota *q, const uint8_t source[CREATION_SOURCE_BYTES],
			 uint64_t now_ns)
{
	if (q->rate == 0)
		return true;
	struct creation_source *s = source_of(q, source);
	uint64_t since_ns = s->at_ns ? now_ns - s->at_ns : 0;
	s->left_ns = min_u64(s->left_ns + since_ns, savings_max_ns(q));
	s->at_ns = now_ns;
	if (s->left_ns >= cost_ns(q)) {
		s->left_ns -= cost_ns(q);
		return true;
	}
	if (refuse(q, now_ns))
		say_source(q, source, now_ns);
	return false;
}

void creation_quota_table_full(struct creation_quota *q, uint64_t now_ns)
{
	if (refuse(q, now_ns))
		say(q, now_ns, "what is left of the table is for penstockctl topic create; delete "
			       "topics, or set auto.create.topics.enable=false");
}
