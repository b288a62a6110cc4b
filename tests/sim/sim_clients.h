/* sim_clients.h - the peers of the gateway: Kafka producers, consumers and askers, GB/T 32960
 * devices, senders of datagrams, and some who mean no good. Each speaks its protocol with an
 * encoder of its own, notes in the history what it sent and what it was told, and comes back
 * when it is cut off. */
#ifndef PENSTOCK_SIM_CLIENTS_H
#define PENSTOCK_SIM_CLIENTS_H

#include "tests/sim/sim_tcp.h"

enum {
	SIM_GATEWAY_IP = 0x0a000001, /* 10.0.0.1 */
	SIM_CLIENT_IP = 0x0a000100,  /* 10.0.1.0 + client */
	SIM_HOARDER_IP = 0x0a000300, /* of all of them */
	SIM_UNREAD_IP = 0x0a000400,  /* of every second of them */
	SIM_NOBODY_IP = 0x0b000000,  /* 11.0.0.0/8: what is sent there never arrives */
	SIM_PORT_KAFKA = 9092,
	SIM_PORT_TERMINAL = 32960,
	SIM_PORT_PLATFORM = 32961,
	SIM_PORT_DATAGRAMS = 5140,
	SIM_IDLE_MS = 3000, /* a connection on which nothing is asked for so long is closed */
	SIM_EVENTS_PARTITIONS = 3,
	SIM_NUM_PARTITIONS = 4, /* of every topic that nobody said more about */
	/* As far as the operator lets a topic grow. */
	SIM_PARTITIONS_MAX = 6,
};

#define SIM_ADVERTISED_HOST "gateway.sim"
#define SIM_TOPIC_EVENTS    "events"
#define SIM_TOPIC_VEHICLES  "vehicles"
#define SIM_TOPIC_PLATFORM  "platform"
#define SIM_TOPIC_DATAGRAMS "datagrams"
#define SIM_TOPIC_FLEETING  "fleeting" /* the operator makes and deletes it all the time */

enum sim_client_kind {
	SIM_PRODUCER,
	SIM_IDEMPOTENT,
	SIM_CONSUMER,
	SIM_ASKER,
	SIM_DEVICE,
	SIM_SENDER,
	SIM_ROGUE,
	SIM_EARLY,
	SIM_HOARDER,
	SIM_UNREAD,
};

struct sim_client;

/* `id` is the client number of the history; it decides a device's link (odd: platform) and a
 * consumer's topic (odd: the fleeting one). */
struct sim_client *sim_client_create(enum sim_client_kind kind, uint32_t id);
void sim_client_destroy(struct sim_client *c);

/* The frame, if it is one of this client's. */
bool sim_client_input(struct sim_client *c, const uint8_t *frame, uint32_t size);
/* Sends, reads answers, reconnects. */
void sim_client_turn(struct sim_client *c);
uint64_t sim_client_next_ns(const struct sim_client *c);
/* The gateway crashed: what was under way is unknown for ever. */
void sim_client_cut(struct sim_client *c);
/* Nothing new any more: finish what is under way, then close. */
void sim_client_quit(struct sim_client *c);
bool sim_client_is_done(const struct sim_client *c);
/* Since when it waits for a connection, or for the answer that has been due for longest;
 * UINT64_MAX: it waits for nothing. */
uint64_t sim_client_waits_since_ns(const struct sim_client *c);

/* ---- for the protocol files: what every client on TCP has ---- */

struct sim_client_ops {
	/* The connection is open; may write and must eat what it understands of tcp.in. */
	void (*turn)(struct sim_client *c);
	/* The connection is gone. */
	void (*lost)(struct sim_client *c);
	bool (*is_idle)(const struct sim_client *c);
	/* When the request was sent whose answer is due next, UINT64_MAX: there is none. Null:
	 * its requests need not be answered, its connections not be kept. */
	uint64_t (*asked_ns)(const struct sim_client *c);
	/* Of one connection among many: until then a turn does nothing, unless something comes or
	 * waits to be sent. Null: nobody knows. */
	uint64_t (*rests_until_ns)(const struct sim_client *c);
	void (*destroy)(struct sim_client *c);
};

struct sim_client {
	const struct sim_client_ops *ops; /* null: datagrams */
	uint32_t id;
	uint16_t port;
	uint32_t ip;
	uint16_t first_port, port_step; /* of its connections, at its own end */
	uint32_t connection;
	uint32_t refusals; /* the last connections did not open, so many */
	struct sim_tcp tcp;
	bool is_connected; /* or opening */
	bool is_quitting;
	uint64_t next_ns;  /* not before: reconnect, or the next thing to send */
	uint64_t rests_until_ns; /* nothing is to be done before */
	uint64_t opened_ns;
	bool is_reader;     /* quits when all others have: what they sent is to be read */
	bool may_be_closed; /* the gateway has been given a reason */
	uint64_t losses;    /* of connections, without one */
	uint64_t held;      /* records on their way to an answer; see struct sim_load */
};

/* When a client goes on that pauses for `mean_ns` usually. */
uint64_t sim_client_pause_ns(uint64_t mean_ns);
/* True once in so many usual pauses: it resets its connection. */
bool sim_client_gives_up(uint64_t pauses);
/* `records` are offered by one that waits for `due` answers: does it ask? */
bool sim_client_may_ask(struct sim_client *c, uint32_t due, uint32_t records);
/* An answer for so many of them has come. */
void sim_client_answered(struct sim_client *c, uint32_t records);

struct sim_client *sim_producer_create(void);
struct sim_client *sim_idempotent_create(void);
struct sim_client *sim_consumer_create(const char *topic);
struct sim_client *sim_asker_create(uint32_t id);
struct sim_client *sim_device_create(bool is_platform);
struct sim_client *sim_rogue_create(void);
struct sim_client *sim_early_create(void);
struct sim_client *sim_hoarder_create(void);
struct sim_client *sim_unread_create(void);

#endif
