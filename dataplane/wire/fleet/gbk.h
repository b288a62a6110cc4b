/* gbk.h - two bytes of GBK in, a character out. The table is made when the gateway is built
 * (gen_gbk.py), for libc's converter reads a file when it is opened. Core: any; no state. */
#ifndef PENSTOCK_GBK_H
#define PENSTOCK_GBK_H

#include "dataplane/base/base.h"

enum {
	GBK_LEAD_MIN = 0x81,
	GBK_LEADS = 126, /* to FE */
	GBK_TRAIL_MIN = 0x40,
	GBK_TRAILS = 191, /* to FE; 7F is none */
};

/* By lead and trail, from the lowest on; 0: none. All are of the first plane. */
extern const uint16_t gbk_table[GBK_LEADS][GBK_TRAILS];

/* 0: the two are none. */
static inline uint16_t gbk_character(uint8_t lead, uint8_t trail)
{
	unsigned row = lead - GBK_LEAD_MIN, column = trail - GBK_TRAIL_MIN;
	return row < GBK_LEADS && column < GBK_TRAILS ? gbk_table[row][column] : 0;
}

#endif
