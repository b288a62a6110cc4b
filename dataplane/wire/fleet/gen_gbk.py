#!/usr/bin/env python3
"""gen_gbk.py - the characters of GBK, as C: the table of gbk.h, on stdout.

GB 18030 gives a character to every two bytes that GBK has, and to those that GBK leaves to its
users one of the private ones, which are no text to anybody: they are left out.
"""
LEADS, TRAILS = range(0x81, 0xff), range(0x40, 0xff)


def character(lead, trail):
    try:
        code = ord(bytes([lead, trail]).decode('gb18030'))
    except UnicodeDecodeError:
        return 0
    return 0 if 0xe000 <= code <= 0xf8ff or code > 0xffff else code


print('/* Made by gen_gbk.py. */')
print('#include "dataplane/wire/fleet/gbk.h"\n')
print('const uint16_t gbk_table[GBK_LEADS][GBK_TRAILS] = {')
for lead in LEADS:
    print('\t{' + ','.join(str(character(lead, trail)) for trail in TRAILS) + '},')
print('};')
