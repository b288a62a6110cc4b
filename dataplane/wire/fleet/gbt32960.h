/* gbt32960.h - GB/T 32960.3, 2016 and 2025: bytes of a stream to frames and to what is none;
 * answers.
 *
 *      0 start "##" 2 | command 1 | flag 1 | VIN 17 | encryption 1 | data bytes n 2   = 24
 *     24 data unit n | BCC 1                                                       = 25 + n
 *
 * BCC: XOR of bytes 2 to 23 + n, so that it and they together give 0. Nothing is escaped:
 * "##" may lie inside a data unit, and only length and BCC tell a frame from its likeness.
 * "##" begins a frame of the 2016 edition, "$$" one of 2025: length and BCC are the same.
 *
 * The scanner cuts a window of a stream into pieces. Wherever no frame begins, or the one
 * that seems to begin fails, it goes on at the next byte:
 *
 *     window:  x y # # . . . . b # # . . . . b $ $ . . . . b # # . .
 *     pieces:  BAD FRAME         FRAME         FRAME         WAIT (n bytes decide)
 *
 * Cost: one pass over the window for the sums of its blocks, then at most two blocks for
 * each place where a frame may begin, however long it claims to be. Bytes made of nothing
 * but beginnings cost no more than that.
 *
 * Core: any; no state but the caller's. Limits: a window of GBT32960_WINDOW_BYTES, which
 * holds the longest frame and as much again, so that every window makes progress.
 */
#ifndef PENSTOCK_GBT32960_H
#define PENSTOCK_GBT32960_H

#include "config/bounds.h"
#include "dataplane/base/be.h"

/* offset size field
 *      0    2  start       "##" in the 2016 edition, "$$" in that of 2025
 *      2    1  command     t.3
 *      3    1  flag        0xFE: a command; anything else: an answer
 *      4   17  vin         unique id: the VIN, or a code of the peers' own
 *     21    1  encryption  of the data unit: 1 none, 2 RSA, 3 AES; in 2025 4 SM2, 5 SM4
 *     22    2  data_bytes  0 to 65531 */
struct gbt32960_header {
	uint8_t start[2];
	uint8_t command;
	uint8_t flag;
	uint8_t vin[17];
	uint8_t encryption;
	struct be16 data_bytes;
};

enum {
	GBT32960_HEADER_BYTES = 24,
	GBT32960_FLAG_AT = 3,
	GBT32960_VIN_BYTES = 17,
	GBT32960_TIME_BYTES = 6,
	GBT32960_BLOCK_BYTES = 64,
	GBT32960_WINDOW_BYTES = 128 << 10,
};

static_assert(sizeof(struct gbt32960_header) == GBT32960_HEADER_BYTES, "t.2");
static_assert(offsetof(struct gbt32960_header, flag) == GBT32960_FLAG_AT, "t.2");
static_assert(offsetof(struct gbt32960_header, data_bytes) == 22, "t.2");
static_assert(GBT32960_WINDOW_BYTES > (int)GBT32960_FRAME_BYTES_MAX, "windows progress");

/* What a start byte says. */
enum gbt32960_edition {
	GBT32960_2016 = '#',
	GBT32960_2025 = '$',
};

/* Commands of the upward direction (t.3, t.B.2), and the answer to one of them that is a command
 * itself. 2016 reserves 0x09 to 0x7F, 2025 0x0C to 0x7F. */
enum gbt32960_command {
	GBT32960_LOGIN = 0x01,
	GBT32960_REALTIME = 0x02,
	GBT32960_REISSUE = 0x03,
	GBT32960_LOGOUT = 0x04,
	GBT32960_PLATFORM_LOGIN = 0x05,
	GBT32960_PLATFORM_LOGOUT = 0x06,
	GBT32960_HEARTBEAT = 0x07,
	GBT32960_TIME_SYNC = 0x08,
	GBT32960_ACTIVATION = 0x09,        /* 2025 */
	GBT32960_ACTIVATION_ANSWER = 0x0A, /* 2025, downward */
	GBT32960_KEY_EXCHANGE = 0x0B,      /* 2025, both ways */
};

enum gbt32960_flag {
	GBT32960_SUCCESS = 0x01,
	GBT32960_ERROR = 0x02,
	GBT32960_VIN_DUPLICATE = 0x03,
	GBT32960_VIN_UNKNOWN = 0x04,       /* from here on 2025 */
	GBT32960_SIGNATURE_WRONG = 0x05,
	GBT32960_STRUCTURE_WRONG = 0x06,
	GBT32960_DECRYPTION_FAILED = 0x07,
	GBT32960_COMMAND = 0xFE,
};

enum gbt32960_encryption {
	GBT32960_PLAIN = 0x01,
	GBT32960_RSA = 0x02,
	GBT32960_AES = 0x03,
	GBT32960_SM2 = 0x04, /* 2025 */
	GBT32960_SM4 = 0x05, /* 2025 */
};

enum gbt32960_kind {
	GBT32960_FRAME, /* of either edition, whole, BCC holds */
	GBT32960_BAD,   /* bytes that belong to none */
	GBT32960_WAIT,  /* a frame may begin here: more bytes decide */
};

/* Why the first byte of a BAD piece begins no frame. */
enum gbt32960_cause {
	GBT32960_GARBAGE,    /* no start bytes */
	GBT32960_BCC,        /* whole, but the BCC does not hold */
	GBT32960_TOO_LONG,   /* declares more bytes than are taken */
	GBT32960_INCOMPLETE, /* not whole, and not to be waited for any longer */
};

struct gbt32960_piece {
	uint8_t kind;  /* enum gbt32960_kind */
	uint8_t cause; /* enum gbt32960_cause, of BAD pieces */
	size_t size;   /* bytes of the piece; of WAIT: bytes that decide, from its first on */
};

struct gbt32960_scan {
	struct bytes window;
	size_t at; /* bytes cut so far */
	size_t abandon_before;
	size_t blocks_summed;
	uint32_t frame_bytes_max;
	/* XOR of all bytes before each block of the window. */
	uint8_t sums[GBT32960_WINDOW_BYTES / GBT32960_BLOCK_BYTES + 1];
};

/* Begins at the window's first byte. What begins before byte `abandon_before` and is not
 * whole is not waited for: its first byte is BAD. */
void gbt32960_scan_init(struct gbt32960_scan *s, struct bytes window, size_t abandon_before,
			uint32_t frame_bytes_max);
/* The next piece; a BAD one reaches to the next piece of another kind, or to the window's
 * end. False at the end. A WAIT piece is not passed: it is given again. */
bool gbt32960_scan_next(struct gbt32960_scan *s, struct gbt32960_piece *ret);

/* The piece at one place, with no window: for streams that hold nothing but good frames.
 * Costs one pass over the frame; of a BAD piece it says one byte. */
struct gbt32960_piece gbt32960_look(struct bytes at, uint32_t frame_bytes_max);

/* The header of a frame that was cut. */
static inline const struct gbt32960_header *gbt32960_header_of(struct bytes frame)
{
	return (const struct gbt32960_header *)frame.data;
}

/* The data unit of a frame that was cut. */
static inline struct bytes gbt32960_data_of(struct bytes frame)
{
	return (struct bytes){frame.data + GBT32960_HEADER_BYTES,
			      frame.size - GBT32960_FRAME_BYTES_MIN};
}

/* The BCC of a frame: of its header behind the start bytes, and of its data unit. */
uint8_t gbt32960_bcc(const struct gbt32960_header *h, struct bytes data);

/* Writes the header of an answer: the request's, with `flag` and the size of its own data unit.
 * Gives the BCC that comes behind `data`. */
uint8_t gbt32960_answer_emit(uint8_t out[GBT32960_HEADER_BYTES],
			     const struct gbt32960_header *request, uint8_t flag,
			     struct bytes data);

/* Six binary bytes, year - 2000 to second, in GMT+8 whatever the host's zone (t.5). */
void gbt32960_time(uint8_t out[GBT32960_TIME_BYTES], int64_t wall_ms);

/* The time that a data unit begins with (6.3.2); of no size: it has none, as a key exchange, or
 * shows none, as one that is encrypted. */
static inline struct bytes gbt32960_time_of(const struct gbt32960_header *h, struct bytes data)
{
	bool is_secret = h->encryption >= GBT32960_RSA && h->encryption <= GBT32960_SM4;
	bool has_time = data.size >= GBT32960_TIME_BYTES && !is_secret &&
			h->command != GBT32960_KEY_EXCHANGE;
	return (struct bytes){data.data, has_time ? GBT32960_TIME_BYTES : 0};
}

#endif
