/* config_list.c - two lists in, one out; see config_list.h. */
#include "control/kafka/config_list.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* An item lies in its list, trimmed. */
struct item {
	const char *at;
	size_t size;
};

/* What follows the item; null: there was none. */
static const char *next_item(const char *at, struct item *ret)
{
	while (*at == ',' || isspace((unsigned char)*at))
		at++;
	if (!*at)
		return NULL;
	size_t whole = strcspn(at, ",");
	*ret = (struct item){at, whole};
	while (ret->size > 0 && isspace((unsigned char)at[ret->size - 1]))
		ret->size--;
	return at + whole;
}

static bool list_has(const char *list, const struct item *wanted)
{
	struct item item;
	while ((list = next_item(list, &item)))
		if (item.size == wanted->size && memcmp(item.at, wanted->at, item.size) == 0)
			return true;
	return false;
}

/* Those items of `list` that are not in `without`, behind what `out` has. */
static bool add_items(const char *list, const char *without, char *out, size_t size)
{
	struct item item;
	while ((list = next_item(list, &item))) {
		size_t used = strlen(out);
		if (list_has(without, &item) || list_has(out, &item))
			continue;
		int more = snprintf(out + used, size - used, "%s%.*s", used ? "," : "",
				    (int)item.size, item.at);
		if ((size_t)more >= size - used)
			return false;
	}
	return true;
}

bool config_list_append(const char *list, const char *items, char *out, size_t size)
{
	out[0] = '\0';
	return add_items(list, "", out, size) && add_items(items, "", out, size);
}

bool config_list_subtract(const char *list, const char *items, char *out, size_t size)
{
	out[0] = '\0';
	return add_items(list, items, out, size);
}
