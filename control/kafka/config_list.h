/* config_list.h - lists as settings have them, "a,b": some items more, or some fewer.
 *
 * Core: any; no state. False: it does not fit into `out`.
 */
#ifndef PENSTOCK_CONFIG_LIST_H
#define PENSTOCK_CONFIG_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* `list` and those of `items` that it does not have. */
bool config_list_append(const char *list, const char *items, char *out, size_t size);
/* `list` without those of `items`. */
bool config_list_subtract(const char *list, const char *items, char *out, size_t size);

#endif
