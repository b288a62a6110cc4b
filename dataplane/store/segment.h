/* segment.h - one segment of a log: three files named after the first offset in them.
 *
 *     00000000000000004711.log .index .timeindex
 *
 * The last segment is active: appended to, preallocated ahead. Those before it are sealed:
 * exact size, synced, never written again. A segment's names appear only when everything
 * before it is durable; until then its files are called next.*.tmp. The files of one that has left
 * its log are called *.deleted until they are removed. One that the cleaner writes is called
 * *.cleaned, and from when it is whole until it has the place of those that it stands for *.swap.
 *
 * Core: the log's.
 */
#ifndef PENSTOCK_SEGMENT_H
#define PENSTOCK_SEGMENT_H

#include "dataplane/base/base.h"

struct open_file;

enum segment_file {
	SEGMENT_LOG,
	SEGMENT_INDEX,
	SEGMENT_TIMEINDEX,
	SEGMENT_FILES,
};

enum {
	/* Room for "/", 20 digits or "next", and the longest ending. */
	SEGMENT_NAME_BYTES = 64,
};

/* May a group's flush cover what is written to its .log file? */
enum segment_joins {
	SEGMENT_JOINS_UNKNOWN,
	SEGMENT_JOINS_NOT,
	SEGMENT_JOINS,
};

/* In `swapped`: another one has its place, its own file is not the log's any more. */
enum { SEGMENT_REPLACED = 1 << 7 };
/* In `deleted`: a start finds its files by that name, too. */
enum { SEGMENT_DELETED_FOR_GOOD = 1 << 7 };

struct segment {
	int64_t base_offset;
	uint64_t size; /* bytes of whole batches; of the active one log.position counts */
	uint32_t index_entries; /* of a sealed one, in its .index file */
	uint32_t holders;       /* see segment_ring.h */
	uint8_t joins;   /* enum segment_joins */
	uint8_t unnamed; /* bit per file: still called next.*.tmp */
	uint8_t deleted; /* bit per file: called *.deleted by now */
	uint8_t swapped; /* bit per file: still called *.swap; or SEGMENT_REPLACED */
	union {
		int32_t max_timestamp_offset; /* of its batch, from the base offset; */
		uint32_t removed_at_s;        /* its files go then: of one that left its log */
	};
	union {
		int64_t max_timestamp; /* of a sealed one; -1: no record has a time. */
		struct segment *next;  /* of one that left its log, or that nobody holds */
	};
	struct open_file *open[SEGMENT_FILES]; /* null: closed */
};

/* The largest time of its records, and the offset of its batch; -1: none has one. */
static inline void segment_note_time(struct segment *s, int64_t timestamp, int64_t offset)
{
	s->max_timestamp = timestamp;
	s->max_timestamp_offset = (int32_t)(offset - s->base_offset);
}

/* DIRECTORY/<base offset>.<ending>; `size` must hold it. */
void segment_path(char *out, size_t size, const char *directory, int64_t base_offset,
		  enum segment_file file);
/* DIRECTORY/next.<ending>.tmp */
void segment_next_path(char *out, size_t size, const char *directory,
		       enum segment_file file);
/* DIRECTORY/<base offset>.<ending>.deleted */
void segment_deleted_path(char *out, size_t size, const char *directory, int64_t base_offset,
			  enum segment_file file);
/* DIRECTORY/<base offset>.<ending>.cleaned, and .swap */
void segment_cleaned_path(char *out, size_t size, const char *directory, int64_t base_offset,
			  enum segment_file file);
void segment_swap_path(char *out, size_t size, const char *directory, int64_t base_offset,
		       enum segment_file file);
/* Flags to open a file of a new segment with. */
int segment_create_flags(enum segment_file file, bool is_direct);
/* The offset that a name begins with, in 20 digits; returns what follows it, or null: there is
 * none. */
const char *segment_parse_offset(const char *name, int64_t *ret_offset);
/* Is `name` a segment's file? Which? */
bool segment_parse(const char *name, int64_t *ret_base_offset, enum segment_file *ret_file);
/* How many .log files are among the names, a NUL after each; their base offsets, ascending,
 * where there is room for all of them. */
size_t segment_bases(const char *names, size_t names_bytes, int64_t *ret, size_t room);
/* Is it a file that a crash left: one of next.*.tmp, or a segment's that was to be removed, or was
 * not whole? What else ends in .tmp, .deleted or .cleaned is Kafka's, or somebody's: not for us to
 * remove. */
bool segment_is_leftover(const char *name);
/* Is `name` a segment's file but for .swap behind it? Which? It may be the only one with its
 * records. */
bool segment_parse_swap(const char *name, int64_t *ret_base_offset, enum segment_file *ret_file);
/* The same of .cleaned. */
bool segment_parse_cleaned(const char *name, int64_t *ret_base_offset,
			   enum segment_file *ret_file);

#endif
