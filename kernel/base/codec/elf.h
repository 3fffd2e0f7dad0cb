/*
 * The layout of 64-bit ELF files (System V ABI, "Object Files" and "Program Loading"; psABIs of
 * x86-64 and AArch64). Names are the specification's, in upper case where it defines numbers.
 */
#ifndef BASE_CODEC_ELF_H
#define BASE_CODEC_ELF_H

#include "base/compiler.h"
#include "base/types.h"

/* e_ident */
#define EI_CLASS 4
#define EI_DATA 5
#define EI_VERSION 6
#define EI_OSABI 7
#define EI_NIDENT 16
#define ELFMAG "\177ELF"
#define SELFMAG 4
#define ELFCLASS64 2
#define ELFDATA2LSB 1
#define EV_CURRENT 1
#define ELFOSABI_NONE 0
#define ELFOSABI_GNU 3

/* e_type */
#define ET_REL 1
#define ET_EXEC 2
#define ET_DYN 3
#define ET_CORE 4

/* e_machine */
#define EM_X86_64 62
#define EM_AARCH64 183

struct elf64_header {
	uint8_t e_ident[EI_NIDENT];
	uint16_t e_type;
	uint16_t e_machine;
	uint32_t e_version;
	uint64_t e_entry;
	uint64_t e_phoff;
	uint64_t e_shoff;
	uint32_t e_flags;
	uint16_t e_ehsize;
	uint16_t e_phentsize;
	uint16_t e_phnum;
	uint16_t e_shentsize;
	uint16_t e_shnum;
	uint16_t e_shstrndx;
};
static_assert(sizeof(struct elf64_header) == 64, "ELF-64 header");

/* e_phnum when the real number is in section header 0. */
#define PN_XNUM 0xffff

/* p_type */
#define PT_NULL 0
#define PT_LOAD 1
#define PT_DYNAMIC 2
#define PT_INTERP 3
#define PT_NOTE 4
#define PT_PHDR 6
#define PT_TLS 7
#define PT_GNU_EH_FRAME 0x6474e550
#define PT_GNU_STACK 0x6474e551
#define PT_GNU_RELRO 0x6474e552
#define PT_GNU_PROPERTY 0x6474e553

/* p_flags */
#define PF_X 1
#define PF_W 2
#define PF_R 4

struct elf64_program_header {
	uint32_t p_type;
	uint32_t p_flags;
	uint64_t p_offset;
	uint64_t p_vaddr;
	uint64_t p_paddr;
	uint64_t p_filesz;
	uint64_t p_memsz;
	uint64_t p_align;
};
static_assert(sizeof(struct elf64_program_header) == 56, "ELF-64 program header");

/* sh_type */
#define SHT_NULL 0
#define SHT_PROGBITS 1
#define SHT_SYMTAB 2
#define SHT_STRTAB 3
#define SHT_RELA 4
#define SHT_DYNAMIC 6
#define SHT_NOTE 7
#define SHT_NOBITS 8
#define SHT_DYNSYM 11

/* sh_flags */
#define SHF_WRITE 1
#define SHF_ALLOC 2
#define SHF_EXECINSTR 4

struct elf64_section_header {
	uint32_t sh_name;
	uint32_t sh_type;
	uint64_t sh_flags;
	uint64_t sh_addr;
	uint64_t sh_offset;
	uint64_t sh_size;
	uint32_t sh_link;
	uint32_t sh_info;
	uint64_t sh_addralign;
	uint64_t sh_entsize;
};
static_assert(sizeof(struct elf64_section_header) == 64, "ELF-64 section header");

/* d_tag */
#define DT_NULL 0
#define DT_HASH 4
#define DT_STRTAB 5
#define DT_SYMTAB 6
#define DT_RELA 7
#define DT_RELASZ 8
#define DT_RELAENT 9
#define DT_STRSZ 10
#define DT_SONAME 14
#define DT_VERSYM 0x6ffffff0
#define DT_VERDEF 0x6ffffffc
#define DT_VERDEFNUM 0x6ffffffd

struct elf64_dynamic {
	int64_t d_tag;
	uint64_t d_value;
};

struct elf64_symbol {
	uint32_t st_name;
	uint8_t st_info; /* binding in the upper four bits, type in the lower */
	uint8_t st_other;
	uint16_t st_shndx;
	uint64_t st_value;
	uint64_t st_size;
};
static_assert(sizeof(struct elf64_symbol) == 24, "ELF-64 symbol");

struct elf64_relocation_addend {
	uint64_t r_offset;
	uint64_t r_info; /* symbol in the upper 32 bits, type in the lower */
	int64_t r_addend;
};

#define R_X86_64_RELATIVE 8
#define R_AARCH64_RELATIVE 1027

/* A note: this header, the name, the contents, each padded to four bytes. */
struct elf64_note {
	uint32_t n_namesz;
	uint32_t n_descsz;
	uint32_t n_type;
};

/* n_type in core dumps, name "CORE" or "LINUX" */
#define NT_PRSTATUS 1
#define NT_FPREGSET 2
#define NT_PRPSINFO 3
#define NT_AUXV 6
#define NT_X86_XSTATE 0x202
#define NT_SIGINFO 0x53494749
#define NT_FILE 0x46494c45
/* n_type of the name "GNU" */
#define NT_GNU_BUILD_ID 3
#define NT_GNU_PROPERTY_TYPE_0 5

#endif
