/* setting_view.h - a setting as it is shown to others: to Kafka's clients, which know their own
 * types and sources, and to the control socket.
 *
 *     row of settings.def ─▶ struct setting_view (constant)
 *     the same row and a value ─▶ text: settings_live.h, topic_setting_text()
 *
 * Core: any; constants.
 */
#ifndef PENSTOCK_SETTING_VIEW_H
#define PENSTOCK_SETTING_VIEW_H

#include <stdbool.h>
#include <stdint.h>

/* Kafka's types of values (DescribeConfigs 3), those that occur here. */
enum setting_kind {
	SETTING_KIND_BOOLEAN = 1,
	SETTING_KIND_STRING = 2,
	SETTING_KIND_INT = 3,
	SETTING_KIND_LONG = 5,
	SETTING_KIND_DOUBLE = 6,
	SETTING_KIND_LIST = 7,
};

/* Whose value it is, by Kafka's numbers; the lower one holds. */
enum setting_source {
	SETTING_OF_TOPIC = 1,
	SETTING_OF_BROKER = 2,  /* set while it runs, of this broker */
	SETTING_OF_CLUSTER = 3, /* the same, for all brokers */
	SETTING_OF_START = 4,   /* file or --set */
	SETTING_OF_NOBODY = 5,  /* the default */
	SETTING_SOURCES,
};

/* Of one setting. */
enum { SETTING_UNITS_MAX = 3 };

struct setting_view {
	const char *key;
	const char *help;
	uint8_t kind; /* enum setting_kind */
	bool is_live;
	/* Of a topic's: where its default comes from. The gateway's row, or where that is -1 (no
	 * such row) a key of Kafka's brokers with a value that never changes; "": not even that. */
	int parent;
	const char *fixed_parent;
	const char *fixed_value;
};

unsigned gateway_setting_count(void);
struct setting_view gateway_setting_view(unsigned row);
/* The row of a key, whatever name it is called by; -1: there is none. */
int gateway_setting_find(const char *key);
/* All rows of the setting that `row` says in a unit of its own, the finest first; returns how
 * many: 1 of a setting that has one unit. The finest that was given holds. */
unsigned gateway_setting_units(unsigned row, unsigned ret[SETTING_UNITS_MAX]);
/* The row whose value it has as long as it was not given itself; -1: none, it has a default. */
int gateway_setting_coarser(unsigned row);
/* Other names of rows: "" behind the last one. */
const char *gateway_setting_alias(unsigned index);

/* By enum topic_setting_id. */
struct setting_view topic_setting_view(unsigned id);
/* -1: there is none. */
int topic_setting_find(const char *key);

#endif
