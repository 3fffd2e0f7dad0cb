/* Memory descriptors (7.2.3), UTF-16, times. No pointers in data: it may run anywhere. */
#include "firmware/efi.h"

#include "base/arithmetic.h"
#include "base/codec/calendar.h"
#include "firmware/bytes.h"

/* EFI_MEMORY_DESCRIPTOR. */
enum descriptor_offset {
	DESCRIPTOR_TYPE = 0,
	DESCRIPTOR_START = 8,
	DESCRIPTOR_PAGES = 24,
	DESCRIPTOR_ATTRIBUTE = 32,
	DESCRIPTOR_BYTES = 40,
};
enum descriptor_type {
	EFI_LOADER_CODE = 1,
	EFI_LOADER_DATA = 2,
	EFI_BOOT_SERVICES_CODE = 3,
	EFI_BOOT_SERVICES_DATA = 4,
	EFI_CONVENTIONAL_MEMORY = 7,
	EFI_ACPI_RECLAIM_MEMORY = 9,
	EFI_ACPI_MEMORY_NVS = 10,
};
#define ATTRIBUTE_WRITE_BACK BIT(3)

static enum efi_memory_use use_of(uint32_t type, uint64_t attribute)
{
	if (!(attribute & ATTRIBUTE_WRITE_BACK))
		return EFI_MEMORY_KEPT;
	switch (type) {
	case EFI_LOADER_CODE:
	case EFI_LOADER_DATA:
	case EFI_BOOT_SERVICES_CODE:
	case EFI_BOOT_SERVICES_DATA:
	case EFI_CONVENTIONAL_MEMORY:
		return EFI_MEMORY_FREE;
	case EFI_ACPI_RECLAIM_MEMORY:
	case EFI_ACPI_MEMORY_NVS:
		return EFI_MEMORY_TABLES;
	default:
		return EFI_MEMORY_KEPT;
	}
}

bool efi_memory_next(const struct efi_memory_map *map, uint64_t *offset,
		     struct efi_memory_range *range)
{
	const uint8_t *at;
	uint64_t end;

	if (map->stride < DESCRIPTOR_BYTES || *offset > map->length ||
	    map->length - *offset < map->stride)
		return false;
	at = (const uint8_t *)map->bytes + *offset;
	*offset += map->stride;
	range->start = bytes_u64(at + DESCRIPTOR_START);
	range->use = use_of(bytes_u32(at + DESCRIPTOR_TYPE), bytes_u64(at + DESCRIPTOR_ATTRIBUTE));
	if (!checked_multiply(bytes_u64(at + DESCRIPTOR_PAGES), (uint64_t)EFI_PAGE_BYTES,
			      &range->length) ||
	    !is_aligned(range->start, EFI_PAGE_BYTES) ||
	    range_end(range->start, range->length, &end) < 0) {
		range->length = 0;
		range->use = EFI_MEMORY_KEPT;
	}
	return true;
}

#define HIGH_FIRST 0xd800u
#define LOW_FIRST 0xdc00u
#define LOW_END 0xe000u

/* The character at *offset, which moves behind it; 0: the end. */
static uint32_t character_next(const uint8_t *text, size_t length, size_t *offset)
{
	uint32_t unit, low;

	if (*offset > length || length - *offset < 2)
		return 0;
	unit = bytes_u16(text + *offset);
	*offset += 2;
	if (unit < HIGH_FIRST || unit >= LOW_END)
		return unit;
	if (unit >= LOW_FIRST || length - *offset < 2)
		return '?';
	low = bytes_u16(text + *offset);
	if (low < LOW_FIRST || low >= LOW_END)
		return '?';
	*offset += 2;
	return 0x10000 + ((unit - HIGH_FIRST) << 10) + (low - LOW_FIRST);
}

/* UTF-8 (RFC 3629, section 3): how many bytes. */
static unsigned character_encode(uint32_t character, uint8_t bytes[4])
{
	unsigned count = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;

	if (count == 1) {
		bytes[0] = (uint8_t)character;
		return 1;
	}
	for (unsigned i = count - 1; i > 0; i--) {
		bytes[i] = (uint8_t)(0x80 | (character & 0x3f));
		character >>= 6;
	}
	bytes[0] = (uint8_t)(0xf00 >> count | character);
	return count;
}

size_t efi_text_convert(const void *text, size_t length, char *out, size_t size)
{
	size_t offset = 0, used = 0;
	uint32_t character;

	while ((character = character_next(text, length, &offset)) != 0) {
		uint8_t bytes[4];
		unsigned count = character_encode(character, bytes);

		if (count >= size - used)
			break;
		for (unsigned i = 0; i < count; i++)
			out[used++] = (char)bytes[i];
	}
	out[used] = 0;
	return used;
}

enum time_offset {
	TIME_YEAR = 0,
	TIME_MONTH = 2,
	TIME_DAY = 3,
	TIME_HOUR = 4,
	TIME_MINUTE = 5,
	TIME_SECOND = 6,
	TIME_NANOSECOND = 8,
	TIME_ZONE = 12,
};
#define ZONE_MINUTES_LIMIT 1440		/* either way from UTC */
#define ZONE_UNSPECIFIED 0x7ff
#define NANOSECONDS 1000000000

bool efi_time_parse(const uint8_t bytes[EFI_TIME_BYTES], int64_t *time_ns)
{
	const struct calendar_time time = {
		bytes_u16(bytes + TIME_YEAR), bytes[TIME_MONTH], bytes[TIME_DAY],
		bytes[TIME_HOUR], bytes[TIME_MINUTE], bytes[TIME_SECOND],
	};
	uint32_t nanosecond = bytes_u32(bytes + TIME_NANOSECOND);
	int zone = (int16_t)bytes_u16(bytes + TIME_ZONE);
	int64_t seconds;

	if (zone == ZONE_UNSPECIFIED)
		zone = 0;
	if (nanosecond >= NANOSECONDS || zone < -ZONE_MINUTES_LIMIT || zone > ZONE_MINUTES_LIMIT ||
	    !calendar_seconds(&time, &seconds))
		return false;
	/* "Localtime = UTC - TimeZone", summer time included. */
	seconds += zone * 60;
	*time_ns = seconds * NANOSECONDS + nanosecond;
	return seconds > 0;
}
