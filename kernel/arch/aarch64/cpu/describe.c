/* What /proc/cpuinfo and the auxiliary vector say, and the CPU's own random numbers. */
#include "arch/aarch64/cpu/features.h"
#include "arch/aarch64/cpu/identification.h"
#include "arch/clock.h"
#include "arch/cpu.h"
#include "base/compiler.h"
#include "base/format.h"

#define FIELD(value, shift) ((value) >> (shift) & 15)

/*
 * HWCAP and HWCAP2 bits as Linux has them (asm/hwcap.h), in their order, each by the field of an
 * identification register that tells. What is not here programs are not told of: SME and MTE have
 * state that the kernel does not keep. Event streams every CPU has (clock/clock.c).
 */
struct capability {
	const char *name;
	uint8_t which;		/* enum identification */
	uint8_t shift, least;
	uint8_t bit;		/* from 64 on: of HWCAP2 */
};
#define SECOND(bit) (64 + (bit))

static const struct capability capabilities[] = {
	{ "fp", ID_AA64PFR0, 16, 0, 0 },
	{ "asimd", ID_AA64PFR0, 20, 0, 1 },
	{ "evtstrm", ID_AA64PFR0, 0, 0, 2 },
	{ "aes", ID_AA64ISAR0, 4, 1, 3 },
	{ "pmull", ID_AA64ISAR0, 4, 2, 4 },
	{ "sha1", ID_AA64ISAR0, 8, 1, 5 },
	{ "sha2", ID_AA64ISAR0, 12, 1, 6 },
	{ "crc32", ID_AA64ISAR0, 16, 1, 7 },
	{ "atomics", ID_AA64ISAR0, 20, 2, 8 },
	{ "fphp", ID_AA64PFR0, 16, 1, 9 },
	{ "asimdhp", ID_AA64PFR0, 20, 1, 10 },
	{ "cpuid", ID_AA64PFR0, 0, 0, 11 },
	{ "asimdrdm", ID_AA64ISAR0, 28, 1, 12 },
	{ "jscvt", ID_AA64ISAR1, 12, 1, 13 },
	{ "fcma", ID_AA64ISAR1, 16, 1, 14 },
	{ "lrcpc", ID_AA64ISAR1, 20, 1, 15 },
	{ "dcpop", ID_AA64ISAR1, 0, 1, 16 },
	{ "sha3", ID_AA64ISAR0, 32, 1, 17 },
	{ "sm3", ID_AA64ISAR0, 36, 1, 18 },
	{ "sm4", ID_AA64ISAR0, 40, 1, 19 },
	{ "asimddp", ID_AA64ISAR0, 44, 1, 20 },
	{ "sha512", ID_AA64ISAR0, 12, 2, 21 },
	{ "sve", ID_AA64PFR0, 32, 1, 22 },
	{ "asimdfhm", ID_AA64ISAR0, 48, 1, 23 },
	{ "dit", ID_AA64PFR0, 48, 1, 24 },
	{ "uscat", ID_AA64MMFR2, 32, 1, 25 },
	{ "ilrcpc", ID_AA64ISAR1, 20, 2, 26 },
	{ "flagm", ID_AA64ISAR0, 52, 1, 27 },
	{ "ssbs", ID_AA64PFR1, 4, 2, 28 },
	{ "sb", ID_AA64ISAR1, 36, 1, 29 },
	{ "paca", ID_AA64ISAR1, 4, 1, 30 },
	{ "paca", ID_AA64ISAR1, 8, 1, 30 },
	{ "paca", ID_AA64ISAR2, 12, 1, 30 },
	{ "pacg", ID_AA64ISAR1, 24, 1, 31 },
	{ "pacg", ID_AA64ISAR1, 28, 1, 31 },
	{ "pacg", ID_AA64ISAR2, 8, 1, 31 },
	{ "dcpodp", ID_AA64ISAR1, 0, 2, SECOND(0) },
	{ "sve2", ID_AA64ZFR0, 0, 1, SECOND(1) },
	{ "sveaes", ID_AA64ZFR0, 4, 1, SECOND(2) },
	{ "svepmull", ID_AA64ZFR0, 4, 2, SECOND(3) },
	{ "svebitperm", ID_AA64ZFR0, 16, 1, SECOND(4) },
	{ "svesha3", ID_AA64ZFR0, 32, 1, SECOND(5) },
	{ "svesm4", ID_AA64ZFR0, 40, 1, SECOND(6) },
	{ "flagm2", ID_AA64ISAR0, 52, 2, SECOND(7) },
	{ "frint", ID_AA64ISAR1, 32, 1, SECOND(8) },
	{ "svei8mm", ID_AA64ZFR0, 44, 1, SECOND(9) },
	{ "svef32mm", ID_AA64ZFR0, 52, 1, SECOND(10) },
	{ "svef64mm", ID_AA64ZFR0, 56, 1, SECOND(11) },
	{ "svebf16", ID_AA64ZFR0, 20, 1, SECOND(12) },
	{ "i8mm", ID_AA64ISAR1, 52, 1, SECOND(13) },
	{ "bf16", ID_AA64ISAR1, 44, 1, SECOND(14) },
	{ "dgh", ID_AA64ISAR1, 48, 1, SECOND(15) },
	{ "rng", ID_AA64ISAR0, 60, 1, SECOND(16) },
	{ "bti", ID_AA64PFR1, 0, 1, SECOND(17) },
	{ "ecv", ID_AA64MMFR0, 60, 1, SECOND(19) },
	{ "afp", ID_AA64MMFR1, 44, 1, SECOND(20) },
	{ "rpres", ID_AA64ISAR2, 4, 1, SECOND(21) },
	{ "wfxt", ID_AA64ISAR2, 0, 2, SECOND(31) },
	{ "ebf16", ID_AA64ISAR1, 44, 2, SECOND(32) },
	{ "sveebf16", ID_AA64ZFR0, 20, 2, SECOND(33) },
	{ "cssc", ID_AA64ISAR2, 52, 1, SECOND(34) },
	{ "rprfm", ID_AA64ISAR2, 48, 1, SECOND(35) },
	{ "hbc", ID_AA64ISAR2, 20, 1, SECOND(44) },
	{ "lrcpc3", ID_AA64ISAR1, 20, 3, SECOND(46) },
	{ "lse128", ID_AA64ISAR0, 20, 3, SECOND(47) },
};

#define FIELD_ABSENT 15		/* of PFR0's FP and AdvSIMD fields */

static bool has(const struct capability *capability)
{
	unsigned value = FIELD(identification_read(capability->which), capability->shift);

	if (capability->which == ID_AA64PFR0 && capability->shift < 24 && value == FIELD_ABSENT)
		return false;
	return value >= capability->least;
}

/* Of one of the two words, those of `first` to `first` + 63. */
static uint64_t capability_bits(unsigned first)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++) {
		unsigned bit = capabilities[i].bit;

		if (bit >= first && bit < first + 64 && has(&capabilities[i]))
			bits |= BIT(bit - first);
	}
	return bits;
}

uint64_t cpu_hwcap(void)
{
	return capability_bits(0);
}

uint64_t cpu_hwcap2(void)
{
	return capability_bits(64);
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
	uint64_t identity, khz = clock_frequency_hz() / 1000;
	unsigned said = UINT8_MAX;

	__asm__("mrs %0, midr_el1" : "=r"(identity));
	say(sink, "processor\t: %u\nBogoMIPS\t: %llu.%02llu\nFeatures\t:", cpu,
	    (unsigned long long)(khz / 500), (unsigned long long)(khz / 5 % 100));
	/* What several fields tell is said once. */
	for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++) {
		if (capabilities[i].bit != said && has(&capabilities[i])) {
			said = capabilities[i].bit;
			say(sink, " %s", capabilities[i].name);
		}
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
