/* gen_consume_options.c - words in, a struct out; see gen_consume_options.h. */
#include "perf/gen_consume_options.h"

#include <stdlib.h>

enum { TOPIC_BYTES_MAX = 128 /* an answer of Produce is one that the generator keeps whole */ };

const char gen_consume_usage[] =
	"\n"
	"  consume: --connections N are producers as those of kafka (default none)\n"
	"  --consumers N --groups G    each group reads everything; of its N consumers each "
	"has a\n"
	"                      share of the partitions (default 1 and 1)\n"
	"  --from beginning|end|OFFSET (default beginning)\n"
	"  --to-end            until everyone has what was there when he began\n"
	"  --no-sessions       every fetch names all partitions\n"
	"  --fetch-bytes B --partition-bytes B --min-bytes B --max-wait MS\n"
	"                      (default 52428800, 1048576, 1, 500)\n"
	"  --produce-topic NAME        of the producers (default: that of --topic)\n";

struct gen_consume_options gen_consume_defaults(void)
{
	return (struct gen_consume_options){
		.consumers = 1,
		.groups = 1,
		.max_bytes = 52428800,
		.partition_bytes = 1048576,
		.min_bytes = 1,
		.max_wait_ms = 500,
	};
}

static bool read_number(const char *text, int64_t min, int64_t max, int64_t *ret)
{
	char *end;
	*ret = strtoll(text, &end, 10);
	return end != text && *end == '\0' && *ret >= min && *ret <= max;
}

static bool read_u32(const char *text, int64_t min, int64_t max, uint32_t *ret)
{
	int64_t value;
	if (!read_number(text, min, max, &value))
		return false;
	*ret = (uint32_t)value;
	return true;
}

static bool read_from(const char *text, struct gen_consume_options *o)
{
	if (strcmp(text, "beginning") == 0 || strcmp(text, "end") == 0) {
		o->from = *text == 'b' ? GEN_FROM_BEGINNING : GEN_FROM_END;
		return true;
	}
	o->from = GEN_FROM_OFFSET;
	return read_number(text, 0, INT64_MAX, &o->offset);
}

bool gen_consume_word(struct gen_consume_options *o, int word, const char *text)
{
	switch ((enum gen_consume_word)word) {
	case GEN_WORD_CONSUMERS:
		return read_u32(text, 1, GEN_PLACES_MAX, &o->consumers);
	case GEN_WORD_GROUPS:
		return read_u32(text, 1, GEN_PLACES_MAX, &o->groups);
	case GEN_WORD_FROM:
		return read_from(text, o);
	case GEN_WORD_TO_END:
		o->is_to_end = true;
		return true;
	case GEN_WORD_NO_SESSIONS:
		o->is_sessionless = true;
		return true;
	case GEN_WORD_FETCH_BYTES:
		return read_u32(text, 1, INT32_MAX, &o->max_bytes);
	case GEN_WORD_PARTITION_BYTES:
		return read_u32(text, 1, INT32_MAX, &o->partition_bytes);
	case GEN_WORD_MIN_BYTES:
		return read_u32(text, 0, INT32_MAX, &o->min_bytes);
	case GEN_WORD_MAX_WAIT:
		return read_u32(text, 0, GEN_MAX_WAIT_MS, &o->max_wait_ms);
	case GEN_WORD_PRODUCE_TOPIC:
		o->produce_topic = text;
		return true;
	case GEN_WORDS_END:
		break;
	}
	return false;
}

/* Nobody is without a partition. At the end nothing is there to be read up to, unless somebody
 * writes it meanwhile, and then the end is where he ended. */
bool gen_consume_check(const struct gen_consume_options *o)
{
	return o->consumers <= o->partitions &&
	       (uint64_t)o->partitions * o->groups <= GEN_PLACES_MAX &&
	       !(o->is_to_end && o->from == GEN_FROM_END) &&
	       strlen(o->topic) <= TOPIC_BYTES_MAX &&
	       strlen(gen_consume_produce_topic(o)) <= TOPIC_BYTES_MAX;
}
