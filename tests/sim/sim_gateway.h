/* sim_gateway.h - one gateway over the simulated seams: the real registry, Kafka handlers, one
 * or two pollers, one or two writers, stepped by hand. A crash just stops stepping it. */
#ifndef PENSTOCK_SIM_GATEWAY_H
#define PENSTOCK_SIM_GATEWAY_H

#include "dataplane/base/stats.h"
#include "dataplane/inbox.h"
#include "tests/sim/sim.h"

#define SIM_LOG_DIR "/log"
#define SIM_LOG_DIR_SECOND "/log2" /* world.log_dirs says if there is one */

struct sim_gateway;

/* Recovers from the disk. Null when it refuses to start because the disk failed. `operates`:
 * an operator makes, alters and deletes topics under load. */
struct sim_gateway *sim_gateway_start(bool operates);

/* One turn of each core, in an order drawn by chance; some cores may miss their turn. True
 * when any found work. */
bool sim_gateway_step(struct sim_gateway *g);
/* Its topics are served, its pollers turn. */
bool sim_gateway_is_ready(const struct sim_gateway *g);
/* It never will be: the disk failed. */
bool sim_gateway_has_failed(const struct sim_gateway *g);
/* Has it given a log directory up? */
bool sim_gateway_has_lost(const struct sim_gateway *g);
/* It has become ready: are the topics there that were promised? Whoever is to alter them does so
 * from now on. */
void sim_gateway_check_topics(struct sim_gateway *g);
/* Until when nothing will happen inside by itself. */
uint64_t sim_gateway_next_ns(const struct sim_gateway *g);

/* SIGTERM: flush, answer, close connections. */
/* Control begins and ends no job of the registry meanwhile: whoever waits for one waits. */
void sim_gateway_hold_jobs(struct sim_gateway *g, bool hold);
unsigned sim_gateway_pollers(const struct sim_gateway *g);
/* Of all pollers, as published last. */
uint64_t sim_gateway_stat(const struct sim_gateway *g, enum stat_id id);
/* A message into a poller's inbox, from a sender beside control and the coordinator; those that
 * are back. */
void sim_gateway_tell(struct sim_gateway *g, unsigned poller, struct inbox_msg *give);
unsigned sim_gateway_take_told(struct sim_gateway *g, struct inbox_msg **ret, unsigned max);

void sim_gateway_drain(struct sim_gateway *g);
bool sim_gateway_is_drained(const struct sim_gateway *g);
/* After the drain: seals the logs, leaves the mark of a clean stop. */
void sim_gateway_stop(struct sim_gateway *g);

/* Ledgers against what each poller really holds; exact zero once drained. Of many records every
 * writer has had some. */
void sim_gateway_check_ledgers(struct sim_gateway *g, bool is_drained);

/* Who waits costs no turns: pollers have not been busy more often than packets and completions
 * came to them. */
void sim_gateway_check_turns(const struct sim_gateway *g);

#endif
