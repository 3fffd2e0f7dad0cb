/*
 * Taking records of the log apart again: "priority,sequence,microseconds,-;text".
 */
#include "base/parse.h"
#include "base/string.h"
#include "log/log.h"

/* The number before the delimiter, which is overwritten; the cursor moves behind it. */
static bool take_number(char **cursor, char delimiter, unsigned long long *value)
{
	char *end = strchr(*cursor, delimiter);
	uint64_t number;

	if (!end)
		return false;
	*end = '\0';
	if (parse_unsigned(*cursor, 10, &number) < 0)
		return false;
	*value = number;
	*cursor = end + 1;
	return true;
}

bool log_record_split(char *record, unsigned *priority, unsigned long long *sequence,
		      unsigned long long *microseconds, const char **text)
{
	unsigned long long number;
	char *semicolon;

	if (!take_number(&record, ',', &number) || !take_number(&record, ',', sequence) ||
	    !take_number(&record, ',', microseconds))
		return false;
	semicolon = strchr(record, ';');
	if (!semicolon)
		return false;
	*priority = number;
	*text = semicolon + 1;
	return true;
}
