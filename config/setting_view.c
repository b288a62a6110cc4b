/* setting_view.c - rows of settings.def in, what others are shown of them out. */
#include "config/setting_view.h"
#include "config/setting_value.h"
#include "dataplane/base/require.h"

/* Kafka has no type for a number that is never negative, nor for one of some words. */
static const uint8_t kinds[] = {
	[SETTING_TYPE_flag] = SETTING_KIND_BOOLEAN,   [SETTING_TYPE_int] = SETTING_KIND_INT,
	[SETTING_TYPE_long] = SETTING_KIND_LONG,      [SETTING_TYPE_count] = SETTING_KIND_INT,
	[SETTING_TYPE_size] = SETTING_KIND_INT,	      [SETTING_TYPE_memory] = SETTING_KIND_LONG,
	[SETTING_TYPE_duration] = SETTING_KIND_INT,   [SETTING_TYPE_string] = SETTING_KIND_STRING,
	[SETTING_TYPE_list] = SETTING_KIND_LIST,      [SETTING_TYPE_name] = SETTING_KIND_STRING,
	[SETTING_TYPE_enum] = SETTING_KIND_STRING,    [SETTING_TYPE_words] = SETTING_KIND_LIST,
	[SETTING_TYPE_ratio] = SETTING_KIND_DOUBLE,
};

static struct setting_view view_of(const struct setting_row *row)
{
	return (struct setting_view){
		.key = row->key,
		.help = row->help,
		.kind = kinds[row->type],
		.is_live = strcmp(row->when, "live") == 0,
		.parent = -1,
		.fixed_parent = "",
	};
}

unsigned gateway_setting_count(void)
{
	return setting_rows_gateway().count;
}

struct setting_view gateway_setting_view(unsigned row)
{
	return view_of(&setting_rows_gateway().rows[row]);
}

int gateway_setting_find(const char *key)
{
	struct setting_rows rows = setting_rows_gateway();
	const struct setting_row *row = setting_find(rows, setting_unalias(key));
	return row ? (int)(row - rows.rows) : -1;
}

static const char *finest_of(const char *key)
{
	unsigned count;
	const struct setting_unit *units = setting_units(&count);
	for (unsigned i = 0; i < count; i++)
		if (strcmp(units[i].coarser, key) == 0)
			return units[i].key;
	return key;
}

unsigned gateway_setting_units(unsigned row, unsigned ret[SETTING_UNITS_MAX])
{
	unsigned count, found = 0;
	const struct setting_unit *units = setting_units(&count);
	const char *key = finest_of(gateway_setting_view(row).key);
	ret[found++] = (unsigned)gateway_setting_find(key);
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(units[i].key, key) != 0)
			continue;
		require(found < SETTING_UNITS_MAX);
		ret[found++] = (unsigned)gateway_setting_find(units[i].coarser);
	}
	return found;
}

int gateway_setting_coarser(unsigned row)
{
	unsigned units[SETTING_UNITS_MAX], count = gateway_setting_units(row, units), i = 0;
	while (units[i] != row)
		i++;
	return i + 1 < count ? (int)units[i + 1] : -1;
}

const char *gateway_setting_alias(unsigned index)
{
	unsigned count;
	const struct setting_alias *aliases = setting_aliases(&count);
	return index < count ? aliases[index].alias : "";
}

struct setting_view topic_setting_view(unsigned id)
{
	if (id < TOPIC_SETTINGS_APPLIED) {
		const struct setting_row *row = &setting_rows_topic().rows[id];
		struct setting_view view = view_of(row);
		view.parent = (int)setting_parent(row);
		return view;
	}
	const struct fixed_row *row = &fixed_rows()[id - TOPIC_SETTINGS_APPLIED];
	return (struct setting_view){
		.key = row->key,
		.help = row->help,
		.kind = row->kind,
		.is_live = true, /* it may be set to what it is */
		.parent = -1,
		.fixed_parent = row->parent,
		.fixed_value = row->value,
	};
}

int topic_setting_find(const char *key)
{
	for (unsigned i = 0; i < TOPIC_SETTINGS; i++)
		if (strcmp(topic_setting_view(i).key, key) == 0)
			return (int)i;
	return -1;
}
