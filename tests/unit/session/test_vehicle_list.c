/* test_vehicle_list.c - names that were added are there, others are not, kinds apart. */
#include "dataplane/session/vehicle_list.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

enum { MANY = 100000 };

static struct bytes name_of(const char *prefix, unsigned number)
{
	static char text[32];
	int size = snprintf(text, sizeof text, "%s%010u", prefix, number);
	return (struct bytes){(uint8_t *)text, (size_t)size};
}

Test(vehicle_list, who_was_added_is_there_and_nobody_else)
{
	struct vehicle_list *l = vehicle_list_create(MANY);
	for (unsigned i = 0; i < MANY; i++)
		cr_assert(vehicle_list_add(l, NAME_VEHICLE, name_of("LPENSTK", i)));
	cr_assert(l->count[NAME_VEHICLE] == MANY && l->count[NAME_ACCOUNT] == 0);
	for (unsigned i = 0; i < MANY; i++) {
		cr_assert(vehicle_list_has(l, NAME_VEHICLE, name_of("LPENSTK", i)));
		cr_assert(!vehicle_list_has(l, NAME_VEHICLE, name_of("LPENSTX", i)));
		cr_assert(!vehicle_list_has(l, NAME_ACCOUNT, name_of("LPENSTK", i)));
	}
	vehicle_list_free(l);
}

Test(vehicle_list, who_is_there_twice_counts_once)
{
	struct vehicle_list *l = vehicle_list_create(1);
	cr_assert(vehicle_list_add(l, NAME_VEHICLE, name_of("A", 1)));
	for (unsigned i = 0; i < 10; i++)
		cr_assert(!vehicle_list_add(l, NAME_VEHICLE, name_of("A", 1)));
	cr_assert(l->count[NAME_VEHICLE] == 1);
	vehicle_list_free(l);
}

Test(vehicle_list, an_empty_one_has_nobody)
{
	struct vehicle_list *l = vehicle_list_create(0);
	cr_assert(!vehicle_list_has(l, NAME_VEHICLE, name_of("A", 1)));
	vehicle_list_free(l);
}
