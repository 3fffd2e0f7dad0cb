/* Parsing of the option that names a memory-mapped virtio device. */
#include "device/virtio/option.h"

#include "base/arithmetic.h"
#include "base/parse.h"

#define LENGTH_LIMIT BIT(20)
#define ADDRESS_LIMIT BIT(40)		/* behind it the page tables of old CPUs have no bits */

/* A number with an optional K or M behind it. */
static bool length_parse(const char *text, uint64_t *length, const char **end)
{
	unsigned shift;

	if (parse_unsigned_prefix(text, 0, length, end) < 0 || *length > LENGTH_LIMIT)
		return false;
	shift = **end == 'K' || **end == 'k' ? 10 : **end == 'M' || **end == 'm' ? 20 : 0;
	*end += shift != 0;
	*length <<= shift;
	return *length > 0 && *length <= LENGTH_LIMIT;
}

bool virtio_mmio_option_parse(const char *text, struct virtio_mmio_option *option)
{
	uint64_t line;
	const char *end;

	if (!length_parse(text, &option->length, &end) || *end != '@' ||
	    parse_unsigned_prefix(end + 1, 0, &option->address, &end) < 0 || *end != ':' ||
	    parse_unsigned_prefix(end + 1, 0, &line, &end) < 0 || line > UINT16_MAX)
		return false;
	option->line = (uint32_t)line;
	/* Linux's form has the device's number behind the line; it says nothing. */
	if (*end != '\0' && *end != ' ' && *end != ':')
		return false;
	return range_is_within(option->address, option->length, ADDRESS_LIMIT);
}
