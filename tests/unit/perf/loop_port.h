/* loop_port.h - a generator's port with a target of its own behind it, and a clock of its own:
 * what is sent is answered after a while, all in one thread and always the same.
 *
 *     gen_port_push ─▶ target: handshake, whole messages ─▶ answers, each with its time
 *     gen_port_rx   ◀─ those whose time has come
 *
 * Messages are LOOP_MESSAGE_BYTES long; an answer is the message's number. The clock goes on
 * by LOOP_TICK_NS whenever it is read.
 */
#ifndef PENSTOCK_TESTS_LOOP_PORT_H
#define PENSTOCK_TESTS_LOOP_PORT_H

#include "perf/gen_run.h"

enum {
	LOOP_CONNECTIONS_MAX = 16,
	LOOP_MESSAGE_BYTES = 100,
	LOOP_ANSWER_BYTES = 4,
	LOOP_TARGET_PORT = 9092,
	LOOP_TICK_NS = 2000,
	LOOP_ANSWERS_MAX = 4096,
};

struct loop_answer {
	uint64_t due_ns;
	uint32_t conn, seq, ack, number;
	uint8_t flags;
	bool has_data;
};

/* One connection, as the target sees it. */
struct loop_peer {
	uint32_t expected, next; /* sequence numbers: theirs, ours */
	uint32_t bytes, messages, given;
};

struct loop_port {
	struct gen_port port;
	const struct gen_gate *gate;
	uint64_t delay_ns;
	/* Nothing is answered from here to there, counted from the common start. */
	uint64_t stall_from_ns, stall_to_ns;
	bool is_refusing, is_full, is_down;
	uint32_t in_flight_max; /* messages of one connection without an answer, at most */
	uint64_t datagrams;
	struct loop_peer peers[LOOP_CONNECTIONS_MAX];
	unsigned first, count;
	struct loop_answer answers[LOOP_ANSWERS_MAX];
	uint8_t frame[2048];
	uint8_t received[PACKETS_PER_TURN][64];
};

void loop_port_init(struct loop_port *l, const struct gen_gate *gate);
/* Requests and answers as the target knows them. */
struct gen_load loop_load(void);

#endif
