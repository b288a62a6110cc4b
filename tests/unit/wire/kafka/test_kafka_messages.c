/* test_kafka_messages.c - what must hold for every message in every version we speak. */
#include "tests/unit/wire/kafka/kafka_sample.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

enum { SAMPLES = 40, WIRE_BYTES_MAX = 1 << 16 };

struct wire_sample {
	const struct kafka_message *message;
	int version;
	alignas(16) uint8_t want[SAMPLE_STRUCT_BYTES_MAX];
	alignas(16) uint8_t got[SAMPLE_STRUCT_BYTES_MAX];
	uint8_t *want_memory;
	uint8_t *got_memory;
	uint8_t *bytes;
	size_t size;
};

static void encode_sample(struct wire_sample *w, uint32_t seed)
{
	struct kafka_arena arena = kafka_arena_of(w->want_memory, SAMPLE_ARENA_BYTES);
	sample_fill(w->message->body, w->version, &seed, &arena, w->want);
	struct emitter e = emitter_of(w->bytes, WIRE_BYTES_MAX);
	kafka_encode(w->message, w->version, w->want, &e);
	cr_assert(!e.bad);
	w->size = emitter_size(&e);
}

/* From memory of exactly `size` bytes, so that a sanitizer sees one byte too many. */
static enum kafka_decoded decode(struct wire_sample *w, size_t size, size_t *left)
{
	uint8_t *exact = malloc(size + 1);
	memcpy(exact + 1, w->bytes, size);
	struct kafka_arena arena = kafka_arena_of(w->got_memory, SAMPLE_ARENA_BYTES);
	struct cursor c = cursor_of(exact + 1, size);
	enum kafka_decoded verdict =
		kafka_decode(w->message, w->version, &c, &arena, w->got);
	*left = cursor_left(&c);
	const char *field = verdict != KAFKA_DECODED_OK
				    ? NULL
				    : sample_difference(w->message->body, w->version, w->want,
							w->got);
	cr_assert(field == NULL || size != w->size, "%s v%d: %s", w->message->name,
		  w->version, field);
	free(exact);
	return verdict;
}

static void for_every_sample(void (*check)(struct wire_sample *))
{
	static struct wire_sample w;
	w.want_memory = malloc(SAMPLE_ARENA_BYTES);
	w.got_memory = malloc(SAMPLE_ARENA_BYTES);
	w.bytes = malloc(WIRE_BYTES_MAX);
	for (unsigned m = 0; m < sample_messages_count; m++) {
		const struct sample_message *sample = &sample_messages[m];
		w.message = sample->message;
		cr_assert(w.message->body->bytes <= SAMPLE_STRUCT_BYTES_MAX);
		for (w.version = sample->version_min; w.version <= sample->version_max;
		     w.version++)
			for (uint32_t seed = 1; seed <= SAMPLES; seed++) {
				encode_sample(&w, seed * 7919u);
				check(&w);
			}
	}
	free(w.want_memory);
	free(w.got_memory);
	free(w.bytes);
}

static void check_round_trip(struct wire_sample *w)
{
	size_t left;
	cr_assert(decode(w, w->size, &left) == KAFKA_DECODED_OK, "%s v%d", w->message->name,
		  w->version);
	cr_assert(left == 0);
}

Test(kafka_messages, what_is_encoded_is_decoded_again)
{
	for_every_sample(check_round_trip);
}

static void check_size(struct wire_sample *w)
{
	cr_assert(kafka_encoded_size(w->message, w->version, w->want) == w->size);
}

Test(kafka_messages, the_size_told_beforehand_is_the_size_written)
{
	for_every_sample(check_size);
}

static void check_truncation(struct wire_sample *w)
{
	size_t left;
	for (size_t size = 0; size < w->size; size++)
		cr_assert(decode(w, size, &left) == KAFKA_DECODED_MALFORMED,
			  "%s v%d cut to %zu of %zu bytes", w->message->name, w->version,
			  size, w->size);
}

Test(kafka_messages, a_message_cut_at_any_byte_is_malformed)
{
	for_every_sample(check_truncation);
}

static void check_short_room(struct wire_sample *w)
{
	uint8_t *room = malloc(w->size + 1);
	for (size_t size = 0; size < w->size; size++) {
		struct emitter e = emitter_of(room, size);
		kafka_encode(w->message, w->version, w->want, &e);
		cr_assert(e.bad);
	}
	free(room);
}

Test(kafka_messages, too_little_room_is_reported_and_never_overrun)
{
	for_every_sample(check_short_room);
}

/* Flipped bytes may make another message or none, never a read outside or a wild count. */
static void check_damage(struct wire_sample *w)
{
	for (size_t at = 0; at < w->size; at++) {
		static const uint8_t masks[] = {0x01, 0x80, 0xff};
		for (unsigned i = 0; i < array_len(masks); i++) {
			w->bytes[at] ^= masks[i];
			struct kafka_arena arena =
				kafka_arena_of(w->got_memory, SAMPLE_ARENA_BYTES);
			struct cursor c = cursor_of(w->bytes, w->size);
			enum kafka_decoded verdict = kafka_decode(w->message, w->version, &c,
								  &arena, w->got);
			cr_assert(verdict != KAFKA_DECODED_TOO_LARGE);
			w->bytes[at] ^= masks[i];
		}
	}
}

Test(kafka_messages, a_damaged_message_never_reserves_more_than_its_bytes_justify)
{
	for_every_sample(check_damage);
}
