/* test_config_list.c - lists longer and shorter by some items. */
#include "control/kafka/config_list.h"

#include <criterion/criterion.h>
#include <string.h>

static char out[64];

Test(config_list, an_item_is_appended_once)
{
	cr_assert(config_list_append("a,b", "c", out, sizeof out) && strcmp(out, "a,b,c") == 0);
	cr_assert(config_list_append("a,b", " b , c,c", out, sizeof out));
	cr_assert(strcmp(out, "a,b,c") == 0, "%s", out);
	cr_assert(config_list_append("", "c", out, sizeof out) && strcmp(out, "c") == 0);
	cr_assert(config_list_append("a", "", out, sizeof out) && strcmp(out, "a") == 0);
	cr_assert(config_list_append("ab", "a", out, sizeof out) && strcmp(out, "ab,a") == 0);
}

Test(config_list, an_item_is_subtracted_wherever_it_is)
{
	cr_assert(config_list_subtract("a,b,c", "b", out, sizeof out) && strcmp(out, "a,c") == 0);
	cr_assert(config_list_subtract("a,b", "b, a", out, sizeof out) && out[0] == '\0');
	cr_assert(config_list_subtract("ab", "a", out, sizeof out) && strcmp(out, "ab") == 0);
}

Test(config_list, what_does_not_fit_is_refused)
{
	cr_assert(config_list_append("abc", "de", out, 7) && strcmp(out, "abc,de") == 0);
	cr_assert(!config_list_append("abc", "def", out, 7));
	cr_assert(!config_list_subtract("abcdefg", "x", out, 7));
}
