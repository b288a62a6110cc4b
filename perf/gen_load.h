/* gen_load.h - what the connections say: messages named by (connection, number), their
 * bytes made anew whenever they are sent, so that nothing is kept for sending again.
 *
 *     gen_tcp ─ size, fill ─▶ gen_fleet.c | gen_kafka.c | gen_commit.c | gen_consume.c
 *     gen_tcp ◀─ bytes of the next answer, verdict ─
 *     gen_tcp ─ bytes of an answer as they come ─▶ readers.take: of connections that read
 *
 * Core: the generator's. Messages and answers of a connection are numbered from 0; answer
 * n belongs to message n (both protocols promise it).
 */
#ifndef PENSTOCK_GEN_LOAD_H
#define PENSTOCK_GEN_LOAD_H

#include "perf/gen_ledger.h"

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

struct gen_load;

/* What was taken of an answer. */
struct gen_take {
	uint32_t bytes;
	bool is_whole; /* that was the end of it */
	enum gen_verdict verdict;
	/* A batch has come that is message `number` of all that the run has offered; the next take
	 * goes on behind it, also with nothing. */
	bool has_number;
	uint64_t number;
};

/* Connections whose answers may be of any length, and are the load: each has one request under
 * way, from its greeting on. */
struct gen_readers {
	uint32_t first; /* number of the first of them: all that follow read, too */
	bool is_to_end; /* they read until they have all, and then the measurement is over */
	struct gen_take (*take)(const struct gen_load *l, uint32_t conn, uint32_t message,
				struct bytes at);
	/* When the load is over, or to the end: is there nothing left that it has to read? */
	bool (*has_all)(const struct gen_load *l, uint32_t conn);
	struct gen_reads reads;
};

struct gen_load {
	const char *name;
	struct gen_readers *readers; /* null: nobody reads */
	bool is_answered;   /* one answer each; false: done when TCP acknowledged it */
	uint32_t greetings; /* first messages, one at a time, before any load */
	uint32_t greeting_records;
	uint32_t records;   /* of one message behind the greetings */
	uint8_t window_shift; /* of what the target may have under way: 64 KiB << this */
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

static inline bool gen_load_reads(const struct gen_load *l, uint32_t conn)
{
	return l->readers && conn >= l->readers->first;
}

/* A number that looks random and depends on both alone. */
static inline uint64_t gen_hash(uint32_t conn, uint32_t message)
{
	uint64_t x = ((uint64_t)conn << 32 | message) + 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

#endif
