/* What /proc/cpuinfo and the auxiliary vector say, and the CPU's own random numbers. */
#include "arch/aarch64/cpu/features.h"
#include "arch/clock.h"
#include "arch/cpu.h"
#include "base/compiler.h"
#include "base/format.h"

#define FIELD(value, shift) ((value) >> (shift) & 15)

/* HWCAP bits as Linux has them (asm/hwcap.h), by the field of a feature register that tells. */
struct capability {
	const char *name;
	uint8_t which;		/* register */
	uint8_t shift, least;
	uint8_t bit;
};
enum { ISAR0, ISAR1, PFR0, REGISTER_COUNT };

static const struct capability capabilities[] = {
	{ "evtstrm", REGISTER_COUNT, 0, 0, 2 },
	{ "aes", ISAR0, 4, 1, 3 },
	{ "pmull", ISAR0, 4, 2, 4 },
	{ "sha1", ISAR0, 8, 1, 5 },
	{ "sha2", ISAR0, 12, 1, 6 },
	{ "crc32", ISAR0, 16, 1, 7 },
	{ "atomics", ISAR0, 20, 2, 8 },
	{ "fphp", PFR0, 16, 1, 9 },
	{ "asimdhp", PFR0, 20, 1, 10 },
	{ "asimdrdm", ISAR0, 28, 1, 12 },
	{ "jscvt", ISAR1, 12, 1, 13 },
	{ "fcma", ISAR1, 16, 1, 14 },
	{ "lrcpc", ISAR1, 20, 1, 15 },
	{ "dcpop", ISAR1, 0, 1, 16 },
	{ "sha3", ISAR0, 32, 1, 17 },
	{ "sm3", ISAR0, 36, 1, 18 },
	{ "sm4", ISAR0, 40, 1, 19 },
	{ "asimddp", ISAR0, 44, 1, 20 },
	{ "sha512", ISAR0, 12, 2, 21 },
	{ "asimdfhm", ISAR0, 48, 1, 23 },
	{ "dit", PFR0, 48, 1, 24 },
	{ "ilrcpc", ISAR1, 20, 2, 26 },
	{ "flagm", ISAR0, 52, 1, 27 },
	{ "sb", ISAR1, 36, 1, 29 },
};

#define HWCAP_FP BIT(0)
#define HWCAP_ASIMD BIT(1)
#define FIELD_ABSENT 15		/* of PFR0's FP and AdvSIMD fields */

static uint64_t feature_register(unsigned which)
{
	uint64_t value = 0;

	switch (which) {
	case ISAR0:
		__asm__("mrs %0, s3_0_c0_c6_0" : "=r"(value));
		break;
	case ISAR1:
		__asm__("mrs %0, s3_0_c0_c6_1" : "=r"(value));
		break;
	case PFR0:
		__asm__("mrs %0, s3_0_c0_c4_0" : "=r"(value));
		break;
	default:
		break;
	}
	return value;
}

static bool has(const struct capability *capability)
{
	unsigned value;

	if (capability->which == REGISTER_COUNT)
		return false;		/* event streams are not set up */
	value = FIELD(feature_register(capability->which), capability->shift);
	if (capability->which == PFR0 && capability->shift < 24 && value == FIELD_ABSENT)
		return false;
	return value >= capability->least;
}

uint64_t cpu_hwcap(void)
{
	uint64_t bits = 0;

	if (FIELD(feature_register(PFR0), 16) != FIELD_ABSENT)
		bits |= HWCAP_FP;
	if (FIELD(feature_register(PFR0), 20) != FIELD_ABSENT)
		bits |= HWCAP_ASIMD;
	for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++) {
		if (has(&capabilities[i]))
			bits |= BIT(capabilities[i].bit);
	}
	return bits;
}

uint64_t cpu_hwcap2(void)
{
	return 0;
}

const char *cpu_platform(void)
{
	return "aarch64";
}

static PRINTF_LIKE(2, 3) void say(struct format_sink *sink, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	format_to_sink(sink, format, arguments);
	va_end(arguments);
}

void cpu_describe(unsigned cpu, struct format_sink *sink)
{
	uint64_t bits = cpu_hwcap(), identity, khz = clock_frequency_hz() / 1000;

	__asm__("mrs %0, midr_el1" : "=r"(identity));
	say(sink, "processor\t: %u\nBogoMIPS\t: %llu.%02llu\nFeatures\t:", cpu,
	    (unsigned long long)(khz / 500), (unsigned long long)(khz / 5 % 100));
	if (bits & HWCAP_FP)
		say(sink, " fp");
	if (bits & HWCAP_ASIMD)
		say(sink, " asimd");
	for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++) {
		if (bits & BIT(capabilities[i].bit))
			say(sink, " %s", capabilities[i].name);
	}
	say(sink, "\nCPU implementer\t: 0x%02x\nCPU architecture: 8\nCPU variant\t: 0x%x\n",
	    (unsigned)(identity >> 24 & 0xff), (unsigned)(identity >> 20 & 15));
	say(sink, "CPU part\t: 0x%03x\nCPU revision\t: %u\n\n", (unsigned)(identity >> 4 & 0xfff),
	    (unsigned)(identity & 15));
}

bool cpu_random(uint64_t *value)
{
	uint64_t flags;

	if (!cpu_has_random)
		return false;
	/* RNDR: Z is set when there was none in time. */
	__asm__ volatile("mrs %0, s3_3_c2_c4_0\n\tcset %1, ne"
			 : "=r"(*value), "=r"(flags) : : "cc");
	return flags;
}
