/* gen_list_answer.c - bytes of an answer in, events out; see gen_list_answer.h. */
#include "perf/gen_list_answer.h"
#include "dataplane/base/cursor.h"

static enum gen_list_event take_head(struct gen_list_answer *a, struct bytes *at)
{
	uint32_t size = gen_list_answer_bytes(a->topic.size, 0);
	const uint8_t *piece = gen_gather(&a->gather, at, size);
	if (!piece)
		return GEN_LIST_MORE;
	struct cursor c = cursor_of(piece, size);
	uint32_t rest = cursor_u32(&c);
	a->correlation = cursor_u32(&c);
	bool is_good = cursor_u32(&c) == 1 && cursor_u16(&c) == a->topic.size;
	const uint8_t *name = cursor_take(&c, a->topic.size);
	is_good &= name && memcmp(name, a->topic.data, a->topic.size) == 0;
	a->left = cursor_u32(&c);
	a->has_head = true;
	is_good &= rest + sizeof rest == size + (uint64_t)a->left * GEN_LIST_RESULT_BYTES;
	return is_good ? gen_list_answer_next(a, at) : GEN_LIST_BAD;
}

void gen_list_answer_init(struct gen_list_answer *a, struct bytes topic)
{
	*a = (struct gen_list_answer){.topic = topic};
}

enum gen_list_event gen_list_answer_next(struct gen_list_answer *a, struct bytes *at)
{
	if (!a->has_head)
		return take_head(a, at);
	if (a->left == 0)
		return GEN_LIST_END;
	const uint8_t *piece = gen_gather(&a->gather, at, GEN_LIST_RESULT_BYTES);
	if (!piece)
		return GEN_LIST_MORE;
	struct cursor c = cursor_of(piece, GEN_LIST_RESULT_BYTES);
	a->partition = cursor_u32(&c);
	a->error = (int16_t)cursor_u16(&c);
	cursor_u64(&c); /* time */
	a->offset = (int64_t)cursor_u64(&c);
	a->left--;
	return GEN_LIST_PARTITION;
}
