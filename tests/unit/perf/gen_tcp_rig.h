/* gen_tcp_rig.h - the generator's TCP with nothing around it: a port that remembers, messages
 * of one size, and a target played by the test.
 *
 *     rig_open ─▶ gen_tcp_owe ... rig_sent(i) ... rig_input(segment of the target)
 *
 * Byte i of message m of connection c is c + 7 m + i; its answer is m, as four bytes, and then
 * four for the verdict.
 */
#ifndef PENSTOCK_TESTS_GEN_TCP_RIG_H
#define PENSTOCK_TESTS_GEN_TCP_RIG_H

#include "dataplane/wire/net/tcp_header.h"
#include "perf/gen_tcp.h"
#include "tests/unit/perf/fake_gen_port.h"

enum {
	RIG_CONNECTIONS = 4,
	RIG_MESSAGE_BYTES = 100,
	RIG_ANSWER_BYTES = 8,
	RIG_TARGET_PORT = 9092,
	RIG_MSS = 1000,
	RIG_WINDOW = 4000,
	RIG_DONE_MAX = 32,
};

struct gen_tcp_rig {
	struct gen_tcp tcp;
	struct gen_load load;
	struct fake_gen_port fake;
	uint32_t message_bytes;
	uint32_t cut_at;
	bool is_reversed;
	uint64_t now_ms;
	uint32_t ours;   /* sequence number of the first byte of connection 0 */
	uint32_t theirs; /* the target's next */
	unsigned done_count;
	struct {
		uint32_t conn, message;
		enum gen_verdict verdict;
	} done[RIG_DONE_MAX];
};

/* A rig with nothing connected; the first sequence number of connection 0 is `isn`. */
struct gen_tcp_rig *rig_create(uint32_t isn);
void rig_destroy(struct gen_tcp_rig *r);
/* Connection 0, its handshake done; what was sent for it is forgotten. */
void rig_open(struct gen_tcp_rig *r);

/* The header of segment `i` of those sent; its data. */
struct tcp_header rig_sent(const struct gen_tcp_rig *r, unsigned i);
struct bytes rig_sent_data(const struct gen_tcp_rig *r, unsigned i);
void rig_forget(struct gen_tcp_rig *r);

/* A segment of the target to connection 0. */
void rig_input(struct gen_tcp_rig *r, const struct tcp_header *h, struct bytes data);
/* An acknowledgement of `bytes` of ours; with `data` after the target's previous ones. */
void rig_ack(struct gen_tcp_rig *r, uint32_t bytes, struct bytes data);
void rig_answer(struct gen_tcp_rig *r, uint32_t acked, uint32_t message,
		enum gen_verdict verdict);
/* Lets time pass, turn by turn. */
void rig_wait(struct gen_tcp_rig *r, unsigned ms);

#endif
