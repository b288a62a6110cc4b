/* sim_device.c - a vehicle, or a platform with many: GB/T 32960.3-2016 frames, good ones and
 * broken ones, and the answers due to them; see sim_clients.h. */
#include "dataplane/base/be.h"
#include "dataplane/base/require.h"
#include "tests/sim/sim_clients.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_history.h"

enum {
	HEADER_BYTES = 24,
	TIME_BYTES = 6,
	UNIT_BYTES = 3,
	FRAME_BYTES_MAX = HEADER_BYTES + TIME_BYTES + UNIT_BYTES + SIM_VALUE_BYTES_MAX + 1,
	DUE_MAX = 256,
	VINS_OF_PLATFORM = 5,
	COMMAND_LOGIN = 1,
	COMMAND_HEARTBEAT = 7,
	COMMAND_TIME = 8,
	FLAG_SUCCESS = 1,
	FLAG_ERROR = 2,
	FLAG_COMMAND = 0xfe,
};

#define FRAME_NS (4 * NS_PER_MS)

struct due_answer {
	uint32_t seq;
	uint8_t command;
	uint8_t vin_digit;
	uint8_t time[TIME_BYTES];
	uint64_t asked_ns;
	uint32_t records; /* with those before it that nobody answers */
};

struct device {
	struct sim_client client;
	bool is_platform;
	struct due_answer due[DUE_MAX];
	unsigned first, count;
	uint32_t unanswered; /* records since the last that will be */
};

static struct device *device_of(struct sim_client *c)
{
	return container_of(c, struct device, client);
}

static uint8_t bcc_of(const uint8_t *frame, size_t size)
{
	uint8_t x = 0;
	for (size_t i = 2; i + 1 < size; i++)
		x ^= frame[i];
	return x;
}

static void put_header(uint8_t *frame, const struct device *d, uint8_t command,
		       uint8_t vin_digit, size_t unit_bytes)
{
	char vin[32];
	snprintf(vin, sizeof vin, "SIMULATED%07u%u", d->client.id, vin_digit);
	memcpy(frame, (uint8_t[]){'#', '#', command, FLAG_COMMAND}, 4);
	memcpy(frame + 4, vin, 17);
	frame[21] = 1;
	be16_store(frame + 22, (uint16_t)unit_bytes);
}

static size_t make_frame(struct device *d, uint8_t command, uint8_t vin_digit, uint32_t seq,
			 uint8_t *frame)
{
	uint8_t *unit = frame + HEADER_BYTES;
	size_t value = sim_value(d->client.id, seq, unit + TIME_BYTES + UNIT_BYTES);
	memcpy(unit, (uint8_t[]){26, 11, 21, 10, (uint8_t)(seq / 60 % 60), (uint8_t)(seq % 60)},
	       TIME_BYTES);
	unit[TIME_BYTES] = 0x80;
	be16_store(unit + TIME_BYTES + 1, (uint16_t)value);
	size_t unit_bytes = TIME_BYTES + UNIT_BYTES + value;
	put_header(frame, d, command, vin_digit, unit_bytes);
	size_t size = HEADER_BYTES + unit_bytes + 1;
	frame[size - 1] = bcc_of(frame, size);
	return size;
}

/* Bytes that are no frame and hold no start of one. */
static void send_rubbish(struct device *d)
{
	struct rng *rng = &sim_world()->rng;
	uint8_t bytes[300];
	size_t size = 1 + rng_below(rng, 100);
	for (size_t i = 0; i < sizeof bytes; i++)
		do
			bytes[i] = (uint8_t)rng_next(rng);
		while (bytes[i] == '#' || bytes[i] == '$');
	if (rng_one_in(rng, 2)) { /* a frame whose BCC is wrong */
		size = HEADER_BYTES + 100 + 1;
		put_header(bytes, d, 2, 0, 100);
		bytes[size - 1] = bcc_of(bytes, size) ^ 0x80;
		/* With the next frame's start it would look like one. */
		if (bytes[size - 1] == '#' || bytes[size - 1] == '$')
			bytes[size - 1] ^= 0x40;
	}
	sim_tcp_write(&d->client.tcp, bytes, size);
}

static bool is_answered(const struct device *d, uint8_t command)
{
	return d->is_platform || (command != 2 && command != 3);
}

static void send_frame(struct device *d)
{
	static const uint8_t commands[] = {1, 2, 2, 2, 2, 3, 4, 7, 8};
	struct rng *rng = &sim_world()->rng;
	uint8_t frame[FRAME_BYTES_MAX];
	uint8_t command = commands[rng_below(rng, array_len(commands))];
	uint8_t digit = d->is_platform ? (uint8_t)rng_below(rng, VINS_OF_PLATFORM) : 0;
	uint32_t seq = history_sent(sim_world()->history, d->client.id, d->client.connection,
				    d->is_platform ? SIM_TOPIC_PLATFORM : SIM_TOPIC_VEHICLES,
				    -1);
	size_t size = make_frame(d, command, digit, seq, frame);
	sim_tcp_write(&d->client.tcp, frame, size);
	d->unanswered++;
	if (!is_answered(d, command))
		return;
	struct due_answer *due = &d->due[(d->first + d->count++) % DUE_MAX];
	*due = (struct due_answer){.seq = seq,
				   .command = command,
				   .vin_digit = digit,
				   .asked_ns = sim_world()->now_ns,
				   .records = d->unanswered};
	d->unanswered = 0;
	memcpy(due->time, frame + HEADER_BYTES, TIME_BYTES);
}

static void check_answer(const struct device *d, const struct due_answer *due,
			 const uint8_t *frame, size_t size)
{
	size_t unit = due->command == COMMAND_HEARTBEAT ? 0 : TIME_BYTES;
	bool same_time = due->command == COMMAND_TIME ||
			 memcmp(frame + HEADER_BYTES, due->time, unit) == 0;
	if (size != HEADER_BYTES + unit + 1 || frame[size - 1] != bcc_of(frame, size) ||
	    !same_time || frame[20] != '0' + due->vin_digit)
		sim_fail("device %u: answer to record %u is not its own", d->client.id, due->seq);
	if (frame[3] == FLAG_SUCCESS)
		history_acked(sim_world()->history, d->client.id, due->seq, ACK_DURABLE, -1);
	else if (frame[3] != FLAG_ERROR || !sim_fs_failures(sim_world()->fs))
		sim_fail("device %u: flag %u for record %u", d->client.id, frame[3], due->seq);
}

/* On a terminal link data is answered only when it could not be stored. */
static bool is_complaint(const struct device *d, const uint8_t *frame)
{
	return !is_answered(d, frame[2]) && frame[3] == FLAG_ERROR &&
	       sim_fs_failures(sim_world()->fs) > 0;
}

/* A login that could not be stored is not answered: this may be a later one's. */
static bool is_for(const struct due_answer *due, const uint8_t *frame)
{
	bool may_be_silent = due->command == COMMAND_LOGIN && sim_fs_failures(sim_world()->fs);
	return due->command == frame[2] &&
	       (!may_be_silent || memcmp(frame + HEADER_BYTES, due->time, TIME_BYTES) == 0);
}

static void take_answer(struct device *d, const uint8_t *frame, size_t size)
{
	if (is_complaint(d, frame))
		return;
	for (;;) {
		if (d->count == 0)
			sim_fail("device %u: an answer nobody waits for", d->client.id);
		struct due_answer due = d->due[d->first];
		d->first = (d->first + 1) % DUE_MAX;
		d->count--;
		sim_client_answered(&d->client, due.records);
		if (is_for(&due, frame)) {
			check_answer(d, &due, frame, size);
			return;
		}
		/* Only a login that could not be stored stays unanswered. */
		if (due.command != COMMAND_LOGIN || !sim_fs_failures(sim_world()->fs))
			sim_fail("device %u: answer to %u came instead of %u", d->client.id,
				 frame[2], due.command);
	}
}

static void take_answers(struct device *d)
{
	struct sim_buffer *in = &d->client.tcp.in;
	while (in->size >= HEADER_BYTES + 1) {
		size_t size = HEADER_BYTES + (size_t)be16_load(in->bytes + 22) + 1;
		if (in->size < size)
			return;
		take_answer(d, in->bytes, size);
		sim_buffer_eat(in, size);
	}
}

static void device_turn(struct sim_client *c)
{
	struct device *d = device_of(c);
	take_answers(d);
	if (c->is_quitting || sim_world()->now_ns < c->next_ns || c->tcp.wants_fin)
		return;
	struct rng *rng = &sim_world()->rng;
	unsigned burst = 1 + (unsigned)rng_below(rng, 4);
	bool has_room = true;
	while (burst--) {
		uint32_t due = d->count < DUE_MAX - 1 ? d->count : UINT32_MAX;
		has_room = sim_client_may_ask(c, due, 1);
		if (has_room)
			send_frame(d);
	}
	if (has_room && rng_one_in(rng, 6))
		send_rubbish(d);
	c->next_ns = sim_client_pause_ns(FRAME_NS);
	if (sim_client_gives_up(300))
		sim_tcp_abort(&c->tcp);
}

static void device_lost(struct sim_client *c)
{
	device_of(c)->count = device_of(c)->unanswered = 0;
}

static bool device_is_idle(const struct sim_client *c)
{
	const struct device *d = container_of(c, const struct device, client);
	/* An answer that will not come (see take_answer) is not waited for. */
	return d->count == 0 || sim_fs_failures(sim_world()->fs) > 0;
}

static uint64_t device_asked_ns(const struct sim_client *c)
{
	const struct device *d = container_of(c, const struct device, client);
	return d->count ? d->due[d->first].asked_ns : UINT64_MAX;
}

static void device_destroy(struct sim_client *c)
{
}

static const struct sim_client_ops device_ops = {
	.turn = device_turn,
	.lost = device_lost,
	.is_idle = device_is_idle,
	.asked_ns = device_asked_ns,
	.destroy = device_destroy,
};

struct sim_client *sim_device_create(bool is_platform)
{
	struct device *d = calloc(1, sizeof *d);
	require(d);
	d->client.ops = &device_ops;
	d->is_platform = is_platform;
	return &d->client;
}
