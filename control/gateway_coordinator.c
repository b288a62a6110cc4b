/* gateway_coordinator.c - rings in, a running coordinator out; see gateway.h. */
#include "control/gateway_coordinator.h"
#include "control/gateway.h"

#include <errno.h>
#include <stdio.h>

static void say(void *owner, const char *line)
{
	fprintf(stderr, "penstockd: %s\n", line);
}

static void listeners_tell(const struct settings *s, struct coordinator_options *o)
{
	for (unsigned i = 0; i < s->listener_count; i++) {
		struct coordinator_listener *l = &o->listeners[i];
		settings_advertised_host(s, i, l->host, sizeof l->host);
		l->port = settings_advertised_port(s, i);
	}
}

/* A writer knows it by the place of its handoff, behind those of all pollers (writer.h). */
int coordinator_init(void *gateway)
{
	struct gateway *g = gateway;
	struct coordinator_options o = {
		.poller_count = g->plan.poller_count,
		.writer_count = g->plan.writer_count,
		.sender = (uint8_t)g->plan.poller_count,
		.stats_page = &g->coordinator_page,
		.topics = &g->topics,
		.rcu = g->rcu,
		.reader = READER_COORDINATOR,
		.wish = &g->wish,
		.ids = &g->ids,
		.groups = g->settings.group,
		.node_id = g->settings.node_id,
		.say = say,
	};
	listeners_tell(&g->settings, &o);
	for (unsigned p = 0; p < o.poller_count; p++) {
		o.pollers[p] = &g->asks[p];
		o.outboxes[p] = &g->outboxes[SENDER_COORDINATOR][p];
	}
	for (unsigned w = 0; w < o.writer_count; w++)
		o.writers[w] = &g->keyed[w];
	g->coordinator = coordinator_create(&o);
	if (!g->coordinator)
		return -ENOMEM;
	int error = coordinator_thread_start(&g->coordinator_thread, g->coordinator,
					     &g->coordinator_wake, g->plan.coordinator_cpu);
	if (error)
		coordinator_destroy(g->coordinator);
	return error;
}

/* The thread first: nobody else touches the coordinator while it runs. */
void coordinator_fini(void *gateway)
{
	struct gateway *g = gateway;
	coordinator_thread_stop(&g->coordinator_thread);
	coordinator_destroy(g->coordinator);
}
