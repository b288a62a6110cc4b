/* fuzz_jt808.c - a terminal's stream of any bytes, cut anywhere, against a second reader.
 *
 *     input: how 1 | cut 1 | stream
 *
 * `how` says what the listener takes, and whether lengths and check codes of what looks like frames
 * are made right; `cut` is the length of the pieces that the stream comes in. What is cut has to be
 * what the slow resynchroniser of the unit tests (jt808_sample.h) says; what is unescaped, to be
 * escaped to the same bytes; and what is answered, a frame.
 */
#include "tests/fuzz/fuzz.h"
#include "dataplane/wire/fleet/jt808_answer.h"
#include "dataplane/wire/fleet/jt808_body.h"
#include "tests/unit/wire/fleet/jt808_sample.h"

enum { IS_PUT_RIGHT = 0x80, STREAM_BYTES_MAX = 16384 };

/* The content of `size` bytes without escapes: its header's length, and its check code. */
static void put_right(uint8_t *content, size_t size)
{
	size_t properties = be16_load(content + 2);
	size_t header = (properties & JT808_VERSIONED ? 17 : 12) +
			(properties & JT808_IN_PARTS ? 4 : 0);
	if (size < header + 1 || size - header - 1 > JT808_BODY_BYTES_MAX)
		return;
	properties = (properties & ~(size_t)JT808_BODY_BYTES) | (size - header - 1);
	be16_store(content + 2, (uint16_t)properties);
	uint8_t sum = 0;
	for (size_t i = 0; i < size - 1; i++)
		sum ^= content[i];
	content[size - 1] = sum;
}

static void put_all_right(uint8_t *stream, size_t size)
{
	size_t start = 0;
	for (size_t i = 0; i < size; i++) {
		if (stream[i] != JT808_DELIMITER && stream[i] != JT808_ESCAPE)
			continue;
		if (stream[i] == JT808_DELIMITER && i - start >= JT808_MESSAGE_BYTES_MIN)
			put_right(stream + start, i - start);
		start = i + 1;
	}
}

/* What a session may do with a message. */
static void use(const struct jt808_message *m)
{
	uint8_t out[JT808_MEDIA_ANSWER_BYTES_MAX];
	char phone[JT808_PHONE_DIGITS_MAX];
	size_t digits = jt808_phone_text(phone, m->phone, m->id & 1);
	require(digits > 0 && digits <= 2 * m->phone.size);
	struct jt808_registration registration;
	jt808_registration_read(m, &registration);
	struct jt808_authentication authentication;
	jt808_authentication_read(m, &authentication);
	struct jt808_batch batch;
	if (jt808_batch_read(m, &batch)) {
		size_t bytes = 3;
		for (unsigned i = 0; i < batch.count; i++)
			bytes += 2 + jt808_batch_next(&batch).size;
		require(bytes == m->body.size);
	}
	/* A message of one part, put together: nothing but its check code and its part is gone. */
	uint8_t header[JT808_HEADER_BYTES_MAX];
	struct jt808_message whole =
		jt808_whole_read((struct bytes){header, jt808_whole_header(header, m, m->serial)});
	require(whole.id == m->id && whole.serial == m->serial && whole.is_2019 == m->is_2019 &&
		whole.version == m->version && whole.encryption == m->encryption);
	require(whole.phone.size == m->phone.size && whole.body.size == 0 && whole.parts == 0 &&
		memcmp(whole.phone.data, m->phone.data, m->phone.size) == 0);
	size_t size = jt808_general_answer(out, m, m->id, JT808_DONE);
	struct jt808_scan s;
	struct jt808_piece p;
	jt808_scan_init(&s, (struct bytes){out, size}, false, JT808_WIRE_BYTES_MAX);
	require(jt808_scan_next(&s, &p) && p.kind == JT808_FRAME && p.size == size);
}

static void check_frame(const struct jt808_piece *p)
{
	uint8_t *message = malloc(p->content.size);
	uint8_t wire[JT808_WIRE_BYTES_MAX];
	require(message != NULL);
	size_t size = jt808_unescape(message, p->content);
	require(size + p->escapes == p->content.size && size <= JT808_MESSAGE_BYTES_MAX);
	require(jt808_escape(wire, (struct bytes){message, size}) == p->content.size + 2);
	require(memcmp(wire + 1, p->content.data, p->content.size) == 0);
	uint8_t *exact = fuzz_copy((struct bytes){message, size});
	struct jt808_message m = jt808_read((struct bytes){exact, size});
	use(&m);
	free(exact);
	free(message);
}

/* A receiver: what it has cut has to be what was expected. */
struct receiver {
	struct jt808_expect want;
	size_t pieces; /* of them, come to an end or begun */
	size_t cut;
	bool is_open, in_run;
};

static void take(struct receiver *r, const struct jt808_piece *p)
{
	bool is_new = p->kind == JT808_FRAME || (p->kind == JT808_BAD && !r->in_run);
	if (is_new) {
		require(r->pieces < r->want.count);
		const struct jt808_expect_piece *w = &r->want.pieces[r->pieces++];
		require(w->at == r->cut && w->is_frame == (p->kind == JT808_FRAME));
		require(w->is_frame ? w->size == p->size : w->cause == p->cause);
	}
	if (p->kind == JT808_FRAME)
		check_frame(p);
	if (p->kind != JT808_FILL)
		r->in_run = p->kind == JT808_BAD;
	r->cut += p->size;
	if (r->in_run) {
		const struct jt808_expect_piece *w = &r->want.pieces[r->pieces - 1];
		require(r->cut <= w->at + w->size);
	}
}

static void receive(struct receiver *r, struct bytes arrived, bool is_last, uint32_t bytes_max)
{
	/* A copy of exactly its size: a sanitizer sees a look beyond it. */
	struct bytes left = {arrived.data + r->cut, arrived.size - r->cut};
	uint8_t *window = fuzz_copy(left);
	struct jt808_scan s;
	struct jt808_piece p;
	jt808_scan_init(&s, (struct bytes){window, left.size}, r->is_open, bytes_max);
	s.is_last = is_last;
	while (jt808_scan_next(&s, &p) && p.kind != JT808_WAIT)
		take(r, &p);
	r->is_open = s.is_open;
	free(window);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_of(data, size);
	uint8_t how = fuzz_u8(&c);
	size_t cut = 1 + fuzz_u8(&c) * 4u;
	uint32_t bytes_max = how & 1 ? 64 + how : JT808_WIRE_BYTES_MAX;
	struct bytes given = fuzz_take(&c, STREAM_BYTES_MAX);
	uint8_t *stream = calloc(given.size + 1, 1);
	require(stream != NULL);
	if (given.size)
		memcpy(stream, given.data, given.size);
	if (how & IS_PUT_RIGHT)
		put_all_right(stream, given.size);
	struct receiver r = {.want = jt808_expect_of(stream, given.size, bytes_max)};
	for (size_t arrived = 0; arrived < given.size;) {
		arrived = min_size(arrived + cut, given.size);
		receive(&r, (struct bytes){stream, arrived}, false, bytes_max);
	}
	receive(&r, (struct bytes){stream, given.size}, true, bytes_max);
	require(r.cut == given.size && r.pieces == r.want.count);
	jt808_expect_free(&r.want);
	free(stream);
	return 0;
}
