/* durable_mark.c - durable marks in, entries of mark files out, and back; see durable_mark.h. */
#include "dataplane/store/durable_mark.h"
#include "dataplane/base/crc32c.h"

#include <stdio.h>

enum { CRC_AT = offsetof(struct mark_entry, crc), VERSION_AT = 8 };

static const char magic[] = "PENSMARK";

static struct mark_entry sealed(struct mark_entry e)
{
	e.crc = be32_of(crc32c(&e, CRC_AT));
	return e;
}

static bool is_whole(const struct mark_entry *e)
{
	return be32_get(e->crc) == crc32c(e, CRC_AT);
}

struct mark_entry mark_entry_of(const struct durable_mark *mark)
{
	struct mark_entry e = {
		.partition = be32_of(mark->key.partition),
		.offset = be64_of((uint64_t)mark->offset),
	};
	memcpy(e.topic_id, mark->key.topic_id, sizeof e.topic_id);
	return sealed(e);
}

bool mark_entry_read(const struct mark_entry *e, struct durable_mark *ret)
{
	memcpy(ret->key.topic_id, e->topic_id, sizeof e->topic_id);
	ret->key.partition = be32_get(e->partition);
	ret->offset = (int64_t)be64_get(e->offset);
	return is_whole(e) && ret->offset > 0;
}

struct mark_entry mark_header(void)
{
	struct mark_entry e = {0};
	memcpy(&e, magic, VERSION_AT);
	be32_store((uint8_t *)&e + VERSION_AT, MARK_VERSION);
	return sealed(e);
}

/* Compared whole: the entries of another version could mean something else. */
bool mark_header_is_good(const struct mark_entry *e)
{
	struct mark_entry expected = mark_header();
	return memcmp(e, &expected, sizeof expected) == 0;
}

/* The registry's, and a writer's with its number, also of a writer that there is none of any
 * more. */
bool mark_file_is_named(const char *name)
{
	size_t stem = sizeof MARK_FILE_NAME - 1;
	if (strncmp(name, MARK_FILE_NAME, stem) != 0)
		return false;
	const char *digits = name + stem + 1;
	return !name[stem] ||
	       (name[stem] == '.' && digits[0] && !digits[strspn(digits, "0123456789")]);
}

/* As Kafka's checkpoint files: version, number of entries, the one entry. */
int64_t mark_old_parse(const char *text)
{
	long long offset;
	return sscanf(text, "0\n1\n%20lld\n", &offset) == 1 && offset >= 0 ? offset : -1;
}
