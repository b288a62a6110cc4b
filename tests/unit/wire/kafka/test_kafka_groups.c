/* test_kafka_groups.c - the group APIs against what an independent encoder writes of Kafka's
 * own definitions, in every version; tests/vectors/kafka-group-messages.tsv says how. */
#include "tests/unit/wire/kafka/kafka_sample.h"
#include "tests/unit/wire/kafka/golden.h"

#include <stdlib.h>

enum { LINE_BYTES_MAX = 2 * GOLDEN_BYTES_MAX + 128, ARENA_BYTES = 4096 };

static const struct sample_message *message_of(const char *name)
{
	for (unsigned i = 0; i < sample_messages_count; i++)
		if (strcmp(sample_messages[i].message->name, name) == 0)
			return &sample_messages[i];
	return NULL;
}

static void check_vector(const struct kafka_message *m, int version, const char *hex,
			 struct kafka_arena arena)
{
	alignas(16) uint8_t want[SAMPLE_STRUCT_BYTES_MAX], got[SAMPLE_STRUCT_BYTES_MAX];
	struct golden g = golden_of(hex);
	struct cursor c = cursor_of(g.bytes, g.size);
	sample_name(m->body, &arena, want);
	cr_assert(kafka_decode(m, version, &c, &arena, got) == KAFKA_DECODED_OK, "%s v%d",
		  m->name, version);
	cr_assert(cursor_left(&c) == 0, "%s v%d", m->name, version);
	const char *field = sample_difference(m->body, version, want, got);
	cr_assert(!field, "%s v%d: %s", m->name, version, field);
	uint8_t room[GOLDEN_BYTES_MAX];
	struct emitter e = emitter_of(room, sizeof room);
	kafka_encode(m, version, want, &e);
	cr_assert(!e.bad && golden_is(hex, room, emitter_size(&e)), "%s v%d is written otherwise",
		  m->name, version);
}

static unsigned check_vectors(FILE *file, struct kafka_arena arena)
{
	static char line[LINE_BYTES_MAX];
	unsigned vectors = 0;
	while (fgets(line, sizeof line, file)) {
		if (line[0] == '#')
			continue;
		char *rest = line;
		const char *name = strsep(&rest, "\t"), *version = strsep(&rest, "\t");
		const struct sample_message *s = message_of(name);
		cr_assert(s && rest, "%s", name);
		check_vector(s->message, (int)strtol(version, NULL, 10), strsep(&rest, "\n"),
			     arena);
		vectors++;
	}
	return vectors;
}

/* Messages times versions: none is left out. */
static unsigned versions_of_group_apis(void)
{
	static const char *const words[] = {"Group", "Heartbeat", "OffsetCommit", "OffsetFetch",
					    "OffsetDelete"};
	unsigned versions = 0;
	for (unsigned i = 0; i < sample_messages_count; i++) {
		const struct sample_message *s = &sample_messages[i];
		for (unsigned w = 0; w < array_len(words); w++)
			if (strstr(s->message->name, words[w]))
				versions += (unsigned)(s->version_max - s->version_min + 1);
	}
	return versions;
}

Test(kafka_groups, every_message_in_every_version_is_what_kafka_defines)
{
	static alignas(16) uint8_t memory[ARENA_BYTES];
	FILE *file = fopen(VECTORS_DIR "/kafka-group-messages.tsv", "r");
	cr_assert(file != NULL);
	unsigned vectors = check_vectors(file, kafka_arena_of(memory, sizeof memory));
	fclose(file);
	cr_assert(vectors > 0 && vectors == versions_of_group_apis(), "%u vectors", vectors);
}
