/* What /proc/cpuinfo and the auxiliary vector say, and the CPU's own random numbers. */
#include "arch/clock.h"
#include "arch/cpu.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/cpu/registers.h"
#include "base/format.h"
#include "base/string.h"

/* Names of the bits of one CPUID register, as Linux prints them; NULL: not printed. */
struct flag_word {
	uint32_t leaf;
	uint8_t register_index;
	const char *names[32];
};

static const struct flag_word flag_words[] = {
	{ 1, 3, { "fpu", "vme", "de", "pse", "tsc", "msr", "pae", "mce", "cx8", "apic", NULL,
		  "sep", "mtrr", "pge", "mca", "cmov", "pat", "pse36", "pn", "clflush", NULL, "dts",
		  "acpi", "mmx", "fxsr", "sse", "sse2", "ss", "ht", "tm", "ia64", "pbe" } },
	{ 0x80000001, 3, { [11] = "syscall", [20] = "nx", [22] = "mmxext", [25] = "fxsr_opt",
			   [26] = "pdpe1gb", [27] = "rdtscp", [29] = "lm", [30] = "3dnowext",
			   [31] = "3dnow" } },
	{ 1, 2, { "pni", "pclmulqdq", "dtes64", "monitor", "ds_cpl", "vmx", "smx", "est", "tm2",
		  "ssse3", "cid", "sdbg", "fma", "cx16", "xtpr", "pdcm", NULL, "pcid", "dca",
		  "sse4_1", "sse4_2", "x2apic", "movbe", "popcnt", "tsc_deadline_timer", "aes",
		  "xsave", NULL, "avx", "f16c", "rdrand", "hypervisor" } },
	{ 0x80000001, 2, { "lahf_lm", "cmp_legacy", "svm", "extapic", "cr8_legacy", "abm", "sse4a",
			   "misalignsse", "3dnowprefetch", "osvw", "ibs", "xop", "skinit", "wdt",
			   NULL, "lwp", "fma4", "tce" } },
	{ 7, 1, { "fsgsbase", "tsc_adjust", "sgx", "bmi1", "hle", "avx2", NULL, "smep", "bmi2",
		  "erms", "invpcid", "rtm", "cqm", NULL, "mpx", "rdt_a", "avx512f", "avx512dq",
		  "rdseed", "adx", "smap", "avx512ifma", NULL, "clflushopt", "clwb", "intel_pt",
		  "avx512pf", "avx512er", "avx512cd", "sha_ni", "avx512bw", "avx512vl" } },
	{ 7, 2, { NULL, "avx512vbmi", "umip", "pku", NULL, "waitpkg", "avx512_vbmi2", NULL, "gfni",
		  "vaes", "vpclmulqdq", "avx512_vnni", "avx512_bitalg", "tme", "avx512_vpopcntdq",
		  NULL, "la57", [22] = "rdpid" } },
};

#define LEAF_ADDRESS_SIZES 0x80000008

static struct cpuid leaf_read(uint32_t leaf)
{
	uint32_t limit = cpuid_read(leaf & 0x80000000, 0).eax;

	return leaf > limit ? (struct cpuid){ 0 } : cpuid_read(leaf, 0);
}

static PRINTF_LIKE(2, 3) void say(struct format_sink *sink, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	format_to_sink(sink, format, arguments);
	va_end(arguments);
}

static void flags_describe(struct format_sink *sink)
{
	say(sink, "flags\t\t:");
	for (size_t i = 0; i < ARRAY_SIZE(flag_words); i++) {
		const struct flag_word *word = &flag_words[i];
		struct cpuid leaf = leaf_read(word->leaf);
		const uint32_t registers[4] = { leaf.eax, leaf.ebx, leaf.ecx, leaf.edx };

		for (unsigned bit = 0; bit < 32; bit++) {
			if (registers[word->register_index] >> bit & 1 && word->names[bit])
				say(sink, " %s", word->names[bit]);
		}
	}
	/* What the kernel does of itself, as Linux names it. */
	say(sink, cpu_is_isolated ? " pti\n" : "\n");
}

static void model_name_read(char name[49])
{
	struct cpuid leaf;

	strlcpy(name, "unknown", 49);
	if (cpuid_read(0x80000000, 0).eax < 0x80000004)
		return;
	for (uint32_t i = 0; i < 3; i++) {
		leaf = cpuid_read(0x80000002 + i, 0);
		memcpy(name + 16 * i, &leaf, sizeof(leaf));
	}
	name[48] = 0;
}

void cpu_describe(unsigned cpu, struct format_sink *sink)
{
	struct cpuid vendor = cpuid_read(0, 0), version = cpuid_read(1, 0);
	uint32_t family = version.eax >> 8 & 15, model = version.eax >> 4 & 15;
	uint64_t khz = clock_frequency_hz() / 1000;
	const uint32_t vendor_words[3] = { vendor.ebx, vendor.edx, vendor.ecx };
	char name[49];

	if (family == 6 || family == 15)
		model |= (version.eax >> 16 & 15) << 4;
	if (family == 15)
		family += version.eax >> 20 & 0xff;
	model_name_read(name);
	say(sink, "processor\t: %u\nvendor_id\t: %.12s\ncpu family\t: %u\nmodel\t\t: %u\n", cpu,
	    (const char *)vendor_words, family, model);
	say(sink, "model name\t: %s\nstepping\t: %u\n", name, version.eax & 15);
	say(sink, "cpu MHz\t\t: %llu.%03llu\n", (unsigned long long)(khz / 1000),
	    (unsigned long long)(khz % 1000));
	say(sink, "physical id\t: 0\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\n",
	    cpu_count(), cpu, cpu_count());
	say(sink, "apicid\t\t: %u\ninitial apicid\t: %u\nfpu\t\t: yes\nfpu_exception\t: yes\n",
	    cpu_entry(cpu)->apic_id, cpu_entry(cpu)->apic_id);
	say(sink, "cpuid level\t: %u\nwp\t\t: yes\n", cpuid_limit());
	flags_describe(sink);
	say(sink, "bugs\t\t:%s\n", cpu_needs_isolation() ? " cpu_meltdown" : "");
	say(sink, "bogomips\t: %llu.%02llu\nclflush size\t: 64\ncache_alignment\t: 64\n",
	    (unsigned long long)(khz / 500), (unsigned long long)(khz / 5 % 100));
	say(sink, "address sizes\t: %u bits physical, %u bits virtual\npower management:\n\n",
	    cpu_physical_bits(), leaf_read(LEAF_ADDRESS_SIZES).eax >> 8 & 0xff);
}

/* CPUs without the leaf have 36 bits. */
unsigned cpu_physical_bits(void)
{
	unsigned bits = leaf_read(LEAF_ADDRESS_SIZES).eax & 0xff;

	return bits ? min(bits, 52u) : 36;
}

uint64_t cpu_hwcap(void)
{
	return cpuid_read(1, 0).edx;
}

/* Bit 1 says that programs may use RDFSBASE and its like. */
uint64_t cpu_hwcap2(void)
{
	return cpu_has(CPU_HAS_FSGSBASE) ? BIT(1) : 0;
}

const char *cpu_platform(void)
{
	return "x86_64";
}

bool cpu_random(uint64_t *value)
{
	uint8_t is_good = 0;

	if (!cpu_has(CPU_HAS_RDRAND))
		return false;
	/* Ten tries, as Intel's guide has it; more means that the generator is broken. */
	for (int i = 0; i < 10 && !is_good; i++)
		__asm__ volatile("rdrand %0\n\tsetc %1" : "=r"(*value), "=qm"(is_good) : : "cc");
	return is_good;
}
