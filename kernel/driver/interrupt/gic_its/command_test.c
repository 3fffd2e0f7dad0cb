/* Commands as the specification draws them; numbers that are too large touch no other field. */
#include "driver/interrupt/gic_its/command.h"

#include "base/test.h"

static bool is(struct its_command command, uint64_t first, uint64_t second, uint64_t third)
{
	return command.words[0] == first && command.words[1] == second &&
	       command.words[2] == third && command.words[3] == 0;
}

TEST(its_command, devices_and_collections)
{
	EXPECT(is(its_command_map_device(0x10, 8, 0x48001000), UINT64_C(0x1000000008), 7,
		  UINT64_C(0x8000000048001000)));
	EXPECT(is(its_command_map_device(UINT32_MAX, 32, UINT64_MAX),
		  UINT64_C(0xffffffff00000008), 31, UINT64_C(0x800fffffffffff00)));
	EXPECT(is(its_command_unmap_device(0x10), UINT64_C(0x1000000008), 0, 0));
	EXPECT(is(its_command_map_collection(3, 3 << 16), 9, 0, UINT64_C(0x8000000000030003)));
	EXPECT(is(its_command_map_collection(UINT16_MAX, UINT64_MAX), 9, 0,
		  UINT64_C(0x800fffffffffffff)));
}

TEST(its_command, events)
{
	EXPECT(is(its_command_map_event(0x10, 2, 8193, 5), UINT64_C(0x100000000a),
		  UINT64_C(0x200100000002), 5));
	EXPECT(is(its_command_map_event(UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT16_MAX),
		  UINT64_C(0xffffffff0000000a), UINT64_MAX, UINT16_MAX));
	EXPECT(is(its_command_discard(0x10, 2), UINT64_C(0x100000000f), 2, 0));
	EXPECT(is(its_command_move(0x10, 2, 6), UINT64_C(0x1000000001), 2, 6));
	EXPECT(is(its_command_invalidate(0x10, 2), UINT64_C(0x100000000c), 2, 0));
	EXPECT(is(its_command_invalidate_all(6), 13, 0, 6));
	EXPECT(is(its_command_synchronise(0x80a0000), 5, 0, 0x80a0000));
	EXPECT(is(its_command_synchronise(UINT64_MAX), 5, 0, UINT64_C(0x000fffffffff0000)));
}
