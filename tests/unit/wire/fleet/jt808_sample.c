/* jt808_sample.c - frames and expectations for tests; see jt808_sample.h. */
#include "tests/unit/wire/fleet/jt808_sample.h"
#include "dataplane/base/require.h"

#include <stdio.h>

/* ---- rows ------------------------------------------------------------------------------- */

static uint8_t nibble(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

static unsigned number(const char *text)
{
	return (unsigned)strtoul(text, NULL, 10);
}

static void row_parse(char *line, struct jt808_sample *ret)
{
	ret->is_2019 = strcmp(strsep(&line, "\t"), "2019") == 0;
	ret->is_up = strcmp(strsep(&line, "\t"), "up") == 0;
	strsep(&line, "\t");
	const char *what = strsep(&line, "\t");
	ret->is_good = strcmp(what, "ok") == 0;
	ret->cause = strcmp(what, "check") == 0 ? JT808_CHECK : JT808_LENGTH;
	snprintf(ret->phone, sizeof ret->phone, "%s", strsep(&line, "\t"));
	ret->serial = number(strsep(&line, "\t"));
	const char *part = strsep(&line, "\t");
	sscanf(part, "%u/%u", &ret->part, &ret->parts);
	ret->escapes = number(strsep(&line, "\t"));
	ret->body_bytes = number(strsep(&line, "\t"));
	const char *hex = strsep(&line, "\t");
	require(hex != NULL);
	ret->size = strlen(hex) / 2;
	ret->data = malloc(ret->size);
	for (size_t i = 0; i < ret->size; i++)
		ret->data[i] = (uint8_t)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
}

const struct jt808_samples *jt808_samples(void)
{
	static struct jt808_samples all;
	if (all.count > 0)
		return &all;
	FILE *file = fopen(VECTORS_DIR "/jt808.tsv", "r");
	require(file != NULL);
	static char line[16384];
	while (fgets(line, sizeof line, file)) {
		if (line[0] == '#')
			continue;
		require(all.count < JT808_SAMPLES_MAX);
		row_parse(line, &all.rows[all.count++]);
	}
	fclose(file);
	require(all.count > 0);
	return &all;
}

/* ---- the encoder ------------------------------------------------------------------------ */

static void add_u16(struct soup *s, unsigned v)
{
	soup_add_byte(s, (uint8_t)(v >> 8), 1);
	soup_add_byte(s, (uint8_t)v, 1);
}

static void add_escaped(struct soup *s, uint8_t byte)
{
	if (byte == 0x7d || byte == 0x7e) {
		soup_add_byte(s, 0x7d, 1);
		byte = byte == 0x7d ? 1 : 2;
	}
	soup_add_byte(s, byte, 1);
}

void jt808_send(struct soup *s, const struct jt808_sent *m)
{
	struct soup plain = {0};
	add_u16(&plain, m->id);
	add_u16(&plain, (unsigned)m->body_bytes | m->encryption * 1024u | (m->parts ? 8192u : 0) |
				(m->is_marked_2019 ? 16384u : 0));
	if (m->is_2019)
		soup_add_byte(&plain, m->version, 1);
	soup_add(&plain, m->phone, m->is_2019 ? 10 : 6);
	add_u16(&plain, m->serial);
	if (m->parts) {
		add_u16(&plain, m->parts);
		add_u16(&plain, m->part);
	}
	soup_add(&plain, m->body, m->body_bytes);
	uint8_t sum = 0;
	soup_add_byte(s, 0x7e, 1);
	for (size_t i = 0; i < plain.size; i++) {
		sum ^= plain.data[i];
		add_escaped(s, plain.data[i]);
	}
	add_escaped(s, sum);
	soup_add_byte(s, 0x7e, 1);
	free(plain.data);
}

static uint8_t byte_of(struct dice *d)
{
	static const uint8_t often[] = {0x7d, 0x7e, 0x01, 0x02, 0x7c, 0x7f};
	uint32_t n = dice_below(d, 256 + 64);
	return (uint8_t)(n < 256 ? n : often[n % array_len(often)]);
}

struct jt808_sent jt808_sent_random(struct dice *d)
{
	struct jt808_sent m = {
		.id = (uint16_t)dice_below(d, 65536),
		.is_2019 = dice_below(d, 2),
		.version = byte_of(d),
		.encryption = (uint8_t)dice_below(d, 8),
		.serial = (uint16_t)dice_below(d, 65536),
		.body_bytes = dice_below(d, dice_below(d, 4) ? 120 : JT808_BODY_BYTES_MAX + 1),
	};
	m.is_marked_2019 = m.is_2019 || dice_below(d, 8) == 0;
	if (dice_below(d, 4) == 0) {
		m.parts = (uint16_t)(1 + dice_below(d, 65535));
		m.part = (uint16_t)(1 + dice_below(d, m.parts));
	}
	for (size_t i = 0; i < sizeof m.phone; i++)
		m.phone[i] = byte_of(d);
	bool is_dense = dice_below(d, 8) == 0; /* nothing but escapes: the longest frames */
	for (size_t i = 0; i < m.body_bytes; i++)
		m.body[i] = is_dense ? 0x7d : byte_of(d);
	return m;
}

/* ---- the resynchroniser ----------------------------------------------------------------- */

enum label { RUN = 1, FRAME_FIRST, FRAME, DELIMITER };

struct row {
	const uint8_t *data;
	size_t size;
	size_t content_bytes_max;
	uint8_t *labels;
	size_t *message_bytes; /* at the first byte of each frame */
};

/* A content of `size` bytes: the message's size when it holds, else 0 and why. */
static size_t content_holds(const uint8_t *p, size_t size, enum jt808_cause *cause)
{
	uint8_t *m = malloc(size + 1), sum = 0;
	size_t n = 0, verdict = 0;
	bool is_escaped_well = true;
	for (size_t i = 0; i < size; i++) {
		uint8_t byte = p[i];
		if (byte == 0x7d) {
			uint8_t next = i + 1 < size ? p[++i] : 0;
			is_escaped_well &= next == 1 || next == 2;
			byte = next == 1 ? 0x7d : 0x7e;
		}
		m[n++] = byte;
		sum ^= byte;
	}
	*cause = JT808_GARBAGE;
	if (size < 13 || (is_escaped_well && n < 13))
		goto done;
	*cause = JT808_ESCAPING;
	if (!is_escaped_well)
		goto done;
	*cause = JT808_CHECK;
	if (sum != 0)
		goto done;
	size_t properties = m[2] * 256u + m[3], parts = properties & 8192 ? 4 : 0;
	size_t body = properties & 1023;
	size_t header = 12;
	if (properties & 16384 && n == 17 + parts + body + 1)
		header = 17;
	*cause = JT808_LENGTH;
	if (n != header + parts + body + 1)
		goto done;
	*cause = JT808_PARTS;
	const uint8_t *part = m + header;
	if (parts && (part[2] * 256 + part[3] == 0 ||
		      part[2] * 256 + part[3] > part[0] * 256 + part[1]))
		goto done;
	verdict = n;
done:
	free(m);
	return verdict;
}

/* The next delimiter at or behind `at`; the end where there is none. */
static size_t delimiter_from(const struct row *r, size_t at)
{
	while (at < r->size && r->data[at] != 0x7e)
		at++;
	return at;
}

/* Why the bytes from `at`, behind a delimiter, to the next one are no frame. */
static enum jt808_cause cause_of(const struct row *r, size_t at)
{
	enum jt808_cause cause;
	size_t end = delimiter_from(r, at);
	if (end - at > r->content_bytes_max)
		return JT808_TOO_LONG;
	if (end == r->size)
		return JT808_INCOMPLETE;
	content_holds(r->data + at, end - at, &cause);
	return cause;
}

/* Each row of bytes between two delimiters is looked at for itself. */
static void label(struct row *r)
{
	for (size_t i = 0; i < r->size; i++)
		r->labels[i] = r->data[i] == 0x7e ? DELIMITER : RUN;
	for (size_t open = delimiter_from(r, 0); open < r->size;) {
		enum jt808_cause cause;
		size_t end = delimiter_from(r, open + 1), size = end - open - 1;
		bool is_short = end < r->size && size > 0 && size <= r->content_bytes_max;
		size_t n = is_short ? content_holds(r->data + open + 1, size, &cause) : 0;
		if (n > 0) {
			size_t first = r->labels[open] == DELIMITER ? open : open + 1;
			memset(r->labels + first, FRAME, end + 1 - first);
			r->labels[first] = FRAME_FIRST;
			r->message_bytes[first] = n;
		}
		open = end;
	}
}

static struct jt808_expect_piece *piece_add(struct jt808_expect *e, bool is_frame, size_t at)
{
	e->pieces[e->count] = (struct jt808_expect_piece){.is_frame = is_frame, .at = at};
	return &e->pieces[e->count++];
}

/* A run begins with the delimiter that its first bytes have before them, and ends where a frame
 * begins; delimiters outside of both are nothing. */
static void fold(const struct row *r, struct jt808_expect *e)
{
	struct jt808_expect_piece *now = NULL;
	for (size_t i = 0; i < r->size; i++) {
		if (r->labels[i] == FRAME_FIRST) {
			now = piece_add(e, true, i);
			now->message_bytes = r->message_bytes[i];
		} else if (r->labels[i] != FRAME && (!now || now->is_frame)) {
			bool opens = r->labels[i] == DELIMITER && i + 1 < r->size &&
				     r->labels[i + 1] == RUN;
			if (r->labels[i] != RUN && !opens)
				continue;
			now = piece_add(e, false, i);
			bool is_between = opens || (i > 0 && r->data[i - 1] == 0x7e);
			now->cause = is_between ? cause_of(r, i + opens) : JT808_GARBAGE;
		}
		now->size++;
	}
}

struct jt808_expect jt808_expect_of(const uint8_t *stream, size_t size, size_t frame_bytes_max)
{
	struct jt808_expect e = {.pieces = calloc(size + 1, sizeof *e.pieces)};
	struct row r = {
		.data = stream,
		.size = size,
		.content_bytes_max = min_size(frame_bytes_max, 2092) - 2,
		.labels = calloc(size + 1, 1),
		.message_bytes = calloc(size + 1, sizeof(size_t)),
	};
	require(e.pieces && r.labels && r.message_bytes);
	label(&r);
	fold(&r, &e);
	free(r.labels);
	free(r.message_bytes);
	return e;
}

void jt808_expect_free(struct jt808_expect *e)
{
	free(e->pieces);
}

/* ---- mixtures --------------------------------------------------------------------------- */

enum ingredient {
	GOOD,
	GOOD_AGAIN,
	SENT,
	SENT_AGAIN,
	BROKEN_BYTE,
	CUT_SHORT,
	SHARED_DELIMITER,
	GARBAGE,
	SPECIALS,
	DELIMITERS,
	LONG,
	INGREDIENTS
};

static void add_bytes(struct soup *s, struct dice *d, uint32_t most)
{
	for (uint32_t n = dice_below(d, most); n > 0; n--)
		soup_add_byte(s, (uint8_t)dice_below(d, 256), 1);
}

/* Delimiters and escapes in every mixture, so that each pair of them occurs. */
static void add_specials(struct soup *s, struct dice *d)
{
	for (uint32_t n = dice_below(d, 60); n > 0; n--)
		soup_add_byte(s, (uint8_t)"\x7e\x7d\x01\x02\x00"[dice_below(d, 5)], 1);
}

static void add_ingredient(struct soup *s, struct dice *d)
{
	const struct jt808_samples *all = jt808_samples();
	const struct jt808_sample *f = &all->rows[dice_below(d, (uint32_t)all->count)];
	struct jt808_sent sent = jt808_sent_random(d);
	size_t start = s->size;
	switch ((enum ingredient)dice_below(d, INGREDIENTS)) {
	case GOOD:
	case GOOD_AGAIN:
		soup_add(s, f->data, f->size);
		break;
	case SENT:
	case SENT_AGAIN:
		jt808_send(s, &sent);
		break;
	case BROKEN_BYTE:
		soup_add(s, f->data, f->size);
		s->data[start + dice_below(d, (uint32_t)f->size)] ^= 1;
		break;
	case CUT_SHORT:
		soup_add(s, f->data, dice_below(d, (uint32_t)f->size));
		break;
	case SHARED_DELIMITER:
		jt808_send(s, &sent);
		s->size--;
		break;
	case GARBAGE:
		add_bytes(s, d, 300);
		break;
	case SPECIALS:
		add_specials(s, d);
		break;
	case DELIMITERS:
		soup_add_byte(s, 0x7e, dice_below(d, 20));
		break;
	case LONG:
		soup_add_byte(s, 'x', dice_below(d, 3 * JT808_CONTENT_BYTES_MAX));
		break;
	case INGREDIENTS:
		break;
	}
}

struct soup jt808_soup_random(struct dice *d, unsigned ingredients)
{
	struct soup s = {0};
	while (ingredients-- > 0)
		add_ingredient(&s, d);
	return s;
}
