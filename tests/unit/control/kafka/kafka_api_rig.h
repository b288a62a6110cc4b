/* kafka_api_rig.h - for tests: a kafka_api that is asked as a poller asks it.
 *
 *     send_request ─▶ reap ─▶ read_reply ─▶ release
 *                       └─▶ parked ─▶ take_send ─▶ read_bytes ─▶ give_send
 */
#ifndef PENSTOCK_TESTS_KAFKA_API_RIG_H
#define PENSTOCK_TESTS_KAFKA_API_RIG_H

#include "control/kafka/kafka_api.h"
#include "dataplane/wire/kafka/kafka_schema.h"
#include "tests/unit/control/catalog/fake_registry.h"

enum { LISTENER = 2, STREAM = 77 };

extern struct registry registry;
extern struct call_msg calls[4];
extern char log_dir[];
extern uint8_t caller; /* the last octet of whoever asks */

void kafka_api_rig_start(void);
void kafka_api_rig_stop(void);
/* As a stop that is given up: the kafka_api goes, whoever waits. */
void kafka_api_rig_end(void);
/* From here on as with auto.create.topics.enable=false. */
void kafka_api_rig_forbid_creation(void);
/* From here on so many topics a second for each caller; what was said of it, and counted. */
void kafka_api_rig_limit_creation(uint32_t rate);
const char *kafka_api_rig_said(void);
uint64_t kafka_api_rig_stat(enum stat_id id);
/* A command with one %s: the directory. */
void shell(const char *format, const char *directory);

static inline struct bytes text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static inline bool is_text(struct bytes b, const char *s)
{
	return b.size == strlen(s) && memcmp(b.data, s, b.size) == 0;
}

size_t put_header(uint8_t *out, int key, int version, bool is_flexible);
void send_bytes(struct call_msg *call, const void *data, size_t size);
void send_request(struct call_msg *call, int key, int version, const struct kafka_message *m,
		  const void *request);
/* The call that came back, or null. */
struct call_msg *reap(void);
/* What the client reads; the strings stay those of the reply until release(). */
void read_reply(struct call_msg *call, const struct kafka_message *m, int version,
		bool is_header_flexible, void *ret);
void release(struct call_msg *call);
/* The call that came back parked: it is used up, and its memory free. */
struct ticket take_parked(void);
/* The next message in the poller's inbox, a SEND, or null; goes back with its outcome. */
struct inbox_msg *take_send(void);
void give_send(struct inbox_msg *m, enum inbox_outcome outcome);
void read_bytes(struct bytes reply, const struct kafka_message *m, int version,
		bool is_header_flexible, void *ret);
/* Does this request cost its connection? */
bool is_closed(const void *data, size_t size);

#endif
