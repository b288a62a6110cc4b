/* segment.c - offsets in, file names out, and back; see segment.h. */
#include "dataplane/store/segment.h"
#include "dataplane/base/require.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#define DELETED_ENDING ".deleted"
#define CLEANED_ENDING ".cleaned"
#define SWAP_ENDING    ".swap"

enum { OFFSET_DIGITS = 20 };

static const char *const endings[SEGMENT_FILES] = {
	[SEGMENT_LOG] = ".log",
	[SEGMENT_INDEX] = ".index",
	[SEGMENT_TIMEINDEX] = ".timeindex",
};

void segment_path(char *out, size_t size, const char *directory, int64_t base_offset,
		  enum segment_file file)
{
	int n = snprintf(out, size, "%s/%020lld%s", directory, (long long)base_offset,
			 endings[file]);
	require(n > 0 && (size_t)n < size);
}

/* The segment that comes next is made ahead under a name without an offset, since nobody knows
 * yet where it will begin. */
void segment_next_path(char *out, size_t size, const char *directory,
		       enum segment_file file)
{
	int n = snprintf(out, size, "%s/next%s.tmp", directory, endings[file]);
	require(n > 0 && (size_t)n < size);
}

/* Kafka's names for them. */
static void print_path(char *out, size_t size, const char *directory, int64_t base_offset,
		       enum segment_file file, const char *ending)
{
	int n = snprintf(out, size, "%s/%020lld%s%s", directory, (long long)base_offset,
			 endings[file], ending);
	require(n > 0 && (size_t)n < size);
}

void segment_deleted_path(char *out, size_t size, const char *directory, int64_t base_offset,
			  enum segment_file file)
{
	print_path(out, size, directory, base_offset, file, DELETED_ENDING);
}

void segment_cleaned_path(char *out, size_t size, const char *directory, int64_t base_offset,
			  enum segment_file file)
{
	print_path(out, size, directory, base_offset, file, CLEANED_ENDING);
}

void segment_swap_path(char *out, size_t size, const char *directory, int64_t base_offset,
		       enum segment_file file)
{
	print_path(out, size, directory, base_offset, file, SWAP_ENDING);
}

/* Only the log is written in whole blocks; an index entry has a few bytes. */
int segment_create_flags(enum segment_file file, bool is_direct)
{
	int direct = file == SEGMENT_LOG && is_direct ? O_DIRECT : 0;
	return O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | direct;
}

const char *segment_parse_offset(const char *name, int64_t *ret_offset)
{
	uint64_t offset = 0;
	for (unsigned i = 0; i < OFFSET_DIGITS; i++) {
		if (name[i] < '0' || name[i] > '9')
			return NULL;
		unsigned digit = (unsigned)(name[i] - '0');
		if (offset > ((uint64_t)INT64_MAX - digit) / 10)
			return NULL;
		offset = offset * 10 + digit;
	}
	*ret_offset = (int64_t)offset;
	return name + OFFSET_DIGITS;
}

bool segment_parse(const char *name, int64_t *ret_base_offset, enum segment_file *ret_file)
{
	int64_t offset;
	const char *ending = segment_parse_offset(name, &offset);
	for (unsigned f = 0; ending && f < SEGMENT_FILES; f++) {
		if (strcmp(ending, endings[f]) == 0) {
			*ret_base_offset = offset;
			*ret_file = f;
			return true;
		}
	}
	return false;
}

static int compare_bases(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

/* All are counted, whatever there is room for: a caller with too short a list learns how long
 * it has to be. */
size_t segment_bases(const char *names, size_t names_bytes, int64_t *ret, size_t room)
{
	size_t count = 0;
	for (size_t at = 0; at < names_bytes; at += strlen(names + at) + 1) {
		enum segment_file file;
		int64_t base;
		if (!segment_parse(names + at, &base, &file) || file != SEGMENT_LOG)
			continue;
		if (count < room)
			ret[count] = base;
		count++;
	}
	if (count > 0 && count <= room)
		qsort(ret, count, sizeof *ret, compare_bases);
	return count;
}

/* Without that ending a segment's file? */
static bool parse_with(const char *name, const char *ending, int64_t *ret_base_offset,
		       enum segment_file *ret_file)
{
	char kept[SEGMENT_NAME_BYTES];
	size_t size = strlen(name), behind = strlen(ending);
	if (size <= behind || size - behind >= sizeof kept ||
	    strcmp(name + size - behind, ending) != 0)
		return false;
	memcpy(kept, name, size - behind);
	kept[size - behind] = '\0';
	return segment_parse(kept, ret_base_offset, ret_file);
}

bool segment_parse_swap(const char *name, int64_t *ret_base_offset, enum segment_file *ret_file)
{
	return parse_with(name, SWAP_ENDING, ret_base_offset, ret_file);
}

bool segment_parse_cleaned(const char *name, int64_t *ret_base_offset,
			   enum segment_file *ret_file)
{
	return parse_with(name, CLEANED_ENDING, ret_base_offset, ret_file);
}

bool segment_is_leftover(const char *name)
{
	char ours[SEGMENT_NAME_BYTES];
	int64_t base_offset;
	enum segment_file file;
	if (parse_with(name, DELETED_ENDING, &base_offset, &file) ||
	    segment_parse_cleaned(name, &base_offset, &file))
		return true;
	for (unsigned f = 0; f < SEGMENT_FILES; f++) {
		segment_next_path(ours, sizeof ours, "", f);
		if (strcmp(name, ours + 1) == 0)
			return true;
	}
	return false;
}
