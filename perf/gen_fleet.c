/* gen_fleet.c - (vehicle, number) in, GB/T 32960 frames out; their answers judged. */
#include "perf/gen_fleet.h"
#include "dataplane/wire/fleet/gbt32960.h"

enum {
	LOGIN_BYTES =
		GBT32960_FRAME_BYTES_MIN + 30, /* table 6: 30 bytes and no subsystem */
	NUMBER_AT = GBT32960_HEADER_BYTES + GBT32960_TIME_BYTES,
	NUMBER_BYTES = 4,
	NUMBERED_BYTES_MIN = NUMBER_AT + NUMBER_BYTES + 1,
};

/* What was recorded: 8 heartbeats of 63 frames, reports of 76 to 713 bytes, median 152.
 */
static const uint32_t mix[GEN_FLEET_SIZES] = {25, 76, 132, 152, 152, 292, 594, 713};

/* The number in digits, for people; a vehicle's frames go to one partition, since the VIN is
 * their key. */
static void vin_of(uint32_t conn, uint8_t out[GBT32960_VIN_BYTES])
{
	memcpy(out, "LPENSTK0000000000", GBT32960_VIN_BYTES);
	for (unsigned i = GBT32960_VIN_BYTES - 1; conn; i--, conn /= 10)
		out[i] = (uint8_t)('0' + conn % 10);
}

static uint8_t xor_of(const uint8_t *bytes, size_t size)
{
	uint8_t sum = 0;
	for (size_t i = 0; i < size; i++)
		sum ^= bytes[i];
	return sum;
}

/* The size class of a frame; the login is not among them. By a hash, not at random: a frame that is
 * sent again has the same. */
static unsigned class_of(const struct gen_fleet *f, uint32_t conn, uint32_t message)
{
	return f->options.frame_bytes ? 0 : gen_hash(conn, message) % GEN_FLEET_SIZES;
}

static uint32_t fleet_size(const struct gen_load *l, uint32_t conn, uint32_t message)
{
	const struct gen_fleet *f = container_of(l, struct gen_fleet, load);
	return message == 0 ? LOGIN_BYTES : f->sizes[class_of(f, conn, message)];
}

/* All that frames of a size have in common is made once; build() adds vehicle and number. */
static void template_init(uint8_t *frame, uint32_t size, enum gbt32960_command command)
{
	struct gbt32960_header *h = (struct gbt32960_header *)frame;
	static const uint8_t time[GBT32960_TIME_BYTES] = {26, 11, 21, 12, 0, 0};
	uint32_t data_bytes = size - GBT32960_FRAME_BYTES_MIN;
	*h = (struct gbt32960_header){
		.start = {'#', '#'},
		.command = command,
		.flag = GBT32960_COMMAND,
		.encryption = GBT32960_PLAIN,
		.data_bytes = be16_of((uint16_t)data_bytes),
	};
	for (uint32_t i = 0; i < data_bytes; i++)
		frame[GBT32960_HEADER_BYTES + i] = (uint8_t)(i / 8);
	memcpy(frame + GBT32960_HEADER_BYTES, time, min_size(data_bytes, sizeof time));
	if (size >= NUMBERED_BYTES_MIN)
		memset(frame + NUMBER_AT, 0, NUMBER_BYTES);
	frame[size - 1] = xor_of(frame + 2, size - 3);
}

/* The template's check byte is an exclusive or: it is corrected for what is different here,
 * not taken anew over the whole frame. */
static void build(const struct gen_fleet *f, uint32_t conn, uint32_t message,
		  uint8_t *out)
{
	uint32_t size = fleet_size(&f->load, conn, message);
	if (message == 0)
		template_init(out, size, GBT32960_LOGIN);
	else
		memcpy(out, f->frames[class_of(f, conn, message)], size);
	struct gbt32960_header *h = (struct gbt32960_header *)out;
	vin_of(conn, h->vin);
	uint8_t bcc = out[size - 1] ^ xor_of(h->vin, sizeof h->vin);
	if (message && size >= NUMBERED_BYTES_MIN) {
		be32_store(out + NUMBER_AT, message);
		bcc ^= xor_of(out + NUMBER_AT, NUMBER_BYTES);
	}
	out[size - 1] = bcc;
}

static void fleet_fill(const struct gen_load *l, uint32_t conn, uint32_t message,
		       uint32_t at, uint32_t size, uint8_t *out)
{
	struct gen_fleet *f = container_of(l, struct gen_fleet, load);
	if (at == 0 && size == fleet_size(l, conn, message)) {
		build(f, conn, message, out);
		return;
	}
	build(f, conn, message, f->scratch);
	memcpy(out, f->scratch + at, size);
}

/* An answer's head says how long it is; what begins otherwise is none. */
static uint32_t fleet_answer_bytes(const struct gen_load *l, struct bytes at)
{
	if (at.size < GBT32960_HEADER_BYTES)
		return 0;
	const struct gbt32960_header *h = gbt32960_header_of(at);
	if (h->start[0] != '#' || h->start[1] != '#')
		return UINT32_MAX;
	return GBT32960_FRAME_BYTES_MIN + be16_get(h->data_bytes);
}

static enum gen_verdict fleet_check(const struct gen_load *l, uint32_t conn,
				    uint32_t message, struct bytes answer)
{
	if (!answer.data || xor_of(answer.data + 2, answer.size - 2) != 0)
		return GEN_STRANGE;
	uint8_t vin[GBT32960_VIN_BYTES];
	const struct gbt32960_header *h = gbt32960_header_of(answer);
	vin_of(conn, vin);
	/* Of a stream gone wrong even a piece may be a frame, with any VIN. */
	if (message != UINT32_MAX && memcmp(h->vin, vin, sizeof vin) != 0)
		return GEN_STRANGE;
	switch (h->flag) {
	case GBT32960_SUCCESS:
		return GEN_ACCEPTED;
	case GBT32960_ERROR:
		return GEN_REFUSED;
	default:
		return GEN_STRANGE;
	}
}

void gen_fleet_init(struct gen_fleet *f, const struct gen_fleet_options *options)
{
	uint32_t sum = 0;
	f->options = *options;
	for (unsigned i = 0; i < GEN_FLEET_SIZES; i++) {
		uint32_t size = options->frame_bytes ? options->frame_bytes : mix[i];
		f->sizes[i] = size;
		sum += size;
		template_init(f->frames[i], size,
			      size == GBT32960_FRAME_BYTES_MIN ? GBT32960_HEARTBEAT
							       : GBT32960_REALTIME);
	}
	f->load = (struct gen_load){
		.name = "fleet",
		.is_answered = !options->is_terminal,
		.greetings = 1,
		.greeting_records = 1,
		.records = 1,
		.message_bytes = sum / GEN_FLEET_SIZES,
		.size = fleet_size,
		.fill = fleet_fill,
		.answer_bytes = fleet_answer_bytes,
		.check = fleet_check,
	};
}
