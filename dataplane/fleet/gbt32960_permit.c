/* gbt32960_permit.c - a frame and a list in, whether it is taken out; see gbt32960_permit.h. */
#include "dataplane/fleet/gbt32960_permit.h"
#include "dataplane/fleet/vehicle.h"
#include "dataplane/wire/fleet/gbt32960.h"
#include "dataplane/wire/fleet/gbt32960_account.h"

static bool has_vehicle(const struct vehicle_list *list, const struct gbt32960_header *h)
{
	struct bytes vin = {h->vin, sizeof h->vin};
	return vehicle_list_has(list, NAME_VEHICLE, vin);
}

/* One that is encrypted cannot be told from any other. */
static bool has_account(const struct vehicle_list *list, struct bytes frame)
{
	struct gbt32960_account account;
	uint8_t text[GBT32960_ACCOUNT_BYTES];
	return gbt32960_header_of(frame)->encryption == GBT32960_PLAIN &&
	       gbt32960_account_read(gbt32960_data_of(frame), &account) &&
	       vehicle_list_has(list, NAME_ACCOUNT, gbt32960_account_text(&account, text));
}

/* Of these the unique id is the platform's own. */
static bool is_of_platform(const struct gbt32960_header *h)
{
	return gbt32960_is_of_account(h) || h->command == GBT32960_HEARTBEAT ||
	       h->command == GBT32960_TIME_SYNC;
}

/* A list of accounts alone trusts them with any vehicle. */
static bool is_platform_permitted(const struct vehicle_list *list, const struct session *s,
				  struct bytes frame)
{
	const struct gbt32960_header *h = gbt32960_header_of(frame);
	bool has_accounts = list->count[NAME_ACCOUNT] > 0;
	if (has_accounts && h->command == GBT32960_PLATFORM_LOGIN)
		return has_account(list, frame);
	if (has_accounts && !(s->own & VEHICLE_IS_KNOWN))
		return false;
	bool is_any = has_accounts && list->count[NAME_VEHICLE] == 0;
	return is_any || is_of_platform(h) || has_vehicle(list, h);
}

bool gbt32960_is_listed(const struct vehicle_list *list, const struct session *s,
			struct bytes frame)
{
	return s->listener->link == LINK_PLATFORM ? is_platform_permitted(list, s, frame)
						  : has_vehicle(list, gbt32960_header_of(frame));
}

void gbt32960_note_platform(struct session *s, struct bytes frame)
{
	if (gbt32960_header_of(frame)->command == GBT32960_PLATFORM_LOGIN)
		s->own |= VEHICLE_IS_KNOWN;
	else
		s->own &= (uint8_t)~VEHICLE_IS_KNOWN;
}
