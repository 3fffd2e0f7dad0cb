/* Reading the ring: every record once and in order, and an honest word about lost ones. */
#include "base/errno.h"
#include "base/string.h"
#include "base/test.h"
#include "log/log.h"

TEST(log, records_come_back)
{
	static char text[700];
	uint64_t sequence = log_sequence_next();
	long length;

	log_print(LOG_DEBUG, "first of two");
	log_print(LOG_DEBUG, "second %d\n", 2);
	length = log_read(&sequence, text, sizeof(text) - 1);
	ASSERT_TRUE(length > 0);
	text[length] = '\0';
	EXPECT(strstr(text, ";first of two\n") && text[0] == '7' && text[1] == ',');
	sequence++;
	length = log_read(&sequence, text, sizeof(text) - 1);
	ASSERT_TRUE(length > 0);
	text[length] = '\0';
	EXPECT(strstr(text, ";second 2\n") != NULL);
	EXPECT_EQUAL(log_read(&sequence, text, 10), -EINVAL);
	sequence = log_sequence_next();
	EXPECT_EQUAL(log_read(&sequence, text, sizeof(text)), 0);
}

TEST(log, lost_records_are_told)
{
	static char text[700];
	uint64_t sequence = log_sequence_first();

	for (unsigned i = 0; i < 3000; i++)
		log_print(LOG_DEBUG, "filling the ring with line %u", i);
	EXPECT_EQUAL(log_read(&sequence, text, sizeof(text)), -EPIPE);
	EXPECT_EQUAL(sequence, log_sequence_first());
	EXPECT(log_read(&sequence, text, sizeof(text)) > 0);
}
