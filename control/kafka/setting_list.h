/* setting_list.h - the settings that a request has for one topic, or for the gateway: bytes in,
 * texts for the registry out.
 *
 * Core: control. Ownership: the texts are the list's, until it is freed; the registry copies them.
 * Limits: SETTING_LIST_MAX.
 */
#ifndef PENSTOCK_SETTING_LIST_H
#define PENSTOCK_SETTING_LIST_H

#include "control/catalog/registry.h"

/* There are not as many settings. */
enum { SETTING_LIST_MAX = 256 };

struct setting_list {
	struct registry_setting items[SETTING_LIST_MAX];
	unsigned count;
};

/* A null value: the gateway's own again. Null, or why it was not added. */
const char *setting_list_add(struct setting_list *l, struct bytes name, struct bytes value);
/* The value of the one that was added last. */
void setting_list_replace(struct setting_list *l, const char *value);
/* Is it there already? */
bool setting_list_has(const struct setting_list *l, struct bytes name);
void setting_list_free(struct setting_list *l);

#endif
