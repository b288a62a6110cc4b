/* setting_list.c - names and values in, texts out; see setting_list.h. */
#include "control/kafka/setting_list.h"

#include "dataplane/base/require.h"

#include <ctype.h>
#include <stdlib.h>

/* A zero would end the text, and no setting has any other. */
static bool has_control_character(struct bytes b)
{
	for (size_t i = 0; i < b.size; i++)
		if (iscntrl(b.data[i]))
			return true;
	return false;
}

static char *text_of(struct bytes b)
{
	char *text = strndup((const char *)b.data, b.size);
	require(text);
	return text;
}

const char *setting_list_add(struct setting_list *l, struct bytes name, struct bytes value)
{
	if (l->count == SETTING_LIST_MAX)
		return "there are not as many settings";
	if (has_control_character(name) || has_control_character(value))
		return "a control character, in its name or its value";
	l->items[l->count++] = (struct registry_setting){
		text_of(name), value.data ? text_of(value) : NULL};
	return NULL;
}

void setting_list_replace(struct setting_list *l, const char *value)
{
	struct registry_setting *s = &l->items[l->count - 1];
	char *text = strdup(value);
	require(text);
	free((void *)(uintptr_t)s->value);
	s->value = text;
}

bool setting_list_has(const struct setting_list *l, struct bytes name)
{
	for (unsigned i = 0; i < l->count; i++)
		if (strlen(l->items[i].key) == name.size &&
		    memcmp(l->items[i].key, name.data, name.size) == 0)
			return true;
	return false;
}

void setting_list_free(struct setting_list *l)
{
	for (unsigned i = 0; i < l->count; i++) {
		free((void *)(uintptr_t)l->items[i].key);
		free((void *)(uintptr_t)l->items[i].value);
	}
	l->count = 0;
}
