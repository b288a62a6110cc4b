/* gbt32960_account.c - a platform login's data unit to its account; see gbt32960_account.h. */
#include "dataplane/wire/fleet/gbt32960_account.h"
#include "dataplane/base/require.h"

static struct bytes unpadded(const uint8_t *text, size_t size)
{
	while (size > 0 && (text[size - 1] == 0 || text[size - 1] == ' '))
		size--;
	return (struct bytes){text, size};
}

bool gbt32960_account_read(struct bytes data, struct gbt32960_account *ret)
{
	enum { NAME_AT = 8, PASSWORD_AT = NAME_AT + GBT32960_ACCOUNT_NAME_BYTES };
	if (data.size < GBT32960_PLATFORM_LOGIN_BYTES)
		return false;
	ret->name = unpadded(data.data + NAME_AT, GBT32960_ACCOUNT_NAME_BYTES);
	ret->password = unpadded(data.data + PASSWORD_AT, GBT32960_ACCOUNT_PASSWORD_BYTES);
	return true;
}

struct bytes gbt32960_account_text(const struct gbt32960_account *a,
				   uint8_t out[GBT32960_ACCOUNT_BYTES])
{
	require(a->name.size <= GBT32960_ACCOUNT_NAME_BYTES &&
		a->password.size <= GBT32960_ACCOUNT_PASSWORD_BYTES);
	memset(out, 0, GBT32960_ACCOUNT_BYTES);
	memcpy(out, a->name.data, a->name.size);
	memcpy(out + GBT32960_ACCOUNT_NAME_BYTES + 1, a->password.data, a->password.size);
	return (struct bytes){out, GBT32960_ACCOUNT_BYTES};
}
