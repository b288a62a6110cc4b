/* jt808_body.h - JT/T 808: bodies of the messages that take more of an answer than "it is stored",
 * as views into them. Texts are as they came: GBK, padded with spaces (2011) or zeroes.
 *
 * Each reader says false when the bytes of the body contradict themselves: the message is stored as
 * any other, and answered with "message wrong". Core: any; no state.
 */
#ifndef PENSTOCK_JT808_BODY_H
#define PENSTOCK_JT808_BODY_H

#include "dataplane/base/cursor.h"
#include "dataplane/wire/fleet/jt808.h"

/* Up-messages that are answered in a way of their own (7, 8), or go one (batch/route.h); all others
 * alike. */
enum jt808_id {
	JT808_TERMINAL_ANSWER = 0x0001,
	JT808_HEARTBEAT = 0x0002,
	JT808_DEREGISTRATION = 0x0003,
	JT808_TIME_QUERY = 0x0004, /* 2019 */
	JT808_REGISTRATION = 0x0100,
	JT808_AUTHENTICATION = 0x0102,
	JT808_LOCATION = 0x0200,
	JT808_BATCH = 0x0704,
	JT808_MEDIA = 0x0801,
};

enum jt808_edition { JT808_2011, JT808_2013, JT808_2019 };

/* offset        size field          offset        size field
 * 2011 2013 2019                    2011 2013 2019
 *   0    0    0   2  province         17   29   45   7, 2019: 30  terminal
 *   2    2    2   2  city             24   36   75   1  colour of the plate, 0: none
 *   4    4    4   5, 2019: 11  maker  25   37   76   .  plate, or VIN where there is none
 *   9    9   15   8, 20, 30  model */
struct jt808_registration {
	enum jt808_edition edition; /* by the header, and by the body's length */
	uint16_t province;
	uint16_t city;
	struct bytes maker;
	struct bytes model;
	struct bytes terminal;
	uint8_t colour;
	struct bytes plate;
};
bool jt808_registration_read(const struct jt808_message *m, struct jt808_registration *ret);

/* Until 2013 the body is the code. 2019:
 * offset   size field
 *      0      1 n
 *      1      n code
 *  1 + n     15 IMEI
 * 16 + n     20 software version; both may be missing: the code decides */
struct jt808_authentication {
	struct bytes code;
	struct bytes imei;
	struct bytes software;
};
bool jt808_authentication_read(const struct jt808_message *m, struct jt808_authentication *ret);

/* offset size field                      offset size field
 *      0    4 alarm   a bit for each        16    2 altitude   m
 *      4    4 status  a bit for each        18    2 speed      0.1 km/h
 *      8    4 latitude   10^-6 degrees      20    2 direction  degrees from north
 *     12    4 longitude  10^-6 degrees      22    6 time       BCD, YY to ss, GMT+8
 *     28      more, each of them id 1, size 1, value */
struct jt808_location {
	uint32_t alarm;
	struct bytes time;
};
/* False: it is shorter, or cannot be read: encrypted, or one of several sub-packages. */
bool jt808_location_read(const struct jt808_message *m, struct jt808_location *ret);

/* offset size field
 *      0    2 count
 *      2    1 type   0: as they came about; 1: from where there was no network
 *      3      count x { size 2, the body of a location report 28 or more } */
struct jt808_batch {
	uint8_t type;
	uint16_t count;
	struct cursor items;
};
/* True: it holds `count` reports, and nothing else. */
bool jt808_batch_read(const struct jt808_message *m, struct jt808_batch *ret);
/* The next report of a batch that was read, as long as count of them have not been. */
struct bytes jt808_batch_next(struct jt808_batch *b);

/* A report of a batch as a message of its own: the batch's header, but for the id of a location
 * report and its body's length, the report, its check code. `out` has room for
 * jt808_batch_report_bytes(). Returns them. */
size_t jt808_batch_report_bytes(const struct jt808_message *batch, struct bytes report);
size_t jt808_batch_report(uint8_t *out, const struct jt808_message *batch, struct bytes report);

/* The media id that a multimedia message, or its first sub-package, begins with. */
bool jt808_media_read(const struct jt808_message *m, uint32_t *id);

#endif
