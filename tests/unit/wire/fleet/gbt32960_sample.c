/* gbt32960_sample.c - frames and expectations for tests; see gbt32960_sample.h. */
#include "tests/unit/wire/fleet/gbt32960_sample.h"
#include "dataplane/base/require.h"

#include <string.h>

static uint8_t nibble(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

static void frame_parse(char *line, struct sample_frame *ret)
{
	const char *edition = strsep(&line, "\t");
	const char *direction = strsep(&line, "\t");
	strsep(&line, "\t");
	const char *hex = strsep(&line, "\t");
	require(hex != NULL);
	ret->is_2016 = strcmp(edition, "2016") == 0;
	ret->is_up = strcmp(direction, "up") == 0;
	ret->size = strlen(hex) / 2;
	ret->data = malloc(ret->size);
	for (size_t i = 0; i < ret->size; i++)
		ret->data[i] = (uint8_t)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
}

const struct sample_frames *sample_frames(void)
{
	static struct sample_frames all;
	if (all.count > 0)
		return &all;
	FILE *file = fopen(VECTORS_DIR "/gbt32960.tsv", "r");
	require(file != NULL);
	static char line[16384];
	while (fgets(line, sizeof line, file)) {
		if (line[0] == '#')
			continue;
		require(all.count < SAMPLE_FRAMES_MAX);
		frame_parse(line, &all.frames[all.count++]);
	}
	fclose(file);
	require(all.count > 0);
	return &all;
}

const struct sample_frame *sample_login(void)
{
	const struct sample_frame *f = sample_frames()->frames;
	while (!f->is_2016 || f->data[2] != 0x01 || f->data[3] != 0xfe)
		f++;
	return f;
}

/* What stands at `at`: a frame's size when it is whole and its BCC holds, else 0. */
static size_t whole_frame_at(const uint8_t *p, size_t left, size_t frame_bytes_max,
			     enum expect_cause *cause)
{
	*cause = EXPECT_GARBAGE;
	if (p[0] != '#' && p[0] != '$')
		return 0;
	*cause = left < 2 ? EXPECT_INCOMPLETE : EXPECT_GARBAGE;
	if (left < 2 || p[1] != p[0])
		return 0;
	*cause = EXPECT_INCOMPLETE;
	if (left < 24)
		return 0;
	size_t data = (size_t)p[22] * 256 + p[23];
	size_t size = data + 25;
	*cause = EXPECT_TOO_LONG;
	if (data > 65531 || size > frame_bytes_max)
		return 0;
	*cause = EXPECT_INCOMPLETE;
	if (size > left)
		return 0;
	uint8_t bcc = 0;
	for (size_t i = 2; i < size - 1; i++)
		bcc ^= p[i];
	*cause = EXPECT_BCC;
	return bcc == p[size - 1] ? size : 0;
}

struct expect expect_of(const uint8_t *stream, size_t size, size_t frame_bytes_max)
{
	struct expect e = {.pieces = calloc(size + 1, sizeof *e.pieces)};
	bool in_run = false;
	for (size_t at = 0; at < size;) {
		enum expect_cause cause;
		size_t frame = whole_frame_at(stream + at, size - at, frame_bytes_max, &cause);
		if (frame) {
			e.pieces[e.count++] = (struct expect_piece){
				.kind = EXPECT_FRAME,
				.at = at,
				.size = frame,
			};
			in_run = false;
			at += frame;
			continue;
		}
		if (!in_run)
			e.pieces[e.count++] = (struct expect_piece){
				.kind = EXPECT_RUN, .cause = cause, .at = at};
		in_run = true;
		e.pieces[e.count - 1].size++;
		at++;
	}
	return e;
}

void expect_free(struct expect *e)
{
	free(e->pieces);
}

enum ingredient { GOOD, GOOD_AGAIN, BROKEN_BYTE, CUT_SHORT, GARBAGE, STARTS, HEADER, INGREDIENTS };

/* Start bytes in every mixture: each pair of them may begin a frame. */
static void add_starts(struct soup *s, struct dice *d)
{
	for (uint32_t n = dice_below(d, 60); n > 0; n--)
		soup_add_byte(s, "##$\x01\x00"[dice_below(d, 5)], 1);
}

/* A header that promises more than follows. */
static void add_header(struct soup *s, struct dice *d)
{
	uint8_t header[24] = "##\x02\xfe";
	header[22] = (uint8_t)dice_below(d, dice_below(d, 2) ? 256 : 3);
	header[23] = (uint8_t)dice_below(d, 256);
	soup_add(s, header, 1 + dice_below(d, sizeof header));
}

static void add_ingredient(struct soup *s, struct dice *d)
{
	const struct sample_frames *all = sample_frames();
	const struct sample_frame *f = &all->frames[dice_below(d, (uint32_t)all->count)];
	size_t start = s->size;
	switch ((enum ingredient)dice_below(d, INGREDIENTS)) {
	case GOOD:
	case GOOD_AGAIN:
		soup_add(s, f->data, f->size);
		break;
	case BROKEN_BYTE:
		soup_add(s, f->data, f->size);
		s->data[start + dice_below(d, (uint32_t)f->size)] ^= 1;
		break;
	case CUT_SHORT:
		soup_add(s, f->data, dice_below(d, (uint32_t)f->size));
		break;
	case GARBAGE:
		for (uint32_t n = dice_below(d, 300); n > 0; n--)
			soup_add_byte(s, (uint8_t)dice_below(d, 256), 1);
		break;
	case STARTS:
		add_starts(s, d);
		break;
	case HEADER:
		add_header(s, d);
		break;
	case INGREDIENTS:
		break;
	}
}

struct soup soup_random(struct dice *d, unsigned ingredients)
{
	struct soup s = {0};
	while (ingredients-- > 0)
		add_ingredient(&s, d);
	return s;
}
