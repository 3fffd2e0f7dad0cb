/* Commands to an interrupt translation service: four words each, the first one's low byte says
 * which. */
#include "driver/interrupt/gic_its/command.h"

#define MOVI 0x01
#define SYNC 0x05
#define MAPD 0x08
#define MAPC 0x09
#define MAPTI 0x0a
#define INV 0x0c
#define INVALL 0x0d
#define DISCARD 0x0f

#define DEVICE(id) ((uint64_t)(id) << 32)
#define NUMBER(id) ((uint64_t)(id) << 32)
#define EVENT_BITS_LESS_ONE(bits) (((uint64_t)(bits) - 1) & 0x1f)
#define TABLE_ADDRESS(address) ((address) & UINT64_C(0x000fffffffffff00))
#define REDISTRIBUTOR(name) ((name) & UINT64_C(0x000fffffffff0000))
#define VALID BIT(63)

struct its_command its_command_map_device(uint32_t device, unsigned event_bits, uint64_t table)
{
	return (struct its_command){ {
		MAPD | DEVICE(device), EVENT_BITS_LESS_ONE(event_bits),
		TABLE_ADDRESS(table) | VALID, 0,
	} };
}

struct its_command its_command_unmap_device(uint32_t device)
{
	return (struct its_command){ { MAPD | DEVICE(device), 0, 0, 0 } };
}

struct its_command its_command_map_collection(uint16_t collection, uint64_t redistributor)
{
	return (struct its_command){ {
		MAPC, 0, collection | REDISTRIBUTOR(redistributor) | VALID, 0,
	} };
}

struct its_command its_command_map_event(uint32_t device, uint32_t event, uint32_t number,
					 uint16_t collection)
{
	return (struct its_command){ {
		MAPTI | DEVICE(device), event | NUMBER(number), collection, 0,
	} };
}

struct its_command its_command_discard(uint32_t device, uint32_t event)
{
	return (struct its_command){ { DISCARD | DEVICE(device), event, 0, 0 } };
}

struct its_command its_command_move(uint32_t device, uint32_t event, uint16_t collection)
{
	return (struct its_command){ { MOVI | DEVICE(device), event, collection, 0 } };
}

struct its_command its_command_invalidate(uint32_t device, uint32_t event)
{
	return (struct its_command){ { INV | DEVICE(device), event, 0, 0 } };
}

struct its_command its_command_invalidate_all(uint16_t collection)
{
	return (struct its_command){ { INVALL, 0, collection, 0 } };
}

struct its_command its_command_synchronise(uint64_t redistributor)
{
	return (struct its_command){ { SYNC, 0, REDISTRIBUTOR(redistributor), 0 } };
}
