/* settings_live.h - the gateway's settings while it runs: what it was started with, and what was
 * set since over that.
 *
 *     of this broker  ─┐
 *     of the cluster  ─┼─▶ now        the first that has a value holds, as with Kafka
 *     file, --set     ─┤
 *     default         ─┘
 *
 * Core: control. No state of its own: a struct that is copied, changed and put back whole, so that
 * a change with one bad value changes nothing. Limits: a live value is a number or a word.
 */
#ifndef PENSTOCK_SETTINGS_LIVE_H
#define PENSTOCK_SETTINGS_LIVE_H

#include "config/setting_view.h"
#include "config/settings.h"

enum live_scope { LIVE_BROKER, LIVE_CLUSTER, LIVE_SCOPES };

enum { LIVE_TEXT_BYTES = 24 }; /* the least number has 20 characters */

struct live_settings {
	struct settings now;
	const struct settings *started; /* outlives it */
	char value[LIVE_SCOPES][SETTING_ROWS_MAX][LIVE_TEXT_BYTES]; /* by row; "": not set */
};

void live_settings_init(struct live_settings *l, const struct settings *started);
/* Null takes the value of that scope away. False with a sentence in `message`: no such key, a bad
 * value, or one that is read at start only. */
bool live_settings_set(struct live_settings *l, enum live_scope scope, const char *key,
		       const char *value, char *message, size_t message_size);
/* Takes all values of a scope away. */
void live_settings_clear(struct live_settings *l, enum live_scope scope);
/* What a row has from that source, into `out`; null when it has nothing from there. One that has
 * the value of a coarser unit may have nothing from anywhere. */
const char *live_settings_text(const struct live_settings *l, unsigned row,
			       enum setting_source source, char *out, size_t size);
/* Whose value holds. */
enum setting_source live_settings_source(const struct live_settings *l, unsigned row);
/* Whose value a topic's setting has: its own, or whose the gateway's is that it follows. */
enum setting_source topic_setting_source(const struct live_settings *l,
					 const struct topic_settings *t, unsigned id);

#endif
