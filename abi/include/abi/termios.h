/*
 * Terminals: termios(3), the TC and TIO ioctls, window size.
 */
#ifndef ABI_TERMIOS_H
#define ABI_TERMIOS_H

#include "base/types.h"
#include "base/compiler.h"

struct termios {
	uint32_t c_iflag, c_oflag, c_cflag, c_lflag;
	uint8_t c_line, c_cc[19];
};
static_assert(sizeof(struct termios) == 36, "struct termios of Linux");

struct termios2 {
	uint32_t c_iflag, c_oflag, c_cflag, c_lflag;
	uint8_t c_line, c_cc[19];
	uint32_t c_ispeed, c_ospeed;
};
static_assert(sizeof(struct termios2) == 44, "struct termios2 of Linux");

struct termio {
	uint16_t c_iflag, c_oflag, c_cflag, c_lflag;
	uint8_t c_line, c_cc[8];
};

struct winsize {
	uint16_t ws_row, ws_col, ws_xpixel, ws_ypixel;
};

enum {
	VINTR = 0, VQUIT, VERASE, VKILL, VEOF, VTIME, VMIN, VSWTC, VSTART, VSTOP, VSUSP, VEOL,
	VREPRINT, VDISCARD, VWERASE, VLNEXT, VEOL2, NCCS = 19,
	/* c_iflag */
	IGNBRK = 01, BRKINT = 02, IGNPAR = 04, PARMRK = 010, INPCK = 020, ISTRIP = 040,
	INLCR = 0100, IGNCR = 0200, ICRNL = 0400, IUCLC = 01000, IXON = 02000, IXANY = 04000,
	IXOFF = 010000, IMAXBEL = 020000, IUTF8 = 040000,
	/* c_oflag */
	OPOST = 01, OLCUC = 02, ONLCR = 04, OCRNL = 010, ONOCR = 020, ONLRET = 040, OFILL = 0100,
	OFDEL = 0200, TABDLY = 014000, XTABS = 014000,
	/* c_cflag */
	CBAUD = 010017, B0 = 0, B9600 = 015, B38400 = 017, B57600 = 010001, B115200 = 010002,
	CSIZE = 060, CS5 = 0, CS6 = 020, CS7 = 040, CS8 = 060, CSTOPB = 0100, CREAD = 0200,
	PARENB = 0400, PARODD = 01000, HUPCL = 02000, CLOCAL = 04000, BOTHER = 010000,
	/* c_lflag */
	ISIG = 01, ICANON = 02, XCASE = 04, ECHO = 010, ECHOE = 020, ECHOK = 040, ECHONL = 0100,
	NOFLSH = 0200, TOSTOP = 0400, ECHOCTL = 01000, ECHOPRT = 02000, ECHOKE = 04000,
	FLUSHO = 010000, PENDIN = 040000, IEXTEN = 0100000, EXTPROC = 0200000,
};

enum {
	TCGETS = 0x5401, TCSETS, TCSETSW, TCSETSF, TCGETA, TCSETA, TCSETAW, TCSETAF, TCSBRK, TCXONC,
	TCFLSH, TIOCEXCL, TIOCNXCL, TIOCSCTTY, TIOCGPGRP, TIOCSPGRP, TIOCOUTQ, TIOCSTI, TIOCGWINSZ,
	TIOCSWINSZ, TIOCMGET, TIOCMBIS, TIOCMBIC, TIOCMSET, TIOCGSOFTCAR, TIOCSSOFTCAR, FIONREAD,
	TIOCINQ = FIONREAD, TIOCLINUX, TIOCCONS, TIOCGSERIAL, TIOCSSERIAL, TIOCPKT, FIONBIO,
	TIOCNOTTY, TIOCSETD, TIOCGETD, TCSBRKP, TIOCSBRK = 0x5427, TIOCCBRK, TIOCGSID,
	TIOCVHANGUP = 0x5437, FIONCLEX = 0x5450, FIOCLEX, FIOASYNC,
	FIOQSIZE = 0x5460, TCSETS2 = 0x402c542b, TCSETSW2 = 0x402c542c,
	TCSETSF2 = 0x402c542d, TIOCSPTLCK = 0x40045431,
	TIOCSIG = 0x40045436, TIOCGEXCL = 0x80045440 - 0x100000000ll,
	TIOCGPTPEER = 0x5441,
};
/* Above 2^31: as the unsigned command numbers that ioctl(2) passes. */
#define TCGETS2 0x802c542au
#define TIOCGPTN 0x80045430u
#define TIOCGPKT 0x80045438u
#define TIOCGPTLCK 0x80045439u
#define TIOCGEXCL 0x80045440u
/* TIOCMGET and its like: the modem lines. */
enum {
	TIOCM_LE = 01, TIOCM_DTR = 02, TIOCM_RTS = 04, TIOCM_ST = 010, TIOCM_SR = 020,
	TIOCM_CTS = 040, TIOCM_CAR = 0100, TIOCM_RNG = 0200, TIOCM_DSR = 0400,
};
enum { TCIFLUSH = 0, TCOFLUSH, TCIOFLUSH };
enum { TCOOFF = 0, TCOON, TCIOFF, TCION };
enum {
	TIOCPKT_FLUSHREAD = 1, TIOCPKT_FLUSHWRITE = 2, TIOCPKT_STOP = 4, TIOCPKT_START = 8,
	TIOCPKT_NOSTOP = 16, TIOCPKT_DOSTOP = 32, TIOCPKT_IOCTL = 64,
};

#endif
