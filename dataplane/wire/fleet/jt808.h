/* jt808.h - JT/T 808-2011, -2013 and -2019: bytes of a stream to messages and to what is none.
 *
 *     7E | header | body, up to 1023 bytes | check code 1 | 7E
 *          └─────────────── its content ───────────────┘
 *
 * Check code: XOR of header and body (4.4.4), so that it and they together give 0. What is sent of
 * them is escaped (4.4.2): 7D as 7D 01, 7E as 7D 02. So no delimiter lies inside a message, and
 * what is between two of them is a message or is none, whatever lies around it. One delimiter may
 * close a message and open the next.
 *
 *     stream:  x y   7E . . . 7E   7E   7E . . . 7E   . . . 7E   . b .   7E . . . 7E   . .
 *     pieces:  BAD   └─ FRAME ─┘  FILL  └─ FRAME ─┘   ─ FRAME ┘   BAD    └─ FRAME ─┘   WAIT
 *
 * Cost: one pass over a content for its end, one for its escapes, one for its check code. Content
 * without an end is passed again when more of it has come: 2,092 bytes at most.
 *
 * Core: any; no state but the caller's. Limits: a window of JT808_WIRE_BYTES_MAX makes progress.
 */
#ifndef PENSTOCK_JT808_H
#define PENSTOCK_JT808_H

#include "dataplane/base/be.h"

/* offset     size  field
 * 2013 2019
 *   0    0     2   id
 *   2    2     2   properties  see below
 *   -    4     1   version     of the terminal's registration, from 1 on
 *   4    5  6/10   phone       BCD, padded with zeroes on the left
 *  10   15     2   serial      one more with each message of its sender
 *  12   17     2   parts       of a message in sub-packages: how many, and
 *  14   19     2   part        which of them, from 1 on
 *
 * The edition of 2011 has the header of 2013. */
struct jt808_header_2013 {
	struct be16 id;
	struct be16 properties;
	uint8_t phone[6];
	struct be16 serial;
};
struct jt808_header_2019 {
	struct be16 id;
	struct be16 properties;
	uint8_t version;
	uint8_t phone[10];
	struct be16 serial;
};
struct jt808_part {
	struct be16 parts;
	struct be16 part;
};
static_assert(sizeof(struct jt808_header_2013) == 12 && sizeof(struct jt808_part) == 4, "4.4.3");
static_assert(sizeof(struct jt808_header_2019) == 17, "4.4.3");

/* Bits of the properties (4.4.3); bit 15 is reserved. */
enum jt808_properties {
	JT808_BODY_BYTES = 0x03FF,
	JT808_ENCRYPTION = 0x1C00, /* 0 none, its lowest bit RSA, others reserved */
	JT808_ENCRYPTION_SHIFT = 10,
	JT808_IN_PARTS = 0x2000,
	JT808_VERSIONED = 0x4000, /* the header of 2019 */
};

enum {
	JT808_DELIMITER = 0x7E,
	JT808_ESCAPE = 0x7D,
	JT808_PHONE_BYTES_MAX = 10,
	JT808_PHONE_DIGITS_MAX = 2 * JT808_PHONE_BYTES_MAX,
	JT808_BODY_BYTES_MAX = JT808_BODY_BYTES,
	JT808_HEADER_BYTES_MAX = sizeof(struct jt808_header_2019) + sizeof(struct jt808_part),
	/* Header, body, check code. */
	JT808_MESSAGE_BYTES_MIN = sizeof(struct jt808_header_2013) + 1,
	JT808_MESSAGE_BYTES_MAX = JT808_HEADER_BYTES_MAX + JT808_BODY_BYTES_MAX + 1,
	/* All of it escaped, and the two delimiters. */
	JT808_CONTENT_BYTES_MAX = 2 * JT808_MESSAGE_BYTES_MAX,
	JT808_WIRE_BYTES_MAX = JT808_CONTENT_BYTES_MAX + 2,
};

enum jt808_kind {
	JT808_FRAME, /* a message that is whole and holds */
	JT808_FILL,  /* delimiters with nothing between them */
	JT808_BAD,   /* bytes that belong to no message */
	JT808_WAIT,  /* a message may have begun here: more bytes decide */
};

/* Why the first bytes of a BAD piece are no message. */
enum jt808_cause {
	JT808_GARBAGE,    /* not between delimiters, or shorter than any message */
	JT808_TOO_LONG,   /* no delimiter within what the listener takes */
	JT808_ESCAPING,   /* a 7D that stands for nothing */
	JT808_CHECK,      /* the check code does not hold */
	JT808_LENGTH,     /* its header gives the body another length */
	JT808_PARTS,      /* part 0, or one beyond the last */
	JT808_INCOMPLETE, /* not whole, and not to be waited for any longer */
};

struct jt808_piece {
	uint8_t kind;         /* enum jt808_kind */
	uint8_t cause;        /* enum jt808_cause, of BAD pieces */
	uint16_t escapes;     /* of a FRAME: in its content */
	size_t size;          /* bytes of the piece; of WAIT: bytes that may decide */
	struct bytes content; /* of a FRAME: escaped, without delimiters */
};

struct jt808_scan {
	struct bytes window;
	size_t at; /* bytes cut so far */
	uint32_t content_bytes_max;
	/* The byte before window[at] is a delimiter, and may open a message: it closed one, or
	 * nothing came behind it for too long. */
	bool is_open;
	bool is_last; /* nothing comes behind the window, or is waited for */
};

/* Begins at the window's first byte; a stream begins with `is_open` false. */
void jt808_scan_init(struct jt808_scan *s, struct bytes window, bool is_open,
		     uint32_t frame_bytes_max);
/* The next piece. A BAD one reaches to the next message, or to what may be one, or to the
 * window's end; FILL that lies in it belongs to it. False at the end. A WAIT piece is not passed:
 * it is given again. */
bool jt808_scan_next(struct jt808_scan *s, struct jt808_piece *ret);

/* The message that a FRAME's content carries: the inverse of jt808_escape(). `out` has room for
 * content.size bytes. Returns the message's. */
size_t jt808_unescape(uint8_t *out, struct bytes content);
/* Delimiter, content, delimiter: their size. `out` has room for twice the message's bytes and 2. */
size_t jt808_escape(uint8_t *out, struct bytes message);

/* A message that was cut and unescaped, header and check code with it. */
struct jt808_message {
	uint16_t id;
	uint16_t serial;
	uint16_t parts; /* 0: the message is one */
	uint16_t part;
	bool is_2019;       /* by its header: what the property bit says, if the lengths agree */
	uint8_t version;    /* of 2019 */
	uint8_t encryption; /* 0: none */
	struct bytes phone; /* BCD */
	struct bytes body;
};
struct jt808_message jt808_read(struct bytes message);

/* A message that came in parts and was put together: the header of its first one, with bit 13
 * and the body's length 0 and no fields of a part, and the body; no check code. Bit 14 says which
 * header it is. `out` has room for jt808_whole_header_bytes(), which are returned. */
static inline size_t jt808_whole_header_bytes(const struct jt808_message *m)
{
	return m->is_2019 ? sizeof(struct jt808_header_2019) : sizeof(struct jt808_header_2013);
}
size_t jt808_whole_header(uint8_t *out, const struct jt808_message *m, uint16_t serial);
struct jt808_message jt808_whole_read(struct bytes whole);
/* Either of them, as it is stored: a whole has no body's length that agrees with its size. (One of
 * a byte has by chance, and shows no body then.) */
struct jt808_message jt808_stored_read(struct bytes value);

/* The phone number's digits: all, or without the zeroes before its first other digit (of zeroes
 * alone one is left). A nibble that is no digit reads a to f. Returns how many. */
size_t jt808_phone_text(char out[JT808_PHONE_DIGITS_MAX], struct bytes phone, bool keeps_zeroes);

#endif
