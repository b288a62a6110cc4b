/* jt808_parts.h - JT/T 808: parts of messages in, whole messages out; what never becomes whole is
 * given up and counted.
 *
 *     cut:     jt808_parts_look ─▶ one of several ─────────────────────┐
 *                             └─▶ the last ─▶ jt808_parts_gather ─▶ a record of all of them
 *     accept:  jt808_parts_judge, jt808_parts_room ─▶ jt808_parts_put ◀┘
 *              the record has what it needs ─▶ jt808_parts_finish
 *     time:    jt808_parts_due ─▶ what is missing asked for (jt808_ask.h), or jt808_parts_give_up
 *
 * A message is its connection's: phone, id and the serial of its first part name it there (2013:
 * 7.12, parts have consecutive serials). Each part lies in a chunk of its own, so that it may come
 * in any place.
 *
 * What half a message holds is chunks, and all others need those. Under want a connection with more
 * than a 64th of all gives way to itself; else the message goes that got nothing for longest, of a
 * source that has an eighth of all, if one has. One connection never has more than a quarter.
 * A message that became whole is remembered for a while without its chunks, so that a part of it
 * that is sent again begins no other.
 *
 * Core: poller. Memory: as much as is given, mapped at start, touched as far as it was ever used.
 */
#ifndef PENSTOCK_JT808_PARTS_H
#define PENSTOCK_JT808_PARTS_H

#include "dataplane/base/siphash.h"
#include "dataplane/session/session.h"
#include "dataplane/session/turn_bytes.h"
#include "dataplane/wire/fleet/jt808.h"

enum {
	JT808_PART_CHUNK_BYTES = 1024, /* holds the longest body */
	JT808_PARTS_MAX = 1024,        /* of a message: a photograph or a short film */
	JT808_TABLE_PARTS = JT808_PART_CHUNK_BYTES / sizeof(uint32_t),
	JT808_TABLES = JT808_PARTS_MAX / JT808_TABLE_PARTS,
	JT808_UNDER_WAY_MAX = 16,      /* messages of a connection, those remembered with them */
	JT808_PARTS_SOURCES = 4096,
	JT808_PARTS_MEMORY_MIN = 8 << 20,
	JT808_WHOLE_BYTES_MAX = (int)sizeof(struct jt808_header_2019) +
				JT808_PARTS_MAX * JT808_BODY_BYTES_MAX,
	JT808_WHOLE_CHUNKS_MAX = JT808_PARTS_MAX + JT808_TABLES,
	/* Of all chunks: what a connection may have; what it has that gives way to itself under
	 * want; and what a source has that gives way first. */
	JT808_OWN_SHARE = 4,
	JT808_WANT_SHARE = 64,
	JT808_SOURCE_SHARE = 8,
};
static_assert((int)JT808_PART_CHUNK_BYTES >= (int)JT808_BODY_BYTES_MAX, "a part, a chunk");
static_assert(JT808_PARTS_MAX % JT808_TABLE_PARTS == 0, "tables are full");
static_assert((int)JT808_WHOLE_CHUNKS_MAX <=
		      JT808_PARTS_MEMORY_MIN / JT808_PART_CHUNK_BYTES / JT808_OWN_SHARE,
	      "the longest message fits into a connection's share");
static_assert((int)JT808_WHOLE_BYTES_MAX + 4096 <= (int)TURN_BYTES, "it can be gathered");

struct jt808_message_parts; /* one under way */

/* What a connection has here; all zeroes: nothing. */
struct jt808_own_parts {
	struct jt808_message_parts *first; /* the oldest; null: none */
	uint16_t count;
	uint16_t chunks;
};

struct jt808_parts_source;

struct jt808_parts {
	struct stats *stats;
	const struct moment *now;
	struct siphash_key key;
	struct slab slab; /* struct jt808_message_parts */
	struct chunk_pool chunks;
	struct jt808_parts_source *sources;
	struct list large;
	/* By the time of their last part, or since more were asked for: of each listener, whose
	 * messages have one patience. */
	struct list waiting[LISTENERS_MAX];
	struct list remembered;
};

/* -errno; jt808_parts_fini() undoes what was done, of zeroes nothing. */
int jt808_parts_init(struct jt808_parts *p, uint64_t memory_bytes, struct stats *stats,
		     const struct moment *now);
void jt808_parts_fini(struct jt808_parts *p);

/* The message that `m` is a part of, or null. */
struct jt808_message_parts *jt808_parts_find(const struct jt808_own_parts *own,
					     const struct jt808_message *m);

/* How many of the message are missing, this one with them; 0: it needs none, or takes none. */
unsigned jt808_parts_missing(const struct jt808_message_parts *t, const struct jt808_message *m);

enum jt808_part_verdict {
	JT808_PART_NEW,
	JT808_PART_AGAIN, /* it is there, or the message was whole */
	JT808_PART_WRONG, /* it contradicts those before it, or there are too many */
};
enum jt808_part_verdict jt808_parts_judge(const struct jt808_message_parts *t,
				  const struct jt808_message *m);

/* Room for a new part, and for its message if it is the first. Others may give way, and `*t`
 * itself, which is null then: false. */
bool jt808_parts_room(struct jt808_parts *p, struct jt808_own_parts *own,
		      struct jt808_message_parts **t, const struct jt808_message *m);
/* There is room. `t` null: it is the first of its message. */
void jt808_parts_put(struct jt808_parts *p, struct session *s, struct jt808_own_parts *own,
		     struct jt808_message_parts *t, const struct jt808_message *m);

/* All parts but `m` are here: the whole message (jt808_whole_read()), and its size before. */
size_t jt808_parts_whole_bytes(const struct jt808_message_parts *t,
			       const struct jt808_message *m);
void jt808_parts_gather(const struct jt808_parts *p, const struct jt808_message_parts *t,
			const struct jt808_message *m, uint8_t *out);

/* Its record goes on: the message gives its chunks back and is remembered, by the name of its last
 * part. */
void jt808_parts_finish(struct jt808_parts *p, struct jt808_message_parts *t, uint64_t name);
/* The record of that name is not stored: its parts may come again. */
void jt808_parts_forget(struct jt808_own_parts *own, uint64_t name);

/* It never becomes whole: its record ends with `end`. */
void jt808_parts_give_up(struct jt808_parts *p, struct jt808_message_parts *t, enum stat_id end);
/* The connection ends. */
void jt808_parts_close(struct jt808_parts *p, struct jt808_own_parts *own);

/* A message that has waited for parts.retry.ms of its listener, or null. What has been remembered
 * for too long is forgotten on the way. */
struct jt808_message_parts *jt808_parts_due(struct jt808_parts *p, const struct listener *all);
struct session *jt808_parts_session(const struct jt808_message_parts *t);
/* It waits anew. */
void jt808_parts_wait(struct jt808_parts *p, struct jt808_message_parts *t);
/* It does so because it is asked for; and how often it was, since its last part came. */
void jt808_parts_ask(struct jt808_parts *p, struct jt808_message_parts *t);
unsigned jt808_parts_asked(const struct jt808_message_parts *t);
/* What is missing, `max` at most, returns how many; and `first`, the first part as it was sent, or,
 * if that is missing, without its body. */
unsigned jt808_parts_list(const struct jt808_parts *p, const struct jt808_message_parts *t,
			  struct jt808_message *first, uint16_t *missing, unsigned max);

/* Nanoseconds until one is due, at most `limit_ns`. */
uint64_t jt808_parts_idle_ns(const struct jt808_parts *p, const struct listener *all,
			     uint64_t now_ns, uint64_t limit_ns);

#endif
