# Writes a PEM file as C source: cmake -D PEM=<file> -D SOURCE=<file.c> -P embed.cmake
# The file says its date in the line "# Retrieved: YYYY-MM-DD".

file(READ ${PEM} octets HEX)
file(STRINGS ${PEM} retrieved REGEX "^# Retrieved: [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]$")
list(LENGTH retrieved dates)
if(NOT dates EQUAL 1)
    message(FATAL_ERROR "${PEM}: needs one line '# Retrieved: YYYY-MM-DD', has ${dates}")
endif()
string(REPLACE "# Retrieved: " "" date ${retrieved})
string(REGEX REPLACE "(..)" "0x\\1," octets "${octets}")
string(REGEX REPLACE "((0x..,)(0x..,)?(0x..,)?(0x..,)?(0x..,)?(0x..,)?(0x..,)?(0x..,)?)" "\\1\n" octets "${octets}")
file(WRITE ${SOURCE} "/* Generated from datasets/intermediates/intermediates.pem. */
#include \"scanner/shipped/embedded_intermediates.h\"

const char embedded_intermediates_name[] = \"mxcensus intermediates ${date}\";
const unsigned char embedded_intermediates_pem[] = {
${octets}};
const size_t embedded_intermediates_len = sizeof(embedded_intermediates_pem);
")
