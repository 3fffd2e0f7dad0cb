/* The published check values, and that pieces and the whole agree at every length. */
#include "base/codec/crc32.h"

#include "base/test.h"

TEST(crc32, check_values)
{
	EXPECT_EQUAL(crc32(0, "123456789", 9), UINT32_C(0xcbf43926));
	EXPECT_EQUAL(crc32c(0, "123456789", 9), UINT32_C(0xe3069283));
	EXPECT_EQUAL(crc16_raw(0, "123456789", 9), 0xbb3d);
	EXPECT_EQUAL(crc32(0, "", 0), 0);
	EXPECT_EQUAL(crc32c_raw(UINT32_MAX, "123456789", 9), ~UINT32_C(0xe3069283));
}

TEST(crc32, pieces_agree_with_whole)
{
	uint8_t bytes[64];

	for (uint32_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 37 + 11);
	for (size_t cut = 0; cut <= sizeof(bytes); cut++) {
		EXPECT_EQUAL(crc32(crc32(0, bytes, cut), bytes + cut, sizeof(bytes) - cut),
			     crc32(0, bytes, sizeof(bytes)));
		EXPECT_EQUAL(crc32c(crc32c(0, bytes, cut), bytes + cut, sizeof(bytes) - cut),
			     crc32c(0, bytes, sizeof(bytes)));
	}
}
