/* sim_kafka.h - a Kafka client's encoder and decoder, written apart from the gateway's: only
 * what the simulated producer and consumer say. */
#ifndef PENSTOCK_SIM_KAFKA_H
#define PENSTOCK_SIM_KAFKA_H

#include "dataplane/base/cursor.h"
#include "tests/sim/sim.h"

enum { SIM_REQUEST_BYTES_MAX = 1 << 18, KEY_PRODUCE = 0, KEY_FETCH = 1, KEY_METADATA = 3 };

/* Starts a request: room for the size, then the header. */
void sim_request_begin(struct emitter *e, int16_t key, int16_t version, int32_t correlation,
		       bool flexible);
/* Fills in the size; returns all bytes. */
size_t sim_request_end(struct emitter *e);

void sim_put_string(struct emitter *e, const char *text, bool flexible);
void sim_put_count(struct emitter *e, uint32_t count, bool flexible);
void sim_put_tags(struct emitter *e, bool flexible);

struct bytes sim_get_bytes(struct cursor *c, bool flexible);  /* i32 or compact size */
struct bytes sim_get_string(struct cursor *c, bool flexible); /* i16 or compact size */
/* -1: null */
int64_t sim_get_count(struct cursor *c, bool flexible);
void sim_skip_tags(struct cursor *c, bool flexible);

/* A record batch of records (client, first_seq ..): some as one block of Snappy's, some without
 * their latest time. Returns its size. */
size_t sim_batch(uint8_t *ret, size_t room, uint32_t client, uint32_t first_seq,
		 uint32_t count);
/* Makes it one of an idempotent producer. */
void sim_batch_number(uint8_t *batch, size_t size, int64_t id, int16_t epoch, int32_t sequence);
/* Makes a batch one of a few hundred bytes that opens to megabytes, perhaps more than it may, and
 * then proves to hold one record where it claims two. Returns its size. */
size_t sim_batch_bomb(uint8_t *batch, size_t room);
/* Its records become noise that says it is compressed, by codecs that there are or are not. */
void sim_batch_garbage(uint8_t *batch, size_t size);
/* The header lies about what the batch holds, or when; the CRC does not. */
void sim_batch_lie(uint8_t *batch, size_t size);

/* A whole response in `in`: its size with the size field, 0 when there is none yet. */
size_t sim_response_bytes(const uint8_t *in, size_t size);

#endif
