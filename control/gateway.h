/* gateway.h - everything one gateway process is made of, and the table that starts it.
 *
 *     settings ─▶ signals ─▶ files ─▶ heap ─▶ lock ─▶ plan ─▶ eal ─▶ port ─▶ rings ─▶ writers
 *              ─▶ cleaner ─▶ registry ─▶ lists ─▶ pollers ─▶ kafka ─▶ rpc ─▶ coordinator ─▶ cores
 *                                                                          gateway_run()
 *
 *     poller p ──data[p][w]──▶ writer w ◀──admin[w]── control ◀──calls[p]── poller p
 *     poller p ──asks[p]──▶ coordinator ──keyed[w]──▶ writer w
 *     control, coordinator ──outboxes[s][p]──▶ poller p
 *
 * Core: control. Data cores see only what they were given at their creation.
 */
#ifndef PENSTOCK_GATEWAY_H
#define PENSTOCK_GATEWAY_H

#include "control/boot.h"
#include "control/cleaner_thread.h"
#include "control/calls/id_blocks.h"
#include "control/calls/topic_wish.h"
#include "control/coordinator/coordinator_thread.h"
#include "control/cores.h"
#include "control/eal.h"
#include "control/kafka/kafka_api.h"
#include "control/rpc/rpc.h"
#include "control/vehicle_files.h"
#include "dataplane/net/nic/nic_dpdk.h"

/* What the command line said. */
struct gateway_arguments {
	const char *config;      /* properties file, or null */
	const char *const *sets; /* key=value */
	unsigned set_count;
};

/* Who reads the snapshot of topics: pollers by number, then the coordinator. */
enum { READER_COORDINATOR = POLLERS_MAX, READERS_MAX };

/* Who sends into pollers' inboxes, and where in each inbox. */
enum gateway_sender { SENDER_CONTROL, SENDER_COORDINATOR, GATEWAY_SENDERS };

enum gateway_state {
	GATEWAY_STARTING, /* logs are recovered, writers are given them; nobody is answered */
	GATEWAY_RUNNING,
	GATEWAY_DRAINING, /* no new connections; what was begun is finished */
	GATEWAY_CLOSING,  /* writers give their logs back */
	GATEWAY_STOPPED,
};

struct gateway {
	const struct gateway_arguments *arguments;
	struct settings settings;
	struct core_plan plan;
	struct eal eal;
	struct nic *nic;
	struct wake control_wake;
	struct wake coordinator_wake;
	struct wake core_wakes[POLLERS_MAX + WRITERS_MAX];
	struct handoff data[POLLERS_MAX][WRITERS_MAX];
	struct handoff admin[WRITERS_MAX];
	struct handoff calls[POLLERS_MAX];
	struct handoff asks[POLLERS_MAX];
	struct handoff keyed[WRITERS_MAX];
	struct outbox outboxes[GATEWAY_SENDERS][POLLERS_MAX];
	struct rte_rcu_qsbr *rcu;
	struct marks_page *marks; /* by partition slot */
	struct news_page *news;   /* the same; for pollers */
	struct disk *control_disk;
	/* Locked first, open from the writers' step on. */
	struct log_dir log_dirs[LOG_DIRS_MAX];
	char log_dir_paths[LOG_DIRS_MAX][SETTING_TEXT_BYTES];
	unsigned log_dir_count;
	uint32_t writer_descriptors; /* each writer's share */
	struct disk *disks[WRITERS_MAX][LOG_DIRS_MAX]; /* of each writer in each log directory */
	struct writer *writers[WRITERS_MAX];
	struct poller *pollers[POLLERS_MAX];
	struct stats_page writer_pages[WRITERS_MAX];
	struct stats_page poller_pages[POLLERS_MAX];
	struct stats_page coordinator_page;
	struct stats_page control_page;
	struct core cores[POLLERS_MAX + WRITERS_MAX];
	struct vehicle_files vehicle_files;
	struct topics *_Atomic topics;
	struct topic_wish wish; /* the coordinator's, granted by control */
	struct id_blocks ids;   /* the same */
	atomic_bool drain;
	struct cleaner_thread cleaner; /* runs if log.cleaner.enable says so */
	struct registry *registry;
	struct kafka_api *kafka_api;
	struct coordinator *coordinator;
	struct coordinator_thread coordinator_thread;
	struct rpc *rpc;
	int signal_fd;
	_Atomic enum gateway_state state; /* control writes it */
	/* After the cores stopped */
	bool is_sound; /* every ledger balances, no core used the heap */
	bool is_clean; /* drained in time, logs closed */
	bool has_lost_logs; /* it ended because no log directory was left */
};

#endif
