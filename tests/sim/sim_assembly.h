/* sim_assembly.h - what a simulated gateway is made of: the real parts, and the seams between them.
 * Only sim_gateway.c looks inside; the rest of the simulator has sim_gateway.h. */
#ifndef PENSTOCK_SIM_ASSEMBLY_H
#define PENSTOCK_SIM_ASSEMBLY_H

#include "control/calls/id_blocks.h"
#include "control/calls/topic_wish.h"
#include "control/coordinator/coordinator.h"
#include "control/kafka/kafka_api.h"
#include "dataplane/poller.h"
#include "dataplane/quiescent.h"
#include "dataplane/store/log_dir.h"
#include "dataplane/writer.h"
#include "tests/sim/sim_cleaner.h"
#include "tests/sim/sim_gateway.h"
#include "tests/sim/sim_net.h"
#include "tests/sim/sim_operator.h"

enum {
	SIM_POLLERS_MAX = SIM_NIC_QUEUES_MAX,
	SIM_WRITERS_MAX = 2,
};

/* Who sends into the pollers' inboxes. */
enum { SENDER_CONTROL, SENDER_COORDINATOR, SENDER_TEST, SIM_SENDERS };

struct sim_poller {
	struct poller *poller;
	struct nic *nic;
	struct wake wake;
	struct stats_page *stats;
	struct handoff to_writer[SIM_WRITERS_MAX];
	struct handoff to_control;
	struct handoff to_coordinator;
	struct outbox from[SIM_SENDERS]; /* its inbox */
};

struct sim_writer {
	struct writer *writer;
	struct disk *disks[LOG_DIRS_MAX];
	struct wake wake;
	struct stats_page *stats;
	struct handoff from_control;
	struct handoff from_coordinator;
};

struct sim_gateway {
	struct settings settings;
	struct sim_poller pollers[SIM_POLLERS_MAX];
	struct sim_writer writers[SIM_WRITERS_MAX];
	unsigned poller_count, writer_count;
	struct wake control_wake, coordinator_wake;
	struct stats_page *coordinator_stats;
	struct stats_page *control_stats;
	struct disk *control_disk;
	struct log_dir log_dirs[2]; /* world.log_dirs of them */
	struct marks_page *marks;
	struct news_page *news;
	struct topics *_Atomic topics;
	struct vehicle_lists *_Atomic vehicle_lists; /* null: anybody may come */
	struct rte_rcu_qsbr *rcu;
	atomic_bool drain;
	struct registry *registry;
	struct sim_cleaner cleaner;
	struct kafka_api *api;
	struct coordinator *coordinator;
	struct topic_wish wish; /* for the topic of the groups */
	struct id_blocks ids;
	bool has_topic;
	bool has_failed; /* to make that topic */
	bool is_serving; /* pollers turn */
	bool is_checked; /* what was found is what was promised: topics may be altered */
	bool holds_jobs;
	struct sim_operator *operator; /* null: nobody */
};

/* Of as many cores as chance draws; false: the disk has failed, and it is of no use. */
bool sim_gateway_assemble(struct sim_gateway *g);
/* Each core has come to its end. */
void sim_gateway_take_apart(struct sim_gateway *g);
/* Has any call failed, so that the gateway may, too? */
bool sim_disk_has_failed(void);

#endif
