/* gen_load.h - what the connections say: messages named by (connection, number), their
 * bytes made anew whenever they are sent, so that nothing is kept for sending again.
 *
 *     gen_tcp ─ size, fill ─▶ gen_fleet.c | gen_kafka.c | gen_commit.c
 *     gen_tcp ◀─ bytes of the next answer, verdict ─
 *
 * Core: the generator's. Messages and answers of a connection are numbered from 0; answer
 * n belongs to message n (both protocols promise it).
 */
#ifndef PENSTOCK_GEN_LOAD_H
#define PENSTOCK_GEN_LOAD_H

#include "dataplane/base/base.h"

enum {
	GEN_ANSWER_BYTES_MAX = 256,
	/* An answer must show how long it is within this many bytes. */
	GEN_ANSWER_HEAD_BYTES_MAX = 24,
};

enum gen_verdict {
	GEN_ACCEPTED, /* what it answers is stored */
	GEN_REFUSED,  /* the target says that it is not */
	GEN_STRANGE,  /* no answer to that message: the connection is given up */
};

struct gen_load {
	const char *name;
	bool is_answered;   /* one answer each; false: done when TCP acknowledged it */
	uint32_t greetings; /* first messages, one at a time, before any load */
	uint32_t records;   /* of one message behind the greetings */
	uint32_t message_bytes; /* mean */
	uint32_t (*size)(const struct gen_load *l, uint32_t conn, uint32_t message);
	/* Bytes [at, at + size) of the message to `out`. */
	void (*fill)(const struct gen_load *l, uint32_t conn, uint32_t message,
		     uint32_t at, uint32_t size, uint8_t *out);
	/* Null, or: 0 when the message goes as it is, else where it is cut in two
	 * segments, the second sent first when *is_reversed. */
	uint32_t (*cut)(const struct gen_load *l, uint32_t conn, uint32_t message,
			bool *is_reversed);
	/* An answer may come all the same; its message is then UINT32_MAX.
	 * Bytes of the answer that begins there: 0 when more must be seen first,
	 * UINT32_MAX when it is none. */
	uint32_t (*answer_bytes)(const struct gen_load *l, struct bytes at);
	enum gen_verdict (*check)(const struct gen_load *l, uint32_t conn,
				  uint32_t message, struct bytes answer);
};

/* A number that looks random and depends on both alone. */
static inline uint64_t gen_hash(uint32_t conn, uint32_t message)
{
	uint64_t x = ((uint64_t)conn << 32 | message) + 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

#endif
