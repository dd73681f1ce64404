# Writes a file as C source:
# cmake -D FILE=<file> -D NAME=<c name> -D SOURCE=<file.c> -P embed_file.cmake

file(READ ${FILE} octets HEX)
string(REGEX REPLACE "(..)" "0x\\1," octets "${octets}")
string(REGEX REPLACE "((0x..,)(0x..,)?(0x..,)?(0x..,)?(0x..,)?(0x..,)?(0x..,)?(0x..,)?)" "\\1\n" octets "${octets}")
file(WRITE ${SOURCE} "/* Generated. */
#include <stddef.h>

extern const unsigned char ${NAME}[];
extern const size_t ${NAME}_len;
const unsigned char ${NAME}[] = {
${octets}};
const size_t ${NAME}_len = sizeof(${NAME});
")
